import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { RunEvent } from '../../src/contract/api';
import { limits } from '../../src/contract/limits';
import { toValue } from '../../src/ledger/values';
import { eventually } from '../support/eventually';
import { bearer, internalKey, smallPlan, testApi, type TestApi } from './api';
import { ledgerRows } from './ledger-rows';

let api: TestApi;
let key: string;
let url: string;
/** Stands where a gateway would: says live text and takes cancels. */
let gateway: Server;
const live = new Set<ServerResponse>();
const asked: string[] = [];
const sockets = new Set<Socket>();

beforeAll(async () => {
  gateway = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''} ${request.headers.authorization ?? ''}`);
    if (request.url?.startsWith('/streams') !== true) {
      response.end('{}');
      return;
    }
    live.add(response.writeHead(200, { 'content-type': 'text/event-stream' }));
    response.on('close', () => live.delete(response)).write(': ready\n\n');
  }).listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  const { port } = gateway.address() as AddressInfo;
  api = await testApi({ gatewayUrls: [`http://127.0.0.1:${String(port)}`] });
  key = await api.key();
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  api.app.server.on('connection', (socket) => sockets.add(socket));
});
afterAll(async () => {
  await api.close();
  gateway.closeAllConnections();
  gateway.close();
});

async function newRun(): Promise<{ id: string } & ReturnType<typeof ledgerRows>> {
  const response = await api.app.inject({
    method: 'POST',
    url: '/v1/runs',
    headers: bearer(key),
    payload: { plan: smallPlan },
  });
  const { id } = response.json<{ id: string }>();
  return { id, ...ledgerRows(api.ledger.database, id) };
}

interface Reader {
  status: number;
  events: RunEvent[];
  ids: string[];
  ended: Promise<void>;
  cut(): void;
}

async function read(run: string, headers: Record<string, string> = {}): Promise<Reader> {
  const cutter = new AbortController();
  const response = await fetch(`${url}/v1/runs/${run}/events`, {
    headers: { ...bearer(key), accept: '*/*', ...headers },
    signal: cutter.signal,
  });
  const reader: Reader = {
    status: response.status,
    events: [],
    ids: [],
    ended: Promise.resolve(),
    cut: () => {
      cutter.abort();
    },
  };
  const body = response.body;
  if (response.status === 200 && body !== null) reader.ended = take(body, reader).catch(() => undefined);
  return reader;
}

async function take(body: ReadableStream<Uint8Array>, reader: Reader): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const [data, id] = [field('data'), field('id')];
      if (data !== undefined) reader.events.push(JSON.parse(data) as RunEvent);
      if (id !== undefined) reader.ids.push(id);
    }
  }
}

const numbers = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, index) => String(from + index));
const some = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ type: 'step.started', step: `s${String(n)}` }));

