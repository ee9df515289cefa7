import { verdictOn } from './defects';
import { pick, type Prompt } from './prompt';
import type { Json } from './wire';

/** A flag by its name: a verdict on the text, an end reached, else whether its words occur in the prompt. */
export function flagFor(name: string, prompt: Prompt): boolean {
  if (/approve|accept|pass|valid|^ok$/i.test(name)) return verdictOn(prompt).approved;
  if (/finish|done|complete|ready/i.test(name)) return true;
  return wordsOf(name).every((word) => prompt.whole.toLowerCase().includes(word));
}

/** The label whose words occur most often in the prompt. */
export function likeliest(choices: Json[], path: string, prompt: Prompt): Json {
  const text = prompt.whole.toLowerCase();
  const counted = choices.map((choice) => ({
    choice,
    count: wordsOf(typeof choice === 'string' ? choice : JSON.stringify(choice)).reduce(
      (sum, word) => sum + text.split(word).length - 1,
      0,
    ),
  }));
  const most = Math.max(...counted.map(({ count }) => count));
  const [best = null, ...others] = counted.filter(({ count }) => count === most).map(({ choice }) => choice);
  return pick([best, ...others], prompt.seed, path);
}

function wordsOf(name: string): string[] {
  const words = name
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[a-z0-9]{3,}/g);
  return words ?? [name.toLowerCase()];
}
