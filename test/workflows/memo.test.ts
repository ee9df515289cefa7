import type { Value } from '../../src/contract/value';
import { fromStepMemo, toStepMemo, type StepMemo } from '../../src/workflows/memo';
import { createProgress, type EndedStep, type Progress } from '../../src/workflows/progress';
import { done } from './scripted-scope';

const ended = (id: string | null): EndedStep => ({ id, outcome: done(id), status: 'completed' });
const throughJson = (progress: Progress) =>
  fromStepMemo(JSON.parse(JSON.stringify(toStepMemo(progress))) as StepMemo);
const known: Value = { inline: 'known' };

test('brings a step back as far as it had come', () => {
  const progress: Progress = {
    ...createProgress(),
    results: [{ type: 'value', value: known }],
    asks: new Map([
      [
        'reviewer.1',
        {
          type: 'asking',
          model: 1,
          attempt: 2,
          prior: [{ type: 'continue', answer: known }],
          reasksLeft: 0,
          continuationsLeft: 1,
          waitedMs: 5000,
          waitUntil: 1_700_000_000_000,
        },
      ],
    ]),
    decisions: [{ type: 'open', approval: 'apr_1', dueAt: 1_700_000_000_000 }],
    ending: {
      ...{ type: 'stopped', cause: 'step_time', owner: 'a', step: 'a' },
      ...{ reason: 'late', value: known },
    },
    left: { step: { ms: 1500, since: null }, limit: { ms: 10, since: 1_700_000_000_000 } },
    inside: new Map([['a.b', createProgress()]]),
  };
  expect(throughJson(progress).progress).toEqual(progress);
});

test('tells of ended steps in the order in which they ended, and counts them at every depth', () => {
  const inner = { ...createProgress(), ended: new Map([['x.2', ended(null)]]) };
  const progress = {
    ...createProgress(),
    ended: new Map([
      ['x.1', ended('one')],
      ['x.0', ended('nought')],
    ]),
    inside: new Map([['x', inner]]),
  };
  const back = throughJson(progress);
  expect(back.progress.untold).toEqual(['x.1', 'x.0']);
  expect(back.progress.inside.get('x')?.untold).toEqual(['x.2']);
  expect(back.untold).toBe(3);
});

test('carries only those names that don’t come by themselves when patterns are told again', () => {
  const repetition = {
    ...createProgress(),
    frame: new Map([['own', known]]),
    ended: new Map([['y.0', ended('deep')]]),
  };
  const open = { ...createProgress(), ended: new Map([['x.0', ended('inside')]]) };
  const progress = {
    ...createProgress(),
    frame: new Map([
      ['direct', known],
      ['inside', known],
      ['hidden', known],
      ['deep', known],
    ]),
    ended: new Map([['direct', ended('direct')]]),
    inside: new Map([
      ['x', open],
      ['y', repetition],
    ]),
  };
  const { progress: back } = throughJson(progress);
  expect([...(back.frame?.keys() ?? [])]).toEqual(['hidden', 'deep']);
  expect([...(back.inside.get('y')?.frame?.keys() ?? [])]).toEqual(['own']);
});

test('stays small for a thousand ended steps', () => {
  const value: Value = { ref: 'f'.repeat(64), bytes: 5000, tokens: 1250, preview: 'p'.repeat(200) };
  const steps = Array.from({ length: 1000 }, (_, index): [string, EndedStep] => [
    `s${String(index)}`,
    { id: `s${String(index)}`, outcome: { type: 'completed', value }, status: 'completed' },
  ]);
  const progress = {
    ...createProgress(),
    ended: new Map(steps),
    frame: new Map(steps.map(([id]) => [id, value])),
  };
  expect(JSON.stringify(toStepMemo(progress)).length).toBeLessThan(512 * 1024);
});
