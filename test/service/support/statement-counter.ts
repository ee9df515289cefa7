import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';

/** Stands between a service and its ledger and counts what is asked there about a run. */
export interface StatementCounter {
  /** The ledger's URL by way of the counter. */
  url: string;
  /** Beginnings of the statements that had the run among their parameters, in their order. */
  of(run: string): string[];
  close(): Promise<void>;
}

export async function openStatementCounter(ledgerUrl: string): Promise<StatementCounter> {
  // The address of a socket in a folder has no host, which a URL must have.
  const ledger = new URL(ledgerUrl.replace('@/', '@localhost/'));
  const seen: { text: string; parameters: Buffer }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = reach(ledger);
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        behind.destroy();
      });
    }
    const read = statementReader((text, parameters) => seen.push({ text, parameters }));
    client.on('data', read);
    client.pipe(behind);
    behind.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `postgres://${ledger.username}:${ledger.password}@127.0.0.1:${String(port)}${ledger.pathname}`,
    of: (run) => seen.filter(({ parameters }) => parameters.includes(run)).map(({ text }) => text),
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function reach(ledger: URL): Socket {
  const folder = ledger.searchParams.get('host');
  return folder === null
    ? connect(Number(ledger.port || '5432'), ledger.hostname)
    : connect(path.join(folder, '.s.PGSQL.5432'));
}

/** Reads a client's side of the protocol: the text of each Parse, and the Bind that follows it. */
function statementReader(tell: (text: string, parameters: Buffer) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  let greeted = false;
  let text = '';
  return (data) => {
    rest = Buffer.concat([rest, data]);
    for (;;) {
      // The first message alone has no byte before its length that says what it is.
      const head = greeted ? 1 : 0;
      if (rest.length < head + 4) return;
      const length = head + rest.readInt32BE(head);
      if (rest.length < length) return;
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      const code = greeted ? String.fromCharCode(message[0] ?? 0) : '';
      greeted = true;
      if (code === 'P') text = message.toString('utf8', 6, message.indexOf(0, 6)).replace(/\s+/g, ' ').trim();
      if (code === 'B') tell(text.slice(0, 90), message);
    }
  };
}
