//! Tells a full disk from a fault of ours.
//!
//! The writer of sheets panics where the disk on which rows lie in the meantime is full
//! (`expect` in its xmlwriter.rs, `unwrap` in its packager.rs). That is no fault of the
//! program, and people are to read one sentence of it. All other panics stay what they
//! are.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

/// Where the writer's own panics come from.
const WRITER: &str = "rust_xlsxwriter";

thread_local! {
    /// Whether this thread writes sheets.
    static WRITES: Cell<bool> = const { Cell::new(false) };
    /// Whether the writer panicked on it.
    static PANICKED: Cell<bool> = const { Cell::new(false) };
}

static HOOKED: Once = Once::new();

fn is_the_writers(info: &PanicHookInfo<'_>) -> bool {
    WRITES.get() && info.location().is_some_and(|at| at.file().contains(WRITER))
}

/// Writes sheets; nothing if the writer found no room.
pub(super) fn unless_full<T>(write: impl FnOnce() -> T) -> Option<T> {
    HOOKED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if is_the_writers(info) {
                PANICKED.set(true);
            } else {
                before(info);
            }
        }));
    });
    WRITES.set(true);
    PANICKED.set(false);
    // What a panic leaves half done is dropped: the book, and the pack with it.
    let written = panic::catch_unwind(AssertUnwindSafe(write));
    WRITES.set(false);
    match written {
        Ok(written) => Some(written),
        Err(_) if PANICKED.take() => None,
        Err(fault) => panic::resume_unwind(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_comes_back_and_a_fault_of_ours_stays_one() {
        assert_eq!(unless_full(|| 7), Some(7));
        let fault = panic::catch_unwind(|| unless_full(|| panic!("ours")));
        assert!(fault.is_err());
        assert_eq!(unless_full(|| 7), Some(7));
    }
}
