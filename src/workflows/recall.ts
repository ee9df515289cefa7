import { recallAnswer } from './activities';
import { firstAsking, givenNow } from './ask';
import { callOf } from './call';
import type { Node } from './node';
import { incomplete, type Failed, type Outcome } from './outcome';
import type { RunState } from './run-state';
import type { Answer, Question } from './scope';
import { candidates, selectList } from './select';

/** Beside the places of questions that are asked. */
const place = 'cached';

interface Recalling {
  failure: Failed;
  maxAgeMs: number;
}

/**
 * The newest answer that was kept of what a failed question asked, of whichever of its models, marked
 * as stale; the failure where there is none. Nobody is asked.
 */
export async function recall(
  run: RunState,
  node: Node,
  question: Question,
  { failure, maxAgeMs }: Recalling,
): Promise<Answer> {
  const { asks, given } = node.progress;
  const known = asks.get(place);
  if (known?.type === 'answered') return known.answer;
  const agent = run.skeleton.agents[question.agent];
  // A child workflow keeps what it has settled to itself, and a step may fail before anything is.
  const settled =
    given.get('') ??
    givenNow(node, question, agent?.select === undefined ? null : await selectList(run, node, agent.select));
  const models = candidates(agent, settled.list ?? 0);
  const about = { question, path: node.path, models, given: settled };
  const call = callOf(run, node, about, firstAsking(run, question, 0));
  const request = { models: models.map((model) => model.place), maxAgeMs };
  const recalled = await run.gate.pass(node.clock, () =>
    run.journal.carry((journal) =>
      recallAnswer({ ...request, call: { ...call, journal } }, `${question.agent} · an earlier answer`),
    ),
  );
  const { code, message } = failure.error;
  const outcome: Outcome =
    recalled.type === 'none'
      ? failure
      : incomplete('stale', `The answer of ${recalled.madeAt}, for ${code}: ${message}`, recalled.value);
  const answer: Answer = { type: 'answered', outcome, steer: null };
  asks.set(place, { type: 'answered', answer });
  return answer;
}
