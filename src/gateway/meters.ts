import { metrics } from '@opentelemetry/api';
import type { CallRow } from '../ledger/calls';
import type { Settlement } from '../ledger/settlements';

/** What the gateway measures of its calls. */
export interface Meters {
  settled(row: CallRow, settlement: Settlement): void;
  refused(row: CallRow): void;
}

/** Counters on the meter that is registered, if one is. */
export function createMeters(): Meters {
  const meter = metrics.getMeter('fermata.gateway');
  const attempts = meter.createCounter('fermata_call_attempts', {
    description: 'Requests to model vendors that ended, by how.',
  });
  const refusals = meter.createCounter('fermata_calls_refused', {
    description: 'Model calls that were not made, by why.',
  });
  const tokens = meter.createCounter('fermata_call_tokens', { description: 'Tokens used, by direction.' });
  const cost = meter.createCounter('fermata_call_cost_usd', { description: 'Cost of model calls in USD.' });
  return {
    settled(row, settlement) {
      const of = { model: row.model, simulated: row.simulated };
      attempts.add(1, { ...of, state: settlement.state, fault: settlement.fault ?? 'none' });
      tokens.add(settlement.inputTokens, { ...of, direction: 'input' });
      tokens.add(settlement.outputTokens, { ...of, direction: 'output' });
      tokens.add(settlement.cachedTokens, { ...of, direction: 'cached' });
      cost.add(settlement.costNano / 1e9, of);
    },
    refused: (row) => {
      refusals.add(1, { model: row.model, state: row.state });
    },
  };
}
