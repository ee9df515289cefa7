import type { AgentNode } from '../../contract/skeleton';
import type { Outcome } from '../outcome';
import type { Scope } from '../scope';

/** Asks one agent. What a surrounding pattern handed in is shown as data, unless the prompt names it. */
export async function agent(step: AgentNode, scope: Scope): Promise<Outcome> {
  const answer = await scope.ask({
    agent: step.agent,
    place: null,
    role: 'agent',
    prompt: step.prompt,
    context: step.context,
    blocks: scope.handed.filter((block) => !step.prompt.uses.includes(block.name)),
  });
  return answer.outcome;
}
