import type { Call, Step, StepDetail } from '../../contract/api';
import type { CallRequest } from '../../contract/gateway';
import { nothing, type Json } from '../../contract/value';
import { getContent } from '../../ledger/contents';
import { readCalls, readSteps, type CallRow } from '../../ledger/run-reading';
import { fromValues } from '../../ledger/values';
import type { Service } from '../service';
import { usageView } from '../usage-view';
import { callsOf, stepTree, type ReadStep } from './step-tree';

/** The steps of a run as a tree. */
export async function viewSteps(service: Service, tenant: string, run: string): Promise<Step[]> {
  const { steps, calls } = await readTree(service, tenant, run);
  return stepTree(steps, calls);
}

/** One step with its calls: what was asked, what was answered. Null where the run has none by this path. */
export async function viewStep(
  service: Service,
  tenant: string,
  { run, path }: { run: string; path: string },
): Promise<StepDetail | null> {
  const { steps, calls } = await readTree(service, tenant, run);
  const step = find(stepTree(steps, calls), path);
  if (step === null) return null;
  const own = callsOf(path, steps, calls);
  return {
    ...step,
    calls: await Promise.all(own.map((call, index) => viewCall(service, tenant, call, index + 1))),
  };
}

async function readTree(
  { database }: Service,
  tenant: string,
  run: string,
): Promise<{ steps: ReadStep[]; calls: CallRow[] }> {
  const [rows, calls] = await Promise.all([
    readSteps(database, tenant, run),
    readCalls(database, tenant, run),
  ]);
  const made = rows.map(({ output, decision }) => ({ parts: [output ?? nothing, decision ?? nothing] }));
  // Lists of two, as they are asked for.
  const whole = (await fromValues(database, tenant, made)) as Json[][];
  const steps = rows.map((row, index) => {
    const [output = null, decision = null] = whole[index] ?? [];
    return { ...row, output, decision };
  });
  return { steps, calls };
}

function find(steps: readonly Step[], path: string): Step | null {
  for (const step of steps) {
    const found = step.path === path ? step : find(step.children, path);
    if (found !== null) return found;
  }
  return null;
}

async function viewCall({ database }: Service, tenant: string, call: CallRow, n: number): Promise<Call> {
  const stored = async <Body>(hash: string): Promise<Body> =>
    JSON.parse((await getContent(database, tenant, hash)).toString('utf8')) as Body;
  const { system, messages } = await stored<CallRequest['request']>(call.requestHash);
  return {
    n,
    kind: 'model',
    agent: call.agent,
    model: call.vendorModel ?? call.model,
    selected: call.selected,
    status: statusOf(call.state),
    simulated: call.simulated,
    prompt: { system, messages },
    answer: call.answerHash === null ? null : await stored<string>(call.answerHash),
    stopReason: call.stop,
    usage: usageView(call),
    attempts: call.attempts as Call['attempts'],
    cache: call.cache,
    capLowered: call.capLowered,
    ambiguous: call.ambiguous,
  };
}

function statusOf(state: string): Call['status'] {
  switch (state) {
    case 'done':
    case 'failed':
    case 'over_budget':
    case 'cancelled':
      return state;
    default:
      return 'pending';
  }
}
