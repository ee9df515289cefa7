import { ApplicationFailure } from '@temporalio/common';
import type { ModelCall, RecallAnswer, Recalled } from '../contract/activities';
import type { CallDone } from '../contract/gateway';
import { noUsage } from '../contract/usage';
import type { Value } from '../contract/value';
import { findAnswer, type StoredAnswer } from '../ledger/answers';
import { getContent, putContent } from '../ledger/contents';
import type { Manifest } from '../plan/manifest';
import { readManifest } from './manifests';
import type { Ports } from './ports';
import { prepareCall } from './prepare-call';
import { readAnswer } from './read-answer';
import { writeJournal } from './write-journal';

/** Finds the newest answer that was kept of a question which has failed, of any of its models. No call is made. */
export async function recallAnswer(
  ports: Ports,
  { call, models, maxAgeMs }: RecallAnswer,
): Promise<Recalled> {
  const { tenant, run } = call.run;
  const [manifest] = await Promise.all([
    readManifest(ports.database, call.run),
    writeJournal(ports, { tenant, run, journal: call.journal }),
  ]);
  const kept: { asked: ModelCall; answer: StoredAnswer }[] = [];
  for (const model of models) {
    const asked = { ...call, model };
    const key = await keyOf(ports, manifest, asked);
    if (key === null) continue;
    // A run that was begun at real vendors is never answered by the simulated one.
    const name = { tenant, key, simulated: manifest.simulated };
    const answer = await findAnswer(ports.database, name, maxAgeMs);
    if (answer !== null) kept.push({ asked, answer });
  }
  kept.sort((left, right) => right.answer.madeAt.getTime() - left.answer.madeAt.getTime());
  for (const { asked, answer } of kept) {
    const value = await valueOf(ports, manifest, asked, answer);
    if (value !== null) return { type: 'stale', value, madeAt: answer.madeAt.toISOString() };
  }
  return { type: 'none' };
}

/** Null where the question can't be put into words: that it failed stands already. */
async function keyOf(ports: Ports, manifest: Manifest, call: ModelCall): Promise<string | null> {
  try {
    const prepared = await prepareCall(ports, manifest, call);
    return 'type' in prepared ? null : (prepared.keeping?.key ?? null);
  } catch (error) {
    if (error instanceof ApplicationFailure) return null;
    throw error;
  }
}

/** The answer as one of this run. Null where it isn't what would be asked for today. */
async function valueOf(
  ports: Ports,
  manifest: Manifest,
  call: ModelCall,
  { hash, model }: StoredAnswer,
): Promise<Value | null> {
  const { tenant, run } = call.run;
  const body = await getContent(ports.database, tenant, hash);
  await putContent(ports.database, tenant, run, body);
  const done: CallDone = {
    ...{ state: 'done', ref: hash, text: JSON.parse(body.toString('utf8')) as string, stop: 'end' },
    ...{ vendorStop: '', usage: noUsage, model, simulated: manifest.simulated },
    ...{ capLowered: null, attempts: 0, ambiguous: 0 },
  };
  const result = await readAnswer(ports, manifest, call, done);
  return result.type === 'answered' ? result.value : null;
}
