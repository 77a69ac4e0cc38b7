//! What a pack says of itself in pack.json, as far as others speak of it, too.

use chrono::DateTime;
use serde_json::Value;

use super::flaw::Flaw;
use super::place::Place;
use super::{ABOUT, VerifierKey};
use crate::domain::merkle::Hash;
use crate::evidence::checkpoint::root_in_words;

/// What is said of the pack.
pub(super) struct About {
    pub(super) workspace: String,
    /// What made it, where that is told.
    pub(super) program: Option<String>,
    /// The period in words.
    pub(super) period: String,
    /// The period: its first instant, and the first one after it, in microseconds.
    pub(super) start: i64,
    pub(super) end: i64,
    /// From which record on all are in the pack.
    pub(super) first: u64,
    /// The time of the checkpoint.
    pub(super) made_at: String,
    pub(super) n_samples: u64,
    pub(super) samples: Value,
    pub(super) population: Value,
}

const HOUR: i64 = 3_600 * 1_000_000;

/// An instant in microseconds since 1970.
pub(super) fn instant(text: &str) -> Option<i64> {
    let text = Some(text).filter(|text| text.ends_with('Z'))?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp_micros())
}

impl About {
    pub(super) fn of(
        place: &mut Place,
        key: &VerifierKey,
        size: u64,
        root: Hash,
    ) -> Result<Self, Flaw> {
        let about = place.json(ABOUT)?;
        let about = Self::read(&about, size, root).ok_or_else(|| Flaw::form(ABOUT))?;
        let (about, is_of_log, is_of_days) = about;
        let altered = |what: &str| Err(Flaw::altered(format!("{ABOUT} {what}")));
        if !is_of_log || about.first > size {
            return altered("states another checkpoint than was signed");
        }
        if key.name().as_str() != format!("breakglass/{}", about.workspace) {
            return altered("names another workspace than the key");
        }
        if !is_of_days || about.end <= about.start {
            return altered("states days that don't begin when it says");
        }
        Ok(about)
    }

    fn read(about: &Value, size: u64, root: Hash) -> Option<(Self, bool, bool)> {
        let text = |of: &Value, name: &str| Some(of.get(name)?.as_str()?.to_owned());
        let number = |of: &Value, name: &str| of.get(name)?.as_u64();
        let form = (text(about, "form")?, number(about, "version")?);
        if form != ("breakglass-pack".to_owned(), 1) {
            return None;
        }
        let (period, leaves) = (about.get("period")?, about.get("leaves")?);
        let (checkpoint, samples) = (about.get("checkpoint")?, about.get("samples")?);
        let at = |name: &str| instant(&text(period, name)?);
        let days = [text(period, "first_day")?, text(period, "last_day")?];
        let [first, last] = days
            .each_ref()
            .map(|day| instant(&format!("{day}T00:00:00Z")));
        let is_of_log = number(checkpoint, "size")? == size
            && text(checkpoint, "root")? == root_in_words(&root)
            && number(leaves, "end")? == size;
        let (start, end) = (at("from")?, at("to")?);
        // Where days begin differs by the place on earth, and not by more.
        let off = [start - first?, end - last? - 24 * HOUR];
        let said = Self {
            workspace: text(about, "workspace")?,
            program: text(about, "program"),
            period: days.join(" to "),
            start,
            end,
            first: number(leaves, "first")?,
            made_at: text(checkpoint, "made_at")?,
            n_samples: number(samples, "n")?,
            samples: samples.clone(),
            population: about.get("population")?.clone(),
        };
        Some((
            said,
            is_of_log,
            off.iter().all(|off| off.abs() <= 16 * HOUR),
        ))
    }
}
