-- Answers that are given again to identical calls of the same tenant.
CREATE TABLE answers (
  tenant text NOT NULL,
  -- HMAC by the tenant's key of all that the call asked, and whom.
  key text NOT NULL,
  -- One of the simulated vendor is never given where a real one would be asked.
  simulated boolean NOT NULL,
  -- The whole text, in contents.
  answer_hash text NOT NULL,
  -- As the vendor names it in its answer.
  model text NOT NULL,
  -- When the vendor gave it.
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant, key, simulated)
);
CREATE INDEX answers_by_end ON answers (expires_at);
-- `tenant` where the answer is one of these; `none` where the vendor was asked.
ALTER TABLE calls ADD COLUMN cache text NOT NULL DEFAULT 'none';
