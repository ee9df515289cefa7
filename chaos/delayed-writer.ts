import type { Socket } from 'node:net';

/** One direction of a wire. */
export interface DelayedWriter {
  /** Keeps back all that comes, the end included. */
  hold(): void;
  /** Passes on what was kept back, in order, and what comes after it. */
  release(): void;
}

interface Piece {
  /** Null: the end. */
  bytes: Buffer | null;
  dueMs: number;
}

/** Passes bytes on in order, each `delayMs()` after it came. */
export function delayedWriter(options: {
  from: Socket;
  to: Socket;
  delayMs(): number;
  onWritten?: ((bytes: Buffer) => void) | undefined;
}): DelayedWriter {
  const { from, to, delayMs, onWritten } = options;
  const queue: Piece[] = [];
  let isHeld = false;
  let timer: NodeJS.Timeout | undefined;

  function take(bytes: Buffer | null): void {
    queue.push({ bytes, dueMs: Date.now() + delayMs() });
    passOn();
  }

  function passOn(): void {
    clearTimeout(timer);
    while (!isHeld && queue[0] !== undefined && queue[0].dueMs <= Date.now()) write(queue.shift()?.bytes);
    const next = queue[0];
    if (!isHeld && next !== undefined) timer = setTimeout(passOn, next.dueMs - Date.now());
  }

  function write(bytes: Buffer | null | undefined): void {
    if (to.destroyed) return;
    if (bytes === null || bytes === undefined) {
      to.end();
      return;
    }
    // Nothing is read from the one side while the other has no room.
    if (!to.write(bytes)) from.pause();
    onWritten?.(bytes);
  }

  from.on('data', take);
  from.on('end', () => {
    take(null);
  });
  to.on('drain', () => {
    if (!isHeld) from.resume();
  });
  return {
    hold() {
      isHeld = true;
      clearTimeout(timer);
      from.pause();
    },
    release() {
      isHeld = false;
      passOn();
      if (!from.destroyed) from.resume();
    },
  };
}
