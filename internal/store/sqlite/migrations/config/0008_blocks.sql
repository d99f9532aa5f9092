-- Blocks: addresses that must not get in. Addresses are text in CIDR notation; first_address and last_address are the ends
-- of the range, 16 bytes each, an IPv4 address in its IPv6 form. An id of 16 zero bytes is none.

CREATE TABLE blocks (
    id            BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16 AND id <> zeroblob(16)),
    account       TEXT   NOT NULL CHECK (account <> ''),
    target        TEXT   NOT NULL CHECK (target <> ''),
    first_address BLOB   NOT NULL CHECK (length(first_address) = 16),
    last_address  BLOB   NOT NULL CHECK (length(last_address) = 16),
    state         TEXT   NOT NULL CHECK (state <> ''),
    reason        TEXT   NOT NULL,
    responders    BLOB   NOT NULL CHECK (length(responders) % 16 = 0), -- ids, one after the other
    requester     TEXT   NOT NULL, -- JSON
    askers        TEXT   NOT NULL, -- the requester's principals, each between two line breaks
    decider       TEXT   NOT NULL, -- JSON
    rule          BLOB   NOT NULL CHECK (length(rule) = 16),
    alert         BLOB   NOT NULL CHECK (length(alert) = 16),
    incident      BIGINT NOT NULL,
    event         BLOB   NOT NULL CHECK (length(event) = 16),
    cause         TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    active_at     BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL,
    ttl           BIGINT NOT NULL, -- nanoseconds
    approve_by    BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL,
    due_at        BIGINT NOT NULL, -- when it ends or lapses by itself; 0: never
    version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX blocks_open ON blocks (account, target) WHERE state IN ('pending_approval', 'active');
-- Filters on a list are answered within this index; only rows that are shown are read.
CREATE INDEX blocks_list ON blocks (account, id, state, created_at, first_address, last_address, askers);
CREATE INDEX blocks_state ON blocks (account, state, id);
CREATE INDEX blocks_rule ON blocks (account, rule, id) WHERE rule <> x'00000000000000000000000000000000';
CREATE INDEX blocks_alert ON blocks (account, alert, id) WHERE alert <> x'00000000000000000000000000000000';
CREATE INDEX blocks_incident ON blocks (account, incident, id) WHERE incident > 0;
CREATE INDEX blocks_active ON blocks (account, active_at) WHERE active_at > 0;
CREATE INDEX blocks_due ON blocks (due_at) WHERE due_at > 0;
CREATE INDEX blocks_ended ON blocks (ended_at) WHERE ended_at > 0;

-- A block at one responder.
CREATE TABLE block_placements (
    block       BLOB   NOT NULL CHECK (length(block) = 16),
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    account     TEXT   NOT NULL CHECK (account <> ''),
    target      TEXT   NOT NULL CHECK (target <> ''),
    wanted      BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state <> ''),
    cause       TEXT   NOT NULL,
    covered     BLOB   NOT NULL CHECK (length(covered) = 16),
    attempts    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    since       BIGINT NOT NULL,
    applied_at  BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (block, integration)
) WITHOUT ROWID;
CREATE INDEX block_placements_state ON block_placements (account, integration, state, block);

-- What is known of entries at vendors. A row is there before the request that it is about.
CREATE TABLE block_ledger (
    account     TEXT   NOT NULL CHECK (account <> ''),
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    prefix      TEXT   NOT NULL CHECK (prefix <> ''),
    state       TEXT   NOT NULL CHECK (state <> ''),
    block       BLOB   NOT NULL CHECK (length(block) = 16),
    handle      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    PRIMARY KEY (account, integration, prefix)
) WITHOUT ROWID;

CREATE TABLE block_steps (
    block       BLOB   NOT NULL CHECK (length(block) = 16),
    id          BLOB   NOT NULL CHECK (length(id) = 16 AND id <> zeroblob(16)),
    account     TEXT   NOT NULL CHECK (account <> ''),
    integration BLOB   NOT NULL CHECK (length(integration) = 16),
    at          BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    cause       TEXT   NOT NULL,
    done_by     TEXT   NOT NULL,
    PRIMARY KEY (block, id)
) WITHOUT ROWID;

CREATE TABLE response_policies (
    account    TEXT   NOT NULL PRIMARY KEY CHECK (account <> ''),
    document   BLOB   NOT NULL,
    version    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The never-block list.
CREATE TABLE protected_ranges (
    id         BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account    TEXT   NOT NULL CHECK (account <> ''),
    prefix     TEXT   NOT NULL CHECK (prefix <> ''),
    reason     TEXT   NOT NULL CHECK (reason <> ''),
    author     TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Rules by which events propose or apply blocks.
CREATE TABLE response_rules (
    id           BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account      TEXT   NOT NULL CHECK (account <> ''),
    name         TEXT   NOT NULL CHECK (name <> ''),
    enabled      BIGINT NOT NULL,
    mode         TEXT   NOT NULL CHECK (mode <> ''),
    subscription BLOB   NOT NULL,
    document     BLOB   NOT NULL,
    shadow_since BIGINT NOT NULL,
    author       TEXT   NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX response_rules_name ON response_rules (account, name);

CREATE TABLE response_hits (
    id       BLOB   NOT NULL PRIMARY KEY CHECK (length(id) = 16 AND id <> zeroblob(16)),
    account  TEXT   NOT NULL CHECK (account <> ''),
    rule     BLOB   NOT NULL CHECK (length(rule) = 16),
    event    BLOB   NOT NULL CHECK (length(event) = 16),
    type     TEXT   NOT NULL,
    target   TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    mode     TEXT   NOT NULL,
    decision TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    block    BLOB   NOT NULL CHECK (length(block) = 16)
);
CREATE UNIQUE INDEX response_hits_once ON response_hits (rule, event, target);
CREATE INDEX response_hits_list ON response_hits (rule, id);

-- How far the rules have come; saved together with their hits.
CREATE TABLE response_mark (
    id   BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    mark TEXT   NOT NULL
);
INSERT INTO response_mark (id, mark) VALUES (1, '');
