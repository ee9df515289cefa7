import type { HeldNode } from '../../contract/node-parts';
import { nothing } from '../../contract/value';
import { failed, type Finished, type Outcome } from '../outcome';
import type { Matter, Scope } from '../scope';

type Risk = Matter['risk'];

/** The risk that the plan gives an answer, or what is wrong with it. */
export async function riskOf({ risk }: HeldNode, scope: Scope): Promise<Risk | { problem: string }> {
  if (typeof risk === 'string') return risk;
  const value = await scope.value(risk);
  const json = 'inline' in value ? value.inline : null;
  // A template of several lines ends in one more.
  const level = typeof json === 'string' ? json.trim() : json;
  if (level === 'low' || level === 'medium' || level === 'high') return level;
  const came = 'preview' in value ? `${value.preview.replaceAll(/\s+/g, ' ')} …` : JSON.stringify(level);
  return { problem: `${risk.at}: The risk is low, medium or high, not ${came}.` };
}

interface Answered {
  risk: Risk;
  outcome: Exclude<Finished, { type: 'skipped' }>;
  agent: string;
}

/** Lets an answer go on as people approve it: nobody sees another version of it. */
export async function hold(
  { timeoutMs, schemaAt }: HeldNode,
  scope: Scope,
  { risk, outcome, agent }: Answered,
): Promise<Outcome> {
  const settled = await scope.decide({
    kind: 'approval',
    title: { text: `${scope.path}: may the answer of ${agent} go on?` },
    content: outcome.value,
    risk,
    allow: ['approve', 'edit', 'reject'],
    timeoutMs,
    reason: null,
    schemaAt,
  });
  const { status, decision, by, comment, content } = settled;
  if (status === 'expired')
    return failed(scope.path, 'approval_expired', 'Nobody decided before the approval expired.');
  if (decision === 'reject') return { type: 'rejected', by, step: scope.path, comment, value: nothing };
  return { ...outcome, value: content, decision: { inline: { decision, by, comment } } };
}
