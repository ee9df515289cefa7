import type { Asked } from './wire';

const bytesPerToken = 4;
// What a vendor adds around each message, so that an empty one isn't free.
const tokensPerTurn = 3;

/** About what a vendor's tokenizer gives for plain English, and the same every time. */
export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / bytesPerToken);
}

/** Tokens of a whole request, the schema of a structured answer among them. */
export function inputTokensOf({ system, turns, schema }: Asked): number {
  const texts = [system, schema === null ? '' : JSON.stringify(schema), ...turns.map((turn) => turn.text)];
  return texts.reduce((sum, text) => sum + tokensOf(text), turns.length * tokensPerTurn);
}

/** As much of the start of `text` as so many tokens hold, never half a character. */
export function firstTokens(text: string, tokens: number): string {
  if (tokensOf(text) <= tokens) return text;
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > tokens * bytesPerToken) break;
    end += character.length;
  }
  return text.slice(0, end);
}
