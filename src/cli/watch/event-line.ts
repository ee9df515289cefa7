import { clockTime, count, duration, usd } from '../format';
import { safeLine } from '../safe-text';
import type { Colors } from '../screen';
import { decisionText } from './decision-text';
import type { WatchedEvent } from './facts';
import type { RunTree } from './run-tree';
import { statusMark } from './tree-lines';

/**
 * What an event says to somebody who reads a log, in one line; null where it says nothing of its own.
 * The tree is the one that the event was already taken into.
 */
export function eventLine(event: WatchedEvent, tree: RunTree, colors: Colors): string | null {
  const told = tell(event, tree, colors);
  return told === null ? null : `${colors.dim(clockTime(event.at))}  ${told}`;
}

function tell(event: WatchedEvent, tree: RunTree, colors: Colors): string | null {
  const name = event.step ?? 'run';
  const mark = (status: Parameters<typeof statusMark>[0]) => statusMark(status, { colors, frame: null });
  switch (event.type) {
    case 'run.started':
      return `${mark('running')} run ${event.runId} started`;
    case 'run.status': {
      const { status, reason } = event.data;
      return reason === null ? null : `  run is ${status}: ${safeLine(reason)}`;
    }
    case 'step.started':
      if (isFrame(event.step, event.data)) return null;
      return `${mark('running')} ${name}  ${event.data.agent ?? event.data.type}`;
    case 'step.finished':
      if (isFrame(event.step, event.data)) return null;
      return `${mark(event.data.status)} ${[name, event.data.status, ...figures(tree, name)].join('  ')}`;
    case 'step.skipped':
      return `${mark('skipped')} ${name}  skipped: ${safeLine(event.data.reason)}`;
    case 'call.retried':
      return `  ${name}  ${safeLine(event.data.error)}; again in ${duration(event.data.retryInMs)}`;
    case 'call.finished':
      return tree.steps.get(name)?.type === 'call' ? `  ${[name, ...figures(tree, name)].join('  ')}` : null;
    case 'decision.made': {
      const note = decisionText(event.data.kind, event.data.decision);
      return note === null ? null : `  ${name}  ${safeLine(note)}`;
    }
    case 'approval.requested':
      return `${mark('waiting')} ${name}  waits for a person: ${safeLine(event.data.title)}`;
    case 'approval.decided':
      return `  ${name}  ${event.data.status} by ${safeLine(event.data.by)}${quoted(event.data.comment)}`;
    case 'approval.expired':
      return `  ${name}  nobody decided in time`;
    case 'budget.low':
      return `  ${name}  ${event.data.measure}: ${String(event.data.used)} of ${String(event.data.limit)} used`;
    case 'alert.opened':
      return `! alert ${event.data.kind}: ${String(event.data.value)} is over ${String(event.data.threshold)}`;
    default:
      return null;
  }
}

/** Whether a step is the run's outermost pattern, whose beginning and end are those of the run. */
function isFrame(path: string | null, { type }: { type: string }): boolean {
  return path === 'root' && type !== 'agent';
}

function quoted(comment: string | null): string {
  return comment === null || comment === '' ? '' : `: ${safeLine(comment)}`;
}

function figures(tree: RunTree, path: string): string[] {
  const step = tree.steps.get(path);
  if (step === undefined) return [];
  return [
    step.model === null ? '' : `${step.agent ?? ''} · ${step.model}`,
    step.tokens === 0 ? '' : `${count(step.tokens)} tokens`,
    step.costNano === 0 ? '' : usd(step.costNano / 1e9),
    step.finishedAt === null ? '' : duration(step.finishedAt - step.startedAt),
    step.note === null ? '' : safeLine(step.note),
  ].filter((part) => part !== '');
}
