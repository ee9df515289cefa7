import { draft, isDraft } from './drafting';
import { flagFor, likeliest } from './choices';
import { verdictOn } from './defects';
import type { Prompt } from './prompt';
import { isObject, numberIn, settled, typeOf, type Schema } from './schema';
import { numberFor } from './numbers';
import { isSupervision, supervise } from './supervising';
import { stringFor } from './strings';
import type { Json, JsonObject } from './wire';

const depthMax = 8;
// A schema that requires itself fits nothing; somewhere it has to end.
const depthEnd = 64;
// However many a schema asks for.
const itemsMax = 500;
// Beyond it only what is required is filled, which is what ends a schema that contains itself.
const optionalDepthMax = 4;
const itemsUsual = 3;

/** A place in the instance that is being made. */
interface Place {
  /** The nearest property's name, which says what is meant. */
  name: string;
  /** Where it stands, so that equal names don't give equal values. */
  path: string;
  depth: number;
}

/** A value that fits the schema, made from the prompt; the same for the same request. */
export function instanceOf(schema: Schema, prompt: Prompt): Json {
  return make(schema, { name: '', path: '', depth: 0 });

  function make(given: Json | undefined, place: Place): Json {
    const each = settled(given, schema);
    if (place.depth > depthEnd) return null;
    if (each['const'] !== undefined) return each['const'];
    const choices = each['enum'];
    if (Array.isArray(choices) && choices.length > 0) return likeliest(choices, place.path, prompt);
    switch (typeOf(each)) {
      case 'object':
        return object(each, place);
      case 'array':
        return array(each, place);
      case 'boolean':
        return flagFor(place.name, prompt);
      case 'null':
        return null;
      case 'integer':
      case 'number':
        return numberFor(each, place.name, prompt);
      default:
        return stringFor(each, place, prompt);
    }
  }

  function object(each: Schema, place: Place): JsonObject {
    const properties = isObject(each['properties']) ? each['properties'] : {};
    if (place.depth === 0 && isDraft(properties, prompt)) return draft(prompt);
    if (isSupervision(properties))
      return supervise(prompt, make(properties['answer'], { ...place, name: 'answer' }));
    const required = Array.isArray(each['required']) ? each['required'].map(String) : [];
    const names = place.depth < optionalDepthMax ? Object.keys(properties) : [];
    const made = [...new Set([...names, ...required])].map((name) => {
      const inner = { name, path: `${place.path}/${name}`, depth: place.depth + 1 };
      return [
        name,
        isIssueList(name, properties) ? issues(properties[name], inner) : make(properties[name], inner),
      ];
    });
    return Object.fromEntries(made) as JsonObject;
  }

  // A reviewer that approves names no issue, and one that names issues does not approve.
  function issues(given: Json | undefined, place: Place): Json {
    const verdict = verdictOn(prompt);
    const least = numberIn(settled(given, schema), 'minItems') ?? 0;
    if (verdict.approved && least === 0) return [];
    const items = settled(settled(given, schema)['items'], schema);
    return typeOf(items) === 'string' && verdict.issues.length >= least ? verdict.issues : make(given, place);
  }

  function array(each: Schema, place: Place): Json[] {
    const first = Array.isArray(each['prefixItems']) ? each['prefixItems'] : [];
    const usual = each['items'] === false ? first.length : Math.max(itemsUsual, first.length);
    const least = numberIn(each, 'minItems') ?? 0;
    const wanted = place.depth < depthMax ? Math.max(usual, least) : least;
    const length = Math.max(0, Math.min(wanted, numberIn(each, 'maxItems') ?? Infinity, itemsMax));
    const made = Array.from({ length }, (_, index) =>
      make(first[index] ?? each['items'], {
        name: place.name,
        path: `${place.path}/${String(index)}`,
        depth: place.depth + 1,
      }),
    );
    return each['uniqueItems'] === true ? distinct(made) : made;
  }
}

function isIssueList(name: string, siblings: JsonObject): boolean {
  return (
    /^(issues|problems|defects|findings)$/.test(name) &&
    Object.keys(siblings).some((each) => /^approved?$/.test(each))
  );
}

function distinct(values: Json[]): Json[] {
  const seen = new Map(values.map((value) => [JSON.stringify(value), value]));
  return [...seen.values()];
}
