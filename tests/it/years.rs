//! Two years of weekly reports in four zones, with a bot that is often down: by the
//! rules and the store, and without Slack.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use breakglass::domain::deployment::{Deployment, Happening, SourceName};
use breakglass::domain::id::{ChannelId, MessageTs, WorkspaceId};
use breakglass::domain::policy::{Policy, PolicyVersion, ReportTime};
use breakglass::engine::Engine;
use breakglass::store::{Claim, Intake, Options, Rules, Store};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use tempfile::TempDir;

/// Draws the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % n
    }
}

/// What a bot in a zone is set to.
struct Plan {
    zone: Tz,
    weekday: Weekday,
    time: NaiveTime,
}

/// When the week that begins on this Monday is to be reported, looked up on the
/// calendar a minute at a time.
fn due(plan: &Plan, monday: NaiveDate) -> DateTime<Utc> {
    let mut day = monday + Days::new(7);
    while day.weekday() != plan.weekday {
        day = day + Days::new(1);
    }
    let mut time = day.and_time(plan.time);
    loop {
        if let Some(at) = plan.zone.from_local_datetime(&time).earliest() {
            return at.to_utc();
        }
        time += TimeDelta::minutes(1);
    }
}

fn begin() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2025, 1, 7, 10, 17, 3).unwrap()
}

fn end() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2027, 1, 12, 3, 0, 0).unwrap()
}

fn store(folder: &TempDir) -> Store {
    let path = folder.path().join("breakglass.db");
    Store::open(&Options::at(path), WorkspaceId::new("T0BREAK01")).unwrap()
}

