import fc from 'fast-check';
import { limits } from '../../src/contract/limits';
import { useHouse } from './support/house';
import { agents, scriptAgents } from './support/steadfast';

type Step = { type: string } & { [field: string]: unknown };

const house = useHouse();
beforeAll(() => scriptAgents(house, 'b0'));

/** What a plan implies: the steps that it has, how deep they stand, and the requests that reach the vendor. */
interface Nested {
  step: Step;
  steps: number;
  depth: number;
  calls: number;
  /** Whether there is a list or map without an entry, which no plan may have. */
  empty: boolean;
}

const leaf = (step: Step, calls: number): Nested => ({ step, steps: 1, depth: 1, calls, empty: false });
const numbered = (width: number) => Array.from({ length: width }, (_, index) => `b${String(index)}`);
const named = (width: number, entry: unknown) =>
  Object.fromEntries(numbered(width).map((name) => [name, entry]));

/** A pattern around so many times the same step. */
type Around = (inner: Nested, width: number) => Nested;

const wide =
  (
    stepOf: (step: Step, width: number) => Step,
    callsOf: (calls: number, width: number) => number,
    own = 1,
  ): Around =>
  (inner, width) => ({
    step: stepOf(inner.step, width),
    steps: 1 + width * (inner.steps + own - 1),
    depth: inner.depth + own,
    calls: callsOf(inner.calls, width),
    empty: width === 0 || inner.empty,
  });

const around: { [pattern: string]: Around } = {
  sequence: wide(
    (step, width) => ({ type: 'sequence', steps: numbered(width).map(() => step) }),
    (calls, width) => width * calls,
  ),
  parallel: wide(
    (step, width) => ({ type: 'parallel', concurrency: 3, branches: named(width, step) }),
    (calls, width) => width * calls,
  ),
  // A list may be empty, and its step is written once.
  forEach: (inner, width) => ({
    step: { type: 'parallel', forEach: numbered(width), step: inner.step },
    steps: 1 + inner.steps,
    depth: inner.depth + 1,
    calls: width * inner.calls,
    empty: inner.empty,
  }),
  choice: wide(
    (step, width) => ({ type: 'choice', cases: numbered(width).map(() => ({ when: true, step })) }),
    (calls) => calls,
  ),
  router: wide(
    (step, width) => ({
      type: 'router',
      classifier: 'sorter',
      prompt: 'Where?',
      routes: named(width, { step }),
    }),
    (calls) => 1 + calls,
  ),
  supervisor: wide(
    (step, width) => ({
      ...{ type: 'supervisor', supervisor: 'lead', prompt: 'Get it done.', context: 'none' },
      workers: named(width, { step }),
    }),
    (calls, width) => 2 + width * calls,
  ),
  hierarchy: wide(
    (step, width) => ({
      ...{ type: 'hierarchy', manager: 'lead', prompt: 'Get it done.', context: 'none' },
      teams: named(width, { supervisor: 'lead', workers: { only: { step } } }),
    }),
    (calls, width) => 2 + width * (2 + calls),
    2,
  ),
  // Never approved: so often revised as it may be.
  review: (inner, width) => ({
    step: {
      ...{ type: 'review', reviewer: 'strict', of: 'a text', revise: inner.step },
      ...{ maxRevisions: width, onExhausted: 'flag' },
    },
    steps: 1 + inner.steps,
    depth: inner.depth + 1,
    calls: 1 + width * (inner.calls + 1),
    empty: inner.empty,
  }),
  refine: (inner, width) => ({
    step: {
      ...{ type: 'refine', generator: inner.step, evaluator: 'glad', criteria: 'Any.' },
      maxIterations: width,
    },
    steps: 1 + inner.steps,
    depth: inner.depth + 1,
    calls: inner.calls + 1,
    empty: inner.empty || width === 0,
  }),
};

const leaves: Nested[] = [
  leaf({ type: 'agent', agent: 'writer', prompt: 'Say something.' }, 1),
  leaf({ type: 'set', value: 'a text' }, 0),
  leaf({ type: 'debate', panel: Array(7).fill('writer'), judge: 'judge', prompt: 'Is it?' }, 8),
  leaf({ type: 'approval', title: 'Go on?', content: 'a text', risk: 'low' }, 0),
];

const nesting: fc.Arbitrary<Nested> = fc
  .tuple(
    fc.constantFrom(...leaves),
    fc.array(fc.tuple(fc.constantFrom(...Object.values(around)), fc.constantFrom(0, 1, 1, 2, 2, 2, 7)), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([inmost, layers]) => layers.reduce((inner, [outer, width]) => outer(inner, width), inmost));

const seed = Number(process.env['FERMATA_TEST_SEED'] ?? Date.now() % 1_000_000);
const callsMax = 60;

test(`patterns in each other to depth 4, 0 to 7 wide, make the calls that the plan implies or are refused for their bound (seed ${String(seed)})`, async () => {
  const seen = { ran: 0, empty: 0, deep: 0, many: 0 };
  for (const nested of fc.sample(nesting, { numRuns: 120, seed })) {
    const { step, steps, depth, calls, empty } = nested;
    const bound = seen.deep === 0 && depth > 3 ? 3 : 8;
    const plan = {
      ...{ name: 'widths', version: '1.0.0', agents, context: 'none', flow: step },
      limits: { costUsd: 100, tokens: null, modelCalls: null, depth: bound },
    };
    const { body } = await house.service.request('POST', '/v1/plans/validate', plan);
    const { valid, errors } = body as { valid: boolean; errors: { code: string; message: string }[] };
    const about = `seed ${String(seed)}: ${JSON.stringify(step).slice(0, 2000)}`;
    expect([about, valid]).toEqual([about, !empty && steps <= limits.stepsMax && depth <= bound]);
    const messages = errors.map(({ message }) => message).join('\n');
    if (steps > limits.stepsMax) {
      seen.many++;
      expect(messages).toContain(`more than the ${String(limits.stepsMax)} steps allowed`);
    } else if (empty) seen.empty++;
    else if (depth > bound) {
      seen.deep++;
      expect(messages).toContain(`exceeds the limit of ${String(bound)}`);
    } else if (calls <= callsMax && seen.ran < 25) {
      seen.ran++;
      const before = (await house.vendor.totals()).calls;
      const run = await house.ended(await house.start(plan));
      expect([about, run.result?.error]).toEqual([about, null]);
      const made = (await house.vendor.totals()).calls - before;
      expect([about, made, run.usage.modelCalls]).toEqual([about, calls, calls]);
    }
  }
  for (const count of [seen.ran, seen.empty, seen.deep]) expect(count).toBeGreaterThan(0);
}, 300_000);
