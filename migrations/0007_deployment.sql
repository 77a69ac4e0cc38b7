-- Production changes as sources tell of them: the denominator of the emergency rate.

-- One row a name of a source, so that it is written once and not in every row.
CREATE TABLE source (
    id        INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    name      TEXT NOT NULL,
    UNIQUE (workspace, name)
) STRICT;

-- One row a name of a system, as sources call it.
CREATE TABLE system (
    id        INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    name      TEXT NOT NULL,
    UNIQUE (workspace, name)
) STRICT;

-- One row a telling: a source said that a change went to production; source and
-- system are rows of those tables. What was told is appended and never altered;
-- intake is the leaf of the log that hashes it. title and testing_result are
-- commitments to texts, and said_in is where a person told of it.
-- What is derived comes after week. Tellings of one change have one leader, a
-- telling among them that has all that is known of them together: when the first
-- that counts was (first_at) and by whom it is told, of which kind they say it is
-- (rank: 0 normal, 1 standard, 2 emergency), the system that was told last, their
-- marks, and what is known beside them (traits). emergency is the change of the
-- register that they belong to; counted_at is first_at while they count by
-- themselves; settles_at is when somebody is to be asked about them.
-- seen_at is the first that counts or went to the deployed branch: what somebody may
-- be asked about.
-- matched is the emergency to which this very telling belongs by its number or by
-- what a ticket names, is_excluded that somebody says it was not production; made_by
-- is its author in Slack, as far as anybody asked.
-- commit_hash is a full hash, or the first six bytes of one that was abbreviated.
-- There may be millions: SQLite makes a table of its own, at each row, for each list
-- of more than two that a CHECK has, so that these are written out.
CREATE TABLE deployment (
    id             INTEGER PRIMARY KEY,
    workspace      TEXT NOT NULL,
    intake         INTEGER NOT NULL,
    source         INTEGER NOT NULL,
    external_id    TEXT NOT NULL,
    happening      TEXT NOT NULL CHECK (happening = 'deployment' OR happening = 'merge'
                       OR happening = 'run' OR happening = 'push' OR happening = 'listed'
                       OR happening = 'review'),
    at             INTEGER NOT NULL,
    kind           TEXT CHECK (kind = 'normal' OR kind = 'standard' OR kind = 'emergency'),
    system         INTEGER,
    author         TEXT,
    author_email   TEXT,
    url            TEXT,
    commit_hash    BLOB CHECK (length(commit_hash) = 6 OR length(commit_hash) = 20
                       OR length(commit_hash) = 32),
    change_type    TEXT,
    approved_by    TEXT,
    approval_url   TEXT,
    testing_url    TEXT,
    deploy_log_url TEXT,
    outcome        TEXT,
    reference      INTEGER,
    marks          INTEGER NOT NULL CHECK (marks BETWEEN 0 AND 255),
    title          BLOB CHECK (length(title) = 32),
    testing_result BLOB CHECK (length(testing_result) = 32),
    said_in        TEXT,
    heard_at       INTEGER NOT NULL,
    week           INTEGER NOT NULL,
    counts         INTEGER NOT NULL CHECK (counts IN (0, 1)),
    matched        INTEGER,
    is_excluded    INTEGER NOT NULL DEFAULT 0 CHECK (is_excluded IN (0, 1)),
    made_by        TEXT,
    leader         INTEGER NOT NULL,
    n_tellings     INTEGER,
    first_at       INTEGER,
    first_source   INTEGER,
    rank           INTEGER CHECK (rank BETWEEN 0 AND 2),
    last_system    INTEGER,
    last_system_at INTEGER,
    all_marks      INTEGER CHECK (all_marks BETWEEN 0 AND 255),
    traits         INTEGER CHECK (traits BETWEEN 0 AND 31),
    emergency      INTEGER,
    counted_at     INTEGER,
    settles_at     INTEGER,
    seen_at        INTEGER,
    CHECK ((leader = id) = (n_tellings IS NOT NULL)),
    CHECK (counted_at IS NULL OR counted_at = first_at)
) STRICT;

CREATE INDEX deployment_identity ON deployment (workspace, source, external_id, at);

