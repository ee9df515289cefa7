import { createInterface } from 'node:readline';
import type { Screen } from './screen';

/** A question at the terminal: the line that was typed, or null where there will be no answer. */
export type Ask = (question: string) => Promise<string | null>;

/**
 * Binds questions to a terminal. The signal takes back one that is open; Ctrl-D leaves it unanswered;
 * Ctrl-C does too and is handed on, since a terminal that is asked swallows it.
 */
export function createAsk(screen: Screen, signal: AbortSignal, onInterrupt: () => void): Ask {
  return (question) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve(null);
        return;
      }
      const reader = createInterface({ input: screen.input, output: screen.live, terminal: true });
      const close = () => {
        reader.close();
      };
      signal.addEventListener('abort', close, { once: true });
      reader.once('close', () => {
        signal.removeEventListener('abort', close);
        resolve(null);
      });
      reader.once('SIGINT', () => {
        close();
        onInterrupt();
      });
      reader.question(question, (answer) => {
        resolve(answer.trim());
        close();
      });
    });
}
