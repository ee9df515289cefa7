import { homedir } from 'node:os';
import path from 'node:path';
import { readConfig } from '../src/config';
import { findCli } from '../src/dev/temporal/find-cli';

/** The `temporal` command, found or got as `npm start` gets it. */
export async function temporalCommand(say: (line: string) => void): Promise<string> {
  const config = readConfig();
  return await findCli({
    configured: config.TEMPORAL_CLI_PATH,
    searchPath: config.PATH,
    cacheFolder: path.join(config.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'fermata'),
    say,
    signal: new AbortController().signal,
  });
}
