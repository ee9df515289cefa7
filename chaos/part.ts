import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endGroup, startChild, type Child } from '../src/dev/child';

export interface PartPlan {
  name: string;
  /** Below the folder of compiled code. */
  module: string;
  parameters?: string[];
  settings: Record<string, string | undefined>;
  logFolder: string;
  note(line: string): void;
}

/** A process of the service in the harness's hands: started again whenever it ends. */
export interface Part {
  name: string;
  /** Fulfilled with its URL when the process that runs now, or the next one, is ready. */
  ready(): Promise<string | undefined>;
  /** SIGKILL to it and what it started. */
  kill(): Promise<void>;
  /** SIGSTOP to it and what it started. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** SIGTERM, and waits for its end; it is started again. */
  terminate(): Promise<void>;
  /** SIGTERM for good; SIGKILL after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL for good. */
  abandon(): void;
}

const restartMs = 300;
/** A part may need that many starts while what it needs is away. */
const failuresMax = 40;
const usualGraceMs = 10_000;
const distFolder = path.resolve(__dirname, '../dist');

/** Starts a part and keeps it alive until it is stopped. */
export function startPart(plan: PartPlan): Part {
  const line = keepAlive(plan);
  const signal = (name: NodeJS.Signals): void => {
    signalGroup(line.child().process.pid, name);
  };
  return {
    name: plan.name,
    async ready() {
      for (;;) {
        const url = await line.child().ready.catch((error: unknown) => {
          // Another one is on its way, unless none would come any further.
          if (line.isHopeless()) throw error;
          return undefined;
        });
        if (line.isAlive()) return url;
        await sleep(50);
      }
    },
    async kill() {
      signal('SIGKILL');
      await line.child().ended;
    },
    freeze() {
      signal('SIGSTOP');
    },
    thaw() {
      signal('SIGCONT');
    },
    async terminate() {
      line.child().process.kill('SIGTERM');
      await line.child().ended;
    },
    async stop(graceMs = usualGraceMs) {
      line.end();
      const { process: last, ended } = line.child();
      signal('SIGCONT');
      last.kill('SIGTERM');
      const late = setTimeout(() => {
        endGroup(last.pid);
      }, graceMs);
      await ended;
      clearTimeout(late);
    },
    abandon() {
      line.end();
      signal('SIGKILL');
    },
  };
}

/** The processes of one part, one after another. */
interface Line {
  /** The one that runs now, or the last one. */
  child(): Child;
  isAlive(): boolean;
  /** No further one is to be expected. */
  isHopeless(): boolean;
  /** Starts no further one. */
  end(): void;
}

function keepAlive(plan: PartPlan): Line {
  let isOver = false;
  let isAlive = true;
  /** Starts in a row that came to nothing. */
  let failures = 0;
  let child = begin();

  function begin(): Child {
    const started = startProcess(plan);
    isAlive = true;
    started.ready.then(
      () => (failures = 0),
      () => (failures += 1),
    );
    void started.ended.then(goOn);
    return started;
  }

  async function goOn(): Promise<void> {
    isAlive = false;
    await sleep(restartMs);
    if (!isOver) child = begin();
  }

  return {
    child: () => child,
    isAlive: () => isAlive,
    isHopeless: () => isOver || failures > failuresMax,
    end() {
      isOver = true;
    },
  };
}

function startProcess({ module, logFolder, note, ...plan }: PartPlan): Child {
  const started = startChild({
    ...plan,
    module: path.join(distFolder, module),
    logFile: path.join(logFolder, `${plan.name}.log`),
    say: () => undefined,
  });
  started.ready.then(
    () => {
      note(`${plan.name} is ready (process ${String(started.process.pid)})`);
    },
    () => undefined,
  );
  void started.ended.then((how) => {
    note(`${plan.name} ended: ${how}`);
  });
  return started;
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // It has ended by itself.
  }
}
