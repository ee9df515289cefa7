-- Rates of agents and breakers of vendors, shared by all gateways.

-- Requests that went out lately, by second. Two lists of equal length in one row, because only what
-- stands in the locked row itself is sure to be the newest.
CREATE TABLE rates (
  tenant text NOT NULL,
  key text NOT NULL,
  -- Seconds since 1970, oldest first.
  seconds bigint[] NOT NULL DEFAULT '{}',
  requests integer[] NOT NULL DEFAULT '{}',
  used_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, key)
);

-- The credentials are the service's, so these rows have no tenant. There is none for what never failed.
CREATE TABLE breakers (
  vendor text NOT NULL,
  model text NOT NULL,
  credential text NOT NULL,
  -- Calls in a row whose retries were spent.
  failures integer NOT NULL DEFAULT 0,
  -- The smallest number of failures, and the longest cooldown, of the agents that have called since
  -- the first of these failures.
  failures_max integer,
  cooldown_ms bigint,
  -- Null while it is closed, else the time of its opening, or of the newest probe or its failure: the
  -- next probe goes out a cooldown later.
  open_since timestamptz,
  -- Whether a probe went out then and has not come back.
  probing boolean NOT NULL DEFAULT false,
  last_fault text,
  -- What the vendor asked for by retry-after.
  not_before timestamptz,
  PRIMARY KEY (vendor, model, credential)
);

ALTER TABLE calls
  -- Whether its newest request was the probe of an open breaker.
  ADD COLUMN probe boolean NOT NULL DEFAULT false,
  -- In the new state waiting, which no gateway owns and which may be claimed from retry_at on: rate,
  -- breaker or vendor. It takes the place of state failed with vendor_wait.
  ADD COLUMN wait_cause text,
  -- When its lease was first found to have expired. Cleared when the lease is renewed after all.
  ADD COLUMN lapsed_at timestamptz;

UPDATE calls SET state = 'waiting', wait_cause = 'vendor' WHERE state = 'failed' AND vendor_wait;
