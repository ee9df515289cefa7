import { stepTypes } from '../../src/contract/plan';
import type { Json } from '../../src/contract/value';
import { validatePlan } from '../../src/plan/validate';
import {
  agentStep,
  anthropicOnly,
  contentProduction,
  fromYaml,
  marks,
  noVendor,
  planOf,
  sequenceOf,
  setStep,
  simulated,
} from './plans';

async function errorsOf(json: Json): Promise<string[]> {
  return marks(await validatePlan(json, simulated));
}

async function flowErrors(...steps: Json[]): Promise<string[]> {
  const found = await errorsOf(planOf(sequenceOf(...steps)));
  return found.map((mark) => mark.replace('/flow/steps/', ''));
}

describe('a plan that is right', () => {
  it('validates, with its defaults filled in', async () => {
    const { plan, errors, warnings } = await validatePlan(fromYaml(contentProduction), simulated);
    expect(errors).toEqual([]);
    expect(plan?.agents['writer']).toMatchObject({ maxOutputTokens: 4096, timeout: '120s' });
    expect(warnings).toEqual([
      {
        path: '/limits/costUsd',
        code: 'limit_may_be_exceeded',
        message: 'The answers alone may cost up to 0.3748 USD; the limit is 0.2 USD.',
      },
    ]);
  });

  it('is drawn as a graph of its paths', async () => {
    const { graph } = await validatePlan(fromYaml(contentProduction), simulated);
    expect(graph.nodes.map(({ path, type, agent }) => [path, type, agent])).toEqual([
      ['root', 'sequence', null],
      ['research', 'parallel', null],
      ['research.market', 'agent', 'researcher'],
      ['research.tech', 'agent', 'researcher'],
      ['research.people', 'agent', 'researcher'],
      ['draft', 'agent', 'writer'],
      ['gate', 'review', 'reviewer'],
      ['gate.revise', 'agent', 'writer'],
      ['sign-off', 'approval', null],
    ]);
    expect(graph.edges).toContainEqual({ from: 'research', to: 'draft', type: 'next' });
    expect(graph.edges).toContainEqual({ from: 'gate', to: 'gate.revise', type: 'inside' });
  });

  it('may use the names that every object inherits', async () => {
    const plan = planOf(
      {
        type: 'parallel',
        branches: {
          constructor: agentStep('x', { agent: 'toString' }),
          valueOf: setStep('{{ input.constructor }}'),
        },
      },
      {
        agents: { toString: { model: 'claude-sonnet', instructions: 'x' } },
        input: { type: 'object', properties: { constructor: {} }, additionalProperties: false },
      },
    );
    expect(await errorsOf(plan)).toEqual([]);
  });
});

describe('triggers of a plan', () => {
  const withTriggers = (...triggers: Json[]) => errorsOf(planOf(setStep(1), { triggers }));

  it('know the event', async () => {
    const input = { order: '{{ event.data.order }}', from: 'mail' };
    expect(await withTriggers({ event: 'a.b' }, { event: 'a.b', when: 'event.data.n > 2', input })).toEqual(
      [],
    );
  });

  it('know nothing else', async () => {
    expect(await withTriggers({ event: 'a', when: 'input.n == 1', input: ['{{ run.id }}'] })).toEqual([
      '/triggers/0/when unknown_name',
      '/triggers/0/input/0 unknown_name',
    ]);
  });

  it('have a type, and texts that can be read', async () => {
    expect(
      await withTriggers({ when: 'true == true' }, { event: 'a', when: 'event.n ==', input: '{{' }),
    ).toEqual([
      '/triggers/0/event validation_failed',
      '/triggers/1/when invalid_condition',
      '/triggers/1/input invalid_template',
    ]);
  });
});

