import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { openDatabase, type Database } from '../src/ledger/database';
import { freePort } from '../test/support/free-port';
import { startService, type Service } from '../test/support/service';

/** The whole service with a Temporal of its own and the simulated vendor, and the ways into it. */
export interface Stage {
  service: Service;
  temporalAddress: string;
  temporal: Client;
  ledger: Database;
  /** From now on every call of a model takes so long; 0: it is answered at once. */
  setLatency(ms: number): Promise<void>;
  /** Starts a run that must be accepted; answers its id. */
  start(plan: unknown, input?: unknown): Promise<string>;
  /** Waits for a run's workflow to end. */
  ended(id: string): Promise<void>;
  /** What the API says of a run. */
  read(id: string): Promise<{ status: string; usage: { modelCalls: number }; approvals: string[] }>;
  close(): Promise<void>;
}

/** Opens one as `npm start` does; `DATABASE_URL` gives it a Postgres server instead of the embedded one. */
export async function openStage(): Promise<Stage> {
  const port = await freePort();
  const database = process.env['DATABASE_URL'];
  const service = await startService({
    execArgv: [],
    env: {
      TEMPORAL_ADDRESS: '',
      TEMPORAL_PORT: String(port),
      PATH: process.env['PATH'] ?? '',
      SIMULATOR_LATENCY_MS: '0',
      LOG_LEVEL: 'warn',
      ...(database === undefined ? {} : { DATABASE_URL: database }),
    },
  });
  const temporalAddress = `127.0.0.1:${String(port)}`;
  const connection = await Connection.connect({ address: temporalAddress });
  const temporal = new Client({ connection });
  const socketFolder = encodeURIComponent(path.join(service.dataDir, 'socket'));
  const ledger = openDatabase(database ?? `postgres://fermata@/postgres?host=${socketFolder}`, 2);

  return {
    service,
    temporalAddress,
    temporal,
    ledger,
    async setLatency(ms) {
      const script = new URL('/simulator/script', service.simulatorUrl);
      const headers = { authorization: `Bearer ${service.internalKey}`, 'content-type': 'application/json' };
      await fetch(script, { method: 'DELETE', headers });
      if (ms === 0) return;
      const body = JSON.stringify({ times: 1_000_000, then: { type: 'slow', ms } });
      const answer = await fetch(script, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(`The simulated vendor refused: ${await answer.text()}`);
    },
    async start(plan, input = {}) {
      const answer = await service.request('POST', '/v1/runs', { plan, input });
      if (answer.status !== 201) throw new Error(`Not started: ${JSON.stringify(answer.body)}`);
      return (answer.body as { id: string }).id;
    },
    async ended(id) {
      await temporal.workflow.getHandle(id).result();
    },
    async read(id) {
      const answer = await service.request('GET', `/v1/runs/${id}`);
      if (answer.status !== 200) throw new Error(`Not found: ${id}`);
      return answer.body as Awaited<ReturnType<Stage['read']>>;
    },
    async close() {
      await ledger.end();
      await connection.close();
      await service.close();
    },
  };
}
