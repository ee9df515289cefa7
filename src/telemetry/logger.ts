import { trace } from '@opentelemetry/api';
import { pino, type Logger } from 'pino';
import type { Config } from '../config';

/** A logger of JSON lines to standard output, each with the part's name and, inside a span, its ids. */
export function createLogger(config: Config, part: string): Logger {
  return pino({
    level: config.LOG_LEVEL,
    base: { part, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: currentIds,
    // Temporal's SDK names its errors so.
    serializers: { error: pino.stdSerializers.err },
  });
}

function currentIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
