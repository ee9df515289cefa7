import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Json } from '../src/contract/value';
import { stepTypes, type Step } from '../src/contract/plan';
import type { Life } from '../src/plan/measure';
import { spendingOf } from '../src/plan/spending';
import { teamStep } from '../src/plan/teams';
import { validatePlan } from '../src/plan/validate';
import { withExamples } from '../src/reference/example-blocks';
import { fromYaml, simulated } from './plan/plans';
import { projectFolder } from './support/part';

const page = readFileSync(path.join(projectFolder, 'docs', 'patterns.md'), 'utf8');
const read = (name: string, file: string) =>
  readFileSync(path.join(projectFolder, 'examples', name, file), 'utf8');
const filesOf = (name: string) => ({
  plan: read(name, 'plan.yaml'),
  input: read(name, 'input.json'),
  readme: read(name, 'README.md'),
});

test('the page of patterns quotes the examples as they are (else: npm run reference)', () => {
  expect(page).toBe(withExamples(page, filesOf));
});

test('the page has every type of step, with a picture and a plan', () => {
  // Outputs that are quoted have headings of their own.
  const prose = page.replaceAll(/^```[^]*?^```$/gm, '');
  const titles = [...prose.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(titles.toSorted()).toEqual([...stepTypes, 'Together'].sort());
  const sections = page.split(new RegExp(`^## (?=(?:${titles.join('|')})\n)`, 'm')).slice(1);
  for (const section of sections.slice(0, -1)) {
    expect(section).toMatch(/^```\n[^`]*[▶└]/m);
    for (const word of ['**Take it** ', '**Not** ', '**Cost** ', '**Time** ', '**What goes wrong:** '])
      expect(section).toContain(word);
    expect(section).toMatch(/^```yaml\n/m);
  }
});

type Of<Type extends Step['type']> = Extract<Step, { type: Type }>;
type Calls = (step: Step | undefined) => number;
/** What the page says of calls, once more as arithmetic. */
const formulas: {
  [Type in Step['type']]?: [formula: string, (step: Of<Type>, calls: Calls, items: number) => number];
} = {
  agent: ['1', () => 1],
  sequence: ['the steps', ({ steps }, calls) => total(steps.map(calls))],
  parallel: [
    'the branches + reduce',
    ({ branches, step, reduce }, calls, items) =>
      (branches === undefined ? items * calls(step) : total(Object.values(branches).map(calls))) +
      calls(reduce),
  ],
  router: [
    '1 + the dearest route',
    ({ routes, otherwise }, calls) =>
      1 +
      Math.max(
        ...Object.values(routes).map((route) => calls(route.step)),
        typeof otherwise === 'object' ? calls(otherwise) : 0,
      ),
  ],
  choice: [
    'the dearest case',
    ({ cases, otherwise }, calls) => Math.max(...cases.map(({ step }) => calls(step)), calls(otherwise)),
  ],
  review: [
    '1 + maxRevisions × (revise + 1)',
    (step, calls) => 1 + step.maxRevisions * (calls(step.revise) + 1),
  ],
  refine: [
    'maxIterations × (generator + 1)',
    (step, calls) => step.maxIterations * (calls(step.generator) + 1),
  ],
  debate: ['panel × rounds + 1', ({ panel, rounds }) => panel.length * rounds + 1],
  supervisor: [
    'maxRounds + 1 + maxRounds × maxAssignments × worker + final',
    ({ maxRounds, maxAssignments, workers, final }, calls) => {
      const worker = Math.max(...Object.values(workers).map(({ step }) => calls(step)));
      return maxRounds + 1 + maxRounds * maxAssignments * worker + calls(final);
    },
  ],
  hierarchy: [
    'maxRounds + 1 + maxRounds × maxAssignments × team + final',
    ({ maxRounds, maxAssignments, teams, final }, calls) => {
      const team = Math.max(...Object.values(teams).map((one) => calls(teamStep(one))));
      return maxRounds + 1 + maxRounds * maxAssignments * team + calls(final);
    },
  ],
  approval: [
    'maxRevisions × revise',
    ({ maxRevisions, revise }, calls) => (maxRevisions ?? 2) * calls(revise),
  ],
  question: ['0', () => 0],
  wait: ['0', () => 0],
  emit: ['0', () => 0],
  events: [
    'maxEvents × the dearest handler',
    ({ until, handlers }, calls) => (until.maxEvents ?? 1) * Math.max(...Object.values(handlers).map(calls)),
  ],
  set: ['0', () => 0],
  // That of the example asks two agents.
  plan: ['the flow of that plan', () => 2],
};

const total = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0);
const stored = new Map([['clause-review', fromYaml(read('plan', 'clause.yaml'))]]);
const find = (reference: string) => Promise.resolve(stored.get(reference) ?? null);
const examples = [...page.matchAll(/^<!-- \w+ of ([a-z-]+)/gm)].map(([, name = '']) => name);

test.each(stepTypes)(
  'the calls that the page names for %s are those that are measured of an example',
  async (type) => {
    const [formula, inWords] = formulas[type] as [
      string,
      (step: Step, calls: Calls, items: number) => number,
    ];
    const row = page
      .split('\n')
      .find((line) => line.startsWith('| ') && line.includes(`[${type}](#${type})`));
    expect(row).toContain(`\`${formula}\``);
    let seen = 0;
    for (const name of examples) {
      const { plan, subPlans } = await validatePlan(fromYaml(read(name, 'plan.yaml')), simulated, find);
      if (plan === null) throw new Error(`${name} is not valid.`);
      const input = JSON.parse(read(name, 'input.json')) as Json;
      const at = {
        ...{ plan, subPlans, models: simulated, life: 'most' as Life, input },
        ...{ unknownItems: 0, seenTokens: 0 },
      };
      const calls: Calls = (step) => (step === undefined ? 0 : spendingOf(step, at).calls);
      for (const step of stepsIn(plan.flow as unknown as Json).filter((one) => one.type === type)) {
        expect([name, calls(step)]).toEqual([name, inWords(step, calls, longestList(input))]);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(0);
  },
);

/** What a `forEach` of an example goes through. */
function longestList(input: Json): number {
  return Math.max(
    0,
    ...Object.values(input as object).map((value) => (Array.isArray(value) ? value.length : 0)),
  );
}

function stepsIn(json: Json): Step[] {
  if (json === null || typeof json !== 'object') return [];
  const inside = Object.values(json).flatMap(stepsIn);
  const isStep = 'type' in json && (stepTypes as readonly unknown[]).includes(json['type']);
  return isStep ? [json as unknown as Step, ...inside] : inside;
}
