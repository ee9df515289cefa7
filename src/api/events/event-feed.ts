import type { FastifyBaseLogger } from 'fastify';
import type { RunEvent } from '../../contract/api';
import type { CallDelta } from '../../contract/gateway';
import { limits } from '../../contract/limits';
import type { Database } from '../../ledger/database';
import { readEvents, readNewEvents, type Page } from '../../ledger/events';
import type { Service } from '../service';
import { viewEvent } from './event-view';

/** What a reader of one run's events is woken for. */
export interface Reader {
  /** Something new is stored; `next` gives it. */
  wake(): void;
  /** Live text, which is not stored. */
  delta(event: RunEvent): void;
}

export interface Subscription {
  /** The stored events after `seq`, at most a page of them. */
  next(seq: number): Promise<RunEvent[]>;
  end(): void;
}

export interface EventFeed {
  subscribe(of: { tenant: string; run: string; after: number }, reader: Reader): Subscription;
  close(): void;
}

interface Channel {
  tenant: string;
  run: string;
  /** The newest event that this process knows. */
  seq: number;
  /** What the last look found, for readers who are up to date. */
  recent: RunEvent[];
  readers: Set<Reader>;
  stop: AbortController;
}

const page: Page = { events: limits.eventPageSize, bytes: limits.eventPageBytes };

/**
 * Follows the events of every run that somebody reads: one query at a time for all of them, however
 * many read. Who is behind reads pages of its own.
 */
export function createEventFeed({ database, gateways }: Service, log: FastifyBaseLogger): EventFeed {
  const channels = new Map<string, Channel>();
  let timer: NodeJS.Timeout | undefined;

  function arm(): void {
    if (timer !== undefined || channels.size === 0) return;
    timer = setTimeout(() => {
      poll(database, channels)
        .catch((error: unknown) => {
          // The readers stay: what they wait for comes when the database is back.
          log.warn({ err: error }, 'events could not be read');
        })
        .finally(() => {
          timer = undefined;
          arm();
        });
    }, limits.eventPollMilliseconds);
  }

  function open({ tenant, run, after }: { tenant: string; run: string; after: number }): Channel {
    const known = channels.get(`${tenant}/${run}`);
    if (known !== undefined) return known;
    const channel: Channel = {
      ...{ tenant, run, seq: after, recent: [], readers: new Set() },
      stop: new AbortController(),
    };
    channels.set(`${tenant}/${run}`, channel);
    gateways.follow(
      { tenant, run },
      (delta) => {
        hand(channel, delta);
      },
      channel.stop.signal,
    );
    arm();
    return channel;
  }

  function subscribe(of: { tenant: string; run: string; after: number }, reader: Reader): Subscription {
    const channel = open(of);
    channel.readers.add(reader);
    return {
      async next(seq) {
        if (seq >= channel.seq) return [];
        const first = channel.recent[0]?.seq ?? null;
        if (first !== null && first <= seq + 1)
          return channel.recent.filter((event) => Number(event.seq) > seq);
        const rows = await readEvents(database, { ...of, after: seq }, page);
        return await Promise.all(rows.map((row) => viewEvent(database, { ...row, tenant: of.tenant })));
      },
      end() {
        channel.readers.delete(reader);
        if (channel.readers.size > 0) return;
        channel.stop.abort();
        channels.delete(`${of.tenant}/${of.run}`);
      },
    };
  }

  return {
    subscribe,
    close() {
      clearTimeout(timer);
      for (const channel of channels.values()) channel.stop.abort();
      channels.clear();
    },
  };
}

/** Looks once for what is new in all channels, and wakes who waits for it. */
async function poll(database: Database, channels: ReadonlyMap<string, Channel>): Promise<void> {
  const watched = [...channels.values()].map(({ tenant, run, seq }) => ({ tenant, run, after: seq }));
  const found = new Map<Channel, RunEvent[]>();
  for (const row of await readNewEvents(database, watched, page)) {
    const channel = channels.get(`${row.tenant}/${row.run}`);
    // It may have been closed and opened anew meanwhile, further on.
    if (channel === undefined || row.seq <= channel.seq) continue;
    const events = found.get(channel) ?? [];
    found.set(channel, events);
    events.push(await viewEvent(database, row));
  }
  for (const [channel, events] of found) {
    channel.recent = events;
    channel.seq = events.at(-1)?.seq ?? channel.seq;
    for (const reader of channel.readers) reader.wake();
  }
}

function hand(channel: Channel, { runId, step, call, text }: CallDelta): void {
  const at = new Date().toISOString();
  const event: RunEvent = { seq: null, type: 'call.delta', at, runId, step, data: { call, text } };
  for (const reader of channel.readers) reader.delta(event);
}
