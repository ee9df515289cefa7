import type { CatalogModel } from '../catalog/catalog';
import { ratesAt } from '../catalog/charge';
import type { Role } from '../contract/decisions';
import type { Agent, Limits, Plan } from '../contract/plan';
import type { Json } from '../contract/value';
import { isUsable, type Models } from './check-models';
import { usdToNano } from './defaults';
import { modelLists } from './model-lists';
import type { SubPlans } from './sub-plans';

/** What a part of a plan may use, each call answered by one request. Money in nano-USD. */
export interface Spending {
  calls: number;
  inputNano: number;
  outputNano: number;
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

/** Which of the lives that a plan can have is measured: the shortest, a usual one, or the longest. */
export type Life = 'least' | 'usual' | 'most';

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
}

/** A number of times that differs between lives. */
export function byLife(at: Measuring, least: number, usual: number, most: number): number {
  return { least, usual, most }[at.life];
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
export function within(limits: Limits | undefined, part: Spending): Spending {
  const { costUsd, tokens, modelCalls } = limits ?? {};
  const cost = part.inputNano + part.outputNano;
  const share = costUsd === undefined ? 1 : Math.min(1, usdToNano(costUsd) / Math.max(1, cost));
  return {
    ...part,
    calls: Math.min(part.calls, modelCalls ?? Infinity),
    inputNano: share * part.inputNano,
    outputNano: share * part.outputNano,
    outputTokens: Math.min(part.outputTokens, tokens ?? Infinity),
  };
}

/** Several things side by side, so many at a time. */
export function together(lanes: Spending[], concurrency: number): Spending {
  const longest = Math.max(0, ...lanes.map(({ seconds }) => seconds));
  const whole = sum(lanes);
  // Lanes are started as others end: no sooner than the longest, and all of them shared out.
  return { ...whole, seconds: Math.max(longest, whole.seconds / concurrency) };
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
  const figure = (name: keyof Spending): number => pick(...ways.map((way) => way[name]));
  return {
    calls: figure('calls'),
    inputNano: figure('inputNano'),
    outputNano: figure('outputNano'),
    outputTokens: figure('outputTokens'),
    seconds: figure('seconds'),
  };
}

const bytesPerToken = { least: 6, usual: 4, most: 3 } as const;
/** What the service adds to a prompt: the rule on data, the role's task, the decision's schema. */
const ownTokens = { least: 0, usual: 120, most: 250 } as const;
const decisionTokens = { least: 0, usual: 250, most: 900 } as const;
/** Tokens of an answer where nothing better is known: a page of prose, a few fields of a decision. */
const usualAnswerTokens = { text: 500, decision: 150 } as const;
const secondsToFirstToken = 1.5;
const tokensPerSecond = 70;

interface Call {
  role: 'agent' | Role;
  /** What the plan writes into the prompt; templates count as they stand. */
  written: (Json | undefined)[];
  /** Tokens of the pattern's own blocks, such as the text to judge. */
  shownTokens?: number;
}

/**
 * One request to an agent's first usable model. Where others may be selected, it is the cheapest of the
 * first choices in the shortest life, the dearest in the longest, and else that of `model`.
 */
export function callOf(name: string, at: Measuring, call: Call): Spending {
  const { plan, models, life } = at;
  const agent = Object.hasOwn(plan.agents, name) ? plan.agents[name] : undefined;
  if (agent === undefined || (agent.cache !== undefined && life === 'least')) return nothingSpent;
  const ways = modelLists(agent).map((names) => {
    const usable = names
      .map((each) => models.catalog.resolve(each))
      .find((each) => each !== null && isUsable(each, models.usable));
    return requestOf(agent, usable ?? null, at, call);
  });
  return oneOf(at, life === 'usual' ? ways.slice(0, 1) : ways);
}

function requestOf(
  agent: Agent,
  model: CatalogModel | null,
  at: Measuring,
  { role, written, shownTokens = 0 }: Call,
): Spending {
  const { life } = at;
  const cap = Math.min(agent.maxOutputTokens, model?.outputTokensMax ?? agent.maxOutputTokens);
  const usual = role === 'agent' && agent.output === undefined ? 'text' : 'decision';
  const outputTokens = { least: 1, usual: Math.min(cap, usualAnswerTokens[usual]), most: cap }[life];
  const inputTokens = Math.min(
    model?.contextTokens ?? Infinity,
    tokensOf([agent.instructions, agent.output, ...written], life) +
      ownTokens[life] +
      (role === 'agent' ? 0 : decisionTokens[life]) +
      inputTokensOf(written, at) +
      (life === 'least' ? 0 : at.seenTokens + shownTokens),
  );
  const price = model?.price ?? null;
  const rates = price === null ? null : ratesAt(price, inputTokens);
  const { inputNano = 0, cacheWriteNano = 0, outputNano = 0 } = rates ?? {};
  return {
    calls: 1,
    inputNano: inputTokens * (life === 'most' ? Math.max(inputNano, cacheWriteNano) : inputNano),
    outputNano: outputTokens * outputNano,
    outputTokens,
    seconds: secondsToFirstToken + outputTokens / tokensPerSecond,
  };
}

/** The run's input counts where the prompt names it, and in the longest life wherever it might. */
function inputTokensOf(written: Call['written'], { input, life }: Measuring): number {
  if (input === undefined || life === 'least') return 0;
  const named = written.some((part) => JSON.stringify(part ?? null).includes('input'));
  return life === 'most' || named || written.length === 0 ? tokensOf([input], life) : 0;
}

function tokensOf(parts: (Json | undefined)[], life: Life): number {
  const bytes = parts.reduce<number>(
    (total, part) => total + (part === undefined ? 0 : Buffer.byteLength(textOf(part))),
    0,
  );
  return Math.ceil(bytes / bytesPerToken[life]);
}

function textOf(part: Json): string {
  return typeof part === 'string' ? part : JSON.stringify(part);
}
