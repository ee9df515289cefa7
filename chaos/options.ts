import { parseArgs } from 'node:util';
import type { Scenario } from './scenario';
import type { Profile } from './stand';

export interface Options {
  scenarios: Scenario[];
  seed: number;
  /** Undefined: each scenario's usual one. */
  profile: Profile | undefined;
  short: boolean;
  /** How many runs are started at least, instead of the scenario's own figure. */
  runs: number | undefined;
  /** How many faults strike at least, likewise. */
  strikes: number | undefined;
}

/** An argument that makes no sense, said in one line. */
export class ArgumentError extends Error {}

/** Reads the command line. `known` are all scenarios; `all` stands for them. Throws `ArgumentError`. */
export function readOptions(given: string[], known: readonly Scenario[]): Options {
  const { values, positionals } = parsed(given);
  const names = positionals.includes('all') ? known.map(({ name }) => name) : positionals;
  const scenarios = names.map((name) => {
    const scenario = known.find((each) => each.name === name);
    if (scenario === undefined) throw new ArgumentError(`${name}: no such scenario.`);
    return scenario;
  });
  const { on } = values;
  if (on !== undefined && on !== 'embedded' && on !== 'postgres')
    throw new ArgumentError(`--on ${on}: is neither embedded nor postgres.`);
  for (const { name, profiles } of scenarios)
    if (on !== undefined && !profiles.includes(on))
      throw new ArgumentError(`${name} can't be played on ${on}.`);
  return {
    scenarios,
    profile: on,
    short: values.short,
    seed: count('--seed', values.seed) ?? Math.floor(Math.random() * 1_000_000),
    runs: count('--runs', values.runs),
    strikes: count('--strikes', values.strikes),
  };
}

function parsed(given: string[]) {
  try {
    return parseArgs({
      args: given,
      allowPositionals: true,
      options: {
        seed: { type: 'string' },
        on: { type: 'string' },
        runs: { type: 'string' },
        strikes: { type: 'string' },
        short: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function count(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,9}$/.test(text)) throw new ArgumentError(`${name} ${text}: is not a whole number.`);
  return Number(text);
}
