import { z } from 'zod';
import { Condition, object } from './basics';
import { planDescriptions as says } from './descriptions';
import { EventType } from './event-steps';

export const overlaps = ['skip', 'queue', 'all'] as const;

/** What starts runs of a stored plan without anybody asking: an event, or the clock. */
export const Trigger = z
  .union([
    object(says.eventTrigger, {
      event: EventType,
      when: Condition.optional(),
      input: z.json().optional(),
    }),
    object(says.scheduleTrigger, {
      schedule: z.string().min(1).max(200),
      timezone: z.string().min(1).max(100).optional(),
      input: z.json().optional(),
      overlap: z.enum(overlaps).optional(),
    }),
  ])
  .meta({ id: 'Trigger', description: says.schemas.Trigger });
export type Trigger = z.infer<typeof Trigger>;
