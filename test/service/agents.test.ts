import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { RegisteredAgent } from '../../src/contract/agents-api';
import { projectFolder } from '../support/part';
import { ask, planOf, useHouse } from './support/house';

const house = useHouse();

const stored = async (name: string, version: string, flow: object, description: string) => {
  const { agents } = planOf(flow) as { agents: { [name: string]: object } };
  const writer = {
    ...agents['writer'],
    description,
    skills: ['prose'],
    model: ['claude-sonnet', 'claude-haiku'],
  };
  const plan = planOf(flow, { name, version, agents: { ...agents, writer } });
  expect((await house.service.request('POST', '/v1/plans', plan)).status).toBe(201);
};
const agents = async (query = '') =>
  (await house.service.request('GET', `/v1/agents${query}`)).body as {
    items: RegisteredAgent[];
    nextCursor: string | null;
  };

test('lists the agents of live plans, with what has been used of each', async () => {
  const flow = { type: 'sequence', steps: [ask('Say a.'), ask('Say b.', { onFailure: 'skip' })] };
  await stored('letters', '1.0.0', flow, 'old');
  await stored('letters', '1.1.0', flow, 'Writes letters.');
  await stored('essays', '1.0.0', flow, 'Writes essays.');
  await house.vendor.script({ match: 'Say b.', times: 2, then: { type: 'error', status: 400 } });
  const run = await house.ended(await house.start('letters'));
  const { items, nextCursor } = await agents();
  expect(nextCursor).toBeNull();
  expect(items.map(({ plan, name }) => `${plan.name}@${plan.version} ${name}`)).toEqual([
    'essays@1.0.0 reader',
    'essays@1.0.0 writer',
    'letters@1.1.0 reader',
    'letters@1.1.0 writer',
  ]);
  expect(items[1]?.figures).toMatchObject({ runs: 0, calls: 0, costUsd: 0, successRate: null });
  const { inputTokens, outputTokens, costUsd, modelCalls } = run.usage;
  expect(items[3]).toMatchObject({
    ...{ description: 'Writes letters.', skills: ['prose'], models: ['claude-sonnet', 'claude-haiku'] },
    select: [],
    figures: { runs: 1, calls: modelCalls, inputTokens, outputTokens, costUsd, successRate: 1 / 3 },
  });
}, 60_000);

test('lists them page by page, and on the command line', async () => {
  const first = await agents('?limit=3');
  const second = await agents(`?limit=3&cursor=${first.nextCursor ?? ''}`);
  expect([first.items.length, second.items.length, second.nextCursor]).toEqual([3, 1, null]);
  const { url, key } = house.service;
  const { stdout } = await promisify(execFile)(
    'node',
    [path.join(projectFolder, 'bin', 'fermata.js'), 'agents'],
    {
      env: { ...process.env, FERMATA_URL: url, FERMATA_API_KEY: key },
    },
  );
  expect(stdout).toMatch(/writer\s+letters@1\.1\.0\s+claude-sonnet, claude-haiku\s+3 calls/);
}, 60_000);
