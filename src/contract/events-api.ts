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

export const SignalSent = z
  .strictObject({
    id: z.string(),
    woken: z
      .array(WokenStep)
      .meta({ description: 'Empty where it is kept for a step that may wait for it.' }),
  })
  .meta({ id: 'SignalSent' });
