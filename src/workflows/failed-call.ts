/** Paths of the calls whose activities failed, by what they threw. */
const paths = new WeakMap<object, string>();

/** Notes of which call an error tells; what was noted before, nearer to it, stays. */
export function noteFailedCall(error: unknown, path: string): void {
  if (typeof error === 'object' && error !== null && !paths.has(error)) paths.set(error, path);
}

/** The call that an error tells of: its step may have asked several agents. */
export function failedCall(error: unknown): string | null {
  return typeof error === 'object' && error !== null ? (paths.get(error) ?? null) : null;
}
