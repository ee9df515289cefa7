import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Where tests take ports from: below those that systems give to connections on their way out (32768 and up on Linux,
 * 49152 and up by RFC 6335). A part that is killed and started again finds its port as it left it; of the higher ones,
 * a connection of somebody else may have it by then.
 */
const ports = { from: 10_000, to: 32_768 };

const given = new Set<number>();

/** A port of the loopback address that nothing listened on a moment ago and that this process was not given before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(ports.from, ports.to);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
