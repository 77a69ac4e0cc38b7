//! Whose turn it is, how often somebody is chased, and what stands in the way.

use super::*;
use crate::domain::change::{Event, Recorded};
use crate::domain::obligation::{KEPT_FOR_THE_LAST, MOST_CHASING};
use crate::store::outbox::owing;

const DANA: &str = "U0DANA0001";
const GRACE: TimeDelta = TimeDelta::seconds(90);

/// What a clock on a wall in Berlin shows on the 14th of March, or days later.
fn berlin(day: i64, hour: u32, minute: u32) -> DateTime<Utc> {
    let local = chrono::NaiveDate::from_ymd_opt(2026, 3, 14)
        .and_then(|date| date.and_hms_opt(hour, minute, 0))
        .unwrap();
    resolve(chrono_tz::Europe::Berlin, local + TimeDelta::days(day))
}

/// A store with one change that is over, and of which nothing is owed.
async fn quiet() -> (Home, Store) {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let change = ChangeNumber::FIRST;
    let gesture = gesture("over", DANA, Ask::Withdraw { change });
    let heard = Heard {
        gesture: gesture.clone(),
        texts: Vec::new(),
    };
    store.keep(heard, now()).await.unwrap();
    let (outcome, _) = carry(&store, gesture, Target::Change(change), Command::Withdraw)
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Done);
    home.tamper("DELETE FROM outbox").unwrap();
    (home, store)
}

/// A message that is owed from an instant on.
#[derive(Clone, Copy)]
struct Owes<'a> {
    kind: &'a str,
    lane: &'a str,
    duty: &'a str,
    rung: &'a str,
    urgency: u8,
    at: DateTime<Utc>,
}

fn reminder<'a>(lane: &'a str, duty: &'a str, rung: &'a str, at: DateTime<Utc>) -> Owes<'a> {
    Owes {
        kind: "reminder",
        lane,
        duty,
        rung,
        urgency: 1,
        at,
    }
}

impl Owes<'_> {
    fn key(&self) -> String {
        let Self {
            kind,
            lane,
            duty,
            rung,
            ..
        } = self;
        format!("{kind}:{lane}:{duty}:{rung}")
    }

    fn put(&self, home: &Home) {
        let is_reminder = self.kind == "reminder";
        Connection::open(home.path())
            .unwrap()
            .execute(
                "INSERT INTO outbox (workspace, key, kind, state, lane, priority, urgency,
                                     not_before, change, person, version, duty, rung, due_at)
                 VALUES (?1, ?2, ?3, 'owed', ?4, 2, ?5, ?6, 1001, ?4, 1, ?7, ?8, ?9)",
                rusqlite::params![
                    workspace().as_str(),
                    self.key(),
                    self.kind,
                    self.lane,
                    self.urgency,
                    micros(self.at),
                    is_reminder.then_some(self.duty),
                    is_reminder.then_some(self.rung),
                    micros(berlin(9, 12, 0)),
                ],
            )
            .unwrap();
    }
}

async fn next(store: &Store, lane: &str, at: DateTime<Utc>) -> Option<Parcel> {
    store.parcel(lane.to_owned(), rules(), at).await.unwrap()
}

fn claim_of(parcel: &Parcel) -> Claim {
    Claim {
        keys: parcel.owed.iter().map(|one| one.key.clone()).collect(),
        revision: parcel.owed.first().unwrap().revision,
        channel: Some(ChannelId::new("D1")),
        payload: [0; 32],
        showed: 1,
    }
}

/// Sends what a lane sends next, and returns its keys.
async fn send(store: &Store, lane: &str, at: DateTime<Utc>) -> Vec<String> {
    let Some(parcel) = next(store, lane, at).await else {
        return Vec::new();
    };
    let claim = claim_of(&parcel);
    assert!(store.claim(claim.clone(), at).await.unwrap());
    let stands = (
        ChannelId::new("D1"),
        MessageTs::new(format!("{}.000001", at.timestamp())),
    );
    let keys = claim.keys.clone();
    store
        .settle(parcel.owed, claim, Some(stands), rules(), at)
        .await
        .unwrap();
    keys
}

