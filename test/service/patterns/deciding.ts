export interface Verdict {
  assignment: string;
  verdict: string;
  worker?: string;
  feedback?: string;
}

/** A supervisor's or manager's decision as a vendor answers it; what is left out is empty. */
export function decisionOf(rest: {
  verdicts?: Verdict[];
  assignments?: { worker: string; task: string }[];
  finished?: boolean;
  answer?: string;
}) {
  return {
    type: 'answer' as const,
    json: {
      ...{ assignments: [], finished: false, answer: null, reason: 'so it is', ...rest },
      verdicts: (rest.verdicts ?? []).map((verdict) => ({ worker: null, feedback: '', ...verdict })),
    },
  };
}
