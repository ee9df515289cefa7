import { loadCatalog } from '../catalog/load';
import { demand } from '../config';
import { limits } from '../contract/limits';
import { openDatabase } from '../ledger/database';
import { migrate } from '../ledger/migrate';
import { note, runPart } from '../lifecycle';
import { reach } from '../reach';
import { createLogger } from '../telemetry/logger';
import { startTelemetry } from '../telemetry/telemetry';
import { buildGateway } from './app';
import { selectVendors } from './vendors/select';

runPart({
  name: 'gateway',
  graceMs: limits.drainSecondsMax * 1000,
  async start(settings, signal) {
    const vendor = settings.SIMULATOR_URL === undefined ? (['ANTHROPIC_API_KEY'] as const) : [];
    const config = demand(settings, ['DATABASE_URL', 'FERMATA_INTERNAL_KEY', ...vendor]);
    const logger = createLogger(config, 'gateway');
    const telemetry = startTelemetry('gateway', config);
    const catalog = loadCatalog(config.FERMATA_CONFIG);
    const vendors = selectVendors(config, catalog);
    const database = openDatabase(config.DATABASE_URL);
    const say = (line: string): void => {
      logger.warn(line);
    };
    await reach(() => migrate(database), { say, signal });
    const gateway = await buildGateway({
      ...{ database, catalog, vendors, logger },
      internalKey: config.FERMATA_INTERNAL_KEY,
      metricsText: () => telemetry.metricsText(),
    });
    const url = await gateway.app.listen({ host: config.GATEWAY_HOST, port: config.GATEWAY_PORT });
    logger.info({ url, simulated: vendors.states().some((vendor) => vendor.simulated) }, 'gateway ready');
    return {
      url,
      async stop() {
        const inFlight = gateway.inFlight();
        if (inFlight > 0) note(`gateway finishes ${inFlight} call${inFlight === 1 ? '' : 's'} in flight.`);
        const finished = await gateway.drain();
        logger.info({ finished }, 'gateway stopped; calls in flight were finished');
        await database.end();
        await telemetry.shutdown();
      },
    };
  },
});
