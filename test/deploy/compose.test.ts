import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../src/config';
import { searchAttributes as names } from '../../src/contract/workflow';
import { limits } from '../../src/contract/limits';
import { dynamicConfiguration, searchAttributes } from '../../src/dev/temporal/profile';
import { graceMs } from '../../src/worker/settings';
import { projectFolder } from '../support/part';

const text = (file: string) => readFileSync(path.join(projectFolder, file), 'utf8');

interface Part {
  image: string;
  command?: string[];
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: string }>;
  deploy?: { replicas: number };
  healthcheck?: { test: string[] };
  ports?: string[];
  volumes?: string[];
  stop_grace_period?: string;
  user?: string;
}

const compose = parse(text('docker-compose.yml'), { merge: true }) as { services: Record<string, Part> };
const { services } = compose;
const parts = ['api', 'worker', 'gateway-1', 'gateway-2'] as const;
const part = (name: string): Part => {
  const found = services[name];
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
};
/** As the container sees it once `.env` is filled in. */
const environment = (name: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(part(name).environment ?? {}).map(([setting, value]) => [
      setting,
      String(value)
        .replace(/\$\{(\w+):\?[^}]*\}/g, 'secret-of-twenty-characters')
        .replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
    ]),
  );

test('sets nothing that the parts do not know, and nothing that they refuse', () => {
  const known = new Set(text('src/config.ts').match(/\b[A-Z][A-Z_]+(?=:)/g));
  for (const name of parts) {
    const settings = environment(name);
    expect(Object.keys(settings).filter((setting) => !known.has(setting))).toEqual([]);
    expect(() => readConfig(settings)).not.toThrow();
  }
});

test('gives every part what it demands when it is started alone', () => {
  for (const [name, source] of [
    ['api', 'api'],
    ['worker', 'worker'],
    ['gateway-1', 'gateway'],
  ] as const) {
    const demanded = /demand\(settings, \[([^\]]*)\]/.exec(text(`src/${source}/main.ts`))?.[1] ?? '';
    const settings = demanded.match(/[A-Z][A-Z_]+/g) ?? [];
    expect(settings.length).toBeGreaterThan(1);
    expect(Object.keys(environment(name))).toEqual(expect.arrayContaining(settings));
  }
});

test('hands the key of the vendor to the gateways and to nobody else', () => {
  const holders = Object.keys(services).filter((name) => 'ANTHROPIC_API_KEY' in environment(name));
  expect(holders).toEqual(['gateway-1', 'gateway-2']);
});

test('runs two workers and two gateways, and names the gateways where others look for them', () => {
  expect(part('worker').deploy?.replicas).toBe(2);
  const ports = parts.slice(2).map((name) => `http://${name}:${environment(name)['GATEWAY_PORT'] ?? ''}`);
  for (const name of ['api', 'worker']) expect(environment(name)['GATEWAY_URL']?.split(',')).toEqual(ports);
  for (const name of parts.slice(2)) expect(environment(name)['GATEWAY_HOST']).toBe('0.0.0.0');
});

test('asks each part for its health where it listens', () => {
  const asked = (name: string) => part(name).healthcheck?.test.at(-1);
  const api = environment('api');
  expect(asked('api')).toBe(`http://127.0.0.1:${api['PORT'] ?? ''}/healthz`);
  expect(part('api').ports).toEqual([`127.0.0.1:3000:${api['PORT'] ?? ''}`]);
  expect(text('src/api/routes/health.ts')).toContain("'/healthz'");
  for (const name of parts.slice(2))
    expect(asked(name)).toBe(`http://127.0.0.1:${environment(name)['GATEWAY_PORT'] ?? ''}/healthz`);
  expect(text('src/gateway/app.ts')).toContain("'/healthz'");
  const worker = environment('worker');
  expect(asked('worker')).toBe(`http://127.0.0.1:${worker['WORKER_METRICS_PORT'] ?? ''}/metrics`);
  for (const name of parts)
    expect(part(name).healthcheck?.test.slice(1, 3)).toEqual(['node', 'scripts/health.mjs']);
});

