import { limits } from '../../contract/limits';
import { ProblemError } from '../problem';

/**
 * Lets at most `limits.updatesInFlightMax` updates of one workflow be under way at once: Temporal
 * refuses more than ten. The others wait for their turn, but not longer than `timeoutMs`.
 */
export function createUpdateTurns(timeoutMs: number) {
  const busy = new Map<string, { count: number; waiting: (() => void)[] }>();

  async function take(workflow: string): Promise<void> {
    const entry = busy.get(workflow) ?? { count: 0, waiting: [] };
    busy.set(workflow, entry);
    if (entry.count < limits.updatesInFlightMax) {
      entry.count++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        entry.waiting = entry.waiting.filter((one) => one !== turn);
        reject(new ProblemError('overloaded', 'Too many decisions wait for this run at once.'));
      }, timeoutMs);
      entry.waiting.push(turn);
    });
  }

  function give(workflow: string): void {
    const entry = busy.get(workflow);
    const next = entry?.waiting.shift();
    // The place goes to the next in line without being free in between.
    if (next !== undefined) next();
    else if (entry !== undefined && --entry.count === 0) busy.delete(workflow);
  }

  return async function inTurn<Result>(workflow: string, update: () => Promise<Result>): Promise<Result> {
    await take(workflow);
    try {
      return await update();
    } finally {
      give(workflow);
    }
  };
}
