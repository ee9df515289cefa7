import type { Trigger } from '../../contract/plan';
import { problems } from '../../contract/problems';
import type { Json } from '../../contract/value';
import { readClaimedRun } from '../../ledger/idempotency';
import type { ReceivedEvent } from '../../ledger/received-events';
import { armedPlans, noteStarted, type ArmedPlan } from '../../ledger/triggers';
import { fits } from '../../plan/fits';
import { TemplateError } from '../../plan/liquid';
import { evaluateDeep } from '../../plan/template';
import { ProblemError } from '../problem';
import { acceptRun } from '../runs/start-run';
import { startWorkflow } from '../runs/workflow-start';
import type { Service } from '../service';
import { isTemporalAway } from '../temporal';

/**
 * Starts the plans whose live version has a trigger that the event fits, each once for the event.
 * Answers why one could not be started, or null. Throws where trying again may help.
 */
export async function startTriggered(
  service: Service,
  event: ReceivedEvent,
  json: Json,
): Promise<string | null> {
  if (event.run !== null) return null;
  let failure: string | null = null;
  for (const plan of await armedPlans(service.database, event.tenant, event.type)) {
    const trigger = triggersOf(plan).find(
      (one) => one.event === event.type && fits(one.when ?? null, { event: json }),
    );
    if (trigger === undefined) continue;
    try {
      await start(service, { event, plan, input: inputOf(trigger, json) });
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === null) throw error;
      failure ??= `${plan.name} ${plan.version} was not started: ${reason}`;
    }
  }
  return failure;
}

/** Validated when the plan was stored. */
function triggersOf({ plan }: ArmedPlan): Trigger[] {
  return (plan as { triggers?: Trigger[] }).triggers ?? [];
}

function inputOf({ input = '{{ event.data }}' }: Trigger, json: Json): Json {
  return evaluateDeep(input, { event: withData(json) });
}

/** An event without data has null there. */
function withData(json: Json): Json {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? { data: null, ...json } : json;
}

interface Start {
  event: ReceivedEvent;
  plan: ArmedPlan;
  input: Json;
}

async function start(service: Service, { event, plan, input }: Start): Promise<void> {
  const { database } = service;
  const { tenant } = event;
  const principal = { tenant, user: plan.storedBy };
  const id = { tenant, principal: 'events', route: `trigger ${plan.name}`, keyHash: event.id };
  const body = { plan: `${plan.name}@${plan.version}`, input };
  const accepted = await acceptRun(service, { body, principal, keyed: { id, requestHash: event.id } });
  const run = accepted?.row.id ?? (await readClaimedRun(database, id));
  if (run !== null) await noteStarted(database, { tenant, event: event.id, run });
  if (accepted === null) return;
  try {
    await startWorkflow(service, accepted.row, accepted.frozen);
  } catch (error) {
    // It is in the ledger, and is started when Temporal answers again.
    if (!isTemporalAway(error)) throw error;
  }
}

/** What is wrong for good; null where trying again may help. */
function reasonOf(error: unknown): string | null {
  if (error instanceof TemplateError) return error.message;
  if (!(error instanceof ProblemError) || problems[error.code].retryable) return null;
  return [error.message, ...error.errors.slice(0, 3).map(({ path, message }) => `${path} ${message}`)].join(
    ' ',
  );
}