fn not_before(home: &Home, key: &str) -> DateTime<Utc> {
    Connection::open(home.path())
        .unwrap()
        .query_row(
            "SELECT not_before FROM outbox WHERE key = ?1",
            [key],
            |row| Ok(instant(row.get(0)?)),
        )
        .unwrap()
}

#[tokio::test]
async fn a_deadlines_lane_goes_before_an_updates_before_a_homes() {
    let (home, store) = quiet().await;
    let at = berlin(0, 10, 0);
    let of = |kind, lane, urgency, at| Owes {
        kind,
        lane,
        duty: "ticket",
        rung: "before-240",
        urgency,
        at,
    };
    let later = at + TimeDelta::minutes(1);
    // By their names they would go the other way round.
    of("home", "A", 3, at).put(&home);
    of("note", "B", 2, at).put(&home);
    of("reminder", "C", 1, later).put(&home);
    of("reminder", "D", 1, at).put(&home);
    of("reply", "E", 0, later).put(&home);
    assert_eq!(
        store.lanes(later, 10).await.unwrap(),
        ["E", "D", "C", "B", "A"]
    );
    assert_eq!(store.lanes(at, 10).await.unwrap(), ["D", "B", "A"]);
    // One urgent message lifts its whole lane; a lane that must wait isn't served.
    of("reply", "A", 0, at).put(&home);
    store.hold_lane("D".to_owned(), later).await.unwrap();
    assert_eq!(store.lanes(at, 10).await.unwrap(), ["A", "B"]);
    assert_eq!(store.lanes(at, 1).await.unwrap(), ["A"]);
    store.close().await;
}

#[tokio::test]
async fn what_happened_decides_how_urgent_its_lane_is_and_what_stands_is_only_updated() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let urgencies = |home: &Home| -> Vec<(String, u8)> {
        let file = Connection::open(home.path()).unwrap();
        let mut select = file
            .prepare("SELECT kind, urgency FROM outbox ORDER BY id")
            .unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(urgencies(&home), [("card".to_owned(), 0)]);
    // Nobody answers: whoever is asked is asked again, and the thread says so.
    let at = now() + TimeDelta::minutes(4);
    store.sweep(BTreeSet::new(), rules(), at).await.unwrap();
    let known: Vec<_> = urgencies(&home);
    assert!(known.contains(&("reminder".to_owned(), 0)), "{known:?}");
    assert!(known.contains(&("note".to_owned(), 1)), "{known:?}");
    send(&store, "C0INCAUTH1", at).await;
    assert_eq!(urgencies(&home).first(), Some(&("card".to_owned(), 2)));
    store.close().await;
}

