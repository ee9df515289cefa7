import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Json } from '../../../src/contract/value';
import type { RuleInput } from '../../../src/simulator/script';
import type { Decide } from './play';

type Step = { type: string } & { [field: string]: unknown };

const retry = { maxRetries: 0 };
const agents = {
  writer: { model: 'claude-sonnet', instructions: 'You write.', retry, rateLimit: 1_000_000 },
  // Its answers are cut off, go on, and end unfinished.
  terse: {
    ...{ model: 'claude-haiku', instructions: 'You write little.', retry, rateLimit: 1_000_000 },
    ...{ maxOutputTokens: 40, maxContinuations: 1 },
  },
  broken: {
    ...{ model: 'claude-sonnet', instructions: 'You always fail.', retry, rateLimit: 1_000_000 },
    // Nothing is ever stored: what others have been answered would depend on who was first.
    cache: { ttl: '1h' },
  },
  fallback: {
    model: ['claude-sonnet', 'claude-haiku'],
    instructions: 'Your first model fails.',
    retry,
    rateLimit: 1_000_000,
  },
  // Another model for some, and after that one for all.
  chosen: {
    ...{ model: 'claude-sonnet', instructions: 'You write as chosen.', retry, rateLimit: 1_000_000 },
    select: [
      { when: 'input.yes == false', model: 'claude-opus' },
      { when: { any: ['input.yes == true', 'previous == 1'] }, model: ['claude-haiku', 'claude-sonnet'] },
    ],
  },
  // Asked again twice, and then given up.
  lister: {
    ...{ model: 'claude-haiku', instructions: 'You break your schema.', retry, rateLimit: 1_000_000 },
    output: { type: 'object', required: ['items'], properties: { items: { type: 'array' } } },
  },
  judge: { model: 'claude-haiku', instructions: 'You judge.', retry, rateLimit: 1_000_000 },
  lead: { model: 'claude-haiku', instructions: 'You hand out work.', retry, rateLimit: 1_000_000 },
  strict: { model: 'claude-haiku', instructions: 'You never approve.', retry, rateLimit: 1_000_000 },
};

/**
 * A vendor that judges the same whatever the order in which it is shown the answers: that order is
 * each run's own.
 */
export function judged(match: string, answer: Json): RuleInput {
  const disagreements = [{ point: 'how much', positions: ['a little', 'a lot'] }];
  const json = { answer, confidence: 0.9, agreements: [], disagreements };
  return { match, times: 1_000_000, then: { type: 'answer', json } };
}

/** What the vendor does with the calls of these agents. */
export const rules: RuleInput[] = [
  { match: 'You always fail.', then: { type: 'error', status: 400 } },
  { match: 'Your first model fails.', model: 'claude-sonnet-5-5', then: { type: 'error', status: 400 } },
  { match: 'You break your schema.', then: { type: 'wrong_schema' } },
  { match: 'You never approve.', then: { type: 'answer', json: { approved: false, issues: ['too long'] } } },
  judged('Several answered independently', 'what holds'),
].map((rule) => ({ ...rule, times: 1_000_000 }) as RuleInput);

/** Decides as the title says. */
export const decideByTitle: Decide = ({ kind, id, title }) => {
  if (kind === 'question' && title.startsWith('answer'))
    return { decision: 'answer', content: `answered: ${'word '.repeat(60)}` };
  if (kind === 'escalation') return { decision: 'skip' };
  if (title.startsWith('edit')) return { decision: 'edit', content: `edited: ${'word '.repeat(60)}` };
  if (title.startsWith('reject')) return { decision: 'reject', comment: 'No.' };
  return title.startsWith('leave') || id === '' ? null : { decision: 'approve' };
};

interface Place {
  depth: number;
  /** Beside others, where what ends a whole step would end more or less of it by chance. */
  beside: boolean;
  /** Beside its own like, who would take each other's events. */
  manifold: boolean;
}

export interface Nesting {
  plan: object;
  /** The plans that it runs, each after those that it runs itself. */
  stored: StoredPlan[];
}

interface StoredPlan {
  name: string;
  version: string;
}

