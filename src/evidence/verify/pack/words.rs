//! What is said of a pack that holds: in the words of the verifier that it brings along,
//! and what that means.

use super::Sound;
use crate::evidence::checkpoint::root_in_words;

/// What was held against what, and what wasn't.
const BOUND: &str = "\
What that says, and what it doesn't:
- Signed by the key: the log up to its checkpoint, and the list of all files as they are.
- Held against the log: which emergency changes the change log lists, as what and of when; that
  each other row of it was told by a source; the population's counts and the draw of the samples;
  of each sample its texts, its timeline, and what its sources told.
- Only in the signer's list, so as true as the signer: the papers, attachments, policies and
  index.html, the other columns and sheets of the change log, all else in a record.json, and the
  period and the time of the checkpoint.
- Whoever holds the key can write anew what is only in the list, at any time; and of the log
  whatever came after the newest checkpoint that you have from somebody else.
- Not shown: that each change that a source told of has its row, for not all that was told is in
  the pack; and nobody can prove by this what was never recorded.";

/// What this program does beside `verify.py`; the line begins as tests know it.
const AGAIN: &str = "\
Made again, beyond what verify.py does: the samples' records and papers, from the log's records;
they are the same, and so are attachments and policies.";

const NOT_AGAIN: &str = "\
Not made again: the samples' records and papers; only the version that made the pack can.";

impl Sound {
    /// Returns what is said of it; `is_key_given`: it was held against a key that the
    /// reader knew before.
    pub fn in_words(&self, is_key_given: bool) -> String {
        let mut lines = vec![format!(
            "Everything holds: {} files, {} samples, {} records in full, {} in the log; root {}.",
            self.n_files,
            self.n_samples,
            self.n_leaves,
            self.size,
            root_in_words(&self.root)
        )];
        if !is_key_given {
            lines.push(
                "You took the key from the pack itself; give --key to compare it with yours."
                    .to_owned(),
            );
        }
        lines.push(self.witnessed.map_or_else(
            || {
                "You gave no witness: whoever holds the key could have made all of it anew."
                    .to_owned()
            },
            |n| format!("Witnessed up to {n} of {} records.", self.size),
        ));
        for record in &self.lost {
            lines.push(format!(
                "The key was replaced without the word of the one before: {record}."
            ));
        }
        if self.n_gone > 0 {
            lines.push(format!(
                "Said to be taken out, and the log can't confirm it: {} texts of samples.",
                self.n_gone
            ));
        }
        lines.push(BOUND.to_owned());
        lines.push(if self.is_made_again { AGAIN } else { NOT_AGAIN }.to_owned());
        lines.join("\n")
    }
}
