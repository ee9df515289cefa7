/** A misfit, with a pointer into the value, or into the schema where that is what is wrong. */
export interface Fault {
  path: string;
  message: string;
}

/** A fault in one line. What is wrong with the whole has no place to name. */
export function faultText({ path, message }: Fault): string {
  return path === '' ? message : `${path} ${message}`;
}
