-- One row a person who has opened the bot's Home, with when that was last: who
-- comes back opens it anew, so that only a recent one is worth redrawing.
CREATE TABLE home (
    workspace  TEXT NOT NULL,
    person     TEXT NOT NULL,
    opened_at  INTEGER NOT NULL,
    PRIMARY KEY (workspace, person)
) STRICT, WITHOUT ROWID;

-- The outbox learns to publish Homes. SQLite alters no CHECK, so the rows move.
DROP INDEX outbox_owed;
DROP INDEX outbox_claimed;
DROP INDEX outbox_batch;
DROP INDEX outbox_of_duty;
DROP INDEX outbox_card;
DROP INDEX outbox_rung;

ALTER TABLE outbox RENAME TO outbox_of_form_2;

-- One row a message that Slack shall have. It is rendered when claimed, from
-- the state of that moment. A row is owed again when what it shows has changed
-- (owed_revision runs ahead of shown_revision); with a ts it is then an edit.
-- Rows of one batch went out as one message, which stands at the batch's leader.
-- An offer comes a second time with again = 1. A person has one Home.
CREATE TABLE outbox (
    id             INTEGER PRIMARY KEY,
    workspace      TEXT NOT NULL,
    key            TEXT NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('card', 'note', 'reminder', 'told', 'reply',
                       'offer', 'home')),
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
    offer          INTEGER,
    again          INTEGER CHECK (again IN (0, 1)),
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

INSERT INTO outbox (id, workspace, key, kind, state, lane, priority, not_before, change, version,
                    person, duty, due_at, rung, gesture, offer, again, owed_revision,
                    shown_revision, batch, claimed_at, attempts, channel, ts, payload, showed,
                    error)
SELECT id, workspace, key, kind, state, lane, priority, not_before, change, version,
       person, duty, due_at, rung, gesture, offer, again, owed_revision,
       shown_revision, batch, claimed_at, attempts, channel, ts, payload, showed, error
FROM outbox_of_form_2;

DROP TABLE outbox_of_form_2;

CREATE INDEX outbox_owed ON outbox (workspace, lane, priority, id) WHERE state = 'owed';

CREATE INDEX outbox_claimed ON outbox (workspace, claimed_at) WHERE state = 'claimed';

CREATE INDEX outbox_batch ON outbox (workspace, batch) WHERE batch IS NOT NULL;

CREATE INDEX outbox_of_duty ON outbox (workspace, change, duty) WHERE kind = 'reminder';

CREATE INDEX outbox_card ON outbox (workspace, channel, ts) WHERE kind = 'card';

-- A rung of the ladder is climbed once.
CREATE UNIQUE INDEX outbox_rung ON outbox (workspace, change, duty, person, due_at, rung)
    WHERE kind = 'reminder';
