import { limits } from '../contract/limits';
import type { Json } from '../contract/value';
import type { Parsed } from './parsed';
import { problem } from './problem';
import { parseYaml } from './yaml';

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
