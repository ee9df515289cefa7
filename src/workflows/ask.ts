import { ActivityFailure, ApplicationFailure, sleep } from '@temporalio/workflow';
import type { ModelResult } from '../contract/activities';
import { FailureType } from '../contract/failures';
import { limits } from '../contract/limits';
import { addUsage } from '../contract/usage';
import { callModel } from './activities';
import { callOf, contextOf, type About, type Asking } from './call';
import { noteFailedCall } from './failed-call';
import type { Node } from './node';
import type { Given } from './progress';
import { completed, failed, incomplete, type Outcome } from './outcome';
import type { RunState } from './run-state';
import { pathOf, type Answer, type Question } from './scope';
import { candidates, selectList } from './select';
import { summarize } from './summary';

/** Asks an agent: its models in order, and each again where its answer was cut off or broke its schema. */
export async function ask(run: RunState, node: Node, question: Question): Promise<Answer> {
  const { asks, given } = node.progress;
  const place = question.place ?? '';
  const known = asks.get(place);
  if (known?.type === 'answered') return known.answer;
  const asking = known ?? firstAsking(run, question, 0);
  asks.set(place, asking);
  const path = question.place === null ? node.path : pathOf(node.path, question.place);
  const agent = run.skeleton.agents[question.agent];
  // Not awaited where there is nothing to select: what is scheduled keeps its order in old histories.
  const list =
    given.has(place) || agent?.select === undefined ? null : await selectList(run, node, agent.select);
  const settled = given.get(place) ?? givenNow(node, question, list);
  if (Object.keys(settled).length > 0) given.set(place, settled);
  const models = candidates(agent, settled.list ?? 0);
  const about = { question, path, models, given: settled };
  try {
    const answer = await askModels(run, node, about, asking);
    asks.set(place, { type: 'answered', answer });
    return answer;
  } catch (error) {
    noteFailedCall(error, path);
    throw error;
  }
}

/** What is settled of a question before it is put: which models are asked, and of how much of the workspace. */
export function givenNow({ workspace }: Node, { context, prompt }: Question, list: number | null): Given {
  // Others may add to the workspace while the question is on its way.
  const reads = context.mode === 'workspace' || prompt?.uses.includes('workspace') === true;
  return {
    ...(list === null ? {} : { list }),
    ...(reads ? { workspaceSize: workspace.size() } : {}),
  };
}

/** A question of which no call has been made yet, to one of its models. */
export function firstAsking(run: RunState, { agent }: Question, model: number): Asking {
  const continuationsLeft = run.skeleton.agents[agent]?.maxContinuations ?? 0;
  const left = { reasksLeft: limits.reasksMax, continuationsLeft };
  return { type: 'asking', model, attempt: 0, prior: [], ...left, waitedMs: 0, waitUntil: null };
}

async function askModels(run: RunState, node: Node, about: About, asking: Asking): Promise<Answer> {
  if (about.models.length === 0) throw new Error(`Agent ${about.question.agent} has no model.`);
  for (;;) {
    const hasNext = asking.model + 1 < about.models.length;
    let said: Answer | Summarize | null = null;
    try {
      said = await askModel(run, node, about, asking);
    } catch (error) {
      if (!hasNext || !isVendorFailure(error)) throw error;
    }
    if (said?.type === 'answered') return said;
    if (said !== null) {
      const none = await sumUp(run, node, about, said);
      if (none === null) continue;
      return none;
    }
    Object.assign(asking, firstAsking(run, about.question, asking.model + 1));
  }
}

function isVendorFailure(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return false;
  return error.cause.type === FailureType.vendorUnavailable || error.cause.type === FailureType.vendorError;
}

type Summarize = Extract<ModelResult, { type: 'summarize' }>;

/** Has what is too long summed up, for all models and tries of this question; else answers why not. */
async function sumUp(
  run: RunState,
  node: Node,
  { question, given }: About,
  { context }: Summarize,
): Promise<Answer | null> {
  const all = contextOf(node, question, given);
  const blocks = all.filter((_, index) => context.includes(index));
  const made = await summarize(run, node, { blocks, maxTokens: question.context.maxTokens, ask });
  if ('type' in made) return made;
  given.summary = made.summary;
  node.progress.given.set(question.place ?? '', given);
  return null;
}

