import type { Json } from '../../src/contract/value';
import { namesUsed, namesUsedByCondition } from '../../src/plan/names';
import { validatePlan } from '../../src/plan/validate';
import { agentStep, marks, planOf, sequenceOf, setStep, simulated } from './plans';

/** The messages about names in a flow, each with the field it is about. */
async function unknownIn(flow: Json, more: { [field: string]: Json } = {}): Promise<string[]> {
  const { errors } = await validatePlan(planOf(flow, more), simulated);
  return errors.map(({ path, code, message }) => `${path.replace('/flow/', '')} ${code}: ${message}`);
}

describe('names used', () => {
  it('are the roots, steps with their ids', () => {
    expect(
      namesUsed(
        '{{ input.a }} {% for x in steps.draft.output %}{{ x }}{% endfor %}{{ previous | append: run.id }}',
      ),
    ).toEqual(['input', 'steps.draft', 'previous', 'run']);
    expect(namesUsed({ a: ['{{ item }}', 3], b: { c: '{{ index }}{{ item.x }}' } })).toEqual([
      'item',
      'index',
    ]);
    expect(namesUsed('no {names} here')).toEqual([]);
  });

  it('are those of every part of a condition', () => {
    expect(
      namesUsedByCondition({
        any: ['input.a == steps.sign-off.status', { not: { all: ['item', true] } }, 'not error == null'],
      }),
    ).toEqual(['input', 'steps.sign-off', 'item', 'error']);
  });
});

