import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { ulid } from 'ulid';
import type { Catalog } from '../catalog/catalog';
import { limits } from '../contract/limits';
import type { Database } from '../ledger/database';
import { forgetRates } from '../ledger/rates';
import { publishVendors } from '../ledger/vendors';
import { fastifyTelemetry } from '../telemetry/fastify';
import { installAuthorization } from './authorization';
import { createCalls } from './calls';
import { createDeltas } from './deltas';
import type { Desk } from './desk';
import { createLine } from './line';
import { createMeters } from './meters';
import { ProblemError, sendProblem } from './problem';
import { repeat } from './repeat';
import { installCalls } from './routes';
import { installStreams } from './streams';
import type { Vendors } from './vendors/select';

export interface GatewayOptions {
  database: Database;
  catalog: Catalog;
  vendors: Vendors;
  /** The token that every request must bear. */
  internalKey: string;
  logger: FastifyBaseLogger;
  /** What this process measured, in Prometheus' text format. */
  metricsText: () => Promise<string>;
}

export interface Gateway {
  app: FastifyInstance;
  /** How many calls are under way. */
  inFlight(): number;
  /** Takes no new calls, finishes those at vendors, and closes. Answers how many there were. */
  drain(): Promise<number>;
}

const lastAnswersMs = 1_000;

/** The one process that talks to model vendors. */
export async function buildGateway(options: GatewayOptions): Promise<Gateway> {
  const { database, catalog, vendors, logger } = options;
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.callBodyBytesMax,
    genReqId: () => ulid(),
    routerOptions: { maxParamLength: limits.callKeyBytesMax },
    // Names in a schema are the plan's own: nothing is merged by them, so none is dangerous.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
  });
  const desk: Desk = {
    ...{ database, catalog, vendors, log: app.log, owner: ulid() },
    line: createLine(),
    deltas: createDeltas(),
    meters: createMeters(),
  };
  const calls = createCalls(desk);
  let draining = false;

  await app.register(fastifyTelemetry());
  app.setValidatorCompiler(validatorCompiler);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler(() => {
    throw new ProblemError('not_found', 'There is nothing here.');
  });
  installAuthorization(app, options.internalKey);
  installCalls(app, { calls, isDraining: () => draining });
  installStreams(app, desk.deltas);
  app.get('/healthz', { config: { otel: false } }, () => ({ status: 'ok' }));
  app.get('/metrics', { config: { otel: false } }, async (_request, reply) => {
    await reply.type('text/plain; version=0.0.4').send(await options.metricsText());
  });

  const publishing = repeat(limits.vendorsPublishSeconds * 1000, async () => {
    try {
      await publishVendors(database, vendors.states());
      await forgetRates(database);
    } catch (error) {
      app.log.error({ err: error }, 'the vendors could not be published');
    }
  });

  async function drain(): Promise<number> {
    draining = true;
    await publishing.stop();
    const finished = await calls.drain();
    // What is asked is answered at once by now; a connection on which nothing is asked must not hold us up.
    const hangUp = setTimeout(() => {
      app.server.closeAllConnections();
    }, lastAnswersMs);
    await app.close();
    clearTimeout(hangUp);
    return finished;
  }

  return { app, inFlight: () => calls.inFlight(), drain };
}
