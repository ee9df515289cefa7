import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRequest, WaitCause } from '../contract/gateway';
import { limits } from '../contract/limits';
import { readCall, renewLeases, type CallRow, type OwnedCall } from '../ledger/calls';
import { sendCall, standBack, type Pause, type Sending } from '../ledger/sending';
import type { Desk } from './desk';
import { persist } from './persist';

/** What became of a reserved call that was to go out. */
export type Leaving =
  | { type: 'sent'; row: CallRow }
  /** It was held for a while, with nothing reserved, and may try again. */
  | { type: 'held' }
  /** The row says how it stands: it waits, or it is another's now. */
  | { type: 'ended'; row: CallRow };

export interface LeavingOptions {
  /** As it was before this attempt. */
  row: CallRow;
  request: CallRequest;
  credential: string;
  /** How long this attempt has been held already, by cause. */
  heldMs: Map<WaitCause, number>;
  onHold: () => void;
  signal: AbortSignal;
}

/** Notes that a reserved call goes out, or holds it for a short while, or leaves it to wait for long. */
export async function leave(desk: Desk, call: OwnedCall, options: LeavingOptions): Promise<Leaving> {
  const sending = await send(desk, call, options);
  if (sending.type === 'sent') return sending;
  if (sending.type === 'lost') return { type: 'ended', row: await current(desk, call) };
  const { cause, ms } = sending;
  const heldMs = (options.heldMs.get(cause) ?? 0) + ms;
  const isShort = heldMs <= heldMsMax[cause];
  const pause: Pause = {
    state: isShort ? 'registered' : 'waiting',
    cause,
    ms,
    reason: reasons[cause](options),
  };
  const row = (await persist(() => standBack(desk.database, call, pause))) ?? (await current(desk, call));
  desk.line.settled(call.tenant, call.run);
  if (!isMine(row, call) || row.state !== 'registered') return { type: 'ended', row };
  options.heldMs.set(cause, heldMs);
  options.onHold();
  await sleep(ms, undefined, { signal: options.signal }).catch(() => undefined);
  return { type: 'held' };
}

/** How long a call is held in the gateway rather than sent back to its workflow. */
const heldMsMax: { [Cause in WaitCause]: number } = {
  rate: limits.rateHeldMilliseconds,
  // The workflow may have another model to ask.
  breaker: 0,
  vendor: limits.retryAfterHeldSeconds * 1000,
};

const reasons: { [Cause in WaitCause]: (options: LeavingOptions) => string } = {
  rate: ({ request: { agent, policy } }) =>
    `The agent ${agent} has made its ${String(policy.rate.perMinute)} calls of this minute.`,
  breaker: ({ row }) => `${row.model} failed again and again and is left alone for a while.`,
  vendor: ({ row }) => `The vendor of ${row.model} asked not to be called for a while.`,
};

async function send(desk: Desk, call: OwnedCall, options: LeavingOptions): Promise<Sending> {
  const { row, request, credential } = options;
  const { rate, breaker } = request.policy;
  const gates = { credential, rate, breaker };
  const data = { call: call.key, agent: request.agent, model: row.model, attempt: row.attempts + 1 };
  const startedMs = performance.now();
  const sending = await persist(() =>
    sendCall(desk.database, call, { gates, started: { type: 'call.started', data } }),
  );
  if (sending.type === 'blocked') return sending;
  // The statement may have been done although its answer was lost: nothing went out before this.
  const sent = sending.type === 'sent' ? sending.row : await current(desk, call);
  if (!isMine(sent, call) || sent.state !== 'sent') return { type: 'lost' };
  // A process that was frozen in between may have lost the call meanwhile, and must not make it.
  const isFresh = performance.now() - startedMs < (limits.leaseSeconds * 1000) / 4;
  if (isFresh) return { type: 'sent', row: sent };
  const renewed = await persist(() => renewLeases(desk.database, call.owner, [call]));
  return renewed.length === 1 ? { type: 'sent', row: sent } : { type: 'lost' };
}

/** The row as it is now. */
export async function current({ database }: Desk, call: OwnedCall): Promise<CallRow> {
  const row = await persist(() => readCall(database, call));
  if (row === null) throw new Error(`The row of call ${call.key} is gone.`);
  return row;
}

function isMine(row: CallRow, call: OwnedCall): boolean {
  return row.owner === call.owner && row.fence === call.fence;
}
