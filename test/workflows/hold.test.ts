import type { HeldNode } from '../../src/contract/node-parts';
import type { AgentNode } from '../../src/contract/skeleton';
import type { Value } from '../../src/contract/value';
import { agent } from '../../src/workflows/patterns/agent';
import type { Settled } from '../../src/workflows/scope';
import { broken, done, scriptedScope } from './scripted-scope';

const held = (risk: HeldNode['risk']): AgentNode => ({
  ...{ type: 'agent', agent: 'payer', prompt: { at: '/p', uses: [] }, onFailure: { type: 'fail' } },
  context: { mode: 'none', maxTokens: 1 },
  held: { risk, timeoutMs: 1, schemaAt: '/agents/payer/output' },
});
const answers = (outcome = done('an answer')) => [{ type: 'answered', outcome, steer: null } as const];
const settled = (rest: Partial<Settled>): Settled => ({
  ...{ status: 'approved', decision: 'approve', by: 'ada', comment: null, content: { inline: 'an answer' } },
  ...rest,
});

test('what people make of an answer is the output', async () => {
  const content = { inline: 'an edit' };
  const decisions = [settled({ decision: 'edit', content })];
  const { scope, log } = scriptedScope({ answers: answers(), decisions });
  expect(await agent(held('high'), scope)).toMatchObject({ type: 'completed', value: content });
  expect(log.matters).toMatchObject([
    { content: { inline: 'an answer' }, risk: 'high', schemaAt: '/agents/payer/output' },
  ]);
});

test('an answer that is less than it should be stays so once it is approved', async () => {
  const cut = { type: 'incomplete', code: 'truncated', reason: 'cut', value: { inline: 'an ans' } } as const;
  const { scope } = scriptedScope({ answers: answers(cut), decisions: [settled({})] });
  expect(await agent(held('low'), scope)).toMatchObject({ type: 'incomplete', code: 'truncated' });
});

test('nobody is asked about what failed', async () => {
  const { scope, log } = scriptedScope({ answers: answers(broken('refused')) });
  expect(await agent(held('high'), scope)).toMatchObject({ type: 'failed' });
  expect(log.matters).toEqual([]);
});

test('what nobody decides in time fails, and what is rejected is', async () => {
  const late = settled({ status: 'expired', decision: null });
  const first = scriptedScope({ answers: answers(), decisions: [late] });
  expect(await agent(held('high'), first.scope)).toMatchObject({ error: { code: 'approval_expired' } });
  const no = settled({ status: 'rejected', decision: 'reject', comment: 'no' });
  const second = scriptedScope({ answers: answers(), decisions: [no] });
  expect(await agent(held('high'), second.scope)).toMatchObject({ type: 'rejected', comment: 'no' });
});

test.each<[Value, string]>([
  [{ inline: 'some\n' }, '"some"'],
  [{ inline: 3 }, '3'],
  [{ inline: null }, 'null'],
  [{ inline: { level: 'high' } }, '{"level":"high"}'],
  [{ ref: 'r', bytes: 999, tokens: 9, preview: 'a long\ntext' }, 'a long text …'],
])('a risk that is none is shown: %j', async (value, shown) => {
  const { scope } = scriptedScope({});
  const risk = { at: '/flow/risk', uses: [] };
  expect(await agent(held(risk), { ...scope, value: () => Promise.resolve(value) })).toMatchObject({
    error: { message: `/flow/risk: The risk is low, medium or high, not ${shown}.` },
  });
});
