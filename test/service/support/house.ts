import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Approval } from '../../../src/contract/approvals-api';
import type { Run, Step, StepDetail } from '../../../src/contract/api';
import { runEnds } from '../../../src/contract/workflow';
import type { LedgerKind } from '../../support/database';
import { during } from '../../support/during';
import { eventually } from '../../support/eventually';
import { projectFolder } from '../../support/part';
import { startService, type Service } from '../../support/service';
import { startSimulator, type TestSimulator } from '../../support/simulator';

export interface Waiting {
  run: Run;
  approval: Approval;
}

/** An event of a run, as far as tests look at it. */
export interface Told {
  seq: number;
  type: string;
  step: string | null;
  data: { status?: string; reason?: string; approval?: string };
}

/** The whole service in processes of its own, and at the far end a vendor that outlives it. */
export interface House {
  service: Service;
  vendor: TestSimulator;
  /** Starts a run that must be accepted; answers its id. */
  start(plan: unknown, input?: unknown, options?: unknown): Promise<string>;
  run(id: string): Promise<Run>;
  /** Waits for its end, by default a minute at most. */
  ended(id: string, withinMs?: number): Promise<Run>;
  waiting(id: string): Promise<Waiting>;
  decide(approval: string, decision: unknown): Promise<{ status: number; body: unknown }>;
  steps(id: string): Promise<Step[]>;
  step(id: string, path: string): Promise<StepDetail>;
  /** The events of a run that has ended, as a reader gets them who begins at the start. */
  events(id: string): Promise<Told[]>;
  /** The prompts that reached the vendor's models with these words in a message, and those in the system prompt. */
  asked(words: string, system?: string): Promise<string[]>;
  /** Goes on with another incarnation on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** What a run comes to stays as it is; to ask for it all the time takes the time of those who work on it. */
const unhurriedMs = 60;

/** A house whose calls go to a vendor with a key: nothing in it is the product's own simulation. */
export async function openHouse(
  options: { latencyMs?: number; env?: Record<string, string>; ledger?: LedgerKind } = {},
): Promise<House> {
  const vendor = await startSimulator({ latencyMs: options.latencyMs ?? 0 });
  const env = { ANTHROPIC_API_KEY: 'key-of-the-tests', ANTHROPIC_BASE_URL: vendor.url, ...options.env };
  const { ledger = 'server' } = options;
  let service = await startService({ env, ledger });

  const read = async <Body>(target: string): Promise<Body> => {
    const answer = await service.request('GET', target);
    if (answer.status !== 200)
      throw new Error(`GET ${target}: ${String(answer.status)} ${JSON.stringify(answer.body)}`);
    return answer.body as Body;
  };
  const run = (id: string) => read<Run>(`/v1/runs/${id}`);
  const isEnd = (status: string) => (runEnds as readonly string[]).includes(status);

  return {
    get service() {
      return service;
    },
    vendor,
    async start(plan, input = {}, runOptions) {
      const body = { plan, input, ...(runOptions === undefined ? {} : { options: runOptions }) };
      const answer = await service.request('POST', '/v1/runs', body);
      if (answer.status !== 201) throw new Error(`Not started: ${JSON.stringify(answer.body)}`);
      return (answer.body as Run).id;
    },
    run,
    ended: (id, withinMs = 60_000) =>
      eventually(
        `the run ${id} ends`,
        async () => {
          const now = await run(id);
          return isEnd(now.status) ? now : undefined;
        },
        withinMs,
        unhurriedMs,
      ),
    waiting: (id) =>
      eventually(
        `the run ${id} waits for a person`,
        async () => {
          const now = await run(id);
          const [approval] = now.approvals;
          if (isEnd(now.status)) throw new Error(`It ended: ${JSON.stringify(now.result)}`);
          return approval === undefined
            ? undefined
            : { run: now, approval: await read<Approval>(`/v1/approvals/${approval}`) };
        },
        60_000,
        unhurriedMs,
      ),
    decide: (approval, decision) => service.request('POST', `/v1/approvals/${approval}`, decision),
    steps: async (id) => (await read<{ items: Step[] }>(`/v1/runs/${id}/steps`)).items,
    step: (id, place) => read<StepDetail>(`/v1/runs/${id}/steps/${place}`),
    async events(id) {
      const { body } = await service.request('GET', `/v1/runs/${id}/events`);
      return String(body)
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => JSON.parse(line.slice('data: '.length)) as Told);
    },
    asked: async (words, system = '') =>
      (await vendor.ledger())
        .filter((call) => call.path === '/v1/messages' && call.system.includes(system))
        .map(({ messages }) => messages.map(({ text }) => text).join('\n'))
        // The ids of data blocks are chance, and may spell any short mark.
        .filter((prompt) => prompt.replaceAll(/ id="[^"]*"/g, '').includes(words)),
    async restart() {
      service = await startService({ env, ledger, dataDir: service.dataDir });
    },
    async close() {
      await service.close();
      await vendor.close();
    },
  };
}

/** A house that is open while the tests of a file run. */
export const useHouse = (options?: Parameters<typeof openHouse>[0]): House =>
  during(() => openHouse(options));

/** A plan of the examples. */
export function example(name: string): unknown {
  return parse(readFileSync(path.join(projectFolder, 'examples', name, 'plan.yaml'), 'utf8'));
}

/** A plan around a flow, with one agent `writer` and a cheap one `reader`. */
export function planOf(flow: unknown, rest: object = {}): object {
  return {
    name: 'trial',
    version: '1.0.0',
    agents: {
      writer: {
        model: 'claude-sonnet',
        instructions: 'You write.',
        retry: { initialDelay: '10ms', maxDelay: '10ms' },
        rateLimit: 100_000,
      },
      reader: {
        model: 'claude-haiku',
        instructions: 'You judge.',
        retry: { initialDelay: '10ms', maxDelay: '10ms' },
        rateLimit: 100_000,
      },
    },
    flow,
    ...rest,
  };
}

export const ask = (prompt: string, rest: object = {}) => ({
  type: 'agent',
  agent: 'writer',
  prompt,
  ...rest,
});
