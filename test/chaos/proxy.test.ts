import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openProxy, type Proxy } from '../../chaos/proxy';
import { eventually } from '../support/eventually';

let server: Server;
let proxy: Proxy;
let passed: string;

beforeEach(async () => {
  passed = '';
  // Says everything back, and ends when its client has ended.
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  proxy = await openProxy({ port, onPassed: (bytes) => (passed += bytes.toString()) });
});
afterEach(async () => {
  await proxy.close();
  server.close();
});

interface Client {
  socket: Socket;
  heard(): string;
  /** `end`, `ECONNRESET`, …; undefined while it stands. */
  over(): string | undefined;
}

function join(): Client {
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  let heard = '';
  let over: string | undefined;
  socket.on('data', (bytes) => (heard += bytes.toString()));
  socket.on('end', () => (over = 'end'));
  socket.on('error', ({ code }: NodeJS.ErrnoException) => (over = code));
  return { socket, heard: () => heard, over: () => over };
}
const hears = (client: Client, text: string) =>
  eventually(`«${text}» comes back`, () => client.heard() === text || undefined);
const isReset = (client: Client) =>
  eventually('the connection is reset', () => client.over() === 'ECONNRESET' || undefined);

test('passes bytes both ways and the end on', async () => {
  const client = join();
  client.socket.write('one ');
  await hears(client, 'one ');
  client.socket.end('two');
  await hears(client, 'one two');
  await eventually('the end comes back', () => client.over() === 'end' || undefined);
  expect(passed).toBe('one two');
});

test('resets what stands and what comes while it is cut, and passes again when healed', async () => {
  const before = join();
  before.socket.write('before');
  await hears(before, 'before');
  proxy.cut();
  await isReset(before);
  await isReset(join());
  proxy.heal();
  const after = join();
  after.socket.write('after');
  await hears(after, 'after');
});

test('keeps back all bytes of a black hole and passes them on, in order, when healed', async () => {
  const standing = join();
  standing.socket.write('a');
  await hears(standing, 'a');
  proxy.blackHole();
  standing.socket.write('b');
  const coming = join();
  coming.socket.write('c');
  // Long enough for a byte to come, if one did.
  await sleep(200);
  expect([standing.heard(), coming.heard(), passed]).toEqual(['a', '', 'a']);
  standing.socket.write('d');
  proxy.heal();
  await hears(standing, 'abd');
  await hears(coming, 'c');
});

test('passes everything on later, in order, while it delays', async () => {
  const client = join();
  client.socket.write('a');
  await hears(client, 'a');
  proxy.delay(150);
  const since = performance.now();
  client.socket.write('b');
  client.socket.write('c');
  await hears(client, 'abc');
  // Once on the way there and once on the way back.
  expect(performance.now() - since).toBeGreaterThan(290);
});

test('resets what stands and passes what comes after a reset', async () => {
  const before = join();
  before.socket.write('before');
  await hears(before, 'before');
  proxy.reset();
  await isReset(before);
  const after = join();
  after.socket.write('after');
  await hears(after, 'after');
});
