import { once } from 'node:events';
import path from 'node:path';
import { elapsed } from './elapsed';
import type { NamedProcess } from './lock';
import { supervise, type Supervised } from './supervise';

/** In the order in which they are stopped, with the time that each is given. */
const stopOrder = {
  api: 10_000,
  worker: 20_000,
  // It finishes the calls in flight: they are paid for.
  gateway: 130_000,
  simulator: 5_000,
  temporal: 15_000,
  database: 15_000,
} as const;

export type PartName = keyof typeof stopOrder;

export interface PartStart {
  name: PartName;
  /** Below the folder of compiled code. */
  module: string;
  parameters?: string[];
  settings: Record<string, string | undefined>;
  portSetting?: string;
}

export interface Parts {
  /** Starts a part, waits until it is ready, says so, and returns its URL. */
  start(start: PartStart): Promise<string | undefined>;
  /** Stops what was started, in order. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  abandon(): void;
}

/** The processes of one service, logging to `logFolder`. `signal` keeps any more from being started. */
export function createParts(options: {
  logFolder: string;
  say(line: string): void;
  signal: AbortSignal;
  /** Called whenever a process is started. */
  onChange(processes: NamedProcess[]): void;
}): Parts {
  const started: Supervised[] = [];
  const processes = (): NamedProcess[] =>
    started.flatMap(({ name, pid }) => {
      const current = pid();
      return current === undefined ? [] : [{ name, pid: current }];
    });
  return {
    async start({ name, module, ...rest }) {
      options.signal.throwIfAborted();
      const took = elapsed();
      const part = supervise({
        name,
        module: path.join(__dirname, '..', module),
        ...rest,
        logFile: path.join(options.logFolder, `${name}.log`),
        say: options.say,
        onStart: () => {
          options.onChange(processes());
        },
      });
      started.push(part);
      // A part that is stopped while it starts never becomes ready: whoever waits is told at once.
      const url = await Promise.race([part.ready, aborted(options.signal)]);
      options.say(`${name.padEnd(10)} ready in ${took()}`);
      return url;
    },
    async stop() {
      for (const [name, graceMs] of Object.entries(stopOrder))
        await started.find((part) => part.name === name)?.stop(graceMs);
    },
    abandon() {
      for (const part of started) part.abandon();
    },
  };
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  throw new Error('Stopped while starting.');
}
