import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { searchAttributes, type StateView } from '../contract/workflow';
import type { Clock, WaitReason } from './clock';
import type { RunState } from './run-state';

const statusKey = defineSearchAttributeKey(searchAttributes.status, 'KEYWORD');
const pendingKey = defineSearchAttributeKey(searchAttributes.pendingApprovals, 'INT');

/** What the run is doing, as the ledger, Temporal's list and the queries say it. */
export interface Status {
  update(clock: Clock): void;
  /** No more entries: the run is about to be closed. */
  close(): void;
  closing(): boolean;
  view(): StateView;
  /** What is waited for; null while somebody works. */
  waitingFor(): WaitReason | null;
  /** Stays as it was in an earlier Temporal run until everything stands where it stood then. */
  restore(waitingFor: WaitReason | null): void;
  restored(clock: Clock): void;
}

interface Options {
  /** Whether the server knows the search attributes of the service. */
  upsert: boolean;
  /** Whom a change is told instead of the journal. */
  tell?: (waitingFor: WaitReason | null) => void;
}

export function createStatus(state: RunState, { upsert, tell }: Options): Status {
  let reason: WaitReason | null = null;
  let closed = false;
  let restoring = false;

  function current(): string[] {
    const open = [...state.steps.values()].filter(
      ({ status }) => status === 'running' || status === 'waiting',
    );
    const paths = open.map(({ path }) => path);
    const isAbove = (path: string) =>
      paths.some((other) => path !== other && (path === 'root' || other.startsWith(`${path}.`)));
    return paths.filter((path) => !isAbove(path));
  }

  function update(clock: Clock): void {
    const now = clock.waitingFor();
    if (closed || restoring || now === 'gate' || now === reason) return;
    const changed = (now === null) !== (reason === null);
    reason = now;
    const data = { status: statusNow(), reason: now, activeMs: clock.activeMilliseconds() } as const;
    if (tell === undefined) state.journal.add(null, { type: 'run.status', data });
    else tell(now);
    if (!changed) return;
    showDetails();
    // Only here, and not at every step: each upsert is an event of the history.
    if (!upsert) return;
    upsertSearchAttributes([
      { key: statusKey, value: statusNow() },
      { key: pendingKey, value: state.approvals.pending().length },
    ]);
  }

  const statusNow = () => (reason === null ? 'running' : 'waiting');

  function showDetails(): void {
    const { name, version } = state.skeleton.plan;
    const why = reason === null ? '' : ` for ${reason}`;
    setCurrentDetails(`${name}@${version} · ${statusNow()}${why} · ${current().join(', ')}`);
  }

  return {
    update,
    close: () => {
      closed = true;
    },
    closing: () => closed,
    view: () => ({
      status: statusNow(),
      reason,
      current: current(),
      stateVersion: state.stateVersion,
      ...(state.ready ? { written: state.journal.written() } : {}),
    }),
    waitingFor: () => reason,
    restore(waitingFor) {
      reason = waitingFor;
      restoring = true;
    },
    restored(clock) {
      restoring = false;
      showDetails();
      update(clock);
    },
  };
}
