import type { MessagePort } from 'node:worker_threads';
import type { RegExpEngine } from 'ajv/dist/types';
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020';
import type formats from 'ajv-formats';
import type { RE2JS } from 're2js';

/** A schema to compile and, where there is one, a value to check against it; both as JSON text. */
export interface SchemaJob {
  schema: string;
  value: string | null;
}

/** A misfit, with a pointer into the value, or into the schema where that is what is wrong. */
export interface SchemaFault {
  path: string;
  message: string;
}

export interface SchemaAnswer {
  type: 'checked' | 'bad_schema';
  faults: SchemaFault[];
}

/** What the thread's program is given, because it can't import. */
interface SchemaLibraries {
  Ajv: typeof Ajv2020;
  addFormats: typeof formats;
  Expression: typeof RE2JS;
  faultOf: typeof faultOf;
}

/**
 * The program of the thread that compiles schemas and checks values. It is sent there as its own
 * source text, so that it runs alike from source and compiled; so it may use nothing from this file.
 */
export function serveSchemas(
  port: MessagePort,
  { Ajv, addFormats, Expression, faultOf }: SchemaLibraries,
): void {
  const compiledMax = 200;
  const faultsMax = 100;
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

  function answer({ schema, value }: SchemaJob): SchemaAnswer {
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
  }

  port.on('message', (job: SchemaJob) => {
    try {
      port.postMessage(answer(job));
    } catch (error) {
      // A schema that refers to itself without end, or a value nested too deeply for the stack.
      const message = error instanceof Error ? error.message : String(error);
      port.postMessage({ type: 'bad_schema', faults: [{ path: '', message }] } satisfies SchemaAnswer);
    }
  });
  // The first schema of all makes the engine compile its own; that is no job's time.
  answer({ schema: '{"type":"object","properties":{"a":{"pattern":"a"}}}', value: '{"a":"a"}' });
  port.postMessage('ready');
}

/** Says an error in our words. It is sent to the thread as its source text, too. */
export function faultOf(error: ErrorObject): SchemaFault {
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
