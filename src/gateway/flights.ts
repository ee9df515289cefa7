import type { CallId } from '../ledger/calls';
import type { Desk } from './desk';
import type { Flight } from './flight';

/** What is under way in this process. */
export interface Flights {
  start(flight: Flight): void;
  get(id: CallId): Flight | undefined;
  of(tenant: string, run: string): Flight[];
  all(): Flight[];
}

/** One for a gateway. A flight is in it until it has landed. */
export function createFlights({ log }: Desk): Flights {
  const flights = new Map<string, Flight>();
  return {
    start(flight) {
      const name = nameOf(flight.call);
      flights.set(name, flight);
      flight.landed
        .catch((error: unknown) => {
          log.error({ call: flight.call.key, err: error }, 'a call could not be brought to its end');
        })
        .finally(() => flights.delete(name));
    },
    get: (id) => flights.get(nameOf(id)),
    of: (tenant, run) =>
      [...flights.values()].filter(({ call }) => call.tenant === tenant && call.run === run),
    all: () => [...flights.values()],
  };
}

/** A call's identity as one string. */
export function nameOf({ tenant, run, key, hash }: CallId): string {
  return JSON.stringify([tenant, run, key, hash]);
}
