/** What the nodes of a skeleton are made of, beside other nodes. */

/** A template, condition or literal of the manifest's plan; `at` is its JSON Pointer there. */
export interface Expression {
  at: string;
  /** Roots that it names, such as `input`, `previous`, `item`, `steps.draft`. */
  uses: string[];
}

/** Limits with their defaults filled in; `null` where lifted. Money in nano-USD. */
export interface LimitsNode {
  costNano?: number;
  tokens?: number | null;
  modelCalls?: number | null;
  timeoutMs?: number | null;
  vendorWaitMs?: number;
  onExceeded: 'return_partial' | 'fail';
}

export interface ContextNode {
  mode: 'full' | 'summary' | 'workspace' | 'none' | 'auto';
  /** Ids of the only steps whose outputs are shown. */
  from?: string[];
  maxTokens: number;
}

/** An answer that people may have to approve. */
export interface HeldNode {
  risk: 'low' | 'medium' | 'high' | Expression;
  timeoutMs: number;
  /** JSON Pointer of the schema that an edit must fit, if any. */
  schemaAt: string | null;
}
