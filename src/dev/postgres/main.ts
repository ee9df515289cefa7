import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runPart, type StopReason } from '../../lifecycle';
import { oneBatchAtATime } from './one-batch-at-a-time';
import { tendTables } from './tend-tables';

// The embedded Postgres: `main.js <folder of the database> <folder of the socket>`.
const connectionsMax = 200;
/** As long as a gateway may take to finish the calls in flight. */
const lingerMsMax = 120_000;

runPart({
  name: 'database',
  graceMs: lingerMsMax + 10_000,
  async start() {
    const [folder, socketFolder] = process.argv.slice(2);
    if (folder === undefined || socketFolder === undefined) throw new Error('Two folders are expected.');
    const database = await PGlite.create(folder);
    const socket = path.join(socketFolder, '.s.PGSQL.5432');
    // What a killed process left; DATA_DIR/lock keeps two living ones apart.
    rmSync(socket, { force: true });
    const server = new PGLiteSocketServer({
      db: oneBatchAtATime(database, crash),
      path: socket,
      maxConnections: connectionsMax,
    });
    await server.start();
    const url = `postgres://fermata@/postgres?host=${encodeURIComponent(socketFolder)}`;
    const tending = tendTables(url, (error) => {
      console.error(error);
    });
    return {
      url,
      async stop(reason) {
        await tending.stop();
        await untilUnused(server, reason);
        await server.stop();
        await database.close();
      },
    };
  },
});

/** Left alone, it stays for the parts that still write down what they paid for. */
async function untilUnused(server: PGLiteSocketServer, reason: StopReason): Promise<void> {
  if (reason === 'signal') return;
  const deadline = Date.now() + lingerMsMax;
  while (server.getStats().activeConnections > 0 && Date.now() < deadline) await sleep(200);
}

function crash(error: unknown): void {
  console.error(error);
  process.exit(1);
}
