import type { Json } from '../contract/value';

/** The same text for the same document, in whatever order its members were written. */
export function canonicalJson(json: Json | undefined): string {
  if (json === undefined) return '';
  if (Array.isArray(json)) return `[${json.map(canonicalJson).join(',')}]`;
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  const members = Object.keys(json)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(json[name])}`);
  return `{${members.join(',')}}`;
}
