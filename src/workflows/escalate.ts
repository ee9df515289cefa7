import { limits } from '../contract/limits';
import type { StepNode } from '../contract/skeleton';
import { nothing, type Value } from '../contract/value';
import type { Node, Running } from './node';
import { completed, failed, incomplete, type Failed, type Outcome } from './outcome';
import { askPeople } from './people';
import { compose } from './run-scope';
import type { RunState } from './run-state';
import type { Matter, Position, Settled } from './scope';

/** What an escalation needs of the step that failed. */
export interface Escalation {
  step: StepNode;
  failure: Failed;
  /** JSON Pointer of the schema that an answer in the step's place must fit, if any. */
  answerAt: string | null;
  start(step: StepNode, place: string, position: Position): Running;
}

/**
 * A person decides what becomes of a failed step, with all that the step had before their eyes: it is
 * done once more, answered in its place, left out, or failed for good.
 */
export async function escalate(run: RunState, node: Node, escalation: Escalation): Promise<Outcome> {
  const { step, answerAt, start } = escalation;
  let { failure } = escalation;
  for (let retries = 0; ; retries++) {
    const content = await contextOf(run, node, failure);
    const settled = await askPeople(run, node, matterOf(node, { failure, content, retries, answerAt }));
    if (settled.decision !== 'retry') return settledBy(node, step, failure, settled);
    const again = start(onceMore(step), `again.${String(retries + 1)}`, { handed: node.handed });
    const outcome = await again.outcome;
    if (outcome.type !== 'failed') return outcome;
    failure = outcome;
  }
}

/** The step as it is done again: it goes by its place, its condition has held, and its failure comes back here. */
function onceMore(step: StepNode): StepNode {
  const again = { ...step, onFailure: { type: 'fail' as const } };
  delete again.id;
  delete again.when;
  return again;
}

/** Why it failed, what it has made, and every name that its templates could use. */
async function contextOf(run: RunState, node: Node, { error, value }: Failed): Promise<Value> {
  const { code, message, step } = error;
  const had = Object.entries(node.names).filter(([name]) => name !== 'run');
  const handed = node.handed.map((block): [string, Value] => [block.name, block.value]);
  return compose(run, node, {
    error: { inline: { code, message, step } },
    made: value,
    ...Object.fromEntries([...had, ...handed].map(([name, one]) => [name, bare(one)])),
  });
}

/** Without previews, which the content says anyway. */
function bare(value: Value): Value {
  return 'ref' in value ? { ...value, preview: '' } : value;
}

interface Question {
  failure: Failed;
  content: Value;
  retries: number;
  answerAt: string | null;
}

function matterOf({ path }: Node, { failure, content, retries, answerAt }: Question): Matter {
  const { code, message } = failure.error;
  return {
    kind: 'escalation',
    title: { text: `${path} failed: ${code}`.slice(0, limits.titleCharactersMax) },
    content,
    risk: 'high',
    allow:
      retries < limits.escalationRetriesMax
        ? ['retry', 'answer', 'skip', 'fail']
        : ['answer', 'skip', 'fail'],
    timeoutMs: limits.escalationHours * 3_600_000,
    reason: `${code}: ${message}`,
    schemaAt: answerAt,
  };
}

function settledBy(node: Node, step: StepNode, failure: Failed, settled: Settled): Outcome {
  const { decision, by, comment, content } = settled;
  const { code, message } = failure.error;
  switch (decision) {
    case 'answer':
      return completed(content, { inline: { decision, by, comment } });
    case 'skip': {
      const kept = step.type === 'review' ? failure.value : nothing;
      return incomplete('skipped_on_failure', `${code}: ${message}`, kept);
    }
    default: {
      const ended =
        settled.status === 'expired'
          ? failed(node.path, 'approval_expired', 'Nobody decided before the escalation expired.')
          : failed(node.path, 'escalation_failed', comment ?? `${by} ended it: ${code}: ${message}`);
      return { ...ended, value: failure.value };
    }
  }
}
