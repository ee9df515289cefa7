import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGatewayClient } from '../../src/activities/gateway-client';
import type { CallReply } from '../../src/contract/gateway';
import { makeCall } from '../gateway/support/gateway';
import { freePort } from '../support/free-port';

// The worker's way to its gateways, at gateways that answer as each test wants.

const { key, request } = makeCall('run-1', 'draft');
const never = new AbortController().signal;
const hash = 'f'.repeat(64);
const cancelled: CallReply = { hash, call: { state: 'cancelled' } };
const pending: CallReply = { hash, call: { state: 'pending', phase: 'sent' } };

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const servers: Server[] = [];

async function gatewayThat(answer: Answer): Promise<{ url: string; asked: string[]; answer: Answer }> {
  const gateway = { url: '', asked: [] as string[], answer };
  const server = createServer((incoming, response) => {
    gateway.asked.push(incoming.method ?? '');
    incoming.resume().on('end', () => {
      gateway.answer(incoming, response);
    });
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  gateway.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return gateway;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

const says =
  (reply: CallReply): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
  };
const refuses =
  (status: number, code: string): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ code }));
  };

test('asks a gateway that is dead or leaving once, and not first by every call after it', async () => {
  const leaving = await gatewayThat(refuses(503, 'draining'));
  const answering = await gatewayThat(says(cancelled));
  const dead = `http://127.0.0.1:${String(await freePort())}`;
  const client = createGatewayClient([dead, leaving.url, answering.url], 'key');
  for (let n = 0; n < 5; n++)
    expect(await client.complete(key, request, never)).toEqual({ state: 'cancelled' });
  expect(leaving.asked).toEqual(['PUT']);
  expect(answering.asked).toHaveLength(5);
  // When the one that answered leaves in turn, the first ones have their turn again.
  answering.answer = refuses(503, 'draining');
  leaving.answer = says(cancelled);
  expect(await client.complete(key, request, never)).toEqual({ state: 'cancelled' });
});

test('polls the gateway that took the call, and another one where that is gone', async () => {
  const first = await gatewayThat(says(pending));
  const second = await gatewayThat(says(pending));
  const client = createGatewayClient([first.url, second.url], 'key');
  let polls = 0;
  first.answer = (incoming, response) => {
    if (incoming.method === 'GET' && ++polls === 2) {
      second.answer = says(cancelled);
      incoming.socket.destroy();
    } else says(pending)(incoming, response);
  };
  expect(await client.complete(key, request, never)).toEqual({ state: 'cancelled' });
  expect(first.asked).toEqual(['PUT', 'GET', 'GET']);
  expect(second.asked).toEqual(['GET']);
});

test('puts a call again whose gateway is gone', async () => {
  const gateway = await gatewayThat(says(pending));
  gateway.answer = (incoming, response) => {
    if (incoming.method === 'GET') refuses(409, 'call_abandoned')(incoming, response);
    else says(gateway.asked.length === 1 ? pending : cancelled)(incoming, response);
  };
  expect(await createGatewayClient([gateway.url], 'key').complete(key, request, never)).toEqual({
    state: 'cancelled',
  });
  expect(gateway.asked).toEqual(['PUT', 'GET', 'PUT']);
});

test('says what the gateways answered where none takes the call', async () => {
  const leaving = await gatewayThat(refuses(503, 'draining'));
  const dead = `http://127.0.0.1:${String(await freePort())}`;
  await expect(createGatewayClient([leaving.url, dead], 'key').complete(key, request, never)).rejects.toThrow(
    'The gateway answered 503 draining',
  );
  await expect(createGatewayClient([dead], 'key').complete(key, request, never)).rejects.toThrow(
    'No gateway can be reached.',
  );
});
