import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSimulator, type Simulator } from '../../src/simulator/app';
import type { LedgerLine } from '../../src/simulator/record';
import { readLedger } from '../../chaos/vendor';
import { eventually } from '../support/eventually';

let folder: string;
let file: string;
let simulator: Simulator;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'fermata-ledger-'));
  file = path.join(folder, 'ledger.jsonl');
  simulator = createSimulator({ latencyMs: 200, controlKey: null, knows: () => true, ledgerFile: file });
  url = await simulator.listen(0);
});
afterEach(async () => {
  await simulator.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (text: string, signal?: AbortSignal) =>
  fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': 'key', 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'm',
      max_tokens: 500,
      stream: true,
      messages: [{ role: 'user', content: text }],
    }),
    ...(signal === undefined ? {} : { signal }),
  });
const events = () =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LedgerLine);

test('writes down what reaches it, what became of it, and what it cost', async () => {
  const answer = await (await ask('Two words. Call m-1/a.')).text();
  await eventually('its end is written', () => events().length === 4 || undefined);
  expect(events().map(({ event }) => event)).toEqual(['received', 'first_byte', 'completed', 'closed']);
  const usage = /"message_delta".*"output_tokens":(\d+)/.exec(answer)?.[1];
  expect(readLedger(file)).toMatchObject([
    { logical: 'm-1/a', completed: true, closed: true, outputTokens: Number(usage) },
  ]);
});

test('says of an answer that nobody waited for how far it had come', async () => {
  const leaving = new AbortController();
  const response = await ask('A long one. Call m-1/b.', leaving.signal);
  await response.body?.getReader().read();
  leaving.abort();
  await eventually('its end is written', () => readLedger(file)[0]?.closed);
  expect(events().at(-1)).toMatchObject({ event: 'closed', closedByClient: true, status: 200 });
  expect(readLedger(file)).toMatchObject([{ logical: 'm-1/b', completed: false, closed: true }]);
});
