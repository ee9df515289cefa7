import { ApplicationFailure, condition, currentUpdateInfo, setHandler } from '@temporalio/workflow';
import type { EvaluateResult, RawDecision } from '../contract/activities';
import {
  approvalsQuery,
  budgetQuery,
  decideSignal,
  decideUpdate,
  childSignal,
  endSignal,
  eventSignal,
  stateQuery,
  stepsQuery,
} from '../contract/messages';
import { evaluate, writeJournal } from './activities';
import type { OpenMatter } from './approvals';
import type { Stopped } from './outcome';
import { receive } from './receive';
import type { RunState } from './run-state';
import type { Settled } from './scope';
import type { Status } from './status';

/** Binds the run's messages. Called before the first await, so that no early message is lost. */
export function handleMessages(state: RunState, status: Status): void {
  setHandler(
    decideUpdate,
    async (raw) => {
      const update = currentUpdateInfo()?.id ?? null;
      if (!state.ready) await condition(() => state.ready);
      return state.approvals.decide(raw, update);
    },
    {
      validator(raw: RawDecision) {
        if (!state.ready) return;
        state.approvals.validate(raw, currentUpdateInfo()?.id ?? null);
        state.approvals.demandInTime(raw);
      },
    },
  );
  setHandler(decideSignal, async (raw) => {
    try {
      if (!state.ready) await condition(() => state.ready);
      await state.approvals.decide(raw, null);
    } catch (error) {
      // A signal has nobody to tell: a decision that can't count is passed over.
      if (!(error instanceof ApplicationFailure)) throw error;
    }
  });
  setHandler(eventSignal, (message) => receive(state, message));
  setHandler(childSignal, (message) => {
    state.children.receive(message);
  });
  setHandler(endSignal, (stopped) => {
    // Sent by the workflow that waits for this one.
    state.ending ??= stopped as Stopped;
  });
  setHandler(stateQuery, () => status.view());
  setHandler(stepsQuery, () => [...state.steps.values()]);
  setHandler(approvalsQuery, () => state.approvals.pending().map((matter) => matter.id));
  setHandler(budgetQuery, () => {
    const { modelCalls, inputTokens, outputTokens, costNano } = state.usage;
    return { modelCalls, inputTokens, outputTokens, costNano };
  });
}

/** Learns from an activity whose decision it is and whether its content fits. */
export async function checkDecision(state: RunState, matter: OpenMatter, raw: RawDecision) {
  const asked = {
    type: 'decision',
    approval: matter.id,
    digest: matter.digest ?? '',
    decision: raw,
  } as const;
  const checked = await evaluate(
    { run: state.reference, path: matter.path, ...asked },
    `${matter.path} · decision`,
  );
  if (checked.type !== 'decision') throw new Error(`Asked for a decision, got a ${checked.type}.`);
  return checked satisfies Extract<EvaluateResult, { type: 'decision' }>;
}

/** Journals a decision and sees it written before the decider is told. */
export async function recordDecision(
  state: RunState,
  matter: OpenMatter,
  settled: Settled,
  via: 'api' | 'temporal',
) {
  const { status, decision, by, comment, content } = settled;
  const brought = decision === 'edit' || decision === 'answer' ? content : null;
  state.journal.add(matter.path, {
    type: 'approval.decided',
    data: { approval: matter.id, status, decision, by, comment, via, content: brought },
  });
  state.journal.add(matter.path, {
    type: 'decision.made',
    data: {
      kind: matter.kind,
      agent: null,
      by,
      stateVersion: state.stateVersion,
      decision: { parts: { decision: { inline: decision }, comment: { inline: comment }, content } },
    },
  });
  await state.journal.carry((journal) =>
    writeJournal({ run: state.reference, journal }, `${matter.path} · decided`),
  );
}
