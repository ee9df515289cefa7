import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { control } from './control';
import { HungUp } from './exchange';
import { protocol } from './protocol';
import { openRecord } from './record';
import { openScript } from './script';

export interface SimulatorOptions {
  /** About how long an answer takes in all; 0 answers at once. */
  latencyMs: number;
  /** The bearer token that `/simulator/…` asks for; null lets anybody on this machine in. */
  controlKey: string | null;
  /** Whether a model of this id exists. */
  knows: (model: string) => boolean;
  /** Where all that reaches it is written down, beside what it keeps in memory. */
  ledgerFile?: string | undefined;
}

export interface Simulator {
  /** Listens on loopback, on a free port where `port` is 0, and says where. */
  listen(port: number, host?: string): Promise<string>;
  /** Goes on answering until nobody is connected any more, at most for so long. */
  untilUnused(msMax: number): Promise<void>;
  /** Hangs up on everybody and ends. */
  close(): Promise<void>;
}

const loopback = ['127.0.0.1', '::1', 'localhost'];

/** A vendor that costs nothing: Anthropic's Messages API with answers made from the request itself. */
export function createSimulator({ latencyMs, controlKey, knows, ledgerFile }: SimulatorOptions): Simulator {
  const script = openScript();
  const record = openRecord(ledgerFile);
  const controlled = control({ script, record, key: controlKey });
  const answered = protocol({ script, record, latencyMs, knows });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    await (url.pathname.startsWith('/simulator/') ? controlled : answered)(request, response, url);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!(error instanceof HungUp)) console.error(error);
      request.socket.destroy();
    });
  });

  return {
    async listen(port, host = '127.0.0.1') {
      if (!loopback.includes(host))
        throw new Error(`The simulated vendor listens on loopback only, not on ${host}.`);
      server.listen(port, host);
      await once(server, 'listening');
      const { port: bound } = server.address() as AddressInfo;
      return `http://${host === '::1' ? '[::1]' : host}:${String(bound)}`;
    },
    async untilUnused(msMax) {
      const connections = promisify(server.getConnections.bind(server));
      const deadline = Date.now() + msMax;
      // First the wait: a call may be on its way from who is not connected yet.
      do await sleep(500);
      while ((await connections()) > 0 && Date.now() < deadline);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
