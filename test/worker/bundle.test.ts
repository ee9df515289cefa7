import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectFolder } from '../support/part';

const code = readFileSync(path.join(projectFolder, 'dist', 'workflow-bundle.js'), 'utf8');

test('bundles workflows, the contract and Temporal’s own packages, and nothing else', () => {
  const found = code.matchAll(/"\.\/(node_modules\/(?:@[^/"]+\/)?[^/"]+|dist\/[a-z]+)/g);
  const modules = [...new Set([...found].map(([, name]) => name))].sort();
  expect(modules).toEqual([
    'dist/contract',
    'dist/worker',
    'dist/workflows',
    'node_modules/@opentelemetry/api',
    'node_modules/@opentelemetry/core',
    'node_modules/@opentelemetry/resources',
    'node_modules/@opentelemetry/sdk-trace',
    'node_modules/@opentelemetry/sdk-trace-base',
    'node_modules/@opentelemetry/semantic-conventions',
    'node_modules/@temporalio/common',
    'node_modules/@temporalio/interceptors-opentelemetry-v2',
    'node_modules/@temporalio/workflow',
    'node_modules/long',
    'node_modules/ms',
    'node_modules/nexus-rpc',
  ]);
});

test('stays small: a schema library or a vendor’s SDK would show here', () => {
  expect(Buffer.byteLength(code)).toBeLessThan(3.6 * 1024 * 1024);
  expect(code).not.toMatch(/node_modules\/(zod|ajv|liquidjs|@anthropic-ai)/);
});

test('holds of the worker nothing but what is set before workflows run', () => {
  const files = [...code.matchAll(/"\.\/dist\/worker\/([a-z-]+)\.js"/g)].map(([, name]) => name);
  expect([...new Set(files)]).toEqual(['preloaded']);
});