test('gives each part longer to stop than it takes at most', () => {
  const seconds = (name: string) => Number(/^(\d+)s$/.exec(part(name).stop_grace_period ?? '')?.[1]);
  expect(seconds('gateway-1')).toBeGreaterThan(limits.drainSecondsMax);
  expect(seconds('worker') * 1000).toBeGreaterThan(graceMs + 10_000);
  expect(seconds('api')).toBeGreaterThan(10);
});

test('starts only what is built, and mounts only what is there', () => {
  for (const name of parts) {
    const [program, file = ''] = part(name).command ?? [];
    expect(program).toBe('node');
    expect(existsSync(path.join(projectFolder, file.replace(/^dist/, 'src').replace(/js$/, 'ts')))).toBe(
      true,
    );
  }
  const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
    volumes.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':')[0] ?? ''),
  );
  expect(mounted.length).toBeGreaterThan(0);
  for (const file of mounted) expect(existsSync(path.join(projectFolder, file))).toBe(true);
  for (const name of ['temporal-schema', 'temporal-namespace']) {
    const script = (services[name] as Part & { entrypoint: string[] }).entrypoint.at(-1) ?? '';
    expect(existsSync(path.join(projectFolder, 'deploy', script))).toBe(true);
  }
});

test('names an exact version of every image, the one of this package among them', () => {
  const { version } = JSON.parse(text('package.json')) as { version: string };
  for (const name of parts) expect(part(name).image).toBe(`fermata:${version}`);
  for (const { image } of Object.values(services)) expect(image).toMatch(/:\d+\.\d+(\.\d+)?(-[\w.-]+)?$/);
  for (const [, image] of text('Dockerfile').matchAll(/^FROM (\S+)/gm))
    expect(image).toMatch(/:24\.\d+\.\d+-/);
});

test('asks in its example for every secret that it needs', () => {
  const needed = new Set([...text('docker-compose.yml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
  expect([...text('.env.example').matchAll(/^(\w+)=$/gm)].map(([, name]) => name).sort()).toEqual(
    [...needed].sort(),
  );
});

test('tunes Temporal as npm start does', () => {
  const file = parse(text('deploy/temporal/dynamic-config.yaml')) as Record<string, { value: unknown }[]>;
  const values = Object.entries(file).map(([name, given]) => [name, given.map(({ value }) => value)]);
  expect(Object.fromEntries(values)).toEqual(
    Object.fromEntries(Object.entries(dynamicConfiguration).map(([name, value]) => [name, [value]])),
  );
  const { volumes = [], environment: settings = {} } = part('temporal');
  expect(volumes).toEqual(['./deploy/temporal:/etc/temporal/fermata:ro']);
  expect(settings['DYNAMIC_CONFIG_FILE_PATH']).toBe('/etc/temporal/fermata/dynamic-config.yaml');
});

test('registers the search attributes that runs carry, with the types of npm start', () => {
  const registered = [...text('deploy/temporal/namespace.sh').matchAll(/^attribute (\w+) (\w+)$/gm)];
  expect(Object.fromEntries(registered.map(([, name, type]) => [name, type]))).toEqual(searchAttributes);
  expect(Object.keys(searchAttributes).sort()).toEqual(Object.values(names).sort());
});

test('brings into the image what the parts read when they run', () => {
  const dockerfile = text('Dockerfile');
  const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+)/gm)].map(([, name]) => name);
  expect(copied.sort()).toEqual(['dist', 'node_modules', 'package.json']);
  expect(dockerfile).toMatch(/^USER node$/m);
  expect(dockerfile).toMatch(/npm ci --ignore-scripts/);
  expect(dockerfile).toMatch(/^HEALTHCHECK/m);
});
