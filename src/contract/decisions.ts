import { z } from 'zod';

/**
 * What a controlling agent must answer, by its role. All fields are required. What it may name, such
 * as routes and workers, is known at the call; see `decisionShape` in `src/activities/`.
 */
export const decisionShapes = {
  classifier: z.strictObject({
    route: z.string(),
    confidence: z.number().min(0).max(1),
    reason: z.string(),
  }),
  supervisor: supervising(),
  manager: supervising(),
  evaluator: z.strictObject({ score: z.number().min(1).max(10), feedback: z.string() }),
  reviewer: z.strictObject({ approved: z.boolean(), issues: z.array(z.string()) }),
  judge: z.strictObject({
    answer: z.unknown(),
    confidence: z.number().min(0).max(1),
    agreements: z.array(z.string()),
    disagreements: z.array(z.strictObject({ point: z.string(), positions: z.array(z.string()) })),
  }),
} as const;

/** A supervisor's decision; a manager's is the same, with teams for workers. */
function supervising() {
  return z.strictObject({
    verdicts: z.array(
      z.strictObject({
        assignment: z.string(),
        verdict: z.enum(['accept', 'retry', 'reassign', 'escalate']),
        worker: z.string().nullable(),
        feedback: z.string(),
      }),
    ),
    assignments: z.array(z.strictObject({ worker: z.string(), task: z.string().min(1) })),
    finished: z.boolean(),
    answer: z.unknown(),
    reason: z.string(),
  });
}

export type Role = keyof typeof decisionShapes;
export type DecisionOf<Of extends Role> = z.infer<(typeof decisionShapes)[Of]>;
