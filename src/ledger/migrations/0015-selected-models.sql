-- Which entry of the agent's `select` chose the model, from 1; null where none did.
ALTER TABLE calls ADD COLUMN selected int;
