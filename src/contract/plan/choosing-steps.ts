import { z } from 'zod';
import { Condition, Name, object, Template } from './basics';
import { planDescriptions } from './descriptions';
import { Context, frame } from './step-fields';

/** Steps that take one of several ways: by a model's choice, or by conditions alone. */

const { step } = planDescriptions;

export const routerFields = object(
  {
    ...step,
    type: 'An agent chooses one of the routes; the output is that of its step, or `null` where none is taken.',
    classifier: 'The agent that chooses.',
    prompt: 'What it is asked: a template; without it the task, or the previous output, is shown.',
    context: 'What it sees beside that; without it nothing.',
    minConfidence: 'A choice that is less sure than this goes to `otherwise`.',
  },
  {
    type: z.literal('router'),
    ...frame,
    classifier: Name,
    prompt: Template.optional(),
    context: Context.optional(),
    minConfidence: z.number().min(0).max(1).default(0),
  },
);

export const routerSentences = {
  routes: 'The ways by name, each with what it is for and its step.',
  otherwise: 'The step for a choice that is not sure enough; `escalate`: a person picks (for 72 hours).',
};

export const routeSentences = {
  description: 'What the route is for, as the classifier is told.',
  step: 'What is done where it is chosen.',
};

export const choiceFields = object(
  {
    ...step,
    type: 'No model: the first case whose condition holds; the output is that of its step, or `null`.',
  },
  { type: z.literal('choice'), ...frame },
);

export const choiceSentences = {
  cases: 'Conditions with their steps, tried in order.',
  otherwise: 'The step where no condition holds.',
};

export const caseSentences = {
  when: 'The condition.',
  step: 'What is done where it holds.',
};

export const caseFields = { when: Condition };