#[tokio::test]
async fn nobody_is_chased_more_than_eight_times_a_day_and_two_are_kept_for_a_last_word() {
    let (home, store) = quiet().await;
    let mut at = berlin(0, 10, 0);
    for n in 1..=MOST_CHASING - KEPT_FOR_THE_LAST {
        let rung = format!("overdue-{n}");
        reminder(DANA, "ticket", &rung, at).put(&home);
        // What never left takes nobody's place.
        let parcel = next(&store, DANA, at).await.unwrap();
        let claim = claim_of(&parcel);
        assert!(store.claim(claim.clone(), at).await.unwrap());
        let leader = claim.keys.first().unwrap().clone();
        store
            .release(leader, at, "ratelimited".to_owned())
            .await
            .unwrap();
        assert_eq!(send(&store, DANA, at).await.len(), 1);
        at += TimeDelta::minutes(10);
    }
    let held = reminder(DANA, "permanent_fix", "overdue-1", at);
    held.put(&home);
    assert!(next(&store, DANA, at).await.is_none());
    assert_eq!(store.lanes(at, 10).await.unwrap(), [""; 0]);
    let morning = berlin(1, 8, 0);
    assert_eq!(not_before(&home, &held.key()), morning);
    // The last word before a deadline still goes out, twice.
    let last = reminder(DANA, "ticket", "before-30", at);
    last.put(&home);
    assert_eq!(send(&store, DANA, at).await, [last.key()]);
    let second = reminder(DANA, "commander_authorization", "before-30", at);
    second.put(&home);
    assert_eq!(send(&store, DANA, at).await, [second.key()]);
    let third = reminder(DANA, "confirmation", "before-30", at);
    third.put(&home);
    assert!(next(&store, DANA, at).await.is_none());
    // The request for authorization is no chase, and neither is news.
    let request = reminder(DANA, "answer_request", "again-1", at);
    request.put(&home);
    assert_eq!(send(&store, DANA, at).await, [request.key()]);
    let told = Owes {
        kind: "told",
        ..request
    };
    told.put(&home);
    assert_eq!(send(&store, DANA, at).await, [told.key()]);
    // In the morning all that was held goes out as one, with what is due by then.
    let fresh = reminder(DANA, "remediation", "before-240", morning);
    fresh.put(&home);
    let early = morning - TimeDelta::seconds(1);
    assert!(next(&store, DANA, early).await.is_none());
    assert_eq!(
        send(&store, DANA, morning).await,
        [held.key(), third.key(), fresh.key()]
    );
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn what_somebody_put_off_comes_when_they_said_however_much_they_were_sent() {
    let (home, store) = quiet().await;
    let mut at = berlin(0, 9, 0);
    for n in 1..=6 {
        reminder(DANA, "ticket", &format!("overdue-{n}"), at).put(&home);
        assert_eq!(send(&store, DANA, at).await.len(), 1);
        at += TimeDelta::minutes(30);
    }
    let held = reminder(DANA, "ticket", "overdue-7", at);
    held.put(&home);
    assert!(next(&store, DANA, at).await.is_none());
    for n in 1..=3 {
        let rung = format!("after_nap-{n}");
        let asked_for = reminder(DANA, "approval", &rung, at);
        asked_for.put(&home);
        assert_eq!(send(&store, DANA, at).await, [asked_for.key()]);
        at += TimeDelta::minutes(30);
    }
    assert!(next(&store, DANA, at).await.is_none());
    store.close().await;
}

#[tokio::test]
async fn an_edit_that_slack_refuses_is_no_failed_delivery() {
    let (home, store) = quiet().await;
    let at = berlin(0, 9, 0);
    reminder(DANA, "ticket", "overdue-1", at).put(&home);
    assert_eq!(send(&store, DANA, at).await.len(), 1);
    home.tamper("UPDATE outbox SET state = 'owed', owed_revision = owed_revision + 1")
        .unwrap();
    let edit = next(&store, DANA, at).await.unwrap();
    assert!(edit.owed.first().unwrap().stands.is_some());
    assert!(store.claim(claim_of(&edit), at).await.unwrap());
    let refused = || "cant_update_message".to_owned();
    store
        .give_up(edit.owed, refused(), rules(), at)
        .await
        .unwrap();
    let failures = async || {
        let snapshot = store.change(ChangeNumber::FIRST).await.unwrap().unwrap();
        let failed = |one: &&Recorded| matches!(one.event, Event::Undelivered { .. });
        snapshot.history.iter().filter(failed).count()
    };
    assert_eq!(failures().await, 0);
    // What never stood is on record as not delivered.
    reminder(DANA, "ticket", "overdue-2", at).put(&home);
    let never = next(&store, DANA, at).await.unwrap();
    assert!(store.claim(claim_of(&never), at).await.unwrap());
    store
        .give_up(never.owed, refused(), rules(), at)
        .await
        .unwrap();
    assert_eq!(failures().await, 1);
    store.close().await;
}

#[tokio::test]
async fn the_day_in_which_somebody_is_chased_is_their_own() {
    let (home, store) = quiet().await;
    home.tamper("UPDATE person SET zone = 'America/New_York' WHERE id = 'U0DANA0001'")
        .unwrap();
    // Five in the afternoon in New York; from 23:00 UTC on it is another day in Berlin.
    let mut at = "2026-03-14T21:00:00Z".parse().unwrap();
    for n in 1..=6 {
        reminder(DANA, "ticket", &format!("overdue-{n}"), at).put(&home);
        assert_eq!(send(&store, DANA, at).await.len(), 1);
        at += TimeDelta::minutes(30);
    }
    let held = reminder(DANA, "ticket", "overdue-7", at);
    held.put(&home);
    assert!(next(&store, DANA, at).await.is_none());
    let morning: DateTime<Utc> = "2026-03-15T12:00:00Z".parse().unwrap();
    assert_eq!(not_before(&home, &held.key()), morning);
    assert_eq!(send(&store, DANA, morning).await, [held.key()]);
    store.close().await;
}

#[tokio::test]
async fn while_slack_refuses_the_token_nothing_is_sent_but_one_probe_a_minute() {
    let (home, store) = quiet().await;
    let at = berlin(0, 10, 0);
    reminder(DANA, "ticket", "overdue-1", at).put(&home);
    reminder("U0PRIYA001", "approval", "overdue-1", at).put(&home);
    let parcel = next(&store, DANA, at).await.unwrap();
    let claim = claim_of(&parcel);
    assert!(store.claim(claim.clone(), at).await.unwrap());
    let leader = claim.keys.first().cloned();
    let reason = || "token_revoked".to_owned();
    let news = store.halt(leader.clone(), reason(), at).await.unwrap();
    assert!(news);
    assert_eq!(store.lanes(at, 10).await.unwrap(), [""; 0]);
    let retry = at + TimeDelta::minutes(1);
    assert_eq!(store.next_at(GRACE).await.unwrap(), Some(retry));
    // One lane tries; while it does, no other does.
    assert_eq!(store.lanes(retry, 10).await.unwrap(), [DANA]);
    let parcel = next(&store, DANA, retry).await.unwrap();
    assert_eq!(parcel.owed.first().unwrap().attempts, 0);
    assert!(store.claim(claim.clone(), retry).await.unwrap());
    assert_eq!(store.lanes(retry, 10).await.unwrap(), [""; 0]);
    assert!(!store.halt(leader, reason(), retry).await.unwrap());
    let halt = inspect(&home.path())
        .unwrap()
        .unwrap()
        .registers
        .remove(0)
        .halt
        .unwrap();
    assert_eq!((halt.reason.as_str(), halt.since), ("token_revoked", at));
    // The first that arrives opens the way for all.
    let mended = retry + TimeDelta::minutes(1);
    assert_eq!(send(&store, DANA, mended).await.len(), 1);
    assert_eq!(store.lanes(mended, 10).await.unwrap(), ["U0PRIYA001"]);
    assert_eq!(
        inspect(&home.path()).unwrap().unwrap().registers[0].halt,
        None
    );
    store.close().await;
}

#[tokio::test]
async fn an_operator_hears_of_a_shut_channel_once_each_time_it_is_shut() {
    let (home, store) = quiet().await;
    let mut policy = Policy::unwritten(PolicyVersion(1));
    policy.escalation = vec![UserId::new("U0SAM00001")];
    let rules = Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin));
    let channel = ChannelId::new("C0INCAUTH1");
    let shut = async |at| {
        let reason = "is_archived".to_owned();
        let rules = Arc::clone(&rules);
        store
            .shut(channel.clone(), reason, rules, at)
            .await
            .unwrap()
    };
    // At night it can wait.
    assert!(shut(now()).await);
    assert!(!shut(now() + TimeDelta::hours(1)).await);
    let told = "SELECT count(*) FROM outbox WHERE kind = 'shut' AND lane = 'U0SAM00001'";
    assert_eq!(count(&store, told).await, 1);
    assert_eq!(store.lanes(now(), 10).await.unwrap(), [""; 0]);
    let parcel = next(&store, "U0SAM00001", berlin(0, 8, 0)).await.unwrap();
    assert_eq!(parcel.shut.unwrap().since, now());
    // Something gets in again, and then no more.
    let note = Owes {
        kind: "note",
        lane: "C0INCAUTH1",
        ..reminder("", "", "", now())
    };
    note.put(&home);
    let parcel = next(&store, "C0INCAUTH1", now()).await.unwrap();
    let claim = claim_of(&parcel);
    assert!(store.claim(claim.clone(), now()).await.unwrap());
    let stands = (channel.clone(), MessageTs::new("1773450841.000001"));
    store
        .settle(parcel.owed, claim, Some(stands), super::rules(), now())
        .await
        .unwrap();
    let parcel = next(&store, "U0SAM00001", berlin(0, 8, 0)).await.unwrap();
    assert_eq!(parcel.shut, None);
    assert!(shut(berlin(0, 12, 0)).await);
    assert_eq!(count(&store, told).await, 2);
    store.close().await;
}

