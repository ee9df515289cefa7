// C0 controls but tab and newline, U+007F to U+009F, and the characters that turn the direction of
// text, which can make it read otherwise than it is.
const unseen =
  // eslint-disable-next-line no-control-regex -- They are what is looked for.
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;
const halves = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** The text as a model may see it: without control and bidi characters and halves of characters. */
export function cleanText(text: string): string {
  return text.replace(unseen, '').replace(halves, '');
}

/** Whether a text holds NUL or half of a character, which neither UTF-8 nor Postgres can say. */
export function isBroken(text: string): boolean {
  return text.includes('\0') || !text.isWellFormed();
}
