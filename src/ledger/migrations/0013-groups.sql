-- A child workflow may carry out some of a fan-out's branches only: `child_path` is then the path of the
-- fan-out with the range behind a slash. A long run has many such children, and each looks for what an
-- earlier start of it wrote.
CREATE INDEX run_events_children ON run_events (tenant, run, child_path, child)
  WHERE child IS NOT NULL AND NOT superseded;
