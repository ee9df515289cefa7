import type { Limits, Plan } from '../contract/plan';
import type { Json } from '../contract/value';
import type { Models } from './check-models';
import { usdToNano } from './defaults';
import type { SubPlans } from './sub-plans';

/** What a part of a plan may use. Money in nano-USD. */
export interface Spending {
  calls: number;
  inputNano: number;
  outputNano: number;
  /** Of answers; in the worst life what may be handed on, by people and events, too. */
  outputTokens: number;
  /** Of work, along the longest line of steps that wait for each other. */
  seconds: number;
}

export const nothingSpent: Spending = {
  calls: 0,
  inputNano: 0,
  outputNano: 0,
  outputTokens: 0,
  seconds: 0,
};

/**
 * Which of the lives that a plan can have is measured: the shortest, a usual one, the longest in which
 * every call is answered at once, or the longest of all.
 */
export type Life = 'least' | 'usual' | 'most' | 'worst';

/** What is measured, and what is known at a place of the plan. */
export interface Measuring {
  plan: Plan;
  /** The plans that it runs. */
  subPlans: SubPlans;
  models: Models;
  life: Life;
  /** How many entries a list has whose length only the run tells. */
  unknownItems: number;
  /** The run's input, where there is one to look at. */
  input?: Json;
  /** Tokens that the steps before may hand on. */
  seenTokens: number;
  /** The plans inside it that are measured already, for one life. */
  measured?: Map<string, Spending>;
  /** What an agent sees of them where neither step nor plan says. */
  usualContext?: 'auto' | 'none';
}

/** A number of times that differs between lives. */
export function byLife(at: Measuring, least: number, usual: number, most: number): number {
  return { least, usual, most, worst: most }[at.life];
}

/** One step after another. */
export function sum(parts: Spending[]): Spending {
  return parts.reduce(
    (total, part) => ({
      calls: total.calls + part.calls,
      inputNano: total.inputNano + part.inputNano,
      outputNano: total.outputNano + part.outputNano,
      outputTokens: total.outputTokens + part.outputTokens,
      seconds: total.seconds + part.seconds,
    }),
    nothingSpent,
  );
}

export function times(count: number, part: Spending): Spending {
  return {
    calls: count * part.calls,
    inputNano: count * part.inputNano,
    outputNano: count * part.outputNano,
    outputTokens: count * part.outputTokens,
    seconds: count * part.seconds,
  };
}

/** No more than a step's own limits let it use. */
export function within(limits: Limits | undefined, { life }: Measuring, part: Spending): Spending {
  const { costUsd, tokens, modelCalls } = limits ?? {};
  const cost = part.inputNano + part.outputNano;
  const share = costUsd === undefined ? 1 : Math.min(1, usdToNano(costUsd) / Math.max(1, cost));
  return {
    ...part,
    calls: Math.min(part.calls, modelCalls ?? Infinity),
    inputNano: share * part.inputNano,
    outputNano: share * part.outputNano,
    // A limit of tokens holds for agents, and not for what people and events bring.
    outputTokens: Math.min(part.outputTokens, life === 'worst' ? Infinity : (tokens ?? Infinity)),
  };
}

/** Several things side by side, so many at a time. */
export function together(lanes: Spending[], concurrency: number): Spending {
  const longest = Math.max(0, ...lanes.map(({ seconds }) => seconds));
  const whole = sum(lanes);
  // Lanes are started as others end: no sooner than the longest, and all of them shared out.
  return { ...whole, seconds: Math.max(longest, whole.seconds / concurrency) };
}

/** The least that so many of several things use, each figure by itself. */
export function leastOf(lanes: Spending[], count: number): Spending[] {
  const figure = (name: keyof Spending) => lanes.map((lane) => lane[name]).sort((a, b) => a - b);
  const sorted = mapped(figure);
  return Array.from({ length: count }, (_, index) => mapped((name) => sorted[name][index] ?? 0));
}

/** The same thing so many times, side by side. */
export function sideBySide(count: number, part: Spending, concurrency: number): Spending {
  const all = times(count, part);
  return { ...all, seconds: Math.max(count === 0 ? 0 : part.seconds, all.seconds / concurrency) };
}

/** One of several ways: the cheapest, the dearest, or their mean, each figure by itself. */
export function oneOf(at: Measuring, ways: Spending[]): Spending {
  if (ways.length === 0) return nothingSpent;
  if (at.life === 'usual') return times(1 / ways.length, sum(ways));
  const pick = at.life === 'least' ? Math.min : Math.max;
  return mapped((name) => pick(...ways.map((way) => way[name])));
}

function mapped<Figure>(figure: (name: keyof Spending) => Figure): { [name in keyof Spending]: Figure } {
  return {
    calls: figure('calls'),
    inputNano: figure('inputNano'),
    outputNano: figure('outputNano'),
    outputTokens: figure('outputTokens'),
    seconds: figure('seconds'),
  };
}
