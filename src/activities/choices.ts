import type { ModelCall } from '../contract/activities';
import type { Json } from '../contract/value';
import { isObject, member, pointerParts } from '../plan/json';
import type { Manifest } from '../plan/manifest';
import type { Bounds } from './decision-shape';
import { at } from './manifests';

/** What the call's decision may name, and the shape of its answer. */
export function boundsOf(manifest: Manifest, call: ModelCall): Bounds {
  return {
    names: Object.keys(mapOf(manifest, call)),
    choices: call.choices,
    answer: manifest.agents[call.agent]?.output,
  };
}

/** Routes, workers or teams with what the plan says of each, as material for the agent that chooses. */
export function choiceBlock(manifest: Manifest, call: ModelCall): { name: string; value: Json }[] {
  if (call.choices === undefined) return [];
  const value = Object.entries(mapOf(manifest, call)).map(([name, choice]) => ({
    name,
    description: member(choice, 'description') ?? '',
  }));
  return [{ name: pointerParts(call.choices.at).at(-1) ?? '', value }];
}

function mapOf(manifest: Manifest, { choices }: ModelCall): { [name: string]: Json } {
  const map = choices === undefined ? {} : at(manifest, choices.at);
  return isObject(map) ? map : {};
}
