//! Which changes become samples: drawn by a seed, named, or of one day.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::context::{Context, identity};
use super::emergency::{Emergency, Part};
use super::fault::PackFault;
use crate::domain::deployment::ChangeKind;
use crate::domain::id::ChangeNumber;
use crate::domain::named;
use crate::domain::rate::midnight;
use crate::evidence::sample::{Sample, usual_size};
use crate::store::{CountedChange, Dossier};

/// The largest sample that the usual table asks for.
const USUAL: usize = 25;

named! {
    /// From which part of the population samples are drawn.
    pub enum Stratum {
        /// From all of it.
        All = "all",
        /// From the emergencies.
        Emergency = "emergency",
        /// From the changes that weren't.
        Normal = "normal",
        /// From those of which a control was not met.
        Exceptions = "exceptions",
        /// From those first, and then from the rest.
        ExceptionsFirst = "exceptions-first",
    }
}

/// Which changes of the population are sampled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// As a seed draws them.
    Drawn {
        /// How many; nothing: by the usual table.
        size: Option<usize>,
        /// The seed; nothing: the root of the checkpoint, which nobody knows before.
        seed: Option<u64>,
        /// From where.
        stratum: Stratum,
    },
    /// These, by their names in the change log's column *Change*.
    Named(Vec<String>),
    /// All that went to production on this day.
    On(NaiveDate),
}

/// A change to be sampled.
#[derive(Debug)]
pub(super) enum Candidate {
    Emergency(ChangeNumber),
    Normal(Box<CountedChange>),
}

/// A sample before it is written.
#[derive(Debug)]
pub(super) enum Chosen {
    Emergency(Box<Dossier>),
    Normal(Box<CountedChange>),
}

/// Draws as the population passes by.
#[derive(Debug)]
pub(super) struct Drawing<'a> {
    which: &'a Which,
    context: &'a Context<'a>,
    seed: u64,
    /// Those that come first, and how many there were to draw from.
    first: Sample<Candidate>,
    n_first: u64,
    /// Those that come after them, and how many there were.
    rest: Sample<Candidate>,
    n_rest: u64,
    /// Those of the day.
    day: Option<(DateTime<Utc>, DateTime<Utc>)>,
    of_day: Vec<Candidate>,
    /// Those that were named, by their place among the names.
    named: BTreeMap<usize, Candidate>,
}

/// How samples were drawn, so that others can draw them again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draw {
    pub(super) stratum: Stratum,
    pub(super) seed: u64,
    /// Whether somebody named the seed; otherwise it is the checkpoint's root.
    pub(super) is_given: bool,
    /// How many were asked for; nothing: as many as the usual table says.
    pub(super) size: Option<usize>,
    /// From how many the first were drawn, and those that came after them.
    pub(super) n_first: u64,
    pub(super) n_rest: u64,
}

impl<'a> Drawing<'a> {
    pub(super) fn new(which: &'a Which, context: &'a Context<'a>) -> Self {
        let root = context.wanted.checkpoint.root;
        let by_root = root
            .first_chunk::<8>()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let (seed, size) = match which {
            Which::Drawn { size, seed, .. } => (seed.unwrap_or(by_root), size.unwrap_or(USUAL)),
            Which::Named(_) | Which::On(_) => (by_root, 0),
        };
        let zone = &context.wanted.zone;
        let day = match which {
            Which::On(day) => day
                .checked_add_days(Days::new(1))
                .map(|next| (midnight(zone, *day), midnight(zone, next))),
            Which::Drawn { .. } | Which::Named(_) => None,
        };
        Self {
            which,
            context,
            seed,
            first: Sample::new(seed, size),
            n_first: 0,
            rest: Sample::new(seed, size),
            n_rest: 0,
            day,
            of_day: Vec::new(),
            named: BTreeMap::new(),
        }
    }

    /// Returns how one draws, where one does.
    pub(super) fn draw(&self) -> Option<Draw> {
        let Which::Drawn {
            size,
            seed,
            stratum,
        } = self.which
        else {
            return None;
        };
        Some(Draw {
            stratum: *stratum,
            seed: self.seed,
            is_given: seed.is_some(),
            size: *size,
            n_first: self.n_first,
            n_rest: self.n_rest,
        })
    }

    /// Shows an emergency change of the period.
    pub(super) fn emergency(&mut self, one: &Emergency) {
        let identity = one.number.to_string();
        // What doesn't count isn't drawn; whoever names it gets it.
        if one.part == Part::Counted || matches!(self.which, Which::Named(_)) {
            let is_exception = !one.exceptions.is_empty();
            let candidate = Candidate::Emergency(one.number);
            self.offer(&identity, one.row.at, true, is_exception, candidate);
        }
    }

    /// Shows a change that sources told of; `is_exception`: a control was not met.
    pub(super) fn normal(&mut self, one: CountedChange, is_exception: bool) {
        let identity = identity(&one);
        let is_emergency = one.kind == ChangeKind::Emergency;
        let at = one.at;
        let candidate = Candidate::Normal(Box::new(one));
        self.offer(&identity, at, is_emergency, is_exception, candidate);
    }

    fn offer(
        &mut self,
        identity: &str,
        at: DateTime<Utc>,
        is_emergency: bool,
        is_exception: bool,
        candidate: Candidate,
    ) {
        if let Some((from, to)) = self.day
            && (from..to).contains(&at)
        {
            self.of_day.push(candidate);
            return;
        }
        if let Which::Named(names) = self.which
            && let Some(place) = names.iter().position(|name| name == identity)
        {
            self.named.insert(place, candidate);
            return;
        }
        let Which::Drawn { stratum, .. } = self.which else {
            return;
        };
        let is_first = match stratum {
            Stratum::All => true,
            Stratum::Emergency => is_emergency,
            Stratum::Normal => !is_emergency,
            Stratum::Exceptions | Stratum::ExceptionsFirst => is_exception,
        };
        if is_first {
            self.n_first += 1;
            self.first.offer(identity, candidate);
        } else if *stratum == Stratum::ExceptionsFirst {
            self.n_rest += 1;
            self.rest.offer(identity, candidate);
        }
    }

    /// Returns the samples, in the order in which they were drawn.
    pub(super) fn samples(self) -> Result<Vec<Chosen>, PackFault> {
        let context = self.context;
        let candidates: Vec<Candidate> = match self.which {
            Which::Drawn { size, .. } => {
                let usual = usual_size(self.n_first + self.n_rest);
                let size = size.unwrap_or_else(|| usize::try_from(usual).unwrap_or(USUAL));
                let drawn = self.first.drawn().into_iter().chain(self.rest.drawn());
                drawn.map(|(_, one)| one).take(size).collect()
            }
            Which::Named(names) => {
                if let Some((_, name)) = (0..)
                    .zip(names)
                    .find(|(place, _)| !self.named.contains_key(place))
                {
                    return Err(PackFault::NotOfThePeriod {
                        name: name.clone(),
                        period: context.period(),
                        n: context.wanted.checkpoint.n,
                    });
                }
                self.named.into_values().collect()
            }
            Which::On(_) => self.of_day,
        };
        candidates
            .into_iter()
            .map(|one| match one {
                Candidate::Normal(change) => Ok(Chosen::Normal(change)),
                Candidate::Emergency(number) => {
                    let dossier = context.dossier(number)?;
                    let n = context.wanted.checkpoint.n;
                    let dossier = dossier.ok_or(PackFault::NoSuchChange { number, n })?;
                    Ok(Chosen::Emergency(Box::new(dossier)))
                }
            })
            .collect()
    }
}
