import picocolors from 'picocolors';
import type { WatchedEvent } from '../../src/cli/watch/facts';
import { treeRows } from '../../src/cli/watch/rows';
import { emptyTree, takeEvent, type RunTree } from '../../src/cli/watch/run-tree';
import { fitRows, treeLines } from '../../src/cli/watch/tree-lines';

const drawing = { colors: picocolors.createColors(false), frame: null };
const second = (count: number) => new Date(Date.UTC(2026, 10, 20, 12, 0, count)).toISOString();

type Fact = { type: string; step: string | null; data: unknown };

/** A tree that has seen these facts, one a second. */
function treeOf(...facts: Fact[]): RunTree {
  const tree = emptyTree();
  facts.forEach((fact, index) => {
    takeEvent(tree, { seq: index + 1, at: second(index), runId: 'run1', ...fact } as WatchedEvent);
  });
  return tree;
}

function draw(tree: RunTree, at: number): string[] {
  return treeLines(treeRows(tree, Date.parse(second(at))), drawing);
}

const begin = (step: string, type: string, agent: string | null = null): Fact => ({
  type: 'step.started',
  step,
  data: { type, id: null, agent },
});
const end = (step: string, type: string, status = 'completed', error: unknown = null): Fact => ({
  type: 'step.finished',
  step,
  data: { type, id: null, status, output: null, decision: null, error, stateVersion: 1 },
});
const call = (step: string, agent: string, model = 'claude-sonnet'): Fact => ({
  type: 'call.started',
  step,
  data: { call: `${step}/t1`, agent, model, attempt: 1 },
});
const answered = (step: string, agent: string, costUsd: number, model = 'claude-sonnet'): Fact => ({
  type: 'call.finished',
  step,
  data: {
    ...{ call: `${step}/t1`, agent, model, status: 'done', text: 'x', stop: 'end', error: null },
    usage: { modelCalls: 1, inputTokens: 700, outputTokens: 500, cachedTokens: 0, costUsd },
  },
});

