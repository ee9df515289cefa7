import { proxyActivities } from '@temporalio/workflow';
import type { Material, ModelActivities } from './activities';

/** Who answers: the service's gateway, the vendor itself, or nobody, to see what Temporal alone takes. */
export type Through = 'gateway' | 'vendor' | 'nobody';

const revisionsMax = 2;

/** The content production of the examples, written by hand: three researchers, a writer, a quality gate. */
export async function contentProduction(topic: string, through: Through): Promise<string> {
  const ask = proxyActivities<ModelActivities>({
    scheduleToCloseTimeout: '25 hours',
    heartbeatTimeout: '5 seconds',
    retry: { initialInterval: '500 milliseconds', backoffCoefficient: 1 },
  })[through];
  const angles = ['Market', 'Technical', 'User'];
  const found = await Promise.all(
    angles.map((angle) =>
      ask({
        name: `research.${angle}`,
        agent: 'researcher',
        prompt: `${angle} angle of ${topic}`,
        material: [],
      }),
    ),
  );
  const material: Material[] = found.map((text, index) => ({ name: angles[index] ?? '', text }));
  let brief = await ask({ name: 'draft', agent: 'writer', prompt: `Write the brief on ${topic}.`, material });
  for (let round = 1; ; round++) {
    const verdict = JSON.parse(
      await ask({
        name: `review.${String(round)}`,
        agent: 'reviewer',
        prompt: 'Review the text in the data blocks below.',
        material: [{ name: 'text', text: brief }],
      }),
    ) as { approved: boolean; issues: string[] };
    if (verdict.approved || round > revisionsMax) return brief;
    brief = await ask({
      name: `revise.${String(round)}`,
      agent: 'writer',
      prompt: 'Rewrite the draft so that every issue is resolved.',
      material: [
        { name: 'draft', text: brief },
        { name: 'issues', text: verdict.issues.join('\n') },
      ],
    });
  }
}
