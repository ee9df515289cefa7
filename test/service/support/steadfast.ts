import type { House } from './house';

const agent = (instructions: string) => ({ model: 'claude-haiku', instructions, rateLimit: 1_000_000 });

/** Agents that decide the same however often they are asked, but for those that write, lead and refuse. */
export const agents = {
  writer: agent('You write.'),
  sorter: agent('You sort.'),
  strict: agent('You never approve.'),
  glad: agent('You are delighted.'),
  judge: agent('You reconcile.'),
  broken: agent('You refuse.'),
  lead: agent('You lead.'),
};

/** Has the vendor answer for them; the sorter always takes the same route. */
export async function scriptAgents({ vendor }: House, route: string): Promise<void> {
  const times = 1_000_000;
  const always = (match: string, json: object) =>
    vendor.script({ match, times, then: { type: 'answer', json: json as never } });
  await always('You sort.', { route, confidence: 1, reason: 'always' });
  await always('You never approve.', { approved: false, issues: ['too long'] });
  await always('You are delighted.', { score: 10, feedback: 'nothing' });
  await always('You reconcile.', { answer: 'yes', confidence: 1, agreements: [], disagreements: [] });
  await vendor.script({ match: 'You refuse.', times, then: { type: 'error', status: 400 } });
}
