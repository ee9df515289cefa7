import { CommanderError } from 'commander';
import { readConfig, SettingError } from '../config';
import { createClient } from './client';
import { findConnection } from './connection';
import { CommandError, exitCodes } from './exit';
import { createProgram } from './program';
import { explain, Refusal, Unreachable } from './refusal';
import { createScreen, type Screen } from './screen';
import type { Session } from './session';

/** Carries out the command line and gives the exit code. */
async function main(screen: Screen, words: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = createProgram(async (command) => {
    const { json = false } = program.opts<{ json?: boolean }>();
    exitCode = await command(openSession(screen, json));
  });
  program.exitOverride();
  for (const command of program.commands) {
    command.exitOverride();
    for (const inner of command.commands) inner.exitOverride();
  }
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    return fail(screen, error);
  }
}

function openSession(screen: Screen, json: boolean): Session {
  const config = readConfig();
  const connection = findConnection(config, process.cwd());
  return { config, connection, client: createClient(connection), screen, json };
}

/** One clear line and what explains it. What nobody planned goes on as it is. */
function fail({ say, sayColors }: Screen, error: unknown): number {
  // The parser has said what it has to say; its exits are wrong usage, or help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const ending = endingOf(error);
  if (ending === null) throw error;
  say(`${sayColors.red('error')}  ${ending.message}`);
  for (const line of ending.details) say(`  ${line}`);
  return ending.exitCode;
}

function endingOf(error: unknown): CommandError | null {
  if (error instanceof CommandError) return error;
  if (error instanceof Refusal || error instanceof Unreachable) return explain(error);
  return error instanceof SettingError ? new CommandError(error.message, exitCodes.usage) : null;
}

const screen = createScreen(process.stdin, process.stdout, process.stderr);
// Whoever reads the output may stop early, as `head` does.
process.stdout.once('error', () => process.exit(exitCodes.ok));
main(screen, process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    screen.say(
      `error  Something went wrong in the command line itself: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exitCode = exitCodes.failed;
  },
);
