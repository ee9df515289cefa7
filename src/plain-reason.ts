import { SettingError } from './config';

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ETIMEDOUT',
]);
/** SQLSTATE: the server starts, recovers or ends. */
const starting = new Set(['57P01', '57P03']);
const silent = /timeout exceeded when trying to connect|Connection terminated/;
/** Classes of SQLSTATE: who connects is not let in, or there is no such database. */
const refused = /^(28|3D)/;

/** One line for what keeps a part from starting and a person can mend; undefined for a bug, which deserves its stack. */
export function plainReason(error: unknown): string | undefined {
  if (error instanceof SettingError) return error.message;
  const { code, port, name, message } = error as {
    code?: string;
    port?: number;
    name?: string;
    message?: string;
  };
  if (code === 'EADDRINUSE') return `port ${String(port)} is in use.`;
  if (name === 'TransportError') return `TEMPORAL_ADDRESS: ${within(message)}`;
  if (code !== undefined && refused.test(code)) return `DATABASE_URL: ${String(message)}.`;
  // Of what a part needs to start, only the database is spoken to through Node's own sockets.
  if (isUnreachable(error)) return `DATABASE_URL: ${firstMessage(error)}.`;
  return undefined;
}

/** Whether nobody answers where a part wants to connect, or not yet: a server that starts says so. */
export function isUnreachable(error: unknown): boolean {
  const { code = '', name, message = '' } = error as { code?: string; name?: string; message?: string };
  return name === 'TransportError' || unreachable.has(code) || starting.has(code) || silent.test(message);
}

/** What Temporal's client says is a dump of nested values; the innermost message is the one for people. */
function within(text = ''): string {
  const place = /\d+\.\d+\.\d+\.\d+:\d+|\[[\da-f:]+\]:\d+/.exec(text)?.[0];
  const cause = /message: "([^"]*)"/.exec(text)?.[1] ?? text;
  return place === undefined ? `${cause}.` : `${cause} (${place}).`;
}

/** A name with several addresses fails once for each of them, under an error without words. */
function firstMessage(error: unknown): string {
  const { message, errors } = error as Error & { errors?: Error[] };
  return message === '' ? (errors?.[0]?.message ?? '') : message;
}
