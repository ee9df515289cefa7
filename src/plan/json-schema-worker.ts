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

export type SchemaAnswer =
  | { type: 'checked'; faults: { path: string; message: string }[] }
  | { type: 'bad_schema'; faults: { path: string; message: string }[] };

/** What the thread's program is given, because it can't import. */
export interface SchemaLibraries {
  Ajv: typeof Ajv2020;
  addFormats: typeof formats;
  Expression: typeof RE2JS;
}

/**
 * The program of the thread that compiles schemas and checks values. It is sent there as its own
 * source text, so that it runs alike from source and compiled; so it may use nothing from this file.
 */
export function serveSchemas(port: MessagePort, { Ajv, addFormats, Expression }: SchemaLibraries): void {
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
      ...{ strictSchema: true, strictNumbers: true, strictTypes: false, strictTuples: false, strictRequired: false },
      ...{ allowUnionTypes: true, ownProperties: true, allErrors: true, meta: false, validateSchema: false },
      ...{ addUsedSchema: false, logger: false, code: { regExp: Object.assign(engine, { code: 'engine' }) as RegExpEngine } },
    });
    addFormats(ajv);
    const validate = ajv.compile(JSON.parse(text) as object | boolean);
    if (compiled.size >= compiledMax) compiled.delete(compiled.keys().next().value ?? '');
    compiled.set(text, validate);
    return validate;
  }

  function faultOf(error: ErrorObject): { path: string; message: string } {
    const params = error.params as { [name: string]: unknown };
    const extra = params['additionalProperty'] ?? params['unevaluatedProperty'] ?? params['propertyName'];
    const escaped = typeof extra === 'string' ? `/${extra.replaceAll('~', '~0').replaceAll('/', '~1')}` : '';
    const message = escaped !== '' && error.keyword !== 'propertyNames' ? 'is not a property here' : (error.message ?? '');
    const allowed = params['allowedValues'] ?? params['allowedValue'];
    const values = allowed === undefined ? '' : `: ${JSON.stringify(allowed).slice(0, 300)}`;
    return { path: error.instancePath + escaped, message: message + values };
  }

  function answer({ schema, value }: SchemaJob): SchemaAnswer {
    let validate = compiled.get(schema);
    if (validate === undefined) {
      if (meta.validateSchema(JSON.parse(schema) as object | boolean) !== true)
        return { type: 'bad_schema', faults: (meta.errors ?? []).slice(0, faultsMax).map(faultOf) };
      try {
        validate = compile(schema);
      } catch (error) {
        return { type: 'bad_schema', faults: [{ path: '', message: error instanceof Error ? error.message : String(error) }] };
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
