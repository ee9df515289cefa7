import { z } from 'zod';
import {
  Approval,
  ApprovalList,
  approvalKinds,
  approvalStatuses,
  Decide,
} from '../../contract/approvals-api';
import { limits } from '../../contract/limits';
import { listApprovals, readApproval } from '../../ledger/approvals-reading';
import { approvalListItem, viewApproval } from '../approvals/approval-view';
import { decide } from '../approvals/decide';
import { answerOnce, keyOf } from '../idempotency';
import { cursorOf, pageOf, pageQuery, readCursor, readTime } from '../page';
import { principalOf } from '../plugins/authentication';
import { notFound } from '../problem';
import { demandCleanText } from '../read-json';
import type { App, Service } from '../service';
import { oneOrMany } from '../one-or-many';

const Query = z.strictObject({
  status: oneOrMany(z.enum(approvalStatuses)).default([]),
  assignee: z.literal('me').optional().meta({ description: 'Those that the caller could decide now.' }),
  runId: z.string().max(200).optional(),
  kind: z.enum(approvalKinds).optional(),
  ...pageQuery,
});

/** What people are asked, and their decisions. */
export function approvalRoutes(app: App, service: Service): void {
  approvalReading(app, service);
  approvalDeciding(app, service);
}

function approvalReading(app: App, service: Service): void {
  const { database } = service;

  app.get(
    '/v1/approvals',
    {
      config: { scopes: ['runs:read', 'approvals:decide'] },
      schema: {
        summary: 'List approvals, newest first',
        querystring: Query,
        response: { 200: ApprovalList },
      },
    },
    async (request) => {
      const { tenant, scopes } = principalOf(request);
      const { status, assignee, runId, kind, limit, cursor } = request.query;
      if (assignee === 'me' && !scopes.includes('approvals:decide')) return { items: [], nextCursor: null };
      const after = readCursor(cursor, 2);
      const rows = await listApprovals(database, tenant, {
        status: assignee === 'me' ? ['pending'] : status,
        kind: kind ?? null,
        run: runId ?? null,
        after: after === null ? null : { at: readTime(after[0]), id: after[1] ?? '' },
        limit: limit + 1,
      });
      return pageOf(rows, limit, {
        view: approvalListItem,
        cursor: (row) => cursorOf(row.requestedAt.toISOString(), row.id),
      });
    },
  );

  app.get(
    '/v1/approvals/:id',
    {
      config: { scopes: ['runs:read', 'approvals:decide'] },
      schema: {
        summary: 'Show an approval: what is asked, and what led to it',
        params: z.strictObject({ id: z.string() }),
        response: { 200: Approval },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const { id } = request.params;
      const row = await readApproval(database, tenant, id);
      if (row === null) throw notFound(`approval ${id}`);
      return await viewApproval(service, tenant, row);
    },
  );
}

function approvalDeciding(app: App, service: Service): void {
  app.post(
    '/v1/approvals/:id',
    {
      config: { scopes: ['approvals:decide'], depthMax: limits.jsonDepthMax + 1 },
      schema: {
        summary: 'Decide',
        description: 'Answers once the run has taken the decision. Exactly one decision counts.',
        params: z.strictObject({ id: z.string() }),
        body: Decide,
        response: { 200: Approval },
      },
    },
    async (request, reply) => {
      await answerOnce(service, { request, reply }, async () => {
        const { body, params } = request;
        demandCleanText({ '/comment': body.comment, '/digest': body.digest });
        const row = await decide(service, {
          approval: params.id,
          body,
          principal: principalOf(request),
          idempotencyKey: keyOf(request)?.id.keyHash ?? null,
        });
        return { status: 200, body: await viewApproval(service, principalOf(request).tenant, row) };
      });
      return reply;
    },
  );
}
