import { z } from 'zod';

/** Marks a route whose body may be left out, for Swagger calls every body required. */
export const optionalBody = 'x-optional-body';

/** Whether a route's schema takes a request without a body. */
export function mayLackBody(body: unknown): boolean {
  return body instanceof z.ZodType && body.safeParse(undefined).success;
}

interface Marked {
  [optionalBody]?: boolean;
  requestBody?: { required?: boolean };
}

/** The document with every body that may be left out marked as such, in the way of OpenAPI. */
export function withOptionalBodies<Document extends { paths?: object }>(document: Document): Document {
  const paths = Object.entries(document.paths ?? {}).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations as { [method: string]: Marked }).map(([method, operation]) => {
        const { [optionalBody]: optional, ...rest } = operation;
        if (optional !== true) return [method, operation];
        return [method, { ...rest, requestBody: { ...rest.requestBody, required: false } }];
      }),
    ),
  ]);
  return { ...document, paths: Object.fromEntries(paths) as object };
}
