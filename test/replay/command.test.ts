import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { changedBundle } from '../deploy/support/changed-bundle';
import { projectFolder } from '../support/part';
import { replay } from './support/command';

const folder = mkdtempSync(path.join(tmpdir(), 'fermata-replay-'));
const recorded = readFileSync(
  path.join(projectFolder, 'test', 'histories', 'content-production-approved.json'),
  'utf8',
);
interface Recorded {
  events: { eventType: string }[];
}
let pausing: string;

beforeAll(async () => {
  pausing = await changedBundle('pausing', [
    {
      file: 'patterns/sequence.ts',
      from: 'export async function sequence(',
      to: "import { sleep } from '@temporalio/workflow';\nexport async function sequence(",
    },
    {
      file: 'patterns/sequence.ts',
      from: '    const outcome = await scope.run(',
      to: '    await sleep(1);\n    const outcome = await scope.run(',
    },
  ]);
}, 120_000);
afterAll(() => {
  for (const made of [folder, path.dirname(pausing)]) rmSync(made, { recursive: true, force: true });
});

function write(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** The same run while it was in its first call. */
function inItsFirstCall(): Recorded {
  const { events } = JSON.parse(recorded) as Recorded;
  const called = events.findIndex(({ eventType }) => eventType === 'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED');
  return { events: events.slice(0, called + 1) };
}

describe('npm run replay', () => {
  it('replays the committed histories and what is given, files and folders, compressed or not', async () => {
    const file = write('one.json', recorded);
    write('more/deep/two.json.gz', gzipSync(recorded));
    write('more/notes.txt', 'no history');
    const { code, lines } = await replay([file, path.join(folder, 'more')]);
    expect(lines).toContainEqual(expect.stringMatching(/^ok +test\/histories\/mixed\.json \(\d+ events\)$/));
    expect(lines).toContainEqual(`ok          ${file} (48 events)`);
    expect(lines).toContainEqual(`ok          ${path.join(folder, 'more/deep/two.json.gz')} (48 events)`);
    expect(lines.at(-1)).toMatch(/^\d+ histories: \d+ ok, 0 diverged, 0 unreadable\.$/);
    expect(code).toBe(0);
  }, 60_000);

  it('says of each history that code does not fit at which event, and what the code asks for there', async () => {
    const open = write('open.json', JSON.stringify(inItsFirstCall()));
    const { code, lines } = await replay(['--bundle', pausing, open]);
    const reason = 'event 6 is activity task scheduled (callModel); this code asks for a timer.';
    expect(lines).toContainEqual(`diverged    ${open}: ${reason}`);
    expect(lines).toContainEqual(`diverged    test/histories/content-production-approved.json: ${reason}`);
    expect(lines).toContainEqual(expect.stringMatching(/^ok +test\/histories\/branch-timeout\.json/));
    expect(code).toBe(1);
  }, 60_000);

  it('names the activity that was recorded and the one that the code asks for', async () => {
    const other = write(
      'other-activity.json',
      JSON.stringify(inItsFirstCall()).replace('"callModel"', '"ask"'),
    );
    const { code, lines } = await replay([other]);
    expect(lines).toContainEqual(`diverged    ${other}: event 6 is ask; this code asks for callModel.`);
    expect(code).toBe(1);
  }, 60_000);

  it('names what can not be read, and is not content with the rest', async () => {
    const { events } = JSON.parse(recorded) as Recorded;
    const places = new Map([
      [path.join(folder, 'nothing'), 'is not there'],
      [write('empty.json', ''), 'is empty'],
      [write('text.json', 'history'), 'is not JSON'],
      [write('other.json', '{"name": "x"}'), 'is not a history of Temporal'],
      [write('no-event.json', '{"events": []}'), 'holds no event'],
      [
        write('rest.json', JSON.stringify({ events: events.slice(3) })),
        'does not begin with the start of a workflow',
      ],
      [write('half.json.gz', gzipSync(recorded).subarray(0, 999)), 'unexpected end of file'],
      [path.dirname(write('none/notes.txt', '')), 'holds no history (.json or .json.gz)'],
    ]);
    const { code, lines } = await replay([...places.keys()]);
    expect(lines.filter((line) => line.startsWith('unreadable'))).toEqual(
      [...places].map(([place, reason]) => `unreadable  ${place}: ${reason}`),
    );
    expect(lines.at(-1)).toMatch(/, 0 diverged, 8 unreadable\.$/);
    expect(code).toBe(2);
  }, 60_000);

  it.each([
    [['--bundle', 'no-such-file.js'], /^replay: .*no-such-file\.js: there is no such bundle\.$/],
    [['--colour'], /^replay: Unknown option '--colour'/],
    [['--open'], /^replay: --open needs FERMATA_URL\.$/],
    [['--from', 'localhost'], /^replay: --from localhost: is not an http:\/\/ or https:\/\/ URL\.$/],
    [['--from', 'http://127.0.0.1:1'], /^replay: http:\/\/127\.0\.0\.1:1 does not answer\.$/],
  ])('says in one line what is wrong with %j', async (parameters, message) => {
    const { code, errors } = await replay(parameters, { FERMATA_API_KEY: 'key-of-this-very-test' });
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(errors.trim()).toMatch(message);
    expect(code).toBe(2);
  });
});
