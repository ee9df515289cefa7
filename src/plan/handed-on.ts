import { limits } from '../contract/limits';
import type { Step } from '../contract/plan';
import type { Json } from '../contract/value';
import { unboundedContextTokens } from './defaults';
import { nothingSpent, times, type Life, type Measuring, type Spending } from './measure';

const bytesPerToken = { least: 6, usual: 4, most: 3, worst: 3 } as const;

export function tokensOf(parts: (Json | undefined)[], life: Life): number {
  const bytes = parts.reduce<number>(
    (total, part) => total + (part === undefined ? 0 : Buffer.byteLength(textOf(part))),
    0,
  );
  return Math.ceil(bytes / bytesPerToken[life]);
}

function textOf(part: Json): string {
  return typeof part === 'string' ? part : JSON.stringify(part);
}

/** How often templates may put in place all that is known to them; one with a loop as often as it likes. */
export function tagsIn(parts: (Json | undefined)[]): number {
  const text = JSON.stringify(parts);
  return text.includes('{%') ? Infinity : text.split('{{').length - 1;
}

/**
 * What a step hands on that no model made: in the worst life so many bytes, and so often the run's input
 * and what the steps before made. Otherwise that is not looked at.
 */
export function handedOn(at: Measuring, bytes: number, shows: number): Spending {
  if (at.life !== 'worst') return nothingSpent;
  const known = at.seenTokens + tokensOf([at.input], 'worst');
  const shown = known === 0 ? 0 : Math.min(unboundedContextTokens, shows * known);
  return { ...nothingSpent, outputTokens: Math.ceil(bytes / bytesPerToken.worst) + shown };
}

/** The same of what the plan writes. */
export function handedText(at: Measuring, written: Json | undefined): Spending {
  if (written === undefined) return nothingSpent;
  return handedOn(at, Buffer.byteLength(textOf(written)), tagsIn([written]));
}

/** People hand on their own words where they are asked what to do about a step, or hold its answer. */
export function answeredBy(step: Step, at: Measuring): Spending {
  const answer = handedOn(at, limits.decisionContentBytesMax, 0);
  if (step.type === 'supervisor' || step.type === 'hierarchy') return times(step.maxAssignments, answer);
  const isHeld = step.type === 'agent' && step.risk !== undefined && step.risk !== 'low';
  const isUndecided = step.type === 'debate' && step.onDisagreement === 'escalate';
  return isHeld || isUndecided || step.onFailure === 'escalate' ? answer : nothingSpent;
}
