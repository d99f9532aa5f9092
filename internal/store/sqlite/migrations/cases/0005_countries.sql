-- Alerts are also counted by country, and by the techniques that they name. What was stored before has neither until its
-- next event: the country is then read from the alert's geo, and the techniques from its body.
CREATE TABLE alert_cells_by_country (
    id         INTEGER NOT NULL PRIMARY KEY,
    account    TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    severity   BIGINT  NOT NULL,
    alert_type TEXT    NOT NULL,
    project    TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    assignee   TEXT    NOT NULL,
    country    TEXT    NOT NULL,
    alerts     BIGINT  NOT NULL,
    UNIQUE (account, status, severity, alert_type, project, source, assignee, country)
);
INSERT INTO alert_cells_by_country
    SELECT id, account, status, severity, alert_type, project, source, assignee, '', alerts FROM alert_cells;
DROP TABLE alert_cells;
ALTER TABLE alert_cells_by_country RENAME TO alert_cells;
CREATE INDEX alert_cells_largest ON alert_cells (account, alerts);

-- A JSON array of texts; empty: none.
ALTER TABLE alerts ADD COLUMN techniques TEXT NOT NULL DEFAULT '';
CREATE INDEX alerts_techniques ON alerts (account, last_seen, cell, techniques) WHERE techniques <> '';
