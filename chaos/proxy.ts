import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { delayedWriter, type DelayedWriter } from './delayed-writer';

/** A wire between two parts that can be cut, held up and mended. */
export interface Proxy {
  port: number;
  /** Resets every connection, and every new one, until it is healed. */
  cut(): void;
  /** Lets connections stand and be made, and moves no byte, until it is healed. */
  blackHole(): void;
  /** Passes everything on so much later, until it is healed. */
  delay(ms: number): void;
  /** Resets the connections that stand; new ones pass. */
  reset(): void;
  /** Everything passes again; what a black hole held back comes now. */
  heal(): void;
  close(): Promise<void>;
}

export interface ProxyOptions {
  host?: string;
  /** Where it passes connections on to. */
  port: number;
  /** Told what a client sent, once it has been handed on. */
  onPassed?: (bytes: Buffer) => void;
}

/** What holds for every connection of one proxy. */
interface State {
  isCut: boolean;
  isHole: boolean;
  delayMs: number;
}

interface Connection {
  /** Both directions. */
  writers: DelayedWriter[];
  reset(): void;
}

/** Passes TCP on from a free port of loopback. */
export async function openProxy(options: ProxyOptions): Promise<Proxy> {
  const state: State = { isCut: false, isHole: false, delayMs: 0 };
  const connections = new Set<Connection>();

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    near.on('error', () => undefined);
    if (state.isCut) {
      near.resetAndDestroy();
      return;
    }
    const connection = join(near, options, state);
    connections.add(connection);
    near.on('close', () => connections.delete(connection));
  });

  function reset(): void {
    for (const connection of [...connections]) connection.reset();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    reset,
    cut() {
      state.isCut = true;
      reset();
    },
    blackHole() {
      state.isHole = true;
      for (const { writers } of connections) for (const writer of writers) writer.hold();
    },
    delay(ms) {
      state.delayMs = ms;
    },
    heal() {
      Object.assign(state, { isCut: false, isHole: false, delayMs: 0 });
      for (const { writers } of connections) for (const writer of writers) writer.release();
    },
    async close() {
      reset();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** Connects a client with where it wanted to; whichever side breaks, the other learns of a break and not of an end. */
function join(near: Socket, { host = '127.0.0.1', port, onPassed }: ProxyOptions, state: State): Connection {
  const far = connect({ host, port, allowHalfOpen: true });
  const delayMs = (): number => state.delayMs;
  const writers = [
    delayedWriter({ from: near, to: far, delayMs, onWritten: onPassed }),
    delayedWriter({ from: far, to: near, delayMs }),
  ];
  far.on('error', () => near.resetAndDestroy());
  far.on('close', () => {
    if (!near.writableEnded) near.resetAndDestroy();
  });
  near.on('close', () => {
    if (!far.writableEnded) far.resetAndDestroy();
  });
  if (state.isHole) for (const writer of writers) writer.hold();
  else near.resume();
  return {
    writers,
    reset() {
      near.resetAndDestroy();
      far.resetAndDestroy();
    },
  };
}
