// `npm run bench [-- name…]`: installs and builds what is missing or stale, then measures.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installDependencies } from './dependencies.mjs';

installDependencies();
const { buildAndSay } = await import('./build.mjs');
await buildAndSay();
const root = path.resolve(import.meta.dirname, '..');
const { status } = spawnSync(
  process.execPath,
  [
    '-r',
    path.join(root, 'scripts', 'typescript.cjs'),
    path.join(root, 'bench', 'main.ts'),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
