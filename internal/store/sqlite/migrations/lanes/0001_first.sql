-- lanes.db: what settling writes, many times a second. Times are microseconds since 1970 (0: none), ids and positions
-- are 16 bytes whose order is theirs.

CREATE TABLE tail (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    mark  BLOB   NOT NULL CHECK (length(mark) = 16),
    state BLOB   NOT NULL
);

CREATE TABLE lanes (
    integration BLOB   NOT NULL PRIMARY KEY CHECK (length(integration) = 16),
    account     TEXT   NOT NULL CHECK (account <> ''),
    idle        BIGINT NOT NULL,
    mark        BLOB   NOT NULL CHECK (length(mark) = 16),
    state       BLOB   NOT NULL
) WITHOUT ROWID;

-- ledger holds how many bytes the rows of attempts and packs count for, so that the byte budget needs no scan.
CREATE TABLE ledger (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    bytes BIGINT NOT NULL
);
INSERT INTO ledger (id, bytes) VALUES (1, 0);

CREATE TABLE attempts (
    id          BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account     TEXT   NOT NULL CHECK (account <> ''),
    integration BLOB   NOT NULL,
    delivery    BLOB   NOT NULL,
    event       BLOB   NOT NULL,
    type        TEXT   NOT NULL,
    number      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    latency     BIGINT NOT NULL,
    outcome     TEXT   NOT NULL,
    status      BIGINT NOT NULL,
    error       TEXT   NOT NULL,
    class       TEXT   NOT NULL,
    answer      TEXT   NOT NULL,
    batched     BIGINT NOT NULL,
    bytes       BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempts_age ON attempts (at, id);
CREATE INDEX attempts_account ON attempts (account, at, id);
CREATE INDEX attempts_integration ON attempts (integration, account, at, id);
CREATE INDEX attempts_delivery ON attempts (delivery, account, at, id);
CREATE INDEX attempts_event ON attempts (event, account, at, id);

-- span is the size class of a pack's range (see spanClass). Within one class a pack that holds a position ends less
-- than a known distance above it, which turns "which packs hold this position" into a short range of this key. seq
-- tells the packs of one tick apart.
CREATE TABLE packs (
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    span        BIGINT NOT NULL,
    hi          BLOB   NOT NULL CHECK (length(hi) = 16),
    lo          BLOB   NOT NULL CHECK (length(lo) = 16),
    at          BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    account     TEXT   NOT NULL CHECK (account <> ''),
    count       BIGINT NOT NULL,
    bytes       BIGINT NOT NULL,
    data        BLOB   NOT NULL,
    PRIMARY KEY (integration, span, hi, lo, at, seq)
);
CREATE INDEX packs_age ON packs (at);
CREATE INDEX packs_account ON packs (account, at, integration, hi, lo, seq);
CREATE INDEX packs_integration ON packs (integration, account, at, hi, lo, seq);

CREATE TABLE parked (
    delivery     BLOB   NOT NULL PRIMARY KEY CHECK (length(delivery) = 16),
    account      TEXT   NOT NULL CHECK (account <> ''),
    integration  BLOB   NOT NULL CHECK (length(integration) = 16),
    event        BLOB   NOT NULL,
    type         TEXT   NOT NULL,
    severity     BIGINT NOT NULL,
    ordering_key TEXT   NOT NULL,
    position     BLOB   NOT NULL,
    state        TEXT   NOT NULL CHECK (state <> ''),
    due          BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    cause        TEXT   NOT NULL,
    cause_class  TEXT   NOT NULL,
    since        BIGINT NOT NULL,
    first_tried  BIGINT NOT NULL,
    range_to     BLOB   NOT NULL,
    matched      BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX parked_account ON parked (account, since, delivery, state);
CREATE INDEX parked_integration ON parked (integration, account, since, delivery, state);
CREATE INDEX parked_event ON parked (event, account, since, delivery);
-- Only rows that wait for nobody grow old.
CREATE INDEX parked_age ON parked (since, delivery) WHERE state IN ('mailbox', 'discarded', 'expired');

-- The events stand apart from the rows about them, so that a retry rewrites a small row and a list reads small ones.
CREATE TABLE parked_records (
    delivery BLOB NOT NULL PRIMARY KEY CHECK (length(delivery) = 16),
    record   BLOB NOT NULL
);

CREATE TABLE idempotency (
    account   TEXT   NOT NULL CHECK (account <> ''),
    key_hash  BLOB   NOT NULL CHECK (length(key_hash) = 32),
    body_hash BLOB   NOT NULL,
    first_id  BLOB   NOT NULL,
    count     BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (account, key_hash)
) WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (at);

CREATE TABLE idempotency_through (
    id    BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    frame BIGINT NOT NULL
);
