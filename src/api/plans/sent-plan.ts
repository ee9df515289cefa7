import type { ProblemIssue } from '../../contract/problems';
import type { Json } from '../../contract/value';
import { planFinder } from '../../ledger/plans';
import { parsePlanText } from '../../plan/parse';
import { validatePlan, type Validation } from '../../plan/validate';
import { invalidInput } from '../problem';
import type { Service } from '../service';
import { currentModels } from './models';

/** A plan's text as it came in as YAML; a plan sent as JSON is the body itself. */
export class YamlText {
  readonly yaml: string;
  constructor(yaml: string) {
    this.yaml = yaml;
  }
}

/** A plan that came in as a whole body, with what is right and wrong with it. */
export interface SentPlan extends Validation {
  json: Json;
  source: string;
}

/** Reads and checks a plan. Throws a problem where it can't be read at all. */
export async function readSentPlan(
  service: Service,
  tenant: string,
  body: Json | YamlText,
): Promise<SentPlan> {
  const { json, source, locate } = parsed(body);
  const placed = (issue: ProblemIssue): ProblemIssue => ({ ...issue, ...(locate(issue.path) ?? {}) });
  const models = await currentModels(service);
  const validation = await validatePlan(json, models, planFinder(service.database, tenant));
  return {
    ...validation,
    errors: validation.errors.map(placed),
    warnings: validation.warnings.map(placed),
    json,
    source,
  };
}

function parsed(body: Json | YamlText): {
  json: Json;
  source: string;
  locate(pointer: string): { line: number; column: number } | null;
} {
  if (!(body instanceof YamlText))
    return { json: body, source: JSON.stringify(body, null, 2), locate: () => null };
  const read = parsePlanText(body.yaml, 'yaml');
  if (read.type === 'malformed') throw invalidInput('The plan can not be read.', read.errors);
  return { json: read.json, source: body.yaml, locate: read.locate };
}
