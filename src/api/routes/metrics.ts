import { z } from 'zod';
import { readFigures } from '../../ledger/figures';
import { principalOf } from '../plugins/authentication';
import { ProblemError } from '../problem';
import { prometheusText } from '../prometheus-text';
import type { App, Service } from '../service';

const workerMsMax = 3_000;
const contentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Figures of the whole service in Prometheus' text format. */
export function metricsRoutes(app: App, service: Service): void {
  app.get(
    '/metrics',
    {
      config: { scopes: ['admin'], otel: false },
      schema: {
        summary: 'Figures in the text format of Prometheus',
        description: 'They cover every tenant, so the key must be an admin of the tenant `default`.',
        response: { 200: { description: 'Figures', content: { 'text/plain': { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      if (principalOf(request).tenant !== 'default')
        throw new ProblemError('insufficient_scope', 'Only an admin of the tenant default sees all figures.');
      const [figures, own, worker] = await Promise.all([
        readFigures(service.database),
        service.metricsText(),
        workerText(service.workerMetricsUrl),
      ]);
      const text = [prometheusText(figures), own, worker].filter((part) => part !== '').join('\n');
      return await reply
        .type(contentType)
        .serializer((body: unknown) => String(body))
        .send(text);
    },
  );
}

/** A worker that doesn't answer leaves its figures out; it is readiness that says so. */
async function workerText(url: string | null): Promise<string> {
  if (url === null) return '';
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(workerMsMax) });
    return response.ok ? await response.text() : '';
  } catch {
    return '';
  }
}
