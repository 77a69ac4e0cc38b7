//! Counts changes as they pass by, for any number of windows at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::{Counted, Coverage, Emergency, Figures, Part, Punctuality, Rules, Teams, Window};
use crate::domain::change::Criterion;
use crate::domain::deployment::ChangeKind;

/// What is counted of a stretch between two cuts.
#[derive(Debug, Clone, Default)]
struct Bin {
    n_normal: u64,
    n_standard: u64,
    n_emergency: u64,
    first_at: Option<DateTime<Utc>>,
    /// By the place of the system's name.
    systems: Vec<Pair>,
    /// By the place of the source's name.
    sources: Vec<Pair>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    n_changes: u64,
    n_emergencies: u64,
}

impl Pair {
    fn add(&mut self, other: Self) {
        self.n_changes += other.n_changes;
        self.n_emergencies += other.n_emergencies;
    }
}

/// Up to how many names are looked through one by one.
const FEW_NAMES: usize = 16;

/// Names, each with a place. A name is copied once, when it comes up first.
#[derive(Debug, Default)]
struct Names {
    places: HashMap<String, usize>,
    all: Vec<String>,
    /// Where the last one stands: deployments come in runs.
    last: usize,
}

impl Names {
    fn place(&mut self, name: &str) -> usize {
        if self.all.get(self.last).is_some_and(|last| last == name) {
            return self.last;
        }
        // A few names are sooner looked through than hashed.
        let known = if self.all.len() <= FEW_NAMES {
            self.all.iter().position(|one| one == name)
        } else {
            self.places.get(name).copied()
        };
        self.last = known.unwrap_or_else(|| {
            self.places.insert(name.to_owned(), self.all.len());
            self.all.push(name.to_owned());
            self.all.len() - 1
        });
        self.last
    }
}

fn at_place(pairs: &mut Vec<Pair>, place: usize) -> Option<&mut Pair> {
    if pairs.len() <= place {
        pairs.resize(place + 1, Pair::default());
    }
    pairs.get_mut(place)
}

/// Counts changes for several windows in one pass. It holds as many counters as the
/// windows have edges, systems and sources, however many changes pass.
#[derive(Debug)]
pub struct Tally {
    rules: Rules,
    /// Where any window begins or ends.
    cuts: Vec<DateTime<Utc>>,
    /// What lies between each cut and the next.
    bins: Vec<Bin>,
    /// The bin of the last change, and where it begins and ends: the next one is
    /// nearly always in the same.
    open: (usize, DateTime<Utc>, DateTime<Utc>),
    systems: Names,
    sources: Names,
    emergencies: Vec<Emergency>,
    teams: Teams,
}

