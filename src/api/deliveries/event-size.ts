import { limits } from '../../contract/limits';
import { invalidInput } from '../problem';

/** Refuses an event that is larger than one may be. */
export function demandSmallEvent(event: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes <= limits.eventBytesMax) return;
  const message = `Has ${String(bytes)} bytes; ${String(limits.eventBytesMax)} are allowed.`;
  throw invalidInput('The event is too large.', [{ path: '', code: 'limit_exceeded', message }]);
}
