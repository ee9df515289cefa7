import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { SettingError } from '../../config';
import { buildCli } from './build-cli';
import type { CliSearch } from './cli-search';
import { downloadCli } from './download-cli';
import { runCommand } from './run-command';

/**
 * Finds the `temporal` command, or gets it: the configured one, one on the search path, the cached
 * copy, the official download, a build from Go's module proxy. Throws `SettingError` when all fail.
 */
export async function findCli(search: CliSearch): Promise<string> {
  if (search.configured !== undefined) {
    if (await isCli(search.configured)) return path.resolve(search.configured);
    throw new SettingError(`TEMPORAL_CLI_PATH="${search.configured}": is not the temporal command.`);
  }
  const cached = path.join(search.cacheFolder, 'temporal');
  const folders = search.searchPath.split(path.delimiter).filter((folder) => folder !== '');
  for (const candidate of [...folders.map((folder) => path.join(folder, 'temporal')), cached])
    if (await isCli(candidate)) return candidate;

  search.say('The temporal command is neither on PATH nor cached; getting it once.');
  for (const get of [downloadCli, buildCli]) {
    const failure = await get(search, cached);
    search.signal.throwIfAborted();
    if (failure === undefined && (await isCli(cached))) return cached;
    search.say(`  ${failure ?? 'What came is not the temporal command.'}`);
  }
  throw new SettingError(
    'The temporal command could not be got: install it (https://docs.temporal.io/cli) or Go (https://go.dev/dl), or name its file in TEMPORAL_CLI_PATH.',
  );
}

/** Other programs bear this name too, so it is asked. */
async function isCli(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    if (!(await stat(file)).isFile()) return false;
  } catch {
    return false;
  }
  const { code, output } = await runCommand(file, ['--version'], { timeoutMs: 20_000 });
  return code === 0 && output.startsWith('temporal version');
}
