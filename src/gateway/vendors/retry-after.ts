/**
 * What a `retry-after` asks for in milliseconds: seconds, or an HTTP date. Zero for what is past;
 * null for none and for what makes no sense. Never cut: who reads it decides what is too long.
 */
export function parseRetryAfter(headers: Headers | undefined, nowMs: number): number | null {
  const given = headers?.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(given)) return finite(Number(given) * 1000);
  // `Date.parse` takes nearly anything that has a digit, so the form of a date is asked for first.
  if (!/^[A-Z][a-z]+, \d/.test(given)) return null;
  const at = Date.parse(given);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

function finite(milliseconds: number): number | null {
  return Number.isSafeInteger(Math.ceil(milliseconds)) ? Math.ceil(milliseconds) : null;
}
