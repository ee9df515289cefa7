import { endGroup, startChild, type Child, type ChildPlan } from './child';
import { elapsed } from './elapsed';

export interface Supervised {
  readonly name: string;
  /** Fulfilled with its URL when it is ready for the first time; rejected when it ends before. */
  readonly ready: Promise<string | undefined>;
  pid(): number | undefined;
  /** SIGTERM, and SIGKILL when the time is up; no restart any more. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL now. */
  abandon(): void;
}

export interface Supervision extends ChildPlan {
  /** The setting by which a restarted part is told the port that it listened on before. */
  portSetting?: string;
  /** Called with every new process. */
  onStart?(): void;
  firstDelayMs?: number;
}

const delayMsMax = 30_000;
/** Who lived this long has recovered: its next death is a first one. */
const recoveredMs = 60_000;

/** Starts a part and, once it has been ready, starts it again whenever it dies. */
export function supervise(plan: Supervision): Supervised {
  const firstDelayMs = plan.firstDelayMs ?? 500;
  let settings = plan.settings;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let delayMs = firstDelayMs;
  let child = begin();
  const ready = firstReadiness();

  function begin(): Child {
    const started = startChild({ ...plan, settings });
    // Later, so that whoever asks for the process id then finds the new one.
    setImmediate(() => plan.onStart?.());
    return started;
  }

  async function firstReadiness(): Promise<string | undefined> {
    const url = await child.ready;
    if (plan.portSetting !== undefined && url !== undefined)
      settings = { ...settings, [plan.portSetting]: new URL(url).port };
    restartAtEnd(Date.now());
    return url;
  }

  function restartAtEnd(since: number): void {
    void child.ended.then((how) => {
      if (stopping) return;
      if (Date.now() - since > recoveredMs) delayMs = firstDelayMs;
      plan.say(`${plan.name} ended (${how}); starting it again in ${String(delayMs / 1000)} s.`);
      timer = setTimeout(restart, delayMs);
      delayMs = Math.min(delayMs * 2, delayMsMax);
    });
  }

  function restart(): void {
    const took = elapsed();
    child = begin();
    child.ready.then(
      () => {
        plan.say(`${plan.name} is back after ${took()} (process ${String(child.process.pid)}).`);
      },
      () => undefined,
    );
    restartAtEnd(Date.now());
  }

  return {
    name: plan.name,
    ready,
    pid: () => child.process.pid,
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      child.process.kill('SIGTERM');
      const late = setTimeout(() => {
        plan.say(`${plan.name} did not stop within ${String(graceMs / 1000)} s and is ended.`);
        endGroup(child.process.pid);
      }, graceMs);
      await child.ended;
      clearTimeout(late);
    },
    abandon() {
      stopping = true;
      clearTimeout(timer);
      endGroup(child.process.pid);
    },
  };
}
