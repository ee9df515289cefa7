// Writes the pages of docs/ that are made from schemas and tables of the code.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { installDependencies } from './dependencies.mjs';

installDependencies();
const { buildAndSay } = await import('./build.mjs');
await buildAndSay();

const require = createRequire(import.meta.url);
const docs = path.resolve(import.meta.dirname, '../docs');
const api = path.join(docs, 'api.md');
writeFileSync(path.join(docs, 'reference', 'plan.md'), require('../dist/reference/plan-page.js').planPage());
writeFileSync(api, require('../dist/reference/problem-table.js').withProblemTable(readFileSync(api, 'utf8')));