/** Plans that hold everything in everything else, and that make the same calls however fast they are answered. */
export const nestings = (depth = 3): fc.Arbitrary<Nesting> =>
  stepIn({ depth, beside: false, manifold: false }).map(whole);

function stepIn(place: Place): fc.Arbitrary<Step> {
  if (place.depth === 0) return fc.oneof(setStep, agentStep(place), approvalStep(place), waitStep);
  const inner = { ...place, depth: place.depth - 1 };
  return fc.oneof(
    { weight: 2, arbitrary: agentStep(place) },
    { weight: 1, arbitrary: approvalStep(place) },
    { weight: 1, arbitrary: waitStep },
    { weight: 3, arbitrary: sequenceStep(inner) },
    { weight: 3, arbitrary: parallelStep(inner) },
    { weight: 2, arbitrary: reviewStep(inner) },
    { weight: 2, arbitrary: refineStep(inner) },
    { weight: 1, arbitrary: debateStep(inner) },
    { weight: 1, arbitrary: routerStep(inner) },
    { weight: 1, arbitrary: choiceStep(inner) },
    { weight: 2, arbitrary: supervisorStep(inner) },
    { weight: 1, arbitrary: planStep(inner) },
    ...(place.manifold ? [] : [{ weight: 1, arbitrary: reaction(inner) }]),
    ...(place.depth > 1
      ? [{ weight: 1, arbitrary: hierarchyStep({ ...inner, depth: inner.depth - 1 }) }]
      : []),
  );
}

const long = 'and '.repeat(100);
const setStep: fc.Arbitrary<Step> = fc
  .constantFrom('short', `{{ previous }} ${long}`, { a: '{{ previous }}', b: [1, '{{ input.mark }}'] })
  .map((value) => ({ type: 'set', value }));

const perhapsIsolated = (step: fc.Arbitrary<Step>): fc.Arbitrary<Step> =>
  fc
    .tuple(step, fc.constantFrom(false, false, false, false, true))
    .map(([one, isolate]) => (isolate ? { ...one, isolate } : one));

const waitSteps = fc.constantFrom<Step>(
  { type: 'wait', for: '20ms' },
  { type: 'wait', until: '2020-01-01T00:00:00Z' },
  { type: 'wait', event: 'never', timeout: '1s', onFailure: 'skip' },
  // Its output has the run's id in it, which no other run has: nobody is to see it.
  {
    type: 'parallel',
    branches: { only: { type: 'emit', event: 'nested', data: { mark: '{{ input.mark }}' } } },
    reduce: { type: 'set', value: 'emitted' },
  },
);
const waitStep = perhapsIsolated(waitSteps);

function guarded(place: Place, step: fc.Arbitrary<Step>): fc.Arbitrary<Step> {
  const mended = fc.oneof(
    fc.constantFrom<unknown>('skip', 'escalate', { value: 'instead of {{ error.code }}' }),
    setStep.map((one) => ({ step: one })),
    place.depth > 0
      ? stepIn({ ...place, depth: 0 }).map((one) => ({ step: one }))
      : fc.constant('skip' as const),
  );
  return fc
    .tuple(
      perhapsIsolated(step),
      fc.option(mended, { nil: undefined }),
      fc.constantFrom(undefined, undefined, undefined, false, true),
    )
    .map(([one, onFailure, when]) => ({
      ...one,
      ...(onFailure === undefined ? {} : { onFailure }),
      ...(when === undefined ? {} : { when: when ? 'input.yes == true' : 'input.yes == false' }),
    }));
}

function agentStep(place: Place): fc.Arbitrary<Step> {
  return guarded(
    place,
    fc
      .tuple(
        fc.constantFrom('writer', 'writer', 'chosen', 'terse', 'broken', 'fallback', 'lister'),
        fc.constantFrom('none', 'full'),
        fc.boolean(),
        fc.constantFrom(undefined, undefined, undefined, 'low', 'high', '{{ "high" }}'),
      )
      .map(([agent, context, shows, risk]) => ({
        ...{ type: 'agent', agent, context, ...(risk === undefined ? {} : { risk }) },
        prompt: `A text for {{ input.mark }}.${shows ? ' After {{ previous }}' : ''}`,
      })),
  ).map((step) => {
    // One that never succeeds has no earlier answer either, so this doesn't depend on who was first.
    const isLost = step['agent'] === 'broken' && step['context'] === 'full' && step['onFailure'] === 'skip';
    return isLost ? { ...step, onFailure: { cached: '1h' } } : step;
  });
}

