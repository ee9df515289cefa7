import { ratesAt } from '../catalog/charge';
import type { CatalogModel } from '../catalog/catalog';
import type { Role } from '../contract/decisions';
import { limits } from '../contract/limits';
import type { Context } from '../contract/plan';
import type { Agent } from '../contract/plan/agent';
import type { ContextNode } from '../contract/node-parts';
import type { Json } from '../contract/value';
import { isUsable } from './check-models';
import { unboundedContextTokens } from './defaults';
import { tagsIn, tokensOf } from './handed-on';
import { openWays } from './known-input';
import { byLife, nothingSpent, oneOf, sum, times, type Measuring, type Spending } from './measure';
import { contextOf } from './skeleton-limits';
import { ownSummarizer, summarizer } from './summarizer';

interface Call {
  role: 'agent' | Role;
  context: ContextNode;
  /** What the plan writes into the prompt; templates count as they stand. */
  written: (Json | undefined)[];
  /** Tokens of the pattern's own blocks, such as the text to judge. */
  shownTokens?: number;
}

/** What of the steps before a step's own agent sees. */
export function seenBy(
  { context }: { context?: Context | undefined },
  at: Measuring,
  usual = at.usualContext,
) {
  return contextOf(context, at.plan.context, usual ?? 'auto');
}

/**
 * What asking an agent uses: one request to its first usable model; where others may be selected, to
 * the cheapest in the shortest life, to the dearest in the longest. In the worst life every model is
 * asked, every attempt but the last fails, every answer is cut off or broken as often as that is put up
 * with, and what the agent sees has to be summed up before.
 */
export function callOf(name: string, at: Measuring, call: Call): Spending {
  const agent = agentOf(name, at);
  // What may be given again costs nothing.
  if (agent === null || (agent.cache !== undefined && at.life === 'least')) return nothingSpent;
  const lists = listsOf(agent, at).map((names) => usableModels(names, at));
  const [first = []] = lists;
  switch (at.life) {
    case 'least':
      return oneOf(
        at,
        lists.flat().map((model) => requestOf(agent, model, at, call)),
      );
    case 'usual':
      return requestOf(agent, first[0], at, call);
    case 'most':
      return oneOf(
        at,
        lists.map(([model]) => requestOf(agent, model, at, call)),
      );
    case 'worst':
      return oneOf(
        at,
        lists.map((usable) => allTries({ agent, usable }, at, call)),
      );
  }
}

/** The lists of models that may be asked, the one first that is if only the run tells which. */
function listsOf({ model, select = [] }: Agent, at: Measuring): string[][] {
  const ways = select.map((entry) => ({ when: entry.when, way: [entry.model].flat() }));
  return openWays(ways, [model].flat(), at);
}

function agentOf(name: string, { plan, models }: Measuring): Agent | null {
  if (Object.hasOwn(plan.agents, name)) return plan.agents[name] ?? null;
  return name === summarizer ? ownSummarizer(plan, models) : null;
}

/** A plan without one that can be asked is refused, and still says what it would come to. */
function usableModels(names: string[], { models }: Measuring): (CatalogModel | undefined)[] {
  const usable = names
    .map((each) => models.catalog.resolve(each))
    .filter((each) => each !== null)
    .filter((each) => isUsable(each, models.usable));
  return usable.length === 0 ? [undefined] : usable;
}

interface Asked {
  agent: Agent;
  usable: (CatalogModel | undefined)[];
}

function allTries({ agent, usable }: Asked, at: Measuring, call: Call): Spending {
  const { maxContinuations, maxOutputTokens, output, retry } = agent;
  const isStructured = call.role !== 'agent' || output !== undefined;
  const answers = 1 + maxContinuations + (isStructured ? limits.reasksMax : 0);
  const attempts = 1 + (retry.retryOn.length === 0 ? 0 : retry.maxRetries);
  // A further try is shown what was answered before.
  const shownTokens = (call.shownTokens ?? 0) + (answers - 1) * maxOutputTokens;
  const tries = usable.map((model) =>
    times(answers * attempts, requestOf(agent, model, at, { ...call, shownTokens })),
  );
  const outputTokens = (1 + maxContinuations) * maxOutputTokens;
  return { ...sum([...tries, summaryOf({ agent, usable }, at, call)]), outputTokens };
}

