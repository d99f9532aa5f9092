-- Silences: what nobody wants to be told of for a time. integrations is the ids one after the other, 16 bytes each.

CREATE TABLE silences (
    id           BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account      TEXT   NOT NULL CHECK (account <> ''),
    matchers     BLOB   NOT NULL,
    condition    TEXT   NOT NULL,
    integrations BLOB   NOT NULL CHECK (length(integrations) % 16 = 0),
    reason       TEXT   NOT NULL,
    author       TEXT   NOT NULL,
    starts_at    BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX silences_list ON silences (account, ends_at, id);
CREATE INDEX silences_end ON silences (ends_at);
