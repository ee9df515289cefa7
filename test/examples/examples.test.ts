import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import type { Estimate } from '../../src/contract/advice-api';
import { printedBy } from '../../src/reference/example-blocks';
import { eventually } from '../support/eventually';
import { projectFolder } from '../support/part';
import { startService, type Service } from '../support/service';
import { simulatorAt } from '../support/simulator';

interface Run {
  id: string;
  status: string;
  approvals: string[];
  simulated: boolean;
  result: { output: unknown; incomplete: { step: string; code: string }[]; error: unknown } | null;
  usage: { modelCalls: number; costUsd: number };
}

let service: Service;
beforeAll(async () => {
  service = await startService({ env: { SIMULATOR_LATENCY_MS: '0' }, ledger: 'embedded' });
}, 120_000);
afterAll(() => service.close(), 60_000);

const examples = path.join(projectFolder, 'examples');
const read = (folder: string, file: string) => readFileSync(path.join(examples, folder, file), 'utf8');
const open = ['queued', 'running', 'waiting', 'stalled'];

interface Started {
  id: string;
  estimated: Estimate;
  callsBefore: number;
}

async function start(folder: string, more: object = {}): Promise<Started> {
  const callsBefore = (await simulatorAt(service.simulatorUrl, service.internalKey).totals()).calls;
  const input = { ...(JSON.parse(read(folder, 'input.json')) as object), ...more };
  const body = { plan: parse(read(folder, 'plan.yaml')) as unknown, input };
  const estimated = (await service.request('POST', '/v1/runs/estimate', body)).body as Estimate;
  const started = await service.request('POST', '/v1/runs', body);
  expect(started).toMatchObject({ status: 201 });
  return { id: (started.body as Run).id, estimated, callsBefore };
}

interface Finished {
  run: Run;
  decided: number;
  calls: number;
}

/** Runs an example to its end and decides whatever waits for a person; approves it, if not told otherwise. */
async function finished(
  folder: string,
  decision: { decision: string; content?: unknown } = { decision: 'approve' },
): Promise<Finished> {
  const end = await ended(await start(folder), decision);
  expectAsPrinted(folder, end.run);
  return end;
}

/** What the README says a run printed is what this one came to, but for times and money. */
function expectAsPrinted(folder: string, { status, usage }: Run): void {
  const { output } = printedBy(read(folder, 'README.md'));
  const [, printed, calls] = /^[✓◐] (\w+) · (\d+) calls? · /mu.exec(output) ?? [];
  if (folder !== 'workspace') expect([printed, calls]).toEqual([status, String(usage.modelCalls)]);
}

async function ended(
  { id, estimated, callsBefore }: Started,
  decision: { decision: string; content?: unknown } = { decision: 'approve' },
): Promise<Finished> {
  const vendor = simulatorAt(service.simulatorUrl, service.internalKey);
  for (let decided = 0; ;) {
    const run = (await service.request('GET', `/v1/runs/${id}`)).body as Run;
    if (!open.includes(run.status)) {
      expectWithin(estimated.modelCalls, run.usage.modelCalls);
      expectWithin(estimated.costUsd, run.usage.costUsd);
      return { run, decided, calls: (await vendor.totals()).calls - callsBefore };
    }
    for (const approval of run.approvals) {
      const answer = await service.request('POST', `/v1/approvals/${approval}`, decision);
      expect(answer).toMatchObject({ status: 200 });
      decided++;
    }
    await sleep(50);
  }
}

/** What was estimated before the start holds for the run itself. */
function expectWithin({ min, expected, max }: Estimate['costUsd'], used: number): void {
  expect(used).toBeGreaterThanOrEqual(min);
  expect(used).toBeLessThanOrEqual(max);
  expect(expected).toBeGreaterThanOrEqual(min);
  expect(expected).toBeLessThanOrEqual(max);
}

