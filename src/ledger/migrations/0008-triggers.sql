-- Types of the events that start runs of a version, where it is the live one.
ALTER TABLE plans ADD COLUMN event_types text[] NOT NULL DEFAULT '{}';
CREATE INDEX plans_by_event_type ON plans USING gin (event_types);
