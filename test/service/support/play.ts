import { createParser } from 'eventsource-parser';
import type { Run } from '../../../src/contract/api';
import type { Approval } from '../../../src/contract/approvals-api';
import { openStatuses } from '../../../src/contract/workflow';
import { eventually } from '../../support/eventually';
import type { House } from './house';

/** Everything about a run that must not depend on how often it went on as a new Temporal run. */
export interface Played {
  id: string;
  run: unknown;
  /** What reached the vendor, without what differs from run to run. */
  calls: string[];
  /** Of each step, and of the run itself under an empty path, in their order. */
  events: { [step: string]: string[] };
  steps: unknown;
}

/** What is decided on an approval; null leaves it to expire. */
export type Decide = (approval: Approval) => { decision: string; content?: unknown } | null;

const approveAll: Decide = ({ allow }) => ({ decision: allow.includes('approve') ? 'approve' : 'skip' });

/**
 * Runs a plan to its end, deciding what waits for a person, and tells what could be seen of it. Where
 * several are played at once, a `mark` in every prompt says whose call it is.
 */
export async function play(
  house: House,
  plan: unknown,
  { input = {}, decide = approveAll, mark }: { input?: unknown; decide?: Decide; mark?: string } = {},
): Promise<Played> {
  const before = (await house.vendor.ledger()).length;
  const id = await house.start(plan, input);
  const run = await decideUntilEnded(house, id, decide);
  const calls = (await house.vendor.ledger())
    .slice(before)
    .filter(({ messages }) => mark === undefined || messages.some(({ text }) => text.includes(mark)));
  return withoutRun(id, {
    run: {
      ...{ status: run.status, reason: run.statusReason, stateVersion: run.stateVersion },
      usage: run.usage,
      used: [run.budget.costUsd.used, run.budget.tokens.used, run.budget.modelCalls.used],
      output: run.result?.output,
      // Of branches side by side, either may end first.
      incomplete: sorted(run.result?.incomplete ?? []),
      error: run.result?.error,
      decisions: sorted(
        (run.result?.decisions ?? []).map(({ step, kind, by, decision }) => [step, kind, by, decision]),
      ),
    },
    calls: calls
      .map(({ model, system, messages }) => {
        const texts = messages.map(({ role, text }) => ({ role, text: withoutOrder(text) }));
        return withoutIds(JSON.stringify([model, system, texts]));
      })
      .sort(),
    events: await readEvents(house, id),
    steps: (await house.steps(id)).map(function plain({ path, type, status, usage, children }): unknown {
      return [path, type, status, usage.modelCalls, children.map(plain)];
    }),
  });
}

/** Ids of emitted events have the run's id in them. */
function withoutRun(id: string, played: Omit<Played, 'id'>): Played {
  const text = JSON.stringify(played).replaceAll(id, 'the run');
  return { id, ...(JSON.parse(text) as Omit<Played, 'id'>) };
}

const sorted = (list: unknown[]) => list.map((one) => JSON.stringify(one)).sort();

/** Blocks of data are named by a hash of run and path. */
const withoutIds = (text: string) => text.replaceAll(/id=\\+"[^"\\]*\\+"/g, 'id');

/** The answers of a debate are shown in an order that is the run's own. */
const withoutOrder = (text: string) =>
  text.replace(
    /(<data name="answers" id="([^"]*)">)(.*?)(?=<\/data id="\2">)/s,
    (_, opening: string, _id, answers: string) => opening + sorted(JSON.parse(answers) as unknown[]).join(),
  );

async function decideUntilEnded(house: House, id: string, decide: Decide): Promise<Run> {
  const decided = new Set<string>();
  return eventually(
    `the run ${id} ends`,
    async () => {
      const run = await house.run(id);
      if (!(openStatuses as readonly string[]).includes(run.status)) return run;
      for (const approval of run.approvals.filter((one) => !decided.has(one))) {
        const { body } = await house.service.request('GET', `/v1/approvals/${approval}`);
        decided.add(approval);
        const decision = decide(body as Approval);
        if (decision === null) continue;
        const answer = await house.decide(approval, decision);
        // One that was withdrawn or expired meanwhile can't be decided any more.
        if (![200, 409, 410].includes(answer.status))
          throw new Error(`${String(answer.status)} ${JSON.stringify(answer.body)}`);
      }
      return undefined;
    },
    120_000,
  );
}

/** All events of an ended run. */
export async function readEvents(house: House, id: string): Promise<Played['events']> {
  const response = await fetch(`${house.service.url}/v1/runs/${id}/events`, {
    headers: { authorization: `Bearer ${house.service.key}` },
  });
  const events: Played['events'] = {};
  let last = 0;
  const parser = createParser({
    onEvent(message) {
      if (message.id === undefined) return;
      const { type, step, data } = JSON.parse(message.data) as { type: string; step?: string; data: object };
      if (Number(message.id) !== ++last)
        throw new Error(`Event ${message.id} comes after ${String(last - 1)}.`);
      const told = (events[step ?? ''] ??= []);
      const text = `${type} ${tell(data)}`.trim();
      // What a workflow task that was not kept has told of a step is told again by the one that was.
      if (/^(step|state|approval|decision)\./.test(type) && told.includes(text)) return;
      told.push(text);
    },
  });
  parser.feed(await response.text());
  return events;
}

/** Of an event's data what says where the run stands. */
function tell(data: object): string {
  const { status, reason, version, decision } = data as { [name: string]: unknown };
  return [
    status,
    reason,
    version === undefined ? undefined : 'version',
    decision === undefined ? undefined : 'decision',
  ]
    .filter((part) => typeof part === 'string')
    .join(' ');
}
