/** Takes a parameter and gives its place in the statement. */
export type Place = (value: unknown) => string;

/** Places of what a whole statement is about. */
export interface Scope {
  tenant: string;
  run: string;
  temporalRun: string;
}

/** Text columns refuse NUL, and UTF-8 has no lone surrogates. */
export function safe<Text extends string | null>(text: Text): Text {
  return (text === null ? null : text.toWellFormed().replaceAll('\u0000', '')) as Text;
}
