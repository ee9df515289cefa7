import { recommendedPatterns, type Answers } from '../../src/contract/advice-api';
import { skeletonPlan, usualModel } from '../../src/plan/advice/skeletons';
import { adviseOn } from '../../src/plan/advice/tree';
import { validatePlan } from '../../src/plan/validate';
import { anthropicOnly, noVendor, simulated } from './plans';

const asked = (goal: string | undefined, answers: Answers = {}) => {
  const { pattern, questions } = adviseOn(goal, answers);
  return [pattern, ...questions.map(({ name, answer, source }) => `${name} ${String(answer)} ${source}`)];
};

describe('the decision tree', () => {
  it('goes by the answers, and asks no more than it needs', () => {
    expect(asked(undefined, { stepsDepend: true, iterativeQuality: true })).toEqual([
      'refine',
      'stepsDepend true answers',
      'iterativeQuality true answers',
    ]);
    const apart = { stepsDepend: false, moreThanTenAgents: false, dynamicDelegation: false };
    expect(asked(undefined, { stepsDepend: true, iterativeQuality: false })[0]).toBe('sequence');
    expect(asked(undefined, { stepsDepend: false, moreThanTenAgents: true })).toEqual([
      'hierarchy',
      'stepsDepend false answers',
      'moreThanTenAgents true answers',
    ]);
    expect(asked(undefined, { ...apart, dynamicDelegation: true })[0]).toBe('supervisor');
    expect(asked(undefined, { ...apart, allResultsNeeded: true })[0]).toBe('parallel');
    expect(asked(undefined, { ...apart, allResultsNeeded: false })[0]).toBe('router');
  });

  it('says the reason of each branch that it takes', () => {
    const answers = { stepsDepend: false, moreThanTenAgents: false, dynamicDelegation: true };
    const { reason, questions } = adviseOn(undefined, answers);
    expect(questions.map((each) => each.reason)).toEqual([
      'What does not depend on each other need not wait for each other.',
      'So few need no one between them and whoever hands out the work.',
      reason,
    ]);
  });

  it('reads a goal by its words, and names them', () => {
    expect(asked('Compare the filings of several companies')[0]).toBe('parallel');
    expect(asked('Route the messages of customers')[0]).toBe('router');
    expect(asked('Have 24 market analysts report on every region')[0]).toBe('hierarchy');
    expect(asked('Report on the market with 10 analysts, all at once')[0]).toBe('parallel');
    expect(asked('Delegate the analysis of an incident to specialists')[0]).toBe('supervisor');
    expect(asked('Rewrite the description until an editor likes it')[0]).toBe('refine');
    expect(asked('Gather the facts, then write the report')[0]).toBe('sequence');
    const { questions } = adviseOn('Compare the filings of several companies', {});
    expect(questions[0]?.reason).toContain('The goal says "Compare" and nothing of an order.');
  });

  it('says what it assumes where neither answers nor goal say it', () => {
    expect(asked('A poem')).toEqual([
      'sequence',
      'stepsDepend true assumed',
      'iterativeQuality false assumed',
    ]);
    expect(adviseOn('A poem', {}).questions[0]?.reason).toMatch(/^Assumed: /);
  });

  it('takes an answer before the words of the goal', () => {
    expect(asked('Compare several companies', { stepsDepend: true })[1]).toBe('stepsDepend true answers');
  });
});

describe('the plan that comes with a recommendation', () => {
  test.each(recommendedPatterns)('of the pattern %s validates without a warning', async (pattern) => {
    for (const models of [simulated, anthropicOnly]) {
      const { errors, warnings, graph } = await validatePlan(
        skeletonPlan(pattern, usualModel(models)),
        models,
      );
      expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
      expect(graph.nodes[0]?.type).toBe(pattern);
    }
  });

  it('names a model that can be called', () => {
    const geminiOnly = { ...simulated, usable: { simulated: false, vendors: ['gemini'] } };
    expect([usualModel(simulated), usualModel(geminiOnly), usualModel(noVendor)]).toEqual([
      'claude-sonnet',
      'gemini-pro',
      'claude-sonnet',
    ]);
  });
});
