import { z } from 'zod';

/** A length of time as plans and requests write it. */
export const DurationText = z
  .string({
    error: ({ input }) =>
      typeof input === 'number' ? 'is a number without a unit; write a text, such as "30s"' : undefined,
  })
  .regex(/^[1-9][0-9]{0,5}(ms|s|m|h|d)$/, 'is not a duration, such as 30s, 5m or 72h (at most 365d)');
