import type { EmitNode } from '../../contract/skeleton';
import { completed, type Outcome } from '../outcome';
import type { Scope } from '../scope';

/** Publishes an event; what follows from it is not waited for. */
export async function emit({ event, data }: EmitNode, scope: Scope): Promise<Outcome> {
  const value = data === undefined ? null : await scope.value(data);
  return completed(await scope.emit(event, value));
}
