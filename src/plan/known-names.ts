import type { Json } from '../contract/value';
import { listOf, quote } from './check-shape';
import { isObject, member } from './json';
import type { Path } from './names';
import type { Scope, Visit } from './walk';

/** What a plan tells of its names before it runs. */
export interface Known {
  inputSchema: Json | undefined;
  /** Every id, with the schema of its step's output where the plan fixes one. */
  steps: ReadonlyMap<string, Json | undefined>;
}

export function knownOf(plan: Json, visits: Visit[]): Known {
  const steps = new Map<string, Json | undefined>();
  for (const { step } of visits) {
    const id = member(step, 'id');
    if (typeof id === 'string') steps.set(id, outputSchema(plan, step));
  }
  return { inputSchema: member(plan, 'input'), steps };
}

function outputSchema(plan: Json, step: Json): Json | undefined {
  const agent = member(step, 'agent');
  const onFailure = member(step, 'onFailure') ?? 'fail';
  // What replaces a failed answer need not have its shape, unless it is an answer too.
  const isReplaced = isObject(onFailure) && !('cached' in onFailure);
  if (member(step, 'type') !== 'agent' || typeof agent !== 'string' || isReplaced) return undefined;
  return member(member(member(plan, 'agents'), agent), 'output');
}

const everywhere = ['input', 'previous', 'run', 'workspace', 'feedback', 'comment', 'error'];
const members: ReadonlyMap<string, string[]> = new Map([
  ['run', ['id', 'startedAt']],
  ['error', ['code', 'message']],
]);
const elsewhere: ReadonlyMap<string, string> = new Map([
  ['item', 'in the step of a forEach that does not name its items otherwise'],
  ['index', 'in the step of a forEach'],
  ['branches', 'in reduce'],
  ['issues', 'in revise'],
  ['output', 'in the condition of a check'],
  ['event', 'in the condition of a step that waits for one, and in the handlers of an events step'],
  ['task', 'in the step of a worker'],
  ['assignments', 'in final'],
]);

/** Why a name has no value at a place, or null where it has one or only the run can tell. */
export function whyUnknown(path: Path, scope: Scope, known: Known): string | null {
  const [root, second, third] = path;
  if (root === 'steps') return whyStepUnknown(path, scope, known);
  if (typeof root !== 'string') return null;
  if (!everywhere.includes(root) && !scope.position.has(root)) {
    const only = elsewhere.get(root);
    if (only !== undefined) return `${quote(root)} is known only ${only}.`;
    return `${quote(root)} is not known here; there are ${listOf([...everywhere, ...scope.position, 'steps.<id>'], 'and')}.`;
  }
  const own = scope.position.has(root) ? undefined : members.get(root);
  if (own !== undefined && typeof second === 'string' && (!own.includes(second) || third !== undefined))
    return `${textOf(path)} is not known; of ${root} there are ${listOf(own, 'and')}.`;
  if (root !== 'input' || scope.position.has(root)) return null;
  const missing = missingIn(known.inputSchema, path.slice(1));
  return missing === null ? null : `${textOf(path)} is not known: the input schema has no ${quote(missing)}.`;
}

function whyStepUnknown(path: Path, scope: Scope, known: Known): string | null {
  const [, id, field] = path;
  if (typeof id !== 'string') return 'A step is named by its id, as in steps.draft.output.';
  if (!known.steps.has(id)) return `There is no step with the id ${quote(id)}.`;
  if (!scope.steps.has(id))
    return `The step ${quote(id)} has not ended where this is worked out, or runs apart from it.`;
  if (field === undefined || field === null) return null;
  if (typeof field !== 'string' || !['output', 'status', 'decision'].includes(field))
    return `${textOf(path)} is not known; of a step there are output, status and decision.`;
  if (field !== 'output') return null;
  const missing = missingIn(known.steps.get(id), path.slice(3));
  return missing === null
    ? null
    : `${textOf(path)} is not known: the output schema has no ${quote(missing)}.`;
}

/** Keywords with which an object may have properties that `properties` doesn't name. */
const open = [
  '$ref',
  '$dynamicRef',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
  'patternProperties',
  'dependentSchemas',
];

/** The first part of a path that a schema is sure to have no room for, else null. */
function missingIn(schema: Json | undefined, path: Path): string | null {
  let node = schema;
  for (const part of path) {
    if (typeof part !== 'string') return null;
    const properties = member(node, 'properties');
    if (
      !isObject(node) ||
      !isObject(properties) ||
      open.some((keyword) => Object.hasOwn(node as object, keyword))
    )
      return null;
    if (!Object.hasOwn(properties, part))
      return part !== 'size' && member(node, 'additionalProperties') === false ? part : null;
    node = properties[part];
  }
  return null;
}

/** A path as a template would write it. */
function textOf(path: Path): string {
  return path
    .map((part, index) => {
      if (part === null) return '[…]';
      if (typeof part === 'number') return `[${String(part)}]`;
      if (!/^[A-Za-z_][\w-]*$/.test(part)) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}
