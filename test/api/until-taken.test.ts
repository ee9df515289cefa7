import { ServiceError } from '@temporalio/client';
import { untilTaken } from '../../src/api/approvals/until-taken';

// Codes of gRPC.
const status = { NOT_FOUND: 5, FAILED_PRECONDITION: 9, ABORTED: 10 };

/** What the client throws where Temporal answers with a status. */
function answered(code: number, details: string): ServiceError {
  const cause = Object.assign(new Error(details), { code, details, metadata: {} });
  return new ServiceError('Workflow Update failed', { cause });
}

test.each([
  ['the run went on as a new Temporal run', answered(status.ABORTED, 'workflow is closing')],
  [
    'the workflow task that had it was not kept',
    answered(
      status.FAILED_PRECONDITION,
      'Unable to perform workflow execution update due to Workflow Task in failed state.',
    ),
  ],
])('sends an update again where %s', async (_, error) => {
  let sent = 0;
  const send = () => (++sent < 3 ? Promise.reject(error) : Promise.resolve('taken'));
  expect(await untilTaken(send)).toBe('taken');
  expect(sent).toBe(3);
});

test('tells what else Temporal answers', async () => {
  const error = answered(status.NOT_FOUND, 'workflow execution already completed');
  let sent = 0;
  const send = () => (sent++, Promise.reject(error));
  await expect(untilTaken(send)).rejects.toBe(error);
  expect(sent).toBe(1);
});