describe('the tree of a watched run', () => {
  it('puts branches under their step and adds their tokens and money up there', () => {
    const tree = treeOf(
      begin('root', 'sequence'),
      begin('research', 'parallel'),
      begin('research.market', 'agent', 'researcher'),
      begin('research.tech', 'agent', 'researcher'),
      call('research.market', 'researcher'),
      answered('research.market', 'researcher', 0.01),
      call('research.tech', 'researcher'),
      answered('research.tech', 'researcher', 0.02),
      end('research.market', 'agent'),
    );
    expect(draw(tree, 9)).toEqual([
      '… research  parallel                    2.4k tok  $0.0300  8.0s',
      '  ✓ market  researcher · claude-sonnet  1.2k tok  $0.0100  6.0s',
      '  … tech    researcher · claude-sonnet  1.2k tok  $0.0200  6.0s',
    ]);
    expect(tree.calls).toBe(2);
  });

  it("shows the calls of a pattern's own agents under the step that makes them", () => {
    const tree = treeOf(
      begin('root', 'sequence'),
      begin('gate', 'review', 'reviewer'),
      call('gate.reviewer.1', 'reviewer', 'claude-haiku'),
      answered('gate.reviewer.1', 'reviewer', 0.001, 'claude-haiku'),
    );
    expect(draw(tree, 4)[1]).toBe('  ✓ reviewer.1  reviewer · claude-haiku  1.2k tok  $0.001000  1.0s');
  });

  it('says what the reviewer found, also where the finding was too large for the stream', () => {
    const verdict = (decision: unknown): Fact => ({
      type: 'decision.made',
      step: 'gate.reviewer.1',
      data: { kind: 'reviewer', agent: 'reviewer', by: null, stateVersion: 1, decision },
    });
    const judged = (decision: unknown) =>
      draw(treeOf(call('gate.reviewer.1', 'reviewer'), verdict(decision)), 2)[0];
    expect(judged({ approved: true, issues: [] })).toContain('  approved');
    expect(judged({ approved: false, issues: ['No source.', 'Too long.'] })).toContain(
      '  not approved: No source.; Too long.',
    );
    expect(judged({ truncated: true, bytes: 90_000, preview: '', at: '/v1/runs/run1' })).toContain(
      '  judged',
    );
  });

  it('hangs a step whose parent is no step of its own under the nearest one', () => {
    const tree = treeOf(
      begin('root', 'sequence'),
      begin('gate', 'review'),
      begin('gate.revise.1', 'agent', 'writer'),
    );
    expect(draw(tree, 3)[1]).toContain('  … revise.1');
  });

  it('draws a plan of a single step as that step', () => {
    const tree = treeOf(begin('root', 'agent', 'writer'), call('root', 'writer'));
    expect(draw(tree, 2)).toEqual(['… root  writer · claude-sonnet  2.0s']);
  });

  it('says why a step failed, was skipped or waits', () => {
    const error = { code: 'refused', message: 'The model refused.', step: 'a', retryable: false };
    const tree = treeOf(
      begin('root', 'sequence'),
      end('a', 'agent', 'failed', error),
      {
        type: 'step.skipped',
        step: 'b',
        data: { type: 'agent', id: null, reason: 'its condition is false' },
      },
      begin('c', 'approval'),
      {
        type: 'approval.requested',
        step: 'c',
        data: {
          approval: 'ap1',
          kind: 'approval',
          title: 'Publish?',
          risk: 'high',
          dueAt: null,
          digest: 'd',
        },
      },
    );
    expect(draw(tree, 5)).toEqual([
      '✗ a  agent     0.0s  refused: The model refused.',
      '– b  agent           its condition is false',
      '? c  approval  2.0s  Publish?',
    ]);
    expect([...tree.approvals.keys()]).toEqual(['ap1']);
  });

  it('keeps who decided an approval, and forgets the approval', () => {
    const tree = treeOf(
      begin('c', 'approval'),
      {
        type: 'approval.decided',
        step: 'c',
        data: {
          approval: 'ap1',
          status: 'edited',
          decision: 'edit',
          by: 'ann',
          comment: 'shorter',
          via: 'api',
          content: 'x',
        },
      },
      end('c', 'approval'),
    );
    expect(draw(tree, 3)).toEqual(['✓ c  approval  2.0s  edited by ann: shorter']);
    expect(tree.approvals.size).toBe(0);
  });

  it('shows the end of the answer that is being written, made harmless', () => {
    const delta = (text: string): Fact => ({ type: 'call.delta', step: 'a', data: { call: 'a/t1', text } });
    const tree = treeOf(
      begin('a', 'agent', 'writer'),
      call('a', 'writer'),
      delta('Heat\n'),
      delta('pumps\u001b[2J'),
    );
    expect(draw(tree, 4)[0]).toContain('…Heat pumps\\u{1b}[2J');
  });

  it('closes what was still open when the run was cancelled', () => {
    const finished = {
      type: 'run.finished',
      step: null,
      data: { status: 'cancelled', output: null, incomplete: [], error: null, activeMs: 1 },
    };
    const tree = treeOf(begin('root', 'sequence'), begin('a', 'agent', 'writer'), finished);
    expect(draw(tree, 99)).toEqual(['– a  writer  1.0s']);
    expect(tree.status).toBe('cancelled');
  });

  it('folds what has ended first where a terminal has too few lines', () => {
    const tree = treeOf(
      begin('root', 'sequence'),
      begin('one', 'parallel'),
      ...Array.from({ length: 20 }, (_, index) => end(`one.${String(index)}`, 'agent')),
      end('one', 'parallel'),
      begin('two', 'parallel'),
      ...Array.from({ length: 5 }, (_, index) => begin(`two.${String(index)}`, 'agent', 'writer')),
    );
    const { rows, hidden } = fitRows(treeRows(tree, Date.parse(second(40))), 8);
    expect(treeLines(rows, drawing).map((line) => line.trim().split(/ +/)[1])).toEqual([
      'one',
      'two',
      '0',
      '1',
      '2',
      '3',
      '4',
    ]);
    expect(hidden).toBe(20);
  });

  it('never draws more lines than there is room for', () => {
    const tree = treeOf(
      begin('root', 'parallel'),
      ...Array.from({ length: 300 }, (_, index) => begin(`root.${String(index)}`, 'agent')),
    );
    const { rows, hidden } = fitRows(treeRows(tree, Date.parse(second(0))), 10);
    expect(treeLines(rows, drawing)).toHaveLength(10);
    expect(hidden).toBe(290);
  });
});
