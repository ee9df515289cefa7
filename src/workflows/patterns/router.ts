import type { RouterNode } from '../../contract/skeleton';
import { nothing, type Value } from '../../contract/value';
import { completed, isFinished, outputOf, type Outcome } from '../outcome';
import { escalationOf, unresolved } from '../escalation';
import type { Scope } from '../scope';
import { steerOf } from '../steer';
import { materialFor } from './material';

/** An agent chooses one of the routes; what it is not sure enough of goes to `otherwise`. */
export async function router(step: RouterNode, scope: Scope): Promise<Outcome> {
  const answer = await scope.ask({
    agent: step.classifier,
    place: 'classifier',
    role: 'classifier',
    ...(step.prompt === undefined ? {} : { prompt: step.prompt }),
    context: step.context,
    blocks: materialFor(step.prompt, scope),
    choices: { at: step.routesAt },
  });
  if (!isFinished(answer.outcome)) return answer.outcome;
  const decision = outputOf(answer.outcome);
  const { route, confidence, reason } = steerOf(answer, 'classifier');
  if (confidence >= step.minConfidence) return taken(step, scope, route, decision);
  if (step.otherwise === undefined) return completed(nothing, decision);
  if (step.otherwise !== 'escalate')
    return decided(await scope.run(step.otherwise, 'otherwise', { handed: scope.handed }), decision);
  const why = `The classifier chose ${route} with a confidence of ${String(confidence)}: ${reason}`;
  return picked(step, scope, { why, decision });
}

async function taken(step: RouterNode, scope: Scope, route: string, decision: Value): Promise<Outcome> {
  const chosen = step.routes.find(({ name }) => name === route);
  // The label was checked where the answer was read.
  if (chosen === undefined) throw new Error(`There is no route ${route} at ${scope.path}.`);
  return decided(await scope.run(chosen.step, route, { handed: scope.handed }), decision);
}

/** The router's outcome is its route's, with the choice. */
function decided(outcome: Outcome, decision: Value): Outcome {
  return outcome.type === 'completed' ? { ...outcome, decision } : outcome;
}

interface Doubt {
  why: string;
  decision: Value;
}

/** A person picks the route by its label. */
async function picked(step: RouterNode, scope: Scope, { why, decision }: Doubt): Promise<Outcome> {
  const settled = await scope.decide(
    escalationOf({
      title: `${scope.path}: which route?`,
      content: await scope.compose({ request: scope.lookup('previous'), decision }),
      ...{ reason: why, retries: null, schemaAt: step.routesAt },
    }),
  );
  if (settled.decision === 'skip') return completed(nothing, decision);
  if (settled.decision === 'answer') {
    const { content } = settled;
    const label = 'inline' in content && typeof content.inline === 'string' ? content.inline : '';
    return taken(step, scope, label, await scope.compose({ route: content, by: { inline: settled.by } }));
  }
  return unresolved(scope.path, settled);
}
