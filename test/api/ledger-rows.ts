import type { Value } from '../../src/contract/value';
import { putContent } from '../../src/ledger/contents';
import type { Database } from '../../src/ledger/database';

/** Writes rows as workflow and gateway would, for tests of what the API makes of them. */
export function ledgerRows(database: Database, run: string) {
  const tenant = 'default';
  return {
    async step(
      path: string,
      row: { type?: string; status?: string; output?: Value; finishedAt?: string } = {},
    ) {
      const {
        type = 'agent',
        status = 'completed',
        output = { inline: `output of ${path}` },
        finishedAt,
      } = row;
      await database.query(
        `INSERT INTO steps (tenant, run, path, type, agent, status, started_at, finished_at, output_json, temporal_run, entry)
         VALUES ($1, $2, $3, $4, 'writer', $5, now(), $6, $7, 't', 1)`,
        [tenant, run, path, type, status, finishedAt ?? null, JSON.stringify(output)],
      );
    },

    async call(
      path: string,
      row: { n?: number; costNano?: number; attempts?: number; inputTokens?: number; answer?: string } = {},
    ) {
      const { n = 1, costNano = 0, attempts = 1, inputTokens = 10, answer = 'Yes.' } = row;
      const request = { system: 'You write.', messages: [{ role: 'user', text: 'Write.' }] };
      const store = (json: unknown) => putContent(database, tenant, run, Buffer.from(JSON.stringify(json)));
      await database.query(
        `INSERT INTO calls (tenant, run, key, hash, temporal_run, path, agent, model, vendor, budgets, state, request_hash,
           answer_hash, stop, cap, attempts, attempts_json, input_tokens, output_tokens, cost_nano)
         VALUES ($1, $2, $3, 'h', 't', $4, 'writer', 'claude-sonnet-5-5', 'anthropic', '{run}', 'done', $5, $6, 'end', 100,
           $7, $8, $9, 5, $10)`,
        [
          ...[
            tenant,
            run,
            `${run}/${path}/t${String(n)}`,
            path,
            await store(request),
            await store(answer),
            attempts,
          ],
          JSON.stringify([{ at: '2026-01-01T00:00:00.000Z', ms: 3, error: null, requestId: 'req_1' }]),
          ...[inputTokens, costNano],
        ],
      );
    },

    /** Appends events with the next numbers, as the projection does; `run.finished` closes the run. */
    async events(...events: { type: string; step?: string; data?: unknown }[]) {
      for (const { type, step = null, data = {} } of events)
        await database.query(
          `WITH next AS (UPDATE runs SET last_seq = last_seq + 1,
               finished_at = CASE WHEN $3 = 'run.finished' THEN now() ELSE finished_at END,
               status = CASE WHEN $3 = 'run.finished' THEN 'completed' ELSE status END
             WHERE tenant = $1 AND id = $2 RETURNING last_seq)
           INSERT INTO run_events (tenant, run, seq, type, at, step, data)
           SELECT $1, $2, last_seq, $3, now(), $4, $5 FROM next`,
          [tenant, run, type, step, Buffer.from(JSON.stringify(data))],
        );
    },
  };
}
