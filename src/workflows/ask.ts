import { ActivityFailure, ApplicationFailure, sleep } from '@temporalio/workflow';
import type { ModelCall, ModelResult, PriorAnswer } from '../contract/activities';
import { FailureType } from '../contract/failures';
import { limits } from '../contract/limits';
import { callModel } from './activities';
import { lookup, namesFor, type Node } from './node';
import { completed, failed, incomplete, type Outcome } from './outcome';
import { addUsage } from '../contract/usage';
import type { RunState } from './run-state';
import { pathOf, type Answer, type Question } from './scope';

/** Asks an agent: its models in order, and each again where its answer was cut off or broke its schema. */
export async function ask(run: RunState, node: Node, question: Question): Promise<Answer> {
  const path = question.place === null ? node.path : pathOf(node.path, question.place);
  const models = run.skeleton.agents[question.agent]?.models ?? [];
  for (const [index, model] of models.entries()) {
    try {
      return await askModel(run, node, { question, path, index, model });
    } catch (error) {
      if (index + 1 === models.length || !isVendorFailure(error)) throw error;
    }
  }
  throw new Error(`Agent ${question.agent} has no model.`);
}

function isVendorFailure(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return false;
  return error.cause.type === FailureType.vendorUnavailable || error.cause.type === FailureType.vendorError;
}

interface Asking {
  question: Question;
  path: string;
  index: number;
  model: string;
}

async function askModel(run: RunState, node: Node, asking: Asking): Promise<Answer> {
  const { question, path } = asking;
  const agent = run.skeleton.agents[question.agent];
  const structured = question.role !== 'agent' || agent?.structured === true;
  let continuationsLeft = agent?.maxContinuations ?? 0;
  let reasksLeft: number = limits.reasksMax;
  let prior: PriorAnswer[] = [];
  for (let attempt = 0; ; attempt++) {
    const result = await callOrWait(run, node, asking, { attempt, prior });
    switch (result.type) {
      case 'answered':
        return answered(run, asking, result);
      case 'refused':
        return ended(failed(path, FailureType.refused, 'The model refused to answer.'));
      case 'unavailable':
        return ended(failed(path, FailureType.vendorUnavailable, result.reason));
      case 'over_budget':
        return ended(overBudget(path, result));
      case 'invalid':
        if (reasksLeft-- <= 0) return ended(failed(path, FailureType.invalidOutput, result.errors));
        prior = [{ type: 'reask', answer: result.value, errors: result.errors }];
        break;
      case 'truncated':
        if (continuationsLeft-- <= 0) return ended(truncated(path, structured, result));
        prior = [{ type: 'continue', answer: result.value }];
        break;
    }
  }
}

function ended(outcome: Outcome): Answer {
  return { type: 'answered', outcome, steer: null };
}

function answered(run: RunState, asking: Asking, result: Extract<ModelResult, { type: 'answered' }>): Answer {
  const { question, path } = asking;
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

interface Attempt {
  attempt: number;
  prior: PriorAnswer[];
}

/** One call. Where the gateway says to wait, the workflow sleeps, with no slot held and no retry spent. */
async function callOrWait(
  run: RunState,
  node: Node,
  asking: Asking,
  { attempt, prior }: Attempt,
): Promise<Exclude<ModelResult, { type: 'wait' }> | { type: 'unavailable'; reason: string }> {
  const { question, path, index, model } = asking;
  const call: Omit<ModelCall, 'journal'> = {
    run: run.reference,
    key: `${run.reference.run}/${path}/t1/m${String(index)}/a${String(attempt)}`,
    path,
    agent: question.agent,
    model: index,
    role: question.role,
    ...(question.prompt === undefined ? {} : { prompt: question.prompt.at }),
    names: question.prompt === undefined ? {} : namesFor(node, question.prompt),
    context: contextFor(node, question),
    contextMode: question.context.mode,
    contextMaxTokens: question.context.maxTokens,
    blocks: question.blocks,
    prior,
    budgets: node.budgets,
    temporalRun: run.temporalRun,
  };
  const summary = `${question.agent} · ${model}${attempt === 0 ? '' : ` · again ${String(attempt)}`}`;
  for (let waited = 0; ;) {
    const result = await run.journal.carry((journal) => callModel({ ...call, journal }, summary));
    if ('usage' in result) run.usage = addUsage(run.usage, result.usage);
    if (result.type !== 'wait') return result;
    if (waited + result.ms > node.vendorWaitMs) return { type: 'unavailable', reason: result.reason };
    waited += result.ms;
    await node.clock.wait('vendor', () => sleep(result.ms));
  }
}

function contextFor(node: Node, { context }: Question) {
  if (context.from !== undefined) {
    return context.from.map((id) => ({ name: `steps.${id}.output`, value: outputOfStep(node, id) }));
  }
  return context.mode === 'none' ? [] : node.preceding;
}

function outputOfStep(node: Node, id: string) {
  const known = lookup(node, `steps.${id}`);
  const parts = 'parts' in known && !Array.isArray(known.parts) ? known.parts : {};
  return parts['output'] ?? { inline: null };
}
