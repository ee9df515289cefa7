import { z } from 'zod';
import { vendorFaults } from '../failures';
import { limits } from '../limits';
import { Condition, Duration, JsonSchema, object } from './basics';
import { planDescriptions as says } from './descriptions';

const Retry = object(says.retry, {
  maxRetries: z.int().min(0).max(20).default(3),
  initialDelay: Duration.default('2s'),
  multiplier: z.number().min(1).max(10).default(2),
  maxDelay: Duration.default('30s'),
  retryOn: z.array(z.enum(vendorFaults)).default([...vendorFaults]),
});

const CircuitBreaker = object(says.circuitBreaker, {
  failures: z.int().min(1).max(100).optional(),
  cooldown: Duration.optional(),
});

const Cache = object(says.cache, { ttl: Duration });

const ModelNames = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(10)]);
const Select = z.array(object(says.select, { when: Condition, model: ModelNames }));

export const Agent = object(says.agent, {
  model: ModelNames,
  select: Select.min(1).max(20).optional(),
  instructions: z.string().min(1).max(limits.templateBytesMax),
  description: z.string().max(2000).optional(),
  skills: z.array(z.string().min(1).max(100)).max(50).optional(),
  maxOutputTokens: z.int().min(1).max(1_000_000).default(4096),
  minOutputTokens: z.int().min(1).max(1_000_000).optional(),
  temperature: z.number().min(0).max(2).optional(),
  output: JsonSchema.optional(),
  maxContinuations: z.int().min(0).max(20).default(2),
  timeout: Duration.default('120s'),
  retry: Retry.prefault({}),
  // Without defaults here, which would change the digests of plans that are stored already.
  rateLimit: z.int().min(1).max(1_000_000).optional(),
  circuitBreaker: CircuitBreaker.optional(),
  cache: Cache.optional(),
}).meta({ id: 'Agent', description: says.schemas.Agent });
export type Agent = z.infer<typeof Agent>;
