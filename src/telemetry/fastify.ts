import { FastifyOtelInstrumentation } from '@fastify/otel';
import type { FastifyPluginCallback } from 'fastify';

const instrumentation = new FastifyOtelInstrumentation({
  // One span a request, named for its route; a span a hook would bury what matters.
  instrumentHooks: false,
  instrumentHandler: false,
  requestHook(span, request) {
    span.updateName(`${request.method} ${request.routeOptions.url ?? 'unknown'}`);
  },
});

/**
 * A plugin that joins each request to its caller's trace and makes its span. To be registered, and
 * awaited, before any route. A route leaves itself out with `config: { otel: false }`.
 */
export function fastifyTelemetry(): FastifyPluginCallback {
  return instrumentation.plugin();
}
