import { publishVendors, readUsableVendors } from '../../src/ledger/vendors';
import { testDatabase, type TestDatabase } from '../support/database';
import { startPart, type Part } from '../support/part';
import {
  internalKey,
  makeCall,
  makeRun,
  runBudget,
  startGateway,
  storedCalls,
  until,
  type TestCall,
  type TestGateway,
} from './support/gateway';
import { throughHere } from './support/cut';
import { message, startOddVendor, stream, type OddVendor } from './support/odd-vendor';
import type { ServerResponse } from 'node:http';

// Several gateways on one ledger, and what becomes of calls when one of them dies, freezes or stops.

let ledger: TestDatabase;
let odd: OddVendor;

beforeAll(async () => {
  ledger = await testDatabase();
});

afterAll(async () => {
  await ledger.close();
});

beforeEach(async () => {
  odd = await startOddVendor();
});

const gateways: TestGateway[] = [];

// Without a vendor every flight lands, so that a test that failed in the middle leaves nothing behind.
afterEach(async () => {
  await odd.close();
  await Promise.all(gateways.splice(0).map((gateway) => gateway.drain()));
});

async function started(): Promise<TestGateway> {
  const gateway = await startGateway({ databaseUrl: ledger.url, vendorUrl: odd.url });
  gateways.push(gateway);
  return gateway;
}

const parts: Part[] = [];

afterEach(() => {
  // A test that failed in the middle must leave no process behind.
  for (const part of parts.splice(0)) part.child.kill('SIGKILL');
});

async function startProcess(): Promise<Part & { url: string }> {
  const part = await startPart('gateway/main', {
    env: { DATABASE_URL: ledger.url, FERMATA_INTERNAL_KEY: internalKey, SIMULATOR_URL: odd.url },
  });
  parts.push(part);
  if (part.url === undefined) throw new Error('The gateway says nothing of its address.');
  return { ...part, url: part.url };
}

async function putAt(url: string, call: TestCall, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${url}/calls/${encodeURIComponent(call.key)}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${internalKey}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(call.request),
  });
}

test('pays a call again only when its gateway was killed with it, and says so', async () => {
  let answered = 0;
  odd.answer = (response, { n }) => {
    if (n > 1) stream(response, message({ text: 'Again.', output: 7 }));
    else answered += 1;
  };
  const first = await startProcess();
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft');
  expect((await putAt(first.url, call)).status).toBe(200);
  await until('the call is at the vendor', () => answered === 1);
  first.child.kill('SIGKILL');
  const second = await started();
  const { hash, call: state } = await second.put(call);
  expect(state).toEqual({ state: 'pending', phase: 'sent' });
  expect(await second.settle(call, hash)).toMatchObject({
    state: 'done',
    text: 'Again.',
    ambiguous: 1,
    attempts: 2,
  });
  expect(odd.calls()).toBe(2);
  const [row] = await storedCalls(ledger.database, run);
  expect(row?.ambiguous_nano).toBeGreaterThan(0);
  expect(JSON.parse(row?.attempts_json ?? '[]')).toMatchObject([{ error: 'gateway_lost' }, { error: null }]);
  // What the lost attempt may have cost stays reserved, and it counts as a request.
  expect(await runBudget(ledger.database, run)).toMatchObject({
    used_calls: 2,
    reserved_calls: 0,
    used_nano: 10 * 2000 + 7 * 10_000,
    reserved_nano: row?.ambiguous_nano,
  });
  await second.drain();
}, 40_000);

test('holds an answer while the database is away, and never buys it again', async () => {
  const held: ServerResponse[] = [];
  odd.answer = (response) => void held.push(response);
  const way = await throughHere(ledger.url);
  const gateway = await startGateway({ databaseUrl: way.url, vendorUrl: odd.url });
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft');
  const { hash } = await gateway.put(call);
  await until('the call is at the vendor', () => held.length === 1);
  way.cut();
  stream(held[0] as ServerResponse, message({ text: 'Paid for.' }));
  const settled = gateway.settle(call, hash);
  const refused = await putAt(gateway.url, makeCall(run, 'other'));
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ code: 'database_unavailable', retryable: true });
  expect((await storedCalls(ledger.database, run))[0]).toMatchObject({ state: 'sent' });
  way.mend();
  expect(await settled).toMatchObject({ state: 'done', text: 'Paid for.', attempts: 1, ambiguous: 0 });
  expect(odd.calls()).toBe(1);
  await gateway.drain();
  await way.close();
});

test('joins a call that another gateway has', async () => {
  const held: ServerResponse[] = [];
  odd.answer = (response) => void held.push(response);
  const [first, second] = [await started(), await started()];
  const call = makeCall(await makeRun(ledger.database), 'draft');
  const one = first.complete(call);
  await until('it is at the vendor', () => held.length === 1);
  const { hash, call: joined } = await second.put(call);
  expect(joined).toEqual({ state: 'pending', phase: 'sent' });
  const two = second.settle(call, hash);
  stream(held[0] as ServerResponse, message({ text: 'For both.' }));
  expect(await one).toMatchObject({ state: 'done', text: 'For both.' });
  expect(await two).toEqual(await one);
  expect(odd.calls()).toBe(1);
  await Promise.all([first.drain(), second.drain()]);
});

