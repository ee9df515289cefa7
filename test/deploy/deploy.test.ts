import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Run } from '../../src/contract/api';
import { ask, openHouse, planOf, type House } from '../service/support/house';
import { useTemporal } from '../service/support/temporal';
import { replay } from '../replay/support/command';
import { eventually } from '../support/eventually';
import { projectFolder } from '../support/part';
import { changedBundle, type Change } from './support/changed-bundle';

// The worker runs the workflow code of a file. A deploy puts another one in its place and stops the
// worker, which is started again; everything else of the service goes on.
const deployed = path.join(mkdtempSync(path.join(tmpdir(), 'fermata-deploy-')), 'bundle.js');
const original = path.join(projectFolder, 'dist', 'workflow-bundle.js');

const sequence = 'patterns/sequence.ts';
const beforeEachStep = '    const outcome = await scope.run(';
const importing = (names: string): Change => ({
  file: sequence,
  from: 'export async function sequence(',
  to: `import { ${names} } from '@temporalio/workflow';\nexport async function sequence(`,
});
const insert = (code: string): Change => ({
  file: sequence,
  from: beforeEachStep,
  to: `    ${code}\n${beforeEachStep}`,
});
const compatible = [importing('log'), insert("log.info('a step of the sequence begins', { place });")];
const patchedOne = [
  importing('patched, sleep'),
  insert("if (patched('a-pause-before-each-step')) await sleep(1);"),
];
const unpatched = [importing('sleep'), insert('await sleep(1);')];

let house: House;
let bundles: { compatible: string; patched: string; unpatched: string };

const temporal = useTemporal();
beforeAll(async () => {
  bundles = {
    compatible: await changedBundle('compatible', compatible),
    patched: await changedBundle('patched', patchedOne),
    unpatched: await changedBundle('unpatched', unpatched),
  };
  copyFileSync(original, deployed);
  house = await openHouse({ latencyMs: 1500, env: { FERMATA_WORKFLOW_BUNDLE: deployed } });
}, 180_000);
afterAll(async () => {
  await house.close();
  for (const bundle of [deployed, ...Object.values(bundles)])
    rmSync(path.dirname(bundle), { recursive: true, force: true });
}, 60_000);

