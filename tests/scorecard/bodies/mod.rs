//! What strangers may send, as plain functions over bytes: none may fail, whatever
//! the bytes are. A property tester throws what the documents show at them, torn
//! and spliced; a coverage-guided fuzzer can be put in its place as it stands.

mod config;
mod grammar;
mod list;
mod payload;
mod signature;
mod webhook;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::Score;

/// Takes any bytes; says what is wrong with what became of them.
type Body = fn(&[u8]) -> Result<(), String>;

/// What is thrown at a body: what it knows, and words that mean something to it.
struct Target {
    name: &'static str,
    body: Body,
    seeds: &'static [&'static [u8]],
    words: &'static [&'static str],
}

const TARGETS: [Target; 6] = [
    Target {
        name: "grammar",
        body: grammar::body,
        seeds: grammar::SEEDS,
        words: grammar::WORDS,
    },
    Target {
        name: "signature",
        body: signature::body,
        seeds: signature::SEEDS,
        words: signature::WORDS,
    },
    Target {
        name: "payloads",
        body: payload::body,
        seeds: payload::SEEDS,
        words: payload::WORDS,
    },
    Target {
        name: "configuration",
        body: config::body,
        seeds: config::SEEDS,
        words: config::WORDS,
    },
    Target {
        name: "webhooks",
        body: webhook::body,
        seeds: webhook::SEEDS,
        words: webhook::WORDS,
    },
    Target {
        name: "lists",
        body: list::body,
        seeds: list::SEEDS,
        words: list::WORDS,
    },
];

/// What one edit does to the bytes.
#[derive(Debug, Clone)]
enum Edit {
    /// Puts a byte in the place of another.
    Byte(prop::sample::Index, u8),
    /// Takes a stretch away.
    Cut(prop::sample::Index, usize),
    /// Writes a stretch a second time.
    Again(prop::sample::Index, usize),
    /// Puts a word in.
    Word(prop::sample::Index, prop::sample::Index),
    /// Goes on with another seed from here.
    Splice(prop::sample::Index, prop::sample::Index),
}

impl Edit {
    fn any() -> impl Strategy<Value = Self> {
        let at = any::<prop::sample::Index>;
        prop_oneof![
            (at(), any::<u8>()).prop_map(|(at, byte)| Self::Byte(at, byte)),
            (at(), 1..40_usize).prop_map(|(at, n)| Self::Cut(at, n)),
            (at(), 1..200_usize).prop_map(|(at, n)| Self::Again(at, n)),
            (at(), at()).prop_map(|(at, word)| Self::Word(at, word)),
            (at(), at()).prop_map(|(at, seed)| Self::Splice(at, seed)),
        ]
    }

    fn make(&self, bytes: &mut Vec<u8>, target: &Target) {
        let place = |at: &prop::sample::Index| at.index(bytes.len() + 1);
        match self {
            Self::Byte(at, byte) => {
                let at = place(at);
                if let Some(old) = bytes.get_mut(at) {
                    *old = *byte;
                }
            }
            Self::Cut(at, n) => {
                let at = place(at);
                bytes.drain(at..(at + n).min(bytes.len()));
            }
            Self::Again(at, n) => {
                let at = place(at);
                let stretch: Vec<u8> = bytes.iter().skip(at).take(*n).copied().collect();
                bytes.splice(at..at, stretch);
            }
            Self::Word(at, word) => {
                let at = place(at);
                let word = target.words.get(word.index(target.words.len()));
                bytes.splice(at..at, word.into_iter().flat_map(|word| word.bytes()));
            }
            Self::Splice(at, seed) => {
                bytes.truncate(place(at));
                let other = target.seeds.get(seed.index(target.seeds.len()));
                let other = other.copied().unwrap_or_default();
                bytes.extend(other.iter().skip(at.index(other.len() + 1)));
            }
        }
    }
}

/// Throws `n_runs` pieces at each body.
pub(crate) fn bodies(n_runs: usize, seed: u64) -> Score {
    let mut failures = Vec::new();
    for target in &TARGETS {
        if let Some(found) = fails(target, target.body, n_runs, seed) {
            failures.push(format!("{}: {found}", target.name));
        }
    }
    // A reader that cuts a line where a character goes on must be found out.
    let control = TARGETS
        .iter()
        .filter(|target| fails(target, careless, n_runs, seed).is_some())
        .count();
    Score {
        harness: "bodies",
        runs: n_runs * TARGETS.len(),
        of: "pieces",
        seed,
        about: TARGETS.map(|target| target.name).join(", "),
        failures,
        control: "a reader that cuts characters",
        control_failures: control,
    }
}

fn careless(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    match text.get(..20.min(text.len())) {
        Some(_) => Ok(()),
        None => Err("a character is cut".to_owned()),
    }
}

/// Returns the smallest piece found at which a body fails, and how.
fn fails(target: &Target, body: Body, n_runs: usize, seed: u64) -> Option<String> {
    let config = Config {
        cases: u32::try_from(n_runs).unwrap_or(u32::MAX),
        failure_persistence: None,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes
        .iter_mut()
        .zip(seed.to_be_bytes())
        .for_each(|(to, from)| *to = from);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let seeds = 0..target.seeds.len();
    let edited = (seeds, prop::collection::vec(Edit::any(), 0..8)).prop_map(|(which, edits)| {
        let mut bytes = target
            .seeds
            .get(which)
            .copied()
            .unwrap_or_default()
            .to_vec();
        for edit in edits {
            edit.make(&mut bytes, target);
        }
        bytes
    });
    let noise = prop::collection::vec(any::<u8>(), 0..400);
    let pieces = prop_oneof![9 => edited, 1 => noise];
    let held = TestRunner::new_with_rng(config, rng)
        .run(&pieces, |piece| body(&piece).map_err(TestCaseError::fail));
    match held {
        Ok(()) => None,
        Err(TestError::Abort(why)) => Some(format!("aborted: {why}")),
        Err(TestError::Fail(why, piece)) => {
            Some(format!("{why}, of {:?}", String::from_utf8_lossy(&piece)))
        }
    }
}
