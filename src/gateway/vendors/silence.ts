/** Why a request was ended from our side. */
export type Ending = 'idle' | 'total' | 'aborted';

export interface Watch {
  signal: AbortSignal;
  /** Says that something was heard. */
  heard: () => void;
  /** Null while nothing has ended it. */
  ending: () => Ending | null;
  stop: () => void;
}

/**
 * Ends a request that is silent for too long, takes too long in all, or is called off. The SDK's own
 * timeout covers the way to the headers only: a stream that stalls would be waited for for ever.
 */
export function watch(caller: AbortSignal, { idleMs, totalMs }: { idleMs: number; totalMs: number }): Watch {
  const controller = new AbortController();
  let ended: Ending | null = null;
  const end = (why: Ending): void => {
    ended ??= why;
    controller.abort();
  };
  const abort = (): void => {
    end('aborted');
  };
  const total = setTimeout(end, totalMs, 'total');
  const idle = setTimeout(end, idleMs, 'idle');
  if (caller.aborted) abort();
  else caller.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    heard: () => void idle.refresh(),
    ending: () => ended,
    stop: () => {
      clearTimeout(total);
      clearTimeout(idle);
      caller.removeEventListener('abort', abort);
    },
  };
}
