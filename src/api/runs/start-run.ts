import { ulid } from 'ulid';
import type { StartRun } from '../../contract/api';
import { limits } from '../../contract/limits';
import type { Plan } from '../../contract/plan';
import type { ProblemIssue } from '../../contract/problems';
import type { Skeleton } from '../../contract/skeleton';
import type { Json } from '../../contract/value';
import { insertRun, readManifest, type NewRun, type StartRow } from '../../ledger/runs';
import type { Principal } from '../../ledger/keys';
import { toValue } from '../../ledger/values';
import type { Models } from '../../plan/check-models';
import { SchemaError } from '../../plan/checking-thread';
import { validateJson } from '../../plan/json-schema';
import { freeze, planDigest, type HashedManifest, type Manifest } from '../../plan/manifest';
import { toSkeleton } from '../../plan/skeleton';
import type { SubPlans } from '../../plan/sub-plans';
import type { Keyed } from '../idempotency';
import { currentModels } from '../plans/models';
import { invalidInput } from '../problem';
import { demandCleanText, nesting } from '../read-json';
import type { Service } from '../service';
import { chosenPlan, withLowerLimits } from './chosen-plan';

const usualPriority = 3;

/** A run that was accepted: it is in the ledger, whatever becomes of this process. */
export interface AcceptedRun {
  row: StartRow;
  frozen: FrozenStart;
}

/** What a run's workflow is started with beside its row. */
export interface FrozenStart {
  skeleton: Skeleton;
  inputSchema: Json | undefined;
}

/** What no plan can say. */
export interface AcceptOptions {
  /** The agent whose answers hold plans, which are judged as such. */
  plansWrittenBy?: string;
}

/**
 * Checks everything about a start and writes the run. Null where another request under the same
 * idempotency key was faster. Throws a problem for whatever is wrong with it; then nothing is written.
 */
export async function acceptRun(
  service: Service,
  {
    body,
    principal,
    keyed,
  }: { body: StartRun; principal: Pick<Principal, 'tenant' | 'user'>; keyed: Keyed | null },
  { plansWrittenBy }: AcceptOptions = {},
): Promise<AcceptedRun | null> {
  const { tenant, user } = principal;
  const { options: { labels = {}, priority = usualPriority } = {}, input } = body;
  const { plan, subPlans, lowered, models } = await checkStart(service, tenant, body);
  const { manifest, hash, skeleton, inside } = freeze(lowered, models, { subPlans, plansWrittenBy });
  const id = ulid();
  const run: NewRun = {
    ...{ tenant, id, labels, priority, startedBy: user },
    plan: { name: plan.name, version: plan.version, digest: planDigest(plan) },
    manifest: stored({ hash, manifest }),
    manifestsInside: inside.map(stored),
    workflowType: skeleton.flow.type,
    input: await toValue(service.database, tenant, id, input),
    simulated: manifest.simulated,
    createdAt: new Date(),
    search: searchText(input),
    limits: boundsOf(skeleton),
    idempotency: keyed,
  };
  if (!(await insertRun(service.database, run))) return null;
  const row = { ...run, manifest: hash, cancelRequested: false };
  return { row, frozen: { skeleton, inputSchema: plan.input } };
}

function stored({ hash, manifest }: HashedManifest): NewRun['manifest'] {
  return { hash, body: Buffer.from(JSON.stringify(manifest), 'utf8') };
}

/** A start that may be accepted: the plan as it is, and under the limits of this start. */
interface CheckedStart {
  plan: Plan;
  subPlans: SubPlans;
  lowered: Plan;
  warnings: ProblemIssue[];
  models: Models;
}

/** Checks everything about a start and writes nothing. Throws a problem for whatever is wrong with it. */
export async function checkStart(service: Service, tenant: string, body: StartRun): Promise<CheckedStart> {
  const { options: { labels = {}, limits: lower } = {}, input } = body;
  checkText(body, labels);
  const models = await currentModels(service);
  const chosen = await chosenPlan(service, { tenant, plan: body.plan, models });
  const { plan, subPlans, warnings } = chosen;
  const lowered = withLowerLimits(chosen, lower);
  await checkInput(plan.input, input);
  return { plan, subPlans, lowered, warnings, models };
}

/** The plan as it was when the run was accepted. */
export async function frozenStart(
  { database }: Service,
  { tenant, manifest: hash }: StartRow,
): Promise<FrozenStart> {
  const body = await readManifest(database, tenant, hash);
  const manifest = JSON.parse(body.toString('utf8')) as Manifest;
  return { skeleton: toSkeleton(manifest), inputSchema: manifest.plan.input };
}

function checkText({ plan, input }: StartRun, labels: { [name: string]: string }): void {
  const named = Object.entries(labels).flatMap(([name, value]) => [
    [`/options/labels/${name}`, `${name}${value}`] as const,
  ]);
  demandCleanText({ ...Object.fromEntries(named), '/plan': typeof plan === 'string' ? plan : undefined });
  const deep = nesting(input, limits.jsonDepthMax) > limits.jsonDepthMax;
  if (deep)
    throw invalidInput('The input is nested too deeply.', [
      {
        path: '/input',
        code: 'too_deep',
        message: `Is nested deeper than ${String(limits.jsonDepthMax)} levels.`,
      },
    ]);
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes <= limits.inputBytesMax) return;
  const message = `Has ${String(bytes)} bytes; ${String(limits.inputBytesMax)} are allowed.`;
  throw invalidInput('The input is too large.', [{ path: '/input', code: 'limit_exceeded', message }]);
}

async function checkInput(schema: Json | undefined, input: Json): Promise<void> {
  if (schema === undefined) return;
  try {
    const errors = await validateJson(schema, input);
    if (errors.length === 0) return;
    throw invalidInput(
      "The input does not fit the plan's schema.",
      errors.map(({ path, message }) => ({ path: `/input${path}`, code: 'validation_failed', message })),
    );
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw invalidInput("The input can't be checked.", [
      { path: '/input', code: error.code, message: error.message },
    ]);
  }
}

function boundsOf({ limits: bounds }: Skeleton): NewRun['limits'] {
  const { costNano, tokens = null, modelCalls = null, timeoutMs = null } = bounds;
  if (costNano === undefined) throw new Error('A plan was frozen without a limit of its cost.');
  return { costNano, tokens, modelCalls, timeoutMs };
}

function searchText(input: Json): string {
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  return text.slice(0, limits.searchCharactersMax).replaceAll('\0', '').toWellFormed();
}
