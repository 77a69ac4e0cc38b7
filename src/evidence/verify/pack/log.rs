//! Holds the change log, row by row, against what the log's records and the sources say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::about::{About, instant};
use super::book::{Cell, Row, odd};
use super::flaw::Flaw;
use super::told::Tellings;
use super::{ABOUT, Leaf, Samples};
use crate::domain::merkle::Hash;
use crate::evidence::sample::{Draw, Drawn, Stratum};

/// Days as decimal fractions are good for thousandths of seconds; in microseconds.
const NEARLY: i64 = 10_000;

/// Returns the number of a change of the register by its name; nothing if it is
/// another's.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("CHG-")?;
    let is_number = digits.len() <= 18
        && !digits.starts_with('0')
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number)
}

/// A change of the register, as far as its records tell whether it counts, and when.
#[derive(Debug, Default)]
pub(super) struct Change {
    asked: Option<i64>,
    deployed: Vec<i64>,
    is_drill: bool,
    is_double: bool,
}

impl Change {
    pub(super) fn take(&mut self, leaf: &Leaf, form: &dyn Fn() -> Flaw) -> Result<(), Flaw> {
        let at = |name: &str| {
            let at = leaf.data.get(name).and_then(Value::as_str);
            at.and_then(instant).ok_or_else(form)
        };
        let missing = |what: &str| Flaw::missing(format!("what {what} isn't in leaves.jsonl"));
        match leaf.kind.as_str() {
            "requested" => {
                self.asked = Some(instant(&leaf.at).ok_or_else(form)?);
                self.is_drill = leaf.data.get("drill") == Some(&Value::Bool(true));
            }
            _ if self.asked.is_none() => return Err(missing(&format!("was before {leaf}"))),
            "deployed" => self.deployed.push(at("deployed_at")?),
            "deployment_corrected" => {
                let (before, after) = (at("from")?, at("to")?);
                if !self.deployed.contains(&before) {
                    return Err(missing(&format!("{leaf} corrects")));
                }
                for at in self.deployed.iter_mut().filter(|at| **at == before) {
                    *at = after;
                }
            }
            "linked_as_duplicate" => self.is_double = true,
            _ => {}
        }
        Ok(())
    }

    /// When it was deployed first; of one that never was, when it was asked for.
    pub(super) fn at(&self) -> Option<i64> {
        self.deployed.iter().copied().min().or(self.asked)
    }

    fn kind(&self) -> &'static str {
        match self {
            Self { is_drill: true, .. } => "Drill",
            Self {
                is_double: true, ..
            } => "Second record",
            Self { deployed, .. } if deployed.is_empty() => "Not deployed",
            Self { .. } => "Emergency",
        }
    }
}

/// What draws the samples again, by what pack.json says; nothing if it says nothing that
/// could be.
fn drawn_by(drawn: &Value, root: &Hash) -> Option<Drawn<()>> {
    let text = |name: &str| drawn.get(name)?.as_str();
    let seed = text("seed")?;
    let named = match text("seed_is")? {
        "named" => Some(seed.parse().ok()?),
        _ => None,
    };
    let size = match drawn.get("asked_for")? {
        Value::Null => None,
        size => Some(usize::try_from(size.as_u64()?).ok()?),
    };
    let draw = Draw::new(Stratum::from_name(text("stratum")?)?, size, named, root);
    (draw.seed.to_string() == seed).then(|| Drawn::by(draw))
}

/// The row of a change that isn't of the register: when, which hash, what kind.
pub(super) type Listed = (i64, String, String);

/// The change log against the log.
pub(super) struct Log<'a> {
    pub(super) about: &'a About,
    pub(super) changes: &'a BTreeMap<u64, Change>,
    drawn: Option<Drawn<()>>,
    n_emergencies: u64,
    n_normal: u64,
    n_standard: u64,
    /// The rows of changes that aren't of the register, and are samples.
    pub(super) of_samples: BTreeMap<String, Option<Listed>>,
    /// The changes of the register that have to be in it still.
    due: BTreeSet<u64>,
}

/// What the sample of a record is called in the change log.
pub(super) fn called(record: &Value) -> Option<&str> {
    let name = record.get("number").or_else(|| record.get("name"));
    name?.as_str()
}

impl<'a> Log<'a> {
    pub(super) fn of(
        about: &'a About,
        changes: &'a BTreeMap<u64, Change>,
        samples: &Samples,
        root: &Hash,
    ) -> Result<Self, Flaw> {
        let form = || Flaw::form(ABOUT);
        let drawn = match about.samples.get("drawn").ok_or_else(form)? {
            Value::Null => None,
            by => Some(drawn_by(by, root).ok_or_else(form)?),
        };
        let in_period = |change: &Change| {
            let at = change.at();
            at.is_some_and(|at| (about.start..about.end).contains(&at))
        };
        let names = samples.iter().filter_map(|(_, (record, _))| {
            let name = record.get("name")?.as_str()?;
            Some((name.to_owned(), None))
        });
        Ok(Self {
            about,
            changes,
            drawn,
            n_emergencies: 0,
            n_normal: 0,
            n_standard: 0,
            of_samples: names.collect(),
            due: changes
                .iter()
                .filter(|(_, change)| in_period(change))
                .map(|(number, _)| *number)
                .collect(),
        })
    }

