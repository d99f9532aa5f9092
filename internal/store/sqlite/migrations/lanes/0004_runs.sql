-- What an integration is given beside what its own lane matched: the backfills that somebody started, and, under the
-- integration's own id, what came by fallback. ended_at is 0 while it goes on.
CREATE TABLE runs (
    id          BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account     TEXT   NOT NULL CHECK (account <> ''),
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    kind        TEXT   NOT NULL CHECK (kind <> ''),
    state       BLOB   NOT NULL,
    ended_at    BIGINT NOT NULL
) WITHOUT ROWID;

-- The run that brought a delivery; the delivery that one by fallback stands for, with its integration; and the delivery
-- that one in the mailbox was handed on as, with its integration. 16 zero bytes are none.
ALTER TABLE parked ADD COLUMN run BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE parked ADD COLUMN from_integration BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE parked ADD COLUMN from_delivery BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE parked ADD COLUMN to_integration BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE parked ADD COLUMN to_delivery BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
CREATE INDEX parked_run ON parked (run, since, delivery) WHERE run <> x'00000000000000000000000000000000';

-- The same of attempts, and how sure a success was ('' when it is not known).
ALTER TABLE attempts ADD COLUMN run BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE attempts ADD COLUMN from_integration BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE attempts ADD COLUMN from_delivery BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE attempts ADD COLUMN grade TEXT NOT NULL DEFAULT '';
