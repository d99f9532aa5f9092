-- Which digest of a period an integration was given last. slot is the local date at which it was due.
CREATE TABLE digests (
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    period      TEXT   NOT NULL CHECK (period <> ''),
    account     TEXT   NOT NULL CHECK (account <> ''),
    slot        TEXT   NOT NULL CHECK (slot <> ''),
    due_at      BIGINT NOT NULL,
    PRIMARY KEY (integration, period)
) WITHOUT ROWID;