describe('the shape of a plan', () => {
  it('names every unknown field', async () => {
    const plan = planOf(agentStep('x', { colour: 'red', 'a/b': 1 }), { people: {} });
    expect(await errorsOf(plan)).toEqual([
      '/flow/colour unknown_field',
      '/flow/a~1b unknown_field',
      '/people unknown_field',
    ]);
  });

  it('says which types of step there are', async () => {
    const types = `${stepTypes.slice(0, -1).join(', ')} and ${String(stepTypes.at(-1))}`;
    const { errors } = await validatePlan(planOf(sequenceOf({ type: 'oracle' }, { id: 'a' })), simulated);
    expect(errors).toEqual([
      {
        path: '/flow/steps/0/type',
        code: 'validation_failed',
        message: `"oracle" is not a type of step; there are ${types}.`,
      },
      {
        path: '/flow/steps/1/type',
        code: 'validation_failed',
        message: `A step needs a type; there are ${types}.`,
      },
    ]);
  });

  it('knows no amount below the smallest that is counted', async () => {
    const flow = agentStep('x', { limits: { costUsd: 1e-9 } });
    const at = (costUsd: number) => ({ limits: { costUsd }, alerts: { costUsd } });
    expect((await validatePlan(planOf(flow, at(1e-9)), simulated)).errors).toEqual([]);
    const { errors } = await validatePlan(planOf(flow, at(1e-12)), simulated);
    expect(errors.map(({ path, message }) => `${path} ${message}`).sort()).toEqual([
      '/alerts/costUsd This is 1e-12; it must be at least 1e-9.',
      '/limits/costUsd This is 1e-12; it must be at least 1e-9.',
    ]);
  });

  it('asks for quotes around a version that is a number', async () => {
    const { errors } = await validatePlan(planOf(setStep(1), { version: 1 }), simulated);
    expect(errors).toEqual([
      {
        path: '/version',
        code: 'validation_failed',
        message: 'This is the number 1; put quotes around it, as in "1.0.0".',
      },
    ]);
  });

  it.each<[string, Json]>([
    ['nothing at all', null],
    ['a list', []],
    ['a text', 'plan'],
    ['an empty object', {}],
  ])('refuses %s', async (_, json) => {
    const { plan, errors } = await validatePlan(json, simulated);
    expect(plan).toBeNull();
    expect(errors.length).toBeGreaterThan(0);
  });

  it('finds what is wrong with shape and meaning at once', async () => {
    const found = await errorsOf(
      planOf(
        sequenceOf(
          { type: 'nope' },
          agentStep('{{ nobody }}', { id: 'a', agent: 'ghost' }),
          agentStep('x', { id: 'a', timeout: '400d' }),
          { type: 'review', reviewer: 'ghost', revise: { type: 'agent', agent: 'writer' } },
          5,
        ),
        { name: 'Not A Name', input: { type: 'objekt' } },
      ),
    );
    expect(found).toEqual(
      expect.arrayContaining([
        '/name validation_failed',
        '/flow/steps/0/type validation_failed',
        '/flow/steps/3/revise/prompt validation_failed',
        '/flow/steps/4 validation_failed',
        '/flow/steps/2/id duplicate_id',
        '/flow/steps/1/agent unknown_agent',
        '/flow/steps/3/reviewer unknown_agent',
        '/flow/steps/2/timeout limit_exceeded',
        '/flow/steps/1/prompt unknown_name',
        '/input/type invalid_schema',
      ]),
    );
  });

  it('names at most a hundred errors', async () => {
    const steps = Array.from({ length: 300 }, () => ({ type: 'agent' }));
    expect(await flowErrors(...steps)).toHaveLength(100);
  });

  it('says what a value of several forms may be', async () => {
    const plan = planOf(setStep(1, { onFailure: { step: { type: 'agent', agent: 'writer' } } }), {
      context: 5,
      agents: { writer: { model: 7, instructions: 'x' } },
    });
    const { errors } = await validatePlan(plan, simulated);
    expect(errors.map(({ path, message }) => `${path}: ${message}`)).toEqual(
      expect.arrayContaining([
        '/agents/writer/model: This is a number; it may be a string or a list.',
        '/context: This is a number; it may be "full", "summary", "workspace", "none" or "auto" or an object.',
        '/flow/onFailure/step/prompt: This is missing.',
      ]),
    );
  });
});

