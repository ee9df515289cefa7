import { z } from 'zod';
import { limits } from '../limits';
import { Checks } from './checks';
import { Name, object, Template } from './basics';
import { planDescriptions } from './descriptions';
import { Context, frame } from './step-fields';

/** Steps in which one agent hands out work and judges what comes back. */

const { step } = planDescriptions;

export const supervisorFields = object(
  {
    ...step,
    type: 'An agent splits the work, assigns the parts to workers and judges what they bring; the output is that of `final`, else its answer, else what it accepted by assignment.',
    supervisor: 'The agent that assigns and judges.',
    prompt: 'What it is asked: a template; without it the task, or the previous output, is shown.',
    context: 'What it sees beside that, the workers and their results.',
    maxRounds: 'How many decisions it may take before a last one, after which nothing more is run.',
    maxAssignments: 'How many assignments it may hand out in all; tries of the same one count once.',
    checks: "What every result must pass: one that fails can't be accepted and is tried again.",
    concurrency: 'How many workers work at a time.',
    reassignAfter:
      'After so many tries of one worker that were not accepted, the next worker in the order written has the assignment.',
  },
  {
    type: z.literal('supervisor'),
    ...frame,
    supervisor: Name,
    prompt: Template.optional(),
    context: Context.optional(),
    maxRounds: z.int().min(1).max(50).default(5),
    maxAssignments: z.int().min(1).max(limits.branchesMax).default(20),
    concurrency: z.int().min(1).max(50).default(5),
    checks: Checks.optional(),
    reassignAfter: z.int().min(1).max(50).optional(),
  },
);

export const supervisorSentences = {
  workers: 'Who may be given an assignment, by name, each with what it is for and its step.',
  final: 'A step that makes the output of `assignments`, each with id, worker, task, status and output.',
};

export const workerSentences = {
  description: 'What the worker is for, as the supervisor is told.',
  step: 'What is done for an assignment; it knows `task` and `feedback`.',
};
