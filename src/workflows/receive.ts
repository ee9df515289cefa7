import { limits } from '../contract/limits';
import type { EventMessage } from '../contract/messages';
import type { Json, Value } from '../contract/value';
import { evaluate } from './activities';
import type { RunState } from './run-state';

/** Takes in an event. One from Temporal's own tools is whatever somebody typed; a large one is stored. */
export async function receive(state: RunState, message: EventMessage): Promise<void> {
  if ('event' in message) {
    const { id, type, event, step } = message;
    state.inbox.put({ id, type, event, step });
    return;
  }
  if ('wake' in message) {
    state.wakeups.add(message.wake);
    return;
  }
  const { type, data = null } = isTyped(message) ? message : { type: null };
  if (type === null) return;
  let event: Value = { inline: { type, data } };
  if (JSON.stringify(event).length > limits.composedBytesMax) {
    const about = { run: state.reference, path: 'root', type: 'store', value: event } as const;
    const stored = await evaluate(about, `event ${type}`);
    if (stored.type !== 'value') throw new Error(`Asked for a value, got a ${stored.type}.`);
    event = stored.value;
  }
  state.inbox.put({ id: null, type, event, step: null });
}

function isTyped(message: unknown): message is { type: string; data?: Json } {
  return (
    typeof message === 'object' &&
    message !== null &&
    typeof (message as { type?: unknown }).type === 'string'
  );
}
