import { z } from 'zod';
import { Plan, stepTypes } from '../contract/plan';
import { planDefaults } from '../plan/defaults';
import { code, isRequired, rowsOf, sentenceOf, typeText, type Node, type Row } from './schema-text';

/** What the schema leaves to the plan's meaning, by schema and field. */
const defaultsElsewhere: { readonly [field: string]: string } = {
  'Plan.context': '`auto`',
  'Agent.minOutputTokens': `the smaller of \`${String(planDefaults.minOutputTokens)}\` and the cap`,
  'Limits.costUsd': code(planDefaults.costUsd),
  'Limits.tokens': code(planDefaults.tokens),
  'Limits.modelCalls': `\`${String(planDefaults.modelCallsPerAgent)}\` for each agent, at least \`${String(planDefaults.modelCallsMin)}\``,
  'Limits.timeout': code(planDefaults.timeout),
  'Limits.vendorWait': code(planDefaults.vendorWait),
  'Limits.depth': code(planDefaults.depth),
  'Limits.onExceeded': code(planDefaults.onExceeded),
  'Limits.allowUnpriced': '`false`',
  'Context.mode': "the plan's, else `auto`",
  'Context.maxTokens': `\`${String(planDefaults.contextTokens)}\`; with \`full\` as much as the model takes`,
  'ParallelStep.as': '`item`',
  'AgentStep.context': "the plan's; in `reduce` `none`",
  'ReviewStep.context': "the plan's",
  'ApprovalStep.maxRevisions': code(planDefaults.approvalRevisions),
  'RefineStep.context': '`none`',
  'DebateStep.context': "the plan's",
  'RouterStep.context': '`none`',
  'SupervisorStep.context': "the plan's; in a worker `none`",
  'Step.onFailure': '`fail`',
};

const steps = stepTypes.map((type) => `${type.charAt(0).toUpperCase()}${type.slice(1)}Step`);
const ofEveryStep = ['id', 'when', 'timeout', 'limits', 'onFailure'];

/** The reference page of the plan language, made from its schema. */
export function planPage(): string {
  const { $defs } = z.toJSONSchema(Plan, { target: 'draft-2020-12', io: 'input' });
  const schemas = $defs as { readonly [name: string]: Node };
  const schema = (name: string): Node => schemas[name] ?? fail(name);
  const stepRows = rowsOf(schema('AgentStep')).filter(({ name }) => ofEveryStep.includes(name));
  return `${[
    '# The plan language',
    '',
    'Made from the schema by `npm run reference`; the schema itself is at `GET /v1/schemas/plan`. A field that does not stand here is an error. How templates, conditions and paths read: [templates.md](templates.md).',
    '',
    ...section('Plan', schema('Plan')),
    ...section('Trigger', schema('Trigger')),
    ...section('Agent', schema('Agent')),
    '## Steps',
    '',
    `A step has a \`type\` (${steps.map((name) => `[\`${typeOf(schema(name))}\`](#${typeOf(schema(name))}-step)`).join(', ')}), and these fields in any type:`,
    '',
    ...table('Step', stepRows),
    ...steps.flatMap((name) => stepSection(name, schema(name))),
    ...section('Team', schema('Team')),
    ...section('Limits', schema('Limits')),
    'On a step nothing is limited but what is written there; the defaults are those of the plan.',
    '',
    ...section('Context', schema('Context')),
    ...section('Check', schema('Check')),
    ...section('OnFailure', schema('OnFailure')),
    ...headed('Condition', schema('Condition')),
    ...headed('Duration', schema('Duration')),
    ...headed('JsonSchema', schema('JsonSchema')),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

function section(name: string, node: Node): string[] {
  return [...headed(name, node), ...table(name, rowsOf(node))];
}

/** A section whose fields, if it has any, say enough by their names. */
function headed(name: string, node: Node): string[] {
  const form = node.properties === undefined ? ['', `Written as ${typeText(node)}.`] : [];
  return [`## ${name}`, '', sentenceOf(node), ...form, ''];
}

/** A step's own fields; those of every step only where they differ. */
function stepSection(name: string, node: Node): string[] {
  const rows = rowsOf(node).filter(
    (row) => row.name !== 'type' && (!ofEveryStep.includes(row.name) || row.node.default !== undefined),
  );
  return [
    `### ${typeOf(node)} step`,
    '',
    sentenceOf(node.properties?.['type'] ?? {}),
    '',
    ...table(name, rows),
  ];
}

function typeOf({ properties }: Node): string {
  return String(properties?.['type']?.const);
}

function table(schema: string, rows: Row[]): string[] {
  return [
    '| field | type | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rows.map((row) =>
      [
        '',
        ` \`${row.name}\` `,
        ` ${typeText(row.node)} `,
        ` ${defaultText(schema, row)} `,
        ` ${sentenceOf(row.node)} `,
        '',
      ].join('|'),
    ),
    '',
  ];
}

function defaultText(schema: string, row: Row): string {
  if (isRequired(row)) return 'required';
  if (row.node.default === undefined || row.node.properties !== undefined)
    return defaultsElsewhere[`${schema}.${row.name}`] ?? '';
  return code(row.node.default);
}

function fail(name: string): never {
  throw new Error(`The plan's schema has no ${name}.`);
}
