import { trace, type Attributes } from '@opentelemetry/api';

/**
 * Runs work as a span of the run's trace, so that calls show under the step that made them. Spans are
 * no commands: they leave the sandbox through a sink that is silent during replay.
 */
export function inSpan<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return trace.getTracer('fermata').startActiveSpan(name, { attributes }, (span) => {
    const end = (): void => {
      span.end();
    };
    const done = work();
    // Not awaited here: each promise more is a stack trace more, and nobody waits for a span.
    done.then(end, end);
    return done;
  });
}