describe('what no plan may hold', () => {
  it('refuses __proto__ wherever it is a name', async () => {
    const plan = JSON.parse(
      '{"name":"a","__proto__":1,"agents":{"__proto__":{}},"flow":{"type":"set","value":{"__proto__":{"x":1}}}}',
    ) as Json;
    expect(await errorsOf(plan)).toEqual(
      expect.arrayContaining([
        '/__proto__ reserved_name',
        '/agents/__proto__ reserved_name',
        '/flow/value/__proto__ reserved_name',
      ]),
    );
  });

  it('refuses NUL and halves of characters, in names and in texts', async () => {
    const plan = planOf(agentStep('a\0b', { id: 'x\0' }), {
      agents: { 'w\ud800': {} },
      description: '\udc00',
    });
    expect(await errorsOf(plan)).toEqual(
      expect.arrayContaining([
        '/agents/w\ufffd invalid_unicode',
        '/flow/prompt invalid_unicode',
        '/flow/id invalid_unicode',
        '/description invalid_unicode',
      ]),
    );
  });

  it('refuses nesting that nobody means', async () => {
    let value: Json = 1;
    for (let level = 0; level < 20_000; level++) value = [value];
    const { errors } = await validatePlan(planOf(setStep(value)), simulated);
    expect(errors).toMatchObject([{ code: 'too_deep' }]);
  });
});

describe('bounds', () => {
  it('hold before anything looks closely', async () => {
    const before = Date.now();
    const many = planOf(setStep(Array.from({ length: 50_000 }, () => 1)));
    expect(marks(await validatePlan(many, simulated))).toEqual([' limit_exceeded']);
    expect(await errorsOf(planOf(agentStep('{{ input.x }}'.repeat(1001))))).toEqual([
      '/flow/prompt invalid_template',
    ]);
    expect(await errorsOf(planOf(agentStep('{{ input.x }}'.repeat(1000))))).toEqual([]);
    expect(Date.now() - before).toBeLessThan(5000);
  });

  it('let others have their turn while a large plan is checked', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const templates = Array.from({ length: 4000 }, (_, n) => `{{ input.a${String(n)} }}`.repeat(10));
    expect(await errorsOf(planOf(setStep(templates)))).toEqual([]);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });
});

