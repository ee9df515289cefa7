-- The Temporal executions of a run, one after the other: the first, one after each continue-as-new,
-- and one after each reset. The newest is `runs.temporal_run`.
CREATE TABLE temporal_runs (
  tenant text NOT NULL,
  run text NOT NULL,
  id text NOT NULL,
  -- started, continued or reset
  origin text NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  -- What it goes on from; and for a reset which journal entries it took over, once that is known.
  base text,
  written_json text,
  -- When it was known to be over.
  closed_at timestamptz,
  -- Temporal's history of it: JSON, gzip.
  history bytea,
  -- When storing the history failed the last time.
  tried_at timestamptz,
  PRIMARY KEY (tenant, run, id)
);
CREATE INDEX temporal_runs_to_store ON temporal_runs (closed_at) WHERE closed_at IS NOT NULL AND history IS NULL;

INSERT INTO temporal_runs (tenant, run, id, origin, closed_at)
  SELECT tenant, id, temporal_run, 'started', finished_at FROM runs WHERE temporal_run IS NOT NULL;

ALTER TABLE runs
  DROP COLUMN history,
  -- The run was reset, and which entries of its earlier executions no longer count is not yet known.
  ADD COLUMN reset_pending boolean NOT NULL DEFAULT false,
  ADD COLUMN cancel_requested_at timestamptz,
  -- When its workflow was last looked at in Temporal, and since when it is not found there.
  ADD COLUMN checked_at timestamptz,
  ADD COLUMN missing_since timestamptz,
  -- What it did before it was found to be stalled.
  ADD COLUMN stalled_status text,
  ADD COLUMN stalled_reason text;
CREATE INDEX runs_to_check ON runs (checked_at NULLS FIRST) WHERE finished_at IS NULL AND NOT start_pending;

-- Of an entry's number there is one that counts, whichever execution wrote it.
UPDATE run_events e SET superseded = true
  WHERE e.entry IS NOT NULL AND EXISTS (
    SELECT FROM run_events later WHERE later.tenant = e.tenant AND later.run = e.run
      AND later.entry = e.entry AND later.seq > e.seq);
DROP INDEX run_events_once;
CREATE UNIQUE INDEX run_events_once ON run_events (tenant, run, entry) WHERE entry IS NOT NULL AND NOT superseded;

-- The entry that an event came with which is no entry itself, but goes when that goes.
ALTER TABLE run_events ADD COLUMN with_entry integer;

-- Decisions on what a reset has taken back, or on content that has changed since.
ALTER TABLE decisions ADD COLUMN superseded boolean NOT NULL DEFAULT false;

-- How far something that is read from elsewhere has been read.
CREATE TABLE watermarks (
  name text PRIMARY KEY,
  at timestamptz NOT NULL
);
