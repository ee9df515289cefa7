import { parse, YAMLParseError } from 'yaml';
import type { Json } from '../contract/value';
import { usageError } from './exit';
import { readText } from './plan-source';
import { readJson } from './read-json';

type Fields = { [name: string]: Json };

/** A run's input from `--input` and the fields that `--set` adds to it or replaces. */
export function readInput(given: string | undefined, settings: readonly string[]): Json {
  const input = given === undefined ? {} : parseInput(given);
  if (settings.length === 0) return input;
  if (!isFields(input)) throw usageError('--set needs an input that is an object; --input is none.');
  for (const [index, setting] of settings.entries()) {
    demandNothingUndone('--set', setting, { before: settings.slice(0, index), ends: ['=', '.'] });
    setField(input, setting);
  }
  return input;
}

/** What is said twice is one mistake at least, and nobody would see which. `ends`: what may follow the name. */
function demandNothingUndone(
  option: string,
  pair: string,
  { before, ends }: { before: readonly string[]; ends: readonly string[] },
): void {
  const [name] = splitPair(option, pair);
  const undone = before.find((one) => ends.some((end) => one.startsWith(`${name}${end}`)));
  if (undone !== undefined) throw usageError(`${option} ${pair}: this would undo ${option} ${undone}.`);
}

function parseInput(given: string): Json {
  if (given.startsWith('@')) return parseFile(given.slice(1));
  const read = readJson(given);
  if (read.type === 'json') return read.json;
  if (read.type === 'inexact') throw usageError(`--input: ${read.reason}.`);
  throw usageError(`--input is not valid JSON: ${read.reason}. A file is written --input @file.`);
}

/** JSON is YAML too, so that one parser reads both and names the line. */
function parseFile(file: string): Json {
  const text = readText(file);
  try {
    return demandExact(file, parse(text) as Json);
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const [line = ''] = error.message.split('\n');
    throw usageError(`${file} is not valid JSON or YAML: ${line.replace(/:$/, '.')}`);
  }
}

/** Numbers of a file that would be sent as others than were written. */
function demandExact(file: string, json: Json): Json {
  if (typeof json === 'number' && !isExact(json))
    throw usageError(`${file} has a number that can't be kept exactly, near ${String(json)}.`);
  if (typeof json === 'object' && json !== null)
    for (const each of Object.values(json)) demandExact(file, each);
  return json;
}

/** What is written with all its digits must be safe; what is not is a float in any case. */
function isExact(value: number): boolean {
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !/^-?\d+$/.test(String(value)));
}

/** Takes `a.b=value` into the input. */
function setField(input: Fields, setting: string): void {
  const [name, text] = splitPair('--set', setting);
  const keys = name.split('.');
  const last = keys.pop() ?? '';
  let place = input;
  for (const key of keys) {
    const next = Object.hasOwn(place, key) ? place[key] : putField(place, key, {});
    if (!isFields(next)) throw usageError(`--set ${setting}: ${key} is no object that could have fields.`);
    place = next;
  }
  putField(place, last, parseValue(setting, text));
}

// Defined, not assigned: a field called __proto__ must reach the service as one, which refuses it.
function putField(place: Fields, name: string, value: Json): Json {
  Object.defineProperty(place, name, { value, enumerable: true, configurable: true, writable: true });
  return value;
}

/** JSON where the text is any; else the text, which needs no quotes. */
function parseValue(setting: string, text: string): Json {
  const read = readJson(text);
  if (read.type === 'inexact') throw usageError(`--set ${setting}: ${read.reason}.`);
  return read.type === 'malformed' ? text : read.json;
}

/** Labels from `--label key=value`. */
export function readLabels(given: readonly string[]): { [name: string]: string } {
  for (const [index, label] of given.entries())
    demandNothingUndone('--label', label, { before: given.slice(0, index), ends: ['='] });
  return Object.fromEntries(given.map((label) => splitPair('--label', label)));
}

function splitPair(option: string, pair: string): [string, string] {
  const at = pair.indexOf('=');
  if (at < 1) throw usageError(`${option} ${pair}: write it as name=value.`);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
