import path from 'node:path';
import { SettingError, type Config } from '../config';
import { ensureTenant } from '../ledger/contents';
import { openDatabase } from '../ledger/database';
import { migrate } from '../ledger/migrate';
import { startDatabase, withoutVendorKeys, type EmbeddedDatabase } from './embedded-database';
import { startTemporal, type EmbeddedTemporal } from './embedded-temporal';
import { keepKey } from './keys';
import type { Parts } from './parts';
import { choosePort, demandFreePort } from './ports';
import { endLeftover } from './temporal/leftover';

export interface RunningService {
  apiUrl: string;
  /** Undefined where a Temporal elsewhere is used whose UI is not known. */
  temporalUiUrl: string | undefined;
  /** The file of the admin key; undefined where the setting gives it. */
  keyFile: string | undefined;
  simulated: boolean;
  tidy(): void;
}

export interface ServiceContext {
  dataFolder: string;
  parts: Parts;
  say(line: string): void;
  signal: AbortSignal;
}

/** Starts every part that no setting replaces, each as soon as what it needs is there. */
export async function startService(config: Config, context: ServiceContext): Promise<RunningService> {
  const { dataFolder, parts } = context;
  await endLeftover(path.join(dataFolder, 'temporal.db'), context.say);
  await demandPorts(config);
  const keyFile = config.FERMATA_API_KEY === undefined ? path.join(dataFolder, 'api-key') : undefined;
  const apiKey = config.FERMATA_API_KEY ?? keepKey(path.join(dataFolder, 'api-key'), 'fermata');
  const internalKey =
    config.FERMATA_INTERNAL_KEY ?? keepKey(path.join(dataFolder, 'internal-key'), 'internal');

  const simulated = config.GATEWAY_URL === undefined && config.ANTHROPIC_API_KEY === undefined;
  const [database, temporal, simulatorUrl] = await Promise.all([
    useDatabase(config, context),
    useTemporal(config, context),
    simulated
      ? startSimulator(parts, { FERMATA_INTERNAL_KEY: internalKey, ...withoutVendorKeys })
      : undefined,
  ]);
  // Chosen before it listens, so that those who speak to it need not wait for it to start.
  const gatewayPort = await choosePort(config.GATEWAY_PORT);
  const metricsPort = config.WORKER_METRICS_PORT ?? (await choosePort(0));
  const shared = {
    DATABASE_URL: database.url,
    DATA_DIR: dataFolder,
    FERMATA_INTERNAL_KEY: internalKey,
    FERMATA_API_KEY: undefined,
  };
  const settings = {
    ...shared,
    ...withoutVendorKeys,
    GATEWAY_URL: config.GATEWAY_URL ?? `http://127.0.0.1:${gatewayPort}`,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_UI_URL: temporal.uiUrl,
    WORKER_METRICS_PORT: String(metricsPort),
    WORKER_METRICS_URL: config.WORKER_METRICS_URL ?? `http://127.0.0.1:${metricsPort}/metrics`,
  };
  const gateway = { ...shared, SIMULATOR_URL: simulatorUrl, GATEWAY_PORT: String(gatewayPort) };
  const [apiUrl] = await Promise.all([
    parts.start({
      name: 'api',
      module: 'api/main.js',
      settings: { ...settings, FERMATA_API_KEY: apiKey },
      portSetting: 'PORT',
    }),
    parts.start({ name: 'worker', module: 'worker/main.js', settings }),
    config.GATEWAY_URL ?? parts.start({ name: 'gateway', module: 'gateway/main.js', settings: gateway }),
  ]);
  return {
    apiUrl: apiUrl ?? '',
    temporalUiUrl: temporal.uiUrl,
    keyFile,
    simulated,
    tidy: () => {
      database.tidy();
    },
  };
}

async function demandPorts(config: Config): Promise<void> {
  if (config.GATEWAY_URL !== undefined && config.FERMATA_INTERNAL_KEY === undefined)
    throw new SettingError('FERMATA_INTERNAL_KEY: must be set where GATEWAY_URL is.');
  await demandFreePort('PORT', config.HOST, config.PORT);
  if (config.TEMPORAL_ADDRESS !== undefined) return;
  await demandFreePort('TEMPORAL_PORT', '127.0.0.1', config.TEMPORAL_PORT);
  await demandFreePort('TEMPORAL_UI_PORT', '127.0.0.1', config.TEMPORAL_UI_PORT);
}

async function useDatabase(config: Config, { dataFolder, parts }: ServiceContext): Promise<EmbeddedDatabase> {
  const used =
    config.DATABASE_URL === undefined
      ? await startDatabase(dataFolder, parts)
      : { url: config.DATABASE_URL, tidy: () => undefined };
  const database = openDatabase(used.url, 1);
  try {
    await migrate(database);
    await ensureTenant(database, 'default', 'Default');
  } finally {
    await database.end();
  }
  return used;
}

async function useTemporal(
  config: Config,
  context: ServiceContext,
): Promise<EmbeddedTemporal | { address: string; uiUrl: string | undefined }> {
  if (config.TEMPORAL_ADDRESS === undefined) return await startTemporal(config, context.dataFolder, context);
  return { address: config.TEMPORAL_ADDRESS, uiUrl: config.TEMPORAL_UI_URL };
}

async function startSimulator(
  parts: Parts,
  settings: Record<string, string | undefined>,
): Promise<string | undefined> {
  return await parts.start({
    name: 'simulator',
    module: 'simulator/main.js',
    settings,
    portSetting: 'SIMULATOR_PORT',
  });
}
