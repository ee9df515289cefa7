import { z } from 'zod';
import { AnyJson } from './any-json';
import { ApiUsage } from './api';

/** What the API says of approvals, and takes as a decision. */

const Time = z.iso.datetime();
export const approvalKinds = ['approval', 'escalation', 'question'] as const;
export const approvalStatuses = [
  'pending',
  'approved',
  'edited',
  'rejected',
  'answered',
  'resolved',
  'expired',
  'cancelled',
  'voided',
] as const;
export const decisionVerbs = ['approve', 'edit', 'reject', 'retry', 'answer', 'skip', 'fail'] as const;

export const ApprovalDecision = z
  .strictObject({
    by: z.string(),
    decision: z.string(),
    comment: z.string().nullable(),
    at: Time,
    via: z.string(),
  })
  .meta({ id: 'ApprovalDecision' });
export type ApprovalDecision = z.infer<typeof ApprovalDecision>;

const fields = {
  id: z.string(),
  kind: z.enum(approvalKinds),
  runId: z.string(),
  step: z.string(),
  title: z.string(),
  risk: z.enum(['low', 'medium', 'high']),
  status: z.enum(approvalStatuses),
  requestedAt: Time,
  dueAt: Time.nullable(),
  digest: z.string().meta({ description: 'Of what is shown: send it back to decide on exactly this.' }),
  allow: z.array(z.enum(decisionVerbs)),
  decisions: z.array(ApprovalDecision),
};
export const ApprovalListItem = z.strictObject(fields).meta({ id: 'ApprovalListItem' });
export type ApprovalListItem = z.infer<typeof ApprovalListItem>;
export const ApprovalList = z.strictObject({
  items: z.array(ApprovalListItem),
  nextCursor: z.string().nullable(),
});

export const Approval = z
  .strictObject({
    ...fields,
    content: AnyJson.meta({ description: 'What is shown.' }),
    decidedContent: AnyJson.meta({ description: 'What counts after an edit or an answer, else null.' }),
    schema: AnyJson.meta({ description: 'JSON Schema that an edit or answer must fit, else null.' }),
    reason: z.string().nullable(),
    run: z.strictObject({
      plan: z.strictObject({ name: z.string(), version: z.string() }),
      usage: ApiUsage,
    }),
    trail: z
      .array(z.strictObject({ step: z.string(), output: AnyJson }))
      .meta({ description: 'Outputs of the steps that led to it.' }),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

export const Decide = z
  .strictObject({
    decision: z.enum(decisionVerbs),
    content: AnyJson.optional().meta({ description: 'Needed for `edit` and `answer`, refused otherwise.' }),
    comment: z.string().max(10_000).optional(),
    digest: z.string().max(200).optional(),
  })
  .meta({ id: 'Decide' });
export type Decide = z.infer<typeof Decide>;