function approvalStep({ beside }: Place): fc.Arbitrary<Step> {
  const steps = fc.constantFrom<Step>(
    { type: 'approval', title: 'approve {{ input.mark }}', content: 'what is shown' },
    { type: 'approval', title: 'edit {{ input.mark }}', content: '{{ previous }}' },
    { type: 'approval', title: 'low', risk: 'low', content: '{{ previous }}' },
    { type: 'approval', title: 'reject', content: 'x', onReject: beside ? 'skip' : 'reject' },
    { type: 'approval', title: 'leave', content: 'x', timeout: '1s', onTimeout: 'skip' },
    { type: 'approval', title: 'leave', content: 'x', timeout: '1s', onTimeout: 'approve' },
    { type: 'approval', title: 'leave', content: 'x', timeout: '1s', onTimeout: 'fail' },
    { type: 'question', title: 'answer {{ input.mark }}', content: '{{ previous }}' },
    { type: 'question', title: 'reject', answer: { type: 'integer' } },
  );
  return perhapsIsolated(steps);
}

function sequenceStep(place: Place): fc.Arbitrary<Step> {
  const limits = fc.option(fc.constantFrom({ modelCalls: 1 }, { modelCalls: 2, onExceeded: 'fail' }), {
    nil: undefined,
    freq: 4,
  });
  return guarded(
    place,
    fc
      .tuple(fc.array(stepIn(place), { minLength: 1, maxLength: 3 }), limits, fc.boolean())
      .map(([steps, bounds, names]) => ({
        type: 'sequence',
        steps,
        names,
        // Which branch gets the last call of a shared limit is chance.
        ...(bounds === undefined || sharesLimits(steps) ? {} : { limits: bounds }),
      })),
  );
}

const sharesLimits = (steps: Step | Step[]) =>
  /"(parallel|supervisor|debate|reaction)"/.test(JSON.stringify(steps));

function parallelStep(place: Place): fc.Arbitrary<Step> {
  const settings = fc.record({
    concurrency: fc.constantFrom(1, 2, 3),
    require: fc.constantFrom<number | 'all'>(0, 1, 2, 'all'),
    cancelRest: fc.boolean(),
    placeholder: fc.constant('a hole'),
  });
  return settings.chain((chosen) => {
    // One after another where what one branch does ends the others.
    const ends = chosen.cancelRest || chosen.require === 'all';
    const concurrency = ends ? 1 : chosen.concurrency;
    const inner = { ...place, beside: place.beside || concurrency > 1 };
    const branches = fc.array(stepIn(inner), { minLength: 2, maxLength: 3 }).map((steps) => ({
      branches: Object.fromEntries(steps.map((one, index) => [`b${String(index)}`, one])),
    }));
    const manifold = place.manifold || concurrency > 1;
    const each = stepIn({ ...inner, manifold }).map((one) => ({
      forEach: '{{ input.items }}',
      step: {
        type: 'sequence',
        steps: [one, { type: 'set', value: '{{ item }} {{ index }} {{ previous }}' }],
      },
    }));
    // One that is left undecided is ended as soon as the other has succeeded, and the third never begins.
    const race = fc.constant({
      ...{ require: 1, cancelRest: true, concurrency: 2 },
      branches: {
        never: { type: 'approval', title: 'leave', content: 'x' },
        fast: {
          type: 'sequence',
          steps: [
            { type: 'set', value: 1 },
            { type: 'set', value: 2 },
          ],
        },
        third: { type: 'agent', agent: 'writer', prompt: 'Never asked for {{ input.mark }}.' },
      },
    });
    const reduce = fc.option(fc.oneof(setStep, agentStep({ ...place, depth: 0 })), { nil: undefined });
    return guarded(
      place,
      fc
        .tuple(
          fc.oneof(
            { weight: 4, arbitrary: branches },
            { weight: 3, arbitrary: each },
            { weight: 1, arbitrary: race },
          ),
          reduce,
        )
        .map(([lanes, last]) => ({
          ...{ type: 'parallel', ...chosen, concurrency, ...lanes },
          ...(last === undefined ? {} : { reduce: last }),
        })),
    );
  });
}

