import type { Run, RunListItem } from '../contract/api';
import { exitCodes } from './exit';
import { count, counted, duration, usd } from './format';
import { safeLine } from './safe-text';
import type { Colors } from './screen';
import type { Session } from './session';
import { statusMark } from './watch/tree-lines';

const endExitCodes: { readonly [status: string]: number } = {
  completed: exitCodes.ok,
  partial: exitCodes.partial,
  rejected: exitCodes.rejected,
};

/** The exit code of a run's end. */
export function exitCodeOf(status: Run['status']): number {
  return endExitCodes[status] ?? exitCodes.failed;
}

/**
 * The end of a watched run: its output on standard output, all else beside it. What a person rejected
 * or a failure left behind is no output, and must not get into a file as if it were.
 */
export function reportRun({ screen, client }: Session, run: Run): void {
  const output = run.result?.output ?? null;
  const counts = run.status === 'completed' || run.status === 'partial';
  if (output !== null && counts) {
    screen.say('');
    screen.printText(typeof output === 'string' ? output : `${JSON.stringify(output, null, 2)}\n`);
  }
  screen.say('');
  for (const line of summaryLines(run, client.url, screen.sayColors)) screen.say(line);
  if (output !== null && !counts) screen.say(`What it had made: npx fermata show ${run.id}`);
}

/** How a run stands or ended: what is missing and why, what it took, where to look further. */
export function summaryLines(run: Run, url: string, colors: Colors): string[] {
  const { error = null, incomplete = [] } = run.result ?? {};
  const { statusReason } = run;
  const isToldBelow = incomplete.some(({ reason }) => reason === statusReason);
  const reason = statusReason === null || isToldBelow ? '' : ` (${safeLine(statusReason)})`;
  const simulated = run.simulated ? ` · ${colors.yellow('simulated')}` : '';
  const mark = statusMark(run.status, { colors, frame: null });
  return [
    `${mark} ${colors.bold(run.status)}${reason} · ${figures(run)}${simulated}`,
    ...(error === null ? [] : [colors.red(`  ${error.step}  ${error.code}: ${safeLine(error.message)}`)]),
    ...incomplete.map(({ step, code, reason: why }) => colors.yellow(`  ${step}  ${code}: ${safeLine(why)}`)),
    ...linkLines(run, url).map((line) => colors.dim(line)),
  ];
}

function figures({ usage, createdAt, startedAt, finishedAt }: RunListItem): string {
  const ended = finishedAt === null ? Date.now() : Date.parse(finishedAt);
  return [
    counted(usage.modelCalls, 'call'),
    `${count(usage.inputTokens + usage.outputTokens)} tokens (${count(usage.inputTokens)} in, ${count(usage.outputTokens)} out)`,
    usd(usage.costUsd),
    duration(ended - Date.parse(startedAt ?? createdAt)),
  ].join(' · ');
}

function linkLines({ links }: RunListItem, url: string): string[] {
  const lines = [`  run       ${new URL(links.self, `${url}/`).href}`];
  if (links.temporal !== null) lines.push(`  Temporal  ${links.temporal}`);
  return lines;
}
