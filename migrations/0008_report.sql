-- What the rate has to say in Slack: a report a week, and questions about changes
-- that nobody declared. SQLite alters no CHECK, so the rows move.
DROP INDEX outbox_owed;
DROP INDEX outbox_claimed;
DROP INDEX outbox_batch;
DROP INDEX outbox_of_change;
DROP INDEX outbox_said;
DROP INDEX outbox_card;
DROP INDEX outbox_rung;

ALTER TABLE outbox RENAME TO outbox_of_form_7;

-- One row a message that Slack shall have. It is rendered when claimed, from
-- the state of that moment. A row is owed again when what it shows has changed
-- (owed_revision runs ahead of shown_revision); with a ts it is then an edit.
-- Rows of one batch went out as one message, which stands at the batch's leader.
-- An offer comes a second time with again = 1. A person has one Home.
-- Priority orders a lane; urgency says which lane goes first. said_at is when it
-- was first sent, and place is the channel that it tells of. Round counts how often
-- what a reminder is about had passed on, or come to be owed anew, before. week is
-- where the week begins that a report is about, of which the details stand in the
-- thread; question is the row of that name which it asks.
CREATE TABLE outbox (
    id             INTEGER PRIMARY KEY,
    workspace      TEXT NOT NULL,
    key            TEXT NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('card', 'note', 'reminder', 'told', 'reply',
                       'offer', 'home', 'shut', 'report', 'question')),
    state          TEXT NOT NULL CHECK (state IN ('owed', 'claimed', 'settled', 'failed')),
    lane           TEXT NOT NULL,
    priority       INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 9),
    urgency        INTEGER NOT NULL CHECK (urgency BETWEEN 0 AND 3),
    not_before     INTEGER NOT NULL,
    change         INTEGER,
    version        INTEGER,
    person         TEXT,
    duty           TEXT,
    due_at         INTEGER,
    rung           TEXT,
    round          INTEGER NOT NULL DEFAULT 0,
    gesture        TEXT,
    offer          INTEGER,
    again          INTEGER CHECK (again IN (0, 1)),
    place          TEXT,
    owed_revision  INTEGER NOT NULL DEFAULT 1,
    shown_revision INTEGER NOT NULL DEFAULT 0,
    batch          TEXT,
    claimed_at     INTEGER,
    attempts       INTEGER NOT NULL DEFAULT 0,
    channel        TEXT,
    ts             TEXT,
    payload        BLOB CHECK (length(payload) = 32),
    showed         INTEGER,
    said_at        INTEGER,
    error          TEXT,
    week           INTEGER,
    part           TEXT CHECK (part IN ('report', 'details')),
    question       INTEGER,
    UNIQUE (workspace, key)
) STRICT;

INSERT INTO outbox (id, workspace, key, kind, state, lane, priority, urgency, not_before,
                    change, version, person, duty, due_at, rung, round, gesture, offer, again,
                    place, owed_revision, shown_revision, batch, claimed_at, attempts, channel,
                    ts, payload, showed, said_at, error)
SELECT id, workspace, key, kind, state, lane, priority, urgency, not_before, change,
       version, person, duty, due_at, rung, round, gesture, offer, again, place,
       owed_revision, shown_revision, batch, claimed_at, attempts, channel, ts,
       payload, showed, said_at, error
FROM outbox_of_form_7;

DROP TABLE outbox_of_form_7;

-- Holds all that choosing a lane asks for.
CREATE INDEX outbox_owed ON outbox (workspace, lane, priority, id, not_before, urgency)
    WHERE state = 'owed';

CREATE INDEX outbox_claimed ON outbox (workspace, claimed_at) WHERE state = 'claimed';

CREATE INDEX outbox_batch ON outbox (workspace, batch) WHERE batch IS NOT NULL;

CREATE INDEX outbox_of_change ON outbox (workspace, change) WHERE change IS NOT NULL;

CREATE INDEX outbox_said ON outbox (workspace, person, said_at)
    WHERE kind = 'reminder' AND said_at IS NOT NULL;

CREATE INDEX outbox_card ON outbox (workspace, channel, ts) WHERE kind = 'card';

-- In how many messages somebody was asked about changes is counted before each.
CREATE INDEX outbox_asking ON outbox (workspace, person, said_at)
    WHERE kind = 'question' AND said_at IS NOT NULL;

CREATE INDEX outbox_report ON outbox (workspace, week) WHERE kind = 'report';

-- A rung of the ladder is climbed once in a round.
CREATE UNIQUE INDEX outbox_rung ON outbox (workspace, change, duty, person, due_at, rung, round)
    WHERE kind = 'reminder';

-- One row while weekly reports are posted: since when. What was due before isn't
-- made up for.
CREATE TABLE reporting (
    workspace TEXT NOT NULL PRIMARY KEY,
    since     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a report of which something is known about its picture: week is where the
-- week begins. look is how its chart is shown: by our picture, which Slack calls file;
-- by Slack's own; or not at all. tries counts how often Slack couldn't show the file
-- yet.
CREATE TABLE picture (
    workspace TEXT NOT NULL,
    week      INTEGER NOT NULL,
    look      TEXT NOT NULL CHECK (look IN ('file', 'native', 'nothing')),
    file      TEXT,
    tries     INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    PRIMARY KEY (workspace, week),
    CHECK ((look = 'file') = (file IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- One question at a time is with somebody: n_asked says how often they were asked,
-- and next_at when it goes further. second is whoever is named as the second person
-- whose word it is that the change was a normal one, and named_by who named them:
-- nothing is answered before that word.
ALTER TABLE question ADD COLUMN next_at INTEGER;

ALTER TABLE question ADD COLUMN n_asked INTEGER NOT NULL DEFAULT 0
    CHECK (n_asked BETWEEN 0 AND 2);

ALTER TABLE question ADD COLUMN second TEXT;

ALTER TABLE question ADD COLUMN named_by TEXT;

UPDATE question SET next_at = made_at WHERE answer IS NULL;

CREATE INDEX question_due ON question (workspace, next_at) WHERE next_at IS NOT NULL;

-- What stands of a question is shown anew when it is answered.
CREATE INDEX outbox_question ON outbox (workspace, question) WHERE question IS NOT NULL;
