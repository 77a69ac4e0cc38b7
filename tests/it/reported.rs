//! What comes to light of weeks that were reported, and what a report says of those
//! that had none: by the engine and the store, and without Slack.

use std::collections::BTreeSet;

use breakglass::domain::deployment::{ChangeKind, Deployment, Happening, SourceName};
use breakglass::domain::id::{ChannelId, WorkspaceId};
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::domain::rate::{Corrected, Difference};
use breakglass::engine::Engine;
use breakglass::report::assemble::{Wanted, assembled};
use breakglass::report::weekly::{Weekly, of_week};
use breakglass::store::{FrozenWeek, Intake, Options, ReadTo, Rules, Store};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

/// Midnight of a Monday.
const BEGIN: &str = "2026-03-02T00:00:00Z";

struct Bot {
    engine: Engine,
    _folder: TempDir,
}

/// An instant so many weeks after the first Monday, and so many hours.
fn week(n: i64, hours: i64) -> DateTime<Utc> {
    let begin: DateTime<Utc> = BEGIN.parse().unwrap();
    begin + TimeDelta::weeks(n) + TimeDelta::hours(hours)
}

impl Bot {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::at(folder.path().join("breakglass.db"));
        let store = Store::open(&options, WorkspaceId::new("T0BREAK01")).unwrap();
        let policy = Policy {
            report_channel: Some(ChannelId::new("C0ENGINEER")),
            ..Policy::unwritten(PolicyVersion(1))
        };
        let engine = Engine::new(store, Rules::new(policy, [], chrono_tz::UTC));
        engine.begin(week(0, 10)).await.unwrap();
        Self {
            engine,
            _folder: folder,
        }
    }

    /// So many changes of a week are told of, each a minute after the other.
    async fn told(&self, of: i64, n: std::ops::Range<i64>, now: DateTime<Utc>) {
        self.told_as(of, n, None, now).await;
    }

    async fn told_as(
        &self,
        of: i64,
        n: std::ops::Range<i64>,
        kind: Option<ChangeKind>,
        now: DateTime<Utc>,
    ) {
        let source = SourceName::new("ci");
        let told = n.map(|n| Deployment {
            kind,
            ..Deployment::new(
                source.clone(),
                format!("{of}/{n}"),
                Happening::Listed,
                week(of, 8) + TimeDelta::minutes(n),
            )
        });
        let intake = Intake::new(source.clone(), told.collect());
        self.engine.take_in(intake, now).await.unwrap();
    }

    /// Does what is due, and returns how much that was at each turn.
    async fn ticks(&self, now: DateTime<Utc>) -> Vec<usize> {
        let mut turns = Vec::new();
        loop {
            match self.engine.tick(BTreeSet::new(), now).await.unwrap() {
                0 => return turns,
                n => turns.push(n),
            }
        }
    }

    async fn frozen(&self) -> Vec<FrozenWeek> {
        let store = self.engine.store();
        store.frozen_weeks(week(-9, 0), week(999, 0)).await.unwrap()
    }

    /// The report of a week, as it would be said at any time since.
    async fn report(&self, of: i64) -> Weekly {
        let frozen = self.frozen().await;
        let one = frozen.iter().find(|one| one.from == week(of, 0)).unwrap();
        let (store, rules) = (self.engine.store(), self.engine.rules());
        of_week(store, rules, one).await.unwrap()
    }

    async fn corrections(&self, of: i64) -> Vec<(DateTime<Utc>, u64, u64, Vec<Difference>)> {
        let said = |one: Corrected| {
            let Corrected { reported, now, .. } = one;
            let from = reported.window.from;
            (from, reported.n_changes, now.n_changes, one.differences)
        };
        let report = self.report(of).await;
        report.corrections.into_iter().map(said).collect()
    }
}

#[tokio::test]
async fn a_repository_that_cant_be_read_is_named_though_others_of_its_source_are() {
    let bot = Bot::new().await;
    let store = bot.engine.store();
    let github = SourceName::new("github");
    let paths = ["acme/a", "acme/b"].map(|path| (github.clone(), path.to_owned()));
    store.asks(paths.to_vec()).await.unwrap();
    let read = |path: &str, now: DateTime<Utc>| {
        let intake = Intake {
            read_to: Some(ReadTo {
                path: path.to_owned(),
                cursor: now.to_rfc3339(),
                is_end: true,
            }),
            ..Intake::new(github.clone(), Vec::new())
        };
        bot.engine.take_in(intake, now)
    };
    read("acme/b", week(0, 12)).await.unwrap();
    for day in 0..7 {
        read("acme/a", week(0, 13 + 24 * day)).await.unwrap();
    }
    let (policy, now) = (bot.engine.rules(), week(1, 9));
    let wanted = Wanted::by(policy.newest(), chrono_tz::UTC, now);
    let silent = assembled(store, wanted).await.unwrap().week.coverage.silent;
    let named: Vec<_> = silent
        .iter()
        .map(|one| (one.source.as_str(), one.since))
        .collect();
    assert_eq!(named, [("github acme/b", week(0, 12))]);
}

