import type { Budget, Measure, Run, RunDecision, RunListItem } from '../../contract/api';
import type { DecisionMade } from '../../contract/journal';
import { runEnds } from '../../contract/workflow';
import { readDecisions, readRun, type RunRow } from '../../ledger/run-reading';
import { fromValue } from '../../ledger/values';
import type { Service } from '../service';
import { usageView, usd } from '../usage-view';

/** One run as clients see it, whole. Null where the tenant has none by this id. */
export async function viewRun(service: Service, tenant: string, id: string): Promise<Run | null> {
  const row = await readRun(service.database, tenant, id);
  if (row === null) return null;
  const input = await fromValue(service.database, tenant, row.input);
  return { ...runListItem(service, row), input, result: await resultOf(service, tenant, row) };
}

/** A run without its input and result, as in lists. */
export function runListItem(service: Service, row: RunRow): RunListItem {
  return {
    id: row.id,
    plan: { name: row.planName, version: row.planVersion, digest: row.planDigest },
    status: row.status,
    statusReason: row.statusReason,
    labels: row.labels,
    priority: row.priority,
    simulated: row.simulated,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    usage: usageView(row),
    budget: budgetOf(row),
    current: row.current,
    approvals: row.approvals,
    stateVersion: row.stateVersion,
    links: linksOf(service, row),
  };
}

async function resultOf({ database }: Service, tenant: string, row: RunRow): Promise<Run['result']> {
  if (!(runEnds as readonly string[]).includes(row.status)) return null;
  const made = await readDecisions(database, tenant, row.id);
  const decisions = made.map(async ({ step, at, data }): Promise<RunDecision> => {
    const { kind, agent, by, stateVersion, decision } = JSON.parse(data.toString('utf8')) as DecisionMade;
    const resolved = await fromValue(database, tenant, decision);
    return { step, kind, agent, by, at: at.toISOString(), stateVersion, decision: resolved };
  });
  return {
    output: row.output === null ? null : await fromValue(database, tenant, row.output),
    incomplete: row.incomplete,
    decisions: await Promise.all(decisions),
    error: row.error,
  };
}

function budgetOf(row: RunRow): Budget {
  const used = row.activeMs / 1000;
  return {
    costUsd: {
      limit: usd(row.limitNano),
      used: usd(row.usedNano),
      reserved: usd(row.reservedNano),
      left: usd(Math.max(0, row.limitNano - row.usedNano - row.reservedNano)),
    },
    tokens: measure(row.limitTokens, row.usedTokens, row.reservedTokens),
    modelCalls: measure(row.limitCalls, row.usedCalls, row.reservedCalls),
    seconds: measure(row.timeoutMs === null ? null : row.timeoutMs / 1000, used, 0),
  };
}

function measure(limit: number | null, used: number, reserved: number): Measure {
  return { limit, used, reserved, left: limit === null ? null : Math.max(0, limit - used - reserved) };
}

function linksOf({ temporal, temporalUiUrl }: Service, { id, temporalRun }: RunRow): RunListItem['links'] {
  const self = `/v1/runs/${id}`;
  const place = `/namespaces/${encodeURIComponent(temporal.namespace)}/workflows/${id}`;
  const page = temporalRun === null ? place : `${place}/${temporalRun}/history`;
  return { self, events: `${self}/events`, temporal: temporalUiUrl === null ? null : temporalUiUrl + page };
}
