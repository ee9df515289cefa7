import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadCatalog } from '../catalog/load';
import { demand } from '../config';
import { ensureTenant } from '../ledger/contents';
import { openDatabase } from '../ledger/database';
import { ensureAdminKey } from '../ledger/keys';
import { migrate } from '../ledger/migrate';
import { runPart } from '../lifecycle';
import { reach } from '../reach';
import { createLogger } from '../telemetry/logger';
import { startTelemetry } from '../telemetry/telemetry';
import { buildApp } from './app';
import { createGateways } from './gateways';
import { startReconciler } from './reconciler/reconciler';
import type { Service } from './service';
import { openTemporal } from './temporal';

const packagePath = path.join(__dirname, '../../package.json');

runPart({
  name: 'api',
  async start(settings, signal) {
    const config = demand(settings, [
      'TEMPORAL_ADDRESS',
      'DATABASE_URL',
      'GATEWAY_URL',
      'FERMATA_INTERNAL_KEY',
    ]);
    const logger = createLogger(config, 'api');
    const telemetry = startTelemetry('api', config);
    const database = openDatabase(config.DATABASE_URL);
    const say = (line: string): void => {
      logger.warn(line);
    };
    await reach(() => migrate(database), { say, signal });
    await ensureTenant(database, 'default', 'Default');
    if (config.FERMATA_API_KEY !== undefined) await ensureAdminKey(database, config.FERMATA_API_KEY);
    const temporal = openTemporal(config, [telemetry.plugin]);
    const service: Service = {
      database,
      temporal,
      catalog: loadCatalog(config.FERMATA_CONFIG),
      gateways: createGateways(addressesOf(config.GATEWAY_URL), config.FERMATA_INTERNAL_KEY),
      internalKey: config.FERMATA_INTERNAL_KEY,
      continueAfterSteps: config.FERMATA_CONTINUE_AFTER_STEPS,
      branchesHereMax: config.FERMATA_BRANCHES_HERE_MAX,
      temporalUiUrl: config.TEMPORAL_UI_URL?.replace(/\/+$/, '') ?? null,
      workerMetricsUrl: config.WORKER_METRICS_URL ?? null,
      metricsText: () => telemetry.metricsText(),
    };
    const { version } = JSON.parse(readFileSync(packagePath, 'utf8')) as { version: string };
    const app = await buildApp(service, { version, logger });
    const reconciler = startReconciler(service, logger);
    const url = await app.listen({ host: config.HOST, port: config.PORT });
    return {
      url,
      async stop() {
        await reconciler.stop();
        await app.close();
        await temporal.close();
        await database.end();
        await telemetry.shutdown();
      },
    };
  },
});

function addressesOf(list: string): string[] {
  return list
    .split(',')
    .map((address) => address.trim().replace(/\/+$/, ''))
    .filter((address) => address !== '');
}
