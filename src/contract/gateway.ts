import { z } from 'zod';
import { vendorFaults } from './failures';
import type { Usage } from './usage';

/**
 * What an activity says to the gateway. `PUT /calls/{key}` registers a call or joins it and returns
 * at once, or with `?wait=1s` when it is done and by then at the latest;
 * `GET /calls/{key}?tenant=…&run=…&hash=…&wait=20s` is repeated until the state is not `pending`.
 * `DELETE /calls/{key}` with `{ tenant, run }` says that nobody waits for it any more, and
 * `POST /cancel` with the same says so of all calls of the run. Every request bears the internal token.
 */
export const CallRequest = z.strictObject({
  tenant: z.string(),
  run: z.string(),
  /** The workflow's own run id: another hash under one key within it is a bug. */
  temporalRun: z.string(),
  path: z.string(),
  agent: z.string(),
  /** Which entry of the agent's `select` chose the model, from 1. */
  selected: z.int().positive().optional(),
  /** Id in the catalog. */
  model: z.string(),
  request: z.strictObject({
    system: z.string(),
    messages: z.array(z.strictObject({ role: z.enum(['user', 'assistant']), text: z.string() })).min(1),
    /** JSON Schema of the answer where it is to be structured. */
    schema: z.json().optional(),
    maxOutputTokens: z.int().positive(),
    minOutputTokens: z.int().positive(),
    temperature: z.number().optional(),
  }),
  /** The tenant's stored answer under this key will do, where it is no older: then no call is made. */
  cache: z.strictObject({ key: z.string(), ttlMs: z.int().positive() }).optional(),
  /** All of them must hold the call's worst case. The first is the run's. */
  budgets: z.array(z.string()).min(1),
  allowUnpriced: z.boolean(),
  policy: z.strictObject({
    timeoutMs: z.int().positive(),
    maxRetries: z.int().min(0),
    initialDelayMs: z.int().positive(),
    multiplier: z.number().min(1),
    maxDelayMs: z.int().positive(),
    retryOn: z.array(z.enum(vendorFaults)),
    /** Requests a minute of all calls with this key and tenant, at all gateways together. */
    rate: z.strictObject({ key: z.string().min(1), perMinute: z.int().positive() }),
    /** Of the vendor, model and credential that the call goes to. */
    breaker: z.strictObject({ failures: z.int().positive(), cooldownMs: z.int().positive() }),
  }),
});
export type CallRequest = z.infer<typeof CallRequest>;

/** Why an answer ended, in one vocabulary for all vendors; the vendor's own word is kept beside it. */
export const stops = ['end', 'length', 'refusal'] as const;
export type Stop = (typeof stops)[number];

/**
 * Why a call can't be sent yet: its agent's calls a minute are spent, the breaker of its vendor, model
 * and credential is open, or the vendor itself named a time.
 */
export type WaitCause = 'rate' | 'breaker' | 'vendor';

export type CallState =
  /** Being counted, in line for its budget or its turn, or at the vendor. */
  | { state: 'pending'; phase: 'registered' | 'in_line' | 'sent' }
  | CallDone
  /** `retryInMs` null: spent, or of a kind that no retry mends. */
  | { state: 'failed'; fault: string; message: string; attempts: number; retryInMs: number | null }
  | { state: 'over_budget'; budget: string; reason: string }
  /** Not sent, nothing held and no retry spent: come back after `ms`. */
  | { state: 'wait'; reason: string; ms: number; cause: WaitCause }
  /** No price is known and the plan doesn't allow that. */
  | { state: 'unpriced'; message: string }
  | { state: 'cancelled' };

/** The body of every 200 of `PUT` and `GET /calls/{key}`. With the hash the caller asks on. */
export interface CallReply {
  /** SHA-256 of model and request as they were put, before any cap was lowered. */
  hash: string;
  call: CallState;
}

export interface CallDone {
  state: 'done';
  /** Hash in the ledger's contents of the answer's text as a JSON string, as `toValue` would store it. */
  ref: string;
  text: string;
  stop: Stop;
  vendorStop: string;
  usage: Usage;
  /** As the vendor names it in its answer. */
  model: string;
  simulated: boolean;
  /** The output cap it was lowered to so that it fitted a budget, else null. */
  capLowered: number | null;
  attempts: number;
  /** How often a gateway died with this call at the vendor, so that it may have been paid again. */
  ambiguous: number;
}

/** One live piece of an answer, as `GET /streams?tenant=…&run=…` of a gateway sends it (event `call.delta`). */
export interface CallDelta {
  runId: string;
  step: string;
  call: string;
  text: string;
}
