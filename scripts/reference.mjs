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
const patterns = path.join(docs, 'patterns.md');
const filesOf = (name) => {
  const read = (file) => readFileSync(path.join(docs, '../examples', name, file), 'utf8');
  return { plan: read('plan.yaml'), input: read('input.json'), readme: read('README.md') };
};
writeFileSync(path.join(docs, 'reference', 'plan.md'), require('../dist/reference/plan-page.js').planPage());
writeFileSync(api, require('../dist/reference/problem-table.js').withProblemTable(readFileSync(api, 'utf8')));
const { withExamples } = require('../dist/reference/example-blocks.js');
writeFileSync(patterns, withExamples(readFileSync(patterns, 'utf8'), filesOf));
