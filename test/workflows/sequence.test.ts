import type { SequenceNode } from '../../src/contract/skeleton';
import { sequence } from '../../src/workflows/patterns/sequence';
import { broken, done, scriptedScope, step } from './scripted-scope';

const of = (...ids: (string | undefined)[]): SequenceNode => ({
  type: 'sequence',
  steps: ids.map((id) => step(id)),
  onFailure: { type: 'fail' },
});

test('gives the output of the last step', async () => {
  const { scope, log } = scriptedScope({ steps: { a: done(1), 'steps.1': done(2) } });
  expect(await sequence(of('a', undefined), scope)).toEqual(done(2));
  expect(log.ran).toEqual(['a', 'steps.1']);
});

test('hands each step the output of the last one that was not skipped', async () => {
  const seen: unknown[] = [];
  const { scope } = scriptedScope({
    previous: 'input',
    steps: {
      a: (position) => (seen.push(position.names?.['previous']), done(1)),
      b: { type: 'skipped', reason: 'its condition is false' },
      c: (position) => (seen.push(position.names?.['previous']), done(3)),
    },
  });
  await sequence(of('a', 'b', 'c'), scope);
  expect(seen).toEqual([{ inline: 'input' }, { inline: 1 }]);
});

test('shows a step the outputs of those before it, in the order written', async () => {
  let shown: string[] = [];
  const { scope } = scriptedScope({
    steps: {
      a: done(1),
      b: done(2),
      c: (position) => ((shown = (position.preceding ?? []).map((block) => block.name)), done(3)),
    },
  });
  await sequence(of('a', 'b', 'c'), scope);
  expect(shown).toEqual(['steps.a.output', 'steps.b.output']);
});

test('ends with what it has when a step stops it, and runs nothing after', async () => {
  const stopped = {
    type: 'stopped',
    cause: 'budget',
    owner: 'run',
    step: 'b',
    reason: 'too dear',
    value: { inline: null },
  } as const;
  const { scope, log } = scriptedScope({ steps: { a: done('draft'), b: stopped } });
  expect(await sequence(of('a', 'b', 'c'), scope)).toEqual({ ...stopped, value: { inline: 'draft' } });
  expect(log.ran).toEqual(['a', 'b']);
});

test('passes a failure on with the outputs made before it', async () => {
  const { scope } = scriptedScope({ steps: { a: done('draft'), b: broken('refused') } });
  expect(await sequence(of('a', 'b'), scope)).toMatchObject({ type: 'failed', value: { inline: 'draft' } });
});