#[tokio::test]
async fn a_correction_is_told_by_one_report_and_kept() {
    let bot = Bot::new().await;
    bot.told(0, 0..41, week(0, 30)).await;
    assert_eq!(bot.ticks(week(1, 9)).await, [1]);
    assert_eq!(bot.corrections(0).await, []);
    bot.told(0, 41..43, week(1, 10)).await;
    bot.told(1, 0..12, week(1, 20)).await;
    assert_eq!(bot.ticks(week(2, 9)).await, [1]);
    let first = (week(0, 0), 41, 43, vec![Difference::ToldLater(2)]);
    assert_eq!(bot.corrections(1).await, std::slice::from_ref(&first));
    // What was told once isn't told again, and stays told.
    assert_eq!(bot.ticks(week(3, 9)).await, [1]);
    assert_eq!(bot.corrections(2).await, []);
    // What comes then is set against what was told last, however long ago that was.
    for of in 4..40 {
        assert_eq!(bot.ticks(week(of, 9)).await, [1]);
    }
    bot.told(0, 43..44, week(39, 10)).await;
    assert_eq!(bot.ticks(week(40, 9)).await, [1]);
    let second = (week(0, 0), 43, 44, vec![Difference::ToldLater(1)]);
    assert_eq!(bot.corrections(39).await, [second]);
    assert_eq!(bot.corrections(1).await, [first]);
    assert_eq!(bot.report(0).await.all.week.n_changes, 41);
    bot.engine.store().close().await;
}

#[tokio::test]
async fn a_reported_week_is_shown_as_it_was_reported_with_all_that_came_since_beside() {
    let bot = Bot::new().await;
    bot.told(0, 0..41, week(0, 30)).await;
    assert_eq!(bot.ticks(week(1, 9)).await, [1]);
    bot.told(0, 41..43, week(1, 10)).await;
    assert_eq!(bot.ticks(week(2, 9)).await, [1]);
    bot.told(0, 43..44, week(2, 10)).await;
    let emergency = Some(ChangeKind::Emergency);
    bot.told_as(0, 50..51, emergency, week(2, 11)).await;
    let rules = bot.engine.rules();
    let wanted = Wanted::by(rules.newest(), chrono_tz::UTC, week(2, 12));
    let all = assembled(bot.engine.store(), wanted).await.unwrap();
    let shown = all.weeks.iter().find(|one| one.window.from == week(0, 0));
    let shown = shown.unwrap();
    assert_eq!((shown.n_changes, shown.n_emergencies), (41, 0));
    let beside = all.corrected(&shown.window).unwrap();
    assert_eq!((beside.reported.n_changes, beside.now.n_changes), (41, 45));
    assert_eq!(
        beside.differences,
        [Difference::ToldLater(3), Difference::DeclaredLater(1)]
    );
    // What isn't a reported week is what is known.
    assert_eq!(all.rolling.n_changes, 45);
    bot.engine.store().close().await;
}

#[tokio::test]
async fn weeks_that_were_slept_through_are_frozen_one_by_one_and_named_by_the_one_report() {
    let bot = Bot::new().await;
    bot.told(0, 0..41, week(0, 30)).await;
    assert_eq!(bot.ticks(week(1, 9)).await, [1]);
    assert!(bot.report(0).await.skipped.is_empty());
    bot.told(1, 0..12, week(1, 20)).await;
    bot.told(3, 0..20, week(3, 20)).await;
    bot.told(0, 41..42, week(3, 21)).await;
    // Back after three weeks: a turn each.
    assert_eq!(bot.ticks(week(4, 33)).await, [1, 1, 1]);
    let posted: Vec<_> = bot.frozen().await.iter().map(|it| it.is_posted).collect();
    assert_eq!(posted, [true, false, false, true]);
    let report = bot.report(3).await;
    let skipped = report.skipped.iter();
    let skipped: Vec<_> = skipped
        .map(|one| (one.window.from, one.n_changes, one.is_unknown))
        .collect();
    assert_eq!(skipped, [(week(1, 0), 12, false), (week(2, 0), 0, true)]);
    assert_eq!(report.all.week.n_changes, 20);
    // And what came to light is told by the one that is posted.
    assert_eq!(report.corrections.len(), 1);
    assert_eq!(bot.ticks(week(5, 9)).await, [1]);
    let next = bot.report(4).await;
    assert!(next.skipped.is_empty() && next.corrections.is_empty());
    bot.engine.store().close().await;
}
