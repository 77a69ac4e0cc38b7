-- What the chase has to know of people: until when they are away, what they are
-- in the workspace, and when Slack said so.
ALTER TABLE person ADD COLUMN away_until INTEGER;
ALTER TABLE person ADD COLUMN standing TEXT
    CHECK (standing IN ('full', 'guest', 'bot', 'deactivated', 'foreign'));
ALTER TABLE person ADD COLUMN seen_at INTEGER;

-- One row a membership of one of the policies' groups, as Slack said last.
CREATE TABLE membership (
    workspace  TEXT NOT NULL,
    person     TEXT NOT NULL,
    user_group TEXT NOT NULL,
    PRIMARY KEY (workspace, person, user_group)
) STRICT, WITHOUT ROWID;

-- One row a step of the machine's clock against its even pace: where it stood and
-- by how much it was off, in microseconds. Deadlines don't move with it.
CREATE TABLE clock_step (
    id        INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    seen_at   INTEGER NOT NULL,
    by_micros INTEGER NOT NULL
) STRICT;
