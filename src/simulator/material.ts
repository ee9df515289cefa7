import type { DataBlock } from './prompt';

/** Something to draw from, with the name under which it is shown. */
export interface Material {
  label: string;
  sentences: string[];
}

const materialMax = 12;
const wordsMin = 6;

// What a pattern adds for the answerer's guidance is no material for the answer.
const guidance = new Set(['criteria', 'issues', 'feedback', 'comment']);

/** The texts of the data blocks, an object's or list's long texts each by themselves. */
export function materialOf(blocks: DataBlock[]): Material[] {
  return blocks
    .filter(({ name }) => !guidance.has(name))
    .flatMap(({ name, text }) => parts(name, text))
    .map(({ label, text }) => ({ label: labelOf(label), sentences: sentencesOf(text) }))
    .filter(({ sentences }) => sentences.length > 0)
    .slice(0, materialMax);
}

interface Part {
  label: string;
  text: string;
}

// A member shorter than this is a figure or a flag rather than a text.
const textCharactersMin = 40;

function parts(label: string, text: string): Part[] {
  const parsed = parsedOrNull(text);
  if (parsed === null || typeof parsed !== 'object') return [{ label, text }];
  const members = Object.entries(parsed).map(([key, value]) => {
    const told = typeof value === 'string' ? value : plain(value);
    const heading = /^# (.{1,60})$/m.exec(told)?.[1];
    return {
      label: Array.isArray(parsed) ? (heading ?? `Part ${String(Number(key) + 1)}`) : key,
      text: told,
    };
  });
  const telling = members.filter(
    (member) => Array.isArray(parsed) || member.text.length >= textCharactersMin,
  );
  return telling.length > 0 ? telling : [{ label, text: plain(parsed) }];
}

function parsedOrNull(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Objects are told as sentences: `name: Acme; employees: 40.`
function plain(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${String(value)}.`;
  const told = Object.entries(value).map(([key, each]) => {
    const said = (typeof each === 'object' ? plain(each) : String(each)).replace(/\.$/, '');
    return Array.isArray(value) ? said : `${key}: ${said}`;
  });
  return `${told.join('; ')}.`;
}

/** `steps.market-report.output` is shown as `Market report`. */
function labelOf(name: string): string {
  const last =
    name
      .replace(/^steps\./, '')
      .replace(/\.output$/, '')
      .split('.')
      .at(-1) ?? name;
  const words = last.replaceAll(/[-_]+/g, ' ').trim();
  return words === '' ? 'Material' : words.charAt(0).toUpperCase() + words.slice(1);
}

// Headings, tables, fences, lines of code, and what a simulated answer says of itself.
const untold = /^\s*(?:#|```|\||---|\+\+\+|@@)|[{};]\s*$|^This text on .* draws on|Simulated answer/;

/** The sentences of a text, without list marks and emphasis. */
export function sentencesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !untold.test(line))
    .map((line) =>
      line
        .replace(/^\s*(?:[-*+]|\d+[.)])\s+/, '')
        .replaceAll(/[*_`]{1,3}/g, '')
        .trim(),
    )
    .flatMap((line) => line.split(/(?<=[.!?])\s+(?=[A-Z0-9"'(])/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '')
    .map((sentence) => (/[.!?:]$/.test(sentence) ? sentence : `${sentence}.`));
}

/** The first sentences that are long enough to tell something, up to so many words; at least one. */
export function extract(sentences: string[], wordsMax: number): string {
  const telling = sentences.filter((sentence) => words(sentence) >= wordsMin);
  const from = telling.length > 0 ? telling : sentences;
  const taken: string[] = [];
  let count = 0;
  for (const sentence of from) {
    if (taken.length > 0 && count + words(sentence) > wordsMax) break;
    taken.push(sentence);
    count += words(sentence);
  }
  return taken.join(' ');
}

function words(text: string): number {
  return text.split(/\s+/).length;
}
