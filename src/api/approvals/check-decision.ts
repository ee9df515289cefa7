import type { Decide } from '../../contract/approvals-api';
import type { ApprovalRow } from '../../ledger/approvals-reading';
import { validateJson } from '../../plan/json-schema';
import { invalidInput } from '../problem';
import type { Service } from '../service';
import { editSchema } from './approval-view';

/** Refuses a decision that can't be taken as it was sent. */
export async function checkDecision(
  service: Service,
  { tenant, row, body }: { tenant: string; row: ApprovalRow; body: Decide },
): Promise<void> {
  const { decision, content } = body;
  const refuse = (path: string, message: string): Error =>
    invalidInput('The decision is not valid.', [{ path, code: 'validation_failed', message }]);
  if (!row.allow.includes(decision)) throw refuse('/decision', `May be ${row.allow.join(', ')}.`);
  const bringsContent = decision === 'edit' || decision === 'answer';
  if (bringsContent && content === undefined) throw refuse('/content', `Is missing: ${decision} needs it.`);
  if (!bringsContent && content !== undefined) throw refuse('/content', `Does not go with ${decision}.`);
  if (content === undefined) return;
  const schema = await editSchema(service, tenant, row);
  if (schema === null) return;
  const errors = await validateJson(schema, content);
  if (errors.length > 0)
    throw invalidInput(
      'The content does not fit its schema.',
      errors.map(({ path, message }) => ({ path: `/content${path}`, code: 'validation_failed', message })),
    );
}
