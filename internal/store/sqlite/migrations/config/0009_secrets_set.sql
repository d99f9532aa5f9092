-- When each secret of an integration was set, and by whom: a JSON object by the setting's path. Of secrets that were there
-- before, nobody knows.
ALTER TABLE integrations ADD COLUMN secrets_set TEXT NOT NULL DEFAULT 'null';
