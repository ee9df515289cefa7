import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { demandFreePort } from '../../src/dev/ports';
import { freePort } from '../support/free-port';

test('names the setting of a port that is in use', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(demandFreePort('TEMPORAL_UI_PORT', '127.0.0.1', port)).rejects.toThrow(
    `TEMPORAL_UI_PORT=${port}: the port is in use; set TEMPORAL_UI_PORT to another.`,
  );
  server.close();
});

test('names HOST where that is no address of this machine', async () => {
  await expect(demandFreePort('PORT', '192.0.2.1', await freePort())).rejects.toThrow('HOST="192.0.2.1": ');
});

test('leaves a free port free', async () => {
  const port = await freePort();
  await demandFreePort('PORT', '127.0.0.1', port);
  await demandFreePort('PORT', '127.0.0.1', port);
});
