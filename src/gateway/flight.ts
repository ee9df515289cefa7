import { SpanStatusCode, trace, type Context, type Span } from '@opentelemetry/api';
import type { CatalogModel } from '../catalog/catalog';
import type { CallRequest, CallState, WaitCause } from '../contract/gateway';
import { limits } from '../contract/limits';
import { closeUnsent, type CallRow, type OwnedCall } from '../ledger/calls';
import { contentHash } from '../ledger/contents';
import { settleCall, type Settlement } from '../ledger/settlements';
import { stateOf } from './call-state';
import type { Desk } from './desk';
import { hold, type Held } from './hold';
import { current, leave } from './leaving';
import { persist } from './persist';
import { settlementOf } from './settlement';
import type { ChosenVendor } from './vendors/select';
import type { VendorRequest, VendorUsage } from './vendors/vendor';

/** A call that this gateway owns and what it takes to make it. */
export interface Job {
  /** Owned, and in state `registered`. */
  row: CallRow;
  request: CallRequest;
  model: CatalogModel;
  choice: ChosenVendor;
  /** The trace of whoever asked. */
  parent: Context;
}

type Phase = (CallState & { state: 'pending' })['phase'];

export interface Flight {
  call: OwnedCall;
  phase(): Phase;
  /** Rejects only where the ledger can't be reached for long, or for a bug. */
  landed: Promise<CallState>;
  /** Ends it: the vendor's connection is closed, and what it cost is charged. */
  cancel(): void;
  /** Ends it without a word to the ledger, because the call is another's now. */
  drop(): void;
  /** Gives it back if nothing is reserved for it yet. */
  giveBack(): void;
}

interface Controls {
  vendor: AbortController;
  line: AbortController;
  dropped: boolean;
  phase: Phase;
}

const tracer = trace.getTracer('fermata.gateway');

/** Makes one attempt at a call: budgets, the vendor, and what the ledger is to know of both. */
export function fly(desk: Desk, job: Job): Flight {
  const { tenant, run, key, hash, fence } = job.row;
  const call: OwnedCall = { tenant, run, key, hash, fence, owner: desk.owner };
  const controls: Controls = {
    vendor: new AbortController(),
    line: new AbortController(),
    dropped: false,
    phase: 'registered',
  };
  const landed = tracer.startActiveSpan('gateway.call', {}, job.parent, async (span) => {
    span.setAttributes({ 'fermata.call': key, 'fermata.run': run, 'fermata.model': job.model.id });
    try {
      return await attempt(desk, call, { job, controls, span });
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
      throw error;
    } finally {
      desk.line.settled(tenant, run);
      span.end();
    }
  });
  const cancel = (): void => {
    controls.vendor.abort();
    controls.line.abort();
  };
  return {
    call,
    landed,
    phase: () => controls.phase,
    cancel,
    drop() {
      controls.dropped = true;
      cancel();
    },
    giveBack: () => {
      controls.line.abort();
    },
  };
}

interface Attempting {
  job: Job;
  controls: Controls;
  span: Span;
}

async function attempt(desk: Desk, call: OwnedCall, { job, controls, span }: Attempting): Promise<CallState> {
  const { request, model, choice } = job;
  const { system, messages, schema, temperature, maxOutputTokens } = request.request;
  const asked: VendorRequest = { model: model.id, system, messages, schema, temperature, maxOutputTokens };
  const { signal } = controls.line;
  const onLine = (): void => void (controls.phase = 'in_line');
  const heldMs = new Map<WaitCause, number>();
  for (;;) {
    const held = await hold(desk, { call, request, model, asked, vendor: choice.vendor, signal, onLine });
    if (held.type !== 'reserved') return close(desk, call, { held, controls });
    if (controls.vendor.signal.aborted) return release(desk, call, job);
    const { credential } = choice;
    const leaving = await leave(desk, call, {
      row: job.row,
      request,
      credential,
      heldMs,
      signal,
      onHold: onLine,
    });
    if (leaving.type === 'held') continue;
    if (leaving.type === 'ended') return refused(desk, leaving.row);
    controls.phase = 'sent';
    const capped = { ...asked, maxOutputTokens: held.cap };
    return listen(desk, call, { row: leaving.row, job, controls, span, asked: capped });
  }
}

