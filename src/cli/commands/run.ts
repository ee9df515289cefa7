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
  const started = await postStart<Run>(session, '/v1/runs', { plan, options });
  if (options.watch === true) return watchRun(session, started);
  if (session.json) session.screen.printJson(started);
  else session.screen.print(started.id);
  return exitCodes.ok;
}

/** Sends what a start consists of; says at their lines in the file what is wrong with a plan. */
export async function postStart<Body>(
  { client }: Session,
  path: string,
  { plan, options }: { plan: string; options: RunOptions },
): Promise<Body> {
  const source = readPlan(plan);
  try {
    return await client.post<Body>(path, requestOf(source, options));
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

function requestOf(source: PlanSource, { input, set, label, limitUsd }: RunOptions): StartRun {
  return {
    plan: source.type === 'stored' ? source.name : source.plan,
    input: readInput(input, set),
    options: {
      labels: readLabels(label),
      ...(limitUsd === undefined ? {} : { limits: { costUsd: limitUsd } }),
    },
  };
}
