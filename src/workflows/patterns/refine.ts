import type { Block } from '../../contract/activities';
import type { RefineNode } from '../../contract/skeleton';
import { nothing, type Value } from '../../contract/value';
import { completed, failed, isFinished, outputOf, type Outcome, type Unwinding } from '../outcome';
import type { Scope } from '../scope';
import { steerOf } from '../steer';
import { escalate } from './escalate';
import { materialFor } from './material';

interface Version {
  text: Value;
  score: number;
  feedback: Value;
  /** The judgement whole, as `steps.<id>.decision` shows it. */
  decision: Value;
}

/** So many versions running that don't beat the best end it: more would cost and not help. */
const staleMax = 2;

/**
 * Evaluator and optimizer: each version is scored and the feedback goes into the next one, until one
 * is good enough. The output is that one, else the best that there was.
 */
export async function refine(step: RefineNode, scope: Scope): Promise<Outcome> {
  let best: Version | null = null;
  let last: Version | null = null;
  let stale = 0;
  let versionsMax = step.maxIterations;
  let escalations = 0;
  for (let version = 1; ; version++) {
    const made = await generate(step, scope, version, last);
    if (!isFinished(made)) return { ...made, value: best?.text ?? nothing };
    // A generator that its own condition skips has nothing to add.
    if (made.type === 'skipped' && last === null) return completed(nothing);
    const text = made.type === 'skipped' && last !== null ? last.text : outputOf(made);
    const judged = await evaluate(step, scope, version, text);
    if ('type' in judged) return { ...judged, value: best?.text ?? text };
    if (judged.score >= step.threshold) return completed(text, judged.decision);
    last = judged;
    stale = best === null || judged.score > best.score ? 0 : stale + 1;
    if (best === null || judged.score > best.score) best = judged;
    if (version < versionsMax && stale < staleMax) continue;
    const end = await exhausted(step, scope, { best, version, isStale: version < versionsMax, escalations });
    if (end !== 'again') return end;
    escalations++;
    versionsMax = version + 1;
  }
}

/** Makes a version. The first knows what was asked, the others what was wrong with the one before. */
function generate(step: RefineNode, scope: Scope, version: number, last: Version | null): Promise<Outcome> {
  const place = `generator.${String(version)}`;
  if (last === null) return scope.run(step.generator, place, { handed: scope.handed, repeated: true });
  const names = { previous: last.text, feedback: last.feedback };
  const handed = scope.handed.filter(({ name }) => !Object.hasOwn(names, name));
  for (const [name, value] of Object.entries(names)) handed.push({ name, value });
  return scope.run(step.generator, place, { names, handed, repeated: true });
}

async function evaluate(
  step: RefineNode,
  scope: Scope,
  version: number,
  text: Value,
): Promise<Version | Unwinding> {
  if (step.checks !== undefined) {
    const { passed, messages } = await scope.check(step.checks, text);
    if (!passed) {
      const decision = await scope.compose({ score: { inline: 0 }, feedback: messages });
      return { text, score: 0, feedback: messages, decision };
    }
  }
  const blocks: Block[] = [...materialFor(step.prompt, scope), { name: 'text', value: text }];
  if (step.criteria !== undefined) blocks.push({ name: 'criteria', value: await scope.value(step.criteria) });
  const answer = await scope.ask({
    agent: step.evaluator,
    place: `evaluator.${String(version)}`,
    role: 'evaluator',
    ...(step.prompt === undefined ? {} : { prompt: step.prompt }),
    context: step.context,
    blocks,
  });
  const { outcome } = answer;
  if (!isFinished(outcome)) return outcome;
  const { score, feedback } = steerOf(answer, 'evaluator');
  return { text, score, feedback, decision: outputOf(outcome) };
}

interface Exhaustion {
  best: Version;
  version: number;
  /** Ended before its cap, because no version got better. */
  isStale: boolean;
  escalations: number;
}

async function exhausted(
  step: RefineNode,
  scope: Scope,
  { best, version, isStale, escalations }: Exhaustion,
): Promise<Outcome | 'again'> {
  const why = isStale ? `, and the last ${String(staleMax)} did not beat it` : '';
  const reason = `The best of ${String(version)} versions scored ${String(best.score)}, below the threshold of ${String(step.threshold)}${why}.`;
  const { text, score, feedback, decision } = best;
  const passedOn = (because: string): Outcome => {
    return { type: 'incomplete', code: 'threshold_missed', reason: because, value: text, decision };
  };
  if (step.onExhausted === 'best') return passedOn(reason);
  if (step.onExhausted === 'fail') return { ...failed(scope.path, 'threshold_missed', reason), value: text };
  return escalate(scope, {
    title: `${scope.path}: no version is good enough`,
    content: await scope.compose({ text, score: { inline: score }, feedback }),
    reason,
    kept: text,
    retries: escalations,
    skipped: (by) => passedOn(`${by} let the best version pass.`),
  });
}