// Each deploy takes longer than the one before: the service is in no hurry to start again what ended a moment ago.
/** Replaces the worker by one with this workflow code; `between` happens while there is none. */
async function deploy(bundle: string, between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  copyFileSync(bundle, `${deployed}.next`);
  renameSync(`${deployed}.next`, deployed);
  const former = house.service.pid('worker');
  process.kill(former, 'SIGTERM');
  await eventually('the former worker has ended', () => !isAlive(former) || undefined);
  await between();
  await eventually(
    'the next worker works',
    async () => {
      if (house.service.pid('worker') === former) return undefined;
      return (await house.service.request('GET', '/readyz')).status === 200 || undefined;
    },
    60_000,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const signOff = { id: 'sign-off', type: 'approval', title: 'Good?' };
const prompt = (number: number): string => `Part ${number} of {{ input.name }}.`;
const chain = planOf({
  type: 'sequence',
  steps: [1, 2, 3].map((number) => ({ id: `part-${number}`, ...ask(prompt(number)) })),
});
const signed = planOf({
  type: 'sequence',
  steps: [{ id: 'text', ...ask(prompt(1)) }, signOff, { id: 'end', ...ask(prompt(2)) }],
});

interface Open {
  name: string;
  id: string;
  /** Where it stands when the deploy comes. */
  at: 'approval' | 'between' | 'call';
  /** What it waits for, if anything. */
  approval: string;
  calls: number;
}

async function start(title: string, kind: { at: Open['at']; plan: object; calls: number }, count: number) {
  return await Promise.all(
    Array.from({ length: count }, async (_, index): Promise<Open> => {
      const name = `${title}-${kind.at}-${index}`;
      return {
        name,
        at: kind.at,
        calls: kind.calls,
        approval: '',
        id: await house.start(kind.plan, { name }),
      };
    }),
  );
}

/** Runs that wait for a person when it returns; those `between` are decided while there is no worker. */
async function startWaiting(title: string, counts: { approval: number; between: number }): Promise<Open[]> {
  const runs = [
    ...(await start(title, { at: 'approval', plan: signed, calls: 2 }, counts.approval)),
    ...(await start(title, { at: 'between', plan: signed, calls: 2 }, counts.between)),
  ];
  for (const run of runs) run.approval = (await house.waiting(run.id)).approval.id;
  return runs;
}

/** Runs that are in a call of a model when it returns. */
async function startCalling(title: string, count: number): Promise<Open[]> {
  const runs = await start(title, { at: 'call', plan: chain, calls: 3 }, count);
  await eventually('every call is at the vendor', async () => {
    const asked = await requests();
    return runs.every(({ name }) => (asked.get(name) ?? 0) > 0) || undefined;
  });
  return runs;
}

/** How many requests the vendor has had for each name. */
async function requests(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { messages } of await house.vendor.ledger()) {
    const name = /Part \d of ([\w-]+)\./.exec(messages[0]?.text ?? '')?.[1] ?? '';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const standing = (runs: Open[], at: Open['at']): Open[] => runs.filter((run) => run.at === at);

async function decide({ approval }: Open): Promise<{ status: number; body: unknown }> {
  const headers = { 'idempotency-key': approval };
  return await house.service.request('POST', `/v1/approvals/${approval}`, { decision: 'approve' }, headers);
}

/** Decides as a client does that asks again, with the same key, until it knows that its decision counts. */
async function approve(runs: Open[]): Promise<void> {
  for (const run of runs)
    await eventually(
      `the decision on ${run.id} counts`,
      async () => {
        const { status, body } = await decide(run);
        // A worker that catches up with all runs at once may take a decision and answer too late.
        if (status === 503) return undefined;
        if (status === 409) expect(body).toMatchObject({ decision: { by: 'admin', decision: 'approve' } });
        else expect(status).toBe(200);
        return true;
      },
      60_000,
    );
}

/** Decides as Temporal's own tools do, which need no worker: the decision lies there until one comes. */
async function signal(runs: Open[]): Promise<void> {
  for (const { id, approval } of runs)
    await temporal.client.workflow.getHandle(id).signal('decide', { approval, decision: 'approve' });
}

async function expectAllComplete(runs: Open[]): Promise<void> {
  const ends = new Map<string, Run['status']>();
  for (const { id, name } of runs) ends.set(name, (await house.ended(id)).status);
  expect(ends).toEqual(new Map(runs.map(({ name }) => [name, 'completed'])));
  const asked = await requests();
  expect(new Map(runs.map(({ name }) => [name, asked.get(name)]))).toEqual(
    new Map(runs.map(({ name, calls }) => [name, calls])),
  );
}

const replayOpen = (bundle: string) =>
  replay(['--bundle', bundle, '--from', house.service.url], { FERMATA_API_KEY: house.service.key });

test.each(['compatible', 'patched'] as const)(
  'a deploy of %s workflow code changes nothing for 50 open runs, wherever they stand',
  async (kind) => {
    const runs = [
      ...(await startWaiting(kind, { approval: 20, between: 10 })),
      ...(await startCalling(kind, 20)),
    ];
    await deploy(bundles[kind], () => signal(standing(runs, 'between')));
    await approve(standing(runs, 'approval'));
    await expectAllComplete(runs);
  },
  180_000,
);

test('a deploy of incompatible workflow code is refused by the replay; done nevertheless, runs stall, and a rollback heals them', async () => {
  await deploy(original);
  const waiting = await startWaiting('unpatched', { approval: 4, between: 4 });
  expect((await replayOpen(bundles.patched)).code).toBe(0);
  const refused = await replayOpen(bundles.unpatched);
  expect(refused.code).toBe(1);
  for (const { id } of waiting)
    expect(refused.lines.filter((line) => line.includes(id))).toEqual([
      expect.stringMatching(/^diverged +run \w+: event \d+ is .*this code asks for a timer\.$/),
    ]);

  const runs = [...waiting, ...(await startCalling('unpatched', 4))];
  await deploy(bundles.unpatched, () => signal(standing(runs, 'between')));
  for (const { id } of standing(runs, 'call')) {
    const stalled = await eventually(
      `the run ${id} is said to stall`,
      async () => {
        const run = await house.run(id);
        return run.status === 'stalled' ? run : undefined;
      },
      90_000,
    );
    expect(stalled.statusReason).toMatch('Nondeterminism');
  }
  // Nobody has woken those that wait for a person; whoever decides now is told that it didn't count.
  for (const { id } of runs) expect((await house.run(id)).result).toBeNull();
  for (const asked of standing(runs, 'approval').slice(0, 1)) expect((await decide(asked)).status).toBe(503);

  await deploy(original);
  await approve(standing(runs, 'approval'));
  await expectAllComplete(runs);
}, 300_000);
