import type { Figures } from '../ledger/figures';
import { usd } from './usage-view';

interface Sample {
  labels: { [name: string]: string };
  value: number;
}

/** The ledger's figures in Prometheus' text format. */
export function prometheusText({ runs, approvalsPending, calls }: Figures): string {
  const perCall = (pick: (call: Figures['calls'][number]) => number): Sample[] =>
    calls.map((call) => {
      const { vendor, model, state, simulated } = call;
      return { labels: { vendor, model, state, simulated }, value: pick(call) };
    });
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
      'fermata_model_calls_total',
      'counter',
      'Logical model calls.',
      perCall((call) => call.count),
    ),
    family(
      'fermata_model_requests_total',
      'counter',
      'Requests sent to vendors.',
      perCall((call) => call.attempts),
    ),
    family(
      'fermata_input_tokens_total',
      'counter',
      'Tokens sent.',
      perCall((call) => call.inputTokens),
    ),
    family(
      'fermata_output_tokens_total',
      'counter',
      'Tokens received.',
      perCall((call) => call.outputTokens),
    ),
    family(
      'fermata_cached_tokens_total',
      'counter',
      'Tokens read from a cache.',
      perCall((call) => call.cachedTokens),
    ),
    family(
      'fermata_cost_usd_total',
      'counter',
      'Money spent, in USD.',
      perCall((call) => usd(call.costNano)),
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