describe('GET /v1/runs/{id}/events', () => {
  it('begins with the first event, goes on live and ends after run.finished', async () => {
    const run = await newRun();
    await run.events({ type: 'run.started', data: { plan: { name: 'small', version: '1.0.0' } } });
    const reader = await read(run.id);
    await eventually('the first event', () => reader.events.length === 1 || undefined);
    await run.events(
      { type: 'step.started', step: 'a' },
      { type: 'run.finished', data: { output: { inline: 'done' } } },
    );
    await reader.ended;
    expect(reader.events[0]).toMatchObject({ seq: 1, type: 'run.started', runId: run.id, step: null });
    expect(reader.events.map(({ type }) => type)).toEqual(['run.started', 'step.started', 'run.finished']);
    expect(reader.events[2]?.data).toEqual({ output: 'done' });
    expect(reader.ids).toEqual(['1', '2', '3']);
  });

  it('goes on after Last-Event-ID without loss or repeat, wherever it was cut and after the end too', async () => {
    const run = await newRun();
    const first = await read(run.id);
    await run.events(...some(5));
    await eventually('some events', () => first.ids.length >= 3 || undefined);
    first.cut();
    await first.ended;
    const second = await read(run.id, { 'last-event-id': first.ids.at(-1) ?? '' });
    await run.events(...some(limits.eventPageSize + 50), { type: 'run.finished' });
    await second.ended;
    const total = 5 + limits.eventPageSize + 50 + 1;
    expect([...first.ids, ...second.ids]).toEqual(numbers(total));

    const late = await read(run.id, { 'last-event-id': '200' });
    await late.ended;
    expect(late.ids).toEqual(numbers(total - 200, 201));
    const done = await read(run.id, { 'last-event-id': String(total) });
    await done.ended;
    expect([done.status, done.ids]).toEqual([200, []]);
  });

  it('refuses an event that it does not know as gone', async () => {
    const run = await newRun();
    for (const id of ['1', '999', 'x', '-1', '1.0']) {
      const response = await api.app.inject({
        url: `/v1/runs/${run.id}/events`,
        headers: { ...bearer(key), 'last-event-id': id },
      });
      expect(response.json()).toMatchObject({ status: 410, code: 'event_cursor_expired' });
    }
  });

  it('goes on where a reset opens the run again after its end', async () => {
    const run = await newRun();
    const reader = await read(run.id);
    await api.ledger.database.query(
      `WITH next AS (UPDATE runs SET last_seq = last_seq + 2 WHERE id = $1)
       INSERT INTO run_events (tenant, run, seq, type, at, data) VALUES
         ('default', $1, 1, 'run.finished', now(), '{}'),
         ('default', $1, 2, 'run.status', now(), convert_to('{"status":"running","reason":"reset"}', 'UTF8'))`,
      [run.id],
    );
    await eventually('the reset', () => reader.events.length === 2 || undefined);
    await run.events({ type: 'run.finished' });
    await reader.ended;
    expect(reader.ids).toEqual(['1', '2', '3']);
  });

  it('hands on live text, which has no number, to every reader over one connection to the gateway', async () => {
    const run = await newRun();
    const readers = [await read(run.id), await read(run.id)];
    const stream = await eventually('the gateway is asked', () => [...live][0]);
    stream.write(
      `event: call.delta\ndata: ${JSON.stringify({ runId: run.id, step: 'a', call: 'k', text: 'Hel' })}\n\n`,
    );
    for (const reader of readers)
      await eventually(
        'live text',
        () => reader.events.some(({ type }) => type === 'call.delta') || undefined,
      );
    expect(readers[0]?.events).toMatchObject([
      { seq: null, runId: run.id, step: 'a', data: { call: 'k', text: 'Hel' } },
    ]);
    expect(readers[0]?.ids).toEqual([]);
    expect(asked.filter((line) => line.includes(run.id))).toEqual([
      `GET /streams?tenant=default&run=${run.id} Bearer ${internalKey}`,
    ]);
    for (const reader of readers) reader.cut();
    await eventually('the gateway is left', () => live.size === 0 || undefined);
  });

  it('asks the database once for all readers of all runs', async () => {
    const runs = [await newRun(), await newRun()];
    const readers = await Promise.all(Array.from({ length: 20 }, (_, n) => read(runs[n % 2]?.id ?? '')));
    const query = jest.spyOn(api.ledger.database, 'query');
    const seconds = 2;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const queries = query.mock.calls.length;
    query.mockRestore();
    expect(queries).toBeLessThanOrEqual((seconds * 1000) / limits.eventPollMilliseconds + 1);
    for (const run of runs) await run.events({ type: 'run.finished' });
    await Promise.all(readers.map(({ ended }) => ended));
    expect(readers.map(({ ids }) => ids)).toEqual(readers.map(() => ['1']));
  });

  it('reads values out, shows money in USD, and names what is too large to show', async () => {
    const run = await newRun();
    const [text, huge] = ['x'.repeat(5000), 'y'.repeat(limits.eventValueBytesMax + 1)];
    const value = (json: string) => toValue(api.ledger.database, 'default', run.id, json);
    await run.events(
      { type: 'step.finished', step: 'a', data: { output: await value(text), decision: null } },
      {
        type: 'step.finished',
        step: 'b',
        data: { output: { parts: { a: await value(huge), b: { inline: 1 } } } },
      },
      { type: 'call.finished', step: 'a', data: { usage: { modelCalls: 1, costNano: 1_500_000_001 } } },
      { type: 'run.finished' },
    );
    const reader = await read(run.id);
    await reader.ended;
    expect(reader.events[0]?.data).toEqual({ output: text, decision: null });
    expect(reader.events[1]?.data).toEqual({
      output: { truncated: true, bytes: huge.length + 2, preview: '', at: `/v1/runs/${run.id}/steps/b` },
    });
    expect(reader.events[2]?.data).toEqual({ usage: { modelCalls: 1, costUsd: 1.500000001 } });
  });

  it('keeps little for a reader who takes nothing', async () => {
    const run = await newRun();
    const text = 'z'.repeat(200 * 1024);
    await run.events(...Array.from({ length: 100 }, () => ({ type: 'call.finished', data: { text } })));
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`GET /v1/runs/${run.id}/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n\r\n`);
    await once(socket, 'readable');
    const kept = () => Math.max(...[...sockets].map((one) => one.writableLength));
    await eventually('the reader is behind', () => kept() > 0 || undefined);
    expect(kept()).toBeLessThan(1024 * 1024);
    socket.destroy();
  });

  it('ends with the API, and the reader may come again', async () => {
    const other = await testApi({ ledger: api.ledger });
    const place = await other.app.listen({ host: '127.0.0.1', port: 0 });
    const run = await newRun();
    const response = await fetch(`${place}/v1/runs/${run.id}/events`, { headers: bearer(key) });
    const reading = response.text();
    await other.close();
    await expect(reading).resolves.toBe('');
  });
});
