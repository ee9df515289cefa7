import type { ModelCall, ModelResult } from '../contract/activities';
import type { Steer } from '../contract/steer';
import type { DecisionOf, Role } from '../contract/decisions';
import type { CallDone } from '../contract/gateway';
import { limits } from '../contract/limits';
import type { Json, Value } from '../contract/value';
import { noteStored } from '../ledger/contents';
import { fromValue, toValue } from '../ledger/values';
import { JsonFault, parseExactly } from '../plan/exact-json';
import type { Manifest } from '../plan/manifest';
import { boundsOf } from './choices';
import { draftErrors } from './check-draft';
import { contradictions, decisionShape } from './decision-shape';
import type { Ports } from './ports';
import { schemaErrors } from './schema-errors';

const errorCharactersMax = 2000;

/** Reads a vendor's answer for what it is: whole, cut off, refused, or not what was asked for. */
export async function readAnswer(
  ports: Ports,
  manifest: Manifest,
  call: ModelCall,
  done: CallDone,
): Promise<ModelResult> {
  const about = { usage: done.usage, model: done.model, simulated: done.simulated };
  noteStored(call.run, done.ref, Buffer.from(JSON.stringify(done.text), 'utf8'));
  const text = await wholeText(ports, call, done.text);
  const keep = (json: Json): Promise<Value> => toValue(ports.database, call.run.tenant, call.run.run, json);
  if (done.stop === 'refusal') return { type: 'refused', value: await keep(text), ...about };
  if (done.stop === 'length') return { type: 'truncated', value: await keep(text), ...about };
  const schema = call.role === 'agent' ? manifest.agents[call.agent]?.output : true;
  if (schema === undefined) return { type: 'answered', value: await keep(text), steer: null, ...about };
  const parsed = parse(text);
  if (parsed instanceof JsonFault)
    return { type: 'invalid', value: await keep(text), errors: whyNotRead(parsed), ...about };
  const checked =
    call.role === 'agent'
      ? await checkOwn(ports, call.run.tenant, { agent: manifest.agents[call.agent], json: parsed.json })
      : await checkDecision({ manifest, call, role: call.role, json: parsed.json, keep });
  if (checked.errors !== null) {
    return {
      type: 'invalid',
      value: await keep(text),
      errors: checked.errors.slice(0, errorCharactersMax),
      ...about,
    };
  }
  return { type: 'answered', value: await keep(parsed.json), steer: checked.steer, ...about };
}

/** A continued answer begins where the last one was cut. */
export async function wholeText({ database }: Ports, call: ModelCall, text: string): Promise<string> {
  const last = call.prior.at(-1);
  if (last?.type !== 'continue') return text;
  const before = await fromValue(database, call.run.tenant, last.answer);
  return `${typeof before === 'string' ? before : JSON.stringify(before)}${text}`;
}

/** Some models put a fence around JSON that they were asked for; what is inside is meant. */
function parse(text: string): { json: Json } | JsonFault {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n```\s*$/.exec(text);
  try {
    return { json: parseExactly(fenced?.[1] ?? text, Infinity) };
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
}

/** For the agent that is asked again. */
function whyNotRead({ at }: JsonFault): string {
  return at === null ? 'The answer is not JSON.' : `${at.path} ${at.message}`;
}

interface Checked {
  errors: string | null;
  steer: Steer | null;
}

async function checkOwn(
  ports: Ports,
  tenant: string,
  { agent, json }: { agent: Manifest['agents'][string] | undefined; json: Json },
): Promise<Checked> {
  const misfit = await schemaErrors(agent?.output ?? true, json);
  const errors = misfit ?? (agent?.writesPlans === true ? await draftErrors(ports, tenant, json) : null);
  return { errors, steer: null };
}

interface Deciding {
  manifest: Manifest;
  call: ModelCall;
  role: Role;
  json: Json;
  keep(json: Json): Promise<Value>;
}

async function checkDecision({ manifest, call, role, json, keep }: Deciding): Promise<Checked> {
  const misfit = await schemaErrors(decisionShape(role, boundsOf(manifest, call)), json);
  const errors = misfit ?? contradictions(role, json, call.choices).join('\n');
  return errors === '' ? { errors: null, steer: await steerOf(role, json, keep) } : { errors, steer: null };
}

/** A decision that has its shape, as the workflow acts on it: texts by reference, names as they are. */
async function steerOf(role: Role, json: Json, keep: Deciding['keep']): Promise<Steer> {
  switch (role) {
    case 'reviewer': {
      const { approved, issues } = json as DecisionOf<typeof role>;
      return { type: role, approved, issues: await keep(issues) };
    }
    case 'classifier': {
      const { route, confidence, reason } = json as DecisionOf<typeof role>;
      return {
        type: role,
        route,
        confidence,
        reason: reason.slice(0, limits.previewCharactersMax).toWellFormed(),
      };
    }
    case 'evaluator': {
      const { score, feedback } = json as DecisionOf<typeof role>;
      return { type: role, score, feedback: await keep(feedback) };
    }
    case 'judge': {
      const { answer, confidence, disagreements } = json as DecisionOf<typeof role>;
      return {
        type: role,
        answer: await keep(answer as Json),
        confidence,
        disagreements: disagreements.length,
      };
    }
    case 'supervisor':
    case 'manager': {
      const { verdicts, assignments, finished, answer } = json as DecisionOf<typeof role>;
      return {
        type: role,
        verdicts: await Promise.all(
          verdicts.map(async (each) => ({ ...each, feedback: await keep(each.feedback) })),
        ),
        assignments: await Promise.all(
          assignments.map(async ({ worker, task }) => ({ worker, task: await keep(task) })),
        ),
        finished,
        answer: answer === null ? null : await keep(answer as Json),
      };
    }
  }
}
