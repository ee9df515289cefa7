import {
  Context,
  type Liquid,
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
import { engine } from './liquid-engine';

/** Turns a value that a template puts out into text. `expression` is as written between the braces. */
export type Show = (value: Json, expression: string) => string;

/** A template that can't be read or whose names have no value. The message says where. */
export class TemplateError extends Error {
  readonly code = 'invalid_template';
}

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
  const count = text.split(/\{[{%]/).length - 1;
  if (count > limits.templateTagsMax) {
    const message = `The template has ${String(count)} outputs and tags, more than the ${String(limits.templateTagsMax)} allowed.`;
    throw new TemplateError(message);
  }
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
