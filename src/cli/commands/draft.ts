import { setTimeout as pause } from 'node:timers/promises';
import type { Draft } from '../../contract/advice-api';
import { CommandError, exitCodes } from '../exit';
import { counted, usd } from '../format';
import { issueLines } from '../refusal';
import { safeLine } from '../safe-text';
import type { Session } from '../session';

const lookMs = 1000;

/** Has a plan written for a goal; the plan goes to standard output, what is to be said of it does not. */
export async function draft({ client, screen, json }: Session, goal: string): Promise<number> {
  let made = await client.post<Draft>('/v1/plans/draft', { goal });
  if (made.plan === null && made.error === null)
    screen.say(`The plan is being written by the run ${made.run}.`);
  while (made.plan === null && made.error === null) {
    await pause(lookMs);
    made = await client.get<Draft>(`/v1/plans/drafts/${made.run}`);
  }
  if (json) {
    screen.printJson(made);
    return made.plan === null ? exitCodes.failed : exitCodes.ok;
  }
  const { run, source, reason, errors, warnings, estimate, usage, error, simulated } = made;
  if (source === null)
    throw new CommandError(
      `No plan was written (run ${run}): ${safeLine(error?.message ?? '')}`,
      exitCodes.failed,
    );
  for (const line of issueLines([...errors, ...warnings], 'the plan'))
    screen.say(`${screen.sayColors.yellow('warning')}  ${line}`);
  screen.say(safeLine(reason ?? ''));
  if (estimate !== null)
    screen.say(
      `A run of it is expected to make ${counted(estimate.modelCalls.expected, 'call')} for ${usd(estimate.costUsd.expected)}, at most ${usd(estimate.costUsd.max)}.`,
    );
  screen.say(
    `Written by the run ${run}${simulated ? ', simulated' : ''}: ${counted(usage.modelCalls, 'call')}, ${usd(usage.costUsd)}. It is not stored and not run.`,
  );
  screen.printText(source);
  return exitCodes.ok;
}
