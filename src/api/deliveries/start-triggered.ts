import type { Trigger } from '../../contract/plan';
import type { Json } from '../../contract/value';
import type { ReceivedEvent } from '../../ledger/received-events';
import { armedPlans, noteStarted, type ArmedPlan } from '../../ledger/triggers';
import { fits } from '../../plan/fits';
import { evaluateDeep } from '../../plan/template';
import { refusalOf, startUnasked } from '../runs/start-unasked';
import type { Service } from '../service';

type EventTrigger = Extract<Trigger, { event: string }>;

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
      const reason = refusalOf(error);
      if (reason === null) throw error;
      failure ??= `${plan.name} ${plan.version} was not started: ${reason}`;
    }
  }
  return failure;
}

/** Validated when the plan was stored. */
function triggersOf({ plan }: ArmedPlan): EventTrigger[] {
  return ((plan as { triggers?: Trigger[] }).triggers ?? []).filter((one) => 'event' in one);
}

function inputOf({ input = '{{ event.data }}' }: EventTrigger, json: Json): Json {
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
  const { tenant } = event;
  const principal = { tenant, user: plan.storedBy };
  const id = { tenant, principal: 'events', route: `trigger ${plan.name}`, keyHash: event.id };
  const body = { plan: `${plan.name}@${plan.version}`, input };
  await startUnasked(service, {
    ...{ body, principal, id },
    note: (run) => noteStarted(service.database, { tenant, event: event.id, run }),
  });
}
