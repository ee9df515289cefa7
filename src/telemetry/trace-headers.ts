import { context, propagation } from '@opentelemetry/api';

/** The headers by which another process joins the current trace. Empty outside of one. */
export function traceHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}