#[tokio::test]
async fn a_message_that_makes_no_sense_is_set_aside_and_the_rest_of_its_lane_goes_on() {
    let (home, store) = quiet().await;
    let at = berlin(0, 10, 0);
    let poisoned = reminder(DANA, "no such duty", "overdue-1", at);
    poisoned.put(&home);
    let sound = reminder(DANA, "ticket", "overdue-2", at);
    sound.put(&home);
    // One that was claimed before it made no sense any more.
    let lost = reminder("U0PRIYA001", "approval", "overdue-1", at);
    lost.put(&home);
    let parcel = next(&store, "U0PRIYA001", at).await.unwrap();
    assert!(store.claim(claim_of(&parcel), at).await.unwrap());
    home.tamper("UPDATE outbox SET rung = 'no such rung' WHERE lane = 'U0PRIYA001'")
        .unwrap();
    assert_eq!(send(&store, DANA, at).await, [sound.key()]);
    let after = at + GRACE;
    assert_eq!(store.doubtful(after, GRACE, 9).await.unwrap(), []);
    assert_eq!(store.lanes(after, 10).await.unwrap(), [""; 0]);
    // It isn't forgotten: it is tried again, and `doctor` shows it.
    assert_eq!(not_before(&home, &poisoned.key()), at + TimeDelta::hours(1));
    assert_eq!(not_before(&home, &lost.key()), after + TimeDelta::hours(1));
    let shown = inspect(&home.path()).unwrap().unwrap().registers.remove(0);
    let mut keys: Vec<_> = shown.unsent.iter().map(|one| one.key.clone()).collect();
    keys.sort();
    let mut expected = [poisoned.key(), lost.key()];
    expected.sort();
    assert_eq!(keys, expected);
    assert!(
        shown.unsent.iter().all(|one| !one.given_up
            && one.error == "a message of the outbox in the database can't be read")
    );
    store.close().await;
}

