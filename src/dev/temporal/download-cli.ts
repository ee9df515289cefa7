import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CliSearch } from './cli-search';
import { elapsed } from '../elapsed';
import { runCommand } from './run-command';

const officialUrl = 'https://temporal.download/cli/archive/latest';
const connectTimeoutMs = 5_000;
const transferTimeoutMs = 300_000;

/** Downloads the official build to `target`. Returns why not, where it can't. */
export async function downloadCli(search: CliSearch, target: string): Promise<string | undefined> {
  const { platform, arch } = process;
  const machine = arch === 'x64' ? 'amd64' : arch;
  if (platform === 'win32') return 'No download: on Windows, install the temporal command by hand.';
  const url = `${search.downloadUrl ?? officialUrl}?platform=${platform}&arch=${machine}`;
  search.say(`  Downloading ${url}`);
  const done = elapsed();
  await mkdir(search.cacheFolder, { recursive: true });
  const folder = await mkdtemp(path.join(search.cacheFolder, 'download-'));
  try {
    const archive = path.join(folder, 'temporal.tar.gz');
    await transfer(url, archive);
    const unpacked = await runCommand('tar', ['-xzf', archive, '-C', folder], { timeoutMs: 60_000 });
    if (unpacked.code !== 0) return `No download: ${unpacked.output.trim()}`;
    await rename(path.join(folder, 'temporal'), target);
    search.say(`  Downloaded in ${done()}.`);
    return undefined;
  } catch (error) {
    return `No download: ${reason(error)} (after ${done()}).`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function transfer(url: string, file: string): Promise<void> {
  const control = new AbortController();
  const abort = (message: string) => () => {
    control.abort(new Error(message));
  };
  const connecting = setTimeout(abort('no answer within 5 s'), connectTimeoutMs);
  const transferring = setTimeout(abort('not done within 300 s'), transferTimeoutMs);
  try {
    const response = await fetch(url, { signal: control.signal });
    clearTimeout(connecting);
    if (!response.ok || response.body === null) throw new Error(`it answered ${String(response.status)}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(file));
  } finally {
    clearTimeout(connecting);
    clearTimeout(transferring);
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
