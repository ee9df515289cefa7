import fc from 'fast-check';
import type { Estimate } from '../../src/contract/advice-api';
import type { Json } from '../../src/contract/value';
import type { RuleInput } from '../../src/simulator/script';
import { useHouse } from './support/house';
import { play } from './support/play';

type Then = RuleInput['then'];

const house = useHouse();
afterEach(() => house.vendor.clearScript());

const retry = { maxRetries: 0 };
const agentOf = (instructions: string) => ({
  model: 'claude-haiku',
  instructions,
  retry,
  rateLimit: 1_000_000,
});
const agents = {
  writer: { ...agentOf('You write.'), maxContinuations: 0 },
  lead: agentOf('You lead.'),
  manager: agentOf('You manage.'),
  sorter: agentOf('You sort.'),
  scorer: agentOf('You score.'),
  reviewer: agentOf('You review.'),
  judge: agentOf('You judge.'),
};
const written = { type: 'agent', agent: 'writer', prompt: 'Write.' };
const workers = {
  one: { description: 'Writes.', step: written },
  two: { description: 'Also.', step: written },
};
const caps = { maxRounds: 4, maxAssignments: 5 };
const supervisor = { type: 'supervisor', supervisor: 'lead', prompt: 'Get it done.', workers, ...caps };

const patterns: { [name: string]: object } = {
  supervisor,
  hierarchy: {
    ...{ type: 'hierarchy', manager: 'manager', prompt: 'Get it done.', ...caps },
    teams: { near: { supervisor: 'lead', workers }, far: { supervisor: 'lead', workers } },
  },
  refine: { type: 'refine', generator: written, evaluator: 'scorer', criteria: 'Short.', maxIterations: 4 },
  review: {
    type: 'review',
    reviewer: 'reviewer',
    of: 'A text.',
    revise: written,
    maxRevisions: 3,
    onExhausted: 'flag',
  },
  debate: {
    ...{ type: 'debate', prompt: 'Which?', panel: ['writer', 'scorer', 'reviewer'] },
    ...{ rounds: 3, judge: 'judge', onDisagreement: 'report' },
  },
  router: {
    ...{ type: 'router', classifier: 'sorter', prompt: 'Where to?', minConfidence: 0.5 },
    ...{ routes: { lead: { step: supervisor }, write: { step: written } }, otherwise: written },
  },
};

const anyOf = <T>(...values: T[]) => fc.constantFrom(...values);
const text = anyOf('the same', 'another', '', '{{ input }}', 'nothing to add');
const list = <T>(of: fc.Arbitrary<T>) => fc.array(of, { maxLength: 3 });
/** Mostly what there is, else what there is not. */
const mostly = <T>(values: T[], ...others: T[]) =>
  fc.oneof({ weight: 15, arbitrary: anyOf(...values) }, anyOf(...others));
const ledBy = (...names: string[]) => {
  const worker = mostly(names, 'nobody', 'constructor');
  const judgement = fc.record({
    assignment: mostly(['a1', 'a2'], 'a3', 'a9'),
    verdict: anyOf('accept', 'retry', 'reassign', 'escalate'),
    worker: fc.option(worker),
    feedback: text,
  });
  return fc.record({
    verdicts: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, list(judgement)),
    assignments: fc.array(fc.record({ worker, task: text }), { maxLength: 2 }),
    finished: anyOf(false, false, true),
    answer: fc.option(text),
    reason: text,
  });
};
const decisions: { [instructions: string]: fc.Arbitrary<unknown> } = {
  'You write.': text,
  'You lead.': ledBy('one', 'two'),
  'You manage.': ledBy('near', 'far'),
  'You sort.': fc.record({
    route: anyOf('lead', 'write', 'toString'),
    confidence: fc.double({ min: 0, max: 1 }),
    reason: text,
  }),
  'You score.': fc.record({ score: fc.integer({ min: 0, max: 11 }), feedback: text }),
  'You review.': fc.record({ approved: fc.boolean(), issues: list(text) }),
  'You judge.': fc.record({
    ...{ answer: text, confidence: fc.double({ min: 0, max: 1 }), agreements: list(text) },
    disagreements: list(fc.record({ point: text, positions: list(text) })),
  }),
};

/** What a vendor may do with a call of an agent: mostly a decision of its kind, sensible or not. */
const thenOf = (decision: fc.Arbitrary<unknown>): fc.Arbitrary<Then> =>
  fc.oneof(
    { weight: 12, arbitrary: decision.map((json): Then => ({ type: 'answer', json: json as Json })) },
    anyOf<Then>(
      { type: 'cut' },
      { type: 'refusal' },
      { type: 'empty' },
      { type: 'wrong_schema' },
      { type: 'wrong_schema', as: 'prose' },
      { type: 'error', status: 500 },
      { type: 'error', status: 400 },
    ),
  );

/** The same few answers over and over, for every agent. */
const vendors = fc
  .tuple(
    ...Object.entries(decisions).map(([match, decision]) =>
      fc.array(thenOf(decision), { minLength: 1, maxLength: 4 }).map((thens) => ({ match, thens })),
    ),
  )
  .map((answers) =>
    Array.from({ length: 15 }, () => answers)
      .flat()
      .flatMap(({ match, thens }) => thens.map((then): RuleInput => ({ match, then }))),
  );

const seed = Number(process.env['FERMATA_TEST_SEED'] ?? 1);
const count = Number(process.env['FERMATA_TEST_ANSWERS'] ?? 2);

test.each(Object.entries(patterns))(
  `whatever the vendor answers, a %s ends, and asks no more than its estimate (seed ${String(seed)})`,
  async (name, flow) => {
    const limits = { modelCalls: 10_000, costUsd: 100 };
    const plan = { name: 'any-answers', version: '1.0.0', agents, limits, flow };
    const { body } = await house.service.request('POST', '/v1/runs/estimate', { plan });
    const { modelCalls, costUsd } = body as Estimate;
    for (const [index, rules] of fc.sample(vendors, { numRuns: count, seed }).entries()) {
      await house.vendor.clearScript();
      for (const rule of rules) await house.vendor.script(rule);
      const { id, calls } = await play(house, plan);
      const { status, usage, result } = await house.run(id);
      const seen = { name, index, status, incomplete: result?.incomplete, error: result?.error };
      expect({ ...seen, calls: calls.length <= modelCalls.max }).toEqual({ ...seen, calls: true });
      expect({ ...seen, cost: usage.costUsd <= costUsd.max }).toEqual({ ...seen, cost: true });
      // Why it is not whole is said.
      const explained = result?.error !== null || result.incomplete.length > 0;
      expect({ ...seen, explained }).toEqual({ ...seen, explained: status !== 'completed' });
    }
  },
  300_000,
);
