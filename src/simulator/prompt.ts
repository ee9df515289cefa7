import { createHash } from 'node:crypto';
import type { Asked } from './wire';

/** What a request asks for, read the way a hurried person would read it. */
export interface Prompt {
  system: string;
  /** What was asked in words: the first turn without its data blocks. */
  instruction: string;
  blocks: DataBlock[];
  /** The subject of the instruction: `heat pumps` of "Write the brief on heat pumps." */
  subject: string;
  /** The whole of the first turn, data included. */
  whole: string;
  /** How often the text in the prompt has been revised already, as simulated revisions say of themselves. */
  revisions: number;
  /**
   * The same for the same beginning of a conversation, whatever the ids of its data blocks, which
   * differ from run to run: every choice is made from it.
   */
  seed: string;
}

export interface DataBlock {
  name: string;
  text: string;
}

const subjectCharactersMax = 80;
const block = /<data\s+name="([^"]*)"\s+id="([^"]*)"\s*>\n?([\s\S]*?)\n?<\/data\s+id="\2"\s*>/g;
/** Where a block stood, by its number. */
const place = /\uE000(\d+)\uE000/;
const places = new RegExp(place, 'g');
const quoted = /"([^"\n]{3,80})"/;
const order = /^(?:please\s+)?[a-z]+\s+(?:the|this|these|an?)\s+/i;
const subject = /\b(?:on|of|about|for|regarding|into)\s+(?:the\s+)?([^\n]+)/i;

export const mark = 'Simulated answer';
const revisionMark = /Simulated answer, revision (\d+)/g;

export function readPrompt(asked: Asked): Prompt {
  const whole = asked.turns[0]?.text ?? '';
  const blocks = [...whole.matchAll(block)].map(([, name = '', , text = '']) => ({ name, text }));
  let count = 0;
  const marked = whole.replaceAll(block, () => `\uE000${String(count++)}\uE000`);
  const instruction = marked.replaceAll(places, ' ').trim();
  const revisions = [...whole.matchAll(revisionMark)].map(([, n]) => Number(n));
  return {
    system: asked.system,
    instruction,
    blocks,
    subject: subjectOf(marked, blocks),
    whole,
    revisions: Math.max(0, ...revisions),
    seed: createHash('sha256')
      .update(JSON.stringify([asked.model, asked.system, instruction, blocks, asked.schema]))
      .digest('hex'),
  };
}

function subjectOf(marked: string, blocks: DataBlock[]): string {
  const withPlaces = marked.split('\n').find((each) => each.replaceAll(places, '').trim() !== '') ?? '';
  const line = withPlaces.replaceAll(places, ' ').trim();
  const found =
    quoted.exec(line)?.[1] ??
    contentOf(subject.exec(withPlaces)?.[1], blocks) ??
    subject.exec(line)?.[1] ??
    blocks.map(headingOf).find((heading) => heading !== undefined) ??
    (line === '' ? blocks[0]?.text : line.replace(order, '')) ??
    '';
  const sentence = found.split(/[.?!:;\n](?:\s|$)/, 1)[0] ?? '';
  const plain = sentence
    .replaceAll(/[*_`#<>{}[\]"]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (plain.length <= subjectCharactersMax) return plain === '' ? 'the question' : plain;
  const end = plain.lastIndexOf(' ', subjectCharactersMax);
  return plain.slice(0, end > 0 ? end : subjectCharactersMax).toWellFormed();
}

/** What a subject says that begins with a block. */
function contentOf(said: string | undefined, blocks: DataBlock[]): string | undefined {
  const found = place.exec(said ?? '');
  const meant = found?.index === 0 ? blocks[Number(found[1])] : undefined;
  return meant === undefined ? undefined : (headingOf(meant) ?? meant.text.trim());
}

function headingOf({ text }: DataBlock): string | undefined {
  return /^#\s+(.+)$/m.exec(text)?.[1];
}

/** Picks one of `choices`, the same for the same seed and key. */
export function pick<Choice>(choices: readonly [Choice, ...Choice[]], seed: string, key: string): Choice {
  return choices[Math.floor(share(seed, key) * choices.length)] ?? choices[0];
}

/** A number from 0 up to but not including 1, the same for the same seed and key. */
export function share(seed: string, key: string): number {
  return createHash('sha256').update(`${seed}/${key}`).digest().readUInt32BE(0) / 2 ** 32;
}
