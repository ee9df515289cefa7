import type { Prompt } from './prompt';
import { numberIn, typeOf, type Schema } from './schema';

/** What a number of this name usually is, between 0 and 1 of its range. */
const shares: readonly [RegExp, number][] = [
  [/confidence|probability|likelihood/i, 0.9],
  [/severity|risk|priority/i, 0.5],
];
const scoreFirst = 0.6;
const scoreGain = 0.2;

/** A number that fits the schema; a score rises with every revision that the prompt shows. */
export function numberFor(schema: Schema, name: string, prompt: Prompt): number {
  const whole = typeOf(schema) === 'integer';
  const step = numberIn(schema, 'multipleOf') ?? (whole ? 1 : undefined);
  const { least, most } = boundsOf(schema, name, step ?? 0.01);
  const said = mentioned(name, prompt.whole);
  const wanted =
    said !== null && said >= least && said <= most ? said : least + (most - least) * shareOf(name, prompt);
  if (step === undefined) return Math.min(most, Math.round(wanted * 100) / 100);
  const stepped = Math.round(wanted / step) * step;
  const fitting =
    stepped > most
      ? Math.floor(most / step) * step
      : stepped < least
        ? Math.ceil(least / step) * step
        : stepped;
  return Number(fitting.toPrecision(12));
}

function shareOf(name: string, prompt: Prompt): number {
  if (/score|rating|grade|quality/i.test(name)) return Math.min(1, scoreFirst + scoreGain * prompt.revisions);
  return shares.find(([pattern]) => pattern.test(name))?.[1] ?? 0.5;
}

function boundsOf(schema: Schema, name: string, beside: number): { least: number; most: number } {
  const above = numberIn(schema, 'exclusiveMinimum');
  const below = numberIn(schema, 'exclusiveMaximum');
  const low = numberIn(schema, 'minimum') ?? (above === undefined ? undefined : above + beside);
  const high = numberIn(schema, 'maximum') ?? (below === undefined ? undefined : below - beside);
  if (low === undefined && high === undefined) return usual(name);
  const span = usual(name).most - usual(name).least;
  return { least: low ?? Math.min(0, (high ?? 0) - span), most: high ?? (low ?? 0) + span };
}

function usual(name: string): { least: number; most: number } {
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
