import {
  Context,
  filters,
  Liquid,
  LiquidError,
  Output,
  ParseError,
  Parser,
  toValueSync,
  TypeGuards,
  Value,
} from 'liquidjs';
import type { Emitter, Template, TopLevelToken } from 'liquidjs';
import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import type { JsonObject } from './json';

/** Turns a value that a template puts out into text. `expression` is as written between the braces. */
export type Show = (value: Json, expression: string) => string;

/** A template that can't be read or whose names have no value. The message says where. */
export class TemplateError extends Error {
  readonly code = 'invalid_template';
}

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

const engine = new Liquid({
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

/** An output that asks the render's own `Show` what its value looks like. */
class ShownOutput extends Output {
  readonly expression: string;

  constructor(token: ConstructorParameters<typeof Output>[0], liquid: Liquid) {
    super(token, liquid);
    this.expression = token.content.trim();
  }

  override *render(context: Context, emitter: Emitter): IterableIterator<unknown> {
    const value = toJson(yield this.value.value(context, false));
    emitter.write(context.getRegister<Show>('show')(value, this.expression));
  }
}

class ShownParser extends Parser {
  override parseToken(token: TopLevelToken, rest: TopLevelToken[]): ReturnType<Parser['parseToken']> {
    const template = super.parseToken(token, rest);
    for (const argument of (template as Template).arguments?.() ?? [])
      if (argument instanceof Value && operandsLeft(argument) !== 1)
        throw new ParseError(new Error('two values stand side by side with nothing between them'), token);
    return template instanceof Output ? new ShownOutput(template.token, engine) : template;
  }
}

/** How many values an expression would leave. The engine goes on with the last and forgets the others. */
function operandsLeft({ initial }: Value): number {
  return initial.postfix.reduce((count, token) => {
    if (!TypeGuards.isOperatorToken(token)) return count + 1;
    return token.operator === 'not' ? count : count - 1;
  }, 0);
}

/** Reads a template. Throws `TemplateError`. */
export function parseTemplate(text: string): Template[] {
  return speaking(() => new ShownParser(engine).parse(text));
}

/** Paths of the names that a template takes from outside; what stands in brackets is a path of its own. */
export function templatePaths(template: Template[]): (string | number | null)[][] {
  const { globals } = speaking(() => engine.analyzeSync(template, { partials: false }));
  return Object.values(globals)
    .flat()
    .map(({ segments }) => segments.map((segment) => (typeof segment === 'object' ? null : segment)));
}

/** Renders to text, each output by `show`. Throws `TemplateError`. */
export function renderText(template: Template[], names: JsonObject, show: Show): string {
  return speaking(() => {
    const context = contextOf(names);
    context.setRegister('show', show);
    const text = String(toValueSync(engine.renderer.renderTemplates(template, context)));
    if (text.length > limits.renderedBytesMax)
      throw new TemplateError(
        `The text is longer than the ${String(limits.renderedBytesMax)} characters allowed.`,
      );
    return text;
  });
}

/** The value of a template that is one whole output, else undefined. Throws `TemplateError`. */
export function wholeValue(template: Template[], names: JsonObject): Json | undefined {
  const [only, second] = template;
  if (!(only instanceof ShownOutput) || second !== undefined) return undefined;
  return speaking(() => toJson(toValueSync(only.value.value(contextOf(names), false))));
}

function contextOf(names: JsonObject): Context {
  return new Context(names, engine.options, { sync: true }, { liquid: engine });
}

function toJson(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('the value is not a number');
  if (typeof value !== 'object') return value as string | number | boolean;
  // What filters and loops make of values may be of classes of the engine's own.
  return JSON.parse(JSON.stringify(value)) as Json;
}

function speaking<Result>(act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof TemplateError || !(error instanceof Error)) throw error;
    throw new TemplateError(messageOf(error), { cause: error });
  }
}

function messageOf(error: Error): string {
  const original = (LiquidError.is(error) ? error.originalError : undefined) ?? error;
  const reason = original.message
    .replace(/, line:\d+, col:\d+$/, '')
    .replace(/^undefined variable: (.*)$/, '$1 is not known here');
  if (!LiquidError.is(error)) return reason;
  const [line, column] = error.token.getPosition();
  return `${reason} (line ${String(line)}, column ${String(column)} of the template)`;
}
