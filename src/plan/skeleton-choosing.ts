import type { ChoiceStep, HierarchyStep, RouterStep, SupervisorStep } from '../contract/plan';
import type { ChoiceNode, LeadNode, RouterNode } from '../contract/skeleton';
import { pointerTo } from './json';
import { namesUsedByCondition } from './names';
import { teamStep } from './teams';
import { checksNode, child, context, expression, type At, type StepFrame } from './skeleton-place';

export function choiceNode(step: ChoiceStep, at: At, frame: StepFrame): ChoiceNode {
  return {
    ...{ type: step.type, ...frame },
    cases: step.cases.map((each, index) => ({
      when: { at: pointerTo(at.pointer, 'cases', index, 'when'), uses: namesUsedByCondition(each.when) },
      step: child(each.step, at, 'cases', String(index), 'step'),
    })),
    ...(step.otherwise === undefined ? {} : { otherwise: child(step.otherwise, at, 'otherwise') }),
  };
}

export function routerNode(step: RouterStep, at: At, frame: StepFrame): RouterNode {
  const { type, classifier, minConfidence, routes, otherwise } = step;
  return {
    ...{ type, ...frame, classifier, minConfidence },
    context: context(step.context, { ...at, usualContext: 'none' }),
    ...(step.prompt === undefined ? {} : { prompt: expression(at, 'prompt', step.prompt) }),
    routesAt: pointerTo(at.pointer, 'routes'),
    routes: Object.entries(routes).map(([name, route]) => ({
      name,
      step: child(route.step, at, 'routes', name, 'step'),
    })),
    ...(otherwise === undefined
      ? {}
      : { otherwise: otherwise === 'escalate' ? otherwise : child(otherwise, at, 'otherwise') }),
  };
}

export function supervisorNode(step: SupervisorStep, at: At, frame: StepFrame): LeadNode {
  return {
    ...leadNode(step, at, frame),
    ...{ type: step.type, supervisor: step.supervisor, workersAt: pointerTo(at.pointer, 'workers') },
    workers: Object.entries(step.workers).map(([name, worker]) => ({
      name,
      step: child(worker.step, { ...at, usualContext: 'none' }, 'workers', name, 'step'),
    })),
  };
}

export function hierarchyNode(step: HierarchyStep, at: At, frame: StepFrame): LeadNode {
  return {
    ...leadNode(step, at, frame),
    ...{ type: step.type, supervisor: step.manager, workersAt: pointerTo(at.pointer, 'teams') },
    workers: Object.entries(step.teams).map(([name, team]) => ({
      name,
      step: child(teamStep(team), { ...at, usualContext: 'none' }, 'teams', name),
    })),
  };
}

type Lead = Omit<LeadNode, 'type' | 'supervisor' | 'workers' | 'workersAt'>;

function leadNode(step: SupervisorStep | HierarchyStep, at: At, frame: StepFrame): Lead {
  const { maxRounds, maxAssignments, concurrency, reassignAfter, final } = step;
  return {
    ...{ ...frame, context: context(step.context, at) },
    ...{ maxRounds, maxAssignments, concurrency },
    ...(step.prompt === undefined ? {} : { prompt: expression(at, 'prompt', step.prompt) }),
    ...(reassignAfter === undefined ? {} : { reassignAfter }),
    ...checksNode(step.checks, at),
    ...(final === undefined ? {} : { final: child(final, { ...at, before: [] }, 'final') }),
  };
}
