import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import { problem, type PlanProblem } from './problem';
import { parseYaml } from './yaml';

export interface Place {
  line: number;
  column: number;
}

export type Parsed =
  /** `locate` says where in the text a pointer's value stands, or what is nearest to it; null for JSON. */
  | { type: 'parsed'; json: Json; locate(pointer: string): Place | null }
  | { type: 'malformed'; errors: PlanProblem[] };

/** Reads a plan's text. YAML is 1.2 core: one document, unique keys, no tags, anchors within bounds. */
export function parsePlanText(text: string, format: 'json' | 'yaml'): Parsed {
  const bytes = Buffer.byteLength(text);
  if (bytes > limits.planBytesMax) {
    const message = `The plan has ${String(bytes)} bytes, more than the ${String(limits.planBytesMax)} allowed.`;
    return { type: 'malformed', errors: [problem('', 'payload_too_large', message)] };
  }
  return format === 'json' ? parseJson(text) : parseYaml(text);
}

function parseJson(text: string): Parsed {
  try {
    return { type: 'parsed', json: JSON.parse(text) as Json, locate: () => null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { type: 'malformed', errors: [problem('', 'malformed_json', message)] };
  }
}
