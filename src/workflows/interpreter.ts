import type { StepNode } from '../contract/skeleton';
import type { Outcome } from './outcome';
import { agent } from './patterns/agent';
import { approval } from './patterns/approval';
import { choice } from './patterns/choice';
import { debate } from './patterns/debate';
import { emit } from './patterns/emit';
import { events } from './patterns/events';
import { parallel } from './patterns/parallel';
import { plan } from './patterns/plan';
import { question } from './patterns/question';
import { refine } from './patterns/refine';
import { review } from './patterns/review';
import { router } from './patterns/router';
import { sequence } from './patterns/sequence';
import { set } from './patterns/set';
import { wait } from './patterns/wait';
import { supervisor } from './patterns/supervisor';
import type { Scope } from './scope';

/** Hands a step to its pattern. A new type doesn't compile until it is handled here. */
export function interpret(step: StepNode, scope: Scope): Promise<Outcome> {
  switch (step.type) {
    case 'agent':
      return agent(step, scope);
    case 'sequence':
      return sequence(step, scope);
    case 'parallel':
      return parallel(step, scope);
    case 'review':
      return review(step, scope);
    case 'approval':
      return approval(step, scope);
    case 'question':
      return question(step, scope);
    case 'router':
      return router(step, scope);
    case 'choice':
      return choice(step, scope);
    case 'supervisor':
    case 'hierarchy':
      return supervisor(step, scope);
    case 'refine':
      return refine(step, scope);
    case 'debate':
      return debate(step, scope);
    case 'plan':
      return plan(step, scope);
    case 'set':
      return set(step, scope);
    case 'wait':
      return wait(step, scope);
    case 'emit':
      return emit(step, scope);
    case 'events':
      return events(step, scope);
    default:
      return step satisfies never;
  }
}
