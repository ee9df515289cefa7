import fastify, { type FastifyBaseLogger, type RouteOptions } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { ulid } from 'ulid';
import { limits } from '../contract/limits';
import { fastifyTelemetry } from '../telemetry/fastify';
import { followUnusedConnections } from '../unused-connections';
import { refuseBrokenRequest } from './broken-request';
import { createEventFeed } from './events/event-feed';
import { installAuthentication } from './plugins/authentication';
import { installBodies } from './plugins/bodies';
import { installGuards } from './plugins/guards';
import { installHttpMetrics } from './plugins/http-metrics';
import { docsPath, installOpenApi } from './plugins/openapi';
import { installProblems, sendProblem } from './plugins/problems';
import { agentRoutes } from './routes/agents';
import { approvalRoutes } from './routes/approvals';
import { eventRoutes } from './routes/events';
import { healthRoutes } from './routes/health';
import { metricsRoutes } from './routes/metrics';
import { modelRoutes } from './routes/models';
import { planDraftRoutes } from './routes/plan-draft';
import { planRoutes } from './routes/plans';
import { recommendRoutes } from './routes/recommend';
import { runEstimateRoutes } from './routes/run-estimate';
import { runCancelRoutes } from './routes/run-cancel';
import { runEventRoutes } from './routes/run-events';
import { runHistoryRoutes } from './routes/run-history';
import { runStartRoutes } from './routes/run-start';
import { runStepRoutes } from './routes/run-steps';
import { runSignalRoutes } from './routes/run-signals';
import { runRoutes } from './routes/runs';
import { scheduleRoutes } from './routes/schedules';
import { schemaRoutes } from './routes/schemas';
import type { App, Service } from './service';

const requestMsMax = 30_000;
const idleMsMax = 75_000;

interface AppOptions {
  version: string;
  logger: FastifyBaseLogger;
  /** Is told of every route. */
  onRoute?: (route: RouteOptions) => void;
}

/** Builds the API on a service; it doesn't listen yet. Closing it ends the streams that are read. */
export async function buildApp(service: Service, { version, logger, onRoute }: AppOptions): Promise<App> {
  let draining = false;
  const app: App = fastify({
    loggerInstance: logger,
    genReqId: () => ulid(),
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: requestMsMax,
    keepAliveTimeout: idleMsMax,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: limits.pathBytesMax },
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply);
    },
    clientErrorHandler: refuseBrokenRequest,
  }).withTypeProvider<ZodTypeProvider>();
  const closeUnused = followUnusedConnections(app.server);
  app.addHook('preClose', (done) => {
    draining = true;
    closeUnused();
    done();
  });

  await app.register(fastifyTelemetry());
  installProblems(app);
  await installGuards(app, () => draining);
  installAuthentication(app, service, docsPath);
  if (onRoute !== undefined) app.addHook('onRoute', onRoute);
  await installOpenApi(app, version);
  installBodies(app);
  installHttpMetrics(app);

  const feed = createEventFeed(service, logger);
  app.addHook('onClose', (_, done) => {
    feed.close();
    done();
  });
  healthRoutes(app, service);
  metricsRoutes(app, service);
  schemaRoutes(app);
  modelRoutes(app, service);
  agentRoutes(app, service);
  recommendRoutes(app, service);
  planDraftRoutes(app, service);
  runStartRoutes(app, service);
  runEstimateRoutes(app, service);
  runRoutes(app, service);
  runStepRoutes(app, service);
  runEventRoutes(app, service, feed);
  runCancelRoutes(app, service);
  runSignalRoutes(app, service);
  runHistoryRoutes(app, service);
  approvalRoutes(app, service);
  scheduleRoutes(app, service);
  // Apart, because an event may come with a body of any type.
  await app.register((scope, _, done) => {
    eventRoutes(scope.withTypeProvider<ZodTypeProvider>(), service);
    done();
  });
  // Apart, because these routes alone read YAML.
  await app.register((scope, _, done) => {
    planRoutes(scope.withTypeProvider<ZodTypeProvider>(), service);
    done();
  });
  return app;
}