describe('steps', () => {
  it('have ids of their own', async () => {
    expect(await flowErrors(setStep(1, { id: 'a' }), sequenceOf(setStep(1, { id: 'a' })))).toEqual([
      '1/steps/0/id duplicate_id',
    ]);
  });

  it('leave the words of paths alone', async () => {
    expect(
      await flowErrors(setStep(1, { id: 'steps' }), setStep(1, { id: 'again' }), {
        type: 'parallel',
        branches: { reduce: setStep(1), onFailure: setStep(1) },
      }),
    ).toEqual([
      '0/id reserved_name',
      '1/id reserved_name',
      '2/branches/reduce reserved_name',
      '2/branches/onFailure reserved_name',
    ]);
  });

  it.each<[string, Json, string[]]>([
    ['neither branches nor a list', {}, ['0 validation_failed']],
    ['a list without a step', { forEach: '{{ input }}' }, ['0 validation_failed']],
    [
      'both branches and a list',
      { branches: { a: setStep(1) }, forEach: '{{ input }}', step: setStep(1) },
      ['0/forEach validation_failed', '0/step validation_failed'],
    ],
    ['no branch', { branches: {} }, ['0/branches validation_failed']],
    [
      'a name for items that means something else',
      { forEach: [], as: 'input', step: setStep(1) },
      ['0/as validation_failed'],
    ],
    [
      'more required than there are',
      { branches: { a: setStep(1) }, require: 2 },
      ['0/require validation_failed'],
    ],
  ])('fan out over branches or a list: not over %s', async (_, fields, expected) => {
    expect(await flowErrors({ type: 'parallel', ...(fields as object) })).toEqual(expected);
  });

  it('are at most 1000', async () => {
    const steps = Array.from({ length: 1000 }, () => setStep(1));
    expect(await flowErrors(...steps)).toEqual(['/flow limit_exceeded']);
    expect(await flowErrors(...steps.slice(1))).toEqual([]);
  });

  it('have at most 500 branches', async () => {
    const branches = Object.fromEntries(
      Array.from({ length: 501 }, (_, index) => [`b${String(index)}`, setStep(1)]),
    );
    expect(await flowErrors({ type: 'parallel', branches })).toEqual(['0/branches limit_exceeded']);
  });

  it('are nested no deeper than the limit, which is 8 unless the plan says otherwise', async () => {
    function nested(depth: number): Json {
      return depth === 1 ? setStep(1) : sequenceOf(nested(depth - 1));
    }
    expect(await errorsOf(planOf(nested(8)))).toEqual([]);
    const { errors } = await validatePlan(planOf(nested(9)), simulated);
    expect(errors).toMatchObject([
      {
        code: 'limit_exceeded',
        message: expect.stringContaining('Step depth 9 exceeds the limit of 8') as string,
      },
    ]);
    expect(await errorsOf(planOf(nested(32), { limits: { depth: 32 } }))).toEqual([]);
    expect(await errorsOf(planOf(nested(33), { limits: { depth: 32 } }))).toHaveLength(1);
    expect(
      await errorsOf(planOf(sequenceOf({ ...sequenceOf(setStep(1)), limits: { depth: 1 } }))),
    ).toHaveLength(1);
  });

  it('wait no longer than a year, for people two', async () => {
    expect(
      await flowErrors(
        setStep(1, { timeout: '366d' }),
        setStep(1, { limits: { vendorWait: '9000h' } }),
        { type: 'approval', title: 'x', timeout: '730d' },
        { type: 'approval', title: 'x', timeout: '731d' },
      ),
    ).toEqual(['0/timeout limit_exceeded', '1/limits/vendorWait limit_exceeded', '3/timeout limit_exceeded']);
    const patient = {
      ...{ model: 'claude-sonnet', instructions: 'x' },
      ...{ circuitBreaker: { cooldown: '366d' }, cache: { ttl: '366d' } },
    };
    expect(await errorsOf(planOf(sequenceOf(setStep(1)), { agents: { patient } }))).toEqual([
      '/agents/patient/circuitBreaker/cooldown limit_exceeded',
      '/agents/patient/cache/ttl limit_exceeded',
    ]);
  });

  it('hold answers by a risk that there is, or by a template that gives one', async () => {
    const held = (risk: string) => agentStep('Go.', { risk });
    expect(await flowErrors(held('low'), held('{{ input.risk }}'))).toEqual([]);
    expect(await flowErrors(held('some'), held('{{ nothing }}'))).toEqual([
      '0/risk validation_failed',
      '1/risk unknown_name',
    ]);
  });

  it('stand in for a failed answer by an earlier one where an agent is asked, and nowhere else', async () => {
    const cached = (age: string) => ({ onFailure: { cached: age } });
    expect(await flowErrors(agentStep('Go.', cached('24h')))).toEqual([]);
    expect(await flowErrors({ ...sequenceOf(setStep(1)), ...cached('1h') })).toEqual([
      '0/onFailure/cached validation_failed',
    ]);
    expect(await flowErrors(agentStep('Go.', cached('366d')))).toEqual(['0/onFailure/cached limit_exceeded']);
    expect(await flowErrors(agentStep('Go.', cached('soon')))).toHaveLength(1);
  });

  it('names an agent no rate below one, no field that a breaker lacks, and no cache without an end', async () => {
    const agent = {
      model: 'claude-sonnet',
      instructions: 'x',
      rateLimit: 0,
      circuitBreaker: { cooldowns: '1s' },
      cache: {},
    };
    expect(await errorsOf(planOf(sequenceOf(setStep(1)), { agents: { agent } }))).toEqual([
      '/agents/agent/rateLimit validation_failed',
      '/agents/agent/circuitBreaker/cooldowns unknown_field',
      '/agents/agent/cache/ttl validation_failed',
    ]);
  });
});

describe('schemas', () => {
  it('are compiled wherever a plan has one', async () => {
    const bad = { type: 'nope' };
    const plan = planOf(sequenceOf({ type: 'approval', title: 'x', schema: bad }), {
      input: { properties: { a: { pattern: '(?=x)' } } },
      output: bad,
      agents: { writer: { model: 'claude-sonnet', instructions: 'x', output: bad } },
    });
    const found = await validatePlan(plan, simulated);
    expect(new Set(marks(found))).toEqual(
      new Set([
        '/input invalid_schema',
        '/output/type invalid_schema',
        '/agents/writer/output/type invalid_schema',
        '/flow/steps/0/schema/type invalid_schema',
      ]),
    );
  });
});

