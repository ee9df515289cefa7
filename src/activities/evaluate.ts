import { ApplicationFailure } from '@temporalio/common';
import type { EvaluateRequest, EvaluateResult } from '../contract/activities';
import { FailureType } from '../contract/failures';
import { limits } from '../contract/limits';
import type { Check, Condition } from '../contract/plan';
import type { Skeleton } from '../contract/skeleton';
import type { Json, Value } from '../contract/value';
import { getContent } from '../ledger/contents';
import { fromValue, toValue } from '../ledger/values';
import { evaluateCondition } from '../plan/condition';
import { ConditionError } from '../plan/condition-syntax';
import { SchemaError } from '../plan/checking-thread';
import { TemplateError } from '../plan/liquid';
import { pointerTo } from '../plan/json';
import { toSkeleton } from '../plan/skeleton';
import { evaluateDeep, type NamedValues } from '../plan/template';
import { agree } from './agree';
import { concat } from './concat';
import { checkDecision } from './check-decision';
import { at, readManifest } from './manifests';
import type { Ports } from './ports';
import { resolveNames } from './resolve';
import { runChecks } from './run-checks';
import { schemaErrors } from './schema-errors';
import { shareLeft } from './share-left';
import { writeJournal } from './write-journal';

/** Evaluates what a workflow must not: templates, conditions, schemas, stored values. */
export async function evaluate(ports: Ports, request: EvaluateRequest): Promise<EvaluateResult> {
  const { database } = ports;
  const { tenant, run } = request.run;
  if (request.journal !== undefined) await writeJournal(ports, { tenant, run, journal: request.journal });
  switch (request.type) {
    case 'value':
      return { type: 'value', value: await toValue(database, tenant, run, await render(ports, request)) };
    case 'condition':
      return { type: 'condition', holds: await decideCondition(ports, request) };
    case 'select':
      return select(ports, request);
    case 'checks':
      return check(ports, request);
    case 'list':
      return listOf(ports, request);
    case 'store': {
      const whole = await fromValue(database, tenant, request.value);
      return { type: 'value', value: await toValue(database, tenant, run, whole) };
    }
    case 'concat': {
      const values = request.values.map((value) => fromValue(database, tenant, value));
      return {
        type: 'value',
        value: await toValue(database, tenant, run, concat(await Promise.all(values))),
      };
    }
    case 'agree': {
      const values = request.values.map((value) => fromValue(database, tenant, value));
      return { type: 'condition', holds: agree(await Promise.all(values)) };
    }
    case 'left':
      return { type: 'left', slice: await shareLeft(database, request) };
    case 'read':
      return { type: 'read', json: await fromValue(database, tenant, request.value) };
    case 'decision':
      return checkDecision(ports, request);
    case 'output':
      return checkOutput(ports, request);
    case 'plan':
      return subPlanFor(ports, request);
    case 'skeleton': {
      const body = await getContent(database, tenant, request.ref);
      // Written by the API from a validated plan.
      return { type: 'skeleton', skeleton: JSON.parse(body.toString('utf8')) as Skeleton };
    }
  }
}

type Templated = Extract<EvaluateRequest, { at: string }>;

/** What stands at the place that a request names, and what the names stand for that it may use. */
async function readWritten({ database }: Ports, { run, at: pointer, names }: Templated) {
  const manifest = await readManifest(database, run);
  return { written: at(manifest, pointer), names: await resolveNames(database, run.tenant, names) };
}

async function render(ports: Ports, request: Templated): Promise<Json> {
  const { written, names } = await readWritten(ports, request);
  try {
    return evaluateDeep(written, names);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw ApplicationFailure.nonRetryable(`${request.at}: ${error.message}`, FailureType.invalidTemplate);
  }
}

async function decideCondition(ports: Ports, request: Templated): Promise<boolean> {
  const { written, names } = await readWritten(ports, request);
  // Validated as a condition when the plan was frozen.
  return holds(written as Condition, names, request.at);
}

function holds(condition: Condition, names: NamedValues, pointer: string): boolean {
  try {
    return evaluateCondition(condition, names);
  } catch (error) {
    if (!(error instanceof ConditionError) && !(error instanceof TemplateError)) throw error;
    throw ApplicationFailure.nonRetryable(`${pointer}: ${error.message}`, FailureType.invalidCondition);
  }
}

async function select(ports: Ports, request: Templated): Promise<EvaluateResult> {
  const { written, names } = await readWritten(ports, request);
  // Validated as entries of a `select` when the plan was frozen.
  const entries = written as unknown as { when: Condition }[];
  const place = entries.findIndex(({ when }, index) =>
    holds(when, names, pointerTo(request.at, index, 'when')),
  );
  return { type: 'selected', list: place + 1 };
}

async function check(ports: Ports, request: Templated): Promise<EvaluateResult> {
  const { tenant, run } = request.run;
  const { written, names } = await readWritten(ports, request);
  try {
    // Validated as checks when the plan was frozen.
    const messages = await runChecks(written as Check[], names);
    const value = await toValue(ports.database, tenant, run, messages);
    return { type: 'checks', failed: messages.length, messages: value };
  } catch (error) {
    const type = failureOf(error);
    if (type === null || !(error instanceof Error)) throw error;
    throw ApplicationFailure.nonRetryable(`${request.at}: ${error.message}`, type);
  }
}

/** Why a check can't be run; null where that is nobody's plan. */
function failureOf(error: unknown): FailureType | null {
  if (error instanceof SchemaError) return FailureType.invalidCheck;
  return error instanceof ConditionError || error instanceof TemplateError
    ? FailureType.invalidCondition
    : null;
}

async function listOf(ports: Ports, request: Templated): Promise<EvaluateResult> {
  const list = await render(ports, request);
  if (!Array.isArray(list)) {
    throw ApplicationFailure.nonRetryable(
      `${request.at}: forEach needs a list.`,
      FailureType.invalidTemplate,
    );
  }
  if (list.length > limits.forEachItemsMax) {
    const message = `${request.at}: ${String(list.length)} items exceed the limit of ${String(limits.forEachItemsMax)}.`;
    throw ApplicationFailure.nonRetryable(message, FailureType.limitExceeded);
  }
  const value = await toValue(ports.database, request.run.tenant, request.run.run, list);
  return { type: 'list', value, length: list.length };
}

async function subPlanFor(
  { database }: Ports,
  request: { run: EvaluateRequest['run']; input: Value },
): Promise<EvaluateResult> {
  const manifest = await readManifest(database, request.run);
  const input = await fromValue(database, request.run.tenant, request.input);
  const errors = await schemaErrors(manifest.plan.input ?? true, input);
  if (errors !== null) {
    const { name, version } = manifest.plan;
    const message = `The input breaks the schema of ${name}@${version}: ${errors}`;
    throw ApplicationFailure.nonRetryable(message, FailureType.invalidInput);
  }
  return { type: 'skeleton', skeleton: toSkeleton(manifest) };
}

async function checkOutput(
  { database }: Ports,
  request: { run: EvaluateRequest['run']; value: Value },
): Promise<EvaluateResult> {
  const manifest = await readManifest(database, request.run);
  const output = await fromValue(database, request.run.tenant, request.value);
  const errors = await schemaErrors(manifest.plan.output ?? true, output);
  if (errors !== null) {
    throw ApplicationFailure.nonRetryable(
      `The output breaks the plan's schema: ${errors}`,
      FailureType.invalidOutput,
    );
  }
  return { type: 'condition', holds: true };
}
