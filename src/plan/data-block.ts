import { createHash } from 'node:crypto';
import { cleanText } from './unicode';

/** Makes the data blocks of one prompt: the same ones each time it is rendered. */
export interface DataBlocks {
  /** The text inside a block of its own. */
  wrap(name: string, text: string): string;
  /** The text bare where it is short and plain, else wrapped. */
  show(name: string, text: string): string;
}

const plainCharactersMax = 200;

/**
 * What comes from outside the plan can neither close its block nor open another: a block's id is
 * derived from run, path and a counter, counted up until no text so far contains it.
 */
export function dataBlocks(run: string, path: string): DataBlocks {
  const texts: string[] = [];
  let counter = 0;

  function freshId(): string {
    for (;;) {
      const digest = createHash('sha256').update(JSON.stringify([run, path, counter++])).digest();
      const id = digest.readUIntBE(0, 6).toString(36).slice(0, 8).padStart(8, '0');
      if (!texts.some((text) => text.includes(id))) return id;
    }
  }

  function wrap(name: string, text: string): string {
    const clean = cleanText(text);
    texts.push(clean);
    const id = freshId();
    texts.push(id);
    return `<data name="${nameOf(name)}" id="${id}">${clean}</data id="${id}">`;
  }

  return {
    wrap,
    show: (name, text) => (isPlain(text) ? cleanText(text) : wrap(name, text)),
  };
}

function isPlain(text: string): boolean {
  return text.length <= plainCharactersMax && !/[<\n\r\u0085\u2028\u2029]/.test(text);
}

/** An expression is the plan's own, but must not end the attribute it stands in. */
function nameOf(expression: string): string {
  return cleanText(expression).replaceAll(/\s+/g, ' ').replaceAll('"', "'").replaceAll(/[<>]/g, '');
}