    /// Takes a row of the change log.
    pub(super) fn row(&mut self, row: &Row<'_>, told: &mut Tellings) -> Result<(), Flaw> {
        let (name, kind) = (row.text("Change")?, row.text("Kind")?);
        let digest = row.text("SHA-256")?;
        let (Some(name), Some(Cell::Number(day)), exceptions) =
            (name, row.cell("Date (UTC)")?, row.text("Exceptions")?)
        else {
            return Err(odd());
        };
        let at = micros(*day).ok_or_else(odd)?;
        if let Some(number) = number_of(name) {
            let change = self.changes.get(&number);
            let Some(change) = change.filter(|_| self.due.remove(&number)) else {
                return Err(Flaw::inserted(format!(
                    "the change log has {name}, which isn't due there"
                )));
            };
            let is_then = change.at().is_some_and(|due| is_near(at, due));
            if kind != Some(change.kind()) || !is_then {
                return Err(Flaw::altered(format!(
                    "the change log tells {name} otherwise than its records"
                )));
            }
        } else {
            let is_kind = matches!(kind, Some("Emergency" | "Normal" | "Standard"));
            let period = self.about.start - NEARLY..=self.about.end + NEARLY;
            if !is_kind || !period.contains(&at) {
                return Err(Flaw::altered(format!(
                    "the change log has {name}, which isn't of the period"
                )));
            }
            let digest = digest.ok_or_else(odd)?;
            if !hash(digest).is_some_and(|hash| told.take(&hash)) {
                return Err(Flaw::inserted(format!(
                    "the change log has {name}, and no source told it so"
                )));
            }
            if let Some(listed) = self.of_samples.get_mut(name) {
                let kind = kind.unwrap_or_default();
                *listed = Some((at, digest.to_owned(), kind.to_owned()));
            }
        }
        match kind {
            Some("Emergency") => self.n_emergencies += 1,
            Some("Normal") => self.n_normal += 1,
            Some("Standard") => self.n_standard += 1,
            _ => return Ok(()),
        }
        if let Some(drawn) = &mut self.drawn {
            let is_exception = exceptions.is_some_and(|text| !text.is_empty());
            drawn.offer(name, kind == Some("Emergency"), is_exception, ());
        }
        Ok(())
    }

    /// Says what is wrong when all rows were seen.
    pub(super) fn check(&mut self, samples: &Samples) -> Result<(), Flaw> {
        if let Some(number) = self.due.first() {
            return Err(Flaw::missing(format!(
                "CHG-{number} isn't in the change log"
            )));
        }
        let count = |name: &str| self.about.population.get(name).and_then(Value::as_u64);
        let said = ["changes", "emergencies", "normal", "standard"].map(count);
        if said.contains(&None) {
            return Err(Flaw::form(ABOUT));
        }
        let [emergencies, normal, standard] = [self.n_emergencies, self.n_normal, self.n_standard];
        let all = emergencies + normal + standard;
        if said != [all, emergencies, normal, standard].map(Some) {
            return Err(Flaw::altered(format!(
                "{ABOUT} counts other changes than the change log has"
            )));
        }
        let Some(drawn) = self.drawn.take() else {
            return Ok(());
        };
        let (due, n) = (drawn.draw.n(), self.about.n_samples);
        if due as u64 != n {
            return Err(Flaw::missing(format!(
                "{ABOUT} states {n} samples, and {due} were to be drawn"
            )));
        }
        for ((drawn, ()), (name, (found, _))) in drawn.changes().zip(samples) {
            if called(found) != Some(drawn.as_str()) {
                return Err(Flaw::altered(format!(
                    "{name} isn't of {drawn}, which the seed draws"
                )));
            }
        }
        Ok(())
    }

    /// Whether the pack names the samples that there are.
    pub(super) fn names(&self, samples: &Samples) -> Result<(), Flaw> {
        let Some(said) = self.about.samples.get("names") else {
            return Ok(());
        };
        let said = said.as_array().ok_or_else(|| Flaw::form(ABOUT))?;
        let names = samples.iter().map(|(_, (one, _))| called(one));
        if said.iter().map(Value::as_str).eq(names) {
            return Ok(());
        }
        Err(Flaw::altered(format!(
            "{ABOUT} names other samples than there are"
        )))
    }
}

/// Excel counts days since the end of 1899.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what doesn't fit is no time of ours, and was seen to fit"
)]
fn micros(day: f64) -> Option<i64> {
    let seconds = day * 86_400.0 - 25_569.0 * 86_400.0;
    (seconds.abs() < 1e12).then(|| (seconds * 1e6).round() as i64)
}

pub(super) fn is_near(one: i64, other: i64) -> bool {
    one.abs_diff(other) <= NEARLY.unsigned_abs()
}

/// Reads a hash as it is written: small letters only.
pub(super) fn hash(text: &str) -> Option<Hash> {
    let is_small = !text.bytes().any(|one| one.is_ascii_uppercase());
    hex::decode(text).ok()?.try_into().ok().filter(|_| is_small)
}
