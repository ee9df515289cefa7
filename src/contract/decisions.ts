import { z } from 'zod';

/** What a controlling agent must answer, by its role. All fields are required. */
export const ReviewerDecision = z.strictObject({
  approved: z.boolean(),
  issues: z.array(z.string()),
});
export type ReviewerDecision = z.infer<typeof ReviewerDecision>;

export const decisionSchemas = { reviewer: ReviewerDecision } as const;
