import path from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../activities/create-activities';
import { demand, type Config } from '../config';
import { limits } from '../contract/limits';
import { openDatabase } from '../ledger/database';
import { runPart } from '../lifecycle';
import { createLogger } from '../telemetry/logger';
import { startTelemetry } from '../telemetry/telemetry';
import { temporalOptions } from '../temporal-options';

const bundlePath = path.join(__dirname, '../workflow-bundle.js');
const graceMs = 5_000;
// What parked runs cost is memory; what active ones gain is not being replayed at every step.
const cachedWorkflowsMax = 300;

runPart({
  name: 'worker',
  graceMs: graceMs + 5_000,
  async start(settings) {
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
              metrics: { prometheus: { bindAddress: `127.0.0.1:${String(config.WORKER_METRICS_PORT)}` } },
            },
          }),
    });
    const connection = await NativeConnection.connect(temporalOptions(config));
    const database = openDatabase(config.DATABASE_URL);
    const worker = await Worker.create({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      taskQueue: config.FERMATA_TASK_QUEUE,
      workflowBundle: { codePath: bundlePath },
      activities: createActivities({
        database,
        gatewayUrls: gatewayUrls(config),
        internalKey: config.FERMATA_INTERNAL_KEY,
      }),
      plugins: [telemetry.plugin],
      maxCachedWorkflows: cachedWorkflowsMax,
      maxConcurrentActivityTaskExecutions: limits.activitiesMax,
      stickyQueueScheduleToStartTimeout: '2 seconds',
      maxHeartbeatThrottleInterval: '1 second',
      shutdownGraceTime: graceMs,
    });
    const ended = worker.run();
    // A worker that ends by itself has lost its server for good or met a bug: whoever supervises it starts another.
    ended.catch((error: unknown) => {
      logger.fatal(error, 'the worker ended');
      process.exit(1);
    });
    return {
      async stop() {
        worker.shutdown();
        await ended;
        await connection.close();
        await database.end();
        await telemetry.shutdown();
      },
    };
  },
});

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
