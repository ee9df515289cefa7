import { readConfig, type Config } from './config';
import { plainReason } from './plain-reason';

/** What a part says to the process that started it, over the IPC channel. */
export type PartMessage =
  | { type: 'ready'; url?: string }
  /** It can't start, for a reason that a person can mend; one line. */
  | { type: 'failed'; message: string }
  /** For the person at the console; one line. */
  | { type: 'note'; line: string };

/** Why a part ends: told to, or left alone because the process that started it is gone. */
export type StopReason = 'signal' | 'orphaned';

export interface RunningPart {
  /** Where it listens, if others are to know. */
  url?: string;
  stop(reason: StopReason): Promise<void>;
}

const graceMsDefault = 10_000;

/**
 * Runs one part of the service as this process: reads the settings, starts, says so to its parent,
 * and ends on SIGTERM, SIGINT or a closed IPC channel. `graceMs` bounds the stop; a second signal
 * ends the process at once.
 */
export function runPart(options: {
  name: string;
  graceMs?: number;
  /** `signal` is aborted when the part is told to end before it has started. */
  start(config: Config, signal: AbortSignal): Promise<RunningPart>;
}): void {
  const { name, graceMs = graceMsDefault } = options;
  let stopping = false;
  const ending = new AbortController();
  // Later, so that what follows is in place by then.
  const running = Promise.resolve().then(() => options.start(readConfig(), ending.signal));

  async function stop(reason: StopReason): Promise<void> {
    if (stopping && reason === 'signal') process.exit(130);
    if (stopping) return;
    stopping = true;
    // Left running on purpose: it ends a stop that hangs.
    setTimeout(() => {
      say(`${name}: did not stop within ${String(graceMs / 1000)} s.`);
      process.exit(1);
    }, graceMs);
    ending.abort();
    // What never came up has nothing to stop.
    const part = await running.catch(() => null);
    await part?.stop(reason);
    process.exit(0);
  }

  const stopOrSay = (reason: StopReason): void => {
    stop(reason).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  };
  process.on('SIGTERM', () => {
    stopOrSay('signal');
  });
  process.on('SIGINT', () => {
    stopOrSay('signal');
  });
  process.on('disconnect', () => {
    stopOrSay('orphaned');
  });

  running.then(
    (part) => {
      tell(part.url === undefined ? { type: 'ready' } : { type: 'ready', url: part.url });
    },
    (error: unknown) => {
      if (stopping) return;
      const message = plainReason(error);
      if (message === undefined) console.error(error);
      else say(`${name}: ${message}`);
      const exit = (): void => process.exit(1);
      if (message === undefined) exit();
      else tell({ type: 'failed', message }, exit);
    },
  );
}

/** Says one line to the person who watches the service: on its console, or this part's own. */
export function note(line: string): void {
  if (process.connected) tell({ type: 'note', line });
  else say(line);
}

/** `then` is called when the message has left this process, or at once where nobody listens. */
function tell(message: PartMessage, then: () => void = () => undefined): void {
  if (process.connected && process.send !== undefined) process.send(message, then);
  else then();
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
