//! Takes in a whole list: one thread reads, the other keeps, a batch at a time.
//!
//! What was kept stays kept: after a fault the list can be taken in again, from
//! the line that is told or from the beginning, and nothing counts twice.

use std::io::{self, Read};
use std::sync::mpsc::sync_channel;

use chrono::{DateTime, Utc};

use super::csv::{BadLine, HeaderFault, Lines};
use super::{Draw, TakenIn};
use crate::domain::deployment::Deployment;

/// So many changes are kept at once: enough that a commit costs little, and few
/// enough that the bot, which keeps other things too, isn't kept waiting.
pub const BATCH: usize = 1_000;

/// So many batches may wait: the reader is to be ahead, and not by a whole file.
const WAITING: usize = 4;

/// How far a list was taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many bytes of it were read.
    pub n_bytes: u64,
    /// The last line that was taken in or told to be bad; go on with the next.
    pub line: u64,
    /// How many changes are counted.
    pub n_counted: u64,
    /// How many add to what is known, and don't count.
    pub n_not_counted: u64,
    /// How many had been told before.
    pub n_duplicate: u64,
    /// How many belong to an emergency change.
    pub n_belongs: u64,
    /// How many lines couldn't be read.
    pub n_bad: u64,
}

/// Why a list wasn't taken in to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError<E> {
    /// Its header says so.
    #[error(transparent)]
    Header(#[from] HeaderFault),
    /// It can't be read any further.
    #[error("the file can't be read after line {line}")]
    Broken {
        /// The last line that was taken in.
        line: u64,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// What was read couldn't be kept.
    #[error("what stands after line {line} couldn't be kept")]
    NotKept {
        /// The last line that was taken in.
        line: u64,
        /// Why not.
        #[source]
        source: E,
    },
}

/// What one thread hands to the other.
struct Batch {
    changes: Vec<Deployment>,
    bad: Vec<BadLine>,
    line: u64,
    n_bytes: u64,
}

/// What is told while a list is taken in.
#[derive(Debug)]
pub enum News<'a> {
    /// A line can't be read, and the rest is taken.
    Bad(&'a BadLine),
    /// A batch was kept.
    Kept(&'a Progress),
}

/// Takes in what stands in `source` from this line on; 0 is all of it. `keep` is
/// given a batch and says what became of each change.
pub fn import<R: Read + Send, E>(
    source: R,
    from_line: u64,
    draw: Draw<'_>,
    now: DateTime<Utc>,
    mut keep: impl FnMut(Vec<Deployment>) -> Result<Vec<TakenIn>, E>,
    mut tell: impl FnMut(News<'_>),
) -> Result<Progress, ImportError<E>> {
    let mut lines = Lines::open(source, draw, now)?.from_line(from_line);
    let mut progress = Progress::default();
    let (send, receive) = sync_channel::<Batch>(WAITING);
    let read: Result<_, ImportError<E>> = std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            while let Some(batch) = next(&mut lines) {
                // Who keeps has given up, and says why.
                if send.send(batch).is_err() {
                    return None;
                }
            }
            lines.broken()
        });
        for batch in receive {
            for bad in &batch.bad {
                tell(News::Bad(bad));
            }
            let taken = if batch.changes.is_empty() {
                Vec::new()
            } else {
                keep(batch.changes).map_err(|source| ImportError::NotKept {
                    line: progress.line,
                    source,
                })?
            };
            for one in taken {
                let n = match one {
                    TakenIn::Counted => &mut progress.n_counted,
                    TakenIn::NotCounted => &mut progress.n_not_counted,
                    TakenIn::Duplicate => &mut progress.n_duplicate,
                    TakenIn::Belongs(_) => &mut progress.n_belongs,
                };
                *n += 1;
            }
            progress.n_bad += batch.bad.len() as u64;
            progress.n_bytes = batch.n_bytes;
            progress.line = batch.line;
            tell(News::Kept(&progress));
        }
        // A panic of the reader goes on here.
        Ok(reader
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    match read? {
        None => Ok(progress),
        Some(source) => Err(ImportError::Broken {
            line: progress.line,
            source,
        }),
    }
}

/// Reads a batch; none at the end.
fn next<R: Read>(lines: &mut Lines<'_, R>) -> Option<Batch> {
    let mut changes = Vec::with_capacity(BATCH);
    let mut bad = Vec::new();
    while changes.len() < BATCH && bad.len() < BATCH {
        match lines.next() {
            Some(Ok(change)) => changes.push(change),
            Some(Err(line)) => bad.push(line),
            None => break,
        }
    }
    if changes.is_empty() && bad.is_empty() {
        return None;
    }
    Some(Batch {
        changes,
        bad,
        line: lines.line(),
        n_bytes: lines.n_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::intake::tests::salt;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap()
    }

    /// A list of which every tenth line is bad.
    fn list(n: u64) -> String {
        let mut text = String::from("deployed_at,source,external_id\n");
        for line in 2..n + 2 {
            let at = if line % 10 == 0 {
                "soon"
            } else {
                "2026-01-01T00:00:00Z"
            };
            writeln!(text, "{at},ops,{line}").unwrap();
        }
        text
    }

    #[derive(Debug, PartialEq, thiserror::Error)]
    #[error("full")]
    struct Full;

    #[test]
    fn a_list_that_breaks_off_is_gone_on_with_where_it_broke_off() {
        let text = list(5_000);
        let mut kept: Vec<String> = Vec::new();
        let mut bad = Vec::new();
        let mut n_batches = 0;
        let mut go = |from: u64, room: usize| {
            import(
                text.as_bytes(),
                from,
                &salt,
                now(),
                |batch| {
                    n_batches += 1;
                    if kept.len() + batch.len() > room {
                        return Err(Full);
                    }
                    kept.extend(batch.iter().map(|one| one.external_id.clone()));
                    Ok(vec![TakenIn::Counted; batch.len()])
                },
                |news| {
                    if let News::Bad(line) = news {
                        bad.push(line.line);
                    }
                },
            )
        };
        let Err(ImportError::NotKept { line, source }) = go(0, 2_500) else {
            panic!("there is no room for it");
        };
        assert_eq!(source, Full);
        let done = go(line + 1, usize::MAX).unwrap();
        assert_eq!(done.line, 5_001);
        assert_eq!(done.n_bytes, text.len() as u64);
        assert_eq!(kept.len(), 4_500);
        kept.dedup();
        assert_eq!(kept.len(), 4_500, "nothing was taken in twice");
        assert_eq!(kept.last().map(String::as_str), Some("5001"));
        bad.dedup();
        assert!((1..=500).all(|n| bad.contains(&(n * 10))));
        assert!(n_batches >= 5);
    }

    #[test]
    fn what_became_of_each_change_is_counted() {
        let mut said = Vec::new();
        let done = import(
            list(9).as_bytes(),
            0,
            &salt,
            now(),
            |batch| {
                let all = [
                    TakenIn::Counted,
                    TakenIn::Duplicate,
                    TakenIn::NotCounted,
                    TakenIn::Belongs(crate::domain::id::ChangeNumber(1)),
                ];
                Ok::<_, Full>(all.into_iter().cycle().take(batch.len()).collect())
            },
            |news| {
                if let News::Kept(progress) = news {
                    said.push(*progress);
                }
            },
        )
        .unwrap();
        assert_eq!(
            (done.n_counted, done.n_duplicate, done.n_not_counted),
            (2, 2, 2)
        );
        assert_eq!((done.n_belongs, done.n_bad, done.line), (2, 1, 10));
        assert_eq!(said, [done]);
        let torn = import(&b""[..], 0, &salt, now(), |_| Err(Full), |_| {});
        assert!(matches!(torn, Err(ImportError::Header(HeaderFault::Empty))));
    }
}
