-- Source endpoints: a URL for each sending tool, with its own way of proving who sends.

CREATE TABLE sources (
    id               BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account          TEXT   NOT NULL CHECK (account <> ''),
    name             TEXT   NOT NULL CHECK (name <> ''),
    dialect          TEXT   NOT NULL,
    enabled          BIGINT NOT NULL,
    auth             BLOB   NOT NULL, -- JSON without secrets
    secrets          BLOB   NOT NULL, -- JSON: sealed values by path
    project          TEXT   NOT NULL,
    labels           BLOB   NOT NULL, -- JSON
    types            BLOB   NOT NULL, -- JSON
    version          BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    accepted         BIGINT NOT NULL,
    rejected         BIGINT NOT NULL,
    refused          BIGINT NOT NULL,
    last_received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sources_name ON sources (account, name);
