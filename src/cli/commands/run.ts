import type { Run, StartRun } from '../../contract/api';
import { CommandError, exitCodes } from '../exit';
import { readInput, readLabels } from '../input';
import { judgePlan, readPlan, type PlanSource } from '../plan-source';
import { issueLines, Refusal } from '../refusal';
import type { Session } from '../session';
import { watchRun } from '../watch/watch-run';

export interface RunOptions {
  input?: string;
  set: string[];
  label: string[];
  limitUsd?: number;
  watch?: true;
}

/** Starts a run; with `watch` stays with it to its end. */
export async function run(session: Session, plan: string, options: RunOptions): Promise<number> {
  const source = readPlan(plan);
  const { limitUsd } = options;
  const request: StartRun = {
    plan: source.type === 'stored' ? source.name : source.plan,
    input: readInput(options.input, options.set),
    options: {
      labels: readLabels(options.label),
      ...(limitUsd === undefined ? {} : { limits: { costUsd: limitUsd } }),
    },
  };
  const started = await start(session, source, request);
  if (options.watch === true) return watchRun(session, started);
  if (session.json) session.screen.printJson(started);
  else session.screen.print(started.id);
  return exitCodes.ok;
}

async function start({ client }: Session, source: PlanSource, request: StartRun): Promise<Run> {
  try {
    return await client.post<Run>('/v1/runs', request);
  } catch (error) {
    const inPlan =
      error instanceof Refusal && error.problem.errors?.some(({ path }) => path.startsWith('/plan'));
    if (source.type === 'stored' || inPlan !== true) throw error;
    // Sent as data, the plan has lost its lines; judged as text, each error has its place in the file.
    const { valid, errors } = await judgePlan(client, source.text);
    if (valid) throw error;
    throw new CommandError(
      `${source.file} is not a valid plan.`,
      exitCodes.usage,
      issueLines(errors, source.file),
    );
  }
}
