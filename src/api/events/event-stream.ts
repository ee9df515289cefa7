import type { ServerResponse } from 'node:http';
import type { RunEvent } from '../../contract/api';
import { limits } from '../../contract/limits';
import { runEnds } from '../../contract/workflow';
import type { EventFeed } from './event-feed';

/** Which run, from where on, and how far it has come. */
export interface StreamFrom {
  tenant: string;
  run: string;
  /** The last event that the reader has. */
  after: number;
  /** The last event there is. */
  last: number;
  /** Whether the run has ended. */
  closed: boolean;
}

/**
 * Writes a run's events to a reader: what is stored, then what comes, until the run has finished.
 * Returns when the stream has ended, the reader is gone or was too slow, or `signal` is aborted.
 */
export async function streamEvents(
  feed: EventFeed,
  from: StreamFrom,
  { response, signal }: { response: ServerResponse; signal: AbortSignal },
): Promise<void> {
  const bell = createBell();
  const subscription = feed.subscribe(
    { tenant: from.tenant, run: from.run, after: from.last },
    {
      wake: bell.ring,
      delta(event) {
        // Passed over while the reader is slow: the whole text comes with `call.finished`.
        if (!response.writableNeedDrain) response.write(frame(event));
      },
    },
  );
  const ping = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': ping\n\n');
  }, limits.pingSeconds * 1000);
  response.once('close', bell.ring);
  signal.addEventListener('abort', bell.ring);
  try {
    let seq = from.after;
    let finished = false;
    while (!signal.aborted && !response.destroyed) {
      const events = await subscription.next(seq);
      if (events.length === 0) {
        if (finished || (from.closed && seq >= from.last)) return;
        await bell.rung();
        continue;
      }
      for (const event of events) {
        response.write(frame(event));
        if (response.writableNeedDrain && !(await drained(response, signal))) return;
        seq = event.seq ?? seq;
        finished = isFinished(event, finished);
      }
    }
  } finally {
    clearInterval(ping);
    signal.removeEventListener('abort', bell.ring);
    subscription.end();
  }
}

/** Whether the run stands finished after an event: Temporal's reset may open it again. */
function isFinished(event: RunEvent, before: boolean): boolean {
  if (event.type === 'run.finished') return true;
  if (event.type !== 'run.status') return before;
  const { status } = event.data as { status: string };
  return before && (runEnds as readonly string[]).includes(status);
}

function frame(event: RunEvent): string {
  const id = event.seq === null ? '' : `id: ${String(event.seq)}\n`;
  return `${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Lets one waiter sleep until it is rung for; a ring before that isn't lost. */
function createBell(): { ring(): void; rung(): Promise<void> } {
  let rang = false;
  let waiter: (() => void) | undefined;
  return {
    ring() {
      rang = true;
      waiter?.();
    },
    async rung() {
      if (!rang) await new Promise<void>((resolve) => (waiter = resolve));
      waiter = undefined;
      rang = false;
    },
  };
}

/** Waits until the reader has taken what was written. False: it took too long and was cut off. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<boolean> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off('drain', done).off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, limits.slowReaderSeconds * 1000);
    response.once('drain', done).once('close', done);
    signal.addEventListener('abort', done);
  });
  const took = !response.destroyed && !response.writableNeedDrain && !signal.aborted;
  if (!took) response.destroy();
  return took;
}
