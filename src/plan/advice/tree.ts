import type { Answers, QuestionName, Recommendation, RecommendedPattern } from '../../contract/advice-api';
import { readGoal } from './goal';

/** An end of the tree, or the next question. */
type Branch = { because: string } & ({ pattern: RecommendedPattern } | { ask: Question });
interface Question {
  name: QuestionName;
  question: string;
  /** What is taken where nobody says: the answer under which a wrong guess costs least. */
  assumed: { answer: boolean; because: string };
  yes: Branch;
  no: Branch;
}

const quality: Question = {
  name: 'iterativeQuality',
  question: 'Must the result be judged and made better until it is good enough?',
  assumed: { answer: false, because: 'nothing says so, and every further version costs two calls' },
  yes: {
    pattern: 'refine',
    because: 'One agent makes versions, another scores them, until the score is reached or the cap is.',
  },
  no: {
    pattern: 'sequence',
    because: 'Each step takes what the one before it made, and nothing is made twice.',
  },
};

const results: Question = {
  name: 'allResultsNeeded',
  question: 'Are the results of all parts needed?',
  assumed: { answer: true, because: 'nothing says that one of them is enough' },
  yes: {
    pattern: 'parallel',
    because:
      'The parts run side by side, so that the whole takes as long as the slowest, and are then merged.',
  },
  no: {
    pattern: 'router',
    because: 'One of several ways fits: a cheap call chooses it, and only that one is paid for.',
  },
};

const delegation: Question = {
  name: 'dynamicDelegation',
  question: 'Is it known only on the way which work there is and who should do it?',
  assumed: { answer: false, because: 'nothing says so, and a supervisor costs a call for every decision' },
  yes: {
    pattern: 'supervisor',
    because: 'An agent splits the work while it goes on, hands the parts out and judges what comes back.',
  },
  no: {
    ask: results,
    because: 'The parts can be written into the plan, which needs no one to hand them out.',
  },
};

const size: Question = {
  name: 'moreThanTenAgents',
  question: 'Are more than ten agents at work?',
  assumed: { answer: false, because: 'nothing says so, and every team costs the calls of its own lead' },
  yes: {
    pattern: 'hierarchy',
    because:
      'Nobody can lead so many: a manager hands work to teams, each with a lead, a history and a share of the budget of its own.',
  },
  no: { ask: delegation, because: 'So few need no one between them and whoever hands out the work.' },
};

const root: Question = {
  name: 'stepsDepend',
  question: 'Does a step need what another one made?',
  assumed: { answer: true, because: 'nothing says so; one after another is never wrong, only slower' },
  yes: { ask: quality, because: 'What depends on each other has to run one after another.' },
  no: { ask: size, because: 'What does not depend on each other need not wait for each other.' },
};

/** The pattern that fits, with every question on the way to it. */
export function adviseOn(goal: string | undefined, answers: Answers): Omit<Recommendation, 'plan'> {
  const read = goal === undefined ? {} : readGoal(goal);
  const questions: Recommendation['questions'] = [];
  for (let at = root; ;) {
    const { name, question } = at;
    const { answer, source, because } = answerTo(at, answers, read);
    const branch = answer ? at.yes : at.no;
    questions.push({ name, question, answer, source, reason: `${because} ${branch.because}`.trim() });
    if ('pattern' in branch) return { pattern: branch.pattern, reason: branch.because, questions };
    at = branch.ask;
  }
}

function answerTo(
  { name, assumed }: Question,
  answers: Answers,
  read: ReturnType<typeof readGoal>,
): { answer: boolean; source: 'answers' | 'goal' | 'assumed'; because: string } {
  const given = answers[name];
  if (given !== undefined) return { answer: given, source: 'answers', because: '' };
  const said = read[name];
  if (said !== undefined) return { ...said, source: 'goal', because: `${said.because}.` };
  return { answer: assumed.answer, source: 'assumed', because: `Assumed: ${assumed.because}.` };
}
