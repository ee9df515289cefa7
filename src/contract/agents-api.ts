import { z } from 'zod';
import { AnyJson } from './any-json';

/** What the API says of the agents that stored plans have. */

export const RegisteredAgent = z
  .strictObject({
    name: z.string(),
    plan: z.strictObject({ name: z.string(), version: z.string() }).meta({
      description: 'The plan that has it, in its live version.',
    }),
    description: z.string().nullable(),
    skills: z.array(z.string()),
    models: z.array(z.string()).meta({ description: 'As the plan writes them, the first choice first.' }),
    select: z.array(z.strictObject({ when: AnyJson, models: z.array(z.string()) })).meta({
      description: 'The models that are asked instead, by the first condition that holds.',
    }),
    figures: z
      .strictObject({
        runs: z.int().meta({ description: 'Runs that have asked it.' }),
        calls: z.int().meta({ description: 'Requests to vendors.' }),
        successRate: z.number().nullable().meta({
          description: 'Of its calls that have come to an end; null before the first.',
        }),
        inputTokens: z.int(),
        outputTokens: z.int(),
        costUsd: z.number(),
        lastUsedAt: z.iso.datetime().nullable(),
        models: z
          .array(z.strictObject({ model: z.string(), calls: z.int(), costUsd: z.number() }))
          .meta({ description: 'By the model that was asked, the most calls first.' }),
      })
      .meta({ description: 'Of all runs of plans of this name.' }),
  })
  .meta({ id: 'RegisteredAgent' });
export type RegisteredAgent = z.infer<typeof RegisteredAgent>;
export const AgentList = z.strictObject({
  items: z.array(RegisteredAgent),
  nextCursor: z.string().nullable(),
});
