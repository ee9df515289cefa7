import type {
  DebateStep,
  HierarchyStep,
  ParallelStep,
  PlanStep,
  RefineStep,
  ReviewStep,
  RouterStep,
  Step,
  SupervisorStep,
} from '../contract/plan';
import type { Json } from '../contract/value';
import { planDefaults } from './defaults';
import { member } from './json';
import { teamStep } from './teams';
import {
  callOf,
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
 * cap. What is asked again, and what people order, comes on top.
 */
export function spendingOf(step: Step, at: Measuring): Spending {
  const { onFailure, when } = step;
  const own = within(step.limits, ownSpending(step, at));
  const fallback =
    typeof onFailure === 'object' && 'step' in onFailure
      ? times(byLife(at, 0, 0, 1), spendingOf(onFailure.step, at))
      : nothingSpent;
  // What may be skipped, or fail without a call and be survived, may cost nothing.
  const certain = (when === undefined || step.type === 'wait') && (onFailure ?? 'fail') === 'fail';
  const share = certain ? 1 : byLife(at, 0, when === undefined ? 1 : 0.5, 1);
  return sum([times(share, own), fallback]);
}

function ownSpending(step: Step, at: Measuring): Spending {
  const inside = (child: Step | undefined) => (child === undefined ? nothingSpent : spendingOf(child, at));
  switch (step.type) {
    case 'agent':
      return callOf(step.agent, at, { role: 'agent', written: [step.prompt] });
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
      return oneOf(at, [...step.cases.map((each) => inside(each.step)), inside(step.otherwise)]);
    case 'refine':
      return refineSpending(step, at);
    case 'debate':
      return debateSpending(step, at);
    case 'approval':
      return times(
        byLife(at, 0, 0, step.maxRevisions ?? planDefaults.approvalRevisions),
        inside(step.revise),
      );
    case 'plan':
      return subPlanSpending(step, at);
    // How many events come only the world will tell: without a bound one is counted.
    case 'events': {
      const events = byLife(at, 0, 1, step.until.maxEvents ?? 1);
      return times(events, oneOf(at, Object.values(step.handlers).map(inside)));
    }
    case 'question':
    case 'wait':
    case 'emit':
    case 'set':
      return nothingSpent;
  }
}

/** What the plan is given only its run tells. */
function subPlanSpending({ plan }: PlanStep, { models, life, subPlans, unknownItems }: Measuring): Spending {
  const sub = subPlans.get(plan);
  if (sub === undefined) return nothingSpent;
  return spendingOf(sub.flow, { plan: sub, models, life, subPlans, unknownItems, seenTokens: 0 });
}

function routerSpending(step: RouterStep, at: Measuring): Spending {
  const routes = Object.values(step.routes);
  const ways = routes.map((route) => spendingOf(route.step, at));
  // A choice that is not sure enough is possible, but not what is expected.
  if (at.life !== 'usual')
    ways.push(typeof step.otherwise === 'object' ? spendingOf(step.otherwise, at) : nothingSpent);
  const written = [step.prompt, ...routes.map(({ description }) => description)];
  return sum([callOf(step.classifier, at, { role: 'classifier', written }), oneOf(at, ways)]);
}

function debateSpending(step: DebateStep, at: Measuring): Spending {
  const { panel, prompt, judge, rounds } = step;
  const round = (shownTokens: number): Spending =>
    together(
      panel.map((name) => callOf(name, at, { role: 'agent', written: [prompt], shownTokens })),
      panel.length,
    );
  const first = round(0);
  const later = round(first.outputTokens);
  const { outputTokens: shownTokens } = first;
  return sum([
    first,
    // Equal answers end it before its last round.
    times(byLife(at, 0, rounds - 1, rounds - 1), later),
    callOf(judge, at, { role: 'judge', written: [prompt], shownTokens }),
  ]);
}

function sequenceSpending(steps: Step[], at: Measuring): Spending {
  let { seenTokens } = at;
  return sum(
    steps.map((step) => {
      const spent = spendingOf(step, { ...at, seenTokens });
      seenTokens += spent.outputTokens;
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
      ? sideBySide(count, spendingOf(step.step ?? noStep, at), concurrency)
      : together(cheapest(lanes).slice(0, count), concurrency);
  if (reduce === undefined) return fan;
  return sum([fan, spendingOf(reduce, { ...at, seenTokens: at.seenTokens + fan.outputTokens })]);
}

const noStep: Step = { type: 'set', value: null };

function cheapest(lanes: Spending[]): Spending[] {
  return lanes.toSorted((a, b) => a.inputNano + a.outputNano - b.inputNano - b.outputNano);
}

const wholePath = /^\s*\{\{-?\s*input((?:\.[A-Za-z_][\w-]*)*)\s*-?\}\}\s*$/;

/** How long the list of a `forEach` is: as written, as the input has it, or unknown. */
function itemsOf({ forEach }: ParallelStep, { input, unknownItems }: Measuring): number {
  if (Array.isArray(forEach)) return forEach.length;
  const path = wholePath.exec(forEach ?? '')?.[1];
  if (path === undefined || input === undefined) return unknownItems;
  const list = path
    .split('.')
    .slice(1)
    .reduce<Json | undefined>((value, name) => member(value, name), input);
  return Array.isArray(list) ? list.length : unknownItems;
}

function reviewSpending(step: ReviewStep, at: Measuring): Spending {
  const most = step.revise === undefined ? 0 : step.maxRevisions;
  const revisions = byLife(at, 0, Math.min(most, 0.5), most);
  const { revise } = step;
  const revised =
    revise === undefined ? nothingSpent : spendingOf(revise, { ...at, seenTokens: 2 * at.seenTokens });
  const verdict = callOf(step.reviewer, at, {
    role: 'reviewer',
    written: [step.prompt, step.criteria, step.of],
    shownTokens: Math.max(at.seenTokens, revised.outputTokens),
  });
  // What fails its checks isn't shown to the reviewer.
  const verdicts = step.checks === undefined ? revisions + 1 : byLife(at, 0, revisions + 1, revisions + 1);
  return sum([times(verdicts, verdict), times(revisions, revised)]);
}

function refineSpending(step: RefineStep, at: Measuring): Spending {
  const versions = byLife(at, 1, Math.min(2, step.maxIterations), step.maxIterations);
  const first = spendingOf(step.generator, at);
  // Every version but the first sees the one before and what was said of it.
  const later = spendingOf(step.generator, { ...at, seenTokens: at.seenTokens + 2 * first.outputTokens });
  const score = callOf(step.evaluator, at, {
    role: 'evaluator',
    written: [step.prompt, step.criteria],
    shownTokens: first.outputTokens,
  });
  const scores = step.checks === undefined ? versions : byLife(at, 0, versions, versions);
  return sum([first, times(versions - 1, later), times(scores, score)]);
}

interface Led {
  lead: string;
  workers: { description?: string | undefined; step: Step }[];
}

function leadSpending(step: SupervisorStep | HierarchyStep, led: Led, at: Measuring): Spending {
  const { maxRounds, maxAssignments, concurrency } = step;
  const workers = led.workers.map((worker) => spendingOf(worker.step, at));
  const assignments = byLife(at, 0, Math.min(workers.length, maxAssignments), maxAssignments);
  // In every round but the last one each open assignment may be tried again.
  const work = times(assignments * byLife(at, 1, 1, maxRounds), oneOf(at, workers));
  const decision = callOf(led.lead, at, {
    role: 'supervisor',
    written: [step.prompt, ...led.workers.map(({ description }) => description)],
    shownTokens: work.outputTokens,
  });
  const decisions = times(byLife(at, 1, Math.min(2, maxRounds + 1), maxRounds + 1), decision);
  const final =
    step.final === undefined
      ? nothingSpent
      : spendingOf(step.final, { ...at, seenTokens: at.seenTokens + work.outputTokens });
  return sum([
    decisions,
    { ...work, seconds: work.seconds / Math.min(concurrency, assignments || 1) },
    final,
  ]);
}
