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
