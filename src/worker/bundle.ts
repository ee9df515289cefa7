import { createRequire } from 'node:module';
import path from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const interceptors = require.resolve('@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors');
// Hundreds of constants that the interceptors bring in, as the module that they bring in: loaded once,
// and not for every workflow.
const constants = path.join(
  path.dirname(createRequire(interceptors).resolve('@opentelemetry/semantic-conventions')),
  'stable_attributes.mjs',
);

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
    preloadModules: [constants, require.resolve('./preloaded')],
    logger: new DefaultLogger('WARN'),
  });
  return code;
}
