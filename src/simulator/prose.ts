import { defectsIn, mended } from './defects';
import { extract, materialOf, sentencesOf, type Material } from './material';
import { angleOf, say } from './phrases';
import { mark, pick, type Prompt } from './prompt';

const wordsOfMaterial = 180;
const wordsOfPartMin = 25;
// A draft shorter than this is rather a task than a text to work with.
const materialCharactersMin = 120;

/** An answer in Markdown of about 150 to 300 words, which says once that it is simulated. */
export function prose(prompt: Prompt): string {
  const draft = draftToRevise(prompt);
  if (draft !== null) return revision(prompt, draft);
  const materials = materialOf(prompt.blocks.filter(({ text }) => text.length >= materialCharactersMin));
  return materials.length > 0 ? summary(prompt, materials) : study(prompt);
}

/** A sentence on the subject, another one for each `key`. */
export function sentence(prompt: Prompt, key: string): string {
  const { points, closing } = angleOf(prompt);
  const known = materialOf(prompt.blocks).flatMap(({ sentences }) => sentences);
  const told = points.map((point) => say(point.replaceAll('**', ''), prompt.subject));
  return pick([say(closing, prompt.subject), ...known, ...told], prompt.seed, key);
}

export function titleOf(prompt: Prompt): string {
  const title = say(angleOf(prompt).title, prompt.subject);
  return title.charAt(0).toUpperCase() + title.slice(1);
}

// Nothing but the subject is known: say what holds for any.
function study(prompt: Prompt): string {
  const { opening, points, closing } = angleOf(prompt);
  const wantsSources = /\b(cite|cites|source|sources|reference|references)\b/i.test(
    prompt.system + prompt.instruction,
  );
  return [
    `# ${titleOf(prompt)}`,
    `*${mark}: written from the prompt alone, without a model.*`,
    say(opening, prompt.subject),
    '## What stands out',
    points.map((point) => `- ${say(point, prompt.subject)}`).join('\n'),
    '## What follows',
    say(closing, prompt.subject),
    ...(wantsSources
      ? ['## Sources', '- None was consulted; every statement here needs a source before it is used.']
      : []),
  ].join('\n\n');
}

// Each part of the material gets a section of its own words.
function summary(prompt: Prompt, materials: Material[]): string {
  const wordsMax = Math.max(wordsOfPartMin, Math.floor(wordsOfMaterial / materials.length));
  const labels = materials.map(({ label }) => label).join(', ');
  return [
    `# ${titleOf(prompt)}`,
    `*${mark}: put together from the material in the prompt, without a model.*`,
    `This text on ${prompt.subject} draws on what was given: ${labels}.`,
    ...materials.flatMap(({ label, sentences }) => [`## ${label}`, extract(sentences, wordsMax)]),
    '## Conclusion',
    say(angleOf(prompt).closing, prompt.subject),
  ].join('\n\n');
}

const guiding = new Set(['issues', 'feedback', 'comment']);

function draftToRevise({ blocks, instruction }: Prompt): string | null {
  const told = blocks.some(({ name, text }) => guiding.has(name) && text.trim() !== 'null');
  if (!told && !/\b(rewrite|revise|rework)\b/i.test(instruction)) return null;
  const named = blocks.find(({ name }) => name === 'previous' || name === 'text');
  const texts = blocks.filter(({ name }) => !guiding.has(name) && name !== 'criteria');
  const longest = texts.reduce((long, { text }) => (text.length > long.length ? text : long), '');
  return named?.text ?? (longest === '' ? null : longest);
}

function revision(prompt: Prompt, draft: string): string {
  const n = prompt.revisions + 1;
  const remark = `*${mark}, revision ${String(n)}: mended without a model.*`;
  const body = mended(draft)
    .split('\n')
    .filter((line) => !line.includes(mark))
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .replace(/\n## What changed\n[\s\S]*$/, '')
    .trim();
  const [first = '', ...rest] = body.split('\n\n');
  const head = first.startsWith('# ') ? [first, remark] : [remark, first];
  return [...head, ...rest, '## What changed', changes(prompt, draft)].join('\n\n');
}

function changes({ blocks }: Prompt, draft: string): string {
  const issues = blocks.filter(({ name }) => guiding.has(name)).flatMap(({ text }) => listed(text));
  const lines = issues.length > 0 ? issues : defectsIn(draft);
  if (lines.length === 0) return '- Wording tightened; nothing was added or left out.';
  return lines.map((line) => `- Resolved: ${mended(line, '…')}`).join('\n');
}

function listed(text: string): string[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed)) return parsed.map(String);
  } catch {
    // Plain text, taken sentence by sentence.
  }
  return sentencesOf(text);
}
