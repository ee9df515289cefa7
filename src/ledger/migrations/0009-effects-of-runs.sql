-- Through how many plans a run's events have come is asked by run.
CREATE INDEX event_effects_of_run ON event_effects (tenant, run, path);
