import type { Figures } from '../ledger/figures';
import { usd } from './usage-view';

interface Sample {
  labels: { [name: string]: string };
  value: number;
}

/** The ledger's figures in Prometheus' text format. */
export function prometheusText({ runs, approvalsPending, callsOpen, models }: Figures): string {
  const perModel = (pick: (figures: Figures['models'][number]) => number): Sample[] =>
    models.map((figures) => {
      const { vendor, model, simulated } = figures;
      return { labels: { vendor, model, simulated }, value: pick(figures) };
    });
  const counter = (
    name: string,
    help: string,
    pick: (figures: Figures['models'][number]) => number,
  ): string => family(name, 'counter', help, perModel(pick));
  return [
    family(
      'fermata_runs',
      'gauge',
      'Runs by status.',
      runs.map(({ status, count }) => ({ labels: { status }, value: count })),
    ),
    family('fermata_approvals_pending', 'gauge', 'Approvals that wait for a person.', [
      { labels: {}, value: approvalsPending },
    ]),
    family(
      'fermata_model_calls_open',
      'gauge',
      'Model calls under way.',
      callsOpen.map(({ state, count }) => ({ labels: { state }, value: count })),
    ),
    counter('fermata_model_calls_total', 'Logical model calls.', ({ calls }) => calls),
    counter('fermata_model_requests_total', 'Requests sent to vendors.', ({ attempts }) => attempts),
    counter('fermata_input_tokens_total', 'Tokens sent.', ({ inputTokens }) => inputTokens),
    counter('fermata_output_tokens_total', 'Tokens received.', ({ outputTokens }) => outputTokens),
    counter('fermata_cached_tokens_total', 'Tokens read from a cache.', ({ cachedTokens }) => cachedTokens),
    counter('fermata_cost_usd_total', 'Money spent, in USD.', ({ costNano }) => usd(costNano)),
    counter(
      'fermata_ambiguous_requests_total',
      'Requests whose answers were lost with a gateway and may have been paid for.',
      ({ ambiguous }) => ambiguous,
    ),
    counter(
      'fermata_ambiguous_cost_usd_total',
      'The most that requests with lost answers may have cost, in USD.',
      ({ ambiguousNano }) => usd(ambiguousNano),
    ),
  ].join('');
}

function family(name: string, type: 'gauge' | 'counter', help: string, samples: Sample[]): string {
  const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${String(value)}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelText(labels: { [name: string]: string }): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
