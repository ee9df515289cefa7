import { createParser } from 'eventsource-parser';
import { ask, planOf, useHouse } from './support/house';

const house = useHouse({ latencyMs: 300 });

interface Seen {
  id: number | null;
  type: string;
}

/** Reads a run's events until the stream ends or so many numbered ones have come, then hangs up. */
async function read(
  run: string,
  { after, atMost = Infinity }: { after?: number; atMost?: number } = {},
): Promise<Seen[]> {
  const seen: Seen[] = [];
  const response = await fetch(`${house.service.url}/v1/runs/${run}/events`, {
    headers: {
      authorization: `Bearer ${house.service.key}`,
      ...(after === undefined ? {} : { 'last-event-id': String(after) }),
    },
  });
  if (response.status !== 200) throw new Error(`${String(response.status)} ${await response.text()}`);
  const parser = createParser({
    onEvent: ({ id, event }) => seen.push({ id: id === undefined ? null : Number(id), type: event ?? '' }),
  });
  const decoder = new TextDecoder();
  const numbered = () => seen.filter(({ id }) => id !== null);
  for await (const chunk of response.body ?? []) {
    parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    // Leaving the loop hangs up.
    if (numbered().length >= atMost) break;
  }
  return numbered().slice(0, atMost);
}

const plan = planOf({
  type: 'sequence',
  steps: [
    { id: 'a', ...ask('one') },
    { id: 'b', ...ask('two') },
    { id: 'c', ...ask('three') },
  ],
});
const numbersTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test('resumes a stream that was cut again and again, with no event twice and none missing', async () => {
  const id = await house.start(plan);
  const seen: Seen[] = [];
  while (seen.at(-1)?.type !== 'run.finished') {
    const after = seen.at(-1)?.id;
    seen.push(...(await read(id, { atMost: 3, ...(after == null ? {} : { after }) })));
  }
  expect(seen.map((event) => event.id)).toEqual(numbersTo(seen.length));
  expect(seen[0]?.type).toBe('run.started');
  expect(seen.map(({ type }) => type)).toEqual(
    expect.arrayContaining([
      'step.started',
      'call.started',
      'call.finished',
      'step.finished',
      'state.version',
    ]),
  );

  // The same after the end, from the start and from the middle.
  expect(await read(id)).toEqual(seen);
  expect(await read(id, { after: 5 })).toEqual(seen.slice(5));
}, 60_000);

test('streams an answer as it comes', async () => {
  const id = await house.start(plan);
  const response = await fetch(`${house.service.url}/v1/runs/${id}/events`, {
    headers: { authorization: `Bearer ${house.service.key}`, accept: '*/*' },
  });
  const text = await response.text();
  const deltas = [...text.matchAll(/event: call\.delta\ndata: (.*)/g)].map(
    ([, data]) => JSON.parse(data ?? '') as { step: string; data: { text: string } },
  );
  const finished = [...text.matchAll(/event: call\.finished\ndata: (.*)/g)].map(
    ([, data]) => JSON.parse(data ?? '') as { step: string; data: { text: string } },
  );
  expect(finished).toHaveLength(3);
  const last = finished.at(-1);
  expect(
    deltas
      .filter(({ step }) => step === last?.step)
      .map(({ data }) => data.text)
      .join(''),
  ).toBe(last?.data.text);
}, 60_000);
