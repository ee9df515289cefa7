import type { StepNode } from '../contract/skeleton';
import { nothing, type Value } from '../contract/value';
import { escalationOf, unresolved } from './escalation';
import type { Node, Running } from './node';
import { completed, incomplete, type Failed, type Outcome } from './outcome';
import { askPeople } from './people';
import { compose } from './run-scope';
import type { RunState } from './run-state';
import type { Position, Settled } from './scope';

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
    const { code, message } = failure.error;
    const matter = escalationOf({
      ...{ title: `${node.path} failed: ${code}`, content, reason: `${code}: ${message}` },
      ...{ retries, schemaAt: answerAt },
    });
    const settled = await askPeople(run, node, matter);
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
    default:
      return { ...unresolved(node.path, settled, `${code}: ${message}`), value: failure.value };
  }
}
