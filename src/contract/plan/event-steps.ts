import { z } from 'zod';
import { limits } from '../limits';
import { Duration, object, Template } from './basics';
import { planDescriptions } from './descriptions';
import { frame } from './step-fields';

/** Steps that live by events and by time. */

const { step } = planDescriptions;

/** The `type` of a CloudEvent. */
export const EventType = z
  .string()
  .min(1)
  .max(limits.eventNameCharactersMax)
  .regex(/^[^\s\p{Cc}]+$/u, 'is not a type of events: it has no spaces');

export const waitFields = object(
  {
    ...step,
    type: 'Waits for an event, for a while or until a time; no clock of the plan runs meanwhile. The output is the event, or `null`.',
    when: 'With `event`: which events are taken, by a condition that knows `event`. Else as in any step.',
    event:
      'The type of the event that is waited for. `when` says which of them, and knows `event`; `timeout` says for how long, `7d` without it.',
    timeout: 'How long the event is waited for; then the step fails as `step_timeout`. `7d` without it.',
    for: 'How long to wait.',
    until:
      'When to go on: a template of a time such as `2027-01-31T08:00:00Z`; one that has passed waits for nothing.',
  },
  {
    type: z.literal('wait'),
    ...frame,
    event: EventType.optional(),
    for: Duration.optional(),
    until: Template.optional(),
  },
);

export const emitFields = object(
  {
    ...step,
    type: 'Publishes an event to triggers and to steps that wait for it, in this run and in others; the output is `{ id }`, its id.',
    event: 'The type of the event.',
    data: 'Its data: any JSON; the strings in it are templates.',
  },
  {
    type: z.literal('emit'),
    ...frame,
    event: EventType,
    data: z.json().optional(),
  },
);
