import { z } from 'zod';
import { AnyJson } from './any-json';
import { limits } from './limits';

/** What the API takes and gives of events. */

export const SendSignal = z
  .strictObject({
    type: z.string().min(1).max(limits.eventNameCharactersMax),
    data: AnyJson.default(null),
  })
  .meta({ id: 'SendSignal' });
export type SendSignal = z.infer<typeof SendSignal>;

const WokenStep = z.strictObject({ run: z.string(), step: z.string() }).meta({ id: 'WokenStep' });

export const EventAnswer = z
  .strictObject({
    id: z.string().meta({ description: 'Of the service: the same for the same source and id.' }),
    duplicate: z.boolean().meta({ description: 'It has come before; nothing follows again.' }),
    started: z.array(z.string()).meta({ description: 'Ids of the runs that it has started.' }),
    woken: z.array(WokenStep),
    deadLetter: z.boolean(),
  })
  .meta({ id: 'EventAnswer' });
export type EventAnswer = z.infer<typeof EventAnswer>;

export const EventList = z.strictObject({
  items: z.array(
    z
      .strictObject({
        id: z.string(),
        status: z.enum(['pending', 'delivered', 'kept', 'dead']),
        reason: z.string().nullable().meta({ description: 'Why it is dead.' }),
        receivedAt: z.iso.datetime(),
        started: z.array(z.string()),
        woken: z.array(WokenStep),
        event: AnyJson,
      })
      .meta({ id: 'Event' }),
  ),
  nextCursor: z.string().nullable(),
});
export type ListedEvents = z.infer<typeof EventList>;

export const SignalSent = z
  .strictObject({
    id: z.string(),
    woken: z
      .array(WokenStep)
      .meta({ description: 'Empty where it is kept for a step that may wait for it.' }),
  })
  .meta({ id: 'SignalSent' });
