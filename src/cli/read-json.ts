import type { Json } from '../contract/value';
import { JsonFault, parseExactly } from '../plan/exact-json';

/** What a text says as JSON. `inexact`: it is JSON, and to take it would change it. Reasons lack their full stop. */
export type ReadJson =
  { type: 'json'; json: Json } | { type: 'malformed'; reason: string } | { type: 'inexact'; reason: string };

/** Reads JSON that a person wrote, and changes nothing of it. */
export function readJson(text: string): ReadJson {
  try {
    JSON.parse(text);
  } catch (error) {
    return { type: 'malformed', reason: error instanceof Error ? error.message : String(error) };
  }
  try {
    return { type: 'json', json: parseExactly(text, Infinity) };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const { at, message } = error;
    return {
      type: 'inexact',
      reason: at === null ? message.replace(/\.$/, '') : `${at.path} ${at.message}`.trim(),
    };
  }
}
