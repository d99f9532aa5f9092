-- What Tocsin itself says, until it is in the journal. A row is written by the transaction of the change that it is
-- about.
CREATE TABLE outbox (
    id      BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account TEXT   NOT NULL CHECK (account <> ''),
    type    TEXT   NOT NULL CHECK (type <> ''),
    origin  TEXT   NOT NULL,
    hops    BIGINT NOT NULL,
    event   BLOB   NOT NULL CHECK (length(event) BETWEEN 2 AND 16384),
    at      BIGINT NOT NULL
);

-- How many rows outbox holds, so that its bound needs no scan, and how many it had to drop so far.
CREATE TABLE outbox_count (
    id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    waiting BIGINT NOT NULL,
    dropped BIGINT NOT NULL
);
INSERT INTO outbox_count (id, waiting, dropped) VALUES (1, 0, 0);
