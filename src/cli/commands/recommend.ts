import { stringify } from 'yaml';
import type { Recommendation } from '../../contract/advice-api';
import { exitCodes, usageError } from '../exit';
import { readInput } from '../input';
import { safeLine } from '../safe-text';
import type { Session } from '../session';

export interface RecommendOptions {
  answer: string[];
}

/** Says which pattern fits and why; a small plan of it goes to standard output. */
export async function recommend(
  { client, screen, json }: Session,
  goal: string | undefined,
  { answer }: RecommendOptions,
): Promise<number> {
  if (goal === undefined && answer.length === 0)
    throw usageError('Say the goal in words, or answer with --answer stepsDepend=true.');
  const advice = await client.post<Recommendation>('/v1/plans/recommend', {
    ...(goal === undefined ? {} : { goal }),
    ...(answer.length === 0 ? {} : { answers: readInput(undefined, answer) }),
  });
  if (json) {
    screen.printJson(advice);
    return exitCodes.ok;
  }
  for (const { name, question, answer: said, source, reason } of advice.questions)
    screen.say(`${question} ${said ? 'Yes' : 'No'} (${name}, ${source}). ${safeLine(reason)}`);
  screen.say(`${screen.sayColors.bold(advice.pattern)}: this is a plan to start from.`);
  screen.printText(stringify(advice.plan));
  return exitCodes.ok;
}
