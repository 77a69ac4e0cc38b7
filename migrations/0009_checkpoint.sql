-- Signed statements of how large the log was and what stood in it, and where they
-- were shown so that somebody else has them, too.

-- One row a checkpoint: n counts them without a gap, and note is what was signed,
-- whole (c2sp.org/tlog-checkpoint). size and root say the same for those who look.
CREATE TABLE checkpoint (
    workspace TEXT NOT NULL,
    n         INTEGER NOT NULL CHECK (n >= 1),
    size      INTEGER NOT NULL CHECK (size >= 1),
    root      BLOB NOT NULL CHECK (length(root) = 32),
    made_at   INTEGER NOT NULL,
    note      TEXT NOT NULL,
    PRIMARY KEY (workspace, n)
) STRICT, WITHOUT ROWID;

-- A log of one size has one checkpoint.
CREATE UNIQUE INDEX checkpoint_size ON checkpoint (workspace, size);

-- A report shows the newest of its time.
CREATE INDEX checkpoint_made ON checkpoint (workspace, made_at, n);

CREATE TRIGGER checkpoint_is_never_updated BEFORE UPDATE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never updated'); END;

CREATE TRIGGER checkpoint_is_never_deleted BEFORE DELETE ON checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never deleted'); END;

-- One row a key that signs checkpoints, by the record of the log that names it: the
-- last one is in force.
CREATE TABLE log_key (
    workspace TEXT NOT NULL,
    seq       INTEGER NOT NULL CHECK (seq >= 0),
    key       TEXT NOT NULL,
    PRIMARY KEY (workspace, seq)
) STRICT, WITHOUT ROWID;

-- One row a showing of a checkpoint to somebody else that is owed or done: sent to
-- the configured address, or as a file under the weekly report. week is where the
-- report's week begins, and file what Slack calls the file, from its upload on.
CREATE TABLE showing (
    workspace  TEXT NOT NULL,
    checkpoint INTEGER NOT NULL,
    witness    TEXT NOT NULL CHECK (witness IN ('report', 'address')),
    week       INTEGER,
    file       TEXT,
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    not_before INTEGER NOT NULL,
    shown_at   INTEGER,
    error      TEXT,
    PRIMARY KEY (workspace, checkpoint, witness),
    CHECK ((witness = 'report') = (week IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX showing_owed ON showing (workspace, not_before) WHERE shown_at IS NULL;

-- One row a pack that somebody asked for in Slack: the period from first_day to
-- last_day, with samples drawn by sample and seed, or change alone. It is made anew
-- until Slack has it: file is what Slack calls it from then on, and checkpoint and
-- sha256 say which one it is. ended_at is when it was delivered, or, with an error,
-- given up.
CREATE TABLE pack (
    id         INTEGER PRIMARY KEY,
    workspace  TEXT NOT NULL,
    gesture    TEXT NOT NULL,
    person     TEXT NOT NULL,
    first_day  TEXT NOT NULL,
    last_day   TEXT NOT NULL,
    change     INTEGER,
    sample     INTEGER CHECK (sample >= 0),
    seed       INTEGER CHECK (seed >= 0),
    checkpoint INTEGER,
    sha256     BLOB CHECK (length(sha256) = 32),
    file       TEXT,
    attempts   INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    not_before INTEGER NOT NULL,
    ended_at   INTEGER,
    error      TEXT,
    UNIQUE (workspace, gesture),
    CHECK ((file IS NULL) = (sha256 IS NULL) AND (file IS NULL) = (checkpoint IS NULL))
) STRICT;

CREATE INDEX pack_owed ON pack (workspace, not_before) WHERE ended_at IS NULL;
