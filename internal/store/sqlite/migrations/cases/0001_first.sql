-- cases.db: alerts, incidents, and what integrations remember of them. Times are microseconds since 1970 (0: none), ids
-- are 16 bytes.

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

-- How far alerts are folded: saved with what was folded.
CREATE TABLE cursors (
    name  TEXT NOT NULL PRIMARY KEY,
    mark  BLOB NOT NULL CHECK (length(mark) = 16),
    state BLOB NOT NULL
);

-- What integrations remember. ends_at 0: as long as the integration exists.
CREATE TABLE states (
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    name        TEXT   NOT NULL,
    account     TEXT   NOT NULL CHECK (account <> ''),
    value       BLOB   NOT NULL,
    ends_at     BIGINT NOT NULL,
    PRIMARY KEY (integration, name)
) WITHOUT ROWID;
CREATE INDEX states_end ON states (ends_at) WHERE ends_at > 0;
CREATE INDEX states_order ON states (integration, ends_at) WHERE ends_at > 0;

-- How many rows of states an integration has, so that its bound needs no scan.
CREATE TABLE state_counts (
    integration BLOB   NOT NULL PRIMARY KEY,
    entries     BIGINT NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER states_in AFTER INSERT ON states BEGIN
    INSERT INTO state_counts (integration, entries) VALUES (new.integration, 1)
        ON CONFLICT (integration) DO UPDATE SET entries = entries + 1;
END;
CREATE TRIGGER states_out AFTER DELETE ON states BEGIN
    UPDATE state_counts SET entries = entries - 1 WHERE integration = old.integration;
END;

-- What other systems keep for an alert or an incident.
CREATE TABLE tickets (
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    subject     TEXT   NOT NULL CHECK (subject <> ''),
    account     TEXT   NOT NULL CHECK (account <> ''),
    ref         TEXT   NOT NULL CHECK (ref <> ''),
    label       TEXT   NOT NULL,
    url         TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    closed      BIGINT NOT NULL,
    assignee    TEXT   NOT NULL,
    synced_at   BIGINT NOT NULL,
    synced_by   TEXT   NOT NULL,
    error       TEXT   NOT NULL,
    state       BLOB   NOT NULL,
    PRIMARY KEY (integration, subject)
) WITHOUT ROWID;
CREATE UNIQUE INDEX tickets_ref ON tickets (integration, ref);
CREATE INDEX tickets_subject ON tickets (account, subject, integration);