/** Null where the next model is to be asked. */
async function askModel(
  run: RunState,
  node: Node,
  about: About,
  asking: Asking,
): Promise<Answer | Summarize | null> {
  const { question, path } = about;
  const structured = question.role !== 'agent' || run.skeleton.agents[question.agent]?.structured === true;
  for (;;) {
    const result = await callOrWait(run, node, about, asking);
    switch (result.type) {
      case 'answered':
        return answered(run, about, result);
      case 'refused':
        return ended(failed(path, FailureType.refused, 'The model refused to answer.'));
      case 'unavailable':
        return ended(failed(path, FailureType.vendorUnavailable, result.reason));
      case 'over_budget':
        return ended(overBudget(path, result));
      case 'summarize':
        return result;
      case 'next':
        return null;
      case 'invalid':
        if (asking.reasksLeft-- <= 0) return ended(failed(path, FailureType.invalidOutput, result.errors));
        again(asking, { type: 'reask', answer: result.value, errors: result.errors });
        break;
      case 'truncated':
        if (asking.continuationsLeft-- <= 0) return ended(truncated(path, structured, result));
        again(asking, { type: 'continue', answer: result.value });
        break;
    }
  }
}

function again(asking: Asking, prior: Asking['prior'][number]): void {
  asking.attempt++;
  asking.prior = [prior];
  asking.waitedMs = 0;
}

function ended(outcome: Outcome): Answer {
  return { type: 'answered', outcome, steer: null };
}

function answered(run: RunState, about: About, result: Extract<ModelResult, { type: 'answered' }>): Answer {
  const { question, path } = about;
  if (question.role !== 'agent') {
    const decision = {
      kind: question.role,
      agent: question.agent,
      by: null,
      stateVersion: run.stateVersion,
      decision: result.value,
    };
    run.journal.add(path, { type: 'decision.made', data: decision });
  }
  return { type: 'answered', outcome: completed(result.value), steer: result.steer };
}

function overBudget(step: string, { budget, reason }: { budget: string; reason: string }): Outcome {
  return { type: 'stopped', cause: 'budget', owner: budget, step, reason, value: { inline: null } };
}

/** A cut answer goes on as text, named as such; half a document does not. */
function truncated(
  path: string,
  structured: boolean,
  result: Extract<ModelResult, { type: 'truncated' }>,
): Outcome {
  const reason = 'The answer was cut off by its output cap.';
  return structured
    ? failed(path, FailureType.invalidOutput, reason)
    : incomplete('truncated', reason, result.value);
}

type Called =
  Exclude<ModelResult, { type: 'wait' }> | { type: 'unavailable'; reason: string } | { type: 'next' };

/** One call. Where the gateway says to wait, the workflow sleeps, with no slot held and no retry spent. */
async function callOrWait(run: RunState, node: Node, about: About, asking: Asking): Promise<Called> {
  const call = callOf(run, node, about, asking);
  const again = asking.attempt === 0 ? '' : ` · again ${String(asking.attempt)}`;
  const summary = `${about.question.agent} · ${about.models[asking.model]?.id ?? ''}${again}`;
  for (;;) {
    if (asking.waitUntil !== null) await waitForVendor(node, asking, asking.waitUntil);
    const result = await run.gate.pass(node.clock, () =>
      run.journal.carry((journal) => callModel({ ...call, journal }, summary)),
    );
    if ('usage' in result) run.usage = addUsage(run.usage, result.usage);
    if (result.type !== 'wait') return result;
    // A vendor that is down is not waited for while another can be asked.
    if (result.cause === 'breaker' && asking.model + 1 < about.models.length) return { type: 'next' };
    if (asking.waitedMs + result.ms > node.vendorWaitMs)
      return { type: 'unavailable', reason: result.reason };
    asking.waitedMs += result.ms;
    asking.waitUntil = Date.now() + result.ms;
  }
}

async function waitForVendor(node: Node, asking: Asking, waitUntil: number): Promise<void> {
  const left = waitUntil - Date.now();
  // Between two Temporal runs it may have become less than nothing.
  if (left > 0) await node.clock.wait('vendor', () => sleep(left));
  asking.waitUntil = null;
}
