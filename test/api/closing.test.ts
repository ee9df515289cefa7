import { once } from 'node:events';
import { connect } from 'node:net';
import { testApi } from './api';

test('ends although a client holds a connection on which it never asked anything', async () => {
  const api = await testApi();
  const { port } = new URL(await api.app.listen({ host: '127.0.0.1', port: 0 }));
  const taken = once(api.app.server, 'connection');
  const spare = connect({ host: '127.0.0.1', port: Number(port) });
  const closed = once(spare, 'close');
  await taken;
  // Hangs, and so fails, where the connection is waited for.
  await api.close();
  await closed;
}, 60_000);
