import type { ServerResponse } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunDecision } from '../../src/contract/api';
import { freePort } from '../support/free-port';
import { fermata } from './support/command-line';
import {
  aFinishedRun,
  anApproval,
  aRun,
  sendJson,
  sendProblem,
  startFakeService,
  type FakeService,
} from './support/fake-service';

const plan = `name: brief
version: 1.0.0
agents:
  writer: { model: claude-sonnet, instructions: You write. }
flow:
  type: agent
  agent: nobody
  prompt: "On {{ input.topic }}"
`;

describe('the command line', () => {
  let service: FakeService;
  let folder: string;
  beforeEach(async () => {
    service = await startFakeService();
    folder = mkdtempSync(join(tmpdir(), 'fermata-test-'));
  });
  afterEach(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });
  const sent = (index = 0) => JSON.parse(service.received[index]?.body ?? 'null') as unknown;

  it('starts a run of a file with its input, labels and limit, and prints the id alone', async () => {
    service.on('POST /v1/runs', (_, response) => {
      sendJson(response, aRun(), 201);
    });
    const file = join(folder, 'plan.yaml');
    writeFileSync(file, plan);
    const options = ['--set', 'topic=heat pumps', '--label', 'team=growth', '--limit-usd', '0.5'];
    const { exitCode, output, said } = await fermata(['run', file, ...options], service);
    expect({ exitCode, output, said }).toEqual({ exitCode: 0, output: 'run1\n', said: '' });
    expect(sent()).toMatchObject({
      plan: { name: 'brief', flow: { agent: 'nobody' } },
      input: { topic: 'heat pumps' },
      options: { labels: { team: 'growth' }, limits: { costUsd: 0.5 } },
    });
    expect(service.received[0]?.headers['authorization']).toBe('Bearer a-key-for-the-tests');
  });

  it('starts a stored plan by its name', async () => {
    service.on('POST /v1/runs', (_, response) => {
      sendJson(response, aRun(), 201);
    });
    await fermata(['run', 'brief@1.0.0', '--input', '{"topic":"x"}'], service);
    expect(sent()).toMatchObject({ plan: 'brief@1.0.0', input: { topic: 'x' } });
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['the answer was lost', (response) => response.destroy()],
    [
      'a part of the service is away for now',
      (response) => {
        sendProblem(response, 503, 'temporal_unavailable', 'Temporal does not answer.', { retryable: true });
      },
    ],
  ])('sends a start again under the same idempotency key when %s', async (_, fail) => {
    const keys: unknown[] = [];
    service.on('POST /v1/runs', ({ headers }, response) => {
      keys.push(headers['idempotency-key']);
      if (keys.length === 1) fail(response);
      else sendJson(response, aRun(), 201);
    });
    const { exitCode, output } = await fermata(['run', 'brief'], service);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: 'run1\n' });
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
  });

  it('shows what is wrong with a plan at its lines in the file', async () => {
    const issue = { path: '/flow/agent', code: 'unknown_agent', message: 'There is no agent nobody.' };
    service.on('POST /v1/runs', (_, response) => {
      sendProblem(response, 422, 'validation_failed', 'The plan is not valid.', {
        errors: [{ ...issue, path: '/plan/flow/agent' }],
      });
    });
    service.on('POST /v1/plans/validate', ({ headers, body }, response) => {
      expect({ type: headers['content-type'], body }).toEqual({ type: 'application/yaml', body: plan });
      sendJson(response, { valid: false, errors: [{ ...issue, line: 7, column: 10 }], warnings: [] });
    });
    const file = join(folder, 'plan.yaml');
    writeFileSync(file, plan);
    const { exitCode, output, said } = await fermata(['run', file], service);
    expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' });
    expect(said).toBe(
      `error  ${file} is not a valid plan.\n  ${file}:7:10  /flow/agent  There is no agent nobody.\n`,
    );
  });

  it('recommends a pattern: the reasons are said, the plan goes to standard output', async () => {
    service.on('POST /v1/plans/recommend', (_, response) => {
      const question = { name: 'stepsDepend', question: 'Does it?', answer: true, source: 'answers' };
      const questions = [{ ...question, reason: 'So it is.' }];
      sendJson(response, { pattern: 'refine', reason: 'x', questions, plan: { name: 'refine-skeleton' } });
    });
    const words = ['plans', 'recommend', 'a poem', '--answer', 'stepsDepend=true'];
    const { exitCode, output, said } = await fermata(words, service);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: 'name: refine-skeleton\n' });
    expect(said).toContain('Does it? Yes (stepsDepend, answers). So it is.');
    expect(sent()).toEqual({ goal: 'a poem', answers: { stepsDepend: true } });
  });

  it('has a plan written, waits for it, and prints it as it was written', async () => {
    const about = { run: 'run1', simulated: true, errors: [], warnings: [], error: null };
    const usage = { modelCalls: 1, inputTokens: 1, outputTokens: 1, cachedTokens: 0, costUsd: 0.02 };
    const nothing = { ...about, usage, status: 'running', plan: null, source: null, estimate: null };
    service.on('POST /v1/plans/draft', (_, response) => {
      sendJson(response, nothing, 201);
    });
    service.on('GET /v1/plans/drafts/run1', (_, response) => {
      const source = 'name: poem # short\n';
      sendJson(response, { ...nothing, status: 'completed', plan: { name: 'poem' }, source, reason: 'So.' });
    });
    const { exitCode, output, said } = await fermata(['plans', 'draft', 'a poem'], service);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: 'name: poem # short\n' });
    expect(said).toContain('The plan is being written by the run run1.');
    expect(said).toContain('Written by the run run1, simulated: 1 call, $0.0200.');
  });

  it('lists schedules, and makes, pauses and removes them', async () => {
    const one = { id: 's1', plan: 'brief', cron: '0 7 * * *', timezone: 'UTC', overlap: 'skip', input: null };
    const schedule = { ...one, paused: true, nextAt: null, from: 'api', last: null };
    service.on('GET /v1/schedules', (_, response) => {
      sendJson(response, { items: [schedule], nextCursor: null });
    });
    service.on('POST /v1/schedules', (_, response) => {
      sendJson(response, schedule, 201);
    });
    for (const method of ['PATCH', 'DELETE'])
      service.on(`${method} /v1/schedules/s1`, (_, response) => {
        sendJson(response, schedule);
      });
    const listed = await fermata(['schedules'], service);
    expect(listed.output).toBe('s1  brief  0 7 * * *  UTC  skip  paused\n');
    const add = ['schedules', 'add', 'brief', '0 7 * * *', '--set', 'topic=x', '--overlap', 'queue'];
    expect((await fermata(add, service)).output).toBe('s1\n');
    expect(sent(1)).toEqual({ plan: 'brief', cron: '0 7 * * *', input: { topic: 'x' }, overlap: 'queue' });
    expect((await fermata(['schedules', 'pause', 's1'], service)).output).toBe('s1 is paused.\n');
    expect(sent(2)).toEqual({ paused: true });
    expect((await fermata(['schedules', 'remove', 's1'], service)).output).toBe('s1 is removed.\n');
  });

  it('sends an event and says what followed, lists events, and delivers one again', async () => {
    const woken = [{ run: 'run1', step: 'payment' }];
    const answer = { id: 'evt_1', duplicate: false, started: ['run2'], woken, deadLetter: false };
    for (const path of ['/v1/events', '/v1/events/evt_1/redeliver'])
      service.on(`POST ${path}`, (_, response) => {
        sendJson(response, answer, 202);
      });
    const receivedAt = '2026-11-21T07:00:00.000Z';
    const letter = { id: 'evt_1', status: 'dead', reason: 'unmatched', receivedAt, started: [], woken: [] };
    service.on('GET /v1/events', (_, response) => {
      sendJson(response, { items: [{ ...letter, event: { type: 'paid' } }], nextCursor: null });
    });
    const send = ['events', 'send', 'paid', '--set', 'order=A-1', '--id', 'n1', '--source', '/shop'];
    const { output, said } = await fermata(send, service);
    expect({ output, said }).toEqual({ output: 'evt_1\n', said: 'started run2\nwoke payment of run1\n' });
    const attributes = { specversion: '1.0', id: 'n1', source: '/shop', type: 'paid' };
    expect(sent()).toEqual({ ...attributes, data: { order: 'A-1' } });
    answer.duplicate = true;
    expect((await fermata(send, service)).said).toBe(
      'It was sent before, and nothing follows from it twice.\nhad started run2\nhad woken payment of run1\n',
    );
    const listed = await fermata(['events', 'list', '--status', 'dead', '--status', 'kept'], service);
    expect(listed.output).toMatch(/^evt_1 {2}2026-11-2\d \S+ {2}paid {2}dead {2}unmatched\n$/);
    expect(service.received[2]?.path).toBe('/v1/events?limit=50&status=dead&status=kept');
    expect((await fermata(['events', 'redeliver', 'evt_1'], service)).output).toBe('evt_1\n');
  });

  it('estimates a stored plan under a limit', async () => {
    service.on('POST /v1/runs/estimate', (_, response) => {
      const modelCalls = { min: 3, expected: 6, max: 9 };
      const costUsd = { min: 0.001, expected: 0.0133, max: 0.2 };
      sendJson(response, { modelCalls, costUsd, seconds: 61, pastRuns: 0, warnings: [] });
    });
    const { exitCode, output, said } = await fermata(['estimate', 'brief', '--limit-usd', '0.2'], service);
    expect({ exitCode, said }).toEqual({ exitCode: 0, said: "From the plan's shape.\n" });
    expect(output).toMatch(/^min +3 calls +\$0\.001000\nexpected +6 calls +\$0\.0133 +1m 01s\nmax +9 calls/);
    expect(sent()).toMatchObject({ plan: 'brief', options: { limits: { costUsd: 0.2 } } });
  });

  it('names line and column of a file that is no YAML, without asking the service', async () => {
    const file = join(folder, 'plan.yaml');
    writeFileSync(file, 'name: brief\nflow: { type: agent\nagents: }\n');
    const { exitCode, said } = await fermata(['run', file], service);
    expect(exitCode).toBe(2);
    expect(said).toMatch(/^error {2}.*plan\.yaml is not valid YAML\.\n {2}.*plan\.yaml:3:1 {2}\S/);
    expect(service.received).toEqual([]);
  });

  it.each([
    [['run', './no-such-plan.yaml'], 'error  There is no file ./no-such-plan.yaml.\n'],
    [['run'], "error: missing required argument 'plan'\n"],
    [['run', 'brief', '--limit-usd', 'much'], 'It is not an amount over 0.'],
    [['plans', 'recommend'], 'error  Say the goal in words, or answer with --answer stepsDepend=true.'],
    [['frobnicate'], "error: unknown command 'frobnicate'"],
    [['decide', 'ap1', 'maybe'], "error: command-argument value 'maybe' is invalid"],
    [['approve', 'ap1', '--content', 'x'], "error: unknown option '--content'"],
  ])('ends %j as wrong usage', async (words, message) => {
    const { exitCode, output, said } = await fermata(words, service);
    expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' });
    expect(said).toContain(message);
  });

  it('says how to start a service that cannot be reached, in one line', async () => {
    const url = `http://127.0.0.1:${String(await freePort())}`;
    for (const words of [['runs'], ['run', 'brief', '--watch'], ['watch', 'run1'], ['approve', 'ap1']]) {
      const { exitCode, said } = await fermata(words, { url });
      expect(said).toBe(
        `error  Can't reach the service at ${url}: nothing listens there. Start it with: npm start\n`,
      );
      expect(exitCode).toBe(4);
    }
  });

  it('names a setting that makes no sense', async () => {
    const { exitCode, said } = await fermata(['runs'], { url: 'ftp://x' });
    expect(exitCode).toBe(2);
    expect(said).toBe('error  FERMATA_URL="ftp://x": is not an http:// or https:// URL.\n');
  });

  it('finds the key of the service in a folder above', async () => {
    service.on('GET /v1/runs', (_, response) => {
      sendJson(response, { items: [], nextCursor: null });
    });
    mkdirSync(join(folder, '.fermata'));
    mkdirSync(join(folder, 'deep', 'er'), { recursive: true });
    writeFileSync(join(folder, '.fermata', 'api-key'), 'key-from-a-file\n');
    await fermata(['runs'], { url: service.url, key: '', cwd: join(folder, 'deep', 'er') });
    expect(service.received[0]?.headers['authorization']).toBe('Bearer key-from-a-file');
  });

  it('says what to do where the key is refused', async () => {
    service.on('GET /v1/runs', (_, response) => {
      sendProblem(response, 401, 'unauthenticated', 'A valid key is needed.');
    });
    const { exitCode, said } = await fermata(['runs'], { url: service.url, key: '', cwd: folder });
    expect(exitCode).toBe(1);
    expect(said).toContain('Set FERMATA_API_KEY');
  });

  it('asks for the runs that the options name', async () => {
    service.on('GET /v1/runs', (_, response) => {
      sendJson(response, { items: [aRun()], nextCursor: null });
    });
    const options = [
      '--status',
      'running',
      '--status',
      'waiting',
      '--plan',
      'brief',
      '--label',
      'team=growth',
      '--q',
      'heat',
      '--limit',
      '5',
    ];
    const { output } = await fermata(['runs', ...options], service);
    expect(service.received[0]?.path).toBe(
      '/v1/runs?status=running&status=waiting&plan=brief&label=team%3Agrowth&q=heat&limit=5',
    );
    expect(output).toMatch(/^… run1 {2}running {2}brief 1\.0\.0 {2}.* {2}\$0\.0156 {2}simulated\n$/);
  });

  it('shows what was decided on the way, by agents and people', async () => {
    const about = { step: 'root', at: '2026-01-01T00:00:00.000Z', stateVersion: 1 };
    const decisions: RunDecision[] = [
      {
        ...about,
        kind: 'classifier',
        agent: 'clerk',
        by: null,
        decision: { route: 'billing', confidence: 0.9 },
      },
      {
        ...about,
        kind: 'approval',
        agent: null,
        by: 'ada',
        decision: { decision: 'edit', content: 'x'.repeat(700) },
      },
    ];
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, aFinishedRun('completed', 'text', { decisions }));
    });
    const { output } = await fermata(['show', 'run1'], service);
    expect(output).toContain('  root  classifier  clerk  {"route":"billing","confidence":0.9}\n');
    expect(output).toMatch(
      / {2}root {2}approval {4}ada {4}\{"decision":"edit","content":"x+… \(whole with --json\)\n/,
    );
  });

  it('shows what is held back: for calls under way, and after the end for those whose answer nobody has', async () => {
    const held = { limit: 1, used: 0.25, reserved: 0.5, left: 0.25 };
    const { budget } = aRun();
    let run = aRun({ budget: { ...budget, costUsd: held } });
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, run);
    });
    expect((await fermata(['show', 'run1'], service)).output).toMatch(
      /reserved {2,}\$0\.5 for calls under way\n/,
    );
    run = { ...aFinishedRun('completed', 'text'), budget: run.budget };
    expect((await fermata(['show', 'run1'], service)).output).toMatch(
      /reserved {2,}\$0\.5 for calls that may have been paid for and lost\n/,
    );
  });

  it('prints data alone with --json', async () => {
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, aRun());
    });
    const { output, said } = await fermata(['show', 'run1', '--json'], service);
    expect(JSON.parse(output)).toEqual(aRun());
    expect(said).toBe('');
  });

  it('decides on exactly what the approval shows', async () => {
    service.on('GET /v1/approvals/ap1', (_, response) => {
      sendJson(response, anApproval());
    });
    service.on('POST /v1/approvals/ap1', (_, response) => {
      sendJson(response, anApproval({ status: 'rejected' }));
    });
    const { exitCode, output } = await fermata(['reject', 'ap1', '--comment', 'too long'], service);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: 'ap1  rejected\n' });
    expect(sent(1)).toEqual({ decision: 'reject', digest: 'sha-1', comment: 'too long' });
  });

  it('sends an edited text word for word', async () => {
    service.on('GET /v1/approvals/ap1', (_, response) => {
      sendJson(response, anApproval());
    });
    service.on('POST /v1/approvals/ap1', (_, response) => {
      sendJson(response, anApproval({ status: 'edited' }));
    });
    const text = '  "Naïve" — 熱ポンプ\r\n\ttwo {{ lines }}\n\n';
    writeFileSync(join(folder, 'text.md'), text);
    await fermata(['edit', 'ap1', '--content', `@${join(folder, 'text.md')}`], service);
    expect(sent(1)).toEqual({ decision: 'edit', digest: 'sha-1', content: text });
  });

  it('takes the content for anything but a text as JSON', async () => {
    service.on('GET /v1/approvals/ap1', (_, response) => {
      sendJson(response, anApproval({ content: { title: 'x' } }));
    });
    service.on('POST /v1/approvals/ap1', (_, response) => {
      sendJson(response, anApproval({ status: 'edited' }));
    });
    expect((await fermata(['edit', 'ap1', '--content', 'no json'], service)).exitCode).toBe(2);
    await fermata(['edit', 'ap1', '--content', '{"title":"y"}'], service);
    expect(sent(2)).toMatchObject({ content: { title: 'y' } });
  });

  it('says who was first where an approval is decided already', async () => {
    service.on('GET /v1/approvals/ap1', (_, response) => {
      sendJson(response, anApproval());
    });
    service.on('POST /v1/approvals/ap1', (_, response) => {
      sendProblem(response, 409, 'approval_already_decided', 'ann approved it at 12:00.');
    });
    const { exitCode, said } = await fermata(['approve', 'ap1'], service);
    expect({ exitCode, said }).toEqual({
      exitCode: 1,
      said: 'error  ann approved it at 12:00. (approval_already_decided)\n',
    });
  });

  it('stores a plan as it is written, and says whether it was there', async () => {
    const statuses = [201, 200];
    service.on('POST /v1/plans', (_, response) => {
      sendJson(response, { name: 'brief', version: '1.0.0' }, statuses.shift());
    });
    writeFileSync(join(folder, 'plan.yaml'), plan);
    const push = () => fermata(['plans', 'push', join(folder, 'plan.yaml')], service);
    expect((await push()).output).toBe('brief@1.0.0 is stored.\n');
    expect((await push()).output).toBe('brief@1.0.0 was stored already.\n');
    expect(service.received[0]?.body).toBe(plan);
  });
});

