import type { Block } from '../../contract/activities';
import type { Expression } from '../../contract/node-parts';
import { isNothing } from '../../contract/value';
import type { Scope } from '../scope';

/**
 * What a controlling agent is shown beside its own prompt: what the surrounding pattern handed in and
 * the prompt does not name; without a prompt the task of a worker, else the previous output.
 */
export function materialFor(prompt: Expression | undefined, scope: Scope): Block[] {
  const handed = scope.handed.filter(({ name }) => prompt?.uses.includes(name) !== true);
  if (prompt !== undefined || handed.some(({ name }) => name === 'task')) return handed;
  const task = scope.lookup('task');
  const usual = isNothing(task) ? 'previous' : 'task';
  if (handed.some(({ name }) => name === usual)) return handed;
  return [{ name: usual, value: scope.lookup(usual) }, ...handed];
}
