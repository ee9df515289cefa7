import type { Json } from '../../src/contract/value';
import type { Models } from '../../src/plan/check-models';
import { durationMs } from '../../src/plan/defaults';
import { resolvePointer } from '../../src/plan/json';
import { freeze, planDigest } from '../../src/plan/manifest';
import {
  agentStep,
  anthropicOnly,
  contentProduction,
  fromYaml,
  planOf,
  sequenceOf,
  setStep,
  simulated,
  validated,
} from './plans';

const own = (model: string) => ({ model, instructions: 'Sum up.' });
const hour = 3_600_000;
const auto = { mode: 'auto', maxTokens: 8000 };
const fail = { type: 'fail' };

function researcherAt(name: string): object {
  const at = `/flow/steps/0/branches/${name}/prompt`;
  const step = {
    type: 'agent',
    onFailure: fail,
    agent: 'researcher',
    prompt: { at, uses: ['input'] },
    context: auto,
  };
  return { name, step };
}

async function skeletonOf(flow: Json, more: { [field: string]: Json } = {}) {
  return freeze(await validated(planOf(flow, more)), simulated).skeleton;
}

describe('a frozen plan', () => {
  it('has the skeleton of the worked example', async () => {
    const plan = await validated(fromYaml(contentProduction));
    expect(freeze(plan, simulated).skeleton).toEqual({
      plan: { name: 'content-production', version: '1.0.0' },
      agents: {
        researcher: {
          models: ['claude-sonnet-5-5', 'gpt-4o', 'gemini-3.1-pro'],
          maxContinuations: 2,
          structured: false,
        },
        writer: { models: ['claude-sonnet-5-5'], maxContinuations: 2, structured: false },
        reviewer: { models: ['claude-haiku-5-5'], maxContinuations: 2, structured: false },
        summarizer: { models: ['claude-haiku-5-5'], maxContinuations: 2, structured: false },
      },
      limits: {
        costNano: 200_000_000,
        tokens: 100_000,
        modelCalls: 30,
        timeoutMs: 24 * hour,
        vendorWaitMs: 24 * hour,
        onExceeded: 'return_partial',
      },
      alerts: { costNano: 400_000_000 },
      checksOutput: false,
      flow: {
        type: 'sequence',
        onFailure: fail,
        steps: [
          {
            type: 'parallel',
            id: 'research',
            onFailure: fail,
            branches: [researcherAt('market'), researcherAt('tech'), researcherAt('people')],
            concurrency: 5,
            require: 1,
            cancelRest: false,
            placeholder: { at: '/flow/steps/0/placeholder', uses: [] },
            onLate: 'placeholder',
          },
          {
            type: 'agent',
            id: 'draft',
            onFailure: fail,
            agent: 'writer',
            prompt: { at: '/flow/steps/1/prompt', uses: ['input'] },
            context: auto,
          },
          {
            type: 'review',
            id: 'gate',
            onFailure: fail,
            reviewer: 'reviewer',
            context: auto,
            maxRevisions: 2,
            onExhausted: 'escalate',
            revise: {
              type: 'agent',
              onFailure: fail,
              agent: 'writer',
              prompt: { at: '/flow/steps/2/revise/prompt', uses: [] },
              context: auto,
            },
          },
          {
            type: 'approval',
            id: 'sign-off',
            onFailure: fail,
            title: { at: '/flow/steps/3/title', uses: ['input'] },
            risk: 'high',
            allow: ['approve', 'edit', 'reject'],
            timeoutMs: 72 * hour,
            onTimeout: 'fail',
            onReject: 'reject',
          },
        ],
      },
    });
  });

  it('points at its templates in the plan of the manifest', async () => {
    const { manifest, skeleton } = freeze(await validated(fromYaml(contentProduction)), simulated);
    if (skeleton.flow.type !== 'sequence') throw new Error('not a sequence');
    const [research] = skeleton.flow.steps;
    if (research?.type !== 'parallel') throw new Error('not parallel');
    expect(resolvePointer(manifest.plan as unknown as Json, research.placeholder.at)).toBe(
      'data unavailable',
    );
  });

  it('keeps of an agent the models that can be called, in order, and nothing to default', async () => {
    const { manifest } = freeze(await validated(fromYaml(contentProduction), anthropicOnly), anthropicOnly);
    expect(manifest.simulated).toBe(false);
    expect(manifest.agents['researcher']).toEqual({
      models: [
        {
          id: 'claude-sonnet-5-5',
          vendor: 'anthropic',
          alias: 'claude-sonnet',
          contextTokens: 200_000,
          outputTokensMax: 64_000,
        },
      ],
      instructions: 'You research one angle of a topic and cite every source.',
      maxOutputTokens: 4096,
      minOutputTokens: 1024,
      maxContinuations: 2,
      timeoutMs: 120_000,
      retry: {
        maxRetries: 3,
        initialDelayMs: 2000,
        multiplier: 2,
        maxDelayMs: 30_000,
        retryOn: [
          'rate_limit',
          'timeout',
          'overloaded',
          'server_error',
          'connection',
          'empty_response',
          'invalid_response',
        ],
      },
      rateLimit: 100,
      circuitBreaker: { failures: 3, cooldownMs: 60_000 },
    });
  });

  it('keeps the models that may be selected after those of the agent, and where their conditions stand', async () => {
    const select = [
      { when: 'input.size > 3', model: ['claude-haiku', 'gpt-4o'] },
      { when: { not: 'steps.a.output == 1' }, model: 'claude-sonnet' },
    ];
    const writer = { model: ['gpt-4o', 'claude-sonnet'], instructions: 'x', select };
    const plan = planOf(sequenceOf(setStep(1, { id: 'a' }), agentStep('x')), { agents: { writer } });
    const { manifest, skeleton } = freeze(await validated(plan, anthropicOnly), anthropicOnly);
    const models = ['claude-sonnet-5-5', 'claude-haiku-5-5', 'claude-sonnet-5-5'];
    expect(manifest.agents['writer']?.models.map(({ id }) => id)).toEqual(models);
    expect(skeleton.agents['writer']).toMatchObject({
      models,
      select: { at: '/agents/writer/select', uses: ['input', 'steps.a'], lists: [1, 1, 1] },
    });
  });

  it('keeps the rate, the breaker and the cache that an agent names, and fills in the rest but no cache', async () => {
    const writer = { model: 'claude-sonnet', instructions: 'x' };
    const agents = {
      writer: { ...writer, rateLimit: 7, circuitBreaker: { cooldown: '5s' } },
      other: { ...writer, circuitBreaker: { failures: 1 }, cache: { ttl: '2h' } },
    };
    const { manifest } = freeze(await validated(planOf(sequenceOf(setStep(1)), { agents })), simulated);
    expect(manifest.agents).toMatchObject({
      writer: { rateLimit: 7, circuitBreaker: { failures: 3, cooldownMs: 5_000 } },
      other: {
        rateLimit: 100,
        circuitBreaker: { failures: 1, cooldownMs: 60_000 },
        cacheTtlMs: 7_200_000,
      },
    });
    expect(manifest.agents['writer']).not.toHaveProperty('cacheTtlMs');
  });

  it('keeps the answers of a step that may need an earlier one, also in a child workflow', async () => {
    const step = agentStep('x', { onFailure: { cached: '2h' }, isolate: true });
    const writer = { model: 'claude-sonnet', instructions: 'x' };
    const { skeleton } = freeze(await validated(planOf(sequenceOf(step), { agents: { writer } })), simulated);
    expect(skeleton.flow).toMatchObject({
      steps: [{ onFailure: { type: 'cached', maxAgeMs: 7_200_000 }, keptMs: 7_200_000 }],
    });
  });

  it('has the digest that it had before agents had rates, where it names none', async () => {
    const plan = await validated(fromYaml(contentProduction));
    expect(JSON.stringify(plan)).not.toMatch(/rateLimit|circuitBreaker|cache/);
  });

  it('hashes alike however its fields are ordered, and otherwise when its branches are', async () => {
    const branches = (...names: string[]): Json => ({
      type: 'parallel',
      branches: Object.fromEntries(names.map((name) => [name, setStep(name)])),
    });
    const first = await validated({ name: 'p', flow: branches('a', 'b') });
    const same = await validated({ flow: branches('a', 'b'), name: 'p' });
    const other = await validated({ name: 'p', flow: branches('b', 'a') });
    expect(freeze(same, simulated).hash).toBe(freeze(first, simulated).hash);
    expect(planDigest(same)).toBe(planDigest(first));
    expect(freeze(other, simulated).hash).not.toBe(freeze(first, simulated).hash);
    expect(freeze(first, simulated).hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is the same after it was stored as JSON', async () => {
    const { manifest, skeleton } = freeze(await validated(fromYaml(contentProduction)), simulated);
    expect(JSON.parse(JSON.stringify(manifest))).toEqual(manifest);
    expect(JSON.parse(JSON.stringify(skeleton))).toEqual(skeleton);
  });

  it('may have agents and branches named as what every object inherits', async () => {
    const agents = { constructor: { model: 'claude-sonnet', instructions: 'x' } };
    const flow = { type: 'parallel', branches: { toString: agentStep('x', { agent: 'constructor' }) } };
    const skeleton = await skeletonOf(flow, { agents });
    expect(Object.keys(skeleton.agents)).toEqual(['constructor', 'summarizer']);
    expect(skeleton.flow).toMatchObject({ branches: [{ name: 'toString', step: { agent: 'constructor' } }] });
  });
});

describe('the skeleton', () => {
  it('carries conditions, times, limits and what follows a failure', async () => {
    const flow = setStep(
      { a: '{{ input.x }}' },
      {
        id: 'a',
        when: 'input.x == run.id',
        timeout: '90s',
        limits: { costUsd: 0.000000001, tokens: null, timeout: null, onExceeded: 'fail' },
        onFailure: { step: setStep('{{ error }}', { onFailure: { value: '{{ previous }}' } }) },
      },
    );
    expect((await skeletonOf(flow)).flow).toEqual({
      type: 'set',
      id: 'a',
      when: { at: '/flow/when', uses: ['input', 'run'] },
      timeoutMs: 90_000,
      limits: { costNano: 1, tokens: null, timeoutMs: null, onExceeded: 'fail' },
      onFailure: {
        type: 'step',
        step: {
          type: 'set',
          onFailure: {
            type: 'value',
            value: { at: '/flow/onFailure/step/onFailure/value', uses: ['previous'] },
          },
          value: { at: '/flow/onFailure/step/value', uses: ['error'] },
        },
      },
      value: { at: '/flow/value', uses: ['input'] },
    });
  });

  it('carries what a fan-out over a list needs', async () => {
    const flow = {
      type: 'parallel',
      forEach: '{{ input.companies }}',
      as: 'company',
      step: agentStep('{{ company }}'),
      branchTimeout: '3m',
      require: 'all',
      reduce: agentStep('{{ branches }}'),
    };
    expect((await skeletonOf(flow)).flow).toMatchObject({
      branches: {
        forEach: { at: '/flow/forEach', uses: ['input'] },
        as: 'company',
        step: { prompt: { at: '/flow/step/prompt', uses: ['company'] } },
      },
      branchTimeoutMs: 180_000,
      require: 'all',
      reduce: { context: { mode: 'none' }, prompt: { uses: ['branches'] } },
    });
  });

  it.each<[string, { [field: string]: Json }, Json | undefined, object]>([
    ['auto by itself', {}, undefined, auto],
    ['what the step says', {}, 'none', { mode: 'none', maxTokens: 8000 }],
    ['unbounded where it is full', {}, 'full', { mode: 'full', maxTokens: 10_000_000 }],
    ["the plan's word instead of auto", { context: 'none' }, undefined, { mode: 'none', maxTokens: 8000 }],
    ["the step's word before the plan's", { context: 'none' }, 'auto', auto],
    ['something where steps are named', { context: 'none' }, { from: ['a'] }, { ...auto, from: ['a'] }],
    ['bounded as the plan says', { context: { maxTokens: 50 } }, undefined, { mode: 'auto', maxTokens: 50 }],
  ])('has a context that is %s', async (_, more, context, expected) => {
    const step = agentStep('x', context === undefined ? {} : { context });
    const { flow } = await skeletonOf(sequenceOf(setStep(1, { id: 'a' }), step), more);
    expect(flow).toMatchObject({ steps: [{}, { context: expected }] });
  });

  it.each<[string, { [field: string]: Json }, string[], Models]>([
    ['the cheapest model of the vendors it asks anyway', {}, ['claude-haiku-5-5'], simulated],
    ['a model of no other vendor', { model: 'gpt-4o' }, ['gpt-4o'], simulated],
    [
      'no model that can not be called',
      { model: ['gpt-4o', 'claude-sonnet'] },
      ['claude-haiku-5-5'],
      anthropicOnly,
    ],
  ])('has summaries made by %s', async (_, more, expected, models) => {
    const agents = { writer: { model: 'claude-sonnet', instructions: 'Write.', ...more } };
    const { skeleton } = freeze(await validated(planOf(agentStep('x'), { agents })), models);
    expect(skeleton.agents['summarizer']?.models).toEqual(expected);
  });

  it('has summaries made by its own summarizer, where it has one', async () => {
    const agents = { writer: own('claude-haiku'), summarizer: own('claude-sonnet') };
    const skeleton = await skeletonOf(agentStep('x'), { agents });
    expect(skeleton.agents['summarizer']?.models).toEqual(['claude-sonnet-5-5']);
  });

  it("leaves reduce without context, whatever the plan's is", async () => {
    const flow = { type: 'parallel', branches: { a: setStep(1) }, reduce: agentStep('x') };
    expect((await skeletonOf(flow, { context: 'full' })).flow).toMatchObject({
      reduce: { context: { mode: 'none' } },
    });
  });

  it("knows which schema an approval's edit must fit", async () => {
    const agents = {
      writer: { model: 'claude-sonnet', instructions: 'x', output: { type: 'object' } },
      reviewer: { model: 'claude-sonnet', instructions: 'x' },
    };
    const approval = (more: object = {}): Json => ({ type: 'approval', title: 'x', ...more });
    const review = { type: 'review', reviewer: 'reviewer' };
    const written = '/agents/writer/output';
    const cases: [Json[], string | undefined][] = [
      [[agentStep('x'), approval({ schema: { type: 'string' } })], '/flow/steps/1/schema'],
      [[agentStep('x'), approval()], written],
      [[agentStep('x'), review, approval()], written],
      [[agentStep('x', { id: 'a' }), setStep(1), approval({ content: '{{ steps.a.output }}' })], written],
      [[agentStep('x'), sequenceOf(approval())], written],
      [[agentStep('x'), setStep(1), approval()], undefined],
      [[agentStep('x', { when: 'input.a' }), approval()], undefined],
      [[agentStep('x'), approval({ content: 'text' })], undefined],
      [[approval()], undefined],
    ];
    for (const [steps, expected] of cases) {
      const text = JSON.stringify(await skeletonOf(sequenceOf(...steps), { agents }));
      expect(/"schemaAt":"([^"]*)"/.exec(text)?.[1]).toBe(expected);
    }
  });
});

describe('a duration', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['72h', 259_200_000],
    ['365d', 31_536_000_000],
  ])('%s is %d ms', (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });

  it('is not anything else', () => {
    expect(() => durationMs('soon')).toThrow('is not a duration');
  });
});
