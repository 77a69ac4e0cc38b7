-- The numbers of changes that are given to none: a database that was put back from a
-- backup doesn't know which were given since, and people still have their cards.

-- One row a time that it was put back: the next change has at least this number.
CREATE TABLE restored (
    workspace   TEXT NOT NULL,
    at          INTEGER NOT NULL,
    next_number INTEGER NOT NULL CHECK (next_number >= 1),
    PRIMARY KEY (workspace, at)
) STRICT, WITHOUT ROWID;
