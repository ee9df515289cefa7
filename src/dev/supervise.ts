import { endGroup, startChild, type Child, type ChildPlan } from './child';
import { elapsed } from './elapsed';

export interface Supervised {
  readonly name: string;
  /** As it said when it was ready. */
  readonly url: string | undefined;
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

/** Starts a part, waits until it is ready, and from then on starts it again whenever it dies. */
export async function supervise(plan: Supervision): Promise<Supervised> {
  const firstDelayMs = plan.firstDelayMs ?? 500;
  let child = begin();
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  let delayMs = firstDelayMs;

  function begin(settings = plan.settings): Child {
    const started = startChild({ ...plan, settings });
    plan.onStart?.();
    return started;
  }

  const url = await child.ready.catch((error: unknown) => {
    throw new Error(`${plan.name}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const settings = { ...plan.settings, ...samePort(plan.portSetting, url) };
  watch(Date.now());

  function watch(since: number): void {
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
    child = begin(settings);
    child.ready.then(
      () => {
        plan.say(`${plan.name} is back after ${took()} (process ${String(child.process.pid)}).`);
      },
      () => undefined,
    );
    watch(Date.now());
  }

  return {
    name: plan.name,
    url,
    pid: () => child.process.pid,
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      if (child.process.exitCode !== null || child.process.signalCode !== null) return;
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

function samePort(setting: string | undefined, url: string | undefined): Record<string, string> {
  return setting === undefined || url === undefined ? {} : { [setting]: new URL(url).port };
}
