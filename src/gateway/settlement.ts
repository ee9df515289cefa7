import { chargeNano } from '../catalog/charge';
import type { CatalogModel } from '../catalog/catalog';
import type { CallRequest } from '../contract/gateway';
import type { CallFact } from '../contract/journal';
import type { Usage } from '../contract/usage';
import type { CallRow } from '../ledger/calls';
import type { Settlement } from '../ledger/settlements';
import { askedForMs, evidenceOf, isAgainstVendor } from './evidence';
import { afterFault } from './retry';
import type { VendorOutcome, VendorUsage } from './vendors/vendor';

/** An attempt that has ended. */
export interface Attempt {
  /** The row as it was when the request went out: this attempt is counted in it, its cost is not. */
  row: CallRow;
  model: CatalogModel;
  credential: string;
  policy: CallRequest['policy'];
  outcome: VendorOutcome;
  /** Null where the vendor never said. */
  usage: VendorUsage | null;
  at: Date;
  ms: number;
  /** Name of the answer's text in the contents, where there is one. */
  answer: { hash: string; body: Buffer } | null;
}

type Ending = Pick<Settlement, 'state' | 'fault' | 'faultMessage' | 'retryInMs' | 'waitCause' | 'answer'>;

/** What the ledger is to be told of an attempt, whichever way it ended: nothing used goes uncharged. */
export function settlementOf(attempt: Attempt): Settlement {
  const { row, model, usage } = attempt;
  const ending = endingOf(attempt);
  const used = {
    inputTokens: (usage?.inputTokens ?? 0) + (usage?.cacheWriteTokens ?? 0),
    outputTokens: usage?.outputTokens ?? 0,
    cachedTokens: usage?.cachedTokens ?? 0,
    costNano: usage === null || model.price === null ? 0 : chargeNano(model.price, usage),
  };
  const total: Usage = {
    modelCalls: row.attempts,
    inputTokens: row.input_tokens + used.inputTokens,
    outputTokens: row.output_tokens + used.outputTokens,
    cachedTokens: row.cached_tokens + used.cachedTokens,
    costNano: row.cost_nano + used.costNano,
  };
  return {
    ...{ ...ending, ...used, attemptsJson: attemptsWith(attempt), event: eventOf(attempt, ending, total) },
    vendor: {
      evidence: evidenceOf(row, attempt.outcome, ending),
      credential: attempt.credential,
      policy: attempt.policy.breaker,
      retryAfterMs: askedForMs(attempt.outcome),
    },
  };
}

function endingOf({ row, policy, outcome, answer }: Attempt): Ending {
  const none = { fault: null, faultMessage: null, retryInMs: null, waitCause: null, answer: null };
  if (outcome.type === 'aborted') return { ...none, state: 'cancelled' };
  if (outcome.type === 'fault') {
    // Neither a wait that the vendor asked for, nor a probe, nor the death of a gateway spends a retry.
    const attempt = row.attempts - row.waits - row.ambiguous;
    const probeFailed = row.probe && isAgainstVendor(outcome);
    const aftermath = afterFault(outcome, policy, { attempt, probeFailed });
    const state = aftermath.waitCause === null ? 'failed' : 'waiting';
    return { ...none, ...aftermath, state, fault: outcome.fault, faultMessage: outcome.message };
  }
  if (answer === null) throw new Error(`The answer of call ${row.key} has no name.`);
  const { model, stop, vendorStop } = outcome;
  return {
    ...none,
    state: 'done',
    answer: { ...answer, model: plainText(model), stop, vendorStop: plainText(vendorStop) },
  };
}

// Text columns refuse NUL, and what a vendor sends may have one anywhere.
function plainText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

function attemptsWith({ row, outcome, at, ms }: Attempt): string {
  const earlier = JSON.parse(row.attempts_json) as unknown[];
  const error = outcome.type === 'fault' ? outcome.fault : outcome.type === 'aborted' ? 'cancelled' : null;
  const requestId = outcome.type === 'aborted' ? null : outcome.requestId;
  return JSON.stringify([...earlier, { at: at.toISOString(), ms: Math.round(ms), error, requestId }]);
}

function eventOf({ row, outcome }: Attempt, ending: Ending, usage: Usage): CallFact {
  if (ending.retryInMs !== null)
    return {
      type: 'call.retried',
      data: { call: row.key, attempt: row.attempts, error: ending.fault ?? '', retryInMs: ending.retryInMs },
    };
  const answered = outcome.type === 'answered' ? outcome : null;
  return {
    type: 'call.finished',
    data: {
      call: row.key,
      agent: row.agent,
      model: answered?.model ?? row.model,
      status: answered === null ? 'failed' : 'done',
      text: answered?.text ?? null,
      stop: answered?.stop ?? null,
      usage,
      error: outcome.type === 'aborted' ? 'cancelled' : ending.fault,
    },
  };
}
