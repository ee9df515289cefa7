import type { ServerResponse } from 'node:http';
import type { RunEvent } from '../../contract/api';
import { limits } from '../../contract/limits';
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
 * Writes a run's events to a reader: what is stored, then what comes, until `run.finished` is the
 * last one there is. Returns when the stream has ended, the reader is gone, or `signal` is aborted.
 */
export async function streamEvents(
  feed: EventFeed,
  from: StreamFrom,
  { response, signal }: { response: ServerResponse; signal: AbortSignal },
): Promise<void> {
  if (from.closed && from.after >= from.last) return;
  let woken = Promise.withResolvers<undefined>();
  let blocked = false;
  const wake = (): void => {
    woken.resolve(undefined);
  };
  const subscription = feed.subscribe(
    { tenant: from.tenant, run: from.run, after: from.last },
    {
      wake,
      delta(event) {
        // Live text is passed over while the reader is slow: the whole text comes with `call.finished`.
        if (!blocked) blocked = !response.write(frame(event));
      },
    },
  );
  const ping = setInterval(() => {
    if (!blocked) blocked = !response.write(': ping\n\n');
  }, limits.pingSeconds * 1000);
  response.once('close', wake);
  signal.addEventListener('abort', wake);
  const gone = (): boolean => signal.aborted || response.destroyed;

  try {
    let seq = from.after;
    while (!gone()) {
      woken = Promise.withResolvers<undefined>();
      const events = await subscription.next(seq);
      for (const event of events) {
        blocked = !response.write(frame(event)) || blocked;
        seq = event.seq ?? seq;
      }
      if (blocked) blocked = !(await drained(response, signal));
      if (blocked) return;
      if (events.length > 0) {
        // A reset may reopen a run: only a last `run.finished` ends the stream.
        if (events.at(-1)?.type === 'run.finished' && (await subscription.next(seq)).length === 0) return;
        continue;
      }
      await woken.promise;
    }
  } finally {
    clearInterval(ping);
    signal.removeEventListener('abort', wake);
    subscription.end();
  }
}

function frame(event: RunEvent): string {
  const id = event.seq === null ? '' : `id: ${String(event.seq)}\n`;
  return `${id}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Waits until the reader has taken what was written. False: it took too long and was cut off. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<boolean> {
  if (!response.writableNeedDrain) return true;
  const waiting = Promise.withResolvers<boolean>();
  const done = (): void => {
    waiting.resolve(!response.destroyed && !response.writableNeedDrain);
  };
  const timer = setTimeout(done, limits.slowReaderSeconds * 1000);
  response.once('drain', done).once('close', done);
  signal.addEventListener('abort', done);
  const went = await waiting.promise;
  clearTimeout(timer);
  response.off('drain', done).off('close', done);
  signal.removeEventListener('abort', done);
  if (!went) response.destroy();
  return went;
}