function reviewStep(place: Place): fc.Arbitrary<Step> {
  const revise = fc.oneof(
    agentStep({ ...place, depth: 0 }),
    setStep,
    approvalStep({ ...place, beside: true }),
  );
  return guarded(
    place,
    fc
      .record({
        reviewer: fc.constantFrom('judge', 'strict', 'lister', 'chosen'),
        revise,
        maxRevisions: fc.constantFrom(0, 1, 2),
        onExhausted: fc.constantFrom('flag', 'fail', 'escalate'),
        criteria: fc.constantFrom<unknown>(undefined, ['short', 'for {{ input.mark }}']),
        // The first version fails them, and a revision may not.
        checks: fc.constantFrom<unknown>(undefined, undefined, [
          { excludes: 'TBD' },
          { condition: 'output != input.mark' },
        ]),
      })
      .map(({ criteria, checks, ...rest }) => ({
        ...{
          type: 'review',
          of: `{{ previous }} TBD ${long}`,
          prompt: 'Is it fit for {{ input.mark }}?',
          ...rest,
        },
        ...(criteria === undefined ? {} : { criteria }),
        ...(checks === undefined ? {} : { checks }),
      })),
  );
}

function routerStep(place: Place): fc.Arbitrary<Step> {
  const settings = fc.record({
    classifier: fc.constantFrom('judge', 'lister'),
    minConfidence: fc.constantFrom(0, 0, 1),
  });
  return guarded(
    place,
    fc
      .tuple(settings, stepIn(place), stepIn(place), fc.option(stepIn(place), { nil: undefined }))
      .map(([chosen, text, approve, otherwise]) => ({
        ...{ type: 'router', ...chosen, prompt: 'Which for {{ input.mark }}?' },
        routes: { text: { description: 'A text.', step: text }, approve: { step: approve } },
        ...(otherwise === undefined ? {} : { otherwise }),
      })),
  );
}

function choiceStep(place: Place): fc.Arbitrary<Step> {
  const condition = fc.constantFrom('input.yes == false', 'input.yes == true');
  return guarded(
    place,
    fc.tuple(condition, stepIn(place), stepIn(place)).map(([when, step, otherwise]) => ({
      ...{ type: 'choice', cases: [{ when, step }], otherwise },
    })),
  );
}

/** Every worker has one assignment, and one that fails is tried once more, where there is a round left. */
function supervisorStep(place: Place): fc.Arbitrary<Step> {
  return fc.constantFrom(1, 2).chain((concurrency) => {
    const worker = stepIn({ ...place, beside: true }).map((step) => ({ description: 'Does a part.', step }));
    return guarded(
      place,
      fc
        .record({
          workers: fc
            .array(worker, { minLength: 1, maxLength: 2 })
            .map((list) => Object.fromEntries(list.map((one, index) => [`w${String(index)}`, one]))),
          maxRounds: fc.constantFrom(1, 2, 3),
          maxAssignments: fc.constantFrom(1, 3),
          reassignAfter: fc.constantFrom(undefined, 1),
          final: fc.option(fc.oneof(setStep, agentStep({ ...place, depth: 0 })), { nil: undefined }),
          checks: fc.constantFrom<unknown>(undefined, [{ minWords: 3 }]),
        })
        .map((fields) => ({
          ...{ type: 'supervisor', supervisor: 'lead', concurrency, context: 'none' },
          prompt: 'Get the work for {{ input.mark }} done.',
          ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
        })),
    );
  });
}

