//! Which changes become samples: drawn by a seed, named, or of one day.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, NaiveDate, Utc};

use super::context::{Context, identity};
use super::emergency::{Emergency, Part};
use super::fault::PackFault;
use super::period;
use crate::domain::deployment::ChangeKind;
use crate::domain::id::ChangeNumber;
use crate::evidence::sample::{Draw, Drawn, Stratum};
use crate::store::{CountedChange, Dossier};

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
    context: &'a Context<'a>,
    way: Way<'a>,
}

/// By what a change becomes a sample, and those that have.
#[derive(Debug)]
enum Way<'a> {
    Drawn(Drawn<Candidate>),
    /// By their place among the names.
    Named {
        names: &'a [String],
        found: BTreeMap<usize, Candidate>,
    },
    On {
        day: Range<DateTime<Utc>>,
        found: Vec<Candidate>,
    },
}

impl<'a> Drawing<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        let wanted = context.wanted;
        let way = match wanted.which {
            Which::Drawn {
                size,
                seed,
                stratum,
            } => {
                let root = &wanted.checkpoint.root;
                Way::Drawn(Drawn::by(Draw::new(*stratum, *size, *seed, root)))
            }
            Which::Named(names) => Way::Named {
                names,
                found: BTreeMap::new(),
            },
            Which::On(day) => {
                let (from, to) = period((*day, *day), &wanted.zone);
                Way::On {
                    day: from..to,
                    found: Vec::new(),
                }
            }
        };
        Self { context, way }
    }

    /// Returns how one draws, where one does.
    pub(super) fn draw(&self) -> Option<Draw> {
        match &self.way {
            Way::Drawn(drawn) => Some(drawn.draw),
            Way::Named { .. } | Way::On { .. } => None,
        }
    }

    /// Shows an emergency change of the period.
    pub(super) fn emergency(&mut self, one: &Emergency) {
        let identity = one.number.to_string();
        // What doesn't count isn't drawn; whoever names it gets it.
        if one.part == Part::Counted || matches!(self.way, Way::Named { .. }) {
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
        match &mut self.way {
            Way::Drawn(drawn) => {
                drawn.offer(identity, is_emergency, is_exception, candidate);
            }
            Way::Named { names, found } => {
                if let Some(place) = names.iter().position(|name| name == identity) {
                    found.insert(place, candidate);
                }
            }
            Way::On { day, found } => {
                if day.contains(&at) {
                    found.push(candidate);
                }
            }
        }
    }

    /// Returns the samples, in the order in which they were drawn.
    pub(super) fn samples(self) -> Result<Vec<Chosen>, PackFault> {
        let context = self.context;
        let candidates: Vec<Candidate> = match self.way {
            Way::Drawn(drawn) => drawn.changes().map(|(_, one)| one).collect(),
            Way::Named { names, found } => {
                if let Some((_, name)) = (0..)
                    .zip(names)
                    .find(|(place, _)| !found.contains_key(place))
                {
                    return Err(PackFault::NotOfThePeriod {
                        name: name.clone(),
                        period: context.period(),
                        n: context.wanted.checkpoint.n,
                    });
                }
                found.into_values().collect()
            }
            Way::On { found, .. } => found,
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