describe('doctor', () => {
  let service: FakeService;
  const model = {
    name: 'claude-sonnet',
    id: 'claude-sonnet',
    vendor: 'anthropic',
    contextTokens: 1,
    outputTokensMax: 1,
    price: null,
    health: 'ok',
  };
  beforeEach(async () => {
    service = await startFakeService();
    service.on('GET /healthz', (_, response) => {
      sendJson(response, { status: 'ok' });
    });
    service.on('GET /v1/models', (_, response) => {
      sendJson(response, { items: [{ ...model, usable: true, simulated: true }] });
    });
    service.on('GET /v1/runs', (_, response) => {
      const links = { ...aRun().links, temporal: 'http://127.0.0.1:8233/namespaces/default/workflows/run1' };
      sendJson(response, { items: [aRun({ links })], nextCursor: null });
    });
  });
  afterEach(() => service.close());
  const part = { ok: true, detail: 'answers' };
  const parts = { temporal: part, database: part, gateway: part, worker: part };

  it('finds all well, and says that answers are simulated and where Temporal is', async () => {
    service.on('GET /readyz', (_, response) => {
      sendJson(response, { status: 'ready', parts });
    });
    const { exitCode, output } = await fermata(['doctor'], service);
    expect(exitCode).toBe(0);
    expect(output).not.toContain('!!');
    expect(output).toContain('ok  vendor       simulated');
    expect(output).toContain('ok  Temporal UI  http://127.0.0.1:8233');
  });

  it('names the part that is not ready, and fails', async () => {
    const broken = { ...parts, worker: { ok: false, detail: 'no worker polls' } };
    service.on('GET /readyz', (_, response) => {
      sendProblem(response, 503, 'not_ready', 'The worker is not ready.', { parts: broken });
    });
    const { exitCode, output } = await fermata(['doctor'], service);
    expect(exitCode).toBe(1);
    expect(output).toContain('!!  worker       no worker polls');
  });

  it.each([
    ['open', true, 'the next try is due from 2030-01-01T00:00:00.000Z on'],
    ['open', false, 'the next try is due from 2030-01-01T00:00:00.000Z on'],
    ['probing', true, 'a call tries it now'],
  ])(
    'names a model whose breaker is %s once, by its id, with its next try, and fails (simulated: %s)',
    async (state, simulated, tries) => {
      const probeAt = '2030-01-01T00:00:00.000Z';
      const breaker = { state, failures: 5, lastFault: 'overloaded', probeAt, notBefore: null };
      const down = { ...model, usable: true, simulated, health: 'down', breaker };
      service.on('GET /readyz', (_, response) => {
        sendJson(response, { status: 'ready', parts });
      });
      service.on('GET /v1/models', (_, response) => {
        const well = { ...model, name: 'claude-haiku', id: 'claude-haiku', usable: true, simulated };
        sendJson(response, { items: [down, { ...down, name: 'an-alias' }, well] });
      });
      const { exitCode, output } = await fermata(['doctor'], service);
      expect(exitCode).toBe(1);
      const cure = 'Runs that call it wait and go on by themselves when it answers again.';
      expect(output.match(/^!!.*(\n {4}→.*)?$/gm)).toEqual([
        `!!  model        claude-sonnet is down, ${tries}; last fault: overloaded\n    → ${cure}`,
      ]);
    },
  );

  it('says first of all where nothing listens', async () => {
    const url = `http://127.0.0.1:${String(await freePort())}`;
    const { exitCode, output } = await fermata(['doctor'], { url });
    expect(exitCode).toBe(4);
    expect(output).toContain('!!  service');
    expect(output).toContain('npm start');
  });
});
