-- Evidence that isn't words.

-- One row a file that was attached to a change, by the SHA-256 of its bytes; the
-- events say who attached it where. It stands in the database and not beside it,
-- so that it is there in the transaction that says so and in every backup. It is
-- kept as it came and never opened. A redaction takes the row away.
CREATE TABLE attachment (
    workspace TEXT NOT NULL,
    sha256    BLOB NOT NULL CHECK (length(sha256) = 32),
    bytes     BLOB NOT NULL CHECK (length(bytes) <= 10485760),
    PRIMARY KEY (workspace, sha256)
) STRICT;

-- One row while words that were taken out of the record may still stand in pages
-- of the file that nothing refers to. The file is written anew, and the row goes.
CREATE TABLE erasure (
    workspace TEXT NOT NULL PRIMARY KEY,
    owed_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX change_about ON change (workspace, requested_at);
