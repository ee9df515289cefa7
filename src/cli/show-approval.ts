import type { Approval } from '../contract/approvals-api';
import type { Json } from '../contract/value';
import { duration, localTime, usd } from './format';
import { safeLine, safeText } from './safe-text';
import type { Colors } from './screen';

/** Where the service has an approval. */
export function approvalPath(id: string): string {
  return `/v1/approvals/${encodeURIComponent(id)}`;
}

/** All that a person needs to decide: what is asked, by when, why, and the content in full. */
export function approvalLines(approval: Approval, colors: Colors): string[] {
  const { plan, usage } = approval.run;
  const facts = [
    `${approval.kind} ${approval.id}`,
    `risk ${approval.risk}`,
    approval.status === 'pending' ? dueText(approval.dueAt) : approval.status,
    `step ${approval.step} of ${plan.name} ${plan.version}, ${usd(usage.costUsd)} so far`,
  ];
  const decided = approval.decisions.map(
    ({ by, decision, at, comment }) =>
      `${decision} by ${safeLine(by)} at ${localTime(at)}${comment === null ? '' : `: ${safeLine(comment)}`}`,
  );
  return [
    colors.bold(safeLine(approval.title)),
    colors.dim(facts.join(' · ')),
    ...(approval.reason === null ? [] : [safeLine(approval.reason)]),
    ...decided,
    colors.dim('─'.repeat(72)),
    // A question may show nothing beside itself.
    ...(approval.kind === 'question' && approval.content === null ? [] : [contentText(approval.content)]),
    ...answerLines(approval),
    colors.dim('─'.repeat(72)),
  ];
}

/** What an answer must be where that is no plain text. */
function answerLines({ allow, schema }: Approval): string[] {
  if (!allow.includes('answer') || schema === null || JSON.stringify(schema) === '{"type":"string"}')
    return [];
  const values = typeof schema === 'object' && 'enum' in schema ? schema.enum : undefined;
  if (Array.isArray(values) && values.every((value) => typeof value === 'string'))
    return [`The answer must be one of: ${values.map(safeLine).join(', ')}`];
  return [`The answer must fit ${safeText(JSON.stringify(schema))}`];
}

function dueText(dueAt: string | null): string {
  if (dueAt === null) return 'no deadline';
  return `due ${localTime(dueAt)} (in ${duration(Date.parse(dueAt) - Date.now())})`;
}

/** A value for reading: a text as it is, anything else as indented JSON. */
export function contentText(content: Json): string {
  return safeText(typeof content === 'string' ? content : JSON.stringify(content, null, 2));
}

/** The commands that decide, for somebody who isn't asked on the spot. */
export function decideCommands({ id, allow }: Pick<Approval, 'id' | 'allow'>): string[] {
  return allow.map((decision) => {
    switch (decision) {
      case 'edit':
        return `npx fermata edit ${id} --content @file`;
      case 'answer':
        return `npx fermata decide ${id} answer --content @file`;
      case 'approve':
      case 'reject':
        return `npx fermata ${decision} ${id}`;
      default:
        return `npx fermata decide ${id} ${decision}`;
    }
  });
}
