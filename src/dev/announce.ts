import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import type { Config } from '../config';
import type { RunningService } from './service';

const readyMsMax = 30_000;

/** Waits until the service says that it is ready, then prints where everything is and what to type next. */
export async function announce(
  service: RunningService,
  context: {
    config: Config;
    dataFolder: string;
    logFolder: string;
    took(): string;
    say(line: string): void;
  },
): Promise<void> {
  const { config, dataFolder, logFolder, took, say } = context;
  const problem = await untilReady(service.apiUrl);
  say(problem === undefined ? `\nReady after ${took()}.\n` : `\nNot ready yet: ${problem}\n`);
  const rows = [
    ['API', service.apiUrl],
    ['API docs', `${service.apiUrl}/docs`],
    ['Temporal UI', service.temporalUiUrl ?? 'elsewhere (TEMPORAL_UI_URL is not set)'],
    ['Key', service.keyFile ?? 'as FERMATA_API_KEY says'],
    ['Logs', logFolder],
    [
      'Models',
      service.simulated
        ? 'simulated: no vendor key is set, so every answer is made up'
        : 'of the vendors whose keys are set',
    ],
  ] as const;
  for (const [name, value] of rows) say(`  ${name.padEnd(12)} ${value}`);
  const settings = settingsForClients(config, dataFolder, service);
  say('\nNow try, in another terminal:');
  say(`  ${settings}npx fermata run examples/content-production/plan.yaml --set topic="heat pumps" --watch`);
  say('Ctrl-C stops everything; the next start goes on where this one ended.');
}

/** What the command line has to be told where it isn't the default, as a prefix of its command. */
function settingsForClients(config: Config, dataFolder: string, { apiUrl, keyFile }: RunningService): string {
  const standard = apiUrl === 'http://127.0.0.1:3000' ? '' : `FERMATA_URL=${apiUrl} `;
  if (keyFile === undefined || path.resolve('.fermata') === dataFolder) return standard;
  return `${standard}DATA_DIR=${quoted(config.DATA_DIR)} `;
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

async function untilReady(apiUrl: string): Promise<string | undefined> {
  const deadline = Date.now() + readyMsMax;
  for (;;) {
    const problem = await askReadiness(apiUrl);
    if (problem === undefined || Date.now() > deadline) return problem;
    await sleep(100);
  }
}

async function askReadiness(apiUrl: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${apiUrl}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? undefined : await response.text();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
