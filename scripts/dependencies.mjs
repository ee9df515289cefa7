// Installs what is missing, with nothing but Node's own modules.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const modified = (name) => statSync(path.join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? -1;

/** Runs `npm ci` when node_modules is missing or older than the lock file; ends the process where that fails. */
export function installDependencies() {
  demandNode();
  // npm writes this file last.
  if (modified('node_modules/.package-lock.json') >= modified('package-lock.json')) return;
  console.log('Installing the dependencies: npm ci');
  const startedAt = Date.now();
  const parameters = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const { status } =
    npm === undefined
      ? spawnSync('npm', parameters, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
      : spawnSync(process.execPath, [npm, ...parameters], { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error('npm ci failed: the dependencies could not be installed.');
    process.exit(1);
  }
  console.log(`Installed in ${((Date.now() - startedAt) / 1000).toFixed(0)} s.`);
}

function demandNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`Node ${process.versions.node} is too old: 20.19 is needed.`);
  process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) installDependencies();
