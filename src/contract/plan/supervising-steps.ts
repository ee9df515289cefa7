import { z } from 'zod';
import { limits } from '../limits';
import { Checks } from './checks';
import { Limits, Name, object, Template } from './basics';
import { planDescriptions } from './descriptions';
import { Context, frame } from './step-fields';

/** Steps in which one agent hands out work and judges what comes back. */

const { step } = planDescriptions;

const leading = {
  ...step,
  prompt: 'What it is asked: a template; without it the task, or the previous output, is shown.',
  maxRounds: 'How many decisions it may take before a last one, after which nothing more is run.',
  maxAssignments: 'How many assignments it may hand out in all; tries of the same one count once.',
  checks: "What every result must pass: one that fails can't be accepted and is tried again.",
};

/** How often and how many at a time work is handed out where the plan says nothing of it. */
export const usualLeading = { maxRounds: 5, maxAssignments: 20, concurrency: 5 };

const leadingFields = {
  prompt: Template.optional(),
  context: Context.optional(),
  maxRounds: z.int().min(1).max(50).default(usualLeading.maxRounds),
  maxAssignments: z.int().min(1).max(limits.branchesMax).default(usualLeading.maxAssignments),
  concurrency: z.int().min(1).max(50).default(usualLeading.concurrency),
  checks: Checks.optional(),
  reassignAfter: z.int().min(1).max(50).optional(),
};

export const supervisorFields = object(
  {
    ...leading,
    type: 'An agent splits the work, assigns the parts to workers and judges what they bring; the output is that of `final`, else its answer, else what it accepted by assignment.',
    supervisor: 'The agent that assigns and judges.',
    context: 'What it sees beside that, the workers and their results.',
    concurrency: 'How many workers work at a time.',
    reassignAfter:
      'After so many tries of one worker that were not accepted, the next worker in the order written has the assignment.',
  },
  { type: z.literal('supervisor'), ...frame, supervisor: Name, ...leadingFields },
);

export const hierarchyFields = object(
  {
    ...leading,
    type: 'An agent splits the work among teams, each a supervisor with workers or teams of its own, in a child workflow with a share of the budget; the output is made as that of a supervisor.',
    manager: 'The agent that assigns to the teams and judges what they bring.',
    context: 'What it sees beside that, the teams and their results.',
    concurrency: 'How many teams work at a time.',
    reassignAfter:
      'After so many tries of one team that were not accepted, the next team in the order written has the assignment.',
  },
  { type: z.literal('hierarchy'), ...frame, manager: Name, ...leadingFields },
);

export const teamFields = object(
  {
    description: 'What the team is for, as its manager is told.',
    supervisor: 'The agent that assigns the work of the team and judges it.',
    checks: 'What every result inside the team must pass before its supervisor may accept it.',
    limits:
      'What one assignment of the team may use; without them an equal share of what is left, among the assignments that are open.',
  },
  {
    description: z.string().max(2000).optional(),
    supervisor: Name,
    checks: Checks.optional(),
    limits: Limits.optional(),
  },
);

export const hierarchySentences = {
  teams: 'Who may be given an assignment, by name.',
  final: 'A step that makes the output of `assignments`, each with id, worker, task, status and output.',
};

export const teamSentences = {
  workers: 'Who works in the team, by name; either these or `teams`.',
  teams: 'Teams below this one, by name; then its supervisor is their manager.',
};

export const supervisorSentences = {
  workers: 'Who may be given an assignment, by name, each with what it is for and its step.',
  final: 'A step that makes the output of `assignments`, each with id, worker, task, status and output.',
};

export const workerSentences = {
  description: 'What the worker is for, as the supervisor is told.',
  step: 'What is done for an assignment; it knows `task` and `feedback`.',
};
