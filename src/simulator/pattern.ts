const repeatedMax = 50;
const patternCharactersMax = 1000;

/** Thrown where a pattern uses what is not sampled here, such as a look-around. */
class Unsampled extends Error {}

/**
 * A short string that matches a plain regular expression: literals, classes, groups, alternatives
 * and counts. Null where the pattern is of another kind. Takes each choice's first, so that it ends.
 */
export function patterned(pattern: string, lengthMin: number): string | null {
  if (pattern.length > patternCharactersMax) return null;
  let at = 0;
  try {
    const text = alternatives();
    if (at < pattern.length) return null;
    return text.length < lengthMin && !pattern.endsWith('$') ? text.padEnd(lengthMin, 'a') : text;
  } catch (error) {
    if (error instanceof Unsampled) return null;
    throw error;
  }

  function alternatives(): string {
    const first = sequence();
    while (pattern[at] === '|') {
      at++;
      sequence();
    }
    return first;
  }

  function sequence(): string {
    let text = '';
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') text += repeated(atom());
    return text;
  }

  function repeated(text: string): string {
    const count = /^(?:\*|\+|\?|\{(\d+)(?:,\d*)?\})\??/.exec(pattern.slice(at));
    if (count === null) return text;
    at += count[0].length;
    // One where it may be none, so that an optional part shows itself.
    return text.repeat(Math.min(repeatedMax, count[1] === undefined ? 1 : Number(count[1])));
  }

  function atom(): string {
    const character = pattern[at++] ?? '';
    if (character === '^' || character === '$') return '';
    if (character === '.') return 'a';
    if (character === '(') return group();
    if (character === '[') return oneOf();
    if (character === '\\') return escaped();
    return character;
  }

  function group(): string {
    const opening = /^\?(?::|P?<[A-Za-z]\w*>)/.exec(pattern.slice(at));
    if (opening === null && pattern[at] === '?') throw new Unsampled();
    at += opening?.[0].length ?? 0;
    const text = alternatives();
    if (pattern[at++] !== ')') throw new Unsampled();
    return text;
  }

  function oneOf(): string {
    const close = pattern.indexOf(']', pattern[at] === ']' ? at + 1 : at);
    if (close < 0) throw new Unsampled();
    const inside = pattern.slice(at, close);
    at = close + 1;
    if (!inside.startsWith('^'))
      return inside.startsWith('\\') ? classed(inside[1] ?? '') : (inside[0] ?? '');
    const free = ['a', '0', ' ', '-', 'Z'].find((each) => !new RegExp(`[${inside.slice(1)}]`).test(each));
    if (free === undefined) throw new Unsampled();
    return free;
  }

  function escaped(): string {
    return classed(pattern[at++] ?? '');
  }
}

function classed(letter: string): string {
  if (letter === 'd') return '1';
  if (letter === 'w' || letter === 'S' || letter === 'D') return 'a';
  if (letter === 's' || letter === 'W') return ' ';
  if (letter === 'b') return '';
  if (/[A-Za-z0-9]/.test(letter)) throw new Unsampled();
  return letter;
}
