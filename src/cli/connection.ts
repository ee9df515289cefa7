import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../config';

/** Where the service is, with which key, and where that key was found. */
export interface Connection {
  url: string;
  key: string | null;
  keyFrom: string;
}

/**
 * `FERMATA_URL`, else the address that a service with these settings listens on; `FERMATA_API_KEY`,
 * else the file that the first start made in `DATA_DIR`, here or in a folder above.
 */
export function findConnection(config: Config, folder: string): Connection {
  const url = (config.FERMATA_URL ?? localAddress(config)).replace(/\/+$/, '');
  if (config.FERMATA_API_KEY !== undefined) {
    return { url, key: config.FERMATA_API_KEY, keyFrom: 'FERMATA_API_KEY' };
  }
  for (let at = folder; ; at = dirname(at)) {
    const file = resolve(at, config.DATA_DIR, 'api-key');
    const key = readIfThere(file);
    if (key !== null) return { url, key, keyFrom: file };
    if (dirname(at) === at) return { url, key: null, keyFrom: 'nowhere' };
  }
}

function localAddress({ HOST, PORT }: Config): string {
  // A service that listens on every address is reached over loopback.
  const host = HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(PORT)}`;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}
