import { z } from 'zod';
import { Run, RunList, runStatuses } from '../../contract/api';
import { listRuns, type RunFilter } from '../../ledger/run-reading';
import { oneOrMany } from '../one-or-many';
import { cursorOf, pageOf, pageQuery, readCursor, readTime } from '../page';
import { principalOf } from '../plugins/authentication';
import { notFound } from '../problem';
import { runListItem, viewRun } from '../runs/run-view';
import type { App, Service } from '../service';

const Query = z.strictObject({
  status: oneOrMany(z.enum(runStatuses)).default([]),
  plan: z.string().min(1).max(200).optional().meta({ description: '`name` or `name@version`.' }),
  label: oneOrMany(z.string().regex(/^[^:]+:.+$/s, 'Must be key:value'))
    .default([])
    .meta({ description: '`key:value`' }),
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Created at or after.' }),
  to: z.iso.datetime({ offset: true }).optional().meta({ description: 'Created before.' }),
  q: z.string().min(1).max(500).optional().meta({ description: 'Words in input, output and error.' }),
  ...pageQuery,
});

/** Runs as they stand. */
export function runRoutes(app: App, service: Service): void {
  app.get(
    '/v1/runs',
    {
      config: { scopes: ['runs:read'] },
      schema: { summary: 'List runs, newest first', querystring: Query, response: { 200: RunList } },
    },
    async (request) => {
      const { limit } = request.query;
      const rows = await listRuns(service.database, principalOf(request).tenant, filterOf(request.query));
      return pageOf(rows, limit, {
        view: (row) => runListItem(service, row),
        cursor: (row) => cursorOf(row.createdAt.toISOString(), row.id),
      });
    },
  );

  app.get(
    '/v1/runs/:id',
    {
      config: { scopes: ['runs:read'] },
      schema: { summary: 'Show a run', params: z.strictObject({ id: z.string() }), response: { 200: Run } },
    },
    async (request) => {
      const { id } = request.params;
      const run = await viewRun(service, principalOf(request).tenant, id);
      if (run === null) throw notFound(`run ${id}`);
      return run;
    },
  );
}

function filterOf({ status, plan, label, from, to, q, limit, cursor }: z.output<typeof Query>): RunFilter {
  const after = readCursor(cursor, 2);
  const [name = '', version = null] = plan?.split('@', 2) ?? [];
  return {
    status,
    plan: plan === undefined ? null : { name, version },
    labels: Object.fromEntries(label.map((one) => splitOnce(one))),
    from: from === undefined ? null : new Date(from),
    to: to === undefined ? null : new Date(to),
    words: q?.split(/\s+/).filter((word) => word !== '') ?? [],
    after: after === null ? null : { createdAt: readTime(after[0]), id: after[1] ?? '' },
    limit: limit + 1,
  };
}

function splitOnce(label: string): [string, string] {
  const at = label.indexOf(':');
  return [label.slice(0, at), label.slice(at + 1)];
}
