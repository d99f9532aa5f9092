-- Mapping rules: what happens to events between their decoding and the journal.

CREATE TABLE mapping_rules (
    id         BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account    TEXT   NOT NULL CHECK (account <> ''),
    name       TEXT   NOT NULL CHECK (name <> ''),
    source     TEXT   NOT NULL,
    position   BIGINT NOT NULL,
    enabled    BIGINT NOT NULL,
    condition  TEXT   NOT NULL,
    drops      BIGINT NOT NULL,
    sets       BLOB   NOT NULL,
    computes   BLOB   NOT NULL,
    matched    BIGINT NOT NULL,
    dropped    BIGINT NOT NULL,
    failed     BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX mapping_rules_name ON mapping_rules (account, name);
CREATE INDEX mapping_rules_order ON mapping_rules (account, position, id);
