import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { loadCatalog } from '../../../src/catalog/load';
import type { CallReply, CallRequest, CallState } from '../../../src/contract/gateway';
import { buildGateway } from '../../../src/gateway/app';
import { selectVendors } from '../../../src/gateway/vendors/select';
import { ensureBudget, readBudgets, type Budget } from '../../../src/ledger/budgets';
import { openDatabase, type Database } from '../../../src/ledger/database';
import { insertRun } from '../../support/run-row';

export const internalKey = 'internal-key-of-the-tests';

export interface TestGateway {
  url: string;
  database: Database;
  lines: string[];
  request(method: string, path: string, body?: unknown): Promise<Response>;
  put(call: TestCall): Promise<CallReply>;
  /** Puts and waits until it isn't pending. */
  complete(call: TestCall): Promise<CallState>;
  /** Waits for a call that was put. */
  settle(call: TestCall, hash: string): Promise<CallState>;
  drain(): Promise<number>;
}

export interface TestCall {
  key: string;
  request: CallRequest;
}

/** A gateway of its own on a free port, at a vendor that speaks Anthropic's protocol. */
export async function startGateway(options: {
  databaseUrl: string;
  vendorUrl: string;
  config?: string;
  simulated?: boolean;
}): Promise<TestGateway> {
  const catalog = loadCatalog(options.config ?? 'no-such-file.yaml');
  const database = openDatabase(options.databaseUrl);
  const lines: string[] = [];
  const vendors = selectVendors(
    options.simulated === false
      ? {
          ANTHROPIC_API_KEY: 'key-of-the-tests',
          ANTHROPIC_BASE_URL: options.vendorUrl,
          SIMULATOR_URL: undefined,
        }
      : { ANTHROPIC_API_KEY: undefined, ANTHROPIC_BASE_URL: undefined, SIMULATOR_URL: options.vendorUrl },
    catalog,
  );
  const gateway = await buildGateway({
    ...{ database, catalog, vendors, internalKey },
    logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    metricsText: () => Promise.resolve(''),
  });
  await gateway.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = gateway.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${String(port)}`;

  let drained: Promise<number> | undefined;

  async function request(method: string, path: string, body?: unknown): Promise<Response> {
    return await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${internalKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
  async function reply(response: Response): Promise<CallReply> {
    const text = await response.text();
    if (!response.ok) throw new Error(`${String(response.status)} ${text}`);
    return JSON.parse(text) as CallReply;
  }
  async function put(call: TestCall): Promise<CallReply> {
    return reply(await request('PUT', `/calls/${encodeURIComponent(call.key)}`, call.request));
  }
  async function settle(call: TestCall, hash: string): Promise<CallState> {
    const { tenant, run } = call.request;
    const query = new URLSearchParams({ tenant, run, hash, wait: '20s' }).toString();
    for (;;) {
      const response = await request('GET', `/calls/${encodeURIComponent(call.key)}?${query}`);
      // As the worker does where the gateway that had the call is gone.
      const { call: state } = response.status === 409 ? await put(call) : await reply(response);
      if (state.state !== 'pending') return state;
    }
  }
  return {
    ...{ url, database, lines, request, put, settle },
    async complete(call) {
      const { hash, call: state } = await put(call);
      return state.state === 'pending' ? await settle(call, hash) : state;
    },
    drain: () =>
      (drained ??= gateway.drain().then(async (finished) => {
        await database.end();
        return finished;
      })),
  };
}

/**
 * Asks again as a worker and its workflow do: after the pause that each is told. Answers the end and
 * every pause on the way.
 */
export async function insist(
  gateway: Pick<TestGateway, 'complete'>,
  call: TestCall,
): Promise<{ state: CallState; waits: (CallState & { state: 'wait' })[] }> {
  const waits: (CallState & { state: 'wait' })[] = [];
  for (;;) {
    const state = await gateway.complete(call);
    if (state.state === 'wait') waits.push(state);
    else if (state.state !== 'failed' || state.retryInMs === null) return { state, waits };
    const ms = state.state === 'wait' ? state.ms : (state.retryInMs ?? 0);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

export interface RunOptions {
  limitNano?: number;
  limitTokens?: number | null;
  limitCalls?: number | null;
}

/** A run in the ledger with its budget. Answers its id. */
export async function makeRun(database: Database, options: RunOptions = {}): Promise<string> {
  const run = await insertRun(database);
  const { limitNano = 1e12, limitTokens = null, limitCalls = null } = options;
  await ensureBudget(database, { tenant: 'default', run, id: 'run', limitNano, limitTokens, limitCalls });
  return run;
}

/** A call of an agent. Fields given take the place of those that any call has. */
export function makeCall(
  run: string,
  step: string,
  {
    request,
    policy,
    ...rest
  }: Partial<Omit<CallRequest, 'request' | 'policy'>> & {
    request?: Partial<CallRequest['request']>;
    policy?: Partial<CallRequest['policy']>;
  } = {},
): TestCall {
  return {
    key: `${run}/${step}/t1/m0/a0`,
    request: {
      ...{ tenant: 'default', run, temporalRun: 'temporal-1', path: step, agent: 'writer' },
      ...{ model: 'claude-sonnet-5-5', budgets: ['run'], allowUnpriced: false },
      ...rest,
      request: {
        system: 'You write.',
        messages: [{ role: 'user', text: `Write about ${step}.` }],
        maxOutputTokens: 100,
        minOutputTokens: 100,
        ...request,
      },
      policy: {
        ...{ timeoutMs: 20_000, maxRetries: 0, initialDelayMs: 20, multiplier: 1, maxDelayMs: 1000 },
        retryOn: [
          ...(['rate_limit', 'timeout', 'overloaded', 'server_error'] as const),
          ...(['connection', 'empty_response', 'invalid_response'] as const),
        ],
        rate: { key: `plan-of-${run}/writer`, perMinute: 1_000_000 },
        breaker: { failures: 100, cooldownMs: 60_000 },
        ...policy,
      },
    },
  };
}

export async function runBudget(database: Database, run: string): Promise<Budget> {
  const [budget] = await readBudgets(database, 'default', run);
  if (budget === undefined) throw new Error('The run has no budget.');
  return budget;
}

/** The run's events in order: type and data. */
export async function eventsOf(
  database: Database,
  run: string,
): Promise<{ seq: number; type: string; data: Record<string, unknown> }[]> {
  const { rows } = await database.query<{ seq: number; type: string; data: Buffer }>(
    'SELECT seq, type, data FROM run_events WHERE run = $1 ORDER BY seq',
    [run],
  );
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data.toString()) as Record<string, unknown> }));
}

export interface StoredCall {
  state: string;
  attempts: number;
  attempts_json: string;
  ambiguous: number;
  ambiguous_nano: number;
  wait_cause: string | null;
  waits: number;
  after_reset: boolean;
  cost_nano: number;
  output_tokens: number;
  fence: number;
  owner: string | null;
}

export async function storedCalls(database: Database, run: string): Promise<StoredCall[]> {
  const { rows } = await database.query<StoredCall>('SELECT * FROM calls WHERE run = $1 ORDER BY position', [
    run,
  ]);
  return rows;
}

/** Looks again and again until it is so. */
export async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`It never came to it that ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
