//! A quarter as six sources tell of it, out of order, twice and again: whatever the
//! rate says of any window is what a naive recount of what truly happened says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::ensure;
use breakglass::domain::deployment::{ChangeKind, Deployment, Happening, SourceName};
use breakglass::domain::id::{ChangeNumber, WorkspaceId};
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::domain::rate::{self, Figures, Window};
use breakglass::report::assemble::{Assembled, Wanted, assemble, assembled};
use breakglass::store::{Intake, Options, Outcome, Rules, Store, look};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::Score;
use crate::declared::{Declared, execution};
use crate::dice::Dice;

const WORKSPACE: &str = "T0BREAK01";

/// How many changes there are in a quarter, and how many of them are emergencies:
/// those of the register, and those of which a source alone tells.
const CHANGES: usize = 3_000;
const OF_THE_REGISTER: usize = 200;
const OF_A_SOURCE: usize = 40;

/// Rehearsals besides, which count nowhere.
const DRILLS: usize = 10;

/// How many tellings come at once.
const BATCH: usize = 150;

/// The zones that a quarter is told in; in two of them its clocks change.
const ZONES: [Tz; 4] = [
    chrono_tz::Europe::Berlin,
    chrono_tz::America::New_York,
    chrono_tz::Asia::Kolkata,
    chrono_tz::UTC,
];

const SOURCES: [(&str, Happening); 5] = [
    ("github", Happening::Deployment),
    ("gitlab", Happening::Deployment),
    ("argo", Happening::Deployment),
    ("ledger", Happening::Listed),
    // Its merges have twelve digits of the commit, and its jobs run elsewhere.
    ("bitbucket", Happening::Merge),
];

const SYSTEMS: [&str; 5] = ["web", "api", "auth", "billing", "search"];

/// What truly happened once.
#[derive(Debug, Clone)]
struct Truth {
    at: DateTime<Utc>,
    kind: ChangeKind,
    system: Option<&'static str>,
    in_register: bool,
    is_not_genuine: bool,
}

/// A quarter: what happened, and what is told of it.
struct Quarter {
    zone: Tz,
    with_standard: bool,
    now: DateTime<Utc>,
    truths: Vec<Truth>,
    told: Vec<Deployment>,
    /// The emergencies that somebody declares: when, whether they are a rehearsal,
    /// whether the deployment is recorded by hand.
    declared: Vec<Declared>,
}

/// Runs so many quarters, each from a seed of its own.
pub(crate) async fn quarters(place: &Path, runs: usize, seed: u64) -> anyhow::Result<Score> {
    let mut failures = Vec::new();
    let mut n_told = 0;
    let mut n_windows = 0;
    let mut control_failures = 0;
    for run in 0..runs {
        let seed = seed.wrapping_add(run as u64);
        let quarter = Quarter::of(&mut Dice::new(seed));
        let path = place.join(format!("quarter-{seed}.db"));
        let rate = quarter.live(&path).await?;
        n_told += quarter.told.len();
        let windows = windows(&rate);
        n_windows += windows.len();
        for (name, figures) in &windows {
            let differing = quarter.differing(figures);
            failures.extend(differing.map(|why| format!("seed {seed}, {name}: {why}")));
        }
        // Who counts every telling counts too much; in some window, as the quarter that
        // has just begun may have none.
        let is_every_one = |figures: &Figures| quarter.n_told_in(figures) == figures.n_changes;
        if !windows.iter().all(|(_, figures)| is_every_one(figures)) {
            control_failures += 1;
        }
        for ending in ["", "-wal", "-shm", ".lock"] {
            let mut name = path.clone().into_os_string();
            name.push(ending);
            let _ = std::fs::remove_file(name);
        }
    }
    if control_failures < runs {
        failures.push(format!(
            "only {control_failures} of {runs} quarters had anything told twice"
        ));
    }
    Ok(Score {
        harness: "a_quarter_equals_its_naive_recount",
        runs,
        of: "quarters",
        seed,
        about: format!("{n_told} tellings, {n_windows} windows"),
        failures,
        control: "every telling counted",
        control_failures,
    })
}

