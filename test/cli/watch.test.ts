import type { RunEvent } from '../../src/contract/api';
import { fermata, startCommand, until } from './support/command-line';
import {
  aFinishedRun,
  anApproval,
  aRun,
  eventsOf,
  openStream,
  sendEvent,
  sendJson,
  sendProblem,
  startFakeService,
  type FakeService,
} from './support/fake-service';

const usage = { modelCalls: 1, inputTokens: 600, outputTokens: 400, cachedTokens: 0, costUsd: 0.0078 };
const started = { type: 'run.started', data: { plan: { name: 'brief', version: '1.0.0' } } };
const drafted = [
  { type: 'step.started', step: 'draft', data: { type: 'agent', id: 'draft', agent: 'writer' } },
  {
    type: 'call.started',
    step: 'draft',
    data: { call: 'c1', agent: 'writer', model: 'claude-sonnet', attempt: 1 },
  },
  {
    type: 'call.finished',
    step: 'draft',
    data: {
      call: 'c1',
      agent: 'writer',
      model: 'claude-sonnet',
      status: 'done',
      text: 'x',
      stop: 'end',
      usage,
      error: null,
    },
  },
  {
    type: 'step.finished',
    step: 'draft',
    data: {
      type: 'agent',
      id: 'draft',
      status: 'completed',
      output: 'x',
      decision: null,
      error: null,
      stateVersion: 1,
    },
  },
];
const asked = {
  type: 'approval.requested',
  step: 'sign-off',
  data: {
    approval: 'ap1',
    kind: 'approval',
    title: 'Publish the brief?',
    risk: 'high',
    dueAt: null,
    digest: 'sha-1',
  },
};
const finished = (status: string) => ({
  type: 'run.finished',
  data: { status, output: null, incomplete: [], error: null, activeMs: 5000 },
});

