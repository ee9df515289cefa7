import type { Prompt } from './prompt';
import { numberIn, typeOf, type Schema } from './schema';

/** What a number of this name usually is, between 0 and 1 of its range. */
const shares: readonly [RegExp, number][] = [
  [/confidence|probability|likelihood/i, 0.9],
  [/severity|risk|priority/i, 0.5],
];
const scoreFirst = 0.6;
const scoreGain = 0.2;

/** A number that fits the schema: what the prompt says under its name, else what such a number usually is. */
export function numberFor(schema: Schema, name: string, prompt: Prompt): number {
  const step = numberIn(schema, 'multipleOf') ?? (typeOf(schema) === 'integer' ? 1 : undefined);
  const { least, most, usual } = boundsOf(schema, name, step ?? 0.01);
  const said = mentioned(name, prompt.whole);
  const wanted =
    said !== null && said >= least && said <= most
      ? said
      : usual.least + (usual.most - usual.least) * shareOf(name, prompt);
  if (step === undefined) return Math.max(least, Math.min(most, Math.round(wanted * 100) / 100));
  const stepped = Math.round(wanted / step) * step;
  const lowered = stepped > most ? Math.floor(most / step) * step : stepped;
  return Number((lowered < least ? Math.ceil(least / step) * step : lowered).toPrecision(12));
}

function shareOf(name: string, prompt: Prompt): number {
  if (/score|rating|grade|quality/i.test(name)) return Math.min(1, scoreFirst + scoreGain * prompt.revisions);
  return shares.find(([pattern]) => pattern.test(name))?.[1] ?? 0.5;
}

interface Bounds {
  least: number;
  most: number;
  /** What such a number is taken from where the schema leaves it open. */
  usual: { least: number; most: number };
}

// `beside` is the distance that an exclusive bound is kept from.
function boundsOf(schema: Schema, name: string, beside: number): Bounds {
  const above = numberIn(schema, 'exclusiveMinimum');
  const below = numberIn(schema, 'exclusiveMaximum');
  const least = numberIn(schema, 'minimum') ?? (above === undefined ? -Infinity : above + beside);
  const most = numberIn(schema, 'maximum') ?? (below === undefined ? Infinity : below - beside);
  const range = rangeOf(name);
  const span = range.most - range.least;
  const usual = {
    least: Number.isFinite(least) ? least : Math.min(range.least, most - span),
    most: Number.isFinite(most) ? most : Math.max(range.most, least + span),
  };
  return { least, most, usual };
}

function rangeOf(name: string): { least: number; most: number } {
  if (/confidence|probability|likelihood|share|ratio/i.test(name)) return { least: 0, most: 1 };
  if (/percent/i.test(name)) return { least: 0, most: 100 };
  if (/score|rating|grade/i.test(name)) return { least: 1, most: 10 };
  if (/year/i.test(name)) return { least: 2020, most: 2030 };
  return { least: 0, most: 10 };
}

/** The figure that the prompt itself gives under this name: `employees: 40`, `"employees": 40`. */
function mentioned(name: string, text: string): number | null {
  if (!/^\w+$/.test(name)) return null;
  const found = new RegExp(`\\b${name}"?\\s*[:=]\\s*(-?\\d+(?:\\.\\d+)?)`, 'i').exec(text);
  return found === null ? null : Number(found[1]);
}
