import type { Run, RunDecision, Step } from '../../contract/api';
import { exitCodes } from '../exit';
import { localTime, table } from '../format';
import { summaryLines } from '../report';
import { safeLine } from '../safe-text';
import type { Session } from '../session';
import { contentText } from '../show-approval';
import { listedRows } from '../watch/rows';
import { treeLines } from '../watch/tree-lines';

const decisionCharactersMax = 600;

/** Shows a run as it stands; with `steps` the tree of its steps. */
export async function show(session: Session, id: string, options: { steps?: true }): Promise<number> {
  const { client, screen, json } = session;
  const path = `/v1/runs/${encodeURIComponent(id)}`;
  const run = await client.get<Run>(path);
  const steps = options.steps === true ? (await client.get<{ items: Step[] }>(`${path}/steps`)).items : null;
  if (json) {
    screen.printJson(steps === null ? run : { ...run, steps });
    return exitCodes.ok;
  }
  const { colors } = screen;
  screen.print(colors.bold(`${run.plan.name} ${run.plan.version} · ${run.id}`));
  for (const line of table(facts(run))) screen.print(`  ${line}`);
  if (steps !== null) {
    for (const line of treeLines(listedRows(steps), { colors, frame: null })) screen.print(`  ${line}`);
  }
  const output = run.result?.output ?? null;
  if (output !== null) screen.print(`\n${contentText(output)}\n`);
  const decisions = run.result?.decisions ?? [];
  if (decisions.length > 0) screen.print(colors.bold('decisions'));
  for (const line of table(decisions.map(decisionRow))) screen.print(`  ${line}`);
  for (const line of summaryLines(run, client.url, colors)) screen.print(line);
  return exitCodes.ok;
}

function decisionRow({ step, kind, agent, by, decision }: RunDecision): string[] {
  const text = typeof decision === 'string' ? decision : JSON.stringify(decision);
  const shown =
    text.length > decisionCharactersMax
      ? `${text.slice(0, decisionCharactersMax).toWellFormed()}… (whole with --json)`
      : text;
  return [step, kind, agent ?? by ?? '', shown].map(safeLine);
}

/** After the end only calls that may have been made and paid for, and whose answer nobody has, hold something back. */
function reservedText({ budget, finishedAt }: Run): string {
  const { reserved } = budget.costUsd;
  if (reserved === 0) return '';
  const what = finishedAt === null ? 'calls under way' : 'calls that may have been paid for and lost';
  return `$${String(reserved)} for ${what}`;
}

function facts(run: Run): string[][] {
  const labels = Object.entries(run.labels).map(([name, value]) => `${name}=${value}`);
  const { costUsd } = run.budget;
  return [
    ['created', localTime(run.createdAt)],
    ['input', safeLine(JSON.stringify(run.input)).slice(0, 200)],
    ['labels', labels.map(safeLine).join(' ')],
    ['budget', costUsd.limit === null ? '' : `$${String(costUsd.used)} of $${String(costUsd.limit)} used`],
    ['reserved', reservedText(run)],
    ['now', run.current.join(', ')],
    ['approvals', run.approvals.join(', ')],
  ].filter(([, value]) => value !== '');
}
