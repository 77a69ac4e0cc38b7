//! What people wrote, and the commitment that stands for it in the log.
//!
//! Events and state hold commitments only, so that a leaked secret can be
//! redacted while the log still verifies.

use std::fmt;

use sha2::{Digest, Sha256};

pub use super::likeness::much_alike;

/// SHA-256 over a text's salt and the text: the text's name in the log.
///
/// The salt has 32 random bytes, so a commitment tells nothing about a short
/// text and names exactly one writing of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(pub [u8; 32]);

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The 32 random bytes that the engine draws for each text before `decide`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl fmt::Debug for Salt {
    /// A salt together with a guess would confirm a redacted text, so it is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

/// A text that a person wrote, verbatim, with its salt and commitment.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    body: String,
    salt: Salt,
    commitment: Commitment,
}

impl Text {
    /// Commits to `body` under `salt`.
    pub fn new(body: impl Into<String>, salt: Salt) -> Self {
        let body = body.into();
        let commitment = Commitment(
            Sha256::new()
                .chain_update(salt.0)
                .chain_update(body.as_bytes())
                .finalize()
                .into(),
        );
        Self {
            body,
            salt,
            commitment,
        }
    }

    /// Returns the text verbatim.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Returns the salt, for the one table that keeps it.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// Returns what stands for the text in events and state.
    pub fn commitment(&self) -> Commitment {
        self.commitment
    }

    /// Whether the text says nothing at all.
    pub fn is_blank(&self) -> bool {
        self.body.trim().is_empty()
    }
}

impl fmt::Debug for Text {
    /// What people wrote doesn't belong in logs of the program.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({})", self.commitment)
    }
}

/// How long words have to be before a text that has them among others repeats
/// them. Shorter ones stand in many a sentence by chance.
const ENOUGH_TO_REPEAT: usize = 8;

/// Whether a text says some words again: it is them, or it has them, whole and
/// long enough, among others.
pub fn repeats(text: &str, words: &str) -> bool {
    let (text, words) = (text.trim(), words.trim());
    if words.is_empty() {
        return false;
    }
    text == words
        || (words.chars().count() >= ENOUGH_TO_REPEAT
            && text
                .char_indices()
                .any(|(at, _)| has_whole_at(text, at, words)))
}

/// Whether the words stand at this place of a text, and no longer ones.
fn has_whole_at(text: &str, at: usize, words: &str) -> bool {
    let Some((before, after)) = text
        .split_at_checked(at)
        .and_then(|(before, rest)| Some((before, rest.strip_prefix(words)?)))
    else {
        return false;
    };
    let goes_on = |inside: Option<char>, outside: Option<char>| {
        let is_letter = |one: Option<char>| one.is_some_and(char::is_alphanumeric);
        is_letter(inside) && is_letter(outside)
    };
    !goes_on(words.chars().next(), before.chars().next_back())
        && !goes_on(words.chars().next_back(), after.chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_under_another_salt_are_another_text() {
        let one = Text::new("approved. Deploy.", Salt([1; 32]));
        let two = Text::new("approved. Deploy.", Salt([2; 32]));
        assert_ne!(one.commitment(), two.commitment());
        assert_eq!(
            one.commitment(),
            Text::new("approved. Deploy.", Salt([1; 32])).commitment()
        );
    }

    #[test]
    fn words_are_repeated_whole_and_only_if_they_are_long_enough_to_mean_it() {
        for (text, words) in [
            ("ok", "ok"),
            (" ok ", "ok\n"),
            ("AWS_SECRET=hunter2-4f9c;", "hunter2-4f9c"),
            (
                "Rotate the key hunter2-4f9c @morgan",
                "Rotate the key hunter2-4f9c",
            ),
            ("prehunter2-4f9c hunter2-4f9c", "hunter2-4f9c"),
            ("über-long-secret", "über-long-secret"),
        ] {
            assert!(repeats(text, words), "{text} / {words}");
        }
        for (text, words) in [
            ("ok, it works", "ok"),
            ("the token is wrong", "token"),
            ("Deploy WAF rules", "Deploy WAF rule"),
            ("undeployments", "deployments"),
            ("anything", ""),
            ("anything", "  "),
        ] {
            assert!(!repeats(text, words), "{text} / {words}");
        }
    }

    #[test]
    fn debug_output_never_shows_what_was_written() {
        let text = Text::new("password hunter2", Salt([7; 32]));
        assert!(!format!("{text:?}").contains("hunter2"));
    }
}
