import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const interceptors = require.resolve('@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors');

/**
 * Builds the workflow code as one script, from this build's folder of workflows or another one laid
 * out like it. OpenTelemetry's interceptors are always in: a history that
 * was made with them can't be replayed without.
 */
export async function buildWorkflowBundle(
  workflowsPath = path.join(__dirname, '../workflows'),
): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [interceptors],
    // Constants without state, and many of them: made once and not for every workflow.
    preloadModules: ['@opentelemetry/semantic-conventions', require.resolve('./preloaded')],
    logger: new DefaultLogger('WARN'),
  });
  return code;
}
