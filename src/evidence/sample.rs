//! Which changes of a population an auditor looks at: drawn by a seed, so that
//! anybody can draw them again. Pure, and never holds more than the sample.
//!
//! A candidate's rank is SHA-256 over the seed, a colon and its identity; those with
//! the smallest ranks are the sample, whatever the order in which they come:
//! `printf '%s' '7:CHG-1042' | sha256sum` is all that it takes to check one.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::domain::merkle::Hash;

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