impl Tally {
    /// Begins to count for these windows, in any order; they may overlap.
    pub fn new<'a>(rules: Rules, windows: impl IntoIterator<Item = &'a Window>) -> Self {
        let mut cuts: Vec<DateTime<Utc>> = windows
            .into_iter()
            .flat_map(|window| [window.from, window.to])
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let never = DateTime::<Utc>::MIN_UTC;
        Self {
            rules,
            bins: vec![Bin::default(); cuts.len().saturating_sub(1)],
            cuts,
            open: (0, never, never),
            systems: Names::default(),
            sources: Names::default(),
            emergencies: Vec::new(),
            teams: Teams::default(),
        }
    }

    /// Counts by team, too.
    #[must_use]
    pub fn with_teams(self, teams: &Teams) -> Self {
        Self {
            teams: teams.clone(),
            ..self
        }
    }

    /// Returns from when until when changes are wanted, if any are.
    pub fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        Some((*self.cuts.first()?, *self.cuts.last()?))
    }

    /// Counts a change that isn't one of the register's.
    pub fn count(&mut self, change: &Counted<'_>) {
        let Some(bin) = self.bin_of(change.at) else {
            return;
        };
        let system = change.system.map(|name| self.systems.place(name));
        let source = self.sources.place(change.source);
        let Some(bin) = self.bins.get_mut(bin) else {
            return;
        };
        if bin.first_at.is_none_or(|first| change.at < first) {
            bin.first_at = Some(change.at);
        }
        match change.kind {
            ChangeKind::Normal => bin.n_normal += 1,
            ChangeKind::Standard => bin.n_standard += 1,
            ChangeKind::Emergency => bin.n_emergency += 1,
        }
        let one = Pair {
            n_changes: u64::from(self.rules.count(change.kind)),
            n_emergencies: u64::from(change.kind == ChangeKind::Emergency),
        };
        if let Some(pair) = system.and_then(|place| at_place(&mut bin.systems, place)) {
            pair.add(one);
        }
        if let Some(pair) = at_place(&mut bin.sources, source) {
            pair.add(one);
        }
    }

    /// Adds an emergency change of the register.
    pub fn add(&mut self, emergency: Emergency) {
        self.emergencies.push(emergency);
    }

    fn bin_of(&mut self, at: DateTime<Utc>) -> Option<usize> {
        let (bin, from, to) = self.open;
        if from <= at && at < to {
            return Some(bin);
        }
        let bin = self.cuts.partition_point(|cut| *cut <= at).checked_sub(1)?;
        self.open = (bin, *self.cuts.get(bin)?, *self.cuts.get(bin + 1)?);
        Some(bin)
    }

    /// Returns what is known about one of the windows, as of `now`.
    pub fn figures(&self, window: &Window, coverage: Coverage, now: DateTime<Utc>) -> Figures {
        let mut whole = Bin::default();
        for (from, bin) in self.cuts.iter().zip(&self.bins) {
            if window.holds(*from) {
                whole.n_normal += bin.n_normal;
                whole.n_standard += bin.n_standard;
                whole.n_emergency += bin.n_emergency;
                // The bins stand in the order of time.
                whole.first_at = whole.first_at.or(bin.first_at);
                sum(&mut whole.systems, &bin.systems);
                sum(&mut whole.sources, &bin.sources);
            }
        }
        let mut emergencies: Vec<&Emergency> = self
            .emergencies
            .iter()
            .filter(|one| window.holds(one.deployed_at))
            .collect();
        emergencies.sort_by_key(|one| (one.deployed_at, one.number));
        let n_emergencies = whole.n_emergency + emergencies.len() as u64;
        let standard = if self.rules.with_standard {
            whole.n_standard
        } else {
            0
        };
        Figures {
            window: *window,
            rules: self.rules,
            as_of: now,
            n_changes: whole.n_normal + standard + n_emergencies,
            n_emergencies,
            n_not_genuine: count(&emergencies, |one| one.is_not_genuine),
            n_standard: whole.n_standard,
            coverage,
            documented: Punctuality {
                n_in_time: count(&emergencies, |one| one.documented_in_time == Some(true)),
                n_due: count(&emergencies, |one| one.documented_in_time.is_some()),
            },
            to_authorization: median(
                emergencies
                    .iter()
                    .filter_map(|one| Some(one.authorized_at? - one.requested_at)),
            ),
            to_documentation: median(
                emergencies
                    .iter()
                    .filter_map(|one| Some(one.documented_at? - one.deployed_at)),
            ),
            to_approval: median(
                emergencies
                    .iter()
                    .filter_map(|one| Some(one.approved_at? - one.deployed_at)),
            ),
            by_system: self.by_system(&whole, &emergencies),
            by_team: self.by_team(&whole, &emergencies),
            by_criterion: by_criterion(&emergencies, whole.n_emergency),
            by_source: by_most(parts(&self.sources, &whole.sources)),
            emergencies: emergencies.iter().map(|one| one.number).collect(),
            first_at: emergencies
                .first()
                .map(|one| one.deployed_at)
                .into_iter()
                .chain(whole.first_at)
                .min(),
            is_told_of: whole.n_normal + whole.n_standard > 0,
        }
    }

    fn by_system(&self, whole: &Bin, emergencies: &[&Emergency]) -> Vec<Part> {
        let mut found: BTreeMap<String, Pair> = parts(&self.systems, &whole.systems);
        for emergency in emergencies {
            let mut systems: Vec<&String> = emergency.systems.iter().collect();
            systems.sort_unstable();
            systems.dedup();
            for system in systems {
                found.entry(system.clone()).or_default().add(Pair {
                    n_changes: 1,
                    n_emergencies: 1,
                });
            }
        }
        by_most(found)
    }

    fn by_team(&self, whole: &Bin, emergencies: &[&Emergency]) -> Vec<Part> {
        let mut found: BTreeMap<String, Pair> = BTreeMap::new();
        for (system, pair) in parts(&self.systems, &whole.systems) {
            for team in self.teams.of(&system) {
                found.entry(team.clone()).or_default().add(pair);
            }
        }
        for emergency in emergencies {
            let systems = emergency.systems.iter();
            let teams: BTreeSet<&String> = systems.flat_map(|one| self.teams.of(one)).collect();
            for team in teams {
                found.entry(team.clone()).or_default().add(Pair {
                    n_changes: 1,
                    n_emergencies: 1,
                });
            }
        }
        by_most(found)
    }
}

fn sum(into: &mut Vec<Pair>, pairs: &[Pair]) {
    for (place, pair) in pairs.iter().enumerate() {
        if let Some(sum) = at_place(into, place) {
            sum.add(*pair);
        }
    }
}

fn count(emergencies: &[&Emergency], is: impl Fn(&Emergency) -> bool) -> u64 {
    emergencies.iter().filter(|one| is(one)).count() as u64
}

fn parts(names: &Names, pairs: &[Pair]) -> BTreeMap<String, Pair> {
    names
        .all
        .iter()
        .zip(pairs)
        .filter(|(_, pair)| pair.n_changes > 0)
        .map(|(name, pair)| (name.clone(), *pair))
        .collect()
}

/// Those with most emergencies first, then those with most changes, then by name.
fn by_most(found: BTreeMap<String, Pair>) -> Vec<Part> {
    let mut parts: Vec<Part> = found
        .into_iter()
        .map(|(name, pair)| Part {
            name,
            n_changes: pair.n_changes,
            n_emergencies: pair.n_emergencies,
        })
        .collect();
    parts.sort_by(|a, b| {
        (b.n_emergencies, b.n_changes)
            .cmp(&(a.n_emergencies, a.n_changes))
            .then_with(|| a.name.cmp(&b.name))
    });
    parts
}

/// Emergencies of which a source alone tells state no criterion.
fn by_criterion(emergencies: &[&Emergency], n_told: u64) -> Vec<(Option<Criterion>, u64)> {
    let named = Criterion::ALL.iter().copied().map(Some);
    named
        .chain([None])
        .map(|criterion| {
            let told = if criterion.is_none() { n_told } else { 0 };
            (
                criterion,
                told + count(emergencies, |one| one.criterion == criterion),
            )
        })
        .filter(|(_, n)| *n > 0)
        .collect()
}

/// The one in the middle; between two, half way.
fn median(spans: impl Iterator<Item = TimeDelta>) -> Option<TimeDelta> {
    let mut spans: Vec<TimeDelta> = spans.collect();
    spans.sort_unstable();
    let upper = *spans.get(spans.len() / 2)?;
    if spans.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *spans.get((spans.len() / 2).checked_sub(1)?)?;
    Some(lower + (upper - lower) / 2)
}
