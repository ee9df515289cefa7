import type { StoredPlan } from '../../contract/plans-api';
import { CommandError, exitCodes } from '../exit';
import { counted, localTime, table } from '../format';
import { judgePlan, readText } from '../plan-source';
import { issueLines, Refusal } from '../refusal';
import { safeLine } from '../safe-text';
import type { Session } from '../session';

/** Says whether a plan is valid, and everything that is wrong with it. */
export async function validatePlan({ client, screen, json }: Session, file: string): Promise<number> {
  const judgement = await judgePlan(client, readText(file));
  const { valid, errors, warnings } = judgement;
  if (json) {
    screen.printJson(judgement);
    return valid ? exitCodes.ok : exitCodes.failed;
  }
  for (const line of issueLines(warnings, file)) screen.say(`${screen.sayColors.yellow('warning')}  ${line}`);
  if (!valid)
    throw new CommandError(`${file} is not a valid plan.`, exitCodes.failed, issueLines(errors, file));
  screen.print(`${file} is a valid plan.`);
  return exitCodes.ok;
}

/** Stores a plan's version. */
export async function pushPlan({ client, screen, json }: Session, file: string): Promise<number> {
  const { status, body } = await client
    .postPlan<StoredPlan>('/v1/plans', readText(file))
    .catch((error: unknown) => {
      if (!(error instanceof Refusal) || error.problem.errors === undefined) throw error;
      throw new CommandError(
        `${file} is not a valid plan.`,
        exitCodes.usage,
        issueLines(error.problem.errors, file),
      );
    });
  if (json) {
    screen.printJson(body);
    return exitCodes.ok;
  }
  for (const line of issueLines(body.warnings ?? [], file))
    screen.say(`${screen.sayColors.yellow('warning')}  ${line}`);
  screen.print(`${body.name}@${body.version} ${status === 201 ? 'is stored.' : 'was stored already.'}`);
  return exitCodes.ok;
}

interface PlanPage {
  items: {
    name: string;
    live: string | null;
    description: string | null;
    versions: number;
    updatedAt: string;
  }[];
  nextCursor: string | null;
}

/** Lists the stored plans. */
export async function listPlans({ client, screen, json }: Session): Promise<number> {
  const page = await client.get<PlanPage>('/v1/plans?limit=200');
  if (json) {
    screen.printJson(page);
    return exitCodes.ok;
  }
  const rows = page.items.map(({ name, live, versions, updatedAt, description }) => [
    name,
    live ?? 'not live',
    counted(versions, 'version'),
    localTime(updatedAt),
    safeLine(description ?? ''),
  ]);
  for (const line of table(rows)) screen.print(line);
  if (rows.length === 0) screen.say('No plans are stored.');
  return exitCodes.ok;
}
