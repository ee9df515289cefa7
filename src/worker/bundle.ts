import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const interceptors = require.resolve('@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors');

/**
 * Builds the workflow code as one script. OpenTelemetry's interceptors are always in: a history that
 * was made with them can't be replayed without.
 */
export async function buildWorkflowBundle(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(__dirname, '../workflows'),
    workflowInterceptorModules: [interceptors],
    logger: new DefaultLogger('WARN'),
  });
  return code;
}
