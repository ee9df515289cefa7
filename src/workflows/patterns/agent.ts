import type { AgentNode } from '../../contract/skeleton';
import { failed, isFinished, type Outcome } from '../outcome';
import type { Scope } from '../scope';
import { hold, riskOf } from './hold';

/** Asks one agent. What a surrounding pattern handed in is shown as data, unless the prompt names it. */
export async function agent(step: AgentNode, scope: Scope): Promise<Outcome> {
  // Before the answer is paid for.
  const risk = step.held === undefined ? null : await riskOf(step.held, scope);
  if (typeof risk === 'object' && risk !== null) return failed(scope.path, 'invalid_template', risk.problem);
  const answer = await scope.ask({
    agent: step.agent,
    place: null,
    role: 'agent',
    ...(step.keptMs === undefined ? {} : { keptMs: step.keptMs }),
    prompt: step.prompt,
    context: step.context,
    blocks: scope.handed.filter((block) => !step.prompt.uses.includes(block.name)),
  });
  const { outcome } = answer;
  if (risk === null || step.held === undefined || !isFinished(outcome) || outcome.type === 'skipped')
    return outcome;
  return hold(step.held, scope, { risk, outcome, agent: step.agent });
}
