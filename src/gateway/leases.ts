import { limits } from '../contract/limits';
import { renewLeases } from '../ledger/calls';
import type { Desk } from './desk';
import { nameOf, type Flights } from './flights';
import { repeat, type Repetition } from './repeat';

/**
 * Keeps this gateway's lease on all its calls, in one statement every few seconds. A call that is
 * another's by now is dropped, and one that nobody wants any more is cancelled.
 */
export function keepLeases({ database, owner, log }: Desk, flights: Flights): Repetition {
  return repeat(limits.leaseRenewSeconds * 1000, async () => {
    const held = flights.all();
    if (held.length === 0) return;
    try {
      const calls = held.map((flight) => flight.call);
      const renewed = await renewLeases(database, owner, calls);
      const known = new Map(renewed.map((row) => [nameOf(row), row]));
      for (const flight of held) {
        const row = known.get(nameOf(flight.call));
        // One that has just ended has no lease either, and doesn't mind being dropped.
        if (row === undefined) flight.drop();
        else if (row.abandoned) flight.cancel();
      }
    } catch (error) {
      log.error({ err: error }, 'the leases could not be renewed');
    }
  });
}
