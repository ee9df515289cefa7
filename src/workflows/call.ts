import type { Block, ModelCall } from '../contract/activities';
import type { Expression } from '../contract/node-parts';
import type { Value, Names } from '../contract/value';
import { lookup, namesFor, type Node } from './node';
import type { Asked, Given } from './progress';
import type { RunState } from './run-state';
import type { Question } from './scope';
import type { Candidate } from './select';

export type Asking = Extract<Asked, { type: 'asking' }>;

/** A question on its way. */
export interface About {
  question: Question;
  path: string;
  models: Candidate[];
  given: Given;
}

/** The request of a question's next call, but for the journal that rides along. */
export function callOf(
  run: RunState,
  node: Node,
  { question, path, models, given }: About,
  { model, attempt, prior }: Asking,
): Omit<ModelCall, 'journal'> {
  const place = models[model]?.place ?? model;
  return {
    run: run.reference,
    key: `${run.reference.run}/${path}/t1/m${String(place)}/a${String(attempt)}`,
    path,
    agent: question.agent,
    model: place,
    ...(given.list === undefined || given.list === 0 ? {} : { selected: given.list }),
    role: question.role,
    ...(question.choices === undefined ? {} : { choices: question.choices }),
    ...(question.reconsiders === undefined ? {} : { reconsiders: question.reconsiders }),
    ...(question.prompt === undefined ? {} : { prompt: question.prompt.at }),
    names: question.prompt === undefined ? {} : namesOf(node, question.prompt, given),
    ...(question.summaryWordsMax === undefined ? {} : { summaryWordsMax: question.summaryWordsMax }),
    ...(given.summary === undefined ? {} : { summarized: true }),
    context:
      given.summary === undefined
        ? contextOf(node, question, given)
        : [bare({ name: 'summary', value: given.summary })],
    contextMode: question.context.mode,
    contextMaxTokens: question.context.maxTokens,
    blocks: question.blocks.map(bare),
    prior,
    ...(question.keptMs === undefined ? {} : { keptMs: question.keptMs }),
    budgets: node.budgets,
    temporalRun: run.temporalRun,
  };
}

function namesOf(node: Node, prompt: Expression, { workspaceSize }: Given): Names {
  const names = namesFor(node, prompt);
  if ('workspace' in names) names['workspace'] = node.workspace.whole(workspaceSize);
  return names;
}

/** What the agent is shown beside its prompt, where nothing stands for it. */
export function contextOf(node: Node, question: Question, given: Given): Block[] {
  return blocksOf(node, question, given).map(bare);
}

function blocksOf(node: Node, { context }: Question, { workspaceSize }: Given): Block[] {
  if (context.from !== undefined) {
    return context.from.map((id) => ({ name: `steps.${id}.output`, value: outputOfStep(node, id) }));
  }
  if (context.mode === 'workspace') return node.workspace.blocks(workspaceSize);
  return context.mode === 'none' ? [] : node.preceding;
}

/** Without previews: an activity reads the content, and the context of a long run is the most of its history. */
function bare({ name, value }: Block): Block {
  return { name, value: 'ref' in value ? { ...value, preview: '' } : value };
}

function outputOfStep(node: Node, id: string): Value {
  const known = lookup(node, `steps.${id}`);
  const parts = 'parts' in known && !Array.isArray(known.parts) ? known.parts : {};
  return parts['output'] ?? { inline: null };
}
