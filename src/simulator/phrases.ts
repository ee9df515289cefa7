/** What can be said of any subject without claiming a fact, by the angle it is seen from. `$` is the subject. */
export interface Angle {
  /** Words in an instruction that ask for this angle. */
  asked: RegExp;
  title: string;
  opening: string;
  points: readonly [string, ...string[]];
  closing: string;
}

const market: Angle = {
  asked: /\b(market|price|pricing|commercial|competit\w*|sales|demand|revenue|financ\w*)\b/i,
  title: 'The market for $',
  opening:
    'Who buys into $, and why, comes down to three things: what it costs in the first year, what it saves or earns after that, and how easy it is to go back.',
  points: [
    '**Demand** follows the visible savings: buyers compare the whole cost over several years, not the first bill.',
    '**Supply** is uneven; the offers differ more in service and delivery time than in the thing itself.',
    '**Competition** comes from doing nothing: most who decide against $ keep what they have.',
    '**Rules and incentives** move decisions forward or back by months, so their dates matter more than their size.',
    '**Trust** is earned by references; a neighbour or a peer who has done it persuades more than an advert.',
  ],
  closing:
    'The next step is to put figures to the first two points for one region or one kind of buyer, before anything is said of the whole market.',
};

const technical: Angle = {
  asked: /\b(tech\w*|engineer\w*|design|architect\w*|system|performance|code|software|diff|bug)\b/i,
  title: 'The technical side of $',
  opening:
    'The technical questions about $ are questions of limits: what is the dimensioning made for, what happens outside of it, and who notices first when something does not work.',
  points: [
    '**Dimensioning** decides more than the choice of product: too small fails on the worst day, too large wastes every other one.',
    '**Integration** with what is already there takes most of the time, and is the part most often left out of a plan.',
    '**Measurement** has to be in place from the first day; without it no claim about $ can be checked later.',
    '**Maintenance** is simple when it is scheduled and costly when it is not.',
    '**Failure** should be visible and partial: a part that stops must not take the rest with it.',
  ],
  closing:
    'A small trial with the measurements agreed on beforehand answers more of these points than a comparison of data sheets.',
};

const people: Angle = {
  asked: /\b(user|users|people|customer\w*|human|social|adopt\w*|experience|team)\b/i,
  title: 'Living with $',
  opening:
    'People judge $ in the first week: is it what was promised, does it stay out of the way, and is somebody there when it does not.',
  points: [
    '**Expectations** are set before the first use; most disappointment is a promise that nobody checked.',
    '**Habits** change slowly, so whatever needs a new habit needs a reason that is felt every day.',
    '**Understanding** grows from doing: one page and one conversation work better than a manual.',
    '**Control** matters: people accept $ sooner when the last word is theirs.',
    '**Support** in the first month decides whether they recommend it to others.',
  ],
  closing:
    'Asking ten people after their first month, with the same five questions, would show which of these points weighs most here.',
};

const risk: Angle = {
  asked: /\b(risk\w*|legal|law|complian\w*|contract\w*|clause\w*|security|privacy|liabilit\w*|audit)\b/i,
  title: 'The risks of $',
  opening:
    'With $, the risks that matter are those that are cheap to remove now and dear to remove later; they are few, and they can be named.',
  points: [
    '**Obligations**: who owes what to whom, by when, and what follows if it does not happen.',
    '**Limits**: an obligation without an upper bound in money or time is the first thing to change.',
    '**Dependence** on one party is a risk of its own; a way out has to be written down while everybody is friendly.',
    '**Evidence**: what cannot be shown afterwards did not happen, so records of $ belong to the plan.',
    '**Change**: rules and prices move; say who bears it when they do.',
  ],
  closing:
    'None of this replaces the judgement of somebody who answers for it; it says where that judgement is needed.',
};

const general: Angle = {
  asked: /(?:)/,
  title: '$',
  opening:
    'There is more to $ than a yes or a no: what counts is for whom, from when, and at what cost compared with leaving things as they are.',
  points: [
    '**Purpose**: say in one sentence what should be better afterwards, and how anybody could tell.',
    '**Effort** falls mostly at the start; plan for it, and the rest becomes routine.',
    '**Order**: the smallest part that is useful by itself comes first.',
    '**People**: name one person who decides about $ and one who does the work.',
    '**Review**: set a day on which the result is looked at, and what would make you stop.',
  ],
  closing: 'With these points settled, the decision on $ can be made by those who carry it, in one sitting.',
};

const angles = [market, technical, people, risk] as const;

/** The angle that a word of the instruction asks for, else one of the agent's own instructions, else the general one. */
export function angleOf({ instruction, system }: { instruction: string; system: string }): Angle {
  const wanted = (text: string) => angles.find(({ asked }) => asked.test(text));
  const [agent = ''] = system.split('\n\n', 1);
  return wanted(instruction) ?? wanted(agent) ?? general;
}

export function say(phrase: string, subject: string): string {
  return phrase.replaceAll('$', () => subject);
}
