import { filters, Liquid } from 'liquidjs';
import { limits } from '../contract/limits';

// No tag that reads files, keeps state between renders, or writes past `Show`.
const tags = new Set([
  'assign',
  'capture',
  'case',
  'comment',
  'for',
  'break',
  'continue',
  'if',
  'unless',
  'raw',
  '#',
]);

// No filter whose answer depends on chance, the clock or the machine, and none that takes an
// expression as a string, whose names nobody would see.
const pureFilters = new Set([
  ...['append', 'capitalize', 'downcase', 'escape', 'lstrip', 'newline_to_br', 'normalize_whitespace'],
  ...['number_of_words', 'prepend', 'remove', 'remove_first', 'remove_last', 'replace', 'replace_first'],
  ...[
    'replace_last',
    'rstrip',
    'slice',
    'slugify',
    'split',
    'squish',
    'strip',
    'strip_html',
    'strip_newlines',
  ],
  ...['truncate', 'truncatewords', 'upcase', 'url_decode', 'url_encode', 'base64_decode', 'base64_encode'],
  ...[
    'abs',
    'at_least',
    'at_most',
    'ceil',
    'divided_by',
    'floor',
    'minus',
    'modulo',
    'plus',
    'round',
    'times',
  ],
  ...[
    'array_to_sentence_string',
    'compact',
    'concat',
    'find',
    'find_index',
    'first',
    'group_by',
    'has',
    'join',
  ],
  ...[
    'last',
    'map',
    'pop',
    'push',
    'reject',
    'reverse',
    'shift',
    'size',
    'sort',
    'sort_natural',
    'sum',
    'uniq',
  ],
  ...['unshift', 'where', 'default', 'json', 'to_integer', 'date'],
]);

/** Bounded, without files, and giving the same for the same values on every machine. */
export const engine = new Liquid({
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  templates: {},
  locale: 'en-US',
  timezoneOffset: 0,
  parseLimit: limits.templateBytesMax,
  renderLimit: limits.renderMillisecondsMax,
  memoryLimit: limits.renderUnitsMax,
});
for (const name of Object.keys(engine.tags)) if (!tags.has(name)) Reflect.deleteProperty(engine.tags, name);
for (const name of Object.keys(engine.filters)) if (!pureFilters.has(name)) engine.unregisterFilter(name);

const zoned = /^\d{4}-\d{2}-\d{2}(T.+(Z|[+-]\d{2}:?\d{2}))?$/;
engine.registerFilter('date', function date(value: unknown, ...rest: unknown[]): unknown {
  // Any other time would be read in the zone of the machine that happens to render.
  if (typeof value !== 'number' && !(typeof value === 'string' && zoned.test(value)))
    throw new Error('date takes a time with its zone, such as run.startedAt');
  const original = filters['date'];
  return (original as (...given: unknown[]) => unknown).call(this, value, ...rest);
});
