import { stringify } from 'yaml';
import { skeletonPlan } from '../plan/advice/skeletons';
import { adviseOn } from '../plan/advice/tree';
import { mark, type Prompt } from './prompt';
import type { JsonObject } from './wire';

const nameCharactersMax = 40;

/** Whether an object of these properties is a plan for a goal, asked of somebody who was told the language. */
export function isDraft(properties: JsonObject, { system }: Prompt): boolean {
  return Object.hasOwn(properties, 'plan') && system.includes('# The plan language');
}

/** A plan of the pattern that the words of the goal speak for. */
export function draft(prompt: Prompt): JsonObject {
  const goal = prompt.blocks[0]?.text ?? prompt.instruction.replace(/^.*?: /, '');
  const { pattern, reason } = adviseOn(goal, {});
  const words = goal.toLowerCase().match(/[a-z]+/g) ?? [];
  const name = `plan-${words.join('-')}`.slice(0, nameCharactersMax).replace(/-+$/, '');
  const plan = { ...skeletonPlan(pattern, 'claude-sonnet'), name, description: goal };
  return { plan: stringify(plan), reason: `${mark}: ${reason}` };
}