describe('each example runs as its README says', () => {
  test('content-production: three researchers, a brief, a review and a sign-off', async () => {
    const { run, decided, calls } = await finished('content-production');
    expect(run).toMatchObject({ status: 'completed', simulated: true, usage: { modelCalls: 5 } });
    expect({ decided, calls }).toEqual({ decided: 1, calls: 5 });
    expect(run.result?.output).toContain('heat pumps');
    expect(run.usage.costUsd).toBeGreaterThan(0);
    expect(run.usage.costUsd).toBeLessThan(0.2);
    const models = (await simulatorAt(service.simulatorUrl, service.internalKey).ledger()).map(
      ({ model }) => model,
    );
    expect(models.filter((model) => model.startsWith('claude-haiku'))).toHaveLength(1);
  }, 60_000);

  test('sequence: a step is skipped where its condition does not hold', async () => {
    const { run, decided, calls } = await finished('sequence');
    expect(run).toMatchObject({ status: 'completed', result: { incomplete: [], error: null } });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 3 });
    expect(run.result?.output).toContain('Retry failed uploads');
    const { body } = await service.request('GET', `/v1/runs/${run.id}/steps/missing-test`);
    expect(body).toMatchObject({ status: 'skipped', output: null });
  }, 60_000);

  test('workspace: four agents write one document together', async () => {
    const { run, calls } = await finished('workspace');
    expect(run).toMatchObject({ status: 'completed', result: { incomplete: [] } });
    expect(calls).toBe(4);
    const sections = ['timeline', 'findings.cause', 'findings.impact', 'actions'];
    expect(Object.keys(run.result?.output as object)).toEqual(sections);
  }, 60_000);

  test('parallel: what cannot be read is a named hole and not the end of the rest', async () => {
    const { run, decided, calls } = await finished('parallel');
    expect(run).toMatchObject({
      status: 'partial',
      result: { incomplete: [{ step: 'profiles.2', code: 'branch_failed' }], error: null },
    });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 4 });
    const { body } = await service.request('GET', `/v1/runs/${run.id}/steps/profiles`);
    expect((body as { output: unknown[] }).output[2]).toBe('data unavailable');
  }, 60_000);

  test('review: what the reviewer finds is mended before the text goes on', async () => {
    const { run, decided, calls } = await finished('review');
    expect(run).toMatchObject({ status: 'completed' });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 3 });
    expect(run.result?.output).toContain('Ledgerline 4.2');
    expect(run.result?.output).not.toContain('TBD');
  }, 60_000);

  test('plan: each clause is reviewed by a plan of its own', async () => {
    const clause = parse(read('plan', 'clause.yaml')) as unknown;
    expect((await service.request('POST', '/v1/plans', clause)).status).toBe(201);
    const { run, decided, calls } = await finished('plan');
    expect(run).toMatchObject({ status: 'completed', result: { incomplete: [], error: null } });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 7 });
    const { body } = await service.request('GET', `/v1/runs/${run.id}/steps/clauses.1.flow.verdict`);
    expect(body).toMatchObject({ status: 'completed', agent: 'lawyer' });
  }, 60_000);

  test('router: the message goes to the one who can answer it', async () => {
    const { run, decided, calls } = await finished('router');
    expect(run).toMatchObject({
      status: 'completed',
      result: { decisions: [{ step: 'classifier', kind: 'classifier', decision: { route: 'billing' } }] },
    });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 2 });
    expect(run.result?.output).toContain('refund');
  }, 60_000);

  test('refine: a description is scored, mended by its feedback and scored again', async () => {
    const { run, decided, calls } = await finished('refine');
    expect(run).toMatchObject({ status: 'completed', result: { incomplete: [], error: null } });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 4 });
    expect(run.result?.output).toContain('IPX6');
  }, 60_000);

  test('debate: three readers answer twice, and a judge reconciles them', async () => {
    const { run, decided, calls } = await finished('debate');
    expect(run).toMatchObject({ status: 'completed', result: { incomplete: [], error: null } });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 7 });
  }, 60_000);

  test('approval: the wording that was signed off comes out, word for word', async () => {
    const content = 'The supplier is liable for lost data up to the fees of one year.';
    const { run, decided, calls } = await finished('approval', { decision: 'edit', content });
    expect(run).toMatchObject({
      status: 'completed',
      result: { output: { subject: 'liability for data loss', clause: content } },
    });
    expect({ decided, calls }).toEqual({ decided: 1, calls: 1 });
  }, 60_000);

  test('question: the fact that was asked for stands in the notice', async () => {
    const answer = { at: '09:40 UTC', customers: 1200 };
    const { run, decided, calls } = await finished('question', { decision: 'answer', content: answer });
    expect(run).toMatchObject({ status: 'completed', result: { incomplete: [], error: null } });
    expect({ decided, calls }).toEqual({ decided: 1, calls: 1 });
    const { body } = await service.request('GET', `/v1/runs/${run.id}/steps/restored`);
    expect(body).toMatchObject({ status: 'completed', output: answer });
  }, 60_000);

  test('supervisor: three workers are given their parts, and an editor puts them together', async () => {
    const { run, decided, calls } = await finished('supervisor');
    expect(run).toMatchObject({ status: 'completed', result: { incomplete: [], error: null } });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 6 });
    for (const path of ['work.a1.1', 'work.a2.1', 'work.a3.1', 'work.final']) {
      const { body } = await service.request('GET', `/v1/runs/${run.id}/steps/${path}`);
      expect(body).toMatchObject({ status: 'completed' });
    }
  }, 60_000);

  test('hierarchy: two teams report, each in a child workflow, and an editor puts the reports together', async () => {
    const { run, decided, calls } = await finished('hierarchy');
    expect(run).toMatchObject({ status: 'completed', result: { incomplete: [], error: null } });
    expect({ decided, calls }).toEqual({ decided: 0, calls: 11 });
    for (const path of ['a1.1.a1.1', 'a2.1.a2.1', 'final']) {
      const { body } = await service.request('GET', `/v1/runs/${run.id}/steps/${path}`);
      expect(body).toMatchObject({ status: 'completed' });
    }
  }, 60_000);

  test('choice: what no case fits is put before a person, and what needs nobody costs nothing', async () => {
    expect(await finished('choice')).toMatchObject({ run: { status: 'completed' }, decided: 0, calls: 1 });
    const coffee = await ended(await start('choice', { amountUsd: 12 }));
    expect(coffee).toMatchObject({ run: { result: { output: { decision: 'paid' } } }, decided: 0, calls: 0 });
    const unproven = await ended(await start('choice', { amountUsd: 12, receipts: 0 }));
    expect(unproven).toMatchObject({ run: { status: 'completed' }, decided: 1, calls: 0 });
  }, 60_000);

  test('wait and emit: the run that announces a payment wakes the one that waits for it', async () => {
    const waiting = await start('wait');
    const emitted = await finished('emit');
    expect(emitted.run).toMatchObject({ status: 'completed', usage: { modelCalls: 1 } });
    const { run } = await ended(waiting);
    expectAsPrinted('wait', run);
    expect(run).toMatchObject({ status: 'completed', usage: { modelCalls: 2 } });
    const { body } = await service.request('GET', `/v1/runs/${run.id}/steps/payment`);
    const source = { source: '/plans/bank-statement', subject: emitted.run.id };
    expect((body as { output: unknown }).output).toMatchObject({ ...source, data: { order: 'A-1042' } });
  }, 60_000);

  test('events: what happens during a shift is dealt with as it comes, until the shift ends', async () => {
    const started = await start('events');
    await eventually('the shift has begun', async () => {
      const { body } = await service.request('GET', `/v1/runs/${started.id}`);
      return (body as { statusReason: string | null }).statusReason === 'event';
    });
    const happens = async (type: string, data: object) => {
      const event = { specversion: '1.0', id: `${started.id} ${type}`, source: '/shop', type, data };
      const { body } = await service.request('POST', '/v1/events', event);
      expect(body).toMatchObject({ woken: [{ run: started.id, step: 'root' }] });
    };
    await happens('order.placed', { order: 'A-1042', goods: 'a saddle' });
    await happens('parcel.returned', { order: 'A-1017', reason: 'the lamp was broken' });
    await happens('shift.ended', {});
    const { run, calls } = await ended(started);
    expect(run).toMatchObject({ status: 'completed', result: { output: { handled: 2, failed: 0 } } });
    expect(calls).toBe(2);
    const { body } = await service.request('GET', `/v1/runs/${run.id}/steps/2.apology`);
    expect(body).toMatchObject({ status: 'completed' });
  }, 60_000);

  test('and what was seen of a plan is what is expected of its next run', async () => {
    const plan = parse(read('content-production', 'plan.yaml')) as unknown;
    const input = JSON.parse(read('content-production', 'input.json')) as unknown;
    const { body } = await service.request('POST', '/v1/runs/estimate', { plan, input });
    expect(body).toMatchObject({ pastRuns: 1, modelCalls: { min: 3, expected: 5 } });
  }, 60_000);

  test('and there is no example that is not run here', () => {
    expect(readdirSync(examples).sort()).toEqual([
      'approval',
      'choice',
      'content-production',
      'debate',
      'emit',
      'events',
      'hierarchy',
      'parallel',
      'plan',
      'question',
      'refine',
      'review',
      'router',
      'sequence',
      'supervisor',
      'wait',
      'workspace',
    ]);
    for (const folder of readdirSync(examples))
      expect(readdirSync(path.join(examples, folder)).filter((file) => file !== 'clause.yaml')).toEqual([
        'README.md',
        'input.json',
        'plan.yaml',
      ]);
  });
});
