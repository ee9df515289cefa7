import type { Session } from './session';

/** Carries a command out in a session that is made once the options are known. */
export type Perform = (command: (session: Session) => Promise<number>) => Promise<void>;

/** For an option that may be repeated. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}