describe('models', () => {
  const agent = (model: Json, more: object = {}): Json =>
    planOf(setStep(1), { agents: { writer: { model, instructions: 'x', ...more } } });

  it('must be known', async () => {
    expect(marks(await validatePlan(agent(['claude-sonnet', 'gpt-9']), simulated))).toEqual([
      '/agents/writer/model/1 unknown_model',
    ]);
  });

  it('must be known, callable and priced wherever they are selected', async () => {
    const select = ['gpt-9', ['claude-haiku', 'gpt-9'], 'gpt-4o', 'unpriced'].map((model, index) => ({
      when: `input.size > ${String(index)}`,
      model,
    }));
    expect(marks(await validatePlan(agent('claude-sonnet', { select }), anthropicOnly))).toEqual([
      '/agents/writer/select/0/model unknown_model',
      '/agents/writer/select/1/model/1 unknown_model',
      '/agents/writer/select/2/model model_not_usable',
      '/agents/writer/select/3/model unpriced',
    ]);
  });

  it('are warned of where a fallback has no key', async () => {
    const { plan, warnings } = await validatePlan(agent(['gpt-4o', 'claude-sonnet']), anthropicOnly);
    expect(plan).not.toBeNull();
    expect(warnings).toMatchObject([{ path: '/agents/writer/model/0', code: 'model_not_usable' }]);
  });

  it('must leave one that can be called', async () => {
    expect(marks(await validatePlan(agent('gpt-4o'), anthropicOnly))).toEqual([
      '/agents/writer/model model_not_usable',
    ]);
    expect(marks(await validatePlan(agent(['gpt-4o', 'gemini-pro']), noVendor))).toEqual([
      '/agents/writer/model model_not_usable',
    ]);
  });

  it('must have a price, unless the plan does without', async () => {
    expect(marks(await validatePlan(agent('unpriced'), simulated))).toEqual([
      '/agents/writer/model unpriced',
    ]);
    const lifted = { ...(agent('unpriced') as object), limits: { allowUnpriced: true } } as Json;
    expect(marks(await validatePlan(lifted, simulated))).toEqual([]);
  });

  it('have caps that fit each other', async () => {
    expect(marks(await validatePlan(agent('claude-sonnet', { minOutputTokens: 5000 }), simulated))).toEqual([
      '/agents/writer/minOutputTokens validation_failed',
    ]);
    const { warnings } = await validatePlan(agent('gpt-4o', { maxOutputTokens: 20_000 }), simulated);
    expect(warnings).toContainEqual(expect.objectContaining({ code: 'output_cap_lowered' }));
  });
});

describe('limits', () => {
  it('are warned of where the plan can pass them', async () => {
    const plan = planOf(
      { type: 'parallel', forEach: Array.from({ length: 40 }, (_, index) => index), step: agentStep('x') },
      { limits: { costUsd: 100 } },
    );
    const { warnings } = await validatePlan(plan, simulated);
    expect(warnings.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      '/limits: The answers alone may have 163840 tokens; the limit is 100000.',
      '/limits: The flow may make 40 calls; the limit is 20.',
    ]);
  });

  it('let only the plan allow models without a price', async () => {
    expect(await flowErrors(setStep(1, { limits: { allowUnpriced: true } }))).toEqual([
      '0/limits/allowUnpriced validation_failed',
    ]);
  });
});

describe('a time that is waited for', () => {
  const until = (text: string) => flowErrors({ type: 'wait', until: text });

  it.each(['2027-01-31T08:00:00Z', '2028-02-29T23:59:59.5+02:00', '{{ input.when }}'])(
    'may be %s',
    async (text) => {
      expect(await until(text)).toEqual([]);
    },
  );

  it.each(['2027-02-30T00:00:00Z', '2027-13-01T00:00:00Z', '2027-01-31', '2027-01-31T24:00:00Z', 'soon'])(
    'is none where it is written %s',
    async (text) => {
      expect(await until(text)).toEqual(['0/until validation_failed']);
    },
  );
});
