import type { QuestionName } from '../../contract/advice-api';

/** What words in a goal say about a question, each answer with the words that it rests on. */
type Reading = { [name in QuestionName]?: { answer: boolean; because: string } };

// Words, not meaning: a model could read more, at a price and not twice the same. What is read here
// is named in the answer, so that whoever asked can say otherwise.
const signs: { name: QuestionName; answer: boolean; words: RegExp }[] = [
  {
    name: 'iterativeQuality',
    answer: true,
    words:
      /\b(until|refin\w*|improv\w*|polish\w*|iterat\w*|revis\w*|rewrit\w*|perfect\w*|high(?:est)? quality)\b/i,
  },
  {
    name: 'moreThanTenAgents',
    answer: true,
    words:
      /\b(?:teams|departments|divisions|dozens|hundreds|(?:1[1-9]|[2-9]\d|\d{3,}) (?:[a-z]+ )?(?:agents|analysts|experts|researchers|specialists|workers|writers))\b/i,
  },
  {
    name: 'dynamicDelegation',
    answer: true,
    words: /\b(delegat\w*|assign\w*|supervis\w*|coordinat\w*|hand(?:s|ing)? out|as needed|break\w* down)\b/i,
  },
  {
    name: 'allResultsNeeded',
    answer: false,
    words:
      /\b(rout(?:e|es|ing)|triag\w*|classif\w*|sort\w*|dispatch\w*|either|the right (?:one|team|person))\b/i,
  },
  {
    name: 'allResultsNeeded',
    answer: true,
    words: /\b(each|every|all|both|several|compar\w*|side by side|in parallel|at the same time)\b/i,
  },
];
const order =
  /\b(then|after(?:wards)?|first|finally|next|before|based on|followed by|step by step|one after another)\b/i;

/** Reads a goal by its words alone; questions on which they say nothing are left out. */
export function readGoal(goal: string): Reading {
  const reading: Reading = {};
  for (const { name, answer, words } of signs) {
    const said = words.exec(goal)?.[0];
    if (said !== undefined && reading[name] === undefined)
      reading[name] = { answer, because: `The goal says "${said}"` };
  }
  const inOrder = order.exec(goal)?.[0];
  const { iterativeQuality, moreThanTenAgents, dynamicDelegation, allResultsNeeded } = reading;
  if (inOrder !== undefined) reading.stepsDepend = { answer: true, because: `The goal says "${inOrder}"` };
  else if (iterativeQuality !== undefined) reading.stepsDepend = { ...iterativeQuality };
  else {
    const apart = moreThanTenAgents ?? dynamicDelegation ?? allResultsNeeded;
    if (apart !== undefined)
      reading.stepsDepend = { answer: false, because: `${apart.because} and nothing of an order` };
  }
  return reading;
}
