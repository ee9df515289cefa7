import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';

/** Several span processors as one, in their order. */
export function inAll(processors: readonly SpanProcessor[]): SpanProcessor {
  return {
    onStart(span, parent) {
      for (const processor of processors) processor.onStart(span, parent);
    },
    onEnd(span) {
      for (const processor of processors) processor.onEnd(span);
    },
    async forceFlush() {
      await Promise.all(processors.map((processor) => processor.forceFlush()));
    },
    async shutdown() {
      await Promise.all(processors.map((processor) => processor.shutdown()));
    },
  };
}
