import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');

/** Runs a module of this project with Node, on this terminal and to its end; its exit code becomes ours. */
export function runNode(...parameters) {
  const { status, signal } = spawnSync(process.execPath, parameters, { cwd: root, stdio: 'inherit' });
  if (signal !== null) console.error(`${signal} has ended it.`);
  process.exitCode = status ?? 1;
}

/** The same with a module in TypeScript. */
export function runTypeScript(...parameters) {
  runNode('-r', path.join(root, 'scripts', 'typescript.cjs'), ...parameters);
}
