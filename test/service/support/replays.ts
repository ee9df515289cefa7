import path from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { temporal as proto } from '@temporalio/proto';
import { parseHistory } from '../../../src/replay/history';
import { replayHistories } from '../../../src/replay/replay';
import { projectFolder } from '../../support/part';

const bundlePath = path.join(projectFolder, 'dist', 'workflow-bundle.js');

/** Replays histories as a worker does that has lost its cache; a line for each that comes out otherwise. */
export async function replayFaults(
  histories: { name: string; events: proto.api.history.v1.IHistoryEvent[] }[],
): Promise<string[]> {
  const faults: string[] = [];
  const readings = histories.map(({ name, events }) =>
    parseHistory(historyToJSON(proto.api.history.v1.History.create({ events })), name),
  );
  for await (const verdict of replayHistories(bundlePath, readings))
    if (verdict.type !== 'ok') faults.push(`${verdict.name}: ${verdict.reason}`);
  return faults;
}
