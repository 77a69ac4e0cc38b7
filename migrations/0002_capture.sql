-- What people said that is part of a record, and what they are offered to put on it.

-- One row a message that is part of a change's record: the request, the answer
-- in words, or what the emoji that answered stands on. Derived from the events.
-- One answer may serve several changes.
CREATE TABLE quote (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    ts        TEXT NOT NULL,
    half      TEXT NOT NULL CHECK (half IN ('request', 'answer', 'emoji')),
    change    INTEGER NOT NULL,
    PRIMARY KEY (workspace, channel, ts, half, change)
) STRICT, WITHOUT ROWID;

CREATE INDEX quote_of_change ON quote (workspace, change);

-- One row a pair of messages that was offered to whoever asked. The texts are
-- commitments; thread is where the offer was whispered, next_at when it goes
-- further by itself, change what became of it. It stays when it was declined:
-- a pair is offered once.
CREATE TABLE offer (
    id                INTEGER PRIMARY KEY,
    workspace         TEXT NOT NULL,
    channel           TEXT NOT NULL,
    thread            TEXT,
    asker             TEXT NOT NULL,
    request_by        TEXT NOT NULL,
    request_ts        TEXT NOT NULL,
    request_thread    TEXT,
    request_permalink TEXT,
    request_text      BLOB NOT NULL CHECK (length(request_text) = 32),
    answer_by         TEXT NOT NULL,
    answer_ts         TEXT NOT NULL,
    answer_thread     TEXT,
    answer_permalink  TEXT,
    answer_text       BLOB NOT NULL CHECK (length(answer_text) = 32),
    verdict           TEXT NOT NULL CHECK (verdict IN ('grant', 'refuse')),
    offered_at        INTEGER NOT NULL,
    stage             TEXT NOT NULL CHECK (stage IN ('offered', 'again', 'undeclared',
                          'taken', 'declined')),
    next_at           INTEGER,
    change            INTEGER,
    UNIQUE (workspace, channel, request_ts, answer_ts)
) STRICT;

CREATE INDEX offer_due ON offer (workspace, next_at) WHERE next_at IS NOT NULL;

CREATE INDEX offer_open ON offer (workspace, id) WHERE stage NOT IN ('taken', 'declined');

CREATE INDEX offer_undeclared ON offer (workspace, id) WHERE stage = 'undeclared';

-- The change that a new one is much like, found when it was asked for: the
-- answer to the gesture says the same however late it is given.
ALTER TABLE inbox ADD COLUMN twin INTEGER;

CREATE INDEX change_asked ON change (workspace, channel, requested_at)
    WHERE stage NOT IN ('withdrawn', 'lapsed', 'closed');

-- The outbox learns to offer. SQLite alters no CHECK, so the rows move.
DROP INDEX outbox_owed;
DROP INDEX outbox_claimed;
DROP INDEX outbox_batch;
DROP INDEX outbox_of_duty;
DROP INDEX outbox_rung;

ALTER TABLE outbox RENAME TO outbox_of_form_1;

-- One row a message that Slack shall have. It is rendered when claimed, from
-- the state of that moment. A row is owed again when what it shows has changed
-- (owed_revision runs ahead of shown_revision); with a ts it is then an edit.
-- Rows of one batch went out as one message, which stands at the batch's leader.
-- An offer comes a second time with again = 1.
CREATE TABLE outbox (
    id             INTEGER PRIMARY KEY,
    workspace      TEXT NOT NULL,
    key            TEXT NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('card', 'note', 'reminder', 'told', 'reply',
                       'offer')),
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
                    person, duty, due_at, rung, gesture, owed_revision, shown_revision, batch,
                    claimed_at, attempts, channel, ts, payload, showed, error)
SELECT id, workspace, key, kind, state, lane, priority, not_before, change, version,
       person, duty, due_at, rung, gesture, owed_revision, shown_revision, batch,
       claimed_at, attempts, channel, ts, payload, showed, error
FROM outbox_of_form_1;

DROP TABLE outbox_of_form_1;

CREATE INDEX outbox_owed ON outbox (workspace, lane, priority, id) WHERE state = 'owed';

CREATE INDEX outbox_claimed ON outbox (workspace, claimed_at) WHERE state = 'claimed';

CREATE INDEX outbox_batch ON outbox (workspace, batch) WHERE batch IS NOT NULL;

CREATE INDEX outbox_of_duty ON outbox (workspace, change, duty) WHERE kind = 'reminder';

CREATE INDEX outbox_card ON outbox (workspace, channel, ts) WHERE kind = 'card';

-- A rung of the ladder is climbed once.
CREATE UNIQUE INDEX outbox_rung ON outbox (workspace, change, duty, person, due_at, rung)
    WHERE kind = 'reminder';
