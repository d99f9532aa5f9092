-- Accounts, projects, plans' usage; people, sessions and links; what keys may do; the audit record.

CREATE TABLE accounts (
    name       TEXT   NOT NULL PRIMARY KEY CHECK (name <> ''),
    title      TEXT   NOT NULL,
    parent     TEXT   NOT NULL,
    plan       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    closed_at  BIGINT NOT NULL
);

CREATE TABLE projects (
    id          BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account     TEXT   NOT NULL CHECK (account <> ''),
    name        TEXT   NOT NULL CHECK (name <> ''),
    title       TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX projects_name ON projects (account, name) WHERE deleted_at = 0;

CREATE TABLE usage (
    account    TEXT   NOT NULL CHECK (account <> ''),
    month      TEXT   NOT NULL,
    events     BIGINT NOT NULL,
    over       BIGINT NOT NULL,
    refused    BIGINT NOT NULL,
    journalled BIGINT NOT NULL,
    over_said  BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account, month)
);

ALTER TABLE api_keys ADD COLUMN environment TEXT NOT NULL DEFAULT 'live';
ALTER TABLE api_keys ADD COLUMN event_types TEXT NOT NULL DEFAULT 'null';
ALTER TABLE api_keys ADD COLUMN rate_limit BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN replaces BLOB NOT NULL DEFAULT (zeroblob(16));

CREATE TABLE users (
    id                  BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account             TEXT   NOT NULL CHECK (account <> ''),
    email               TEXT   NOT NULL CHECK (email <> ''),
    name                TEXT   NOT NULL,
    role                TEXT   NOT NULL,
    password            TEXT   NOT NULL,
    disabled            BIGINT NOT NULL,
    totp                BLOB   NOT NULL,
    totp_step           BIGINT NOT NULL,
    recovery            BLOB   NOT NULL, -- 32 bytes for each code
    totp_next           BLOB   NOT NULL,
    version             BIGINT NOT NULL,
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    last_login_at       BIGINT NOT NULL,
    password_changed_at BIGINT NOT NULL,
    deleted_at          BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (account, email) WHERE deleted_at = 0;
CREATE INDEX users_sealed ON users (id) WHERE totp <> x'' OR totp_next <> x'';

CREATE TABLE sessions (
    id           BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    hash         BLOB   NOT NULL UNIQUE CHECK (length(hash) = 32),
    user         BLOB   NOT NULL CHECK (length(user) = 16),
    account      TEXT   NOT NULL CHECK (account <> ''),
    strong       BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    revoked_at   BIGINT NOT NULL,
    address      TEXT   NOT NULL,
    user_agent   TEXT   NOT NULL
);
CREATE INDEX sessions_user ON sessions (user, id);
CREATE INDEX sessions_end ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at > 0;

CREATE TABLE links (
    hash       BLOB   NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    account    TEXT   NOT NULL CHECK (account <> ''),
    user       BLOB   NOT NULL CHECK (length(user) = 16),
    purpose    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE INDEX links_user ON links (account, user);
CREATE INDEX links_end ON links (expires_at);

CREATE TABLE audit (
    seq     BIGINT NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    account TEXT   NOT NULL CHECK (account <> ''),
    action  TEXT   NOT NULL,
    target  TEXT   NOT NULL,
    actor   TEXT   NOT NULL,
    act     BIGINT NOT NULL,
    body    BLOB   NOT NULL,
    hash    BLOB   NOT NULL CHECK (length(hash) = 32)
);
-- Filters on a list are answered within this index; only rows that are shown are read.
CREATE INDEX audit_account ON audit (account, seq, act, at, action, actor);
CREATE INDEX audit_target ON audit (account, target, seq);
CREATE INDEX audit_ends ON audit (act) WHERE act > 0;
CREATE INDEX audit_at ON audit (at, seq);

-- The anchor is the last entry that was pruned. The installation's number is drawn here, in the transaction that makes
-- the tables, so that two processes that start together cannot draw two.
CREATE TABLE audit_anchor (
    id           BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq          BIGINT NOT NULL,
    hash         BLOB   NOT NULL CHECK (length(hash) = 32),
    installation BLOB   NOT NULL CHECK (length(installation) = 16)
);
INSERT INTO audit_anchor (id, seq, hash, installation) VALUES (1, 0, zeroblob(32), randomblob(16));

-- Against mistakes, not against whoever can write the file: that is what the chain is for.
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit record cannot be changed');
END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit WHEN OLD.seq > (SELECT seq FROM audit_anchor WHERE id = 1)
BEGIN
    SELECT RAISE(ABORT, 'the audit record can only be pruned from its oldest end');
END;

-- When the rotation date of an integration's credential was last announced: the date it was announced for.
ALTER TABLE integrations ADD COLUMN rotation_said TEXT NOT NULL DEFAULT '';
-- The settings whose secret was given up because the destination's host changed, as a JSON list of paths or null.
ALTER TABLE integrations ADD COLUMN voided TEXT NOT NULL DEFAULT 'null';
