import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Parts } from './parts';

/** What Unix systems hold in the address of a socket, its end included, at the least. */
const socketPathBytesMax = 103;

export interface EmbeddedDatabase {
  url: string;
  /** Removes what lay outside of the data folder. */
  tidy(): void;
}

/** Starts the embedded Postgres on a folder of `dataFolder`, behind a socket that only this user reaches. */
export async function startDatabase(dataFolder: string, parts: Parts): Promise<EmbeddedDatabase> {
  const own = path.join(dataFolder, 'socket');
  const fits = Buffer.byteLength(path.join(own, '.s.PGSQL.5432')) <= socketPathBytesMax;
  const socketFolder = fits ? own : mkdtempSync(path.join(tmpdir(), 'fermata-'));
  mkdirSync(socketFolder, { recursive: true });
  // The server asks for no password: this folder is what keeps other users of the machine out.
  chmodSync(socketFolder, 0o700);
  const url = await parts.start({
    name: 'database',
    module: 'dev/postgres/main.js',
    parameters: [path.join(dataFolder, 'postgres'), socketFolder],
    settings: withoutVendorKeys,
  });
  return {
    url: url ?? '',
    tidy() {
      if (!fits) rmSync(socketFolder, { recursive: true, force: true });
    },
  };
}

/** Only the gateway holds what money can be spent with. */
export const withoutVendorKeys: Record<string, undefined> = { ANTHROPIC_API_KEY: undefined };
