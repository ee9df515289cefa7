import { trace, type Attributes } from '@opentelemetry/api';

/**
 * Runs work as a span of the run's trace, so that calls show under the step that made them. Spans are
 * no commands: they leave the sandbox through a sink that is silent during replay.
 */
export async function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return trace.getTracer('fermata').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}
