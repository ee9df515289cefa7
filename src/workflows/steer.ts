import type { Steer } from '../contract/steer';
import type { Answer } from './scope';

/** What the agent of a role has decided. An agent that was asked for a decision has given just that one. */
export function steerOf<Role extends Steer['type']>(
  { steer }: Answer,
  ...roles: [Role, ...Role[]]
): Extract<Steer, { type: Role }> {
  if (steer === null || !(roles as string[]).includes(steer.type))
    throw new Error(`Asked for the decision of a ${roles[0]}, got ${steer?.type ?? 'none'}.`);
  return steer as Extract<Steer, { type: Role }>;
}
