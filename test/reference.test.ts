import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { planPage } from '../src/reference/plan-page';
import { withProblemTable } from '../src/reference/problem-table';
import { projectFolder } from './support/part';

const read = (...name: string[]) => readFileSync(path.join(projectFolder, 'docs', ...name), 'utf8');

test('the reference of the plan language is what the schema gives (else: npm run reference)', () => {
  expect(read('reference', 'plan.md')).toBe(planPage());
});

test('the table of problems is that of the code (else: npm run reference)', () => {
  expect(read('api.md')).toBe(withProblemTable(read('api.md')));
});

test('the plan that the README shows is that of the example', () => {
  const shown = /^```yaml\n(name: [^]*?)^```$/m.exec(
    readFileSync(path.join(projectFolder, 'README.md'), 'utf8'),
  );
  const example = path.join(projectFolder, 'examples', 'content-production', 'plan.yaml');
  expect(shown?.[1]).toBe(readFileSync(example, 'utf8'));
});

test('every file that a page names as its proof is there', () => {
  for (const page of ['README.md', 'docs/api.md', 'docs/patterns.md', 'docs/reference/templates.md']) {
    const text = readFileSync(path.join(projectFolder, page), 'utf8');
    const named = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, file = '']) => file);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((file) => !existsSync(path.join(projectFolder, file)))).toEqual([]);
  }
});

test.each([
  'README.md',
  'docs/api.md',
  'docs/architecture.md',
  'docs/patterns.md',
  'docs/reference/plan.md',
  'docs/reference/templates.md',
])('every link of %s leads to a file, and to a heading of it', (page) => {
  const text = readFileSync(path.join(projectFolder, page), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
  expect(links.length).toBeGreaterThan(0);
  for (const [, target = '', heading] of links) {
    const file = target === '' ? page : path.join(path.dirname(page), target);
    expect([page, target, existsSync(path.join(projectFolder, file))]).toEqual([page, target, true]);
    if (heading !== undefined) expect(headingsOf(file)).toContain(heading);
  }
});

/** The names by which headings are linked to, as GitHub makes them. */
function headingsOf(file: string): string[] {
  return [...readFileSync(path.join(projectFolder, file), 'utf8').matchAll(/^#+ (.*)$/gm)].map(
    ([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
  );
}
