import { z } from 'zod';
import { AnyJson } from './any-json';
import { overlaps } from './plan/triggers';

/** What the API takes and gives of schedules. */

const Time = z.iso.datetime();
const cron = z.string().min(1).max(200).meta({ description: 'Five fields, such as `0 7 * * 1-5`.' });
const timezone = z.string().min(1).max(100).meta({ description: 'Of the IANA list; `UTC` without it.' });
const Overlap = z.enum(overlaps).meta({
  description:
    'While the run of an earlier time is still open: leave this time out, start it afterwards, or start it beside.',
});

export const Schedule = z
  .strictObject({
    id: z.string(),
    plan: z.string().meta({ description: 'As a start names it.' }),
    input: AnyJson,
    cron,
    timezone,
    overlap: Overlap,
    paused: z.boolean(),
    nextAt: Time.nullable().meta({
      description: 'Null while it is paused, and for the seconds until Temporal knows it.',
    }),
    from: z.enum(['plan', 'api']).meta({ description: '`plan`: a trigger of its live version.' }),
    last: z
      .strictObject({
        at: Time.meta({ description: 'The time that it was for.' }),
        state: z.enum(['due', 'started', 'skipped', 'refused']),
        run: z.string().nullable(),
        reason: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'What came of its newest time.' }),
  })
  .meta({ id: 'Schedule' });
export type Schedule = z.infer<typeof Schedule>;
export const ScheduleList = z.strictObject({ items: z.array(Schedule), nextCursor: z.string().nullable() });

export const NewSchedule = z
  .strictObject({
    plan: z.string().min(1).max(200),
    input: AnyJson.default(null),
    cron,
    timezone: timezone.default('UTC'),
    overlap: Overlap.default('skip'),
    paused: z.boolean().default(false),
  })
  .meta({ id: 'NewSchedule' });

export const ScheduleChange = z
  .strictObject({
    plan: z.string().min(1).max(200).optional(),
    input: AnyJson.optional(),
    cron: cron.optional(),
    timezone: timezone.optional(),
    overlap: Overlap.optional(),
    paused: z.boolean().optional(),
  })
  .meta({ id: 'ScheduleChange', description: "Of a plan's own schedule only `paused` can be changed." });
