import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { elapsed } from '../elapsed';
import type { CliSearch } from './cli-search';
import { runCommand } from './run-command';

// The newest that installs from the module proxy alone.
const cliModule = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const buildTimeoutMs = 60 * 60_000;
const reminderMs = 30_000;

/** Builds the command with Go and puts it at `target`. Returns why not, where it can't. */
export async function buildCli(search: CliSearch, target: string): Promise<string | undefined> {
  const go = await runCommand('go', ['version'], {
    timeoutMs: 20_000,
    environment: { PATH: search.searchPath },
  });
  if (go.code !== 0) return 'No build: there is no Go on PATH.';
  search.say(`  Building it with Go: go install ${cliModule} (minutes, once; kept in ${search.cacheFolder})`);
  const done = elapsed();
  const reminder = setInterval(() => {
    search.say(`  … building, ${done()} so far.`);
  }, reminderMs);
  await mkdir(search.cacheFolder, { recursive: true });
  const folder = await mkdtemp(path.join(search.cacheFolder, 'build-'));
  try {
    const built = await runCommand('go', ['install', '-ldflags=-s -w', cliModule], {
      timeoutMs: buildTimeoutMs,
      signal: search.signal,
      // No C compiler is needed: its SQLite is Go's own.
      environment: { PATH: search.searchPath, GOBIN: folder, CGO_ENABLED: '0' },
    });
    if (built.code !== 0) return `No build: ${built.output.trim().split('\n').slice(-3).join(' ')}`;
    await rename(path.join(folder, 'temporal'), target);
    search.say(`  Built in ${done()}.`);
    return undefined;
  } finally {
    clearInterval(reminder);
    await rm(folder, { recursive: true, force: true });
  }
}
