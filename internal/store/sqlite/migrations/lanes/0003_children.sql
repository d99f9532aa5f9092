-- A delivery to an integration of an account above the event's own: the event's account, and those above it, the nearest
-- first and the integration's own last, with a space between. Both are empty for an event of the integration's account.
ALTER TABLE parked ADD COLUMN event_account TEXT NOT NULL DEFAULT '';
ALTER TABLE parked ADD COLUMN event_parents TEXT NOT NULL DEFAULT '';
