import type { WriteStream } from 'node:tty';

/** Lines at the bottom of a terminal that are drawn over and over in the same place. */
export interface Redraw {
  draw(lines: readonly string[]): void;
  /** Takes the lines away, so that something else can be written there. */
  clear(): void;
}

const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
const wrapOff = '\u001b[?7l';
const wrapOn = '\u001b[?7h';
const eraseToLineEnd = '\u001b[K';
const eraseBelow = '\u001b[J';

/** Draws on a terminal. The cursor is shown again when the lines are taken away or the process ends. */
export function createRedraw(stream: WriteStream): Redraw {
  let drawn = 0;
  const goToTop = () => (drawn === 0 ? '\r' : `\u001b[${String(drawn)}A\r`);
  const restore = () => stream.write(`${wrapOn}${showCursor}`);
  return {
    draw(lines) {
      if (drawn === 0) process.once('exit', restore);
      const body = lines.map((line) => `${line}${eraseToLineEnd}\n`).join('');
      // With wrapping off the terminal itself cuts a line that is too long, by its own idea of how
      // wide a character is; a wrapped line would put all later ones in the wrong place.
      stream.write(`${hideCursor}${wrapOff}${goToTop()}${body}${eraseBelow}${wrapOn}`);
      drawn = lines.length;
    },
    clear() {
      if (drawn === 0) return;
      process.off('exit', restore);
      stream.write(`${goToTop()}${eraseBelow}${wrapOn}${showCursor}`);
      drawn = 0;
    },
  };
}