fn windows(rate: &Assembled) -> Vec<(String, &Figures)> {
    let mut windows: Vec<(String, &Figures)> = rate
        .weeks
        .iter()
        .map(|one| (format!("week of {}", one.window), one))
        .collect();
    windows.extend([
        ("the reported week".to_owned(), &rate.week),
        ("the reported four weeks".to_owned(), &rate.rolling),
        ("this week".to_owned(), &rate.this_week),
        ("these four weeks".to_owned(), &rate.these_weeks),
        ("the four before".to_owned(), &rate.weeks_before),
        ("the quarter".to_owned(), &rate.quarter),
    ]);
    let before = rate.quarter_before.as_ref();
    windows.extend(before.map(|one| ("the quarter before".to_owned(), one)));
    windows
}

impl Quarter {
    fn of(dice: &mut Dice) -> Self {
        let zone = *dice.choose(&ZONES).unwrap_or(&chrono_tz::UTC);
        let begin = Window::quarter(&zone, at("2026-02-01T00:00:00Z"));
        let mut quarter = Self {
            zone,
            with_standard: dice.one_in(2),
            now: begin.to - TimeDelta::days(8) + TimeDelta::seconds(seconds(dice, 16 * 86_400)),
            truths: Vec::new(),
            told: Vec::new(),
            declared: Vec::new(),
        };
        for n in 0..CHANGES - OF_THE_REGISTER {
            quarter.normal(dice, n, &begin);
        }
        for n in 0..OF_THE_REGISTER + DRILLS {
            quarter.emergency(dice, n, &begin);
        }
        // Late, early, in any order.
        for last in (1..quarter.told.len()).rev() {
            quarter.told.swap(last, dice.below(last + 1));
        }
        quarter
    }

    /// A change that a source tells of, and what else is told of it.
    fn normal(&mut self, dice: &mut Dice, n: usize, begin: &Window) {
        let is_emergency = n < OF_A_SOURCE;
        let at = instant(dice, self.zone, begin);
        let kind = match () {
            () if is_emergency => ChangeKind::Emergency,
            () if dice.one_in(10) => ChangeKind::Standard,
            () => ChangeKind::Normal,
        };
        let system = dice.choose(&SYSTEMS).copied();
        let (source, happening) = *dice.choose(&SOURCES).unwrap_or(&SOURCES[0]);
        let full = commit_of(n);
        let is_cut = source == "bitbucket";
        let first = Deployment {
            commit: Some(if is_cut { abbreviated(n) } else { full.clone() }),
            system: system.map(ToOwned::to_owned),
            kind: (kind != ChangeKind::Normal).then_some(kind),
            ..Deployment::new(SourceName::new(source), format!("run/{n}"), happening, at)
        };
        if is_cut {
            // The job that brings it to production counts by its source's rule, too.
            self.told.push(Deployment {
                source: SourceName::new("jenkins"),
                external_id: format!("deploy/{n}"),
                happening: Happening::Run,
                at: at + TimeDelta::seconds(60 + seconds(dice, 3 * 86_400)),
                commit: Some(full),
                kind: None,
                system: None,
                ..first.clone()
            });
        }
        if dice.one_in(5) {
            // The same again, word for word.
            self.told.push(first.clone());
        }
        if dice.one_in(6) {
            // Run again, hours later.
            let again = at + TimeDelta::seconds(60 + seconds(dice, 6 * 86_400));
            self.told.push(Deployment {
                external_id: format!("run/{n}/2"),
                at: again,
                ..first.clone()
            });
        }
        if dice.one_in(4) {
            // Merged before, which doesn't count.
            self.told.push(Deployment {
                source: SourceName::new("github"),
                external_id: format!("pull/{n}"),
                happening: Happening::Merge,
                at: at - TimeDelta::seconds(seconds(dice, 86_400)),
                kind: None,
                system: None,
                ..first.clone()
            });
        }
        if dice.one_in(8) {
            // Somebody lists it, too, with the day's end for its time.
            self.told.push(Deployment {
                source: SourceName::new("tickets"),
                external_id: format!("OPS-{n}"),
                happening: Happening::Listed,
                at: at + TimeDelta::hours(12),
                kind: None,
                system: None,
                ..first.clone()
            });
        }
        self.told.push(first);
        self.truths.push(Truth {
            at,
            kind,
            system,
            in_register: false,
            is_not_genuine: false,
        });
    }

