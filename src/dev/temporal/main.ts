import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { runPart } from '../../lifecycle';
import { rememberServer } from './leftover';
import { serverArguments, type TemporalPlace } from './profile';
import { runCommand } from './run-command';

// The embedded Temporal: `main.js <temporal command> <TemporalPlace as JSON>`. The command knows
// nothing of its parent; this process is there to end it when the parent is gone.
const startTimeoutMs = 60_000;
const retention = '168h';

runPart({
  name: 'temporal',
  graceMs: 15_000,
  async start() {
    const [cli, json] = process.argv.slice(2);
    if (cli === undefined || json === undefined) throw new Error('Two arguments are expected.');
    const place = JSON.parse(json) as TemporalPlace;
    const server = spawn(cli, serverArguments(place), { stdio: ['ignore', 'inherit', 'inherit'] });
    if (place.databaseFile !== null) rememberServer(place.databaseFile, server.pid);
    const ended = once(server, 'exit');
    let stopping = false;
    void ended.then(() => {
      if (!stopping) process.exit(1);
    });
    const address = `127.0.0.1:${String(place.port)}`;
    await untilItServes(cli, address, place.namespace);
    return {
      url: address,
      async stop() {
        stopping = true;
        server.kill('SIGTERM');
        await ended;
      },
    };
  },
});

/** Setting how long closed runs are kept is also the first thing that only a server in service answers. */
async function untilItServes(cli: string, address: string, namespace: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  for (;;) {
    const { code, output } = await runCommand(
      cli,
      [
        'operator',
        'namespace',
        'update',
        '--namespace',
        namespace,
        '--retention',
        retention,
        '--address',
        address,
      ],
      { timeoutMs: 5_000 },
    );
    if (code === 0) return;
    if (Date.now() > deadline) throw new Error(`Temporal does not serve at ${address}: ${output}`);
    await sleep(100);
  }
}
