import type { Estimate } from '../../contract/advice-api';
import { exitCodes } from '../exit';
import { counted, duration, table, usd } from '../format';
import { issueLines } from '../refusal';
import type { Session } from '../session';
import { postStart, type RunOptions } from './run';

/** Says what a run of a plan would use. */
export async function estimate(session: Session, plan: string, options: RunOptions): Promise<number> {
  const { screen } = session;
  const found = await postStart<Estimate>(session, '/v1/runs/estimate', { plan, options });
  if (session.json) {
    screen.printJson(found);
    return exitCodes.ok;
  }
  const { modelCalls, costUsd, seconds, pastRuns, warnings } = found;
  for (const line of issueLines(warnings, plan)) screen.say(`${screen.sayColors.yellow('warning')}  ${line}`);
  const rows = (['min', 'expected', 'max'] as const).map((life) => [
    life,
    counted(modelCalls[life], 'call'),
    usd(costUsd[life]),
    life === 'expected' ? duration(seconds * 1000) : '',
  ]);
  for (const line of table(rows)) screen.print(line);
  screen.say(
    pastRuns === 0 ? "From the plan's shape." : `Expected is the mean of ${counted(pastRuns, 'past run')}.`,
  );
  return exitCodes.ok;
}