    /// An emergency that somebody declares; a deployment of it may be told of, too.
    fn emergency(&mut self, dice: &mut Dice, n: usize, begin: &Window) {
        let declared = Declared {
            at: instant(dice, self.zone, begin),
            drill: n >= OF_THE_REGISTER,
            by_hand: dice.one_in(2),
            is_not_genuine: dice.one_in(6),
        };
        let number = ChangeNumber(ChangeNumber::FIRST.0 + n as u64);
        let is_told = !declared.by_hand || dice.one_in(2);
        if is_told {
            let told = Deployment {
                reference: Some(number),
                ..Deployment::new(
                    SourceName::new("gitlab"),
                    format!("hotfix/{n}"),
                    Happening::Deployment,
                    declared.at,
                )
            };
            if dice.one_in(3) {
                self.told.push(told.clone());
            }
            if dice.one_in(4) {
                // Merged first, in words that don't name the change.
                self.told.push(Deployment {
                    reference: None,
                    commit: Some(abbreviated(CHANGES + n)),
                    ..merged(n, declared.at)
                });
                self.told.push(Deployment {
                    commit: Some(commit_of(CHANGES + n)),
                    ..told.clone()
                });
            }
            self.told.push(told);
        }
        if !declared.drill || is_told {
            // What truly happened while it was only practised is a change like others.
            self.truths.push(Truth {
                at: declared.at,
                kind: if declared.drill {
                    ChangeKind::Normal
                } else {
                    ChangeKind::Emergency
                },
                system: None,
                in_register: !declared.drill,
                is_not_genuine: declared.is_not_genuine && !declared.drill,
            });
        }
        self.declared.push(declared);
    }

    /// Lives through it, and returns what the rate is then.
    async fn live(&self, path: &Path) -> anyhow::Result<Assembled> {
        let store = Store::open(&Options::at(path), WorkspaceId::new(WORKSPACE))?;
        let rules = Rules::new(Policy::unwritten(PolicyVersion(1)), [], self.zone);
        let rules = Arc::new(rules);
        for (n, declared) in self.declared.iter().enumerate() {
            let execution = execution(n, declared);
            let at = declared.at;
            let (outcome, number) = store.execute(execution, Arc::clone(&rules), at).await?;
            ensure!(outcome == Outcome::Done, "{outcome:?}");
            let wanted = ChangeNumber(ChangeNumber::FIRST.0 + n as u64);
            ensure!(number == Some(wanted), "{number:?} isn't {wanted}");
        }
        for (n, some) in self.told.chunks(BATCH).enumerate() {
            // Every third comes a second time.
            for _ in 0..=usize::from(n % 3 == 0) {
                let intake = Intake {
                    delivery: Some(format!("delivery/{n}")),
                    ..Intake::new(SourceName::new("gitlab"), some.to_vec())
                };
                store
                    .take_in(intake, Arc::default(), Arc::clone(&rules), self.late())
                    .await?;
            }
        }
        let wanted = Wanted {
            rules: rate::Rules {
                guideline: 100,
                with_standard: self.with_standard,
            },
            teams: rate::Teams::default(),
            zone: self.zone,
            weeks: 14,
            with_quarter_before: true,
            now: self.now,
        };
        let rate = assembled(&store, wanted.clone()).await?;
        let beside = look(path, None, |moment| assemble(moment, &wanted))?;
        ensure!(
            windows(&beside)
                .iter()
                .zip(windows(&rate))
                .all(|(one, other)| *one.1 == *other.1),
            "who only looks sees something else"
        );
        store.close().await;
        Ok(rate)
    }

