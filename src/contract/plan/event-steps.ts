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

const untilSentences = {
  event: 'The type of the event that ends it; one that has a handler, too, is handled first.',
  maxEvents: 'After how many events it ends, whatever became of them.',
  idle: 'It ends when for so long no event has come and none is being handled.',
} as const;

export const eventsSentences = {
  handlers:
    'The steps by the type of the events that they handle; each knows `event`. The paths inside are those of the number of the event: `react.1`, `react.2`, …',
} as const;

export const eventsFields = object(
  {
    ...step,
    type: 'Handles events as they come, for as long as it is open; an event whose handler fails is a dead letter, and it goes on. The output is `{ handled, failed, lastEvent }`.',
    until: 'What ends it: whatever of these comes first.',
    concurrency:
      'How many events are handled at a time; with one they are handled in the order in which they came.',
  },
  {
    type: z.literal('events'),
    ...frame,
    until: object(untilSentences, {
      event: EventType.optional(),
      maxEvents: z.int().min(1).max(limits.eventsHandledMax).optional(),
      idle: Duration.default('30d'),
    }).prefault({}),
    concurrency: z.int().min(1).max(50).default(1),
  },
);
