import type { Block } from '../contract/activities';
import { limits } from '../contract/limits';
import type { Value } from '../contract/value';
import { hash } from './hash';
import type { Node } from './node';
import { isFinished, outputOf } from './outcome';
import { noteIncomplete, type RunState } from './run-state';
import { pathOf, type Answer, type Question } from './scope';

type Ask = (run: RunState, node: Node, question: Question) => Promise<Answer>;

interface Material {
  /** What of the context is to be summed up. */
  blocks: Block[];
  /** The most that may be shown of it. */
  maxTokens: number;
  ask: Ask;
}

/**
 * The summary of a context that is too long to be shown, or why there is none. It is a call like
 * others, under a path of the step's own, and made once for all who are to see the same at this step.
 */
export async function summarize(
  run: RunState,
  node: Node,
  { blocks, maxTokens, ask }: Material,
): Promise<{ summary: Value } | Answer> {
  const { summaries, summing } = node.progress;
  const key = hash(JSON.stringify([blocks, maxTokens]));
  if (!summaries.includes(key)) summaries.push(key);
  const place = `summary.${String(summaries.indexOf(key) + 1)}`;
  const question: Question = {
    ...{ agent: summarizer, place, role: 'agent', blocks },
    summaryWordsMax: wordsFor(maxTokens),
    context: { mode: 'none', maxTokens },
  };
  const asking = summing.get(place) ?? ask(run, node, question);
  summing.set(place, asking);
  const answer = await asking;
  const { outcome } = answer;
  if (!isFinished(outcome)) return answer;
  // Half a summary is shown, and named.
  if (outcome.type === 'incomplete')
    noteIncomplete(run, pathOf(node.path, place), outcome.code, outcome.reason);
  return { summary: outputOf(outcome) };
}

const summarizer = 'summarizer';
const wordsMin = 20;

/** A word is a token and a half at most, and some counts are off. */
function wordsFor(maxTokens: number): number {
  return Math.max(wordsMin, Math.floor(Math.min(maxTokens, limits.summaryTokensWanted) / 2));
}
