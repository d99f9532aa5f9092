-- The integration that takes what this one could not deliver; 16 zero bytes are none.
ALTER TABLE integrations ADD COLUMN fallback BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';

CREATE INDEX jobs_list ON jobs (account, id);
