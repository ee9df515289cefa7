-- Steps that take event after event, batch by batch, until they are over.
ALTER TABLE event_subscriptions ADD COLUMN reacts boolean NOT NULL DEFAULT false;
ALTER TABLE event_subscriptions ADD COLUMN over boolean NOT NULL DEFAULT false;
-- The last batch that was taken.
ALTER TABLE event_subscriptions ADD COLUMN batch integer NOT NULL DEFAULT 0;
-- The batch in which such a step has taken the event.
ALTER TABLE event_effects ADD COLUMN batch integer;
-- The place of the event in the order in which such a step takes them: its position.
ALTER TABLE event_effects ADD COLUMN place bigint;
-- The step could not handle it: delivered again, it may come again.
ALTER TABLE event_effects ADD COLUMN failed boolean NOT NULL DEFAULT false;
-- The next ones are found without a look at those that were taken.
CREATE INDEX event_effects_to_take ON event_effects (tenant, run, path, batch, place);
DROP INDEX event_effects_of_run;
