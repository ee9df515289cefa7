import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { EvaluateResult, RawDecision } from '../contract/activities';
import { FailureType } from '../contract/failures';
import type { ApprovalKind, ApprovalStatus, Decision } from '../contract/journal';
import type { DecisionTaken } from '../contract/messages';
import type { Value } from '../contract/value';
import { isWithin, type Settled } from './scope';

type CheckedDecision = Extract<EvaluateResult, { type: 'decision' }>;

/** An approval that this workflow has asked for. */
export interface OpenMatter {
  id: string;
  kind: ApprovalKind;
  path: string;
  allow: Decision[];
  content: Value;
  /** Known once the ledger holds what is shown. */
  digest: string | null;
  /** When its time is over, in ms since the epoch; known while people are waited for. */
  dueAt?: number;
  /** A decision is being looked at: others wait until it counts or falls. */
  settling: boolean;
  settled: Settled | null;
  /** Id of the update whose decision counted: sent again, it gets the same answer. */
  decidedBy: string | null;
}

/** The approvals of a run, by id. Decisions come in by update or signal and are judged here, one at a time. */
export interface Approvals {
  add(matter: OpenMatter): void;
  /** Throws where there is none. */
  get(id: string): OpenMatter;
  all(): OpenMatter[];
  pending(): OpenMatter[];
  /** Forgets what was asked at a path and below it. */
  forget(path: string): void;
  /** Throws where the decision can't count, before anything is recorded. `update` is the id of the update, if it is one. */
  validate(raw: RawDecision, update: string | null): void;
  /**
   * Throws where the decision was given after the approval's time, which no worker was there to end. Not
   * asked of what history has as decided.
   */
  demandInTime(raw: RawDecision): void;
  decide(raw: RawDecision, update: string | null): Promise<DecisionTaken>;
}

interface Ports {
  check(matter: OpenMatter, raw: RawDecision): Promise<CheckedDecision>;
  /** Writes what was decided, so that who decided can read it as soon as the answer is there. */
  record(matter: OpenMatter, settled: Settled, via: 'api' | 'temporal'): Promise<void>;
}

const statusOf: Record<Decision, ApprovalStatus> = {
  approve: 'approved',
  edit: 'edited',
  reject: 'rejected',
  answer: 'answered',
  retry: 'resolved',
  skip: 'resolved',
  fail: 'resolved',
};

export function createApprovals(ports: Ports): Approvals {
  const matters = new Map<string, OpenMatter>();

  function validate(raw: RawDecision, update: string | null): OpenMatter {
    const matter = matters.get(raw.approval);
    if (matter === undefined)
      throw refusal(FailureType.approvalUnknown, 'This run has asked for no such approval.');
    if (matter.settled !== null && update !== null && matter.decidedBy === update) return matter;
    if (matter.settled !== null) throw alreadyDecided(matter.settled);
    demandFits(matter, raw);
    return matter;
  }

  function isFree(id: string): boolean {
    const matter = matters.get(id);
    return matter === undefined || matter.settled !== null || (matter.digest !== null && !matter.settling);
  }

  return {
    add: (matter) => matters.set(matter.id, matter),
    get(id) {
      const matter = matters.get(id);
      if (matter === undefined) throw new Error(`This run has asked for no approval ${id}.`);
      return matter;
    },
    all: () => [...matters.values()],
    pending: () => [...matters.values()].filter((matter) => matter.settled === null),
    forget(path) {
      for (const { id, path: at } of matters.values()) if (isWithin(at, path)) matters.delete(id);
    },
    validate,
    demandInTime({ approval, at }) {
      const { dueAt = Infinity, settled = null } = matters.get(approval) ?? {};
      const given = at === undefined ? Date.now() : Date.parse(at);
      if (settled === null && given > dueAt)
        throw refusal(FailureType.approvalExpired, 'The time of the approval is over.');
    },
    async decide(raw, update) {
      let matter = validate(raw, update);
      // One condition can let several deciders through at the same moment: each looks again, and only
      // the first finds the matter free.
      while (matter.settled === null && (matter.digest === null || matter.settling)) {
        const { id } = matter;
        await condition(() => isFree(id));
        matter = validate(raw, update);
      }
      if (matter.settled !== null) return taken(matter.id, matter.settled);
      matter.settling = true;
      try {
        const checked = await ports.check(matter, raw);
        if (checked.problem !== null) throw refusal(FailureType.decisionNotAllowed, checked.problem);
        const settled: Settled = {
          status: statusOf[raw.decision],
          decision: raw.decision,
          by: checked.by,
          comment: raw.comment ?? null,
          content: checked.content ?? matter.content,
        };
        await ports.record(matter, settled, checked.via);
        matter.settled = settled;
        matter.decidedBy = update;
        return taken(matter.id, settled);
      } finally {
        matter.settling = false;
      }
    },
  };
}

/** What is decided must be allowed, complete, and about what was shown. */
function demandFits(matter: OpenMatter, raw: RawDecision): void {
  if (!matter.allow.includes(raw.decision)) {
    const message = `The decision ${raw.decision} is not allowed here: ${matter.allow.join(', ')}.`;
    throw refusal(FailureType.decisionNotAllowed, message);
  }
  if ((raw.decision === 'edit' || raw.decision === 'answer') && raw.content === undefined) {
    throw refusal(FailureType.decisionNotAllowed, `The decision ${raw.decision} needs a content.`);
  }
  if (raw.digest !== undefined && matter.digest !== null && raw.digest !== matter.digest) {
    throw refusal(FailureType.approvalChanged, 'What was shown is not what is asked any more.');
  }
}

function taken(approval: string, { status, by }: Settled): DecisionTaken {
  return { approval, status, by };
}

function refusal(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}

function alreadyDecided({ decision, by, status }: Settled): ApplicationFailure {
  const message = `It was decided before: ${status} by ${by}.`;
  return ApplicationFailure.nonRetryable(message, FailureType.approvalDecided, { decision, by, status });
}
