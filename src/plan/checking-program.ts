import type { MessagePort } from 'node:worker_threads';
import type { RegExpEngine } from 'ajv/dist/types';
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020';
import type formats from 'ajv-formats';
import type markdown from 'markdown-it';
import type { RE2JS } from 're2js';
import type { Fault } from './fault';
import type { faultsOfMarkdown } from './markdown-faults';

export type CheckingJob = SchemaJob | { type: 'markdown'; text: string };

/** A schema to compile and, where there is one, a value to check against it; both as JSON text. */
interface SchemaJob {
  type: 'schema';
  schema: string;
  value: string | null;
}

export interface CheckingAnswer {
  type: 'checked' | 'bad_schema';
  faults: Fault[];
}

/** What the thread's program is given, because it can't import. */
interface Libraries {
  Ajv: typeof Ajv2020;
  addFormats: typeof formats;
  Expression: typeof RE2JS;
  markdown: typeof markdown;
  createJudge: typeof createJudge;
  faultOf: typeof faultOf;
  faultsOfMarkdown: typeof faultsOfMarkdown;
}

/**
 * The program of the thread that compiles schemas, and checks values and texts. It is sent there as its
 * own source text, so that it runs alike from source and compiled; so it may use nothing from this file.
 */
export function serveChecks(port: MessagePort, libraries: Libraries): void {
  const faultsMax = 100;
  const judge = libraries.createJudge(libraries, faultsMax);
  // Blocks alone: what is inside a line is text, whatever it looks like.
  const blocks = libraries.markdown('default', { html: true });
  blocks.core.ruler.enableOnly(['normalize', 'block']);

  function answer(job: CheckingJob): CheckingAnswer {
    if (job.type === 'schema') return judge(job);
    const faults = libraries.faultsOfMarkdown(job.text, blocks);
    return { type: 'checked', faults: faults.slice(0, faultsMax) };
  }

  port.on('message', (job: CheckingJob) => {
    try {
      port.postMessage(answer(job));
    } catch (error) {
      // A schema that refers to itself without end, or a value nested too deeply for the stack.
      const message = error instanceof Error ? error.message : String(error);
      port.postMessage({ type: 'bad_schema', faults: [{ path: '', message }] } satisfies CheckingAnswer);
    }
  });
  // The first job of all makes the engines compile what is their own; that is no job's time.
  const schema = '{"type":"object","properties":{"a":{"pattern":"a"}}}';
  answer({ type: 'schema', schema, value: '{"a":"a"}' });
  answer({ type: 'markdown', text: '# a' });
  port.postMessage('ready');
}

/** What compiles schemas, each once, and checks values against them. Sent to the thread as its source text, too. */
export function createJudge(
  { Ajv, addFormats, Expression, faultOf }: Libraries,
  faultsMax: number,
): (job: SchemaJob) => CheckingAnswer {
  const compiledMax = 200;
  const compiled = new Map<string, ValidateFunction>();
  const meta = new Ajv({ strict: false, allErrors: true, validateFormats: false, logger: false });

  function engine(pattern: string): { test(text: string): boolean; toString(): string } {
    const expression = Expression.compile(Expression.translateRegExp(pattern));
    // The name is what generated code keeps patterns apart by.
    return { test: (text) => expression.matcher(text).find(), toString: () => pattern };
  }

  function compile(text: string): ValidateFunction {
    const known = compiled.get(text);
    if (known !== undefined) return known;
    // One instance a schema: their ids must not meet.
    const ajv = new Ajv({
      // What no keyword or format is would be ignored in silence; the rest of strictness is taste.
      strict: false,
      strictSchema: true,
      strictNumbers: true,
      ownProperties: true,
      allErrors: true,
      meta: false,
      validateSchema: false,
      logger: false,
      code: { regExp: Object.assign(engine, { code: 'engine' }) satisfies RegExpEngine },
    });
    addFormats(ajv);
    const validate = ajv.compile(JSON.parse(text) as object | boolean);
    if (compiled.size >= compiledMax) compiled.delete(compiled.keys().next().value ?? '');
    compiled.set(text, validate);
    return validate;
  }

  return function judge({ schema, value }: SchemaJob): CheckingAnswer {
    let validate = compiled.get(schema);
    if (validate === undefined) {
      if (meta.validateSchema(JSON.parse(schema) as object | boolean) !== true)
        return { type: 'bad_schema', faults: (meta.errors ?? []).slice(0, faultsMax).map(faultOf) };
      try {
        validate = compile(schema);
      } catch (error) {
        return {
          type: 'bad_schema',
          faults: [{ path: '', message: error instanceof Error ? error.message : String(error) }],
        };
      }
    }
    if (value === null || validate(JSON.parse(value))) return { type: 'checked', faults: [] };
    return { type: 'checked', faults: (validate.errors ?? []).slice(0, faultsMax).map(faultOf) };
  };
}

/** Says an error in our words. It is sent to the thread as its source text, too. */
export function faultOf(error: ErrorObject): Fault {
  const params = error.params as { [name: string]: unknown };
  const extra = params['additionalProperty'] ?? params['unevaluatedProperty'];
  if (typeof extra === 'string') {
    const path = `${error.instancePath}/${extra.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return { path, message: 'is not a property here' };
  }
  const allowed = params['allowedValues'] ?? params['allowedValue'];
  const values = allowed === undefined ? '' : `: ${JSON.stringify(allowed).slice(0, 300)}`;
  return { path: error.instancePath, message: (error.message ?? '') + values };
}
