import { z } from 'zod';
import { limits } from '../limits';
import { Condition, JsonSchema, object } from './basics';

/** Deterministic checks of a text or value, made before any model gives an opinion on it. */

const says = {
  schema: 'A JSON Schema that the value fits.',
  regex: 'A regular expression, as RE2 reads it, that is found in the text.',
  minLength: 'The text has at least so many characters.',
  maxLength: 'The text has at most so many characters.',
  minWords: 'The text has at least so many words, parted by white space.',
  maxWords: 'The text has at most so many words, parted by white space.',
  contains: 'What stands in the text, letter by letter: a string, or a list of which each does.',
  excludes: 'What does not stand in the text: a string, or a list of which none does.',
  markdown:
    'The text is well-formed Markdown: code blocks, comments and HTML blocks are closed, and the rows of a table have the cells of its head.',
  condition: 'A condition that holds; it knows `output`, which is what is checked.',
  message: 'What is said where the check fails, as it is written; else a sentence of the service.',
};

const count = z.int().min(0).max(limits.answerBytesMax);
const wanted = z.union([
  z.string().min(1).max(limits.checkCharactersMax),
  z.array(z.string().min(1).max(limits.checkCharactersMax)).min(1).max(limits.checksMax),
]);

const kinds = {
  schema: JsonSchema.optional(),
  regex: z.string().min(1).max(limits.checkCharactersMax).optional(),
  minLength: count.optional(),
  maxLength: count.optional(),
  minWords: count.optional(),
  maxWords: count.optional(),
  contains: wanted.optional(),
  excludes: wanted.optional(),
  markdown: z.literal(true).optional(),
  condition: Condition.optional(),
};
const names = Object.keys(kinds);

const Check = object(says, { ...kinds, message: z.string().min(1).max(limits.checkCharactersMax).optional() })
  .refine(
    (check) => Object.keys(check).filter((name) => names.includes(name)).length === 1,
    `A check has one of ${names.join(', ')}, and no second`,
  )
  .meta({
    id: 'Check',
    description: 'One thing that a text or value must be; of a value that is no text its JSON is the text.',
  });
export type Check = z.infer<typeof Check>;

export const Checks = z.array(Check).min(1).max(limits.checksMax);
