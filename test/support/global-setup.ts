import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { findCli } from '../../src/dev/temporal/find-cli';
import type { TemporalPlace } from '../../src/dev/temporal/profile';
import { prepareLedgers } from './database';
import { freePort } from './free-port';
import { projectFolder, startPart, type Part } from './part';
import type { TestPostgres } from './postgres';

declare global {
  /** The Temporal of this test run, for the tear-down. */
  var testTemporal: Part | undefined;
  /** The Postgres of this test run, for the tear-down. */
  var testPostgres: TestPostgres | undefined;
}

/** Once a test run: builds what tests start as processes, and starts one Temporal and one Postgres for all of them. */
export default async function setUp(): Promise<void> {
  execFileSync(process.execPath, [path.join(projectFolder, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  const template = path.join(tmpdir(), `fermata-test-template-${templateDigest()}`);
  [globalThis.testPostgres] = await Promise.all([prepareLedgers(template), startTemporal()]);
}

function templateDigest(): string {
  const hash = createHash('sha256').update(readFileSync(path.join(projectFolder, 'package-lock.json')));
  const migrations = path.join(projectFolder, 'src', 'ledger', 'migrations');
  for (const name of readdirSync(migrations).sort()) hash.update(readFileSync(path.join(migrations, name)));
  return hash.digest('hex').slice(0, 16);
}

async function startTemporal(): Promise<void> {
  if (process.env['TEST_TEMPORAL_ADDRESS'] !== undefined) return;
  const cli = await findCli({
    configured: process.env['TEMPORAL_CLI_PATH'],
    searchPath: process.env['PATH'] ?? '',
    cacheFolder: path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'fermata'),
    say: (line) => {
      console.log(line);
    },
    signal: new AbortController().signal,
  });
  const place: TemporalPlace = {
    databaseFile: null,
    port: await freePort(),
    uiPort: await freePort(),
    namespace: 'default',
  };
  globalThis.testTemporal = await startPart('dev/temporal/main', { arguments: [cli, JSON.stringify(place)] });
  process.env['TEST_TEMPORAL_ADDRESS'] = globalThis.testTemporal.url;
  process.env['TEST_TEMPORAL_CLI'] = cli;
}
