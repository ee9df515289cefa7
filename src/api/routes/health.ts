import { Health, Readiness } from '../../contract/plans-api';
import { ProblemError } from '../problem';
import { checkParts } from '../readiness';
import type { App, Service } from '../service';

/** Whether this process lives, and whether the service can work. */
export function healthRoutes(app: App, service: Service): void {
  app.get(
    '/healthz',
    {
      config: { scopes: 'public', otel: false },
      schema: { summary: 'Say that this process lives', response: { 200: Health } },
    },
    () => ({ status: 'ok' as const }),
  );

  app.get(
    '/readyz',
    {
      config: { scopes: 'public', otel: false },
      schema: { summary: 'Say whether every part is there', response: { 200: Readiness } },
    },
    async () => {
      const parts = await checkParts(service);
      const missing = Object.entries(parts).filter(([, { ok }]) => !ok);
      if (missing.length === 0) return { status: 'ready' as const, parts };
      const detail = missing.map(([name, part]) => `${name}: ${part.detail}`).join(' ');
      throw new ProblemError('not_ready', detail, { members: { parts } });
    },
  );
}
