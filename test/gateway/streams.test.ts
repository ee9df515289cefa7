import { connect } from 'node:net';
import { once } from 'node:events';
import { testDatabase, type TestDatabase } from '../support/database';
import { internalKey, makeCall, makeRun, startGateway, until, type TestGateway } from './support/gateway';
import { message, startOddVendor, write, type OddVendor } from './support/odd-vendor';
import type { ServerResponse } from 'node:http';

// Live text of a run's calls.

let ledger: TestDatabase;
let odd: OddVendor;
let gateway: TestGateway;
const held: ServerResponse[] = [];

beforeAll(async () => {
  ledger = await testDatabase();
  odd = await startOddVendor();
  odd.answer = (response) => void held.push(response);
  gateway = await startGateway({ databaseUrl: ledger.url, vendorUrl: odd.url });
});

afterAll(async () => {
  await gateway.drain();
  await odd.close();
  await ledger.close();
});

function delta(text: string): { type: string; index: number; delta: { type: string; text: string } } {
  return { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } };
}

test('tells a run’s listeners its text as it comes, and nobody else’s', async () => {
  const run = await makeRun(ledger.database);
  const listen = (of: string): Promise<Response> =>
    fetch(`${gateway.url}/streams?tenant=default&run=${of}`, {
      headers: { authorization: `Bearer ${internalKey}` },
    });
  const [own, other] = [await listen(run), await listen('another-run')];
  const call = makeCall(run, 'draft');
  const { hash } = await gateway.put(call);
  await until('the call is at the vendor', () => held.length === 1);
  const response = held.pop() as ServerResponse;
  const events = message({ text: 'One ' });
  write(response, events.slice(0, 3));
  write(response, [delta('two\n'), ...events.slice(3)]);
  response.end();
  expect(await gateway.settle(call, hash)).toMatchObject({ state: 'done', text: 'One two\n' });
  const reader = (own.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  while (!text.includes('two')) text += Buffer.from((await reader.read()).value ?? []).toString();
  const told = [...text.matchAll(/^event: call\.delta\ndata: (.*)$/gm)].map(
    (match) => JSON.parse(match[1] ?? '') as unknown,
  );
  expect(told).toEqual([
    { runId: run, step: 'draft', call: call.key, text: 'One ' },
    { runId: run, step: 'draft', call: call.key, text: 'two\n' },
  ]);
  await reader.cancel();
  const first = await (other.body as ReadableStream<Uint8Array>).getReader().read();
  expect(Buffer.from(first.value ?? []).toString()).toBe(': ready\n\n');
});

test('cuts off a reader that does not read, and the call goes on', async () => {
  const run = await makeRun(ledger.database);
  const { port } = new URL(gateway.url);
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.pause();
  socket.write(
    `GET /streams?tenant=default&run=${run} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${internalKey}\r\n\r\n`,
  );
  let cut = false;
  socket.on('close', () => (cut = true));
  socket.on('error', () => undefined);
  const call = makeCall(run, 'draft');
  const { hash } = await gateway.put(call);
  await until('the call is at the vendor', () => held.length === 1);
  const response = held.pop() as ServerResponse;
  const events = message({ text: 'x' });
  write(response, events.slice(0, 3));
  for (let n = 0; n < 70; n++) write(response, [delta('x'.repeat(100_000))]);
  write(response, events.slice(3));
  response.end();
  expect(await gateway.settle(call, hash)).toMatchObject({ state: 'done' });
  socket.resume();
  await until('the reader is cut off', () => cut);
});
