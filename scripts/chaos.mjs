// `npm run chaos -- <scenario …>`: installs and builds what is missing or stale, then plays the faults.
import { installDependencies } from './dependencies.mjs';
import { runTypeScript } from './run-node.mjs';

installDependencies();
const { buildAndSay } = await import('./build.mjs');
await buildAndSay();
runTypeScript('chaos/main.ts', ...process.argv.slice(2));
