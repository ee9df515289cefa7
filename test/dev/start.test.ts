import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { identify } from '../../src/dev/process-identity';
import { eventually } from '../support/eventually';
import { startPart } from '../support/part';
import { startService, type Service } from '../support/service';

jest.setTimeout(180_000);

const parts = ['api', 'worker', 'gateway', 'simulator', 'temporal', 'database'];

describe('a service with everything embedded', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({ env: { TEMPORAL_ADDRESS: '' }, ledger: 'embedded' });
  });
  afterAll(async () => {
    await service.close();
  });

  test('is ready, says where everything is, and that its models are simulated', async () => {
    expect((await service.request('GET', '/readyz')).status).toBe(200);
    const shown = service.output();
    expect(shown).toContain(`API          ${service.url}`);
    expect(shown).toContain(path.join(service.dataDir, 'api-key'));
    expect(shown).toContain('simulated: no vendor key is set');
    expect(shown).toContain(`FERMATA_URL=${service.url} DATA_DIR=${service.dataDir} npx fermata run`);
  });

  test('writes a log of every part', () => {
    expect(readdirSync(path.join(service.dataDir, 'logs')).sort()).toEqual(
      parts.map((part) => `${part}.log`).sort(),
    );
  });

  test('keeps a second service off its folder', async () => {
    const second = startPart('dev/main', { env: { DATA_DIR: service.dataDir, PORT: '0' } });
    await expect(second).rejects.toThrow(/another service \(process \d+\) runs on this folder/);
  });

  test('starts a killed gateway again, on its old address', async () => {
    const before = service.pid('gateway');
    process.kill(before, 'SIGKILL');
    await eventually('the gateway is back', () => /gateway is back/.exec(service.output()) ?? undefined);
    expect(service.pid('gateway')).not.toBe(before);
    await eventually('the service is ready', async () => {
      const { status } = await service.request('GET', '/readyz');
      return status === 200 ? true : undefined;
    });
  });
});

test('stops in order, leaving no process and no lock, and starts again with the same key', async () => {
  const first = await startService({ ledger: 'embedded' });
  const started = parts.filter((part) => part !== 'temporal');
  const pids = started.map((part) => first.pid(part));
  await first.stop();
  expect(pids.filter((pid) => identify(pid) !== undefined)).toEqual([]);
  expect(readdirSync(first.dataDir)).not.toContain('lock');
  expect(first.output()).toMatch(/Stopped in [\d.]+ s\.\n$/);
  const second = await startService({ dataDir: first.dataDir, ledger: 'embedded' });
  expect(second.key).toBe(first.key);
  await second.close();
});

test('goes on after every process of it was killed', async () => {
  const first = await startService({ ledger: 'embedded' });
  await first.kill();
  const second = await startService({ dataDir: first.dataDir, ledger: 'embedded' });
  expect((await second.request('GET', '/readyz')).status).toBe(200);
  await second.close();
});

test('ends its parts when it is killed alone', async () => {
  const service = await startService({ ledger: 'embedded' });
  const { pid, children } = JSON.parse(readFileSync(path.join(service.dataDir, 'lock'), 'utf8')) as {
    pid: number;
    children: { pid: number }[];
  };
  process.kill(pid, 'SIGKILL');
  await eventually('all are gone', () =>
    children.every((child) => identify(child.pid) === undefined) ? true : undefined,
  );
  rmSync(service.dataDir, { recursive: true, force: true });
});

describe('a start that can not be', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(tmpdir(), 'fermata-start-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true, force: true });
  });
  const start = (env: Record<string, string>): Promise<unknown> =>
    startPart('dev/main', { env: { DATA_DIR: dataDir, ...env } });

  test('names the setting of a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = (server.address() as AddressInfo).port;
    await expect(start({ PORT: String(port) })).rejects.toThrow(`PORT=${port}: the port is in use; set PORT`);
    server.close();
  });

  test.each([
    ['DATABASE_URL', 'mysql://x', 'is not a postgres:// URL'],
    ['SIMULATOR_LATENCY_MS', 'soon', 'is not a whole number from 0 to 60000'],
    ['PORT', '70000', 'is not a whole number from 0 to 65535'],
    ['LOG_LEVEL', 'loud', 'is none of trace, debug, info, warn, error, fatal'],
  ])('names a setting that makes no sense: %s', async (name, value, message) => {
    await expect(start({ [name]: value })).rejects.toThrow(`fermata: ${name}="${value}": ${message}.\n`);
  });

  test('names a data folder that can not be made', async () => {
    await expect(start({ DATA_DIR: '/dev/null/data' })).rejects.toThrow('DATA_DIR="/dev/null/data": ');
  });
});
