import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig, SettingError, type Config } from '../config';
import { historyFiles } from './files';
import { readHistoryFile, type Reading } from './history';
import { openRuns, type ServiceAddress } from './open-runs';
import { replayHistories, silenceRuntime, type Verdict } from './replay';

// What `npm run replay` runs: can this workflow code go on with the runs that are recorded here?

const usage = `npm run replay [-- [--from URL] [--bundle FILE] [FOLDER or FILE …]]

Replays the recorded histories of test/histories, and those that are given, against the workflow code.

  --from URL     also the histories of all runs that are open on the service there; its key is
                 FERMATA_API_KEY, or what the first start put into DATA_DIR
  --open         the same for the service at FERMATA_URL
  --bundle FILE  the code to replay against, instead of the one built from the sources here

Exit code 0: every history replays. 1: at least one does not. 2: something could not be read or found.`;

const root = path.join(__dirname, '../..');
const committed = path.join(root, 'test', 'histories');

class UsageError extends Error {}

interface Wish {
  places: string[];
  bundle: string;
  service: ServiceAddress | null;
}

main().catch((error: unknown) => {
  console.error(`replay: ${error instanceof Error ? error.message : String(error)}.`);
  process.exitCode = 2;
});

async function main(): Promise<void> {
  const wish = readWish(process.argv.slice(2), readConfig());
  if (wish === null) {
    console.log(usage);
    return;
  }
  silenceRuntime();
  const counts = { ok: 0, diverged: 0, unreadable: 0 };
  for await (const verdict of replayHistories(wish.bundle, readings(wish))) {
    counts[verdict.type]++;
    console.log(lineOf(verdict));
  }
  const all = counts.ok + counts.diverged + counts.unreadable;
  console.log(
    `${all} histories: ${counts.ok} ok, ${counts.diverged} diverged, ${counts.unreadable} unreadable.`,
  );
  if (counts.unreadable > 0 || all === 0) process.exitCode = 2;
  if (counts.diverged > 0) process.exitCode = 1;
}

/** Null where only the usage is asked for. Throws what is wrong, to be shown as it is. */
function readWish(parameters: string[], config: Config): Wish | null {
  const { values, positionals } = parse(parameters);
  if (values.help === true) return null;
  const bundle = path.resolve(values.bundle ?? path.join(root, 'dist', 'workflow-bundle.js'));
  if (!existsSync(bundle)) throw new UsageError(`${bundle}: there is no such bundle`);
  const from = values.from ?? (values.open === true ? config.FERMATA_URL : undefined);
  if (values.open === true && from === undefined) throw new UsageError('--open needs FERMATA_URL');
  return {
    places: [committed, ...positionals],
    bundle,
    service: from === undefined ? null : { url: urlOf(from), key: keyOf(config) },
  };
}

function parse(parameters: string[]) {
  try {
    return parseArgs({
      args: parameters,
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        open: { type: 'boolean' },
        bundle: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.replace(/\.$/, '') : String(error));
  }
}

function urlOf(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new UsageError(`--from ${text}: is not an http:// or https:// URL`);
}

function keyOf(config: Config): string {
  if (config.FERMATA_API_KEY !== undefined) return config.FERMATA_API_KEY;
  const file = path.resolve(config.DATA_DIR, 'api-key');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new SettingError(`FERMATA_API_KEY is not set, and there is no key in ${file}`);
  }
}

async function* readings({ places, service }: Wish): AsyncGenerator<Reading> {
  for (const place of places) {
    const files = historyFiles(place);
    if (typeof files === 'string') yield { type: 'unreadable', name: shown(place), reason: files };
    else for (const file of files) yield readHistoryFile(file, shown(file));
  }
  if (service !== null) yield* openRuns(service);
}

/** A file as whoever typed the command would write it. */
function shown(file: string): string {
  const relative = path.relative('', file);
  return relative === '' || relative.startsWith('..') ? path.resolve(file) : relative;
}

function lineOf(verdict: Verdict): string {
  const type = verdict.type.padEnd(10);
  if (verdict.type === 'ok') return `${type}  ${verdict.name} (${verdict.events} events)`;
  return `${type}  ${verdict.name}: ${verdict.reason}`;
}
