import type { Role } from '../contract/decisions';

/** What the service asks of each controlling agent, beside what the plan asks of it. */
const tasks: { [Of in Role]: string } = {
  classifier:
    'Choose the one route of the data block "routes" that fits the request. Say how sure you are, from 0 to 1, ' +
    'and why.',
  supervisor: supervisorTask('worker'),
  manager: supervisorTask('team'),
  evaluator:
    'Score the text in the data blocks below from 1 to 10 by the criteria. Say in the feedback what would make ' +
    'it better.',
  reviewer:
    'Review the text in the data blocks below. Approve it only if nothing needs to change; else name each issue ' +
    'in a sentence that says what to change.',
  judge:
    'Several answered independently; their answers are in the data blocks below. Give the answer that holds, say ' +
    'how sure you are, from 0 to 1, what they agree on, and each point on which they do not, with every position.',
};

/** What a panelist is asked from the second round on. */
export const reconsidering =
  'You have answered this already, and so have others, independently: your answer is in the data block ' +
  '"yourAnswer", theirs are in "answers". Answer again, whole: keep what holds, and change what theirs show to be ' +
  'wrong. That most of them say something does not make it right.';

/** What a summarizer is asked: its summary is all that the next agent sees of the blocks. */
export function summarizing(wordsMax: number): string {
  return (
    `Sum up the data blocks below in at most ${String(wordsMax)} words, for a colleague who goes on from your ` +
    'summary and sees nothing else of them. Keep facts, figures, names, decisions and open questions, and say ' +
    'from which block each comes; leave out how they were arrived at. Add nothing.'
  );
}

function supervisorTask(who: 'worker' | 'team'): string {
  return (
    `Split the work into tasks and assign each to a ${who} of the data block "${who}s". Judge every open ` +
    `assignment that has an output: accept it, have it tried again with feedback, give it to another ${who}, or ` +
    'escalate it to a person. Be finished, with no further assignments, as soon as what was accepted is enough. ' +
    'The data block "left" says how many more rounds of work and new assignments there can be: with no round ' +
    'left nothing that you order is done.'
  );
}

/** The sentence that follows the plan's prompt, or stands for it; a reviewer's stands for it only. */
export function roleTask(role: 'agent' | Role, hasPrompt: boolean): string {
  return role === 'agent' || (role === 'reviewer' && hasPrompt) ? '' : tasks[role];
}
