-- What is asked inside a plan that another plan runs is worded by that plan: its manifest. Null where
-- it is the run's own.
ALTER TABLE approvals ADD COLUMN manifest text;
