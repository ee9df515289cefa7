import type { Approval } from '../../../src/contract/approvals-api';
import type { Run } from '../../../src/contract/api';
import { runEnds } from '../../../src/contract/workflow';
import type { Cluster } from '../../support/cluster';
import { eventually } from '../../support/eventually';
import type { Answer } from '../../support/service';

export interface Client {
  /** Starts a run, at one API after another; answers its id. Repeats with the same key until one accepts it. */
  start(plan: unknown, input?: unknown, options?: unknown): Promise<string>;
  run(id: string): Promise<Run>;
  ended(id: string, timeoutMs?: number): Promise<Run>;
  /** The approval that the run waits for. */
  waiting(id: string): Promise<Approval>;
  /** Asks the API of that index. */
  decide(api: number, approval: string, decision: unknown): Promise<Answer>;
}

/** A client of a cluster that asks all its APIs by turns, and another one where one can't be reached. */
export function clientOf(cluster: Cluster): Client {
  let turn = 0;
  let starts = 0;

  async function ask(
    method: string,
    target: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return await eventually(
      `${method} ${target} is answered`,
      () =>
        cluster.request(turn++ % cluster.apis.length, method, target, body, headers).then(
          (answer) => (answer.status >= 500 ? undefined : answer),
          () => undefined,
        ),
      60_000,
    );
  }
  async function read<Body>(target: string): Promise<Body> {
    const answer = await ask('GET', target);
    if (answer.status !== 200) throw new Error(`GET ${target}: ${JSON.stringify(answer.body)}`);
    return answer.body as Body;
  }
  const run = (id: string) => read<Run>(`/v1/runs/${id}`);
  const isEnd = ({ status }: Run) => (runEnds as readonly string[]).includes(status);

  return {
    async start(plan, input = {}, options?: unknown) {
      const body = { plan, input, ...(options === undefined ? {} : { options }) };
      const answer = await ask('POST', '/v1/runs', body, { 'idempotency-key': `start-${String(++starts)}` });
      if (answer.status !== 201 && answer.status !== 200)
        throw new Error(`Not started: ${JSON.stringify(answer.body)}`);
      return (answer.body as Run).id;
    },
    run,
    ended: (id, timeoutMs = 60_000) =>
      eventually(
        `the run ${id} ends`,
        async () => {
          const now = await run(id);
          return isEnd(now) ? now : undefined;
        },
        timeoutMs,
      ),
    waiting: (id) =>
      eventually(
        `the run ${id} waits for a person`,
        async () => {
          const now = await run(id);
          if (isEnd(now)) throw new Error(`It ended: ${JSON.stringify(now.result)}`);
          const [approval] = now.approvals;
          return approval === undefined ? undefined : await read<Approval>(`/v1/approvals/${approval}`);
        },
        60_000,
      ),
    decide: (api, approval, decision) => cluster.request(api, 'POST', `/v1/approvals/${approval}`, decision),
  };
}
