import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

export interface DeafProxy {
  url: string;
  /** How many requests have gone to the server with the last byte of their body. */
  sent(): number;
  /** How many answers have begun. */
  answered(): number;
  close(): void;
}

/** Stands before a server and lets requests through, but no answer back: the client learns nothing of what came of them. */
export async function startDeafProxy(target: string): Promise<DeafProxy> {
  const { hostname, port } = new URL(target);
  let sent = 0;
  let answered = 0;
  const proxy = createServer((client) => {
    const server = connect(Number(port), hostname);
    let request = Buffer.alloc(0);
    let isWhole = false;
    client.on('data', (bytes) => {
      request = Buffer.concat([request, bytes]);
      const nowWhole = !isWhole && holdsBody(request);
      isWhole ||= nowWhole;
      server.write(bytes, () => {
        if (nowWhole) sent++;
      });
    });
    server.once('data', () => answered++);
    // Read, so that the server's end is noticed behind an answer.
    server.resume();
    for (const end of [client, server]) {
      end.on('error', () => undefined);
      end.on('close', () => {
        client.destroy();
        server.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    sent: () => sent,
    answered: () => answered,
    close: () => proxy.close(),
  };
}

function holdsBody(request: Buffer): boolean {
  const end = request.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /^content-length: *(\d+)/im.exec(request.subarray(0, end).toString())?.[1] ?? '0';
  return request.length >= end + 4 + Number(length);
}
