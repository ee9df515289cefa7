import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { temporal as proto } from '@temporalio/proto';
import { during } from '../../support/during';

export interface TemporalTools {
  client: Client;
  /** Runs the `temporal` command against the Temporal of this test run; what it prints, parsed. */
  command(...words: string[]): Promise<unknown>;
  /** Resets the newest execution, or the one named, to an event; the id of the new execution. */
  reset(run: string, event: number, options?: { temporalRun?: string; more?: string[] }): Promise<string>;
  history(run: string, temporalRun?: string): Promise<proto.api.history.v1.IHistoryEvent[]>;
  /** Events to which a run can be reset: its completed workflow tasks. */
  resetPoints(run: string, temporalRun?: string): Promise<number[]>;
  newest(run: string): Promise<{ runId: string; status: string }>;
  close(): Promise<void>;
}

/** Temporal as its own tools see it. */
export async function temporalTools(): Promise<TemporalTools> {
  const address = process.env['TEST_TEMPORAL_ADDRESS'] ?? '';
  const cli = process.env['TEST_TEMPORAL_CLI'] ?? 'temporal';
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });

  async function command(...words: string[]): Promise<unknown> {
    const { stdout } = await promisify(execFile)(cli, [...words, '--address', address, '-o', 'json']);
    return stdout.trim() === '' ? null : JSON.parse(stdout);
  }
  async function history(run: string, temporalRun?: string) {
    return (await client.workflow.getHandle(run, temporalRun).fetchHistory()).events ?? [];
  }

  return {
    client,
    command,
    history,
    async reset(run, event, { temporalRun, more = [] } = {}) {
      const answer = await command(
        ...['workflow', 'reset', '--workflow-id', run, '--event-id', String(event), '--reason', 'a test'],
        ...(temporalRun === undefined ? [] : ['--run-id', temporalRun]),
        ...more,
      );
      return (answer as { runId: string }).runId;
    },
    async resetPoints(run, temporalRun) {
      const events = await history(run, temporalRun);
      return events
        .filter(({ workflowTaskCompletedEventAttributes: completed }) => completed != null)
        .map(({ eventId }) => Number(eventId));
    },
    async newest(run) {
      const { runId, status } = await client.workflow.getHandle(run).describe();
      return { runId, status: status.name };
    },
    close: () => connection.close(),
  };
}

/** The same while the tests of a file run. */
export const useTemporal = (): TemporalTools => during(temporalTools);
