-- What came in and went out over time: pieces of a history, packed by the room that keeps it. An integration of 16 zero
-- bytes is the account as a whole, an account of '' the hub.
CREATE TABLE pulses (
    step        BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    account     TEXT   NOT NULL,
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    data        BLOB   NOT NULL,
    PRIMARY KEY (step, at, account, integration)
) WITHOUT ROWID;
