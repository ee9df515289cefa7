import type {
  ApprovalStep,
  DebateStep,
  EventsStep,
  HierarchyStep,
  ParallelStep,
  RefineStep,
  ReviewStep,
  RouterStep,
  Step,
  SupervisorStep,
} from '../contract/plan';
import { limits } from '../contract/limits';
import { callOf, seenBy } from './call-spending';
import { answeredBy, handedOn, handedText } from './handed-on';
import { planDefaults, unboundedContextTokens } from './defaults';
import { itemsOf, mayBeSkipped, openCases, shareOf } from './known-input';
import { subPlanSpending } from './sub-plan-spending';
import { teamStep } from './teams';
import {
  leastOf,
  nothingSpent,
  oneOf,
  sideBySide,
  sum,
  times,
  byLife,
  together,
  within,
  type Measuring,
  type Spending,
} from './measure';

/**
 * What a step and all inside it use in the life that is measured: in the shortest everything is
 * skipped or good at once, in the longest every loop goes to its cap and every answer to its output
 * cap, and in the worst of them whatever may be asked again is. What people order comes on top.
 */
export function spendingOf(step: Step, at: Measuring): Spending {
  const { onFailure } = step;
  const own = within(step.limits, at, ownSpending(step, at));
  return times(shareOf(step, at), sum([own, insteadOf(onFailure, at), answeredBy(step, at)]));
}

/** What a step adds that failed, where its plan says what is to be done then. */
function insteadOf(onFailure: Step['onFailure'], at: Measuring): Spending {
  if (typeof onFailure !== 'object' || 'cached' in onFailure) return nothingSpent;
  if ('value' in onFailure) return handedText(at, onFailure.value);
  return times(byLife(at, 0, 0, 1), spendingOf(onFailure.step, at));
}

function inside(step: Step | undefined, at: Measuring): Spending {
  return step === undefined ? nothingSpent : spendingOf(step, at);
}

function ownSpending(step: Step, at: Measuring): Spending {
  switch (step.type) {
    case 'agent':
      return callOf(step.agent, at, { role: 'agent', context: seenBy(step, at), written: [step.prompt] });
    case 'sequence':
      return sequenceSpending(step.steps, at);
    case 'parallel':
      return parallelSpending(step, at);
    case 'review':
      return reviewSpending(step, at);
    case 'router':
      return routerSpending(step, at);
    case 'supervisor':
      return leadSpending(step, { lead: step.supervisor, workers: Object.values(step.workers) }, at);
    case 'hierarchy': {
      const teams = Object.values(step.teams).map((team) => ({ ...team, step: teamStep(team) }));
      return leadSpending(step, { lead: step.manager, workers: teams }, at);
    }
    case 'choice':
      return oneOf(
        at,
        openCases(step, at).map((way) => inside(way, at)),
      );
    case 'refine':
      return refineSpending(step, at);
    case 'debate':
      return debateSpending(step, at);
    case 'plan':
      return subPlanSpending(step, at, spendingOf);
    // How many events come only the world will tell: without a bound one is usual.
    case 'events':
      return eventsSpending(step, at);
    case 'approval':
      return approvalSpending(step, at);
    case 'question':
      return handedOn(at, limits.decisionContentBytesMax, 0);
    case 'wait':
      return handedOn(at, limits.eventBytesMax, 0);
    case 'emit':
      return handedOn(at, limits.eventNameCharactersMax, 0);
    case 'set':
      return handedText(at, step.value);
  }
}

function approvalSpending({ revise, content, ...step }: ApprovalStep, at: Measuring): Spending {
  const shown = sum([handedOn(at, limits.decisionContentBytesMax, 1), handedText(at, content)]);
  if (revise === undefined) return shown;
  const revisions = byLife(at, 0, 0, step.maxRevisions ?? planDefaults.approvalRevisions);
  const seenTokens = at.seenTokens + shown.outputTokens;
  return sum([times(revisions, spendingOf(revise, { ...at, seenTokens })), shown]);
}

function eventsSpending({ until, handlers }: EventsStep, at: Measuring): Spending {
  const { maxEvents } = until;
  const most = maxEvents ?? (at.life === 'worst' ? limits.eventsHandledMax : 1);
  const events = byLife(at, 0, 1, most);
  const event = handedOn(at, limits.eventBytesMax, 0);
  const seen = { ...at, seenTokens: at.seenTokens + event.outputTokens };
  const ways = Object.values(handlers).map((handler) => spendingOf(handler, seen));
  return sum([times(events, oneOf(at, ways)), event]);
}

function routerSpending(step: RouterStep, at: Measuring): Spending {
  const routes = Object.values(step.routes);
  const ways = routes.map((route) => spendingOf(route.step, at));
  // A choice that is not sure enough is possible, but not what is expected.
  if (at.life !== 'usual')
    ways.push(typeof step.otherwise === 'object' ? spendingOf(step.otherwise, at) : nothingSpent);
  const written = [step.prompt, ...routes.map(({ description }) => description)];
  const context = seenBy(step, at, 'none');
  return sum([callOf(step.classifier, at, { role: 'classifier', context, written }), oneOf(at, ways)]);
}

