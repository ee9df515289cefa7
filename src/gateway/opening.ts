import { context } from '@opentelemetry/api';
import type { CatalogModel } from '../catalog/catalog';
import type { CallRequest, CallState } from '../contract/gateway';
import { claimCall, readCall, registerCall, type CallId, type CallRow } from '../ledger/calls';
import { contentHash } from '../ledger/contents';
import { reclaimLost } from '../ledger/reservations';
import { answerAgain } from './answer-again';
import { isOpen, stateOf } from './call-state';
import type { Desk } from './desk';
import { fly } from './flight';
import type { Flights } from './flights';
import type { ChosenVendor } from './vendors/select';

/** The key was used for another request within the same Temporal run: a bug of whoever asks. */
export interface Mismatch {
  state: 'mismatch';
}

type Asked = { model: CatalogModel; choice: ChosenVendor } | { refusal: CallState };

/**
 * Registers a call or finds its row, and starts it where it is this gateway's to start. Answers how
 * it stands at once. To be called once at a time for each call.
 */
export async function openCall(
  desk: Desk,
  flights: Flights,
  { id, request }: { id: CallId; request: CallRequest },
): Promise<CallState | Mismatch> {
  const { database } = desk;
  const asked = ask(desk, request);
  if ('refusal' in asked) {
    // What was answered once is answered again, whatever has become of keys and prices.
    const row = await readCall(database, id);
    return row?.state === 'done' ? stateOf(database, row) : asked.refusal;
  }
  const row = await register(desk, { id, request, ...asked });
  if (row === null) return { state: 'mismatch' };
  if (row.state === 'done') return stateOf(database, row);
  const owned = isNew(desk, row) ? row : await claim(desk, id, row);
  if (owned === null) return stateOf(database, (await readCall(database, id)) ?? row);
  const answered = await answerAgain(desk, owned, request);
  if (answered !== null) return stateOf(database, answered);
  flights.start(fly(desk, { row: owned, request, parent: context.active(), ...asked }));
  return { state: 'pending', phase: 'registered' };
}

function isNew({ owner }: Desk, row: CallRow): boolean {
  return row.owner === owner && row.state === 'registered' && row.fence === 1;
}

/** Takes a row that is there already. Null where it is another's, has failed for good, or must wait. */
async function claim({ database, owner }: Desk, id: CallId, row: CallRow): Promise<CallRow | null> {
  if (isOpen(row) && row.lease_expired) await reclaimLost(database, id.tenant, id.run);
  return claimCall(database, id, owner);
}

/** Whether the call can be made at all, and by whom. */
function ask({ catalog, vendors }: Desk, { model: name, allowUnpriced }: CallRequest): Asked {
  const model = catalog.resolve(name);
  if (model === null) return { refusal: refused(`The catalog has no model ${JSON.stringify(name)}.`) };
  if (model.price === null && !allowUnpriced) {
    const message = `No price is known for the model ${model.id}, and the plan does not allow that.`;
    return { refusal: { state: 'unpriced', message } };
  }
  const choice = vendors.of(model);
  if (choice === null)
    return { refusal: refused(`No key is set for ${model.vendor}, the vendor of the model ${model.id}.`) };
  return { model, choice };
}

function refused(message: string): CallState {
  return { state: 'failed', fault: 'not_found', message, attempts: 0, retryInMs: null };
}

async function register(
  { database, owner }: Desk,
  {
    id,
    request,
    model,
    choice,
  }: { id: CallId; request: CallRequest; model: CatalogModel; choice: ChosenVendor },
): Promise<CallRow | null> {
  const { temporalRun, path, agent, selected = null } = request;
  const body = Buffer.from(JSON.stringify(request.request), 'utf8');
  return registerCall(database, {
    ...{ id, owner, temporalRun, path, agent, selected },
    model: model.id,
    vendor: model.vendor,
    budgets: [...new Set(request.budgets)],
    request: { hash: await contentHash(database, id.tenant, body), body },
    cap: request.request.maxOutputTokens,
    simulated: choice.simulated,
  });
}
