-- The log, and what is derived from it; the inbox and the outbox.
-- Instants are UTC, in microseconds since 1970. Hashes are 32 bytes.

-- One row a workspace: the size of its log and the peaks of its Merkle tree
-- (RFC 6962), from large to small. Moves in the transaction of its leaves.
CREATE TABLE head (
    workspace TEXT NOT NULL PRIMARY KEY,
    size      INTEGER NOT NULL CHECK (size >= 0),
    peaks     BLOB NOT NULL CHECK (length(peaks) % 32 = 0)
) STRICT, WITHOUT ROWID;

-- One row a leaf of the log: a fact, appended and never altered. The bytes were
-- encoded once by store/log.rs; version is the leaf's place in its change.
CREATE TABLE event (
    workspace TEXT NOT NULL,
    seq       INTEGER NOT NULL CHECK (seq >= 0),
    change    INTEGER,
    version   INTEGER,
    leaf      BLOB NOT NULL,
    leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
    PRIMARY KEY (workspace, seq),
    CHECK ((change IS NULL) = (version IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX event_of_change ON event (workspace, change, version)
    WHERE change IS NOT NULL;

CREATE TRIGGER event_is_never_updated BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never updated'); END;

CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;

-- One row an emergency change: its present state, folded from its events.
-- next_due_at is when the clock has something to do for it; it depends on code
-- and policy and is recomputed at every save.
CREATE TABLE change (
    workspace    TEXT NOT NULL,
    number       INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    stage        TEXT NOT NULL CHECK (stage IN ('requested', 'authorized', 'denied', 'withdrawn',
                     'lapsed', 'deployed', 'documented', 'approved', 'rejected', 'closed')),
    policy       INTEGER NOT NULL,
    requester    TEXT NOT NULL,
    channel      TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    deployed_at  INTEGER,
    due_at       INTEGER,
    closed_at    INTEGER,
    next_due_at  INTEGER,
    PRIMARY KEY (workspace, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX change_due ON change (workspace, next_due_at) WHERE next_due_at IS NOT NULL;

CREATE INDEX change_open ON change (workspace, number)
    WHERE stage NOT IN ('withdrawn', 'lapsed', 'closed');

-- One row a text that a person wrote. The commitment is SHA-256 over salt and
-- body; a redaction takes both away and leaves the row.
-- Commitments come in no order: rows stand as they were written, so that only
-- the small pages of the index are written to all over the file.
CREATE TABLE text (
    workspace  TEXT NOT NULL,
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    salt       BLOB CHECK (length(salt) = 32),
    body       TEXT,
    PRIMARY KEY (workspace, commitment),
    CHECK ((salt IS NULL) = (body IS NULL))
) STRICT;

-- One row a version of the policy, with the bytes that were adopted.
CREATE TABLE policy (
    workspace  TEXT NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1),
    adopted_at INTEGER NOT NULL,
    bytes      BLOB NOT NULL,
    PRIMARY KEY (workspace, version)
) STRICT, WITHOUT ROWID;

-- One row a person the bot has met: what the words and the night need of them.
-- Never consulted for who may do what.
CREATE TABLE person (
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    name      TEXT,
    zone      TEXT,
    direct    TEXT,
    active_at INTEGER,
    PRIMARY KEY (workspace, id)
) STRICT, WITHOUT ROWID;

-- One row a gesture, kept before it is acknowledged. Its key makes a redelivery
-- recognisable; its result is the answer that a redelivery gets again.
CREATE TABLE inbox (
    workspace   TEXT NOT NULL,
    key         TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'done')),
    gesture     TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    not_before  INTEGER NOT NULL,
    change      INTEGER,
    result      TEXT,
    PRIMARY KEY (workspace, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbox_waiting ON inbox (workspace, received_at) WHERE state = 'waiting';

-- One row a message that Slack shall have. It is rendered when claimed, from
-- the state of that moment. A row is owed again when what it shows has changed
-- (owed_revision runs ahead of shown_revision); with a ts it is then an edit.
-- Rows of one batch went out as one message, which stands at the batch's leader.
CREATE TABLE outbox (
    id             INTEGER PRIMARY KEY,
    workspace      TEXT NOT NULL,
    key            TEXT NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('card', 'note', 'reminder', 'told', 'reply')),
    state          TEXT NOT NULL CHECK (state IN ('owed', 'claimed', 'settled', 'failed')),
    lane           TEXT NOT NULL,
    priority       INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
    not_before     INTEGER NOT NULL,
    change         INTEGER,
    version        INTEGER,
    person         TEXT,
    duty           TEXT,
    due_at         INTEGER,
    rung           TEXT,
    gesture        TEXT,
    owed_revision  INTEGER NOT NULL DEFAULT 1,
    shown_revision INTEGER NOT NULL DEFAULT 0,
    batch          TEXT,
    claimed_at     INTEGER,
    attempts       INTEGER NOT NULL DEFAULT 0,
    channel        TEXT,
    ts             TEXT,
    payload        BLOB CHECK (length(payload) = 32),
    showed         INTEGER,
    error          TEXT,
    UNIQUE (workspace, key)
) STRICT;

CREATE INDEX outbox_owed ON outbox (workspace, lane, priority, id) WHERE state = 'owed';

CREATE INDEX outbox_claimed ON outbox (workspace, claimed_at) WHERE state = 'claimed';

CREATE INDEX outbox_batch ON outbox (workspace, batch) WHERE batch IS NOT NULL;

CREATE INDEX outbox_of_duty ON outbox (workspace, change, duty) WHERE kind = 'reminder';

-- A rung of the ladder is climbed once.
CREATE UNIQUE INDEX outbox_rung ON outbox (workspace, change, duty, person, due_at, rung)
    WHERE kind = 'reminder';

-- One row a conversation that may not be written to before an instant, as Slack
-- asked or as its pace demands.
CREATE TABLE lane (
    workspace  TEXT NOT NULL,
    lane       TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    PRIMARY KEY (workspace, lane)
) STRICT, WITHOUT ROWID;
