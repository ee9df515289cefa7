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
}

export function createStatus(state: RunState, upsert: boolean): Status {
  let reason: WaitReason | null = null;
  let closed = false;

  function current(): string[] {
    const open = [...state.steps.values()].filter(
      ({ status }) => status === 'running' || status === 'waiting',
    );
    const paths = open.map(({ path }) => path);
    const isAbove = (path: string) =>
      paths.some((other) => path !== other && (path === 'root' || other.startsWith(`${path}.`)));
    return paths.filter((path) => !isAbove(path));
  }

  return {
    update(clock) {
      const now = clock.waitingFor();
      if (closed || now === reason) return;
      const changed = (now === null) !== (reason === null);
      reason = now;
      const status = now === null ? 'running' : 'waiting';
      state.journal.add(null, {
        type: 'run.status',
        data: { status, reason: now, activeMs: clock.activeMilliseconds() },
      });
      if (!changed) return;
      const { name, version } = state.skeleton.plan;
      setCurrentDetails(
        `${name}@${version} · ${status}${now === null ? '' : ` for ${now}`} · ${current().join(', ')}`,
      );
      // Only here, and not at every step: each upsert is an event of the history.
      if (!upsert) return;
      upsertSearchAttributes([
        { key: statusKey, value: status },
        { key: pendingKey, value: state.approvals.pending().length },
      ]);
    },
    close: () => {
      closed = true;
    },
    closing: () => closed,
    view: () => ({
      status: reason === null ? 'running' : 'waiting',
      reason,
      current: current(),
      stateVersion: state.stateVersion,
    }),
  };
}
