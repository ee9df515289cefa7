import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { tracing, resources } from '@opentelemetry/sdk-node';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';
import { DefaultLogger, Runtime, Worker, type ReplayWorkerOptions } from '@temporalio/worker';
import { projectFolder } from '../support/part';

// Recorded with `curl $URL/v1/runs/$ID/history`. Whatever workflow code does today, it must do in these runs, too.
const folder = path.join(projectFolder, 'test', 'histories');
const names = readdirSync(folder).map((file) => path.basename(file, '.json'));
const read = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'));

const options: ReplayWorkerOptions = {
  workflowBundle: { codePath: path.join(projectFolder, 'dist', 'workflow-bundle.js') },
  plugins: [
    new OpenTelemetryPlugin({
      resource: resources.resourceFromAttributes({}),
      spanProcessor: new tracing.NoopSpanProcessor(),
    }),
  ],
};

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

test.each(names)(
  'replays %s',
  async (name) => {
    await Worker.runReplayHistory(options, read(name), name);
  },
  60_000,
);

test('notices a history that workflow code would not make', async () => {
  const history = read('content-production-approved') as {
    events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
  };
  const scheduled = history.events.find((event) => event.activityTaskScheduledEventAttributes !== undefined);
  if (scheduled?.activityTaskScheduledEventAttributes === undefined) throw new Error('It has no activity.');
  scheduled.activityTaskScheduledEventAttributes.activityType.name = 'somethingElse';
  await expect(Worker.runReplayHistory(options, history, 'changed')).rejects.toThrow(/[Nn]ondeterminism/);
}, 60_000);