/** A manager with two teams, which have one assignment each. */
function hierarchyStep(place: Place): fc.Arbitrary<Step> {
  const team = fc
    .tuple(stepIn({ ...place, beside: true }), fc.constantFrom(undefined, { modelCalls: 3 }))
    .map(([step, bounds]) => ({
      ...{ supervisor: 'lead', workers: { only: { description: 'Does all of it.', step } } },
      ...(bounds === undefined || sharesLimits(step) ? {} : { limits: bounds }),
    }));
  return guarded(
    place,
    fc.tuple(team, team, fc.constantFrom(1, 2)).map(([left, right, maxRounds]) => ({
      ...{ type: 'hierarchy', manager: 'lead', context: 'none', concurrency: 1, maxRounds },
      prompt: 'Get the work for {{ input.mark }} done.',
      teams: { left, right },
    })),
  );
}

/** `inside` stands for the flow of the plan that it runs. */
function planStep(place: Place): fc.Arbitrary<Step> {
  return guarded(
    place,
    stepIn(place).map((inside) => ({ type: 'plan', input: '{{ input }}', inside })),
  );
}

/** Has events published and handles them, each with the step: `reactionSteps` says how. */
function reaction(place: Place): fc.Arbitrary<Step> {
  const settings = fc.record({
    events: fc.constantFrom(1, 2, 3),
    concurrency: fc.constantFrom(1, 1, 2),
    ends: fc.constantFrom('maxEvents', 'event'),
  });
  return settings.chain((chosen) => {
    const several = chosen.concurrency > 1 && chosen.events > 1;
    const inner = { ...place, beside: place.beside || several, manifold: several };
    return guarded(
      place,
      stepIn(inner).map((step) => ({ type: 'reaction', ...chosen, step })),
    );
  });
}

function refineStep(place: Place): fc.Arbitrary<Step> {
  const inner = { ...place, depth: 0 };
  const generator = fc.oneof(agentStep(inner), setStep, approvalStep({ ...place, beside: true }));
  return guarded(
    place,
    fc
      .record({
        generator,
        evaluator: fc.constantFrom('judge', 'judge', 'lister'),
        maxIterations: fc.constantFrom(1, 2, 3),
        threshold: fc.constantFrom(6, 8, 10),
        onExhausted: fc.constantFrom('best', 'fail', 'escalate'),
        checks: fc.constantFrom<unknown>(undefined, undefined, [{ excludes: 'instead' }, { maxLength: 60 }]),
      })
      .map(({ checks, ...rest }) => ({
        ...{ type: 'refine', prompt: 'How good is it for {{ input.mark }}?', ...rest },
        ...(checks === undefined ? {} : { checks }),
      })),
  );
}

function debateStep(place: Place): fc.Arbitrary<Step> {
  return guarded(
    place,
    fc
      .record({
        panel: fc.constantFrom(
          ['writer', 'judge'],
          ['writer', 'writer'],
          ['judge', 'broken'],
          ['terse', 'fallback'],
        ),
        judge: fc.constantFrom('judge', 'judge', 'strict'),
        rounds: fc.constantFrom(1, 2),
        strict: fc.boolean(),
        onDisagreement: fc.constantFrom('report', 'escalate'),
      })
      .map((rest) => ({
        type: 'debate',
        prompt: 'What holds for {{ input.mark }}?',
        context: 'none',
        ...rest,
      })),
  );
}

const hashOf = (json: unknown) =>
  createHash('sha256').update(JSON.stringify(json)).digest('hex').slice(0, 12);

/** A plan, and those that it runs under names of what they hold. */
function whole(flow: Step): Nesting {
  const stored: StoredPlan[] = [];
  const limits = { costUsd: 1, depth: 24 };
  const rest = { version: '1.0.0', agents, limits };
  const mark = hashOf(flow);
  const finish = withIds(mark, (inside) => {
    const name = `inside-${hashOf([mark, inside])}`;
    stored.push({ name, ...rest, ...{ flow: inside } });
    return name;
  });
  return { plan: { name: 'nesting', ...rest, flow: finish(flow) }, stored };
}

