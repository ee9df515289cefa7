import { setTimeout as pause } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Client } from '../client';
import { isPassing } from '../patience';
import { Unreachable } from '../refusal';
import { isEnd, type WatchedEvent } from './facts';

// The service says something every 15 s, so that so long a silence is a dead connection.
const silenceMs = 45_000;
/** How long the stream is left open after the run's end, for a run that is reopened at once. */
const afterEndMs = 3_000;
const retryFirstMs = 250;
const retryMaxMs = 5_000;
/** An outage shorter than this is nobody's concern. */
const untoldMs = 5_000;
const outageMaxMs = 15 * 60_000;

export interface FollowOptions {
  signal: AbortSignal;
  /** The connection has been lost for a while, or is there again after that was said. */
  onConnection(state: 'lost' | 'back'): void;
}

/**
 * The events of a run from the first one to the end, each once and in order, over dropped connections
 * and restarts of the service. Ends early where the signal says so. Throws `Refusal`, and `Unreachable`
 * where the service stays away.
 */
export async function* followEvents(
  client: Client,
  run: string,
  { signal, onConnection }: FollowOptions,
): AsyncGenerator<WatchedEvent, void, void> {
  let lastId: string | null = null;
  let ended = false;
  let outage: { since: number; told: boolean } | null = null;
  let delayMs = retryFirstMs;
  for (;;) {
    try {
      const onOpen = () => {
        if (outage?.told === true) onConnection('back');
        outage = null;
        delayMs = retryFirstMs;
      };
      for await (const message of readMessages(client, run, lastId, {
        signal,
        onOpen,
        idleMs: () => (ended ? afterEndMs : silenceMs),
      })) {
        // Deltas have no number, and what was seen is not told twice.
        if (message.id !== undefined && Number(message.id) <= Number(lastId ?? 0)) continue;
        lastId = message.id ?? lastId;
        const event = JSON.parse(message.data) as WatchedEvent;
        ended = hasEnded(event, ended);
        yield event;
      }
    } catch (error) {
      if (!isPassing(error) && !isLost(error) && !signal.aborted) throw error;
    }
    if (ended || signal.aborted) return;
    outage ??= { since: Date.now(), told: false };
    const outageMs = Date.now() - outage.since;
    if (outageMs > outageMaxMs) throw new Unreachable(client.url, null);
    if (outageMs > untoldMs && !outage.told) {
      onConnection('lost');
      outage.told = true;
    }
    await pause(delayMs, undefined, { signal }).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, retryMaxMs);
  }
}

/** Whether the run has ended after an event: Temporal's reset may open it again. */
function hasEnded(event: WatchedEvent, before: boolean): boolean {
  if (event.type === 'run.finished') return true;
  return event.type === 'run.status' ? before && isEnd(event.data.status) : before;
}

/** What breaks while an answer is read comes from the connection too, under its own names. */
function isLost(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && error.name === 'AbortError');
}

interface Reading {
  signal: AbortSignal;
  onOpen(): void;
  idleMs(): number;
}

/** One connection's messages, until it ends or is silent for too long. */
async function* readMessages(
  client: Client,
  run: string,
  lastId: string | null,
  { signal, onOpen, idleMs }: Reading,
): AsyncGenerator<EventSourceMessage, void, void> {
  const silence = new AbortController();
  const messages: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (message) => messages.push(message) });
  const decoder = new TextDecoder();
  let timer = setTimeout(() => {
    silence.abort();
  }, silenceMs);
  try {
    const path = `/v1/runs/${encodeURIComponent(run)}/events`;
    const response = await client.openEvents(path, lastId, AbortSignal.any([signal, silence.signal]));
    onOpen();
    if (response.body === null) return;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
      yield* messages.splice(0);
      timer = setTimeout(() => {
        silence.abort();
      }, idleMs());
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}
