import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Socket } from 'node:net';

export interface Cut {
  /** The database's URL, through here. */
  url: string;
  /** Breaks every connection and takes no other until `mend`. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** A way to a database that can be cut. */
export async function throughHere(databaseUrl: string): Promise<Cut> {
  const { place, user, name } = partsOf(databaseUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) {
      client.resetAndDestroy();
      return;
    }
    const there = connect(place);
    for (const socket of [client, there]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        there.destroy();
      });
    }
    client.pipe(there).pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `postgres://${user}@127.0.0.1:${String(port)}/${name}`,
    cut,
    mend: () => (isCut = false),
    async close() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Of `postgres://user@host:port/name`, or of one that names a socket's folder: `postgres://user@/name?host=…`. */
function partsOf(url: string): { place: NetConnectOpts; user: string; name: string } {
  const found = /^postgres:\/\/([^@]*)@([^:/]*):?(\d*)\/([^?]*)(?:\?host=(.*))?$/.exec(url);
  const [, user = '', host = '', port = '', name = '', folder] = found ?? [];
  const number = port === '' ? '5432' : port;
  const place: NetConnectOpts =
    folder === undefined
      ? { host, port: Number(number) }
      : { path: `${decodeURIComponent(folder)}/.s.PGSQL.${number}` };
  return { place, user, name };
}
