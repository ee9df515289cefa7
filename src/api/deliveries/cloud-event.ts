import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { limits } from '../../contract/limits';
import type { ProblemIssue } from '../../contract/problems';
import type { Json } from '../../contract/value';
import { isBroken } from '../../plan/unicode';
import { invalidInput, ProblemError } from '../problem';
import { readJson } from '../read-json';
import { schemaIssues } from '../schema-issues';

/** A body of any content type, as it was sent. */
export class RawBody {
  readonly bytes: Buffer;
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((value) => !isBroken(value), 'holds NUL or half of a character');

/** CloudEvents 1.0: the attributes, and extensions with names of small letters and digits. */
const CloudEvent = z
  .object({
    specversion: z.literal('1.0'),
    id: text(limits.eventNameCharactersMax),
    source: text(limits.eventSourceCharactersMax),
    type: text(limits.eventNameCharactersMax),
    subject: text(limits.eventNameCharactersMax).optional(),
    time: z.iso.datetime({ offset: true }).optional(),
    datacontenttype: text(255).optional(),
    dataschema: text(limits.eventSourceCharactersMax).optional(),
    data: z.custom<Json>().optional(),
    data_base64: z.base64().optional(),
  })
  .catchall(z.union([z.string(), z.number(), z.boolean()]))
  .superRefine((event, context) => {
    if (event.data !== undefined && event.data_base64 !== undefined)
      context.addIssue({ code: 'custom', path: ['data_base64'], message: 'stands beside data' });
    for (const name of Object.keys(event))
      if (name !== 'data_base64' && !/^[a-z0-9]{1,40}$/.test(name))
        context.addIssue({
          code: 'custom',
          path: [name],
          message: 'is not a name of small letters and digits',
        });
  });
export type CloudEvent = z.infer<typeof CloudEvent>;

/**
 * The event of a request, in structured mode (the body is the event) or in binary mode (the attributes
 * are headers `ce-…`, the body is its data). Throws a problem.
 */
export function readCloudEvent(headers: IncomingHttpHeaders, body: unknown): CloudEvent {
  const contentType = headers['content-type'];
  const mode = headers['ce-specversion'] === undefined ? 'structured' : 'binary';
  const given = mode === 'binary' ? binary(headers, body) : structured(contentType, body);
  const read = CloudEvent.safeParse(given, { reportInput: true });
  if (read.success) return read.data;
  const issues: ProblemIssue[] = schemaIssues(read.error);
  throw invalidInput('The event is not a CloudEvent 1.0.', issues);
}

function structured(contentType: string | undefined, body: unknown): unknown {
  if (!(body instanceof RawBody)) return body ?? {};
  if (isOf(contentType, 'application/cloudevents+json')) return readJson(body.bytes, limits.jsonDepthMax);
  throw new ProblemError(
    'unsupported_media_type',
    'Send application/cloudevents+json, application/json, or the attributes as headers ce-….',
  );
}

function binary(headers: IncomingHttpHeaders, body: unknown): unknown {
  const attributes = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('ce-') && typeof value === 'string' ? [[name.slice(3), decoded(value)]] : [],
  );
  const contentType = headers['content-type'];
  return {
    ...(Object.fromEntries(attributes) as object),
    ...(contentType === undefined || body === undefined ? {} : { datacontenttype: contentType }),
    ...dataOf(contentType, body),
  };
}

/** Header values are percent-encoded where they are more than printable ASCII. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function dataOf(contentType: string | undefined, body: unknown): object {
  if (body === undefined) return {};
  if (!(body instanceof RawBody)) return { data: body };
  if (body.bytes.length === 0) return {};
  if (/^application\/[^;]*\+json\b/i.test(contentType ?? ''))
    return { data: readJson(body.bytes, limits.jsonDepthMax) };
  if (/^text\//i.test(contentType ?? '')) {
    try {
      return { data: utf8.decode(body.bytes) };
    } catch {
      // Not UTF-8: kept as bytes.
    }
  }
  return { data_base64: body.bytes.toString('base64') };
}

function isOf(contentType: string | undefined, type: string): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === type;
}
