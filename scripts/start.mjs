// `npm start`: installs and builds what is missing or stale, then runs the whole service, or the one
// part that is named (api, worker, gateway).
import { createRequire } from 'node:module';
import { installDependencies } from './dependencies.mjs';

const [part = 'dev'] = process.argv.slice(2);
installDependencies();
const { buildAndSay } = await import('./build.mjs');
await buildAndSay();
createRequire(import.meta.url)(`../dist/${part}/main.js`);
