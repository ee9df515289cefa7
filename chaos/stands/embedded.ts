import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lives, type ProcessIdentity } from '../../src/dev/process-identity';
import { freePort } from '../../test/support/free-port';
import { foreignSettings } from '../foreign-settings';
import { openWires } from '../open-wires';
import { startPart } from '../part';
import type { Kind, Stand, StandOptions, Victim } from '../stand';
import { temporalCommand } from '../temporal';
import { startVendor } from '../vendor';

const kinds: Kind[] = ['api', 'worker', 'gateway', 'temporal', 'database'];
const taskQueue = 'fermata-chaos';
const stopMsMax = 60_000;

/** The one service that `npm start` runs, which starts its own parts again; between them stands no proxy. */
export async function openEmbedded(options: StandOptions): Promise<Stand> {
  const { folder, timeline } = options;
  const { note } = timeline;
  const dataFolder = path.join(folder, 'data');
  const logFolder = path.join(folder, 'logs');
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  mkdirSync(logFolder, { recursive: true });
  if (options.databaseTemplate !== undefined)
    await cp(options.databaseTemplate, path.join(dataFolder, 'postgres'), { recursive: true });
  const wires = openWires();
  const vendor = await startVendor({ folder: logFolder, latencyMs: options.latencyMs, note });
  const temporalPort = await freePort();
  const house = startPart({
    name: 'service',
    module: 'dev/main.js',
    settings: {
      ...foreignSettings,
      DATA_DIR: dataFolder,
      PORT: String(await freePort()),
      GATEWAY_PORT: String(await freePort()),
      TEMPORAL_PORT: String(temporalPort),
      TEMPORAL_UI_PORT: String(await freePort()),
      WORKER_METRICS_PORT: String(await freePort()),
      TEMPORAL_CLI_PATH: await temporalCommand(note),
      FERMATA_TASK_QUEUE: taskQueue,
      ANTHROPIC_API_KEY: 'key-of-the-harness',
      ANTHROPIC_BASE_URL: await wires.before(vendor.url, {
        name: 'gateway to the vendor',
        link: 'gateway-vendor',
      }),
    },
    ...{ logFolder, note },
  });
  const apiUrl = (await house.ready()) ?? '';
  const victims = kinds.map((kind) => victim(kind, () => partOf(dataFolder, kind)));
  const unhand = (): void => {
    for (const each of victims) each.thaw?.();
    for (const { proxy } of wires.all) proxy.heal();
  };

  return {
    profile: 'embedded',
    apiUrls: [apiUrl],
    key: readFileSync(path.join(dataFolder, 'api-key'), 'utf8').trim(),
    databaseUrl: `postgres://fermata@/postgres?host=${encodeURIComponent(path.join(dataFolder, 'socket'))}`,
    temporalAddress: `127.0.0.1:${String(temporalPort)}`,
    ...{ taskQueue, vendor, victims, wires: wires.all },
    async heal() {
      unhand();
      await Promise.all(victims.map((each) => each.ready()));
    },
    async close() {
      unhand();
      await house.stop(stopMsMax);
      await vendor.stop();
      await wires.close();
    },
    abandon() {
      // Its parts end by themselves when it is gone, if they are not frozen.
      unhand();
      house.abandon();
      vendor.abandon();
    },
  };
}

function victim(kind: Kind, identity: () => ProcessIdentity | undefined): Victim {
  const living = (): ProcessIdentity | undefined => {
    const now = identity();
    return now !== undefined && lives(now) ? now : undefined;
  };
  const signal = (name: NodeJS.Signals): ProcessIdentity | undefined => {
    const now = living();
    if (now !== undefined) process.kill(-now.pid, name);
    return now;
  };
  return {
    ...{ name: kind, kind },
    async ready() {
      while (living() === undefined) await sleep(50);
    },
    async kill() {
      const killed = signal('SIGKILL');
      while (killed !== undefined && lives(killed)) await sleep(20);
    },
    freeze: () => {
      signal('SIGSTOP');
    },
    thaw: () => {
      signal('SIGCONT');
    },
  };
}

/** The service writes who its parts are into its lock; a process id alone may be another's by now. */
function partOf(dataFolder: string, name: Kind): ProcessIdentity | undefined {
  const file = path.join(dataFolder, 'lock');
  // It is gone with a service that has stopped.
  if (!existsSync(file)) return undefined;
  const lock = readFileSync(file, 'utf8');
  const { children } = JSON.parse(lock) as { children: ({ name: string } & ProcessIdentity)[] };
  return children.find((child) => child.name === name);
}
