import type { FastifyReply, FastifyRequest } from 'fastify';
import type { StartRun } from '../../contract/api';
import { abandonClaim, findClaim, keepAnswer, type Claim } from '../../ledger/idempotency';
import { readStart } from '../../ledger/runs';
import { keyOf, replay, sendAnswer, type Keyed } from '../idempotency';
import { principalOf } from '../plugins/authentication';
import { ProblemError } from '../problem';
import type { Service } from '../service';
import { isTemporalAway } from '../temporal';
import { acceptRun, frozenStart, type AcceptedRun, type AcceptOptions } from './start-run';
import { startWorkflow } from './workflow-start';

interface Start {
  body: StartRun;
  options?: AcceptOptions;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Where what is answered can be read later. */
  location(run: string): string;
  view(tenant: string, run: string): Promise<unknown>;
}

/**
 * Starts a run for a request, once for each idempotency key, and answers 201 with a view of it.
 */
export async function startOnce(service: Service, start: Start): Promise<void> {
  const { body, options, request, reply } = start;
  const { database } = service;
  const principal = principalOf(request);
  const keyed = keyOf(request);
  const before = keyed === null ? null : await findClaim(database, keyed.id, keyed.requestHash);
  let accepted: AcceptedRun | null = null;
  if (before === null) accepted = await acceptRun(service, { body, principal, keyed }, options);
  else if (before.type === 'mine') accepted = await takeOver(service, principal.tenant, before.run);
  // Somebody with the same key was faster, before or just now.
  if (accepted === null) {
    replay(reply, othersClaim(before ?? (await latestClaim(service, keyed))));
    return;
  }
  await startOrSayLater(service, accepted, keyed);
  const { tenant, id } = accepted.row;
  const answer = { status: 201, body: await start.view(tenant, id) };
  if (keyed !== null)
    await keepAnswer(database, keyed.id, { status: 201, body: JSON.stringify(answer.body) });
  void reply.header('location', start.location(id));
  sendAnswer(reply, answer);
}

/** Goes on with a start that was left unanswered: its run is in the ledger already. */
async function takeOver(service: Service, tenant: string, run: string | null): Promise<AcceptedRun> {
  const row = run === null ? null : await readStart(service.database, tenant, run);
  if (row === null) throw new Error('An idempotency record of a start names no run.');
  return { row, frozen: await frozenStart(service, row) };
}

// The run is in the ledger: if Temporal can't be reached it is started later, by a repeat or by
// whoever looks for what is left, so that nothing is started twice and nothing forgotten.
async function startOrSayLater(
  service: Service,
  { row, frozen }: AcceptedRun,
  keyed: Keyed | null,
): Promise<void> {
  try {
    await startWorkflow(service, row, frozen);
  } catch (error) {
    if (keyed !== null) await abandonClaim(service.database, keyed.id);
    if (!isTemporalAway(error)) throw error;
    throw new ProblemError(
      'temporal_unavailable',
      'Temporal does not answer. The run is kept and will be started when it does.',
      { members: { run: row.id } },
    );
  }
}

async function latestClaim({ database }: Service, keyed: Keyed | null): Promise<Claim> {
  const claim = keyed === null ? null : await findClaim(database, keyed.id, keyed.requestHash);
  return claim ?? { type: 'in_progress' };
}

function othersClaim(claim: Claim): Exclude<Claim, { type: 'mine' }> {
  return claim.type === 'mine' ? { type: 'in_progress' } : claim;
}
