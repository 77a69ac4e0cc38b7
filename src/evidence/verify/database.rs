//! Verifies the log in a database: its records against their hashes and against every
//! checkpoint, in one pass that keeps none of them; then what is derived from it.

use super::super::checkpoint::origin;
use super::super::note::VerifierKey;
use super::scan::{Found, Scan};
use super::verdict::{Fault, Verdict};
use super::witness::Given;
use crate::domain::merkle::Frontier;
use crate::store::{Kept, Moment, StoreError};

/// What is asked of a verification.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// The key that is expected.
    pub key: Option<&'a VerifierKey>,
    /// What somebody else kept.
    pub witnesses: &'a [Given],
    /// Whether what is derived is rebuilt and compared.
    pub is_deep: bool,
}

/// Verifies the log of a moment. What can't be read is a fault of the record, too.
pub fn database(moment: &Moment<'_>, ask: &Ask<'_>) -> Verdict {
    let mut verdict = Verdict {
        workspace: moment.workspace().as_str().to_owned(),
        fault: None,
        n_records: 0,
        n_checkpoints: 0,
        signed: None,
        witnessed: None,
        key: None,
        is_pinned: false,
        is_deep: ask.is_deep,
        unsigned: Vec::new(),
    };
    match judge(moment, ask, &mut verdict) {
        Ok(fault) => verdict.fault = fault,
        Err(error) => {
            verdict.fault = Some(Fault::Unreadable {
                what: error.to_string(),
            });
        }
    }
    verdict
}

fn judge(
    moment: &Moment<'_>,
    ask: &Ask<'_>,
    verdict: &mut Verdict,
) -> Result<Option<Fault>, StoreError> {
    let Ok(name) = origin(moment.workspace()) else {
        return Ok(Some(Fault::Unreadable {
            what: "the workspace's name".to_owned(),
        }));
    };
    let head = moment.head()?;
    let checkpoints = moment.checkpoints()?;
    let workspace = moment.workspace().as_str();
    let mut scan = Scan::of(workspace, name.as_str(), ask, head.as_ref(), &checkpoints);
    moment.records(0, |record| scan.take(record))?;
    scan.end_of_records();
    verdict.n_records = scan.grown.size();
    verdict.n_checkpoints = scan.n_checkpoints;
    verdict.signed = scan.signed;
    verdict.witnessed = scan.witnessed;
    verdict.key = scan.keys.last().map(|(_, key)| key.to_string());
    verdict.unsigned.clone_from(&scan.unsigned);
    if let Some(found) = scan.fault.take() {
        return Ok(Some(match found {
            Found::Fault(fault) => fault,
            Found::Window(window) => window.fault(moment, &scan)?,
        }));
    }
    let fault = scan
        .of_end(head.as_ref())
        .or_else(|| of_checkpoints(&checkpoints, &scan))
        .or_else(|| of_witnesses(ask, &scan))
        .or_else(|| of_key(ask, &scan, verdict));
    if fault.is_some() || !ask.is_deep {
        return Ok(fault);
    }
    if let Some(misfit) = moment.misfit()? {
        return Ok(Some(Fault::Derived(misfit)));
    }
    Ok((moment.log_key()? != verdict.key).then(|| Fault::Key {
        why: "the key that is kept as the one in force isn't the one that the log names".to_owned(),
    }))
}

/// Whether all checkpoints that were made are there.
fn of_checkpoints(checkpoints: &[Kept], scan: &Scan<'_>) -> Option<Fault> {
    for (kept, n) in checkpoints.iter().zip(1..) {
        if kept.n != n {
            return Some(Fault::CheckpointMissing {
                n: Some(n),
                size: None,
            });
        }
    }
    let grows = checkpoints.is_sorted_by(|a, b| a.size < b.size);
    if !grows {
        return checkpoints
            .windows(2)
            .find_map(|pair| match pair {
                [a, b] if a.size >= b.size => Some(b.n),
                _ => None,
            })
            .map(|n| Fault::CheckpointBad {
                n,
                why: "it is over fewer records than the one before".to_owned(),
            });
    }
    // A key is never named without a first checkpoint at once.
    let newest = checkpoints.last().map_or(0, |one| one.size);
    let named = scan.keys.last().map(|(seq, _)| *seq);
    named
        .filter(|seq| *seq >= newest)
        .map(|_| Fault::CheckpointMissing {
            n: (newest > 0).then_some(checkpoints.last().map_or(1, |one| one.n + 1)),
            size: None,
        })
}

/// Whether what somebody brought is of this log, and within it.
fn of_witnesses(ask: &Ask<'_>, scan: &Scan<'_>) -> Option<Fault> {
    let found = scan.grown.size();
    for given in ask.witnesses {
        if let Some((checkpoint, note)) = &given.note {
            if checkpoint.origin != scan.name {
                return Some(Fault::Given {
                    why: format!(
                        "it is of another log: {}; this one is {}",
                        checkpoint.origin, scan.name
                    ),
                });
            }
            let keys = scan.keys.iter().map(|(_, key)| key);
            let keys: Vec<&VerifierKey> = keys.chain(ask.key).collect();
            if let Err(fault) = note.verified_by(&keys) {
                let by = if given.size > found {
                    format!(
                        "; it is over {} records, and {found} are there: unless it was forged, the record that names its key was cut off with those behind",
                        given.size
                    )
                } else {
                    String::new()
                };
                return Some(Fault::Given {
                    why: format!("it isn't signed by a key that this log names ({fault}){by}"),
                });
            }
        }
        if given.size > found {
            return Some(Fault::Truncated {
                found,
                were: given.size,
                by: "the checkpoint that you brought".to_owned(),
            });
        }
        // Nothing is shown to anybody but checkpoints.
        if given.size > 0 && !scan.checkpoints.contains_key(&given.size) {
            return Some(Fault::CheckpointMissing {
                n: None,
                size: Some(given.size),
            });
        }
        if given.size == 0 && given.root != Frontier::default().root() {
            return Some(Fault::Given {
                why: "it is over no records, and has another root than nothing has".to_owned(),
            });
        }
    }
    None
}

/// Whether the log is signed by the expected key, or by one that was handed over to
/// from that.
fn of_key(ask: &Ask<'_>, scan: &Scan<'_>, verdict: &mut Verdict) -> Option<Fault> {
    let expected = ask.key?;
    if scan.signed.is_none() {
        return Some(Fault::Key {
            why: "nothing is signed; no checkpoint was ever made".to_owned(),
        });
    }
    let since = scan
        .keys
        .iter()
        .find(|(_, key)| key == expected)
        .map(|(seq, _)| *seq);
    let Some(since) = since else {
        let signed = verdict.key.clone().unwrap_or_default();
        return Some(Fault::Key {
            why: format!("the log is signed by {signed}, which isn't the key that was expected"),
        });
    };
    if let Some(seq) = scan.unsigned.iter().find(|seq| **seq > since) {
        return Some(Fault::Key {
            why: format!(
                "record {seq} puts another key in the place of the expected one, which didn't sign that"
            ),
        });
    }
    verdict.is_pinned = true;
    None
}