/// What is owed to Slack, by the Monday of the week in the zone: since when; and the
/// Mondays of all weeks that are frozen.
fn kept(folder: &TempDir, plan: &Plan) -> (BTreeMap<NaiveDate, i64>, BTreeSet<NaiveDate>) {
    let file = rusqlite::Connection::open(folder.path().join("breakglass.db")).unwrap();
    let monday = |micros: i64| {
        let at = DateTime::from_timestamp_micros(micros).unwrap();
        at.with_timezone(&plan.zone).date_naive()
    };
    let mut owed = BTreeMap::new();
    for part in ["report", "details"] {
        let rows: Vec<(i64, i64)> = file
            .prepare("SELECT week, not_before FROM outbox WHERE kind = 'report' AND part = ?1")
            .unwrap()
            .query_map([part], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let n_rows = rows.len();
        let by_week: BTreeMap<_, _> = rows
            .into_iter()
            .map(|(week, at)| (monday(week), at))
            .collect();
        assert_eq!(by_week.len(), n_rows, "one {part} a week");
        assert!(part == "report" || by_week == owed, "each with its thread");
        owed = by_week;
    }
    let frozen = file
        .prepare("SELECT from_at FROM frozen_week")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(|from| monday(from.unwrap()))
        .collect();
    (owed, frozen)
}

/// Slack takes everything that is owed.
async fn post(engine: &Engine, now: DateTime<Utc>) {
    let (store, rules) = (engine.store(), engine.rules());
    loop {
        let Some(lane) = store.lanes(now, 1).await.unwrap().pop() else {
            break;
        };
        let parcel = store.parcel(lane, Arc::clone(rules), now).await.unwrap();
        let parcel = parcel.unwrap();
        let claim = Claim {
            keys: parcel.owed.iter().map(|one| one.key.clone()).collect(),
            revision: parcel.owed[0].revision,
            channel: rules.newest().report_channel.clone(),
            payload: [1; 32],
            showed: 0,
        };
        assert!(store.claim(claim.clone(), now).await.unwrap());
        let ts = MessageTs::new(format!("{}.{:06}", now.timestamp(), parcel.owed.len()));
        let stands = claim.channel.clone().map(|channel| (channel, ts));
        store
            .settle(parcel.owed, claim, stands, Arc::clone(rules), now)
            .await
            .unwrap();
    }
}

async fn two_years(plan: &Plan, seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut policy = Policy::unwritten(PolicyVersion(1));
    policy.report_channel = Some(ChannelId::new("C0ENGINEER"));
    policy.report_at = ReportTime {
        weekday: plan.weekday,
        time: plan.time,
    };
    let rules = || Rules::new(policy.clone(), [], plan.zone);
    let mut dice = Dice(seed);
    let mut now = begin();
    // From when to when it was at work.
    let mut up: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    while now < end() {
        let engine = Engine::new(store(&folder), rules());
        engine.begin(now).await.unwrap();
        let began = now;
        let stops = (now + TimeDelta::minutes(1 + dice.below(20 * 1440).cast_signed())).min(end());
        let source = SourceName::new("ci");
        let told = Deployment::new(source.clone(), now.to_rfc3339(), Happening::Listed, now);
        let intake = Intake::new(source, vec![told]);
        engine.take_in(intake, now).await.unwrap();
        loop {
            while engine.tick(BTreeSet::new(), now).await.unwrap() > 0 {}
            post(&engine, now).await;
            let next = engine.next_at(TimeDelta::seconds(30)).await.unwrap();
            assert!(next.is_none_or(|next| next > now), "nothing is left to do");
            let at_random = now + TimeDelta::hours(1 + dice.below(60).cast_signed());
            now = next.unwrap_or(at_random).min(at_random).min(stops);
            if now >= stops {
                break;
            }
        }
        let at_the_minute = dice.below(3) == 0;
        if at_the_minute {
            while engine.tick(BTreeSet::new(), now).await.unwrap() > 0 {}
            post(&engine, now).await;
        }
        engine.store().close().await;
        up.push((
            began,
            if at_the_minute {
                now
            } else {
                now - TimeDelta::seconds(1)
            },
        ));
        now += match dice.below(4) {
            0 => TimeDelta::zero(),
            1 => TimeDelta::minutes(dice.below(120).cast_signed()),
            2 => TimeDelta::hours(dice.below(100).cast_signed()),
            _ => TimeDelta::hours(dice.below(30 * 24).cast_signed()),
        };
    }
    let last = up.last().unwrap().1;
    // By the calendar: a week is reported when it is due, or when the bot is back, and
    // then only if no other has become due meanwhile.
    let mut expected: BTreeMap<i64, NaiveDate> = BTreeMap::new();
    let mut weeks = BTreeSet::new();
    let mut monday = NaiveDate::from_ymd_opt(2024, 12, 2).unwrap();
    while due(plan, monday) <= end() {
        let at = due(plan, monday);
        let done = up
            .iter()
            .find(|(from, to)| *to >= at && *to >= *from)
            .map(|(from, _)| at.max(*from));
        if at > begin()
            && at <= last
            && let Some(done) = done
        {
            weeks.insert(monday);
            // The newest takes the place of those due before it.
            expected.insert(done.timestamp_micros(), monday);
        }
        monday = monday + Days::new(7);
    }
    let (owed, frozen) = kept(&folder, plan);
    let owed: BTreeMap<i64, NaiveDate> = owed.into_iter().map(|(week, at)| (at, week)).collect();
    assert_eq!(owed, expected, "{}", plan.zone);
    assert_eq!(frozen, weeks, "{}", plan.zone);
    assert!(weeks.len() > 100, "{}", weeks.len());
    assert!(owed.len() < weeks.len(), "some were missed");
}

fn plan(zone: Tz, weekday: Weekday, time: (u32, u32)) -> Arc<Plan> {
    Arc::new(Plan {
        zone,
        weekday,
        time: NaiveTime::from_hms_opt(time.0, time.1, 0).unwrap(),
    })
}

#[tokio::test]
async fn each_week_is_reported_once_at_its_time_or_when_the_bot_is_back() {
    for (seed, plan) in [
        plan(Tz::Europe__Berlin, Weekday::Mon, (9, 0)),
        // In the hour that clocks leave out, and show twice.
        plan(Tz::America__New_York, Weekday::Sun, (2, 30)),
        plan(Tz::Asia__Kolkata, Weekday::Fri, (16, 45)),
        // Whose clocks go forward by half an hour only.
        plan(Tz::Australia__Lord_Howe, Weekday::Sun, (2, 15)),
    ]
    .into_iter()
    .enumerate()
    {
        two_years(&plan, seed as u64 + 1).await;
    }
}