/** Gives back what was reserved for a call that was called off before it went out. */
async function release(desk: Desk, call: OwnedCall, { row }: Job): Promise<CallState> {
  const nothing = {
    inputTokens: 0,
    outputTokens: 0,
    cachedTokens: 0,
    costNano: 0,
    fault: null,
    faultMessage: null,
  };
  const settlement: Settlement = {
    ...{ ...nothing, state: 'cancelled', attemptsJson: row.attempts_json },
    ...{ retryInMs: null, waitCause: null, answer: null, event: null, vendor: null },
  };
  const released = await persist(() => settleCall(desk.database, call, settlement));
  return stateOf(desk.database, released ?? (await current(desk, call)));
}

interface Listening extends Attempting {
  row: CallRow;
  asked: VendorRequest;
}

async function listen(desk: Desk, call: OwnedCall, listening: Listening): Promise<CallState> {
  const { row, job, controls, span, asked } = listening;
  const { tenant, run, path, policy } = job.request;
  let usage: VendorUsage | null = null;
  const at = new Date();
  const startedMs = performance.now();
  const outcome = await job.choice.vendor.stream(asked, {
    signal: controls.vendor.signal,
    timeoutMs: policy.timeoutMs,
    idleMs: limits.idleStreamSeconds * 1000,
    onText: (text) => {
      desk.deltas.publish(tenant, { runId: run, step: path, call: call.key, text });
    },
    onUsage: (soFar) => (usage = soFar),
  });
  if (controls.dropped) return stateOf(desk.database, await current(desk, call));
  const settlement = settlementOf({
    ...{ row, outcome, usage, at, policy, model: job.model, credential: job.choice.credential },
    ms: performance.now() - startedMs,
    answer: outcome.type === 'answered' ? await nameOf(desk, tenant, outcome.text) : null,
  });
  const settled = await persist(() => settleCall(desk.database, call, settlement));
  if (settled !== null) desk.meters.settled(settled, settlement);
  if (settled?.opened === true)
    desk.log.error(
      { model: row.model, alarm: true },
      'a breaker is open: its vendor is left alone for a while',
    );
  span.setAttributes({
    'fermata.call.state': settlement.state,
    'gen_ai.usage.input_tokens': settlement.inputTokens,
    'gen_ai.usage.output_tokens': settlement.outputTokens,
    'fermata.cost.nano': settlement.costNano,
  });
  if (settlement.fault !== null) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: settlement.fault });
    desk.log.warn(
      { call: call.key, fault: settlement.fault, reason: settlement.faultMessage },
      'a vendor failed',
    );
  }
  return stateOf(desk.database, settled ?? (await current(desk, call)));
}

async function nameOf(desk: Desk, tenant: string, text: string): Promise<{ hash: string; body: Buffer }> {
  const body = Buffer.from(JSON.stringify(text), 'utf8');
  return { hash: await persist(() => contentHash(desk.database, tenant, body)), body };
}

/** Ends a call for which nothing is reserved. */
async function close(
  desk: Desk,
  call: OwnedCall,
  { held, controls }: { held: Exclude<Held, { type: 'reserved' }>; controls: Controls },
): Promise<CallState> {
  if (held.type === 'over_budget') {
    const end = { state: 'over_budget', fault: held.budget, message: held.reason } as const;
    await persist(() => closeUnsent(desk.database, call, end));
  }
  if (held.type === 'left' && !controls.dropped) {
    const state = controls.vendor.signal.aborted ? 'cancelled' : 'registered';
    await persist(() => closeUnsent(desk.database, call, { state, fault: null, message: null }));
  }
  return refused(desk, await current(desk, call));
}

function refused(desk: Desk, row: CallRow): Promise<CallState> {
  if (row.state === 'waiting' || row.state === 'over_budget' || row.state === 'cancelled')
    desk.meters.refused(row);
  return stateOf(desk.database, row);
}