/**
 * Gives every step in a list an id, and lets some lists end by naming what stands deep inside them.
 * Flows of other plans are stored, and events have types that no other plan and no other place has.
 */
function withIds(mark: string, store: (flow: Step) => string): (flow: Step) => Step {
  let count = 0;
  const named = (one: Step, handles: boolean, id?: string): Step => {
    if (one.type === 'reaction')
      return named(reactionSteps(one, `told.${mark}.${String(++count)}`), handles, id);
    const { names, inside: flow, ...rest } = one;
    const below = (child: Step) => named(child, handles);
    const inner: Step = { ...rest, type: one.type, ...(id === undefined ? {} : { id }) };
    if (flow !== undefined) inner['plan'] = store(named(flow as Step, false));
    // Nobody is shown the event whole: its id has the run's in it, and its time is each run's own.
    if (handles && one['prompt'] !== undefined)
      inner['prompt'] = `${one['prompt'] as string} {{ event.type }}`;
    if (Array.isArray(one['steps'])) {
      const steps = (one['steps'] as Step[]).map((child) => named(child, handles, `s${String(++count)}`));
      // The first of all is as deep inside as there are sequences in sequences.
      const [last] = idsOf(steps);
      inner['steps'] =
        names === true && last !== undefined
          ? [...steps, { type: 'set', value: `{{ steps.${last}.output }} {{ steps.${last}.status }}` }]
          : steps;
    }
    for (const field of ['step', 'reduce', 'revise', 'generator', 'otherwise', 'final']) {
      if (one[field] !== undefined) inner[field] = below(one[field] as Step);
    }
    const { branches, handlers, routes, workers, teams, cases, onFailure } = one as Holding;
    if (branches !== undefined) inner['branches'] = mapped(branches, below);
    if (handlers !== undefined) inner['handlers'] = mapped(handlers, (child) => named(child, true));
    const kept = <Held extends { step: Step }>(held: Held) => ({ ...held, step: below(held.step) });
    if (routes !== undefined) inner['routes'] = mapped(routes, kept);
    if (workers !== undefined) inner['workers'] = mapped(workers, kept);
    if (teams !== undefined)
      inner['teams'] = mapped(teams, (team) => ({ ...team, workers: mapped(team.workers, kept) }));
    if (cases !== undefined) inner['cases'] = cases.map(kept);
    if (onFailure?.step !== undefined) inner['onFailure'] = { step: below(onFailure.step) };
    return inner;
  };
  return (flow) => named(flow, false);
}

interface Holding {
  branches?: { [name: string]: Step };
  handlers?: { [event: string]: Step };
  routes?: { [name: string]: { step: Step } };
  workers?: { [name: string]: { step: Step } };
  teams?: { [name: string]: { workers: { [name: string]: { step: Step } } } };
  cases?: { step: Step }[];
  onFailure?: { step?: Step };
}

function mapped<From, To>(map: { [name: string]: From }, to: (from: From) => To): { [name: string]: To } {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, to(value)]));
}

/** The output has the last event in it, which nobody is to see. */
function reactionSteps({ step, events, concurrency, ends, ...rest }: Step, event: string): Step {
  const emits = Array.from({ length: events as number }, () => ({ type: 'emit', event }));
  const end = `${event}.end`;
  const until = ends === 'event' ? { event: end } : { maxEvents: events };
  const steps = [
    ...emits,
    ...(ends === 'event' ? [{ type: 'emit', event: end }] : []),
    // An event's id has the run's in it, and the simulated vendor answers by all that it reads.
    { type: 'set', value: 'told' },
    { type: 'events', handlers: { [event]: step }, until, concurrency },
  ];
  return {
    ...rest,
    type: 'parallel',
    branches: { only: { type: 'sequence', steps } },
    reduce: { type: 'set', value: 'reacted' },
  };
}

/** Ids in steps and in the sequences inside them, which templates after them may name. */
function idsOf(steps: Step[]): string[] {
  return steps.flatMap((step) => [
    ...(step.type === 'sequence' ? idsOf(step['steps'] as Step[]) : []),
    ...(typeof step['id'] === 'string' ? [step['id']] : []),
  ]);
}
