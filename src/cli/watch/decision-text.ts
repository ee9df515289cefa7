import type { DecisionOf, Role } from '../../contract/decisions';
import type { Json } from '../../contract/value';

type Shown = { [Of in Role]: (decision: Partial<DecisionOf<Of>>) => string };

// A decision too large for the stream comes without its fields.
const texts: Shown = {
  classifier: ({ route, confidence, reason }) =>
    route === undefined ? 'chose' : `chose ${route} (${String(confidence ?? '?')}): ${reason ?? ''}`,
  supervisor: ordered,
  manager: ordered,
  evaluator: ({ score, feedback }) =>
    score === undefined ? 'scored' : `${String(score)} of 10: ${feedback ?? ''}`,
  reviewer({ approved, issues = [] }) {
    if (approved === true) return 'approved';
    if (approved === undefined) return 'judged';
    return issues.length === 0 ? 'not approved' : `not approved: ${issues.join('; ')}`;
  },
  judge: ({ confidence, disagreements = [] }) =>
    confidence === undefined
      ? 'judged'
      : `confidence ${String(confidence)}, ${String(disagreements.length)} ${disagreements.length === 1 ? 'point' : 'points'} of dissent`,
};

function ordered({ verdicts = [], assignments = [], finished }: Partial<DecisionOf<'supervisor'>>): string {
  if (finished === undefined) return 'ordered';
  const parts = [
    ...verdicts.map(({ assignment, verdict }) => `${verdict} ${assignment}`),
    ...assignments.map(({ worker }) => `assign ${worker}`),
    ...(finished ? ['finished'] : []),
  ];
  return parts.length === 0 ? 'ordered nothing' : parts.join(', ');
}

/** What an agent has decided, in a few words; null for a decision of a person, which has its own event. */
export function decisionText(kind: string, decision: Json): string | null {
  return Object.hasOwn(texts, kind) ? texts[kind as Role](decision as never) : null;
}
