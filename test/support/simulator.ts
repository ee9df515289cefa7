import { createSimulator } from '../../src/simulator/app';
import type { Entry, Totals } from '../../src/simulator/record';
import type { RuleInput } from '../../src/simulator/script';

export interface TestSimulator {
  url: string;
  /** Adds a rule for calls to come; the first that fits a call is used. */
  script(rule: RuleInput): Promise<void>;
  clearScript(): Promise<void>;
  /** Every request that reached it, in order. */
  ledger(): Promise<Entry[]>;
  /** How many calls for an answer reached it, and what a vendor would bill for them. */
  totals(): Promise<Totals>;
  close(): Promise<void>;
}

/** The simulated vendor in this process, on a free port. Knows every model; answers at once unless told. */
export async function startSimulator({ latencyMs = 0 }: { latencyMs?: number } = {}): Promise<TestSimulator> {
  const simulator = createSimulator({
    latencyMs,
    controlKey: null,
    knows: (model) => !model.startsWith('no-such-'),
  });
  const url = await simulator.listen(0);
  return { url, ...simulatorAt(url), close: () => simulator.close() };
}

/** The same for a simulated vendor that runs elsewhere, such as one that `npm start` has started. */
export function simulatorAt(url: string, key?: string): Omit<TestSimulator, 'url' | 'close'> {
  const headers = {
    'content-type': 'application/json',
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${url}/simulator/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }
  return {
    async script(rule) {
      await ask('POST', 'script', rule);
    },
    async clearScript() {
      await ask('DELETE', 'script');
    },
    async ledger() {
      return (await ask('GET', 'ledger')) as Entry[];
    },
    async totals() {
      return (await ask('GET', 'ledger?count')) as Totals;
    },
  };
}
