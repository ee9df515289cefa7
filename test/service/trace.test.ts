import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../support/eventually';
import { ask, openHouse, planOf, type House } from './support/house';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string | number };
}
interface Span {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  service: string;
  attributes: Attribute[];
}

/** A collector of the standard protocol, JSON over HTTP. */
async function startCollector(): Promise<{ url: string; spans: Span[]; close(): Promise<void> }> {
  const spans: Span[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks);
      if (request.url === '/v1/traces')
        spans.push(...spansOf(request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    url,
    spans,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function spansOf(body: Buffer): Span[] {
  const { resourceSpans } = JSON.parse(body.toString('utf8')) as {
    resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Span[] }[] }[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service })));
  });
}

let house: House;
let collector: Awaited<ReturnType<typeof startCollector>>;
beforeAll(async () => {
  collector = await startCollector();
  house = await openHouse({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
  });
}, 120_000);
afterAll(async () => {
  await house.close();
  await collector.close();
}, 60_000);

test('makes one trace of a run: request, workflow, steps, activities, gateway, and the vendor’s call with its tokens', async () => {
  const id = await house.start(
    planOf({
      type: 'sequence',
      steps: [
        { id: 'first', ...ask('one') },
        { id: 'second', ...ask('two') },
      ],
    }),
  );
  await house.ended(id);
  const named = (part: RegExp) => trace.filter(({ name }) => part.test(name));
  let trace: typeof collector.spans = [];
  // Each part sends its own when it likes.
  await eventually('the spans of the run have arrived', () => {
    const found = collector.spans.find(
      ({ name, attributes }) =>
        name === 'step second' && attributes.some(({ value }) => value.stringValue === id),
    );
    trace = collector.spans.filter(({ traceId }) => traceId === found?.traceId);
    const isThere = named(/^RunWorkflow:sequence$/).length > 0 && named(/^gateway\.call$/).length === 2;
    return isThere && named(/POST.*\/v1\/runs|handler.*runs/i).length > 0 ? true : undefined;
  });
  expect(named(/POST.*\/v1\/runs|handler.*runs/i).length).toBeGreaterThan(0);
  expect(named(/^step (root|first|second)$/)).toHaveLength(3);
  expect(named(/^RunActivity:callModel$/)).toHaveLength(2);
  expect(named(/^gateway\.call$/)).toHaveLength(2);
  const vendor = trace.filter(({ attributes }) =>
    attributes.some(({ key }) => key === 'gen_ai.usage.output_tokens'),
  );
  expect(vendor.length).toBeGreaterThanOrEqual(2);
  // Every span but the first hangs on another of the same trace.
  const ids = new Set(trace.map(({ spanId }) => spanId));
  const orphans = trace.filter(
    ({ parentSpanId }) => parentSpanId !== undefined && parentSpanId !== '' && !ids.has(parentSpanId),
  );
  expect(orphans.map(({ name }) => name)).toEqual([]);
}, 60_000);
