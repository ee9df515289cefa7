import { RE2JS } from 're2js';
import { patterned } from './pattern';
import { mark, share, type Prompt } from './prompt';
import { sentence, titleOf } from './prose';
import { numberIn, type Schema } from './schema';

// However long a schema asks for.
const charactersMax = 100_000;
const linesUsual = 20;
const day = '2026-01-15';
const byFormat: Readonly<Record<string, string>> = {
  date: day,
  'date-time': `${day}T09:00:00Z`,
  time: '09:00:00Z',
  duration: 'P1D',
  email: 'simulated@example.com',
  uri: 'https://example.com/simulated',
  'uri-reference': '/simulated',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000000',
  regex: '^.*$',
  'json-pointer': '/simulated',
};

/** A string that fits the schema and what its name promises. */
export function stringFor(schema: Schema, place: { name: string; path: string }, prompt: Prompt): string {
  const { format, pattern } = schema;
  const text = (typeof format === 'string' ? byFormat[format] : undefined) ?? byName(place, prompt);
  const least = Math.min(charactersMax, numberIn(schema, 'minLength') ?? 0);
  const fitting = fitted(text, least, numberIn(schema, 'maxLength') ?? Infinity);
  if (typeof pattern !== 'string' || matches(pattern, fitting)) return fitting;
  return patterned(pattern, least) ?? fitting;
}

function byName({ name, path }: { name: string; path: string }, prompt: Prompt): string {
  const said = mentioned(name, prompt.whole);
  if (said !== null) return said;
  if (/reason|rationale|explanation|why/i.test(name)) return `${mark}: ${sentence(prompt, path)}`;
  if (/title|headline/i.test(name)) return titleOf(prompt);
  if (/name|topic|subject|company|product/i.test(name)) return prompt.subject;
  if (/place|location|line/i.test(name))
    return `line ${String(1 + Math.floor(share(prompt.seed, path) * linesUsual))}`;
  if (/date|deadline|^due/i.test(name)) return day;
  if (/url|link|website/i.test(name)) return 'https://example.com/simulated';
  if (/email/i.test(name)) return 'simulated@example.com';
  if (/currency/i.test(name)) return 'USD';
  if (/language|locale/i.test(name)) return 'en';
  if (/(^|_)(id|key|code|slug)$|Id$/.test(name))
    return `simulated-${String(Math.floor(share(prompt.seed, path) * 1000))}`;
  return sentence(prompt, path);
}

/** What the prompt itself says under this name in JSON: `"company": "Acme"`. */
function mentioned(name: string, text: string): string | null {
  if (!/^\w+$/.test(name)) return null;
  const found = new RegExp(`"${name}"\\s*:\\s*"((?:[^"\\\\]|\\\\.){1,200})"`).exec(text);
  try {
    return found === null ? null : (JSON.parse(`"${found[1] ?? ''}"`) as string);
  } catch {
    return null;
  }
}

// JSON Schema counts characters, not UTF-16 units.
function fitted(text: string, least: number, most: number): string {
  const characters = Array.from(text === '' ? mark : text);
  if (characters.length > most)
    return characters.slice(0, most).join('').trimEnd().padEnd(Math.min(least, most), '.');
  if (characters.length >= least) return text;
  const repeated = [...characters, ' '];
  return Array.from({ length: least }, (_, index) => repeated[index % repeated.length]).join('');
}

// Linear in time whatever the pattern, because a plan's author wrote it.
function matches(pattern: string, text: string): boolean {
  try {
    return RE2JS.compile(pattern).matcher(text).find();
  } catch {
    return true;
  }
}
