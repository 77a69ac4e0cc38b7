//! Which changes of a population an auditor looks at: drawn by a seed, so that
//! anybody can draw them again. Pure, and never holds more than the sample.
//!
//! A candidate's rank is SHA-256 over the seed, a colon and its identity; those with
//! the smallest ranks are the sample, whatever the order in which they come:
//! `printf '%s' '7:CHG-1042' | sha256sum` is all that it takes to check one.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::domain::merkle::Hash;
use crate::domain::named;

/// How many of a population one audit firm tests (`AssuranceLab`'s table for Drata's
/// clients): all of fewer than 5 (here: of up to 5), 5 of up to 50, a tenth of up to
/// 250, rounded up, and 25 of more.
pub fn usual_size(n_population: u64) -> u64 {
    match n_population {
        0..=5 => n_population,
        6..=50 => 5,
        51..=250 => n_population.div_ceil(10),
        _ => 25,
    }
}

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

/// The smallest of all that was offered.
#[derive(Debug)]
pub struct Sample<T> {
    seed: u64,
    size: usize,
    drawn: BTreeMap<(Hash, String), T>,
}

impl<T> Sample<T> {
    /// An empty sample of at most `size`.
    pub fn new(seed: u64, size: usize) -> Self {
        Self {
            seed,
            size,
            drawn: BTreeMap::new(),
        }
    }

    /// Offers a candidate by its identity, which no other has.
    pub fn offer(&mut self, identity: &str, candidate: T) {
        let place = (rank(self.seed, identity), identity.to_owned());
        let is_too_large = self.drawn.len() >= self.size
            && self
                .drawn
                .last_key_value()
                .is_none_or(|(largest, _)| *largest < place);
        if is_too_large {
            return;
        }
        self.drawn.insert(place, candidate);
        if self.drawn.len() > self.size {
            self.drawn.pop_last();
        }
    }

    /// Returns what was drawn, in the order of its ranks.
    pub fn drawn(self) -> Vec<(String, T)> {
        self.drawn
            .into_iter()
            .map(|((_, identity), candidate)| (identity, candidate))
            .collect()
    }
}

/// How samples are drawn, so that others can draw them again.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// From which part of the population.
    pub stratum: Stratum,
    /// How many were asked for; nothing: as many as the usual table says.
    pub size: Option<usize>,
    /// By which seed.
    pub seed: u64,
    /// Whether somebody named it; otherwise it is the beginning of the checkpoint's root,
    /// which nobody knows before.
    pub is_given: bool,
    /// From how many the first were drawn, and those that came after them.
    pub n_first: u64,
    /// See there.
    pub n_rest: u64,
}

impl Draw {
    /// As it was asked for, before anything was offered.
    pub fn new(stratum: Stratum, size: Option<usize>, seed: Option<u64>, root: &Hash) -> Self {
        let by_root = root.first_chunk();
        let by_root = by_root.map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Self {
            stratum,
            size,
            seed: seed.unwrap_or(by_root),
            is_given: seed.is_some(),
            n_first: 0,
            n_rest: 0,
        }
    }

    /// Returns how many are drawn of all that were offered.
    pub fn n(&self) -> usize {
        let n = self.n_first + self.n_rest;
        let due = self.size.map_or_else(|| usual_size(n), |size| size as u64);
        usize::try_from(due.min(n)).unwrap_or(USUAL)
    }
}

/// What is drawn as the population passes by.
#[derive(Debug)]
pub struct Drawn<T> {
    /// How.
    pub draw: Draw,
    first: Sample<T>,
    rest: Sample<T>,
}

impl<T> Drawn<T> {
    /// Nothing yet.
    pub fn by(draw: Draw) -> Self {
        let sample = || Sample::new(draw.seed, draw.size.unwrap_or(USUAL));
        Self {
            draw,
            first: sample(),
            rest: sample(),
        }
    }

    /// Offers a change of the population. `is_exception`: a control was not met.
    pub fn offer(&mut self, identity: &str, is_emergency: bool, is_exception: bool, change: T) {
        let is_first = match self.draw.stratum {
            Stratum::All => true,
            Stratum::Emergency => is_emergency,
            Stratum::Normal => !is_emergency,
            Stratum::Exceptions | Stratum::ExceptionsFirst => is_exception,
        };
        if is_first {
            self.draw.n_first += 1;
            self.first.offer(identity, change);
        } else if self.draw.stratum == Stratum::ExceptionsFirst {
            self.draw.n_rest += 1;
            self.rest.offer(identity, change);
        }
    }

    /// Returns what was drawn, in its order.
    pub fn changes(self) -> impl Iterator<Item = (String, T)> {
        let all = self.first.drawn().into_iter().chain(self.rest.drawn());
        all.take(self.draw.n())
    }
}

/// Returns the place of a candidate among all.
pub fn rank(seed: u64, identity: &str) -> Hash {
    Sha256::digest(format!("{seed}:{identity}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(identities: &[String], seed: u64, size: usize) -> Vec<String> {
        let mut sample = Sample::new(seed, size);
        for identity in identities {
            sample.offer(identity, ());
        }
        sample.drawn().into_iter().map(|(name, ())| name).collect()
    }

    fn population(n: usize) -> Vec<String> {
        (0..n).map(|n| format!("CHG-{}", 1001 + n)).collect()
    }

    #[test]
    fn one_seed_draws_the_same_in_whatever_order_they_come() {
        let forwards = population(400);
        let mut backwards = forwards.clone();
        backwards.reverse();
        assert_eq!(drawn(&forwards, 7, 25), drawn(&backwards, 7, 25));
        assert_ne!(drawn(&forwards, 7, 25), drawn(&forwards, 8, 25));
        assert_eq!(drawn(&forwards, 7, 25).len(), 25);
    }

    #[test]
    fn it_is_what_sorting_by_the_published_rank_gives() {
        let mut all = population(100);
        let found = drawn(&all, 3, 10);
        all.sort_by_key(|identity| rank(3, identity));
        assert_eq!(found, all[..10]);
    }

    #[test]
    fn a_small_population_is_drawn_whole_and_nothing_of_none() {
        assert_eq!(drawn(&population(3), 1, 25).len(), 3);
        assert_eq!(drawn(&population(3), 1, 0), Vec::<String>::new());
    }

    #[test]
    fn each_is_drawn_about_as_often_as_any_other() {
        let all = population(20);
        let mut n_drawn = BTreeMap::new();
        for seed in 0..2000 {
            for identity in drawn(&all, seed, 5) {
                *n_drawn.entry(identity).or_insert(0) += 1;
            }
        }
        assert!(
            all.iter().all(|one| (400..600).contains(&n_drawn[one])),
            "{n_drawn:?}"
        );
    }

    #[test]
    fn the_usual_sizes_are_those_of_the_table() {
        let sizes = [
            (0, 0),
            (4, 4),
            (5, 5),
            (6, 5),
            (50, 5),
            (51, 6),
            (250, 25),
            (251, 25),
            (1_000_000, 25),
        ];
        for (population, size) in sizes {
            assert_eq!(usual_size(population), size, "{population}");
        }
    }
}
