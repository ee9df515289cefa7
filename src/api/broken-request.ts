import type { Socket } from 'node:net';
import { ulid } from 'ulid';
import type { ProblemCode } from '../contract/problems';
import { problems } from '../contract/problems';
import { problemBody, ProblemError } from './problem';

const codes: { [error: string]: ProblemCode } = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Answers what can't be read as HTTP at all, before there is a request to speak of. */
export function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  // A connection that was reset has nobody left to answer.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = new ProblemError(
    codes[error.code ?? ''] ?? 'malformed_request',
    'The request can not be read.',
  );
  const id = ulid();
  const body = JSON.stringify(problemBody(problem, id));
  const { status, title } = problems[problem.code];
  const head = [
    `HTTP/1.1 ${String(status)} ${title}`,
    'content-type: application/problem+json',
    `content-length: ${String(Buffer.byteLength(body))}`,
    `x-request-id: ${id}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
