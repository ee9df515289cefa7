-- Every row has its tenant. Bodies are bytea: vendors send NUL and lone surrogates, which text and
-- jsonb refuse. Columns named *_json hold JSON text that JSON.stringify wrote, which escapes both.
-- Money is nano-USD in bigint.

CREATE TABLE tenants (
  id text PRIMARY KEY,
  name text NOT NULL,
  -- Key of the HMAC that names contents, so that equal content of two tenants can't be told.
  content_key bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
  tenant text NOT NULL REFERENCES tenants (id),
  id text NOT NULL,
  name text NOT NULL,
  user_name text NOT NULL,
  roles text[] NOT NULL,
  scopes text[] NOT NULL,
  secret_hash bytea NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (secret_hash);

CREATE TABLE contents (
  tenant text NOT NULL,
  hash text NOT NULL,
  -- 1: the bytes as they are. Encrypted forms use key_id and nonce.
  format smallint NOT NULL,
  key_id text,
  nonce bytea,
  body bytea NOT NULL,
  bytes integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, hash)
);

-- Which runs hold a content: erasing a run removes what no other run holds.
CREATE TABLE content_references (
  tenant text NOT NULL,
  run text NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (tenant, run, hash)
);
CREATE INDEX content_references_by_hash ON content_references (tenant, hash);

CREATE TABLE plans (
  tenant text NOT NULL,
  name text NOT NULL,
  version text NOT NULL,
  -- SHA-256 of the canonical plan.
  digest text NOT NULL,
  -- The plan as it was parsed, and the text as it was sent.
  plan_json text NOT NULL,
  source text NOT NULL,
  description text,
  stored_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, name, version)
);

CREATE TABLE plan_aliases (
  tenant text NOT NULL,
  name text NOT NULL,
  alias text NOT NULL,
  version text,
  pinned boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant, name, alias)
);

CREATE TABLE manifests (
  tenant text NOT NULL,
  hash text NOT NULL,
  body bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, hash)
);

CREATE TABLE runs (
  tenant text NOT NULL,
  id text NOT NULL,
  plan_name text NOT NULL,
  plan_version text NOT NULL,
  plan_digest text NOT NULL,
  manifest text NOT NULL,
  workflow_type text NOT NULL,
  status text NOT NULL DEFAULT 'queued',
  status_reason text,
  -- A Value, as JSON.
  input_json text NOT NULL,
  labels jsonb NOT NULL DEFAULT '{}',
  priority smallint NOT NULL DEFAULT 3,
  simulated boolean NOT NULL DEFAULT false,
  started_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  -- Active time: what had passed at the last change, and since when it runs on.
  active_ms bigint NOT NULL DEFAULT 0,
  active_since timestamptz,
  timeout_ms bigint,
  output_json text,
  incomplete_json text,
  error_json text,
  state_version integer NOT NULL DEFAULT 0,
  last_seq bigint NOT NULL DEFAULT 0,
  -- Place of the newest journal entry that spoke of the run itself.
  temporal_run text,
  entry integer NOT NULL DEFAULT 0,
  cancel_requested boolean NOT NULL DEFAULT false,
  -- As whoever cancelled it wrote.
  cancel_reason text,
  -- Words for the search: input, output and error, without NUL, cut at 64 KiB.
  search text NOT NULL DEFAULT '',
  fork_of_json text,
  -- Set while the workflow is not known to have been started.
  start_pending boolean NOT NULL DEFAULT true,
  history bytea,
  purged_at timestamptz,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX runs_newest ON runs (tenant, created_at DESC, id DESC);
CREATE INDEX runs_by_status ON runs (tenant, status, created_at DESC);
CREATE INDEX runs_by_plan ON runs (tenant, plan_name, created_at DESC);
CREATE INDEX runs_to_start ON runs (created_at) WHERE start_pending;

CREATE TABLE steps (
  tenant text NOT NULL,
  run text NOT NULL,
  path text NOT NULL,
  id text,
  type text NOT NULL,
  agent text,
  status text NOT NULL,
  started_at timestamptz,
  finished_at timestamptz,
  output_json text,
  decision_json text,
  error_json text,
  -- Place of the newest entry that spoke of this step, so that a late duplicate can't turn it back.
  temporal_run text NOT NULL,
  entry integer NOT NULL,
  -- In the order of the first start.
  position bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (tenant, run, path)
);

CREATE TABLE run_events (
  tenant text NOT NULL,
  run text NOT NULL,
  seq bigint NOT NULL,
  type text NOT NULL,
  at timestamptz NOT NULL,
  step text,
  data bytea NOT NULL,
  -- The journal entry behind it, where the workflow made it: written once.
  temporal_run text,
  entry integer,
  superseded boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant, run, seq)
);
CREATE UNIQUE INDEX run_events_once ON run_events (tenant, run, temporal_run, entry);

