import type { EventsNode } from '../../contract/skeleton';
import { completed, type Outcome } from '../outcome';
import type { Branch, NumberedEvent, Scope } from '../scope';

/** Handles events as they come, so many at a time; one that can't be handled is a dead letter, and it goes on. */
export async function events(step: EventsNode, scope: Scope): Promise<Outcome> {
  const { event: last, maxEvents: eventsMax, idleMs } = step.until;
  const handled = step.handlers.map(({ event }) => event);
  const types = last === undefined || handled.includes(last) ? handled : [...handled, last];
  const reacted = await scope.react(
    {
      ...{ types, concurrency: step.concurrency, idleMs },
      ...(last === undefined ? {} : { last }),
      ...(eventsMax === undefined ? {} : { eventsMax }),
    },
    (event) => handle(step, scope, event),
  );
  const value = await scope.compose({
    handled: { inline: reacted.handled },
    failed: { inline: reacted.failed },
    lastEvent: reacted.lastEvent,
  });
  return reacted.unwinding === null ? completed(value) : { ...reacted.unwinding, value };
}

/** Null for the event that ends it and has no handler. */
function handle(step: EventsNode, scope: Scope, { n, type, event, hops }: NumberedEvent): Branch | null {
  const handler = step.handlers.find((one) => one.event === type);
  if (handler === undefined) return null;
  const handed = [{ name: 'event', value: event }];
  return scope.branch(handler.step, String(n), { names: { event }, handed, repeated: true, hops });
}