-- What may be of one change lies within a week: by week, what comes in order of
-- time is written to few pages, however many there are.
CREATE INDEX deployment_commit ON deployment (workspace, week, commit_hash, at)
    WHERE commit_hash IS NOT NULL;

-- Whether any is abbreviated: while none is, nobody looks for one.
CREATE INDEX deployment_abbreviated ON deployment (workspace) WHERE length(commit_hash) = 6;

CREATE INDEX deployment_url ON deployment (workspace, week, url, at) WHERE url IS NOT NULL;

CREATE INDEX deployment_member ON deployment (workspace, leader) WHERE leader <> id;

-- What belongs to an emergency, and what may: few.
CREATE INDEX deployment_emergency ON deployment (workspace, emergency)
    WHERE emergency IS NOT NULL;

CREATE INDEX deployment_matched ON deployment (workspace, matched) WHERE matched IS NOT NULL;

CREATE INDEX deployment_reference ON deployment (workspace, reference, at)
    WHERE reference IS NOT NULL;

-- Holds all that folding a window asks for.
CREATE INDEX deployment_counted ON deployment (workspace, counted_at, rank, last_system,
                                               first_source)
    WHERE counted_at IS NOT NULL;

-- What went to production after an authorization of theirs that nobody recorded.
CREATE INDEX deployment_made_by ON deployment (workspace, made_by, at)
    WHERE made_by IS NOT NULL;

CREATE INDEX deployment_settles ON deployment (workspace, settles_at)
    WHERE settles_at IS NOT NULL;

CREATE TRIGGER deployment_is_never_altered BEFORE UPDATE OF id, workspace, intake, source,
    external_id, happening, at, kind, system, author, author_email, url, commit_hash, change_type,
    approved_by, approval_url, testing_url, deploy_log_url, outcome, reference, marks, title,
    testing_result, said_in ON deployment
BEGIN SELECT RAISE(ABORT, 'what a source told is never altered'); END;

CREATE TRIGGER deployment_is_never_deleted BEFORE DELETE ON deployment
BEGIN SELECT RAISE(ABORT, 'what a source told is never deleted'); END;

-- One row a commit or link that an emergency change's ticket names, as SHA-256 of
-- what it is called. Derived from the ticket, and goes when the ticket no longer
-- names it.
CREATE TABLE named (
    workspace TEXT NOT NULL,
    hash      BLOB NOT NULL CHECK (length(hash) = 32),
    change    INTEGER NOT NULL,
    PRIMARY KEY (workspace, hash, change)
) STRICT, WITHOUT ROWID;

CREATE INDEX named_by ON named (workspace, change);

