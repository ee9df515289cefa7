import helmet from '@fastify/helmet';
import type { z } from 'zod';
import type { ProblemIssue } from '../../contract/problems';
import { isBroken } from '../../plan/unicode';
import { invalidInput, ProblemError } from '../problem';
import { invalidUnicode } from '../read-json';
import { schemaIssues } from '../schema-issues';
import type { App } from '../service';

const partNames: { [part: string]: string } = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'headers',
};

/** What holds for every request: its id, headers that protect browsers, clean names, strict schemas. */
export async function installGuards(app: App, isDraining: () => boolean): Promise<void> {
  await app.register(helmet, {
    // The page of the API's documentation brings its own styles and scripts, from this service alone.
    contentSecurityPolicy: {
      directives: {
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'upgrade-insecure-requests': null,
      },
    },
    strictTransportSecurity: false,
  });
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    if (isDraining()) throw new ProblemError('draining', 'The service is stopping.');
    const named = { ...(request.params as object), ...(request.query as object) };
    for (const [name, value] of Object.entries(named))
      for (const text of [name, ...[value].flat()])
        if (typeof text === 'string' && isBroken(text))
          throw invalidUnicode(`/${isBroken(name) ? '' : name}`);
    done();
  });
  app.addHook('onSend', (_, reply, payload, done) => {
    // A connection that is kept open would hold up a server that stops.
    if (isDraining()) void reply.header('connection', 'close');
    done(null, payload);
  });
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (data) => {
    // No body at all comes as null.
    const given: unknown = httpPart === 'body' ? (data ?? undefined) : data;
    const result = schema.safeParse(given, { reportInput: true });
    if (result.success) return { value: result.data };
    const issues = schemaIssues(result.error, schema);
    return {
      error: invalidInput(
        `The ${partNames[httpPart ?? 'body'] ?? 'request'} is not valid.`,
        httpPart === 'querystring' ? namingRepeated(issues, given) : issues,
      ),
    };
  });
  // Answers are typed by their schemas at compile time; checking them again would only cost time.
  app.setSerializerCompiler(() => JSON.stringify);
}

/** A parameter that is given twice comes as a list, of which whoever wrote the URL knows nothing. */
function namingRepeated(issues: ProblemIssue[], query: unknown): ProblemIssue[] {
  const given = new Map(Object.entries(query as { [name: string]: unknown }));
  return issues.map((issue) =>
    Array.isArray(given.get(issue.path.slice(1))) && issue.message.startsWith('Must be a ')
      ? { ...issue, message: 'Is given more than once.' }
      : issue,
  );
}
