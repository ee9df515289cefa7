import type { Problem, ProblemIssue } from '../contract/problems';
import { CommandError, exitCodes } from './exit';
import { safeLine } from './safe-text';

/** The service answered, and said no. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** No answer came: nobody listens there, or the connection was lost. */
export class Unreachable extends Error {
  readonly url: string;
  readonly reason: 'refused' | 'unknown_host' | 'timeout' | 'lost';

  constructor(url: string, cause: unknown) {
    super(`Can't reach the service at ${url}.`, { cause });
    this.url = url;
    this.reason = reasonOf(cause);
  }
}

function reasonOf(error: unknown): Unreachable['reason'] {
  if (!(error instanceof Error)) return 'lost';
  if (error.name === 'TimeoutError') return 'timeout';
  const cause = error.cause as { code?: unknown } | undefined;
  if (cause?.code === 'ECONNREFUSED') return 'refused';
  return cause?.code === 'ENOTFOUND' || cause?.code === 'EAI_AGAIN' ? 'unknown_host' : 'lost';
}

const unreachableBecause = {
  refused: 'nothing listens there',
  unknown_host: 'there is no such host',
  timeout: 'it did not answer in time',
  lost: 'the connection was lost',
} as const;

// Statuses that say that the command asked for something that can't be, whenever it is asked.
const wrongRequest = new Set([400, 413, 415, 422]);

/** What ends the command when a request was in vain. */
export function explain(error: Refusal | Unreachable): CommandError {
  if (error instanceof Unreachable) {
    const reason = unreachableBecause[error.reason];
    return new CommandError(
      `Can't reach the service at ${error.url}: ${reason}. Start it with: npm start`,
      exitCodes.unreachable,
    );
  }
  const { status, code, detail, errors = [] } = error.problem;
  const hint = status === 401 ? ' Set FERMATA_API_KEY, or run this where DATA_DIR/api-key is.' : '';
  const exitCode = wrongRequest.has(status) ? exitCodes.usage : exitCodes.failed;
  // A single issue is often the detail over again.
  const issues = errors.filter(({ message }) => message !== detail);
  return new CommandError(safeLine(`${detail}${hint} (${code})`), exitCode, issueLines(issues));
}

/** One line for each thing that is wrong; with a file, at its line and column where they are known. */
export function issueLines(issues: readonly ProblemIssue[], file?: string): string[] {
  return issues.map(({ path, message, line, column }) => {
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    const parts = [line === undefined ? '' : place, path, message];
    return parts
      .filter((part) => part !== '')
      .map(safeLine)
      .join('  ');
  });
}
