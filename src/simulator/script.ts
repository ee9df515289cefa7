import { z } from 'zod';
import type { Asked } from './wire';

const Milliseconds = z.int().min(0).max(3_600_000);

/** What happens to a call instead of the usual answer. */
const Then = z.discriminatedUnion('type', [
  /** An error of the vendor's: 429, 500, 529, or any other. `retryAfter` goes out as it is written. */
  z.strictObject({
    type: z.literal('error'),
    status: z.int().min(400).max(599),
    retryAfter: z.string().max(200).optional(),
    message: z.string().max(2000).optional(),
  }),
  /** Silence, before the headers or after the first piece, until the client hangs up. */
  z.strictObject({ type: z.literal('hang'), after: z.enum(['request', 'piece']).default('request') }),
  /** The usual answer, so much later. */
  z.strictObject({ type: z.literal('slow'), ms: Milliseconds }),
  /** The usual answer in many small pieces, so far apart. */
  z.strictObject({ type: z.literal('drip'), ms: Milliseconds }),
  /** Half the answer, then the end of the connection, a reset, or an error event. */
  z.strictObject({ type: z.literal('half'), end: z.enum(['close', 'reset', 'error']).default('close') }),
  /** An answer without content. */
  z.strictObject({ type: z.literal('empty') }),
  /** The usual answer, cut off after so many tokens; by default at its half. */
  z.strictObject({ type: z.literal('cut'), tokens: z.int().positive().optional() }),
  z.strictObject({ type: z.literal('refusal') }),
  /** A 200 that isn't the vendor's shape. */
  z.strictObject({
    type: z.literal('malformed'),
    body: z.enum(['html', 'object', 'garbage', 'no_stop_reason', 'bad_usage']),
  }),
  /** JSON that fits no schema, or prose where JSON was asked for. */
  z.strictObject({ type: z.literal('wrong_schema'), as: z.enum(['json', 'prose']).default('json') }),
  /** The connection is reset before a byte of the answer. */
  z.strictObject({ type: z.literal('reset') }),
  /** An answer of one's own, or the usual one that fills the whole output cap. */
  z.strictObject({
    type: z.literal('answer'),
    text: z.string().optional(),
    json: z.json().optional(),
    useWholeCap: z.boolean().default(false),
    stopReason: z.string().max(100).optional(),
  }),
]);
export type Then = z.infer<typeof Then>;

export const Rule = z.strictObject({
  /** Words that the system prompt or a message must contain. */
  match: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
  /** How many calls it holds for. */
  times: z.int().min(1).max(1_000_000).default(1),
  then: Then,
});
export type Rule = z.infer<typeof Rule>;
/** A rule as it is written, defaults left out. */
export type RuleInput = z.input<typeof Rule>;

const rulesMax = 1000;

export interface Script {
  /** False where there are too many. */
  add(rule: Rule): boolean;
  /** What the first rule that fits says; it counts as used once. */
  next(asked: Asked): Then | null;
  rules(): Rule[];
  clear(): void;
}

/** The rules for the calls to come, in the order they were given, each until it is used up. */
export function openScript(): Script {
  let rules: Rule[] = [];
  return {
    add(rule) {
      if (rules.length >= rulesMax) return false;
      rules.push({ ...rule });
      return true;
    },
    next(asked) {
      const rule = rules.find((each) => fits(each, asked));
      if (rule === undefined) return null;
      rule.times -= 1;
      rules = rules.filter(({ times }) => times > 0);
      return rule.then;
    },
    rules: () => rules.map((rule) => ({ ...rule })),
    clear() {
      rules = [];
    },
  };
}

function fits({ match, model }: Rule, asked: Asked): boolean {
  if (model !== undefined && model !== asked.model) return false;
  if (match === undefined) return true;
  return asked.system.includes(match) || asked.turns.some(({ text }) => text.includes(match));
}
