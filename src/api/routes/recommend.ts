import { Recommend, Recommendation } from '../../contract/advice-api';
import { skeletonPlan, usualModel } from '../../plan/advice/skeletons';
import { adviseOn } from '../../plan/advice/tree';
import { answerOnce } from '../idempotency';
import { currentModels } from '../plans/models';
import type { App, Service } from '../service';

/** Which pattern fits a goal. */
export function recommendRoutes(app: App, service: Service): void {
  app.post(
    '/v1/plans/recommend',
    {
      config: { scopes: ['plans:write', 'runs:write', 'runs:read'] },
      schema: {
        summary: 'Recommend a pattern',
        description:
          'Goes down the decision tree by the answers; what they leave open is read from words of the goal or assumed, and said. No model is asked.',
        body: Recommend,
        response: { 200: Recommendation },
      },
    },
    async (request, reply) => {
      const { goal, answers = {} } = request.body;
      await answerOnce(service, { request, reply }, async () => {
        const advice = adviseOn(goal, answers);
        const plan = skeletonPlan(advice.pattern, usualModel(await currentModels(service)));
        return { status: 200, body: { ...advice, plan } satisfies Recommendation };
      });
      return reply;
    },
  );
}