/** Counts of tokens differ by as much between those who count. */
const doubt = 2;

function summaryOf({ agent, usable }: Asked, at: Measuring, call: Call): Spending {
  const { mode, maxTokens } = call.context;
  if (mode === 'none' || (at.seenTokens === 0 && mode !== 'workspace')) return nothingSpent;
  const window = Math.min(...usable.map((model) => model?.contextTokens ?? Infinity));
  const fits = at.seenTokens <= maxTokens / doubt && promptTokens(agent, at, call) <= window / doubt;
  if (mode !== 'summary' && mode !== 'workspace' && fits) return nothingSpent;
  const shownTokens = mode === 'workspace' ? unboundedContextTokens : 0;
  return callOf(summarizer, at, {
    ...{ role: 'agent', context: { mode: 'none', maxTokens } },
    ...{ written: [], shownTokens },
  });
}

/** What the service adds to a prompt: the rule on data, the role's task, the decision's schema. */
const ownTokens = { least: 0, usual: 120, most: 250, worst: 250 } as const;
const decisionTokens = { least: 0, usual: 250, most: 900, worst: 900 } as const;
/** Tokens of an answer where nothing better is known: a page of prose, a few fields of a decision. */
const usualAnswerTokens = { text: 500, decision: 150 } as const;
const secondsToFirstToken = 1.5;
const tokensPerSecond = 70;

function requestOf(agent: Agent, model: CatalogModel | undefined, at: Measuring, call: Call): Spending {
  const cap = Math.min(agent.maxOutputTokens, model?.outputTokensMax ?? agent.maxOutputTokens);
  const usual = call.role === 'agent' && agent.output === undefined ? 'text' : 'decision';
  const usualTokens = Math.min(cap, usualAnswerTokens[usual]);
  const outputTokens = byLife(at, 1, usualTokens, cap);
  const inputTokens = Math.min(model?.contextTokens ?? Infinity, promptTokens(agent, at, call));
  const price = model?.price ?? null;
  const rates = price === null ? null : ratesAt(price, inputTokens);
  const { inputNano = 0, cacheReadNano = 0, cacheWriteNano = 0, outputNano = 0 } = rates ?? {};
  const read = { least: Math.min(inputNano, cacheReadNano), usual: inputNano };
  return {
    calls: 1,
    inputNano: inputTokens * byLife(at, read.least, read.usual, Math.max(inputNano, cacheWriteNano)),
    outputNano: outputTokens * outputNano,
    outputTokens,
    seconds: secondsToFirstToken + outputTokens / tokensPerSecond,
  };
}

function promptTokens(agent: Agent, at: Measuring, call: Call): number {
  const { life } = at;
  const { role, written, context } = call;
  return (
    tokensOf([agent.instructions, agent.output, ...written], life) +
    ownTokens[life] +
    (role === 'agent' ? 0 : decisionTokens[life]) +
    (life === 'worst' && (context.mode === 'workspace' || namesIn(written, 'workspace'))
      ? // What it holds by then depends on who else writes.
        unboundedContextTokens
      : shownTo(at, call))
  );
}

/** Tokens of what is shown of the run: its input, what was made before, the pattern's own blocks. */
function shownTo(at: Measuring, { written, shownTokens = 0 }: Call): number {
  if (at.life === 'least') return 0;
  const made = at.seenTokens + shownTokens;
  const input = tokensOf([at.input], at.life);
  // A usual prompt names what it shows, and where there is none the input is.
  if (at.life === 'usual') return made + (namesIn(written, 'input') || written.length === 0 ? input : 0);
  const all = made + input;
  return all === 0 || at.life === 'most'
    ? all
    : Math.min(unboundedContextTokens, (1 + tagsIn(written)) * all);
}

function namesIn(written: Call['written'], name: string): boolean {
  return written.some((part) => JSON.stringify(part ?? null).includes(name));
}