#[tokio::test]
async fn a_message_about_a_record_that_can_not_be_read_stops_no_other() {
    let (home, store) = quiet().await;
    request(&store, "two").await;
    let at = berlin(0, 10, 0);
    home.tamper("DELETE FROM outbox").unwrap();
    let poisoned = reminder(DANA, "ticket", "overdue-1", at);
    poisoned.put(&home);
    home.tamper(
        "UPDATE outbox SET change = 1002;
         DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = x'00' WHERE change = 1002;",
    )
    .unwrap();
    let sound = Owes {
        kind: "told",
        ..reminder(DANA, "", "", at)
    };
    sound.put(&home);
    assert_eq!(send(&store, DANA, at).await, [sound.key()]);
    assert_eq!(not_before(&home, &poisoned.key()), at + TimeDelta::hours(1));
    store.close().await;
}

#[tokio::test]
async fn a_clock_that_jumps_moves_no_deadline_and_cuts_no_wait_short() {
    for hours in [-26, 26] {
        let by = TimeDelta::hours(hours);
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        home.tamper("DELETE FROM outbox").unwrap();
        let due = |home: &Home| -> Option<i64> {
            let file = Connection::open(home.path()).unwrap();
            file.query_row("SELECT next_due_at FROM change", [], |row| row.get(0))
                .unwrap()
        };
        let before = due(&home);
        assert!(before.is_some());
        let at = berlin(2, 10, 0);
        let later = reminder("U0SAM00001", "ticket", "before-30", berlin(9, 9, 0));
        later.put(&home);
        let failed = reminder("U0RILEY001", "ticket", "overdue-1", at);
        failed.put(&home);
        let retry = at + TimeDelta::seconds(40);
        store
            .release(failed.key(), retry, "ratelimited".to_owned())
            .await
            .unwrap();
        let wait = at + TimeDelta::seconds(17);
        store.hold_lane(DANA.to_owned(), wait).await.unwrap();
        reminder(DANA, "ticket", "overdue-1", at - TimeDelta::days(2)).put(&home);
        reminder("U0PRIYA001", "approval", "overdue-1", at).put(&home);
        let parcel = next(&store, "U0PRIYA001", at).await.unwrap();
        assert!(store.claim(claim_of(&parcel), at).await.unwrap());

        let shows = at + by;
        store.clock_stepped(shows, by, GRACE).await.unwrap();

        assert_eq!(due(&home), before);
        assert_eq!(not_before(&home, &later.key()), berlin(9, 9, 0));
        // Seventeen seconds are seventeen seconds.
        let is_served = async |after: i64, lane: &str| {
            let lanes = store.lanes(shows + TimeDelta::seconds(after), 10).await;
            lanes.unwrap().contains(&lane.to_owned())
        };
        assert!(!is_served(16, DANA).await, "{hours}");
        assert!(is_served(17, DANA).await, "{hours}");
        assert!(!is_served(39, "U0RILEY001").await, "{hours}");
        assert!(is_served(40, "U0RILEY001").await, "{hours}");
        // What may be under way isn't looked for at once, nor only in a day.
        let early = shows + GRACE - TimeDelta::seconds(1);
        assert_eq!(store.doubtful(early, GRACE, 9).await.unwrap(), []);
        let found = store.doubtful(shows + GRACE, GRACE, 9).await.unwrap();
        assert_eq!(found.len(), 1, "{hours}");
        assert!(found[0].claimed_at <= at, "{hours}");
        let seen = inspect(&home.path()).unwrap().unwrap().registers.remove(0);
        assert_eq!(
            (seen.n_clock_steps, seen.clock_step),
            (1, Some((shows, by)))
        );
        store.close().await;
    }
}

