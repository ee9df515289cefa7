/**
 * A text of several lines with what a terminal would act on made visible, as `\u{1b}`. Texts come
 * from models and users: an escape sequence in one could show a person something else than what
 * is to be approved.
 */
export function safeText(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    if (character === '\n' || character === '\t') return character;
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** The same in one line. */
export function safeLine(text: string): string {
  return safeText(text.replaceAll(/\s+/g, ' ').trim());
}
