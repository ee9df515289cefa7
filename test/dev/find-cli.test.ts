import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findCli } from '../../src/dev/temporal/find-cli';

let root: string;
let said: string[];
let server: Server;
let downloadUrl: string;
let archive: Buffer | undefined;

beforeEach(async () => {
  root = mkdtempSync(path.join(tmpdir(), 'fermata-cli-'));
  said = [];
  archive = undefined;
  server = createServer((request, response) => {
    said.push(`GET ${request.url ?? ''}`);
    response.writeHead(archive === undefined ? 404 : 200).end(archive);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  downloadUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/latest`;
});
afterEach(() => {
  server.close();
  rmSync(root, { recursive: true, force: true });
});

/** A command of that name that says which version it is. */
function command(folder: string, version: string, name = 'temporal'): string {
  mkdirSync(path.join(root, folder), { recursive: true });
  const file = path.join(root, folder, name);
  writeFileSync(file, `#!/bin/sh\necho "${version}"\n`);
  chmodSync(file, 0o755);
  return file;
}

function goThatBuilds(folder: string): void {
  const go = command(folder, '', 'go');
  const built = '#!/bin/sh\\necho temporal version built';
  writeFileSync(
    go,
    `#!/bin/sh\nif [ "$1" = install ]; then printf '${built}' > "$GOBIN/temporal"; /bin/chmod 755 "$GOBIN/temporal"; fi\n`,
  );
}

const find = (options: { configured?: string; folders?: string[] } = {}): Promise<string> =>
  findCli({
    configured: options.configured,
    searchPath: (options.folders ?? []).map((folder) => path.join(root, folder)).join(':'),
    cacheFolder: path.join(root, 'cache'),
    downloadUrl,
    say: (line) => said.push(line),
    signal: new AbortController().signal,
  });

const version = (file: string): string => execFileSync(file, ['--version'], { encoding: 'utf8' }).trim();

test('takes the configured command and looks at no other', async () => {
  const configured = command('own', 'temporal version own');
  command('bin', 'temporal version path');
  expect(await find({ configured, folders: ['bin'] })).toBe(configured);
  expect(said).toEqual([]);
});

test('stops with a line that names the setting when the configured command is none', async () => {
  command('bin', 'temporal version path');
  const configured = path.join(root, 'nothing');
  await expect(find({ configured, folders: ['bin'] })).rejects.toThrow(
    `TEMPORAL_CLI_PATH="${configured}": is not the temporal command.`,
  );
});

test('takes the one on the search path before the cached copy', async () => {
  const onPath = command('bin', 'temporal version path');
  command('cache', 'temporal version cached');
  expect(await find({ folders: ['missing', 'bin'] })).toBe(onPath);
});

test('passes over another program of that name', async () => {
  command('bin', 'temporal: a calendar');
  const cached = command('cache', 'temporal version cached');
  expect(await find({ folders: ['bin'] })).toBe(cached);
  expect(said).toEqual([]);
});

test('downloads it once for this machine and keeps it', async () => {
  const file = command('archive', 'temporal version downloaded');
  execFileSync('tar', ['-czf', path.join(root, 'a.tar.gz'), '-C', path.dirname(file), 'temporal']);
  archive = readFileSync(path.join(root, 'a.tar.gz'));
  const found = await find();
  expect(found).toBe(path.join(root, 'cache', 'temporal'));
  expect(version(found)).toBe('temporal version downloaded');
  expect(said.filter((line) => line.startsWith('GET'))).toEqual([
    `GET /latest?platform=${process.platform}&arch=${process.arch === 'x64' ? 'amd64' : process.arch}`,
  ]);
  said = [];
  expect(await find()).toBe(found);
  expect(said).toEqual([]);
});

test('builds it with Go when the download fails, and says both with the time they took', async () => {
  goThatBuilds('go');
  const found = await find({ folders: ['go'] });
  expect(version(found)).toBe('temporal version built');
  expect(said).toContainEqual(expect.stringMatching(/No download: it answered 404 \(after [\d.]+ s\)\./));
  expect(said).toContainEqual(
    expect.stringContaining('go install github.com/temporalio/cli/cmd/temporal@v1.5.1'),
  );
  expect(said).toContainEqual(expect.stringMatching(/Built in [\d.]+ s\./));
});

test('says what a person can do when every way fails', async () => {
  await expect(find()).rejects.toThrow(
    /could not be got: install it .* or Go .* or name its file in TEMPORAL_CLI_PATH/,
  );
  expect(said).toContainEqual(expect.stringContaining('No build: there is no Go on PATH.'));
});
