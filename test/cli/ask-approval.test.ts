import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Approval } from '../../src/contract/approvals-api';
import type { Json } from '../../src/contract/value';
import { until } from './support/command-line';
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
import { atTerminal } from './support/terminal';

const facts = [
  { type: 'run.started', data: { plan: { name: 'brief', version: '1.0.0' } } },
  { type: 'step.started', step: 'sign-off', data: { type: 'approval', id: 'sign-off', agent: null } },
  {
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
  },
  {
    type: 'approval.decided',
    step: 'sign-off',
    data: {
      approval: 'ap1',
      status: 'approved',
      decision: 'approve',
      by: 'ann',
      comment: null,
      via: 'api',
      content: null,
    },
  },
  {
    type: 'run.finished',
    data: { status: 'completed', output: null, incomplete: [], error: null, activeMs: 5 },
  },
];

describe('a person at the terminal', () => {
  let service: FakeService;
  let folder: string;
  let stream: ServerResponse | null;
  /** What was decided, in the order in which it came. */
  let decisions: Json[];

  beforeEach(async () => {
    service = await startFakeService();
    folder = mkdtempSync(join(tmpdir(), 'fermata-test-'));
    stream = null;
    decisions = [];
    service.on('GET /v1/runs/run1', (_, response) => {
      sendJson(response, stream?.writableEnded === true ? aFinishedRun('completed', 'Done.') : aRun());
    });
    service.on('GET /v1/runs/run1/events', (_, response) => {
      stream = response;
      openStream(response);
      for (const event of eventsOf(...facts).slice(0, 3)) sendEvent(response, event);
    });
  });
  afterEach(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });

  function serveApproval(approval: Approval): void {
    service.on('GET /v1/approvals/ap1', (_, response) => {
      sendJson(response, approval);
    });
    service.on('POST /v1/approvals/ap1', ({ body }, response) => {
      decisions.push(JSON.parse(body) as Json);
      sendJson(response, { ...approval, status: 'approved' });
      finishRun();
    });
  }

  function finishRun(): void {
    for (const event of eventsOf(...facts).slice(3)) if (stream !== null) sendEvent(stream, event);
    stream?.end();
  }

  /** An editor that replaces what it finds by this, and ends the last line as editors do. */
  function editorThatWrites(text: string): string {
    writeFileSync(join(folder, 'text'), text);
    const editor = join(folder, 'editor');
    writeFileSync(editor, `#!/bin/sh\ncat '${join(folder, 'text')}' > "$1"\necho >> "$1"\n`);
    chmodSync(editor, 0o755);
    return editor;
  }

  it('sees the whole text with title, risk and deadline, and approves it with a letter', async () => {
    serveApproval(anApproval({ content: `First line.\n${'x'.repeat(5000)}\nLast line.` }));
    const terminal = atTerminal(['watch', 'run1'], service.url);
    await until(() => terminal.screen().includes('[a]pprove, [e]dit, [r]eject, [l]ater?'));
    for (const part of [
      'Publish the brief?',
      'risk high',
      'due 2026-',
      'First line.',
      'x'.repeat(5000),
      'Last line.',
    ]) {
      expect(terminal.screen()).toContain(part);
    }
    terminal.type('a\n');
    expect(await terminal.exitCode).toBe(0);
    expect(decisions).toEqual([{ decision: 'approve', digest: 'sha-1' }]);
    expect(terminal.screen()).toContain('Done.');
  });

  it.each([
    [{ enum: ['billing', 'technical'] }, 'The answer must be one of: billing, technical'],
    [{ type: 'integer' }, 'The answer must fit {"type":"integer"}'],
  ])('sees what may be answered where a run can not go on by itself: %j', async (schema, line) => {
    serveApproval(anApproval({ kind: 'escalation', allow: ['answer', 'skip', 'fail'], schema }));
    const terminal = atTerminal(['watch', 'run1'], service.url);
    await until(() => terminal.screen().includes('[l]ater?'));
    expect(terminal.screen()).toContain(line);
    terminal.type('l\n');
    finishRun();
    expect(await terminal.exitCode).toBe(0);
  });

  it('edits the text in the editor, and it is sent word for word', async () => {
    serveApproval(anApproval());
    const text = 'Ünïcode "quoted" {{ not a template }}\n\n  indented\ttab';
    const terminal = atTerminal(['watch', 'run1'], service.url, { EDITOR: editorThatWrites(text) });
    await until(() => terminal.screen().includes('[l]ater?'));
    terminal.type('e\n');
    expect(await terminal.exitCode).toBe(0);
    expect(decisions).toEqual([{ decision: 'edit', digest: 'sha-1', content: text }]);
  });

  it('is told when edited JSON is none, and goes back without anything sent', async () => {
    serveApproval(anApproval({ content: { title: 'x' } }));
    const terminal = atTerminal(['watch', 'run1'], service.url, {
      VISUAL: editorThatWrites('{ title: x }'),
      EDITOR: 'false',
    });
    await until(() => terminal.screen().includes('[l]ater?'));
    terminal.type('e\n');
    await until(() => terminal.screen().includes('It is not valid JSON'));
    terminal.type('b\n');
    await until(() => terminal.screen().split('[l]ater?').length === 3);
    terminal.type('a\n');
    expect(await terminal.exitCode).toBe(0);
    expect(decisions).toEqual([{ decision: 'approve', digest: 'sha-1' }]);
  });

  it('is asked why on a rejection', async () => {
    serveApproval(anApproval());
    const terminal = atTerminal(['watch', 'run1'], service.url);
    await until(() => terminal.screen().includes('[l]ater?'));
    terminal.type('r\n');
    await until(() => terminal.screen().includes('Why?'));
    terminal.type('too long\n');
    await terminal.exitCode;
    expect(decisions).toEqual([{ decision: 'reject', digest: 'sha-1', comment: 'too long' }]);
  });

  it('is asked what an escalation allows', async () => {
    serveApproval(anApproval({ kind: 'escalation', allow: ['retry', 'answer', 'skip', 'fail'] }));
    const terminal = atTerminal(['watch', 'run1'], service.url);
    await until(() => terminal.screen().includes('[r]etry, [a]nswer, [s]kip, [f]ail, [l]ater?'));
    terminal.type('s\n');
    await terminal.exitCode;
    expect(decisions).toEqual([{ decision: 'skip', digest: 'sha-1' }]);
  });

  it('may decide later, and is told how, while the watch goes on', async () => {
    serveApproval(anApproval());
    const terminal = atTerminal(['watch', 'run1'], service.url);
    await until(() => terminal.screen().includes('[l]ater?'));
    terminal.type('l\n');
    await until(() => terminal.screen().includes('npx fermata reject ap1'));
    finishRun();
    expect(await terminal.exitCode).toBe(0);
    expect(decisions).toEqual([]);
  });

  it('is asked no longer once somebody else has decided', async () => {
    serveApproval(anApproval());
    const terminal = atTerminal(['watch', 'run1'], service.url);
    await until(() => terminal.screen().includes('[l]ater?'));
    finishRun();
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.screen()).toContain('It has been decided elsewhere.');
    expect(terminal.screen()).toContain('approved by ann');
  });

  it('sees why a decision is refused, and is asked again', async () => {
    serveApproval(anApproval());
    const refusals = [{ path: '/content', code: 'schema', message: 'is too short' }];
    let refused = false;
    service.on('POST /v1/approvals/ap1', ({ body }, response) => {
      decisions.push(JSON.parse(body) as Json);
      if (refused) {
        sendJson(response, anApproval({ status: 'approved' }));
        finishRun();
      } else
        sendProblem(response, 422, 'validation_failed', 'The content does not fit.', { errors: refusals });
      refused = true;
    });
    const terminal = atTerminal(['watch', 'run1'], service.url, { EDITOR: editorThatWrites('short') });
    await until(() => terminal.screen().includes('[l]ater?'));
    terminal.type('e\n');
    await until(() => terminal.screen().includes('/content  is too short'));
    terminal.type('a\n');
    expect(await terminal.exitCode).toBe(0);
    expect(decisions).toHaveLength(2);
  });

  it('leaves a question with Ctrl-C, and the run goes on', async () => {
    serveApproval(anApproval());
    const terminal = atTerminal(['watch', 'run1'], service.url);
    await until(() => terminal.screen().includes('[l]ater?'));
    terminal.type('\u0003');
    expect(await terminal.exitCode).toBe(130);
    expect(terminal.screen()).toContain('The run goes on.');
    expect(decisions).toEqual([]);
  });

  it('cannot be fooled by a text that moves the cursor', async () => {
    serveApproval(anApproval({ content: 'Harmless.\u001b[1A\u001b[2KSomething else.\u202e' }));
    const terminal = atTerminal(['watch', 'run1'], service.url);
    await until(() => terminal.screen().includes('[l]ater?'));
    expect(terminal.screen()).toContain('Harmless.\\u{1b}[1A\\u{1b}[2KSomething else.\\u{202e}');
    terminal.type('l\n');
    await until(() => terminal.screen().includes('Decide later'));
    finishRun();
    await terminal.exitCode;
  });
});
