-- Times at which runs start by themselves. Temporal keeps the clock; what is to be started stands here.
CREATE TABLE schedules (
  tenant text NOT NULL,
  id text NOT NULL,
  -- As a start names it.
  plan text NOT NULL,
  input_json text NOT NULL,
  cron text NOT NULL,
  timezone text NOT NULL,
  overlap text NOT NULL,
  paused boolean NOT NULL DEFAULT false,
  -- 'plan': a trigger of the live version. 'api': made by somebody.
  origin text NOT NULL,
  started_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  removed boolean NOT NULL DEFAULT false,
  -- Counted up by every change, and the one that Temporal was told of last.
  change integer NOT NULL DEFAULT 1,
  told integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX schedules_untold ON schedules (tenant, id) WHERE told < change;

-- Each time of a schedule, and what came of it.
CREATE TABLE schedule_slots (
  tenant text NOT NULL,
  schedule text NOT NULL,
  at timestamptz NOT NULL,
  -- due, started, skipped, refused
  state text NOT NULL DEFAULT 'due',
  run text,
  reason text,
  PRIMARY KEY (tenant, schedule, at)
);
CREATE INDEX schedule_slots_due ON schedule_slots (tenant, schedule, at) WHERE state = 'due';
