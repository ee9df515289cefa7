import type { Incomplete } from '../contract/failures';
import type { Usage } from '../contract/usage';
import { nothing, type Value } from '../contract/value';
import type { StepStatus } from '../contract/workflow';
import type { OpenMatter } from './approvals';
import type { Active, WaitReason } from './clock';
import type { JournalNumbers } from './numbering';
import type { Node } from './node';
import type { Outcome } from './outcome';
import { createProgress, type Asked, type EndedStep, type Given, type Progress } from './progress';
import type { RunState } from './run-state';
import type { Status } from './status';

/**
 * All that the next Temporal run of a run must know. It is kept in the ledger, as JSON, and history
 * has its reference. Times are absolute. A step that has ended hides what was inside it, but for the
 * ids that templates can name.
 */
export interface Memo {
  version: 1;
  root: StepMemo;
  active: Active;
  waitingFor: WaitReason | null;
  journal: JournalNumbers;
  stateVersion: number;
  incomplete: Incomplete[];
  usage: Usage;
  approvals: OpenMatter[];
  steps: [path: string, type: string, status: StepStatus][];
  /** Absent while nothing is in it. */
  workspace?: [path: string, value: Value][];
}

/** `Progress` as JSON; what is empty is left out. */
export interface StepMemo extends Partial<
  Pick<
    Progress,
    | 'results'
    | 'summaries'
    | 'decisions'
    | 'waits'
    | 'reaction'
    | 'failure'
    | 'askedBefore'
    | 'ending'
    | 'left'
  >
> {
  asks?: [place: string, asked: Asked][];
  given?: [place: string, given: Given][];
  groups?: [range: string, outcome: Outcome][];
  frame?: [id: string, value: Value][];
  ended?: [path: string, ended: EndedStep][];
  inside?: [path: string, memo: StepMemo][];
}

/** The run as it stands. Only whole where nothing is under way: see `Gate`. */
export function toMemo(state: RunState, root: Node, status: Status): Memo {
  return {
    version: 1,
    root: toStepMemo(root.progress),
    active: root.clock.active(),
    waitingFor: status.waitingFor(),
    journal: state.journal.numbers(),
    stateVersion: state.stateVersion,
    incomplete: state.incomplete,
    usage: state.usage,
    // What was decided on is with the step that asked.
    approvals: state.approvals
      .all()
      .map((matter) =>
        matter.settled === null
          ? matter
          : { ...matter, content: nothing, settled: { ...matter.settled, content: nothing } },
      ),
    ...(state.workspace.size() === 0 ? {} : { workspace: state.workspace.written() }),
    steps: [...state.steps.values()].map(({ path, type, status: now }) => [path, type, now]),
  };
}

/** What of a step's progress is not empty. */
export function toStepMemo(progress: Progress): StepMemo {
  const { results, asks, given, summaries, decisions, waits, groups, failure, askedBefore } = progress;
  const { ending, reaction, ended, inside, frame } = progress;
  const left = progress.clock === null ? progress.left : progress.clock.limitsLeft();
  const retold = idsRetold(progress);
  const named = frame === null ? [] : [...frame].filter(([id]) => !retold.has(id));
  return {
    ...(results.length === 0 ? {} : { results }),
    ...(asks.size === 0 ? {} : { asks: [...asks] }),
    ...(given.size === 0 ? {} : { given: [...given] }),
    ...(summaries.length === 0 ? {} : { summaries }),
    ...(decisions.length === 0 ? {} : { decisions }),
    ...(waits.length === 0 ? {} : { waits }),
    ...(groups.size === 0 ? {} : { groups: [...groups] }),
    ...(reaction === null ? {} : { reaction }),
    ...(failure === null ? {} : { failure }),
    ...(askedBefore === 0 ? {} : { askedBefore }),
    ...(ending === null ? {} : { ending }),
    ...(Object.keys(left).length === 0 ? {} : { left }),
    ...(named.length === 0 ? {} : { frame: named }),
    ...(ended.size === 0 ? {} : { ended: [...ended] }),
    ...(inside.size === 0
      ? {}
      : { inside: [...inside].map(([path, one]): [string, StepMemo] => [path, toStepMemo(one)]) }),
  };
}

/** Ids that come into the frame by themselves when patterns are told of the steps again. */
function idsRetold({ ended, inside }: Progress): Set<string> {
  const ids = new Set<string>();
  for (const { id } of ended.values()) if (id !== null) ids.add(id);
  for (const one of inside.values()) if (one.frame === null) for (const id of idsRetold(one)) ids.add(id);
  return ids;
}

/** Progress as the memo tells it. Counts in `untold` the ended steps that patterns are still to be told of. */
export function fromStepMemo(memo: StepMemo): { progress: Progress; untold: number } {
  const inside = (memo.inside ?? []).map(([path, one]) => ({ path, ...fromStepMemo(one) }));
  const ended = memo.ended ?? [];
  const progress: Progress = {
    ...createProgress(),
    results: memo.results ?? [],
    asks: new Map(memo.asks),
    given: new Map(memo.given),
    summaries: memo.summaries ?? [],
    decisions: memo.decisions ?? [],
    waits: memo.waits ?? [],
    groups: new Map(memo.groups),
    reaction: memo.reaction ?? null,
    failure: memo.failure ?? null,
    askedBefore: memo.askedBefore ?? 0,
    ending: memo.ending ?? null,
    left: memo.left ?? {},
    frame: memo.frame === undefined ? null : new Map(memo.frame),
    ended: new Map(ended),
    untold: ended.map(([path]) => path),
    inside: new Map(inside.map(({ path, progress: one }) => [path, one])),
  };
  return { progress, untold: inside.reduce((sum, { untold }) => sum + untold, ended.length) };
}
