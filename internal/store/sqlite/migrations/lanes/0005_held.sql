-- What noise control holds back. grouping is the key of what a held delivery is held with, carrier the delivery whose message
-- stands for it (16 zero bytes: none), subject what the announcement is about.
ALTER TABLE parked ADD COLUMN grouping TEXT NOT NULL DEFAULT '';
ALTER TABLE parked ADD COLUMN carrier BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE parked ADD COLUMN subject TEXT NOT NULL DEFAULT '';

-- What was left out for good: the newest rows of each integration.
CREATE TABLE suppressed (
    delivery      BLOB   NOT NULL PRIMARY KEY CHECK (length(delivery) = 16),
    account       TEXT   NOT NULL CHECK (account <> ''),
    integration   BLOB   NOT NULL CHECK (length(integration) = 16),
    event         BLOB   NOT NULL,
    event_account TEXT   NOT NULL,
    type          TEXT   NOT NULL,
    severity      BIGINT NOT NULL,
    title         TEXT   NOT NULL,
    reason        TEXT   NOT NULL CHECK (reason <> ''),
    detail        TEXT   NOT NULL,
    at            BIGINT NOT NULL,
    until         BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX suppressed_list ON suppressed (integration, at, delivery);

-- What is remembered of alerts, incidents and groups, for as long as the integration's noise control needs it.
CREATE TABLE remembered (
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    key         BLOB   NOT NULL CHECK (length(key) = 16),
    value       BLOB   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (integration, key)
) WITHOUT ROWID;
