import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../activities/create-activities';
import { loadCatalog } from '../catalog/load';
import { demand, SettingError, type Config } from '../config';
import { openDatabase } from '../ledger/database';
import { migrate } from '../ledger/migrate';
import { runPart } from '../lifecycle';
import { reach } from '../reach';
import { createLogger } from '../telemetry/logger';
import { startTelemetry } from '../telemetry/telemetry';
import { temporalOptions } from '../temporal-options';
import { startBeat } from './beat';
import { bundleHash, keepBundle } from './keep-bundle';
import { graceMs, workerSettings } from './settings';

// A run that waits is dropped from memory, and what it leaves behind is garbage: V8 would let it grow to
// several times of what is alive before it looked. Both hold for the thread that runs workflow code.
setFlagsFromString('--heap-growing-percent=25');
setFlagsFromString('--max-semi-space-size=4');

const builtBundle = path.join(__dirname, '../workflow-bundle.js');

runPart({
  name: 'worker',
  graceMs: graceMs + 10_000,
  async start(settings, signal) {
    const config = demand(settings, [
      'TEMPORAL_ADDRESS',
      'DATABASE_URL',
      'GATEWAY_URL',
      'FERMATA_INTERNAL_KEY',
    ]);
    const logger = createLogger(config, 'worker');
    const telemetry = startTelemetry('worker', config);
    Runtime.install({
      logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
        logger[levelOf(level)]({ ...meta }, message);
      }),
      shutdownSignals: [],
      ...(config.WORKER_METRICS_PORT === undefined
        ? {}
        : {
            telemetryOptions: {
              metrics: {
                prometheus: {
                  bindAddress: `${config.WORKER_METRICS_HOST}:${String(config.WORKER_METRICS_PORT)}`,
                },
              },
            },
          }),
    });
    const code = readBundle(config);
    keep(code, config, logger);
    const say = (line: string): void => {
      logger.warn(line);
    };
    const connection = await reach(() => NativeConnection.connect(temporalOptions(config)), { say, signal });
    const database = openDatabase(config.DATABASE_URL);
    await reach(() => migrate(database), { say, signal });
    // It asks for its namespace, which a server that has just started may not have at hand.
    const create = (): Promise<Worker> =>
      Worker.create({
        connection,
        namespace: config.TEMPORAL_NAMESPACE,
        taskQueue: config.FERMATA_TASK_QUEUE,
        workflowBundle: { code },
        activities: createActivities({
          database,
          catalog: loadCatalog(config.FERMATA_CONFIG),
          gatewayUrls: gatewayUrls(config),
          internalKey: config.FERMATA_INTERNAL_KEY,
        }),
        plugins: [telemetry.plugin],
        ...workerSettings,
      });
    const worker = await reach(create, { say, signal });
    const ended = worker.run();
    // A worker that ends by itself has lost its server for good or met a bug: whoever supervises it starts another.
    ended.catch((error: unknown) => {
      logger.fatal(error, 'the worker ended');
      process.exit(1);
    });
    const beat = startBeat(database, config.FERMATA_TASK_QUEUE, logger);
    return {
      async stop() {
        worker.shutdown();
        await ended;
        await beat.stop();
        await connection.close();
        await database.end();
        await telemetry.shutdown();
      },
    };
  },
});

function readBundle({ FERMATA_WORKFLOW_BUNDLE: file = builtBundle }: Config): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingError(`FERMATA_WORKFLOW_BUNDLE="${file}": ${String(error)}`);
  }
}

function keep(code: string, config: Config, logger: ReturnType<typeof createLogger>): void {
  logger.info({ bundle: bundleHash(code) }, 'the workflow code that runs here');
  try {
    keepBundle(code, path.join(config.DATA_DIR, 'bundles'));
  } catch (error) {
    // A read-only file system is no reason not to work; only there is nothing to go back to.
    logger.warn(error, 'the workflow code could not be kept');
  }
}

function gatewayUrls(config: Config): string[] {
  return (config.GATEWAY_URL ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
}

function levelOf(level: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  const known = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  return known[level as keyof typeof known];
}
