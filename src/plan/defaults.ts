/** What holds where a plan says nothing. Said here once; the schema has those of single fields. */
export const planDefaults = {
  costUsd: 0.5,
  tokens: 100_000,
  modelCallsMin: 10,
  modelCallsPerAgent: 10,
  timeout: '24h',
  vendorWait: '24h',
  /** How long a step waits for an event. */
  eventTimeout: '7d',
  depth: 8,
  onExceeded: 'return_partial',
  approvalRevisions: 2,
  /** How long an answer is held for approval. */
  approvalTimeout: '72h',
  contextTokens: 8000,
  /** What the service's own summarizer answers at most. */
  summaryTokens: 2000,
  /** Of an agent whose output cap is not lower. */
  minOutputTokens: 1024,
  /** Requests a minute of an agent. */
  rateLimit: 100,
  breakerFailures: 3,
  breakerCooldown: '60s',
} as const;

/** `full` and `workspace` without `maxTokens` are bounded by the model's window alone. */
export const unboundedContextTokens = 10_000_000;

export function defaultModelCalls(agents: number): number {
  return Math.max(planDefaults.modelCallsMin, planDefaults.modelCallsPerAgent * agents);
}

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const duration = /^([1-9][0-9]{0,5})(ms|s|m|h|d)$/;

/** Milliseconds of a duration such as `90s`. Throws for a text that the schema would have refused. */
export function durationMs(text: string): number {
  const [, count, unit] = duration.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new Error(`${text} is not a duration.`);
  return Number(count) * unitsMs[unit as keyof typeof unitsMs];
}

/** Nano-USD (1e-9) of an amount in USD. */
export function usdToNano(usd: number): number {
  return Math.round(usd * 1e9);
}
