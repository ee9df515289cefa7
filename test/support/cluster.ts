import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port';
import { startPart, type Part } from './part';
import { startPostgres, type TestPostgres } from './postgres';
import { request, type Answer } from './service';
import { startSimulator, type TestSimulator } from './simulator';

export type PartKind = 'api' | 'worker' | 'gateway';

/** One process of the cluster. It keeps its settings, and so its address, over restarts. */
export interface Member {
  /** `api-1`, `worker-2`, … */
  name: string;
  kind: PartKind;
  /** Where it listens; a worker doesn't. */
  url: string | undefined;
  pid(): number;
  /** What all its processes have written so far. */
  output(): string;
  /** SIGKILL, and waits for its end. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for its end; answers the exit code. */
  stop(): Promise<number | null>;
  freeze(): void;
  thaw(): void;
  /** Starts it again, after a SIGTERM if it runs. `env` changes its settings from now on. */
  restart(env?: Record<string, string>): Promise<void>;
}

export interface Cluster {
  databaseUrl: string;
  /** Undefined where the database was given. */
  postgres: TestPostgres | undefined;
  vendor: TestSimulator;
  /** The admin key. */
  key: string;
  internalKey: string;
  taskQueue: string;
  apis: Member[];
  workers: Member[];
  gateways: Member[];
  /** By name; throws where there is none. */
  member(name: string): Member;
  /** One request with the admin key to the API of that index. */
  request(
    api: number,
    method: string,
    target: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** Ends every process at once and removes what it made. */
  close(): Promise<void>;
}

export interface ClusterOptions {
  apis?: number;
  workers?: number;
  gateways?: number;
  /** A database to use as it is; without it a Postgres of its own is started. */
  databaseUrl?: string;
  /** Settings of every part, on top of what makes it a cluster. */
  env?: Record<string, string>;
  /** How long the vendor takes for an answer. */
  latencyMs?: number;
}

/**
 * Several of every part, each started alone as on machines of its own, on one Postgres and the
 * Temporal that all tests share, with a task queue of its own. Its vendor lives in this process and
 * outlives them all.
 */
export async function openCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { apis = 2, workers = 2, gateways = 2 } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'fermata-cluster-'));
  const postgres = options.databaseUrl === undefined ? await startPostgres() : undefined;
  const databaseUrl = options.databaseUrl ?? postgres?.url ?? '';
  const vendor = await startSimulator({ latencyMs: options.latencyMs ?? 0 });
  const [key, internalKey] = ['admin-key-of-the-cluster', 'internal-key-of-the-cluster'];
  const taskQueue = path.basename(folder);
  const gatewayPorts = await ports(gateways);
  const shared = {
    TEMPORAL_ADDRESS: process.env['TEST_TEMPORAL_ADDRESS'] ?? '',
    FERMATA_TASK_QUEUE: taskQueue,
    DATABASE_URL: databaseUrl,
    DATA_DIR: folder,
    FERMATA_INTERNAL_KEY: internalKey,
    GATEWAY_URL: gatewayPorts.map((port) => `http://127.0.0.1:${String(port)}`).join(','),
    ...options.env,
  };
  const vendorSettings = { ANTHROPIC_API_KEY: 'key-of-the-tests', ANTHROPIC_BASE_URL: vendor.url };
  const plans: Plan[] = [
    ...(await ports(apis)).map((port) => ({
      kind: 'api' as const,
      env: { ...shared, FERMATA_API_KEY: key, PORT: String(port) },
    })),
    ...Array.from({ length: workers }, () => ({ kind: 'worker' as const, env: shared })),
    ...gatewayPorts.map((port) => ({
      kind: 'gateway' as const,
      env: { ...shared, ...vendorSettings, GATEWAY_PORT: String(port) },
    })),
  ];
  const counts = { api: 0, worker: 0, gateway: 0 };
  const starts = await Promise.allSettled(
    plans.map((plan) => startMember({ ...plan, name: `${plan.kind}-${String(++counts[plan.kind])}` })),
  );
  const members = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));

  async function close(): Promise<void> {
    await Promise.all(members.map((member) => member.kill()));
    await vendor.close();
    await postgres?.close();
    await rm(folder, { recursive: true, force: true });
  }

  const failed = starts.find((start) => start.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const of = (kind: PartKind): Member[] => members.filter((member) => member.kind === kind);

  return {
    ...{ databaseUrl, postgres, vendor, key, internalKey, taskQueue },
    ...{ apis: of('api'), workers: of('worker'), gateways: of('gateway') },
    member(name) {
      const member = members.find((one) => one.name === name);
      if (member === undefined) throw new Error(`There is no ${name}.`);
      return member;
    },
    request: (api, method, target, body, headers) =>
      request(new URL(target, of('api')[api]?.url), { method, body, headers, key }),
    close,
  };
}

interface Plan {
  kind: PartKind;
  env: Record<string, string>;
}

async function startMember({ name, kind, env }: Plan & { name: string }): Promise<Member> {
  let settings = env;
  let earlier = '';
  let part = await begin();

  async function begin(): Promise<Part> {
    return await startPart(`${kind}/main`, { env: settings });
  }
  const signal = (which: NodeJS.Signals): void => {
    part.child.kill(which);
  };
  const runs = (): boolean => part.child.exitCode === null && part.child.signalCode === null;

  return {
    name,
    kind,
    get url() {
      return part.url;
    },
    pid: () => part.child.pid ?? 0,
    output: () => earlier + part.output(),
    async kill() {
      signal('SIGKILL');
      await part.ended;
    },
    async stop() {
      await part.stop();
      return part.child.exitCode;
    },
    freeze: () => {
      signal('SIGSTOP');
    },
    thaw: () => {
      signal('SIGCONT');
    },
    async restart(changes = {}) {
      if (runs()) await part.stop();
      settings = { ...settings, ...changes };
      earlier += part.output();
      part = await begin();
    },
  };
}

async function ports(count: number): Promise<number[]> {
  return await Promise.all(Array.from({ length: count }, freePort));
}
