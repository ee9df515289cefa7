import type { ReadStream, WriteStream } from 'node:tty';
import pc from 'picocolors';
import { safeText } from './safe-text';

export type Colors = ReturnType<typeof pc.createColors>;

/** Where a command writes: what it was asked for to `print`, what it says beside that to `say`. */
export interface Screen {
  /** A line on standard output. */
  print(line: string): void;
  /** A document on standard output: byte for byte into a file or pipe, made harmless on a terminal. */
  printText(text: string): void;
  /** Data as JSON on standard output; in one line where it is one of many. */
  printJson(data: unknown, form?: 'lines'): void;
  /** A line on standard error. */
  say(line: string): void;
  colors: Colors;
  sayColors: Colors;
  /** Whether a person can be asked: standard input and error are a terminal. */
  interactive: boolean;
  input: ReadStream;
  /** Standard error, for what is redrawn in place. */
  live: WriteStream;
}

/** The process's own streams as a screen. */
export function createScreen(input: ReadStream, output: WriteStream, live: WriteStream): Screen {
  return {
    print: (line) => output.write(`${line}\n`),
    printText(text) {
      if (!output.isTTY) output.write(text);
      else output.write(text.endsWith('\n') ? safeText(text) : `${safeText(text)}\n`);
    },
    printJson: (data, form) =>
      output.write(`${form === 'lines' ? JSON.stringify(data) : JSON.stringify(data, null, 2)}\n`),
    say: (line) => live.write(`${line}\n`),
    colors: colorsFor(output),
    sayColors: colorsFor(live),
    interactive: input.isTTY && live.isTTY,
    input,
    live,
  };
}

// The library looks at standard output alone and counts a CI as a terminal; each stream knows better.
function colorsFor(stream: WriteStream): Colors {
  return pc.createColors(stream.isTTY && stream.hasColors());
}
