import type { Json } from '../contract/value';
import { isObject, member, pointerTo, type JsonObject } from './json';

/** A text of a step that is worked out at run time, with where it stands in the plan. */
export interface Text {
  pointer: string;
  text: string;
  /** A name that only this text has. */
  name?: string;
}

/** Which fields hold templates, by type of step. Those of lists and objects are in their strings. */
const templateFields: ReadonlyMap<string, string[]> = new Map([
  ['agent', ['prompt', 'risk']],
  ['parallel', ['forEach', 'placeholder']],
  ['review', ['prompt', 'criteria', 'of']],
  ['approval', ['title', 'content']],
  ['question', ['title', 'content']],
  ['set', ['value']],
  ['router', ['prompt']],
  ['wait', ['until']],
  ['emit', ['data']],
  ['supervisor', ['prompt']],
  ['hierarchy', ['prompt']],
  ['refine', ['prompt', 'criteria']],
  ['debate', ['prompt']],
  ['plan', ['input']],
]);

/** Every template of a step itself, those of the steps inside it left out. */
export function templatesOf(step: JsonObject, pointer: string): Text[] {
  const type = member(step, 'type');
  const fields = (typeof type === 'string' ? templateFields.get(type) : undefined) ?? [];
  return [
    ...fields.flatMap((field) => textsIn(member(step, field), pointerTo(pointer, field))),
    ...textsIn(member(member(step, 'onFailure'), 'value'), pointerTo(pointer, 'onFailure', 'value')),
  ];
}

/** Every text of a step's condition. */
export function conditionsOf(step: JsonObject, pointer: string): Text[] {
  const cases = member(step, 'cases');
  const checks = member(step, 'checks');
  // Asked of each event that comes.
  const awaitsEvent = member(step, 'type') === 'wait' && member(step, 'event') !== undefined;
  return [
    ...textsIn(member(step, 'when'), pointerTo(pointer, 'when')).map((text) =>
      awaitsEvent ? { ...text, name: 'event' } : text,
    ),
    ...(Array.isArray(cases) ? cases : []).flatMap((each, index) =>
      textsIn(member(each, 'when'), pointerTo(pointer, 'cases', index, 'when')),
    ),
    ...(Array.isArray(checks) ? checks : []).flatMap((check, index) =>
      textsIn(member(check, 'condition'), pointerTo(pointer, 'checks', index, 'condition')).map((text) => ({
        ...text,
        name: 'output',
      })),
    ),
  ];
}

/** Every text in any JSON. */
export function textsIn(json: Json | undefined, pointer: string): Text[] {
  if (typeof json === 'string') return [{ pointer, text: json }];
  if (Array.isArray(json)) return json.flatMap((item, index) => textsIn(item, pointerTo(pointer, index)));
  if (!isObject(json)) return [];
  return Object.entries(json).flatMap(([name, value]) => textsIn(value, pointerTo(pointer, name)));
}
