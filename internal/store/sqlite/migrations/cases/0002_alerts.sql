-- Alerts: one row for the alert.* events of one key.
--
-- alerts is narrow, and holds what lists are ordered and cut by; alert_bodies holds the rest. What alerts are counted by
-- is in alert_cells: one row for each combination that occurs, with its count. A list goes through the newest of each
-- cell that it wants, so that it costs the same however many alerts there are.
CREATE TABLE alerts (
    n           INTEGER NOT NULL PRIMARY KEY, -- in the order in which they came
    id          BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    account     TEXT    NOT NULL CHECK (account <> ''),
    cell        BIGINT  NOT NULL,
    first_seen  BIGINT  NOT NULL,
    last_seen   BIGINT  NOT NULL,
    risk        BIGINT  NOT NULL, -- thousandths; -1: none
    resolved_at BIGINT  NOT NULL, -- 0: not resolved
    incident    BIGINT  NOT NULL, -- 0: under none
    terms       BIGINT  NOT NULL, -- a hash of what the alert can be found by
    entries     BIGINT  NOT NULL, -- how many rows of alert_entries it has
    version     BIGINT  NOT NULL
);
CREATE INDEX alerts_last ON alerts (cell, last_seen);
CREATE INDEX alerts_first ON alerts (cell, first_seen);
CREATE INDEX alerts_risk ON alerts (cell, risk);
CREATE INDEX alerts_recent ON alerts (account, last_seen, cell);
CREATE INDEX alerts_old ON alerts (account, first_seen, cell);
CREATE INDEX alerts_worst ON alerts (account, risk, cell);
CREATE INDEX alerts_resolved ON alerts (account, resolved_at) WHERE resolved_at > 0;
CREATE INDEX alerts_incident ON alerts (account, incident) WHERE incident > 0;

CREATE TABLE alert_bodies (
    n    INTEGER NOT NULL PRIMARY KEY,
    body BLOB    NOT NULL
);

CREATE TABLE alert_cells (
    id         INTEGER NOT NULL PRIMARY KEY,
    account    TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    severity   BIGINT  NOT NULL,
    alert_type TEXT    NOT NULL,
    project    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    assignee   TEXT    NOT NULL,
    alerts     BIGINT  NOT NULL,
    UNIQUE (account, status, severity, alert_type, project, source, assignee)
);
CREATE INDEX alert_cells_largest ON alert_cells (account, alerts);

-- Which alerts hold a word, an entity, a tag, a rule, or belong to a cell's values. The terms are made by the code: no
-- text of an event is read as a query, and a term of one account is none of another's.
CREATE VIRTUAL TABLE alert_terms USING fts5(
    terms, content='', contentless_delete=1, detail=none, tokenize="ascii tokenchars '.@-_:/|'"
);

CREATE TABLE alert_entries (
    n      BIGINT NOT NULL,
    id     BLOB   NOT NULL CHECK (length(id) = 16),
    at     BIGINT NOT NULL,
    change BLOB   NOT NULL,
    event  BLOB   NOT NULL CHECK (length(event) = 16),
    PRIMARY KEY (n, id)
) WITHOUT ROWID;

-- The changes that are known by an id of their sender, so that each is done once. The oldest go.
CREATE TABLE alert_changes (
    seq  INTEGER NOT NULL PRIMARY KEY,
    once BLOB    NOT NULL UNIQUE CHECK (length(once) = 16)
);
