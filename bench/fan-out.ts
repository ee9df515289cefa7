import { openStage } from './stage';
import { printTable } from './table';

const branches = 500;
const latencies = [100, 2000];
const rounds = 1;

/**
 * One run of 500 branches, all at once, one call each. Ideal is the latency of a single call: what
 * is above it is the work of the service, which a fast vendor shows most.
 */
export async function fanOut(): Promise<void> {
  const stage = await openStage();
  const rows: string[][] = [['a call', 'run', '× ideal']];
  try {
    await stage.ended(await stage.start(plan, { groups: groupsOf(20) }));
    for (const latency of latencies) {
      await stage.setLatency(latency);
      for (let round = 0; round < rounds; round++) {
        const startedAt = performance.now();
        const id = await stage.start(plan, { groups: groupsOf(branches) });
        await stage.ended(id);
        const tookMs = performance.now() - startedAt;
        const { status, usage } = await stage.read(id);
        if (status !== 'completed' || usage.modelCalls !== branches)
          throw new Error(`The run ${id} is ${status} with ${String(usage.modelCalls)} calls.`);
        rows.push([
          `${String(latency)} ms`,
          `${(tookMs / 1000).toFixed(1)} s`,
          (tookMs / latency).toFixed(2),
        ]);
      }
    }
  } finally {
    await stage.close();
  }
  printTable(`A fan-out of ${String(branches)}`, rows);
}

/** A fan-out runs at most so many branches at a time, so there is a fan-out of fan-outs. */
const atOnceMax = 50;

function groupsOf(count: number): string[][] {
  const items = Array.from({ length: count }, (_, n) => `part ${String(n + 1)}`);
  const groups = Math.ceil(count / atOnceMax);
  return Array.from({ length: groups }, (_, group) =>
    items.slice(group * atOnceMax, (group + 1) * atOnceMax),
  );
}

const plan = {
  name: 'bench-fan-out',
  version: '1.0.0',
  agents: {
    reader: {
      model: 'claude-haiku',
      instructions: 'You sum up.',
      maxOutputTokens: 300,
      rateLimit: 1_000_000,
    },
  },
  limits: { costUsd: 100, tokens: null, modelCalls: null, timeout: null },
  flow: {
    type: 'parallel',
    concurrency: atOnceMax,
    forEach: '{{ input.groups }}',
    as: 'group',
    step: {
      type: 'parallel',
      concurrency: atOnceMax,
      forEach: '{{ group }}',
      as: 'item',
      step: { type: 'agent', agent: 'reader', prompt: 'Sum up {{ item }}.' },
    },
  },
};
