import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { projectFolder } from '../support/part';

const script = `
  const { readConfig } = require('./dist/config');
  const { createLogger } = require('./dist/telemetry/logger');
  createLogger(readConfig({}), 'worker').error({ error: new RangeError('Invalid time value') }, 'Workflow failed');
`;

test('writes what an error says under the name that Temporal’s SDK gives it', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: projectFolder });
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ part: 'worker', msg: 'Workflow failed' },
    error: { type: 'RangeError', message: 'Invalid time value', stack: expect.any(String) as unknown },
  });
});
