// `npm test`: installs what is missing, then runs Jest; its set-up builds and starts what the tests need.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installDependencies } from './dependencies.mjs';

const root = path.resolve(import.meta.dirname, '..');
installDependencies();
const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const { status } = spawnSync(process.execPath, [jest, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