describe('names in scope', () => {
  it('are the same everywhere for input, previous, run, workspace, feedback, comment and error', async () => {
    expect(
      await unknownIn(
        agentStep(
          '{{ input.x }}{{ previous }}{{ run.id }}{{ run.startedAt }}{{ feedback }}{{ comment }}{{ error.code }}',
        ),
      ),
    ).toEqual([]);
  });

  it('are refused where nothing gives them a value', async () => {
    expect(await unknownIn(agentStep('{{ topic }} {{ run.name }} {{ error.stack }}'))).toEqual([
      'prompt unknown_name: "topic" is not known here; there are input, previous, run, workspace, feedback, comment, error and steps.<id>.',
      'prompt unknown_name: run.name is not known; of run there are id and startedAt.',
      'prompt unknown_name: error.stack is not known; of error there are code and message.',
    ]);
  });

  it('are looked for where an agent is asked, in the conditions that select its model', async () => {
    const select = ['item.size > 3', 'steps.a.output == 1', 'size >'].map((when) => ({
      when,
      model: 'claude-haiku',
    }));
    const agents = { writer: { model: 'claude-sonnet', instructions: 'Write.', select } };
    const inside = { type: 'parallel', forEach: [1, 2], step: agentStep('{{ item }}') };
    const refused = await unknownIn(sequenceOf(setStep(1, { id: 'a' }), inside, agentStep('x')), { agents });
    expect(refused).toEqual([
      expect.stringMatching(/^.agents.writer.select.2.when invalid_condition/),
      '/agents/writer/select/0/when unknown_name: "item" is known only in the step of a forEach that does not name its items otherwise.',
    ]);
    const [first] = await unknownIn(agentStep('x'), { agents });
    expect(first).toMatch(/^.agents.writer.select.0.when unknown_name/);
  });

  it('are looked for in every template and condition of a step', async () => {
    const { errors } = await validatePlan(
      planOf(
        sequenceOf(
          agentStep('{{ x }}', { when: 'x == 1', onFailure: { value: { a: ['{{ x }}'] } } }),
          {
            type: 'parallel',
            forEach: '{{ x }}',
            placeholder: '{{ x }}',
            step: setStep({ deep: ['{{ x }}'] }),
          },
          {
            type: 'review',
            reviewer: 'reviewer',
            prompt: '{{ x }}',
            of: '{{ x }}',
            criteria: ['ok', '{{ x }}'],
          },
          { type: 'approval', title: '{{ x }}', content: '{{ x }}', when: { all: ['true', { not: 'x' }] } },
        ),
      ),
      simulated,
    );
    expect(marks({ errors })).toEqual(
      [
        ...[
          '0/when',
          '0/prompt',
          '0/onFailure/value/a/0',
          '1/forEach',
          '1/placeholder',
          '1/step/value/deep/0',
        ],
        ...['2/prompt', '2/criteria/1', '2/of', '3/when/all/1/not', '3/title', '3/content'],
      ].map((path) => `/flow/steps/${path} unknown_name`),
    );
  });

  it('hold the items and their index inside a forEach only, under the name that was chosen', async () => {
    const fan = (more: object, step: Json): Json => ({ type: 'parallel', forEach: [1], step, ...more });
    expect(await unknownIn(fan({}, setStep('{{ item }} {{ index }}')))).toEqual([]);
    expect(
      await unknownIn(fan({ as: 'company' }, sequenceOf(setStep('{{ company.name }} {{ index }}')))),
    ).toEqual([]);
    expect(await unknownIn(fan({ as: 'company' }, setStep('{{ item }}')))).toHaveLength(1);
    expect(await unknownIn(fan({ reduce: setStep('{{ item }}') }, setStep(1)))).toEqual([
      'reduce/value unknown_name: "item" is known only in the step of a forEach that does not name its items otherwise.',
    ]);
  });

  it('hold branches in reduce only, and issues in revise only', async () => {
    expect(
      await unknownIn(
        sequenceOf(
          {
            type: 'parallel',
            branches: { a: setStep('{{ branches }}') },
            reduce: setStep('{{ branches | map: "output" }}'),
          },
          { type: 'review', reviewer: 'reviewer', prompt: '{{ issues }}', revise: setStep('{{ issues }}') },
        ),
      ),
    ).toEqual([
      'steps/0/branches/a/value unknown_name: "branches" is known only in reduce.',
      'steps/1/prompt unknown_name: "issues" is known only in revise.',
    ]);
  });

  it('hold the steps that have ended before in the same line', async () => {
    const inner = sequenceOf(
      setStep(1, { id: 'inner' }),
      setStep('{{ steps.before.output }}{{ steps.inner.status }}'),
    );
    expect(
      await unknownIn(
        sequenceOf(
          setStep(1, { id: 'before' }),
          {
            type: 'parallel',
            id: 'fan',
            branches: { a: inner, b: setStep(1, { id: 'b' }) },
            reduce: setStep('{{ steps.inner.output }}{{ steps.b.output }}'),
          },
          setStep('{{ steps.fan.output }}{{ steps.inner.output }}{{ steps.before.decision }}'),
        ),
      ),
    ).toEqual([]);
  });

  it('hold no step that comes later, runs beside, is repeated elsewhere, or goes on', async () => {
    const found = await unknownIn(
      sequenceOf(
        setStep('{{ steps.later.output }}{{ steps.ghost.output }}', { id: 'first' }),
        { type: 'parallel', branches: { a: setStep('{{ steps.b.output }}'), b: setStep(1, { id: 'b' }) } },
        {
          type: 'parallel',
          forEach: [1],
          step: sequenceOf(setStep(1, { id: 'each' }), setStep('{{ steps.each.output }}')),
        },
        sequenceOf(setStep('{{ steps.self.output }}', { id: 'self' })),
        setStep('{{ steps.each.output }}', { id: 'later' }),
      ),
    );
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'steps/0/value unknown_name',
      'steps/0/value unknown_name',
      'steps/1/branches/a/value unknown_name',
      'steps/3/steps/0/value unknown_name',
      'steps/4/value unknown_name',
    ]);
    expect(found[1]).toContain('There is no step with the id "ghost".');
  });

  it('name a step by its id and one of its three parts', async () => {
    expect(
      await unknownIn(
        sequenceOf(
          setStep(1, { id: 'a' }),
          setStep('{{ steps.a.outptu }}{{ steps[input.x].output }}{{ steps }}'),
        ),
      ),
    ).toEqual([
      'steps/1/value unknown_name: steps.a.outptu is not known; of a step there are output, status and decision.',
      'steps/1/value unknown_name: A step is named by its id, as in steps.draft.output.',
    ]);
  });

  it('hold what the input schema says and nothing else where it is closed', async () => {
    const input = {
      type: 'object',
      additionalProperties: false,
      properties: {
        topic: { type: 'string' },
        document: { type: 'object', additionalProperties: false, properties: { body: {} } },
        open: { type: 'object' },
      },
    };
    const template =
      '{{ input.topic.size }}{{ input.open.any }}{{ input.document.body.x }}{{ input.document.size }}';
    expect(await unknownIn(setStep(template), { input })).toEqual([]);
    expect(
      await unknownIn(setStep('{{ input.topc }}', { when: 'input.document.text == "a"' }), { input }),
    ).toEqual([
      'when unknown_name: input.document.text is not known: the input schema has no "text".',
      'value unknown_name: input.topc is not known: the input schema has no "topc".',
    ]);
  });

  it('hold what the schema of an answer says', async () => {
    const agents = {
      writer: {
        model: 'claude-sonnet',
        instructions: 'x',
        output: { type: 'object', additionalProperties: false, properties: { title: {} } },
      },
    };
    expect(
      await unknownIn(
        sequenceOf(
          agentStep('x', { id: 'a' }),
          setStep('{{ steps.a.output.title }}{{ steps.a.output.tilte }}'),
        ),
        { agents },
      ),
    ).toEqual([
      'steps/1/value unknown_name: steps.a.output.tilte is not known: the output schema has no "tilte".',
    ]);
  });

  it('are those of the failed step in its fallback', async () => {
    const fallback = { step: setStep('{{ error.message }}{{ steps.a.output }}') };
    expect(
      await unknownIn(sequenceOf(setStep(1, { id: 'a' }), agentStep('x', { onFailure: fallback }))),
    ).toEqual([]);
  });

  it('count for context, too', async () => {
    expect(
      await unknownIn(
        sequenceOf(
          setStep(1, { id: 'a' }),
          agentStep('x', { context: { from: ['a', 'b'] } }),
          setStep(1, { id: 'b' }),
        ),
      ),
    ).toEqual(['steps/1/context/from/1 unknown_name: No step "b" has ended where this is shown.']);
  });

  it('made inside a template are its own', async () => {
    expect(
      await unknownIn(
        setStep(
          '{% assign t = input.a %}{{ t }}{% for x in input.b %}{{ x }}{{ forloop.index }}{% endfor %}',
        ),
      ),
    ).toEqual([]);
  });
});