    /// When the last of it is told: what is still to come isn't taken for deployed.
    fn late(&self) -> DateTime<Utc> {
        self.now + TimeDelta::days(30)
    }

    /// What differs from counting one by one, if anything.
    fn differing(&self, figures: &Figures) -> Option<String> {
        let in_it: Vec<&Truth> = self
            .truths
            .iter()
            .filter(|one| figures.window.from <= one.at && one.at < figures.window.to)
            .filter(|one| one.at < self.now)
            .collect();
        let n = |is: &dyn Fn(&Truth) -> bool| in_it.iter().filter(|one| is(one)).count() as u64;
        let n_emergencies = n(&|one| one.kind == ChangeKind::Emergency);
        let n_standard = n(&|one| one.kind == ChangeKind::Standard);
        let n_normal = n(&|one| one.kind == ChangeKind::Normal);
        let n_changes = n_normal + n_emergencies + if self.with_standard { n_standard } else { 0 };
        let mut by_system: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for one in &in_it {
            let counts = one.kind != ChangeKind::Standard || self.with_standard;
            if let Some(system) = one.system.filter(|_| counts) {
                let (changes, emergencies) = by_system.entry(system).or_default();
                *changes += 1;
                *emergencies += u64::from(one.kind == ChangeKind::Emergency);
            }
        }
        let wanted = (
            n_changes,
            n_emergencies,
            n_standard,
            n(&|one| one.is_not_genuine),
            n(&|one| one.in_register),
            by_system,
        );
        let found = (
            figures.n_changes,
            figures.n_emergencies,
            figures.n_standard,
            figures.n_not_genuine,
            figures.emergencies.len() as u64,
            figures
                .by_system
                .iter()
                .map(|one| (one.name.as_str(), (one.n_changes, one.n_emergencies)))
                .collect(),
        );
        (found != wanted).then(|| format!("{found:?} instead of {wanted:?}"))
    }

    /// How many tellings there are of the changes of a window.
    fn n_told_in(&self, figures: &Figures) -> u64 {
        let in_it = |one: &&Deployment| figures.window.holds(one.at) && one.at < self.now;
        self.told.iter().filter(in_it).count() as u64
    }
}

/// The commit of a change: no two begin alike.
fn commit_of(n: usize) -> String {
    format!("c{n:011x}{:028x}", 0)
}

/// As much of it as Bitbucket tells.
fn abbreviated(n: usize) -> String {
    format!("c{n:011x}")
}

/// A merge at the moment of an emergency's deployment.
fn merged(n: usize, at: DateTime<Utc>) -> Deployment {
    Deployment::new(
        SourceName::new("bitbucket"),
        format!("merge/{n}"),
        Happening::Merge,
        at,
    )
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_default()
}

fn seconds(dice: &mut Dice, below: usize) -> i64 {
    i64::try_from(dice.below(below)).unwrap_or_default()
}

/// Somewhere in the quarter; now and then just where a week begins or ends.
fn instant(dice: &mut Dice, zone: Tz, quarter: &Window) -> DateTime<Utc> {
    let span = (quarter.to - quarter.from).num_seconds();
    let span = usize::try_from(span).unwrap_or_default();
    let at = quarter.from + TimeDelta::seconds(seconds(dice, span));
    if !dice.one_in(20) {
        return at;
    }
    let week = Window::week(&zone, at);
    let edge = if dice.one_in(2) {
        week.from
    } else {
        week.to - TimeDelta::microseconds(1)
    };
    // What lies beyond the quarter's edge is of another one.
    if quarter.holds(edge) { edge } else { at }
}
