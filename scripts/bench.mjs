// `npm run bench [-- name…]`: installs and builds what is missing or stale, then measures.
import { installDependencies } from './dependencies.mjs';
import { runTypeScript } from './run-node.mjs';

installDependencies();
const { buildAndSay } = await import('./build.mjs');
await buildAndSay();
runTypeScript('bench/main.ts', ...process.argv.slice(2));
