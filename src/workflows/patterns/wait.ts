import type { WaitNode } from '../../contract/skeleton';
import { limits } from '../../contract/limits';
import { rfc3339 } from '../../contract/time';
import { nothing, type Value } from '../../contract/value';
import { completed, failed, type Outcome } from '../outcome';
import type { Scope } from '../scope';

/** Waits for an event, for a while or until a time. */
export async function wait({ wait: awaited }: WaitNode, scope: Scope): Promise<Outcome> {
  switch (awaited.type) {
    case 'event': {
      const event = await scope.event(awaited);
      return event === null ? tooLate(scope, awaited.event) : completed(event);
    }
    case 'for':
      await scope.pause({ forMs: awaited.ms });
      return completed(nothing);
    case 'until':
      return until(await scope.value(awaited.time), scope);
  }
}

async function until(time: Value, scope: Scope): Promise<Outcome> {
  const text = 'inline' in time && typeof time.inline === 'string' ? time.inline : '';
  const at = rfc3339.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at))
    return failed(scope.path, 'invalid_template', 'until is not a time such as 2027-01-31T08:00:00Z.');
  if (at - Date.now() > limits.waitDaysMax * 86_400_000) {
    const message = `${text} is more than the ${String(limits.waitDaysMax)} days allowed from now.`;
    return failed(scope.path, 'limit_exceeded', message);
  }
  await scope.pause({ at });
  return completed(nothing);
}

function tooLate({ path }: Scope, event: string): Outcome {
  const failure = failed(path, 'step_timeout', `No event ${event} that fits came in time.`);
  return { ...failure, status: 'timed_out' };
}
