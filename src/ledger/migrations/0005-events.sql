-- Events from outside, from plans and for single runs: what came, who waits, and what became of it.

CREATE TABLE received_events (
  tenant text NOT NULL,
  -- Made from source and id, so that the same event is one row.
  id text NOT NULL,
  type text NOT NULL,
  source text NOT NULL,
  -- The event whole, a Value as JSON.
  event_json text NOT NULL,
  -- The run that it is for; null where any may use it.
  run text,
  -- Through how many plans it has come.
  hops integer NOT NULL DEFAULT 0,
  -- pending: what follows from it is being done. delivered. kept: for a run whose steps may wait for it
  -- later. dead: nothing follows from it, or not all that should.
  status text NOT NULL DEFAULT 'pending',
  -- Why it is dead.
  reason text,
  received_at timestamptz NOT NULL DEFAULT now(),
  -- When somebody last took it up, so that others leave it alone for a while.
  tried_at timestamptz NOT NULL DEFAULT now(),
  position bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX received_events_pending ON received_events (tried_at) WHERE status = 'pending';
CREATE INDEX received_events_newest ON received_events (tenant, position DESC);
CREATE INDEX received_events_by_type ON received_events (tenant, type, received_at);
CREATE INDEX received_events_of_run ON received_events (tenant, run) WHERE run IS NOT NULL;

-- Steps that wait for events. They do so while the step waits and its run is open.
CREATE TABLE event_subscriptions (
  tenant text NOT NULL,
  run text NOT NULL,
  path text NOT NULL,
  workflow_id text NOT NULL,
  types text[] NOT NULL,
  -- The condition that an event must fit, and the names that it uses beside the event, as JSON.
  fits_json text,
  names_json text NOT NULL,
  -- The event that it has taken: one, and never another.
  event text,
  position bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (tenant, run, path)
);
CREATE INDEX event_subscriptions_open ON event_subscriptions USING gin (types) WHERE event IS NULL;

-- What followed from an event: of each run at most one thing.
CREATE TABLE event_effects (
  tenant text NOT NULL,
  event text NOT NULL,
  run text NOT NULL,
  -- The step that was woken.
  path text NOT NULL,
  -- Whether the run has been told.
  told boolean NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, event, run)
);
CREATE INDEX event_effects_untold ON event_effects (at) WHERE NOT told;
