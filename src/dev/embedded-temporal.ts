import { homedir } from 'node:os';
import path from 'node:path';
import type { Config } from '../config';
import { withoutVendorKeys } from './embedded-database';
import type { Parts } from './parts';
import { choosePort } from './ports';
import { findCli } from './temporal/find-cli';
import type { TemporalPlace } from './temporal/profile';

export interface EmbeddedTemporal {
  address: string;
  uiUrl: string;
}

/** Finds the temporal command, or gets it, and starts its server on a file in `dataFolder`. */
export async function startTemporal(
  config: Config,
  dataFolder: string,
  context: { parts: Parts; say(line: string): void; signal: AbortSignal },
): Promise<EmbeddedTemporal> {
  const cli = await findCli({
    configured: config.TEMPORAL_CLI_PATH,
    searchPath: config.PATH,
    cacheFolder: path.join(config.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'fermata'),
    say: context.say,
    signal: context.signal,
  });
  const place: TemporalPlace = {
    databaseFile: path.join(dataFolder, 'temporal.db'),
    port: await choosePort(config.TEMPORAL_PORT),
    uiPort: await choosePort(config.TEMPORAL_UI_PORT),
    namespace: config.TEMPORAL_NAMESPACE,
  };
  const address = await context.parts.start({
    name: 'temporal',
    module: 'dev/temporal/main.js',
    parameters: [cli, JSON.stringify(place)],
    // The command reads these too, and would connect elsewhere.
    settings: {
      ...withoutVendorKeys,
      ...Object.fromEntries(temporalSettings.map((name) => [name, undefined])),
    },
  });
  return { address: address ?? '', uiUrl: `http://127.0.0.1:${String(place.uiPort)}` };
}

const temporalSettings = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS_CERT',
  'TEMPORAL_TLS_KEY',
  'TEMPORAL_TLS_CA',
];
