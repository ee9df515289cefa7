import type { Value } from '../../src/contract/value';
import { createWorkspace } from '../../src/workflows/workspace';

const text = (json: string): Value => ({ inline: json });
const begun = ['root', 'study', 'study.a', 'study.b', 'study.b.one', 'study.a.one', 'study.b.two', 'last'];

test('puts sections in the order of the plan, whichever was written first', () => {
  const workspace = createWorkspace(() => begun);
  for (const path of ['study.b.two', 'study.b.one', 'last', 'study.a.one']) workspace.write(path, text(path));
  const ordered = ['study.a.one', 'study.b.one', 'study.b.two', 'last'];
  expect(workspace.blocks().map(({ name }) => name)).toEqual(ordered.map((path) => `workspace.${path}`));
  expect(workspace.whole()).toEqual({
    parts: Object.fromEntries(ordered.map((path) => [path, text(path)])),
  });
});

test('shows who began before a section was written what there was then, also to the next Temporal run', () => {
  const workspace = createWorkspace(() => begun);
  workspace.write('study.b', text('first'));
  const size = workspace.size();
  workspace.write('study.a', text('second'));
  const later = createWorkspace(() => begun);
  later.goOnFrom(workspace.written());
  for (const each of [workspace, later]) {
    expect(each.whole(size)).toEqual({ parts: { 'study.b': text('first') } });
    expect(each.size()).toBe(2);
  }
});

test('is empty at first, and keeps one section of a step', () => {
  const workspace = createWorkspace(() => begun);
  expect(workspace.whole()).toEqual({ parts: {} });
  for (const value of ['one', 'two']) workspace.write('last', text(value));
  expect(workspace.blocks()).toEqual([{ name: 'workspace.last', value: text('two') }]);
});

test('takes over what is written around it, and tells only what was added', () => {
  const inner = createWorkspace(() => ['study.b.one', 'study.b.two']);
  inner.inherit([['study.a', text('above')]]);
  for (const path of ['study.b.two', 'study.b.one']) inner.write(path, text(path));
  expect(inner.sections().map(([path]) => path)).toEqual(['study.a', 'study.b.one', 'study.b.two']);
  expect(inner.added()).toEqual(['study.b.one', 'study.b.two'].map((path) => [path, text(path)]));
});
