/** What the command line ends with. A run that was not watched to its end counts as `ok`. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  rejected: 3,
  unreachable: 4,
  partial: 5,
  interrupted: 130,
} as const;

/** Ends the command: one line of why, the lines that explain it, and the exit code. */
export class CommandError extends Error {
  readonly exitCode: number;
  readonly details: readonly string[];

  constructor(message: string, exitCode: number, details: readonly string[] = []) {
    super(message);
    this.exitCode = exitCode;
    this.details = details;
  }
}

/** The command as it was typed can't be carried out. */
export function usageError(message: string, details: readonly string[] = []): CommandError {
  return new CommandError(message, exitCodes.usage, details);
}
