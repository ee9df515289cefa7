import type { Context, Limits, Plan } from '../contract/plan';
import type { ContextNode, LimitsNode } from '../contract/node-parts';
import { defaultModelCalls, durationMs, planDefaults, unboundedContextTokens, usdToNano } from './defaults';

/** The plan's limits with every default filled in. `agents` is how many it has, those of the plans that it runs included. */
export function planLimits(plan: Plan, agents = Object.keys(plan.agents).length): LimitsNode {
  const { costUsd, tokens, timeout, vendorWait, onExceeded } = planDefaults;
  const modelCalls = defaultModelCalls(agents);
  return stepLimits({ costUsd, tokens, modelCalls, timeout, vendorWait, onExceeded, ...plan.limits });
}

/** A step's limits: what is written, and no more. */
export function stepLimits(limits: Limits): LimitsNode {
  const { costUsd, tokens, modelCalls, timeout, vendorWait, onExceeded = planDefaults.onExceeded } = limits;
  return {
    ...(costUsd === undefined ? {} : { costNano: usdToNano(costUsd) }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(modelCalls === undefined ? {} : { modelCalls }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout === null ? null : durationMs(timeout) }),
    ...(vendorWait === undefined ? {} : { vendorWaitMs: durationMs(vendorWait) }),
    onExceeded,
  };
}

/** What holds of the context at a place whose default is `auto`, or `none` as in `reduce`. */
export function contextOf(
  written: Context | undefined,
  plan: Context | undefined,
  usual: 'auto' | 'none',
): ContextNode {
  // The plan's word replaces `auto` only.
  const inherited = usual === 'none' ? usual : (plan ?? usual);
  const { mode: inheritedMode = usual, ...rest } =
    typeof inherited === 'string' ? { mode: inherited } : inherited;
  if (written === undefined) return withBound({ mode: inheritedMode, ...rest });
  if (typeof written === 'string') return withBound({ mode: written });
  // Who names steps or a bound wants to see something.
  const mode = written.mode ?? (inheritedMode === 'none' ? 'auto' : inheritedMode);
  return withBound({ ...written, mode });
}

function withBound(context: Exclude<Context, string> & { mode: ContextNode['mode'] }): ContextNode {
  const isBound = context.mode !== 'full' && context.mode !== 'workspace';
  const usual = !isBound ? unboundedContextTokens : planDefaults.contextTokens;
  return {
    mode: context.mode,
    ...(context.from === undefined ? {} : { from: context.from }),
    maxTokens: context.maxTokens ?? usual,
  };
}
