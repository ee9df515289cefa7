import { isNativeError } from 'node:util/types';

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
]);
/** Classes of SQLSTATE: connection, resources, operator's intervention. */
const stateClasses = /^(08|53|57P)/;
const messages =
  /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error/;

/** Whether an error says that the database could not be reached or had no room, not that a query is wrong. */
export function isDatabaseAway(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code !== undefined && (stateClasses.test(code) || (syscall !== undefined && socketCodes.has(code))))
    return true;
  return messages.test(error.message);
}
