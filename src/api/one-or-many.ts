import { z } from 'zod';

/** A query parameter that may be given more than once; a list in any case. */
export function oneOrMany<Item extends z.ZodType>(item: Item) {
  return z.union([item, z.array(item).max(50)]).transform((given) => [given].flat() as z.output<Item>[]);
}
