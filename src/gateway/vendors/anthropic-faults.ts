import Anthropic, { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import type { FinalFault, VendorFault } from '../../contract/failures';
import { parseRetryAfter } from './retry-after';
import type { VendorOutcome } from './vendor';

type Fault = VendorFault | FinalFault;
type Answered = APIError<number | undefined, Headers | undefined, object | undefined>;

const byStatus: Readonly<Record<number, Fault>> = {
  400: 'bad_request',
  401: 'authentication',
  402: 'permission',
  403: 'permission',
  404: 'not_found',
  408: 'timeout',
  409: 'server_error',
  413: 'too_large',
  422: 'bad_request',
  429: 'rate_limit',
  504: 'timeout',
  529: 'overloaded',
};

// An error inside a stream has no status of its own: the answer was a 200.
const byType: Readonly<Record<string, Fault>> = {
  invalid_request_error: 'bad_request',
  authentication_error: 'authentication',
  billing_error: 'permission',
  permission_error: 'permission',
  not_found_error: 'not_found',
  request_too_large: 'too_large',
  rate_limit_error: 'rate_limit',
  timeout_error: 'timeout',
  overloaded_error: 'overloaded',
  api_error: 'server_error',
};

/** What the SDK threw, in the words that all vendors share. Everything unknown may be retried. */
export function faultOf(error: unknown): VendorOutcome & { type: 'fault' } {
  if (error instanceof APIConnectionTimeoutError) return plain('timeout', 'did not answer in time');
  if (error instanceof APIConnectionError) return plain('connection', 'could not be reached');
  // The class is generic and `instanceof` can't know of what; these are what the SDK makes it with.
  if (error instanceof APIError) return ofAnswer(error as Answered);
  // JSON that breaks off, or a body that is none: the SDK throws what its parser threw.
  if (error instanceof SyntaxError || error instanceof Anthropic.AnthropicError)
    return plain('invalid_response', 'sent something that is not its protocol');
  return plain('connection', 'broke off its answer');
}

function ofAnswer(error: Answered): VendorOutcome & { type: 'fault' } {
  const { status } = error;
  const fault = status === undefined ? (byType[error.type ?? ''] ?? 'server_error') : faultOfStatus(status);
  const word = [status, error.type].filter((part) => part !== undefined && part !== null).join(' ');
  return {
    type: 'fault',
    fault,
    message: `Anthropic answered ${word === '' ? 'with an error' : word}${reason(fault, error)}.`,
    retryAfterMs: parseRetryAfter(error.headers, Date.now()),
    requestId: error.requestID ?? null,
  };
}

function faultOfStatus(status: number): Fault {
  const fault = byStatus[status];
  if (fault !== undefined) return fault;
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'bad_request' : 'invalid_response';
}

// The vendor's own words help only where the request is to blame, and may echo a key where the key is.
function reason(fault: Fault, error: Answered): string {
  if (fault !== 'bad_request' && fault !== 'not_found' && fault !== 'too_large') return '';
  const body = error.error as { error?: { message?: unknown } } | undefined;
  const message = body?.error?.message;
  return typeof message === 'string' ? `: ${readable(message)}` : '';
}

function readable(message: string): string {
  return message
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
    .replace(/\bsk-[\w-]+/g, '…')
    .replace(/\.$/, '')
    .slice(0, 300);
}

/** A fault without an answer of the vendor's to read from. `what` goes on after the vendor's name. */
export function plain(
  fault: Fault,
  what: string,
  requestId: string | null = null,
): VendorOutcome & { type: 'fault' } {
  return { type: 'fault', fault, message: `Anthropic ${what}.`, retryAfterMs: null, requestId };
}
