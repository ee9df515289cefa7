/** A misfit, with a pointer into the value, or into the schema where that is what is wrong. */
export interface Fault {
  path: string;
  message: string;
}
