import { z } from 'zod';
import { Condition, object } from './basics';
import { planDescriptions as says } from './descriptions';
import { EventType } from './event-steps';

/** What starts runs of a stored plan without anybody asking. */
export const Trigger = object(says.trigger, {
  event: EventType,
  when: Condition.optional(),
  input: z.json().optional(),
}).meta({ id: 'Trigger', description: says.schemas.Trigger });
export type Trigger = z.infer<typeof Trigger>;
