//! What somebody else kept and brings along: a key, or a checkpoint, as a file or as
//! the line that stood under a message.

use super::super::checkpoint::{Checkpoint, CheckpointFault, read_root};
use super::super::note::{NoteFault, SignedNote, VerifierKey};
use crate::domain::merkle::Hash;

/// What a log was, as somebody else kept it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// How many records it had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The whole note with its origin, if that was kept; the line of a message has none.
    pub note: Option<(Checkpoint, SignedNote)>,
}

/// Why something that was brought can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GivenFault {
    /// It is neither a checkpoint nor the line of a message.
    #[error(
        "it is neither a signed checkpoint nor the line of a message (`Log: 1,234 records, root …`)"
    )]
    Nothing,
    /// It is a note with another content.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// It is no key.
    #[error(transparent)]
    Key(#[from] NoteFault),
}

/// Reads a key: what `doctor` prints, alone or on a line of a file.
pub fn read_key(text: &str) -> Result<VerifierKey, GivenFault> {
    let mut fault = NoteFault::Key("there is none");
    for word in text.split_whitespace() {
        match word.trim_matches(['`', '"', '\'']).parse() {
            Ok(key) => return Ok(key),
            Err(why) if word.matches('+').count() >= 2 => fault = why,
            Err(_) => {}
        }
    }
    Err(fault.into())
}

/// Reads a checkpoint that somebody kept: a signed note, or the line under a message,
/// with whatever was copied along with it.
pub fn read_witness(text: &str) -> Result<Given, GivenFault> {
    let text = text.replace("\r\n", "\n");
    if let Ok(note) = text.parse::<SignedNote>() {
        let checkpoint = Checkpoint::of(&note)?;
        return Ok(Given {
            size: checkpoint.size,
            root: checkpoint.root,
            note: Some((checkpoint, note)),
        });
    }
    text.lines().find_map(line).ok_or(GivenFault::Nothing)
}

/// Reads `Log: 1,234 records, root CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=`.
fn line(line: &str) -> Option<Given> {
    let (_, rest) = line.split_once("Log: ")?;
    let (size, rest) = rest.split_once(" records, root ")?;
    let size: String = size.chars().filter(|c| *c != ',').collect();
    let root = rest.split_whitespace().next()?.trim_matches('`');
    let root = read_root(root).or_else(|| hex::decode(root).ok()?.try_into().ok())?;
    Some(Given {
        size: size.parse().ok()?,
        root,
        note: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    #[test]
    fn a_note_and_a_line_of_a_message_are_both_checkpoints() {
        let note = format!("a/b\n1234\n{ROOT}\n\n— a/b AAAAAAA=\n");
        let of_note = read_witness(&note).unwrap();
        let of_line = read_witness(&format!(
            "Four weeks …\n  Log: 1,234 records, root `{ROOT}`  \n"
        ));
        let of_line = of_line.unwrap();
        assert_eq!((of_note.size, of_note.root), (1234, of_line.root));
        assert_eq!(of_line.size, 1234);
        assert!(of_note.note.is_some() && of_line.note.is_none());
        let hex = hex::encode(of_line.root);
        let again = read_witness(&format!("Log: 1234 records, root {hex}")).unwrap();
        assert_eq!(again, of_line);
        // A note that went through a mail program of Windows'.
        assert_eq!(read_witness(&note.replace('\n', "\r\n")).unwrap(), of_note);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for bad in [
            "",
            "Log: many records, root `x`",
            "Log: 3 records, root `CsUYapGG`",
            "text\n\n— a/b AAAAAAA=\n",
        ] {
            assert!(read_witness(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_found_among_other_words() {
        let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        assert_eq!(read_key(key).unwrap().to_string(), key);
        let line = format!("✓ key: the log is signed by `{key}`\n");
        assert_eq!(read_key(&line).unwrap().to_string(), key);
        assert!(read_key("nothing").is_err());
    }
}
