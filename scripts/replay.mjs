// `npm run replay`: builds what is stale, then replays recorded histories against the workflow code.
import { createRequire } from 'node:module';
import { installDependencies } from './dependencies.mjs';

installDependencies();
const { buildAndSay } = await import('./build.mjs');
await buildAndSay();
createRequire(import.meta.url)('../dist/replay/main.js');