/// How `SQLite` goes about a statement.
fn plan(home: &Home, sql: &str) -> Vec<String> {
    let file = Connection::open(home.path()).unwrap();
    let mut explain = file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let n = explain.parameter_count();
    let nothing = rusqlite::params_from_iter(vec![rusqlite::types::Null; n]);
    let rows = explain.query_map(nothing, |row| row.get(3)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn what_is_done_again_and_again_reads_only_what_is_due() {
    let home = Home::lived_in().await;
    for (sql, index) in [
        (crate::store::register::DUE, "COVERING INDEX change_due"),
        (
            crate::store::register::NEXT_DUE,
            "COVERING INDEX change_due",
        ),
        (outbox::LANES, "COVERING INDEX outbox_owed"),
        (outbox::NEXT_OWED, "COVERING INDEX outbox_owed"),
        (outbox::NEXT_DOUBTFUL, "INDEX outbox_claimed"),
        (outbox::N_CHASED, "INDEX outbox_said"),
        (outbox::N_ASKING, "COVERING INDEX outbox_asking"),
        (outbox::REPORT_STANDS, "INDEX outbox_report"),
        (owing::REFRESH, "INDEX outbox_of_change"),
        (owing::REDRAW, "INDEX outbox_of_change"),
        (offers::DUE, "COVERING INDEX offer_due"),
        (offers::NEXT_DUE, "COVERING INDEX offer_due"),
    ] {
        let plan = plan(&home, sql);
        assert!(
            plan.iter().any(|line| line.contains(index)),
            "{sql}\n{plan:#?}"
        );
        for line in &plan {
            let table = ["SCAN change", "SCAN outbox", "SCAN offer", "SCAN event"];
            assert!(
                !table.iter().any(|table| line.starts_with(table)),
                "{sql}\n{plan:#?}"
            );
        }
    }
    // A look that isn't so frugal is known by its plan.
    let all = "SELECT number FROM change WHERE stage <> 'closed'";
    assert!(
        plan(&home, all)
            .iter()
            .any(|line| line.starts_with("SCAN change"))
    );
}

#[tokio::test]
async fn what_waits_when_the_clock_goes_back_is_still_sent() {
    let (home, store) = quiet().await;
    let at = berlin(0, 10, 0);
    reminder(DANA, "ticket", "before-60", at).put(&home);
    assert_eq!(store.lanes(at, 10).await.unwrap(), [DANA]);
    let by = TimeDelta::hours(-1);
    let back = at + TimeDelta::seconds(1) + by;
    store.clock_stepped(back, by, GRACE).await.unwrap();
    assert_eq!(
        store.lanes(back + TimeDelta::seconds(1), 10).await.unwrap(),
        [DANA]
    );
    store.close().await;
}

#[tokio::test]
async fn a_sound_message_goes_out_before_one_whose_change_can_not_be_read() {
    let (home, store) = quiet().await;
    request(&store, "two").await;
    let mut at = berlin(0, 10, 0);
    home.tamper("DELETE FROM outbox").unwrap();
    let sound = reminder(DANA, "ticket", "overdue-1", at);
    sound.put(&home);
    let poisoned = reminder(DANA, "approval", "overdue-1", at);
    poisoned.put(&home);
    home.tamper(
        "UPDATE outbox SET change = 1002 WHERE duty = 'approval';
         DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = x'00' WHERE change = 1002;",
    )
    .unwrap();
    let mut sent = Vec::new();
    for _ in 0..6 {
        sent.extend(send(&store, DANA, at).await);
        at += TimeDelta::minutes(61);
    }
    assert_eq!(sent, [sound.key()]);
    store.close().await;
}

#[tokio::test]
async fn one_change_that_can_not_be_read_stops_no_roll_call() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    request(&store, "two").await;
    home.tamper(
        "DROP TRIGGER event_is_never_updated;
         UPDATE event SET leaf = x'00' WHERE change = 1002;",
    )
    .unwrap();
    let member = crate::domain::authorization::Member {
        id: UserId::new("U0KIM00001"),
        standing: crate::domain::authorization::Standing::Full,
        groups: std::collections::BTreeSet::new(),
    };
    let saw = store.saw(member, rules(), now()).await;
    assert!(saw.is_ok(), "{saw:?}");
    store.close().await;
}

#[tokio::test]
async fn a_whisper_that_slack_takes_ends_the_halt() {
    let (home, store) = quiet().await;
    let at = berlin(0, 10, 0);
    reminder(DANA, "ticket", "overdue-1", at).put(&home);
    reminder("U0RILEY001", "ticket", "overdue-1", at).put(&home);
    store
        .halt(None, "token_revoked".to_owned(), at)
        .await
        .unwrap();
    let later = at + TimeDelta::minutes(2);
    // A whisper, a Home or an answer by token settles without a place of its own.
    let parcel = next(&store, DANA, later).await.unwrap();
    let claim = claim_of(&parcel);
    assert!(store.claim(claim.clone(), later).await.unwrap());
    store
        .settle(parcel.owed, claim, None, rules(), later)
        .await
        .unwrap();
    assert_eq!(store.lanes(later, 10).await.unwrap(), [""; 0]);
    store.token_was_taken().await.unwrap();
    assert_eq!(store.lanes(later, 10).await.unwrap(), ["U0RILEY001"]);
    store.close().await;
}

#[tokio::test]
async fn what_somebody_did_does_not_wait_for_a_clock_that_went_back() {
    let home = Home::new();
    let store = home.open().unwrap();
    let change = ChangeNumber::FIRST;
    let heard = Heard {
        gesture: gesture("later", DANA, Ask::Withdraw { change }),
        texts: Vec::new(),
    };
    let at = berlin(0, 10, 0);
    store.keep(heard, at).await.unwrap();
    let by = TimeDelta::hours(-26);
    let back = at + TimeDelta::seconds(1) + by;
    store.clock_stepped(back, by, GRACE).await.unwrap();
    let waiting = store.waiting(9).await.unwrap();
    let one = waiting.first().unwrap();
    assert!(one.not_before <= back, "waits {}", one.not_before - back);
    store.close().await;
}

#[tokio::test]
async fn while_the_token_is_refused_an_answer_with_an_address_of_its_own_goes_out() {
    let (home, store) = quiet().await;
    let at = berlin(0, 10, 0);
    reminder(DANA, "ticket", "overdue-1", at).put(&home);
    let halted = store.halt(None, "token_revoked".to_owned(), at).await;
    assert!(halted.unwrap());
    let mut asked = gesture("help", DANA, Ask::Help);
    asked.response_url = Some("https://hooks.slack.com/commands/1/2".to_owned());
    for (key, url) in [("help", asked.response_url.clone()), ("bare", None)] {
        let gesture = Gesture {
            key: key.to_owned(),
            response_url: url,
            ..asked.clone()
        };
        let heard = Heard {
            gesture: gesture.clone(),
            texts: Vec::new(),
        };
        store.keep(heard, at).await.unwrap();
        let answered = store.answer(gesture, Outcome::Answered, None, at);
        answered.await.unwrap();
    }
    assert_eq!(store.lanes(at, 10).await.unwrap(), ["reply:help"]);
    // A minute later one more tries whether the token is taken again.
    let later = at + TimeDelta::seconds(61);
    let lanes = store.lanes(later, 10).await.unwrap();
    assert_eq!(lanes, ["reply:help", "reply:bare"]);
    store.close().await;
}
