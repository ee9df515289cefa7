import { loadCatalog } from '../catalog/load';
import { Plan } from '../contract/plan';
import type { Json } from '../contract/value';
import { parsePlanText } from '../plan/parse';
import { planLimits } from '../plan/skeleton-limits';
import { spendingOf } from '../plan/spending';

/** The files of an example that a page quotes. */
export interface ExampleFiles {
  plan: string;
  input: string;
  readme: string;
}

const marked =
  /^<!-- (?<what>Run|Step) of (?<name>[a-z-]+)(?: · (?<step>[a-z-]+))?; made by `npm run reference`\. -->\n[^]*?^<!-- End\. -->$/gm;

/**
 * A page with what it quotes of the examples between its markers: a flow with what its run printed,
 * or a single step. Throws where an example lacks what is to be quoted.
 */
export function withExamples(page: string, filesOf: (name: string) => ExampleFiles): string {
  return page.replaceAll(marked, (block, ...rest) => {
    const groups = rest.at(-1) as { what: string; name: string; step?: string };
    const files = filesOf(groups.name);
    const [opening = ''] = block.split('\n');
    const quoted = groups.step === undefined ? runOf(groups.name, files) : stepOf(files.plan, groups.step);
    return [opening, '', quoted, '', '<!-- End. -->'].join('\n');
  });
}

function runOf(name: string, files: ExampleFiles): string {
  const { command, output } = printedBy(files.readme);
  const { min, max } = callsOf(files);
  const calls = min === max ? '' : `${String(min)} to `;
  return [
    ...['```yaml', files.plan.slice(files.plan.indexOf('\nflow:') + 1).trimEnd(), '```', ''],
    `From [examples/${name}](../examples/${name}/README.md), ${calls}${String(max)} ${max === 1 ? 'call' : 'calls'} if each is answered at once. Printed by \`${command}\`:`,
    ...['', '```', output, '```'],
  ].join('\n');
}

/** The command that an example's page begins with, and the output that it ends with. */
export function printedBy(readme: string): { command: string; output: string } {
  const blocks = [...readme.matchAll(/^```\n([^]*?)\n```$/gm)].map(([, text = '']) => text);
  const [command, output] = [blocks[0], blocks.at(-1)];
  if (command === undefined || output === undefined || command === output)
    throw new Error('An example’s README needs its command and what that printed.');
  return { command, output };
}

/** How many calls a run makes where each is answered at once, within the limits of the plan. */
function callsOf({ plan: text, input }: ExampleFiles): { min: number; max: number } {
  const parsed = parsePlanText(text, 'yaml');
  if (parsed.type !== 'parsed') throw new Error(parsed.errors[0]?.message);
  const plan = Plan.parse(parsed.json);
  // Without a configuration file: the built-in models alone.
  const models = { catalog: loadCatalog(''), usable: { simulated: true, vendors: [] } };
  const subPlans = new Map<string, never>();
  const at = { plan, subPlans, models, input: JSON.parse(input) as Json, unknownItems: 0, seenTokens: 0 };
  const [min, max] = [
    spendingOf(plan.flow, { ...at, life: 'least' }),
    spendingOf(plan.flow, { ...at, life: 'most' }),
  ];
  return { min: min.calls, max: Math.min(max.calls, planLimits(plan).modelCalls ?? Infinity) };
}

/** A step as the plan has it, from the line with its id to the end of what is indented below it. */
function stepOf(plan: string, id: string): string {
  const lines = plan.split('\n');
  const first = lines.findIndex((line) => line.trim() === `- id: ${id}`);
  if (first < 0) throw new Error(`The plan has no step ${id}.`);
  const indent = (line: string) => line.length - line.trimStart().length;
  const depth = indent(lines[first] ?? '');
  const beyond = lines.findIndex((line, index) => index > first && line !== '' && indent(line) <= depth);
  const step = lines.slice(first, beyond < 0 ? undefined : beyond).map((line) => line.slice(depth));
  return ['```yaml', step.join('\n').trimEnd(), '```'].join('\n');
}
