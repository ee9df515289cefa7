import { resources, tracing } from '@opentelemetry/sdk-node';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
  type ReplayWorkerOptions,
} from '@temporalio/worker';
import { explain } from './explain';
import type { Reading } from './history';

/** What came of one history. */
export type Verdict =
  | { type: 'ok'; name: string; events: number }
  | { type: 'diverged'; name: string; reason: string }
  | { type: 'unreadable'; name: string; reason: string };

/** Keeps the SDK from telling at length what a verdict says in a line. Once a process, before the first replay. */
export function silenceRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }), forward: {} } },
  });
}

/**
 * Runs the workflow code of a bundle against histories, one after the other. OpenTelemetry's
 * interceptors are on, as in every worker: they have a part in the order of commands.
 */
export async function* replayHistories(
  bundlePath: string,
  readings: AsyncIterable<Reading> | Iterable<Reading>,
): AsyncGenerator<Verdict> {
  let current: Extract<Reading, { type: 'history' }> | undefined;
  const unreadable: Verdict[] = [];

  async function* readable() {
    for await (const reading of readings) {
      if (reading.type === 'unreadable') {
        unreadable.push(reading);
      } else {
        current = reading;
        yield { history: reading.history, workflowId: reading.name };
      }
    }
  }

  for await (const { error } of Worker.runReplayHistories(optionsFor(bundlePath), readable())) {
    if (current === undefined) throw new Error('There is a result without a history.');
    yield* unreadable.splice(0);
    const { name, history } = current;
    if (error === undefined) yield { type: 'ok', name, events: history.events.length };
    else yield { type: 'diverged', name, reason: explain(error, history) };
  }
  yield* unreadable;
}

function optionsFor(bundlePath: string): ReplayWorkerOptions {
  return {
    workflowBundle: { codePath: bundlePath },
    plugins: [
      new OpenTelemetryPlugin({
        resource: resources.resourceFromAttributes({}),
        spanProcessor: new tracing.NoopSpanProcessor(),
      }),
    ],
  };
}
