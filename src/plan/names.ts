import { LRUCache } from 'lru-cache';
import type { Check, Condition } from '../contract/plan';
import type { Json } from '../contract/value';
import { parseCondition, type ParsedCondition } from './condition';
import type { Clause, Operand } from './condition-syntax';
import { parseTemplate, templatePaths } from './liquid';

/** A name with what is read of it, cut at dots and brackets; null where only the run will tell. */
export type Path = readonly (string | number | null)[];

/** Roots that the templates in a value use, such as `input` or `steps.draft`. Throws `TemplateError`. */
export function namesUsed(json: Json): string[] {
  return rootsOf(pathsIn(json));
}

/** Roots that a condition uses. Throws `ConditionError`. */
export function namesUsedByCondition(condition: Condition): string[] {
  return rootsOf(conditionPaths(parseCondition(condition)));
}

/** Roots that the conditions of checks use, but for `output`: that is what is checked. */
export function namesUsedByChecks(checks: Check[]): string[] {
  const conditions = checks.flatMap(({ condition }) => (condition === undefined ? [] : [condition]));
  const names = conditions.flatMap(namesUsedByCondition).filter((name) => name !== 'output');
  return [...new Set(names)];
}

/** Of a plan that starts often each template is looked at several times a start. By length of the texts. */
const known = new LRUCache<string, Path[]>({
  maxSize: 4_000_000,
  sizeCalculation: (_, { length }) => length,
});

/** Paths of one template. Throws `TemplateError`. */
export function pathsOfTemplate(template: string): Path[] {
  if (!template.includes('{')) return [];
  const paths = known.get(template) ?? templatePaths(parseTemplate(template));
  known.set(template, paths);
  return [...paths];
}

function pathsIn(json: Json): Path[] {
  if (typeof json === 'string') return pathsOfTemplate(json);
  if (Array.isArray(json)) return json.flatMap(pathsIn);
  if (typeof json === 'object' && json !== null) return Object.values(json).flatMap(pathsIn);
  return [];
}

export function conditionPaths(condition: ParsedCondition): Path[] {
  if (typeof condition === 'boolean') return [];
  if ('all' in condition) return condition.all.flatMap(conditionPaths);
  if ('any' in condition) return condition.any.flatMap(conditionPaths);
  if ('not' in condition) return conditionPaths(condition.not);
  return clausePaths(condition);
}

function clausePaths(clause: Clause): Path[] {
  switch (clause.type) {
    case 'and':
    case 'or':
      return clause.clauses.flatMap(clausePaths);
    case 'not':
      return clausePaths(clause.clause);
    case 'comparison':
      return [...operandPath(clause.left), ...operandPath(clause.right)];
    case 'value':
      return operandPath(clause.operand);
  }
}

function operandPath(operand: Operand): Path[] {
  return operand.type === 'path' ? [operand.segments] : [];
}

/** In the order of their first use. */
function rootsOf(paths: Path[]): string[] {
  return [...new Set(paths.map(rootOf))];
}

function rootOf([root, second]: Path): string {
  return root === 'steps' && typeof second === 'string' ? `steps.${second}` : String(root);
}
