import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { projectFolder } from '../support/part';
import { startService, type Service } from '../support/service';

const asRoot = process.getuid?.() === 0 && existsSync('/usr/bin/setpriv');
const run = promisify(execFile);

let service: Service;
let socket: string;
beforeAll(async () => {
  // A folder that was there before, open to everybody, as a careless `mkdir` leaves it.
  const dataDir = mkdtempSync(path.join(tmpdir(), 'fermata-open-'));
  chmodSync(dataDir, 0o755);
  service = await startService({ dataDir, ledger: 'embedded' });
  socket = path.join(dataDir, 'socket');
}, 180_000);
afterAll(() => service.close(), 60_000);

/** Connects to the database through its socket; `as` is how a command becomes another user. */
async function connect(as: string[]): Promise<string> {
  const script = `
    const { Client } = require('pg');
    const client = new Client({ connectionString: process.argv[1] });
    client.connect()
      .then(() => client.query('SELECT count(*) FROM contents'))
      .then(() => console.log('in'), (error) => console.log(error.code))
      .finally(() => process.exit());`;
  const url = `postgres://fermata@/postgres?host=${encodeURIComponent(socket)}`;
  const { stdout } = await run('env', [...as, process.execPath, '-e', script, url], { cwd: projectFolder });
  return stdout.trim();
}

test('keeps the folders of the data and of the socket to this user, also where they were open', () => {
  for (const folder of [service.dataDir, socket]) expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test('lets this user in, so that who is kept out is kept out by who they are', async () => {
  expect(await connect([])).toBe('in');
});

// Only root can become another user.
(asRoot ? test : test.skip)('keeps another user of the machine out of the embedded database', async () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  expect(await connect(nobody)).toBe('EACCES');
  // The folder of the data opened again: the socket's own still keeps them out.
  chmodSync(service.dataDir, 0o755);
  expect(await connect(nobody)).toBe('EACCES');
  // And with every door open they would be in: nothing else keeps them out.
  chmodSync(socket, 0o755);
  chmodSync(path.join(socket, '.s.PGSQL.5432'), 0o777);
  expect(await connect(nobody)).toBe('in');
});
