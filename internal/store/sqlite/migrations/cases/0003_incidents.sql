-- Incidents, what happened to them, their attachments, and the rules that make them.

CREATE TABLE incidents (
    account        TEXT   NOT NULL CHECK (account <> ''),
    number         BIGINT NOT NULL CHECK (number > 0),
    status         TEXT   NOT NULL CHECK (status IN ('new', 'active', 'closed')),
    severity       BIGINT NOT NULL,
    title          TEXT   NOT NULL,
    description    TEXT   NOT NULL,
    owner          TEXT   NOT NULL,
    classification TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    project        TEXT   NOT NULL,
    tags           TEXT   NOT NULL, -- JSON, as are the next two
    entities       TEXT   NOT NULL,
    mitre          TEXT   NOT NULL,
    rule           BLOB   NOT NULL CHECK (length(rule) = 16), -- zeros: no rule made it
    rule_key       TEXT   NOT NULL,
    alerts         BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    closed_at      BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    PRIMARY KEY (account, number)
) WITHOUT ROWID;
CREATE INDEX incidents_status ON incidents (account, status, number);
CREATE INDEX incidents_rule ON incidents (account, rule, rule_key, number) WHERE rule_key <> '' AND status <> 'closed';

-- The last number that each account gave. Numbers are not given twice.
CREATE TABLE incident_numbers (
    account TEXT   NOT NULL PRIMARY KEY CHECK (account <> ''),
    last    BIGINT NOT NULL
) WITHOUT ROWID;

-- The alerts of an incident. (The table of alerts is an earlier step's.)
CREATE INDEX alerts_of_incident ON alerts (account, incident, last_seen) WHERE incident > 0;

CREATE TABLE incident_entries (
    id      BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account TEXT   NOT NULL CHECK (account <> ''),
    number  BIGINT NOT NULL,
    alert   BLOB   NOT NULL CHECK (length(alert) = 16),
    at      BIGINT NOT NULL,
    change  TEXT   NOT NULL, -- JSON
    event   BLOB   NOT NULL CHECK (length(event) = 16)
) WITHOUT ROWID;
CREATE INDEX incident_entries_order ON incident_entries (account, number, id);

-- Writes that have a name and were done.
CREATE TABLE incident_once (
    account TEXT   NOT NULL CHECK (account <> ''),
    name    BLOB   NOT NULL CHECK (length(name) = 32),
    number  BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;
CREATE INDEX incident_once_age ON incident_once (at);

CREATE TABLE incident_attachments (
    id      BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account TEXT   NOT NULL CHECK (account <> ''),
    number  BIGINT NOT NULL,
    name    TEXT   NOT NULL CHECK (name <> ''),
    type    TEXT   NOT NULL,
    size    BIGINT NOT NULL,
    sha256  BLOB   NOT NULL CHECK (length(sha256) = 32),
    by_whom TEXT   NOT NULL,
    at      BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX incident_attachments_order ON incident_attachments (account, number, id, size);

-- The contents have a table of their own, so that lists do not read over them.
CREATE TABLE incident_files (
    id      BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    content BLOB NOT NULL
);

CREATE TABLE incident_rules (
    id         BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account    TEXT   NOT NULL CHECK (account <> ''),
    name       TEXT   NOT NULL,
    position   BIGINT NOT NULL,
    enabled    BIGINT NOT NULL,
    spec       BLOB   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX incident_rules_name ON incident_rules (account, name);
