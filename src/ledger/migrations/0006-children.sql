-- A step that is carried out by a child workflow has a journal of its own: entries count from where
-- the parent's stood. `child` is the first execution of that workflow, `child_path` its step.
ALTER TABLE run_events ADD COLUMN child text;
ALTER TABLE run_events ADD COLUMN child_path text;

DROP INDEX run_events_once;
CREATE UNIQUE INDEX run_events_once ON run_events (tenant, run, coalesce(child, ''), entry)
  WHERE entry IS NOT NULL AND NOT superseded;
