import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { TemporalPlace } from '../../src/dev/temporal/profile';
import { freePort } from '../../test/support/free-port';
import { startPostgres } from '../../test/support/postgres';
import { foreignSettings } from '../foreign-settings';
import { openWires, type Wires } from '../open-wires';
import { startPart, type Part } from '../part';
import type { Kind, Link, Stand, StandOptions, Victim } from '../stand';
import { temporalCommand } from '../temporal';
import { startVendor } from '../vendor';

const taskQueue = 'fermata-chaos';
/** As long as a gateway may take to finish its calls in flight. */
const stopMsMax = 30_000;

/** What the parts of one stand are started with. */
interface Site {
  options: StandOptions;
  logFolder: string;
  wires: Wires;
  shared: Record<string, string>;
  temporalAddress: string;
}

/**
 * The parts started one by one, as in a cluster: an API, workers and gateways on a Postgres and a
 * Temporal, with a proxy on every way between them.
 */
export async function openCluster(options: StandOptions): Promise<Stand> {
  const { note } = options.timeline;
  const logFolder = path.join(options.folder, 'logs');
  mkdirSync(logFolder, { recursive: true });
  const wires = openWires();
  const [vendor, postgres, temporal] = await Promise.all([
    startVendor({ folder: logFolder, latencyMs: options.latencyMs, note }),
    startPostgres(),
    startTemporal(options.folder, { logFolder, note }),
  ]);
  const site: Site = {
    ...{ options, logFolder, wires, temporalAddress: temporal.address },
    shared: {
      DATABASE_URL: await wires.before(postgres.url, { name: 'all to the database', link: 'all-database' }),
      FERMATA_INTERNAL_KEY: `internal_${randomBytes(24).toString('base64url')}`,
      FERMATA_TASK_QUEUE: taskQueue,
      DATA_DIR: options.folder,
    },
  };
  const key = `chaos_${randomBytes(24).toString('base64url')}`;
  const gatewayPorts = await numbered(options.gateways, freePort);
  const gatewayUrls = gatewayPorts.map((port) => `http://127.0.0.1:${String(port)}`);
  const api = await startApi(site, { key, gatewayUrls });
  const gateways = await numbered(options.gateways, (n) =>
    startGateway(site, { n, port: gatewayPorts[n - 1] ?? 0, vendorUrl: vendor.url }),
  );
  const workers = await numbered(options.workers, (n) => startWorker(site, { n, gatewayUrls }));
  const parts = [api.part, ...workers, ...gateways];
  const all = [...parts, temporal.part];
  await Promise.all(parts.map((part) => part.ready()));

  const unhand = (): void => {
    for (const part of all) part.thaw();
    for (const { proxy } of wires.all) proxy.heal();
  };
  const victim = (kind: Kind, part: Part): Victim => ({ kind, ...part });
  return {
    profile: 'postgres',
    apiUrls: [api.url],
    ...{ key, taskQueue, vendor, databaseUrl: postgres.url, temporalAddress: temporal.address },
    wires: wires.all,
    victims: [
      victim('api', api.part),
      ...workers.map((part) => victim('worker', part)),
      ...gateways.map((part) => victim('gateway', part)),
      victim('temporal', temporal.part),
      {
        ...{ name: 'database', kind: 'database', ready: () => Promise.resolve() },
        kill: () => postgres.restartImmediately(),
      },
    ],
    async heal() {
      unhand();
      await Promise.all(all.map((part) => part.ready()));
    },
    async close() {
      unhand();
      await Promise.all(parts.map((part) => part.stop(stopMsMax)));
      await Promise.all([temporal.part.stop(), postgres.close(), vendor.stop()]);
      await wires.close();
    },
    abandon() {
      for (const part of all) part.abandon();
      vendor.abandon();
    },
  };
}

async function numbered<Made>(count: number, make: (n: number) => Promise<Made>): Promise<Made[]> {
  return await Promise.all(Array.from({ length: count }, (_, index) => make(index + 1)));
}

function start({ options, logFolder, shared }: Site, name: string, settings: Record<string, string>): Part {
  return startPart({
    name,
    module: `${name.replace(/-.*/, '')}/main.js`,
    settings: { ...foreignSettings, ...shared, ...settings },
    ...{ logFolder, note: options.timeline.note },
  });
}

/** It comes first: it makes the tables that the others look for. */
async function startApi(
  site: Site,
  { key, gatewayUrls }: { key: string; gatewayUrls: string[] },
): Promise<{ part: Part; url: string }> {
  const port = await freePort();
  const part = start(site, 'api', {
    PORT: String(port),
    FERMATA_API_KEY: key,
    GATEWAY_URL: gatewayUrls.join(','),
    TEMPORAL_ADDRESS: await temporalFrom(site, 'api-temporal', 'the API'),
  });
  await part.ready();
  return { part, url: `http://127.0.0.1:${String(port)}` };
}

async function startGateway(
  site: Site,
  { n, port, vendorUrl }: { n: number; port: number; vendorUrl: string },
): Promise<Part> {
  const wire = { name: `gateway ${String(n)} to the vendor`, link: 'gateway-vendor' } as const;
  return start(site, `gateway-${String(n)}`, {
    GATEWAY_PORT: String(port),
    ANTHROPIC_API_KEY: 'key-of-the-harness',
    ANTHROPIC_BASE_URL: await site.wires.before(vendorUrl, wire),
  });
}

async function startWorker(
  site: Site,
  { n, gatewayUrls }: { n: number; gatewayUrls: string[] },
): Promise<Part> {
  const from = `worker ${String(n)}`;
  const wired = gatewayUrls.map((url, index) =>
    site.wires.before(url, { name: `${from} to gateway ${String(index + 1)}`, link: 'worker-gateway' }),
  );
  return start(site, `worker-${String(n)}`, {
    GATEWAY_URL: (await Promise.all(wired)).join(','),
    TEMPORAL_ADDRESS: await temporalFrom(site, 'worker-temporal', from),
  });
}

async function temporalFrom({ wires, temporalAddress }: Site, link: Link, from: string): Promise<string> {
  const url = await wires.before(`http://${temporalAddress}`, { name: `${from} to Temporal`, link });
  return new URL(url).host;
}

/** A server on a file, as `npm start` runs it: what it acknowledged survives its death. */
async function startTemporal(
  folder: string,
  log: { logFolder: string; note(line: string): void },
): Promise<{ part: Part; address: string }> {
  const place: TemporalPlace = {
    databaseFile: path.join(folder, 'temporal.db'),
    port: await freePort(),
    uiPort: await freePort(),
    namespace: 'default',
  };
  const part = startPart({
    name: 'temporal',
    module: 'dev/temporal/main.js',
    parameters: [await temporalCommand(log.note), JSON.stringify(place)],
    settings: foreignSettings,
    ...log,
  });
  await part.ready();
  return { part, address: `127.0.0.1:${String(place.port)}` };
}