describe('templates that can not be read', () => {
  it.each([
    ['{{ input.a', 'not closed'],
    ['{{ input.a input.b }}', 'two values stand side by side'],
    ['{% if input.a not input.b %}{% endif %}', 'two values stand side by side'],
    ['{{ input.a : 1 }}', 'expected "|" before filter'],
    ['{{ input.a | nofilter }}', 'undefined filter: nofilter'],
    ['{% include "x" %}', 'tag "include" not found'],
    ['{% render "/etc/passwd" %}', 'tag "render" not found'],
    ['{% if input.a %}', 'not closed'],
    ['{{ "now" | date_to_string }}', 'undefined filter'],
    ['{{ input.list | sample }}', 'undefined filter'],
  ])('%s', async (template, reason) => {
    const [found] = await unknownIn(agentStep(template));
    expect(found).toContain('prompt invalid_template');
    expect(found).toContain(reason);
  });
});

describe('conditions that can not be read', () => {
  it.each([
    'input.a == 1 and',
    'input.a == 1 banana',
    'input.a = 1',
    '{{ input.a }}',
    'a == 1 and b or c',
    '== 1',
    'not',
  ])('%s', async (when) => {
    const [found] = await unknownIn(setStep(1, { when }));
    expect(found).toMatch(/^when invalid_condition/);
  });
});