describe('watching a run', () => {
  let service: FakeService;
  beforeEach(async () => {
    service = await startFakeService();
  });
  afterEach(() => service.close());

  function serveRun(events: RunEvent[], end = aFinishedRun('completed', 'The brief.')): void {
    let watched = false;
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, watched ? end : aRun());
    });
    service.on('GET /v1/runs/run1/events', ({ headers }, response) => {
      watched = true;
      openStream(response);
      for (const event of events.slice(Number(headers['last-event-id'] ?? 0))) sendEvent(response, event);
      response.end();
    });
  }

  it('prints the output alone on standard output and the way there beside it', async () => {
    serveRun(eventsOf(started, ...drafted, finished('completed')));
    const { exitCode, output, said } = await fermata(['watch', 'run1'], service);
    expect(exitCode).toBe(0);
    expect(output).toBe('The brief.');
    expect(said).toContain('✓ draft  completed  writer · claude-sonnet  1.0k tokens  $0.0078');
    expect(said).toContain(
      'completed · 2 calls · 2.0k tokens (1.2k in, 800 out) · $0.0156 · 9.0s · simulated',
    );
    expect(said).not.toContain('\u001b');
  });

  it.each([
    ['completed', 0],
    ['failed', 1],
    ['cancelled', 1],
    ['rejected', 3],
    ['partial', 5],
  ] as const)('exits with the code of a run that ended %s', async (status, code) => {
    serveRun(eventsOf(started, finished(status)), aFinishedRun(status, null));
    expect((await fermata(['watch', 'run1'], service)).exitCode).toBe(code);
  });

  it('does not pass on as output what was rejected', async () => {
    serveRun(eventsOf(started, finished('rejected')), aFinishedRun('rejected', 'A text nobody wanted.'));
    const { output, said } = await fermata(['watch', 'run1'], service);
    expect(output).toBe('');
    expect(said).toContain('npx fermata show run1');
  });

  it('names what is missing and why', async () => {
    const incomplete = [
      { step: 'research.market', code: 'branch_failed' as const, reason: 'No answer came.' },
    ];
    serveRun(eventsOf(started, finished('partial')), aFinishedRun('partial', null, { incomplete }));
    const { said } = await fermata(['watch', 'run1'], service);
    expect(said).toContain('research.market  branch_failed: No answer came.');
  });

  it('goes on after the last event it saw when the connection breaks, and says nothing of it', async () => {
    const events = eventsOf(started, ...drafted, finished('completed'));
    const resumedAfter: (string | undefined)[] = [];
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, aFinishedRun('completed', 'The brief.'));
    });
    service.on('GET /v1/runs/run1/events', ({ headers }, response) => {
      const last = headers['last-event-id'] as string | undefined;
      resumedAfter.push(last);
      openStream(response);
      const next = events.slice(Number(last ?? 0), Number(last ?? 0) + 2);
      for (const event of next) sendEvent(response, event);
      // The first connection is cut in the middle, the others end as a stopping service ends them.
      if (last === undefined) response.socket?.end();
      else response.end();
    });
    const { exitCode, output } = await fermata(['watch', 'run1', '--json'], service);
    expect(exitCode).toBe(0);
    expect(resumedAfter).toEqual([undefined, '2', '4']);
    expect(
      output
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as RunEvent).seq),
    ).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('lives through a restart of the service', async () => {
    const events = eventsOf(started, ...drafted, finished('completed'));
    const port = Number(new URL(service.url).port);
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, aRun());
    });
    service.on('GET /v1/runs/run1/events', (_, response) => {
      openStream(response);
      for (const event of events.slice(0, 3)) sendEvent(response, event);
    });
    const watching = startCommand(['watch', 'run1'], service);
    await until(() => watching.said().includes('draft'));
    await service.close();
    service = await startFakeService(port);
    serveRun(events);
    const { exitCode, output, said } = await watching.ended;
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: 'The brief.' });
    expect(said).not.toContain('lost');
    expect(service.received.find(({ path }) => path.endsWith('/events'))?.headers['last-event-id']).toBe('3');
  });

  it('stays through events that come after the end of a run that was reopened', async () => {
    const events = eventsOf(
      started,
      finished('failed'),
      { type: 'run.status', data: { status: 'running', reason: 'reset', activeMs: 0 } },
      ...drafted,
      finished('completed'),
    );
    serveRun(events);
    const { exitCode, said } = await fermata(['watch', 'run1'], service);
    expect(exitCode).toBe(0);
    expect(said).toContain('run is running: reset');
    expect(said).toContain('draft  completed');
  });

  it('says which commands decide where nobody is at the terminal, and waits on', async () => {
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, aFinishedRun('rejected', null));
    });
    service.on('GET /v1/approvals/ap1', (_, response) => {
      sendJson(response, anApproval());
    });
    let end: () => void = () => undefined;
    service.on('GET /v1/runs/run1/events', (_, response) => {
      const [first, second, last] = eventsOf(started, asked, finished('rejected'));
      openStream(response);
      for (const event of [first, second]) if (event !== undefined) sendEvent(response, event);
      end = () => {
        if (last !== undefined) sendEvent(response, last);
        response.end();
      };
    });
    const watching = startCommand(['watch', 'run1'], service);
    await until(() => watching.said().includes('reject ap1'));
    expect(watching.said()).toContain('waits for a person: Publish the brief?');
    expect(watching.said()).toContain('npx fermata approve ap1');
    expect(watching.said()).toContain('npx fermata edit ap1 --content @file');
    end();
    expect((await watching.ended).exitCode).toBe(3);
  });

  it('leaves the run alone on Ctrl-C and says how to come back', async () => {
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, aRun());
    });
    service.on('GET /v1/runs/run1/events', (_, response) => {
      openStream(response);
      for (const event of eventsOf(started)) sendEvent(response, event);
    });
    const watching = startCommand(['watch', 'run1'], service);
    await until(() => watching.said().includes('started'));
    watching.child.kill('SIGINT');
    const { exitCode, said } = await watching.ended;
    expect(exitCode).toBe(130);
    expect(said).toContain('The run goes on. Watch it again with: npx fermata watch run1');
    expect(service.received.every(({ method }) => method === 'GET')).toBe(true);
  });

  it('ends at once where the service refuses to show the run', async () => {
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, aRun());
    });
    service.on('GET /v1/runs/run1/events', (_, response) => {
      sendProblem(response, 410, 'event_cursor_expired', 'The event to go on from is unknown.');
    });
    const { exitCode, said } = await fermata(['watch', 'run1'], service);
    expect(exitCode).toBe(1);
    expect(said).toContain('error  The event to go on from is unknown. (event_cursor_expired)\n');
  });
});