test('lets a gateway that was frozen write nothing once another has its call', async () => {
  const held: ServerResponse[] = [];
  odd.answer = (response) => void held.push(response);
  const [frozen, other] = [await started(), await started()];
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft');
  const late = frozen.complete(call);
  await until('the first request is out', () => held.length === 1);
  await ledger.database.query(
    `UPDATE calls SET owner = 'frozen', lease_until = now() - interval '1 second' WHERE run = $1`,
    [run],
  );
  const done = other.complete(call);
  await until('the second request is out', () => held.length === 2);
  stream(held[0] as ServerResponse, message({ text: 'Too late.' }));
  stream(held[1] as ServerResponse, message({ text: 'In time.' }));
  expect(await done).toMatchObject({ state: 'done', text: 'In time.', ambiguous: 1 });
  expect(await late).toEqual(await done);
  expect((await storedCalls(ledger.database, run))[0]).toMatchObject({ attempts: 2, owner: null });
  await Promise.all([frozen.drain(), other.drain()]);
});

test('tells whoever asks for a call without an owner to put it again', async () => {
  odd.answer = () => undefined;
  const gateway = await started();
  const other = await started();
  const run = await makeRun(ledger.database);
  const call = makeCall(run, 'draft');
  const { hash } = await gateway.put(call);
  await until('it is sent', () => odd.calls() === 1);
  await ledger.database.query(
    `UPDATE calls SET owner = 'gone', lease_until = now() - interval '1 second' WHERE run = $1`,
    [run],
  );
  const path = `/calls/${encodeURIComponent(call.key)}?tenant=default&run=${run}&hash=${hash}&wait=5s`;
  const response = await other.request('GET', path);
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({ code: 'call_abandoned', retryable: true });
  await gateway.request('POST', '/cancel', { tenant: 'default', run });
  await Promise.all([gateway.drain(), other.drain()]);
});

test('finishes what is at the vendor when it is told to stop, takes nothing new, and gives the rest back', async () => {
  const held: ServerResponse[] = [];
  odd.answer = (response) => void held.push(response);
  const gateway = await started();
  const run = await makeRun(ledger.database, { limitCalls: 1 });
  const [sent, waiting] = [makeCall(run, 'sent'), makeCall(run, 'waiting')];
  const { hash } = await gateway.put(sent);
  await until('the first is at the vendor', () => held.length === 1);
  await gateway.put(waiting);
  await until('the second is in line', async () => {
    const { call } = await gateway.put(waiting);
    return call.state === 'pending' && call.phase === 'in_line';
  });
  const settled = gateway.settle(sent, hash);
  const drained = gateway.drain();
  await until(
    'it takes nothing new',
    async () => (await putAt(gateway.url, makeCall(run, 'new'))).status === 503,
  );
  stream(held[0] as ServerResponse, message({ text: 'Finished.' }));
  expect(await settled).toMatchObject({ state: 'done', text: 'Finished.' });
  expect(await drained).toBe(2);
  const rows = await storedCalls(ledger.database, run);
  expect(rows.map(({ state, owner }) => ({ state, owner }))).toEqual([
    { state: 'done', owner: null },
    { state: 'registered', owner: null },
  ]);
});

test('says how many calls it finished, and ends, on SIGTERM', async () => {
  const held: ServerResponse[] = [];
  odd.answer = (response) => void held.push(response);
  const part = await startProcess();
  const run = await makeRun(ledger.database);
  await putAt(part.url, makeCall(run, 'draft'));
  await until('the call is at the vendor', () => held.length === 1);
  const stopped = part.stop();
  setTimeout(() => {
    stream(held[0] as ServerResponse, message({ text: 'Finished.' }));
  }, 200);
  await stopped;
  expect(part.child.exitCode).toBe(0);
  expect(part.output()).toContain('"finished":1');
  expect((await storedCalls(ledger.database, run))[0]?.state).toBe('done');
});

test('makes the vendor’s request in the trace of whoever asked', async () => {
  const part = await startProcess();
  const trace = '0af7651916cd43dd8448eb211c80319c';
  await putAt(part.url, makeCall(await makeRun(ledger.database), 'draft'), {
    traceparent: `00-${trace}-b7ad6b7169203331-01`,
  });
  await until('the call is at the vendor', () => odd.calls() === 1);
  expect(odd.headers[0]?.['traceparent']).toContain(trace);
  await until('the call is in the metrics', async () => {
    const metrics = await fetch(`${part.url}/metrics`, {
      headers: { authorization: `Bearer ${internalKey}` },
    });
    return (await metrics.text()).includes('fermata_call_attempts_total{');
  });
  await part.stop();
});

test('publishes which vendors can be called, and forgets what is old', async () => {
  const real = await startGateway({ databaseUrl: ledger.url, vendorUrl: odd.url, simulated: false });
  await until(
    'it has published',
    async () => (await readUsableVendors(ledger.database)).vendors.length === 1,
  );
  expect(await readUsableVendors(ledger.database)).toEqual({ simulated: false, vendors: ['anthropic'] });
  const foreign = makeCall(await makeRun(ledger.database), 'a', { model: 'gpt-4o' });
  expect(await real.complete(foreign)).toMatchObject({
    ...{ state: 'failed', fault: 'not_found', retryInMs: null },
    message: 'No key is set for openai, the vendor of the model gpt-4o.',
  });
  await real.drain();
  const simulated = await started();
  await until('it has published', async () => (await readUsableVendors(ledger.database)).simulated);
  expect((await readUsableVendors(ledger.database)).vendors).toEqual(['anthropic', 'gemini', 'openai']);
  await simulated.drain();
  await ledger.database.query(`UPDATE vendors SET published_at = now() - interval '5 minutes'`);
  expect(await readUsableVendors(ledger.database)).toEqual({ simulated: false, vendors: [] });
  await publishVendors(ledger.database, [{ vendor: 'anthropic', usable: true, simulated: false }]);
  expect((await readUsableVendors(ledger.database)).vendors).toEqual(['anthropic']);
});
