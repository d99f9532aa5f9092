-- config.db: what people set up. Times are microseconds since 1970 (0: none), ids are 16 bytes.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE integrations (
    id              BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account         TEXT   NOT NULL CHECK (account <> ''),
    kind            TEXT   NOT NULL CHECK (kind <> ''),
    name            TEXT   NOT NULL,
    enabled         BIGINT NOT NULL,
    paused          BIGINT NOT NULL,
    disabled_reason TEXT   NOT NULL,
    settings        BLOB   NOT NULL,
    secrets         BLOB   NOT NULL,
    subscription    BLOB   NOT NULL,
    delivery        BLOB   NOT NULL,
    owner           TEXT   NOT NULL,
    rotate_by       TEXT   NOT NULL,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    deleted_at      BIGINT NOT NULL
);
-- A deleted integration keeps its row but gives its name back.
CREATE UNIQUE INDEX integrations_name ON integrations (account, kind, name) WHERE deleted_at = 0;
CREATE INDEX integrations_list ON integrations (account, name, id) WHERE deleted_at = 0;

CREATE TABLE api_keys (
    id           BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account      TEXT   NOT NULL CHECK (account <> ''),
    name         TEXT   NOT NULL,
    prefix       TEXT   NOT NULL,
    hash         BLOB   NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes       TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    last_used_ip TEXT   NOT NULL
);
CREATE INDEX api_keys_list ON api_keys (account, id);

CREATE TABLE jobs (
    id         BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account    TEXT   NOT NULL CHECK (account <> ''),
    kind       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    spec       BLOB   NOT NULL,
    total      BIGINT NOT NULL,
    done       BIGINT NOT NULL,
    failed     BIGINT NOT NULL,
    error      TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX jobs_unfinished ON jobs (id) WHERE state IN ('queued', 'running');