function debateSpending(step: DebateStep, at: Measuring): Spending {
  const { panel, prompt, judge, rounds } = step;
  const context = seenBy(step, at);
  const round = (shownTokens: number): Spending =>
    together(
      panel.map((name) => callOf(name, at, { role: 'agent', context, written: [prompt], shownTokens })),
      panel.length,
    );
  const first = round(0);
  const later = round(first.outputTokens);
  const { outputTokens: shownTokens } = first;
  return sum([
    first,
    // Equal answers end it before its last round.
    times(byLife(at, 0, rounds - 1, rounds - 1), later),
    callOf(judge, at, { role: 'judge', context, written: [prompt], shownTokens }),
  ]);
}

function sequenceSpending(steps: Step[], at: Measuring): Spending {
  let { seenTokens } = at;
  return sum(
    steps.map((step) => {
      const spent = spendingOf(step, { ...at, seenTokens });
      seenTokens = Math.min(seenTokens + spent.outputTokens, unboundedContextTokens);
      return spent;
    }),
  );
}

function parallelSpending(step: ParallelStep, at: Measuring): Spending {
  const { concurrency, reduce } = step;
  const lanes =
    step.step === undefined
      ? Object.values(step.branches ?? {}).map((branch) => spendingOf(branch, at))
      : null;
  const items = lanes?.length ?? itemsOf(step, at);
  // A branch may fail before it asks anybody; only those that must succeed are certain.
  const certain = step.require === 'all' ? items : Math.min(step.require, items);
  const count = byLife(at, certain, items, items);
  const fan =
    lanes === null
      ? sideBySide(count, inside(step.step, at), concurrency)
      : together(at.life === 'least' ? leastOf(lanes, count) : lanes, concurrency);
  const whole = sum([fan, times(items, handedText(at, step.placeholder))]);
  if (reduce === undefined) return whole;
  const seenTokens = at.seenTokens + whole.outputTokens;
  return sum([whole, spendingOf(reduce, { ...at, seenTokens, usualContext: 'none' })]);
}

function reviewSpending(step: ReviewStep, at: Measuring): Spending {
  const most = step.revise === undefined ? 0 : step.maxRevisions;
  const revisions = byLife(at, 0, Math.min(most, 0.5), most);
  const { revise } = step;
  const text = step.of === undefined ? handedOn(at, 0, 1) : handedText(at, step.of);
  const revised = inside(revise, { ...at, seenTokens: 2 * at.seenTokens });
  const verdict = callOf(step.reviewer, at, {
    role: 'reviewer',
    context: seenBy(step, at),
    written: [step.prompt, step.criteria, step.of],
    shownTokens: Math.max(at.seenTokens, revised.outputTokens),
  });
  // What fails its checks isn't shown to the reviewer.
  const verdicts = step.checks === undefined ? revisions + 1 : byLife(at, 0, revisions + 1, revisions + 1);
  return sum([times(verdicts, verdict), times(revisions, revised), text]);
}

function refineSpending(step: RefineStep, at: Measuring): Spending {
  const versions = byLife(at, 1, Math.min(2, step.maxIterations), step.maxIterations);
  const first = spendingOf(step.generator, at);
  // Every version but the first sees the one before and what was said of it.
  const later = spendingOf(step.generator, { ...at, seenTokens: at.seenTokens + 2 * first.outputTokens });
  const score = callOf(step.evaluator, at, {
    role: 'evaluator',
    context: seenBy(step, at, 'none'),
    written: [step.prompt, step.criteria],
    shownTokens: first.outputTokens,
  });
  // What fails its checks is not scored, and neither is what was skipped.
  const isCertain = step.checks === undefined && !mayBeSkipped(step.generator);
  const scores = isCertain ? versions : byLife(at, 0, versions, versions);
  return sum([first, times(versions - 1, later), times(scores, score)]);
}

interface Led {
  lead: string;
  workers: { description?: string | undefined; step: Step }[];
}

function leadSpending(step: SupervisorStep | HierarchyStep, led: Led, at: Measuring): Spending {
  const { maxRounds, maxAssignments, concurrency } = step;
  const lead = { role: 'supervisor', context: seenBy(step, at) } as const;
  const written = [step.prompt, ...led.workers.map(({ description }) => description)];
  const ordered = callOf(led.lead, at, { ...lead, written }).outputTokens;
  const seenTokens = at.seenTokens + ordered;
  const workers = led.workers.map((worker) =>
    spendingOf(worker.step, { ...at, seenTokens, usualContext: 'none' }),
  );
  const assignments = byLife(at, 0, Math.min(workers.length, maxAssignments), maxAssignments);
  // In every round but the last one each open assignment may be tried again.
  const work = times(assignments * byLife(at, 1, 1, maxRounds), oneOf(at, workers));
  const decision = callOf(led.lead, at, { ...lead, written, shownTokens: work.outputTokens });
  const decisions = times(byLife(at, 1, Math.min(2, maxRounds + 1), maxRounds + 1), decision);
  const final = inside(step.final, { ...at, seenTokens: at.seenTokens + work.outputTokens });
  return sum([
    decisions,
    { ...work, seconds: work.seconds / Math.min(concurrency, assignments || 1) },
    final,
  ]);
}
