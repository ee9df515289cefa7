import type { CatalogModel, UsableVendors } from '../../catalog/catalog';
import type { Model } from '../../contract/plans-api';
import type { BreakerRow } from '../../ledger/breakers';
import { isUsable } from '../../plan/check-models';

/** How a model does at the moment: what its breaker knows, and that in one word. */
export function conditionOf(
  model: CatalogModel,
  { usable, breakers }: { usable: UsableVendors; breakers: readonly BreakerRow[] },
): Pick<Model, 'health' | 'breaker'> {
  const isOf = ({ vendor, model: id, credential }: BreakerRow): boolean =>
    vendor === model.vendor && id === model.id && (credential === 'simulated') === usable.simulated;
  // Where a vendor has several credentials the worst one speaks.
  const [row] = breakers.filter(isOf).sort((left, right) => weight(right) - weight(left));
  const breaker: Model['breaker'] = {
    state: row === undefined ? 'closed' : stateOf(row),
    failures: row?.failures ?? 0,
    lastFault: row?.last_fault ?? null,
    probeAt: row?.probe_at?.toISOString() ?? null,
    notBefore: row?.not_before?.toISOString() ?? null,
  };
  return { health: isUsable(model, usable) ? healthOf(breaker) : 'unusable', breaker };
}

function stateOf({ probe_at: probeAt, probing }: BreakerRow): Model['breaker']['state'] {
  if (probeAt === null) return 'closed';
  return probing ? 'probing' : 'open';
}

function healthOf({ state, notBefore, failures }: Model['breaker']): Model['health'] {
  if (state !== 'closed') return 'down';
  if (notBefore !== null) return 'limited';
  return failures > 0 ? 'failing' : 'ok';
}

function weight(row: BreakerRow): number {
  return (row.probe_at === null ? 0 : 1000) + (row.not_before === null ? 0 : 500) + row.failures;
}
