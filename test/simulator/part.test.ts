import Anthropic from '@anthropic-ai/sdk';
import { startPart } from '../support/part';
import { simulatorAt, startSimulator } from '../support/simulator';

const key = 'an-internal-key-of-a-test';
const request = {
  max_tokens: 4096,
  messages: [{ role: 'user' as const, content: 'Market angle of heat pumps' }],
};

describe('the simulated vendor as a process of its own', () => {
  test('knows the models of the catalog, shows its record only for the internal key, and ends when told', async () => {
    const part = await startPart('simulator/main', {
      env: { FERMATA_INTERNAL_KEY: key, SIMULATOR_LATENCY_MS: '0', SIMULATOR_PORT: '0' },
    });
    try {
      const url = part.url ?? '';
      const client = new Anthropic({ apiKey: 'any', baseURL: url, maxRetries: 0, timeout: 5000 });
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      const answer = await client.messages.create({ ...request, model: 'claude-sonnet-5-5' });
      expect(answer.stop_reason).toBe('end_turn');
      await expect(client.messages.create({ ...request, model: 'claude-sonnet' })).rejects.toMatchObject({
        status: 404,
      });
      await expect(simulatorAt(url).totals()).rejects.toThrow('401');
      expect(await simulatorAt(url, key).totals()).toMatchObject({
        calls: 2,
        outputTokens: answer.usage.output_tokens,
      });
    } finally {
      await part.stop();
    }
    expect(part.child.exitCode).toBe(0);
  });

  describe('with an answer half given', () => {
    async function partInTheMiddle() {
      const part = await startPart('simulator/main', {
        env: { FERMATA_INTERNAL_KEY: key, SIMULATOR_LATENCY_MS: '2000', SIMULATOR_PORT: '0' },
      });
      const client = new Anthropic({ apiKey: 'any', baseURL: part.url, maxRetries: 0, timeout: 10_000 });
      const stream = client.messages.stream({ ...request, model: 'claude-sonnet-5-5' });
      const answer = stream.finalMessage();
      answer.catch(() => undefined);
      await new Promise((resolve) => stream.once('text', resolve));
      return { part, answer };
    }

    test('gives the rest when it is left alone, and ends when nobody is connected any more', async () => {
      const { part, answer } = await partInTheMiddle();
      part.child.disconnect();
      expect(await answer).toMatchObject({ stop_reason: 'end_turn' });
      await part.ended;
      expect(part.child.exitCode).toBe(0);
    });

    test('hangs up at once when it is told to end', async () => {
      const { part, answer } = await partInTheMiddle();
      await part.stop();
      await expect(answer).rejects.toThrow();
      expect(part.child.exitCode).toBe(0);
    });
  });

  test('takes about as long as it is told to, and lets its words be seen as they come', async () => {
    const simulator = await startSimulator({ latencyMs: 400 });
    try {
      const client = new Anthropic({ apiKey: 'any', baseURL: simulator.url, maxRetries: 0, timeout: 5000 });
      const at: number[] = [];
      const stream = client.messages.stream({ ...request, model: 'claude-sonnet-5-5' });
      stream.on('text', () => at.push(Date.now()));
      await stream.finalMessage();
      const [entry] = await simulator.ledger();
      const took = Date.parse(entry?.completedAt ?? '') - Date.parse(entry?.at ?? '');
      expect(took).toBeGreaterThanOrEqual(300);
      expect(at.length).toBeGreaterThan(10);
      expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThan(150);
    } finally {
      await simulator.close();
    }
  });
});
