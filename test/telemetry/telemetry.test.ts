import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectFolder } from '../support/part';

/** A request through Fastify, a log line, a count and the headers to the next process, as one process of ours. */
const script = `
  const { metrics } = require('@opentelemetry/api');
  const fastify = require('fastify');
  const { readConfig } = require('./dist/config');
  const { createLogger } = require('./dist/telemetry/logger');
  const { fastifyTelemetry } = require('./dist/telemetry/fastify');
  const { startTelemetry } = require('./dist/telemetry/telemetry');
  const { traceHeaders } = require('./dist/telemetry/trace-headers');
  (async () => {
    const config = readConfig();
    const telemetry = startTelemetry('gateway', config);
    const logger = createLogger(config, 'gateway');
    const app = fastify();
    await app.register(fastifyTelemetry());
    app.get('/calls/:key', () => {
      logger.info('asked');
      metrics.getMeter('fermata').createCounter('fermata_calls').add(2);
      return traceHeaders();
    });
    const { body } = await app.inject({ url: '/calls/1', headers: { traceparent: process.argv[1] } });
    console.log(body);
    console.log(JSON.stringify(await telemetry.metricsText()));
    await app.close();
    await telemetry.shutdown();
  })();
`;
const traceId = '0af7651916cd43dd8448eb211c80319c';

interface Span {
  traceId: string;
  parentSpanId: string;
  name: string;
}
interface Sent {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue: string } }[] };
    scopeSpans: { spans: Span[] }[];
  }[];
}

let collector: Server;
let received: Record<string, string>;
beforeEach(async () => {
  received = {};
  collector = createServer((request, response) => {
    let body = '';
    request.on('data', (text: Buffer) => (body += text.toString()));
    request.on('end', () => {
      received[request.url ?? ''] = body;
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
});
afterEach(() => {
  collector.close();
});

async function run(env: Record<string, string>): Promise<[log: string, headers: string, metrics: string]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['-e', script, `00-${traceId}-b7ad6b7169203331-01`],
    { cwd: projectFolder, env: { PATH: process.env['PATH'], ...env } },
  );
  return stdout.trim().split('\n') as [string, string, string];
}

test('joins the trace of the caller and hands it on, in headers and log lines, though nobody collects it', async () => {
  const [log, headers] = await run({});
  expect(JSON.parse(log)).toMatchObject({ part: 'gateway', trace_id: traceId, msg: 'asked' });
  const { traceparent } = JSON.parse(headers) as { traceparent: string };
  expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
  expect(traceparent).not.toContain('b7ad6b7169203331');
  expect(received).toEqual({});
});

test('tells what it measured in the text of Prometheus', async () => {
  const [, , metrics] = await run({});
  expect(JSON.parse(metrics)).toMatch(/^fermata_calls_total\{[^}]*\} 2$/m);
});

test('sends spans and metrics to the collector that the standard settings name', async () => {
  const { port } = collector.address() as AddressInfo;
  await run({
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
  });
  expect(Object.keys(received).sort()).toEqual(['/v1/metrics', '/v1/traces']);
  const { resource, scopeSpans } = (JSON.parse(received['/v1/traces'] ?? '') as Sent).resourceSpans[0] ?? {
    resource: { attributes: [] },
    scopeSpans: [],
  };
  const attributes = Object.fromEntries(
    resource.attributes.map(({ key, value }) => [key, value.stringValue]),
  );
  expect(attributes).toMatchObject({ 'service.name': 'fermata-gateway', 'deployment.environment': 'test' });
  expect(scopeSpans.flatMap(({ spans }) => spans)).toMatchObject([
    { traceId, parentSpanId: 'b7ad6b7169203331', name: 'GET /calls/:key' },
  ]);
});

test('sends only what it is asked for', async () => {
  const { port } = collector.address() as AddressInfo;
  await run({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/spans`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  expect(Object.keys(received)).toEqual(['/spans']);
});
