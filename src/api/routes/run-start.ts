import type { FastifyReply, FastifyRequest } from 'fastify';
import { Run, StartRun } from '../../contract/api';
import { limits } from '../../contract/limits';
import { abandonClaim, findClaim, keepAnswer, type Claim } from '../../ledger/idempotency';
import { readStart } from '../../ledger/runs';
import { keyOf, replay, sendAnswer, type Keyed } from '../idempotency';
import { principalOf } from '../plugins/authentication';
import { ProblemError } from '../problem';
import { viewRun } from '../runs/run-view';
import { acceptRun, frozenStart, type AcceptedRun } from '../runs/start-run';
import { startWorkflow } from '../runs/workflow-start';
import type { App, Service } from '../service';
import { isTemporalAway } from '../temporal';

/** The way into the service. */
export function runStartRoutes(app: App, service: Service): void {
  app.post(
    '/v1/runs',
    {
      config: { scopes: ['runs:write'], depthMax: limits.planDepthMax + 1 },
      schema: {
        summary: 'Start a run',
        description:
          'With an Idempotency-Key a repeated request starts nothing more and gets the first answer.',
        body: StartRun,
        response: { 201: Run },
      },
    },
    async (request, reply) => {
      await start(service, { body: request.body, request, reply });
      return reply;
    },
  );
}

interface Start {
  body: StartRun;
  request: FastifyRequest;
  reply: FastifyReply;
}

async function start(service: Service, { body, request, reply }: Start): Promise<void> {
  const { database } = service;
  const principal = principalOf(request);
  const keyed = keyOf(request);
  const before = keyed === null ? null : await findClaim(database, keyed.id, keyed.requestHash);
  let accepted: AcceptedRun | null = null;
  if (before === null) accepted = await acceptRun(service, { body, principal, keyed });
  else if (before.type === 'mine') accepted = await takeOver(service, principal.tenant, before.run);
  // Somebody with the same key was faster, before or just now.
  if (accepted === null) {
    replay(reply, othersClaim(before ?? (await latestClaim(service, keyed))));
    return;
  }
  await startOrSayLater(service, accepted, keyed);
  const { tenant, id } = accepted.row;
  const answer = { status: 201, body: await viewRun(service, tenant, id) };
  if (keyed !== null)
    await keepAnswer(database, keyed.id, { status: 201, body: JSON.stringify(answer.body) });
  void reply.header('location', `/v1/runs/${id}`);
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
