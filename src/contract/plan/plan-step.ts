import { z } from 'zod';
import { object } from './basics';
import { planDescriptions } from './descriptions';
import { frame } from './step-fields';

/** `name` is the version that is live when the run starts, `name@1.0.0` that one. */
const PlanReference = z
  .string()
  .max(200)
  .regex(/^[a-z][a-z0-9-]{0,62}(@[0-9A-Za-z.+-]+)?$/, 'is not a plan: write name or name@1.0.0');

/** A step that is another plan. */
export const planFields = object(
  {
    ...planDescriptions.step,
    type: 'Runs another stored plan in a child workflow; the output is that of its flow. Its limits count beside those around it, and what it costs is paid from both.',
    plan: 'Which: `name`, the version that is live when the run starts, or `name@1.0.0`.',
    input:
      "What it is given: any JSON; the strings in it are templates. It must fit the plan's `input` schema. Without it the task of a worker, else the previous output.",
  },
  {
    type: z.literal('plan'),
    ...frame,
    plan: PlanReference,
    input: z.json().optional(),
  },
);
