import { z } from 'zod';
import { Duration, JsonSchema, object, Template } from './basics';
import { planDescriptions } from './descriptions';
import { frame } from './step-fields';

/** Steps that wait for people's own words. */

const { step } = planDescriptions;

export const questionFields = object(
  {
    ...step,
    type: 'The run asks a person and waits; the output is the answer.',
    title: 'What is asked: a template.',
    content: 'What is shown with it: a template; without it nothing.',
    answer: 'What the answer must fit; without it a text.',
    timeout: 'How long an answer is waited for, at most `730d`.',
    onTimeout: 'What follows when nobody answers in time; `approve` counts as `fail`.',
  },
  {
    type: z.literal('question'),
    ...frame,
    title: Template,
    content: Template.optional(),
    answer: JsonSchema.default({ type: 'string' }),
    timeout: Duration.default('72h'),
    onTimeout: z.enum(['fail', 'reject', 'approve', 'skip']).default('fail'),
  },
);
