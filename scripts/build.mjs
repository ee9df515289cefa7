// Compiles src/ to dist/, file by file and only what is stale, then the workflow bundle. Types are the
// compiler's job (`npm run check`); this only strips them, with the same compiler as the tests.
import { transformFile } from '@swc/core';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const source = path.join(root, 'src');
const target = path.join(root, 'dist');

const bundleName = 'workflow-bundle.js';
/** What the bundle was made from. */
const recordName = 'workflow-bundle.inputs';

const files = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    : [];
const modified = (file) => (existsSync(file) ? Math.round(statSync(file).mtimeMs) : -1);

/** Brings dist/ up to date with src/; returns whether anything was stale. */
async function build() {
  const outputs = new Map();
  for (const file of files(source)) {
    if (file.endsWith('.d.ts')) continue;
    const output = file.endsWith('.ts') ? file.replace(/\.ts$/, '.js') : file;
    outputs.set(output, file);
    if (output !== file) outputs.set(`${output}.map`, undefined);
  }
  for (const file of files(target)) {
    if (!outputs.has(file) && file !== bundleName && file !== recordName)
      rmSync(path.join(target, file), { force: true });
  }
  const stale = [...outputs].filter(
    ([output, file]) =>
      file !== undefined &&
      Math.abs(modified(path.join(target, output)) - modified(path.join(source, file))) > 1,
  );
  await Promise.all(stale.map(([output, file]) => compile(file, output)));
  linkCommand();
  const bundled = await bundleWorkflows();
  return stale.length > 0 || bundled;
}

async function compile(file, output) {
  const from = path.join(source, file);
  const to = path.join(target, output);
  mkdirSync(path.dirname(to), { recursive: true });
  const { mtime } = statSync(from);
  const aside = `${to}.${process.pid}`;
  if (file === output) {
    copyFileSync(from, aside);
  } else {
    const { code, map } = await transformFile(from, {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'commonjs', ignoreDynamic: true },
      sourceMaps: true,
      sourceFileName: path.relative(path.dirname(to), from),
    });
    writeFileSync(aside, `${code}\n//# sourceMappingURL=${path.basename(to)}.map\n`);
    writeFileSync(`${to}.map`, map);
  }
  // The source's own time marks what it was made from: fresh means equal, not newer.
  utimesSync(aside, mtime, mtime);
  renameSync(aside, to);
}

/** Where npm links the commands of dependencies, so that `npx fermata` needs no look-up. */
function linkCommand() {
  const link = path.join(root, 'node_modules', '.bin', 'fermata');
  if (process.platform === 'win32' || existsSync(link)) return;
  rmSync(link, { force: true });
  symlinkSync(path.join('..', '..', 'bin', 'fermata.js'), link);
}

async function bundleWorkflows() {
  const builder = path.join(target, 'worker', 'bundle.js');
  if (!existsSync(builder)) return false;
  const output = path.join(target, bundleName);
  const inputs = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json')));
  for (const part of ['workflows', 'contract', 'worker'])
    for (const file of files(path.join(target, part)).sort())
      inputs.update(file).update(readFileSync(path.join(target, part, file)));
  const digest = inputs.digest('hex');
  const record = path.join(target, recordName);
  if (existsSync(output) && existsSync(record) && readFileSync(record, 'utf8') === digest) return false;
  const { buildWorkflowBundle } = createRequire(import.meta.url)(builder);
  writeFileSync(`${output}.${process.pid}`, await buildWorkflowBundle());
  renameSync(`${output}.${process.pid}`, output);
  writeFileSync(record, digest);
  return true;
}

/** Builds and says so where there was something to build. */
export async function buildAndSay() {
  const startedAt = Date.now();
  if (await build()) console.log(`Built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildAndSay();