CREATE TABLE budgets (
  tenant text NOT NULL,
  run text NOT NULL,
  -- 'run', or 'step:' and the path of the step that carries the limit.
  id text NOT NULL,
  limit_nano bigint NOT NULL,
  used_nano bigint NOT NULL DEFAULT 0,
  -- What calls under way may cost at most, and what ambiguous ones may have cost.
  reserved_nano bigint NOT NULL DEFAULT 0,
  -- Null: lifted.
  limit_tokens bigint,
  used_tokens bigint NOT NULL DEFAULT 0,
  reserved_tokens bigint NOT NULL DEFAULT 0,
  limit_calls bigint,
  used_calls bigint NOT NULL DEFAULT 0,
  -- Calls under way: not zero means that something may still settle.
  reserved_calls bigint NOT NULL DEFAULT 0,
  low_told boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant, run, id)
);

CREATE TABLE calls (
  tenant text NOT NULL,
  run text NOT NULL,
  key text NOT NULL,
  -- SHA-256 of the request before any cap is lowered.
  hash text NOT NULL,
  temporal_run text NOT NULL,
  path text NOT NULL,
  agent text NOT NULL,
  model text NOT NULL,
  vendor text NOT NULL,
  budgets text[] NOT NULL,
  -- registered → reserved → sent → done | failed; also over_budget, cancelled. Only registered,
  -- reserved and sent are owned.
  state text NOT NULL,
  -- The request in contents: system, messages, schema, caps.
  request_hash text NOT NULL,
  cap integer NOT NULL,
  cap_lowered integer,
  need_nano bigint NOT NULL DEFAULT 0,
  need_tokens bigint NOT NULL DEFAULT 0,
  attempts integer NOT NULL DEFAULT 0,
  -- [{ at, ms, error, requestId }]
  attempts_json text NOT NULL DEFAULT '[]',
  ambiguous integer NOT NULL DEFAULT 0,
  -- What ambiguous attempts may have cost at most; their reservation is kept.
  ambiguous_nano bigint NOT NULL DEFAULT 0,
  -- Attempts after which the vendor named a wait too long to be held: they spend no retry.
  waits integer NOT NULL DEFAULT 0,
  -- Null in state failed: spent, or of a kind that no retry mends.
  retry_at timestamptz,
  -- The pause until retry_at is one that the vendor asked for, so the workflow waits it out.
  vendor_wait boolean NOT NULL DEFAULT false,
  -- In state over_budget the budget's id and the reason stand here.
  fault text,
  fault_message text,
  answer_hash text,
  vendor_model text,
  vendor_stop text,
  stop text,
  input_tokens bigint NOT NULL DEFAULT 0,
  output_tokens bigint NOT NULL DEFAULT 0,
  cached_tokens bigint NOT NULL DEFAULT 0,
  cost_nano bigint NOT NULL DEFAULT 0,
  price_version text,
  simulated boolean NOT NULL DEFAULT false,
  after_reset boolean NOT NULL DEFAULT false,
  -- Nobody waits for it any more: its gateway ends it when it next renews its lease.
  abandoned boolean NOT NULL DEFAULT false,
  owner text,
  fence bigint NOT NULL DEFAULT 0,
  lease_until timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  sent_at timestamptz,
  done_at timestamptz,
  position bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (tenant, run, key, hash)
);
CREATE INDEX calls_by_path ON calls (tenant, run, path);
CREATE INDEX calls_open ON calls (tenant, run) WHERE state IN ('registered', 'reserved', 'sent');

CREATE TABLE approvals (
  tenant text NOT NULL,
  id text NOT NULL,
  run text NOT NULL,
  workflow_id text NOT NULL,
  kind text NOT NULL,
  path text NOT NULL,
  title text NOT NULL,
  risk text NOT NULL,
  status text NOT NULL DEFAULT 'pending',
  reason text,
  digest text NOT NULL,
  allow text[] NOT NULL,
  -- What is shown, a Value as JSON; and what counts after a decision.
  content_json text NOT NULL,
  decided_content_json text,
  -- JSON Pointer into the manifest's plan, of the schema that an edit must fit.
  schema_at text,
  requested_at timestamptz NOT NULL,
  due_at timestamptz,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX approvals_by_run ON approvals (tenant, run);
CREATE INDEX approvals_pending ON approvals (tenant, requested_at DESC) WHERE status = 'pending';

CREATE TABLE decisions (
  tenant text NOT NULL,
  approval text NOT NULL,
  n integer NOT NULL,
  decision text NOT NULL,
  by_user text NOT NULL,
  comment text,
  via text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant, approval, n)
);

CREATE TABLE idempotency (
  tenant text NOT NULL,
  principal text NOT NULL,
  route text NOT NULL,
  key_hash text NOT NULL,
  request_hash text NOT NULL,
  run text,
  status integer,
  answer bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, principal, route, key_hash)
);

-- Usable models as published by gateways.
CREATE TABLE vendors (
  vendor text PRIMARY KEY,
  usable boolean NOT NULL,
  simulated boolean NOT NULL,
  published_at timestamptz NOT NULL
);

CREATE TABLE leases (
  name text PRIMARY KEY,
  owner text NOT NULL,
  fence bigint NOT NULL DEFAULT 0,
  until timestamptz NOT NULL
);
