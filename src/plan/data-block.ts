import { createHash } from 'node:crypto';
import type { Json } from '../contract/value';
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
 * What comes from outside the plan can neither close its block nor open another: ids begin with a
 * word derived from run, path and a counter, counted up until nothing in `outside` contains it.
 */
export function dataBlocks(run: string, path: string, outside: Json): DataBlocks {
  const texts = stringsIn(outside).map(cleanText);
  const word = wordBeyond(texts, [run, path]);
  let counter = 0;

  function wrap(name: string, text: string): string {
    const clean = cleanText(text);
    // Filters may have put together what was apart, so the text itself is looked at once more.
    do counter++;
    while (clean.includes(`${word}-${String(counter)}`));
    const id = `${word}-${String(counter)}`;
    return `<data name="${nameOf(name)}" id="${id}">${clean}</data id="${id}">`;
  }

  return {
    wrap,
    show: (name, text) => (isPlain(cleanText(text)) ? cleanText(text) : wrap(name, text)),
  };
}

function wordBeyond(texts: string[], seed: string[]): string {
  for (let counter = 0; ; counter++) {
    const digest = createHash('sha256')
      .update(JSON.stringify([...seed, counter]))
      .digest();
    const word = digest.readUIntBE(0, 6).toString(36).padStart(8, '0').slice(-8);
    if (!texts.some((text) => text.includes(word))) return word;
  }
}

function stringsIn(json: Json): string[] {
  if (typeof json === 'string') return [json];
  if (Array.isArray(json)) return json.flatMap(stringsIn);
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json).flatMap(([name, value]) => [name, ...stringsIn(value)]);
}

function isPlain(text: string): boolean {
  return text.length <= plainCharactersMax && !/[<\n\u2028\u2029]/.test(text);
}

/** An expression is the plan's own, but must not end the attribute it stands in. */
function nameOf(expression: string): string {
  return cleanText(expression).replaceAll(/\s+/g, ' ').replaceAll('"', "'").replaceAll(/[<>]/g, '');
}
