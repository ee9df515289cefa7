import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { readConfig, SettingError, type Config } from '../config';
import { announce } from './announce';
import { elapsed } from './elapsed';
import { lockFolder, type Lock } from './lock';
import { createParts, type Parts } from './parts';
import { startService, type RunningService } from './service';

// What `npm start` runs: the whole service, as children of this process.
const stopping = new AbortController();
let lock: Lock | undefined;
let parts: Parts | undefined;
let service: RunningService | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
// Where it is itself somebody's child, as in tests.
process.on('disconnect', onSignal);
// Whoever read the console is gone; the service goes on until it is told to stop.
process.stdout.on('error', () => undefined);
main().catch(onFailure);

async function main(): Promise<void> {
  const took = elapsed();
  const config = readConfig();
  const dataFolder = path.resolve(config.DATA_DIR);
  const logFolder = path.join(dataFolder, 'logs');
  makeFolders(config, dataFolder, logFolder);
  say(`Fermata starts. Data: ${dataFolder}`);
  const held = await lockFolder(dataFolder, say);
  lock = held;
  parts = createParts({
    logFolder,
    say: (line) => {
      say(`  ${line}`);
    },
    signal: stopping.signal,
    onChange: (processes) => {
      held.record(processes);
    },
  });
  service = await startService(config, {
    dataFolder,
    parts,
    say: (line) => {
      say(`  ${line}`);
    },
    signal: stopping.signal,
  });
  await announce(service, { config, dataFolder, logFolder, took, say });
  process.send?.({ type: 'ready', url: service.apiUrl });
}

function makeFolders(config: Config, dataFolder: string, logFolder: string): void {
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    // One that was there before: what lies in it, prompts and keys among it, is for nobody else to read.
    if (statSync(dataFolder).uid === process.getuid?.()) chmodSync(dataFolder, 0o700);
    mkdirSync(logFolder, { recursive: true });
  } catch (error) {
    throw new SettingError(
      `DATA_DIR="${config.DATA_DIR}": ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

// A terminal sends Ctrl-C to every process of its group, and npm passes it on once more: what comes
// within this time is the same key.
const sameKeyMs = 1_000;
let firstSignalAt = 0;

function onSignal(): void {
  if (stopping.signal.aborted) {
    if (Date.now() - firstSignalAt < sameKeyMs) return;
    say('Abandoned: calls in flight count as ambiguous.');
    parts?.abandon();
    lock?.release();
    process.exit(130);
  }
  firstSignalAt = Date.now();
  stopping.abort();
  say('\nStopping; once more Ctrl-C abandons the calls in flight.');
  void end(0);
}

function onFailure(error: unknown): void {
  // The signal that cut the start short is seeing to the end.
  if (stopping.signal.aborted) return;
  stopping.abort();
  say(`fermata: ${error instanceof Error ? error.message : String(error)}`);
  if (!(error instanceof SettingError) && error instanceof Error && parts === undefined) console.error(error);
  void end(1);
}

async function end(code: number): Promise<void> {
  const took = elapsed();
  await parts?.stop();
  service?.tidy();
  lock?.release();
  if (code === 0) say(`Stopped in ${took()}.`);
  process.exit(code);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