-- One row a source and day (UTC) on which it was heard from: how many changes it
-- told of, how many of those tellings were known already, how many events were of
-- no known kind, how many were refused. day counts from 1970. spoke_at is when it
-- last told of a change by itself, or was looked through without a new one: neither
-- by a list, nor by what couldn't be read.
CREATE TABLE hearing (
    workspace   TEXT NOT NULL,
    source      INTEGER NOT NULL REFERENCES source (id),
    day         INTEGER NOT NULL,
    n_told      INTEGER NOT NULL CHECK (n_told >= 0),
    n_duplicate INTEGER NOT NULL CHECK (n_duplicate >= 0),
    n_unknown   INTEGER NOT NULL CHECK (n_unknown >= 0),
    n_refused   INTEGER NOT NULL CHECK (n_refused >= 0),
    last_at     INTEGER NOT NULL,
    spoke_at    INTEGER,
    PRIMARY KEY (workspace, source, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX hearing_day ON hearing (workspace, day);

-- One row a path of a polled source, which is a repository or project: up to where
-- it was read, in its own words; when it was last read to its end; what has kept it
-- from that since; and whether it is asked still.
CREATE TABLE cursor (
    workspace TEXT NOT NULL,
    source    TEXT NOT NULL,
    path      TEXT NOT NULL,
    position  TEXT,
    read_at   INTEGER,
    fault     TEXT,
    is_asked  INTEGER NOT NULL DEFAULT 1 CHECK (is_asked IN (0, 1)),
    PRIMARY KEY (workspace, source, path)
) STRICT, WITHOUT ROWID;

-- One row a webhook's delivery that was taken in, by the source's name for it. It
-- goes after 30 days: nobody delivers again what is so old.
CREATE TABLE delivery (
    workspace TEXT NOT NULL,
    source    INTEGER NOT NULL REFERENCES source (id),
    id        TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (workspace, source, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_at ON delivery (workspace, at);

-- One row a week that was reported, with its figures as they were reported. log_size
-- is what the log held when they were counted: what came later, came to light later.
-- is_posted is whether a report of its own tells of it, or the next one names it.
CREATE TABLE frozen_week (
    workspace   TEXT NOT NULL,
    from_at     INTEGER NOT NULL,
    to_at       INTEGER NOT NULL CHECK (to_at > from_at),
    zone        TEXT NOT NULL,
    figures     BLOB NOT NULL,
    reported_at INTEGER NOT NULL,
    log_size    INTEGER NOT NULL,
    is_posted   INTEGER NOT NULL CHECK (is_posted IN (0, 1)),
    PRIMARY KEY (workspace, from_at, to_at)
) STRICT, WITHOUT ROWID;

-- One row a correction of a reported week: the new figures beside the old, what
-- differs and why. The report of the week that begins at told_in tells of it, once.
CREATE TABLE correction (
    workspace TEXT NOT NULL,
    from_at   INTEGER NOT NULL,
    to_at     INTEGER NOT NULL,
    told_in   INTEGER NOT NULL,
    figures   BLOB NOT NULL,
    reason    BLOB NOT NULL,
    told_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace, from_at, to_at, told_in),
    FOREIGN KEY (workspace, from_at, to_at) REFERENCES frozen_week (workspace, from_at, to_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX correction_told ON correction (workspace, told_in);

-- One row a question about a change that was told of: whether it was an emergency
-- that nobody declared, or whether it belongs to this emergency change. deployment
-- is a telling of it, marks what made it look so; proof is the commitment to what
-- was said for it being a normal change. An answered one is in the log.
CREATE TABLE question (
    id          INTEGER PRIMARY KEY,
    workspace   TEXT NOT NULL,
    deployment  INTEGER NOT NULL REFERENCES deployment (id),
    kind        TEXT NOT NULL CHECK (kind IN ('undeclared', 'belongs')),
    change      INTEGER,
    marks       INTEGER NOT NULL CHECK (marks BETWEEN 0 AND 255),
    made_at     INTEGER NOT NULL,
    asked_of    TEXT,
    asked_at    INTEGER,
    answer      TEXT CHECK (answer IN ('declared', 'normal', 'not_production', 'yes', 'no')),
    answered_by TEXT,
    answered_at INTEGER,
    proof       BLOB CHECK (length(proof) = 32),
    CHECK ((asked_of IS NULL) = (asked_at IS NULL)),
    CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CHECK ((answer IS NULL) = (answered_by IS NULL))
) STRICT;

CREATE INDEX question_open ON question (workspace, id) WHERE answer IS NULL;

CREATE INDEX question_about ON question (workspace, deployment);

-- The emergencies of a window.
CREATE INDEX change_deployed ON change (workspace, deployed_at) WHERE deployed_at IS NOT NULL;

-- What sources tell has texts, too: as many as there are changes, which is far more
-- than people write into tickets. Commitments come in no order, and an index of so
-- many would be written to all over the file with each of them; those of a telling
-- are found by the telling. SQLite drops no primary key, so the rows move.
ALTER TABLE text RENAME TO text_of_form_6;

-- One row a text that a person wrote. The commitment is SHA-256 over salt and
-- body; a redaction takes both away and leaves the row. telling is the deployment
-- of which it is a text, if it is one's.
CREATE TABLE text (
    workspace  TEXT NOT NULL,
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    salt       BLOB CHECK (length(salt) = 32),
    body       TEXT,
    telling    INTEGER,
    CHECK ((salt IS NULL) = (body IS NULL))
) STRICT;

INSERT INTO text (workspace, commitment, salt, body)
SELECT workspace, commitment, salt, body FROM text_of_form_6;

DROP TABLE text_of_form_6;

CREATE UNIQUE INDEX text_committed ON text (workspace, commitment) WHERE telling IS NULL;

CREATE INDEX text_told ON text (telling) WHERE telling IS NOT NULL;
