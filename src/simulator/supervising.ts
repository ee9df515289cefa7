import { mark, type Prompt } from './prompt';
import { isObject } from './schema';
import type { Json, JsonObject } from './wire';

/** How often a worker that failed is asked again. */
const triesMax = 2;

/** Whether an object of these properties is a decision on who does what. */
export function isSupervision(properties: JsonObject): boolean {
  return ['verdicts', 'assignments', 'finished', 'answer'].every((name) => Object.hasOwn(properties, name));
}

/**
 * A supervisor's decision: every worker gets one assignment, what failed is tried once more, and when
 * every worker has answered the work is finished, with `answer`.
 */
export function supervise(prompt: Prompt, answer: Json): JsonObject {
  const open = listIn(prompt, 'assignments');
  const workers = [...listIn(prompt, 'workers'), ...listIn(prompt, 'teams')];
  if (open.length === 0 && listIn(prompt, 'accepted').length === 0) {
    const assignments = workers.map(({ name = '', description }) => ({
      worker: name,
      task: `${textOf(description) || textOf(name)} On: ${prompt.subject}`,
    }));
    return decision([], { assignments, reason: 'every worker has a part of it' });
  }
  const verdicts = open.map(({ id = '', attempt = 1, ...rest }) => {
    const again = objectionTo(rest) !== null && Number(attempt) < triesMax;
    return {
      assignment: id,
      verdict: again ? 'retry' : 'accept',
      worker: null,
      feedback: again ? `Once more, please. ${objectionTo(rest) ?? ''}` : '',
    };
  });
  if (verdicts.some(({ verdict }) => verdict === 'retry'))
    return decision(verdicts, { reason: 'not everything is good yet' });
  return { ...decision(verdicts, { reason: 'every worker has answered' }), finished: true, answer };
}

function decision(verdicts: JsonObject[], rest: { assignments?: JsonObject[]; reason: string }): JsonObject {
  const { assignments = [], reason } = rest;
  return { verdicts, assignments, finished: false, answer: null, reason: `${mark}: ${reason}.` };
}

/** What speaks against a result: that its worker failed, or that a check did. */
function objectionTo({ status, error, checks }: JsonObject): string | null {
  if (status === 'failed') return isObject(error) ? textOf(error['message']) : 'It failed.';
  return isObject(checks) && checks['passed'] === false ? JSON.stringify(checks['messages']) : null;
}

function textOf(json: Json | undefined): string {
  return typeof json === 'string' ? json : '';
}

function listIn({ blocks }: Prompt, name: string): JsonObject[] {
  const text = blocks.find((block) => block.name === name)?.text ?? '[]';
  try {
    const parsed = JSON.parse(text) as Json;
    return Array.isArray(parsed) ? parsed.filter(isObject) : [];
  } catch {
    return [];
  }
}
