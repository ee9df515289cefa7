import { z } from 'zod';

/** The parts of an Anthropic Messages request that the simulated vendor acts on; the rest is let through. */
const TextBlock = z.looseObject({ type: z.literal('text'), text: z.string() });
const Content = z.union([z.string(), z.array(TextBlock).min(1)]);

export const CountBody = z.looseObject({
  model: z.string().min(1).max(200),
  messages: z.array(z.looseObject({ role: z.enum(['user', 'assistant']), content: Content })).min(1),
  system: Content.optional(),
  output_config: z
    .looseObject({
      format: z
        .looseObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.json()) })
        .nullish(),
    })
    .nullish(),
});

export const MessagesBody = CountBody.extend({
  max_tokens: z.int().min(1),
  stream: z.boolean().default(false),
});

export interface Turn {
  role: 'user' | 'assistant';
  text: string;
}

/** A request, whichever way its texts were written. */
export interface Asked {
  model: string;
  system: string;
  turns: Turn[];
  /** JSON Schema of the answer where a structured one is asked for. */
  schema: JsonObject | null;
}

export type JsonObject = Record<string, z.core.util.JSONType>;
export type Json = z.core.util.JSONType;

export function asked(body: z.infer<typeof CountBody>): Asked {
  return {
    model: body.model,
    system: body.system === undefined ? '' : text(body.system),
    turns: body.messages.map(({ role, content }) => ({ role, text: text(content) })),
    schema: body.output_config?.format?.schema ?? schemaInWords(body),
  };
}

// Some schemas have no form that the vendor enforces, and are given in the instructions instead.
function schemaInWords({ system }: z.infer<typeof CountBody>): JsonObject | null {
  const given = system === undefined ? undefined : /\bJSON Schema: (\{.*\})\s*$/s.exec(text(system))?.[1];
  try {
    return given === undefined ? null : (JSON.parse(given) as JsonObject);
  } catch {
    return null;
  }
}

function text(content: z.infer<typeof Content>): string {
  return typeof content === 'string' ? content : content.map((block) => block.text).join('\n\n');
}

/** Types of errors by the status they come with, as Anthropic names them. */
const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export function errorBody(status: number, message: string, requestId: string) {
  return {
    type: 'error',
    error: { type: errorTypes[status] ?? 'api_error', message },
    request_id: requestId,
  };
}
