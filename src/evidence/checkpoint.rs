//! Checkpoints, as <https://c2sp.org/tlog-checkpoint@v1.0.0> has them: a log's origin,
//! its size and its root, in the text of a signed note. Reads and writes them; what
//! they are held against is somebody else's to say.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::note::{KeyName, NoteFault, SignedNote, SignerKey};
use crate::domain::id::WorkspaceId;
use crate::domain::merkle::Hash;

/// What a log is called: the origin of its checkpoints, and the name of its keys.
///
/// A URL without a scheme is recommended; nothing has to answer there.
pub fn origin(workspace: &WorkspaceId) -> Result<KeyName, NoteFault> {
    KeyName::new(&format!("breakglass/{workspace}"))
}

/// How large a log was and what stood in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// The number of its records.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

/// Why something is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointFault {
    /// Its text isn't of the form.
    #[error("it is no checkpoint: {0}")]
    Form(&'static str),
    /// It isn't even a note.
    #[error(transparent)]
    Note(#[from] NoteFault),
}

/// Writes a root as it stands in a checkpoint.
pub fn root_in_words(root: &Hash) -> String {
    STANDARD.encode(root)
}

/// Reads a root as it stands in a checkpoint.
pub fn read_root(words: &str) -> Option<Hash> {
    STANDARD.decode(words).ok()?.try_into().ok()
}

impl Checkpoint {
    /// Returns its text, ready to be signed.
    pub fn text(&self) -> String {
        let root = root_in_words(&self.root);
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    /// Signs it.
    pub fn sign(&self, key: &SignerKey) -> Result<SignedNote, NoteFault> {
        SignedNote::sign(self.text(), key)
    }

    /// Reads the checkpoint that a note holds. Lines that follow the third are opaque
    /// by the specification, and passed over.
    pub fn of(note: &SignedNote) -> Result<Self, CheckpointFault> {
        note.text().parse()
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointFault;

    fn from_str(text: &str) -> Result<Self, CheckpointFault> {
        let text = text
            .strip_suffix('\n')
            .ok_or(CheckpointFault::Form("its last line doesn't end"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointFault::Form("it has fewer than three lines"));
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointFault::Form("one of its lines is empty"));
        }
        let is_plain = size.bytes().all(|byte| byte.is_ascii_digit())
            && (size == "0" || !size.starts_with('0'));
        let size = Some(size)
            .filter(|_| is_plain)
            .and_then(|size| size.parse().ok())
            .ok_or(CheckpointFault::Form("its second line is no size"))?;
        let root = read_root(root).ok_or(CheckpointFault::Form("its third line is no root"))?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::note::VerifierKey;
    use super::*;

    /// The example of the specification. Its key isn't published there.
    const NOTE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn the_example_of_the_specification_is_read_and_written_the_same() {
        let note: SignedNote = NOTE.parse().unwrap();
        let checkpoint = Checkpoint::of(&note).unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.text(), note.text());
        assert_eq!(note.signatures().len(), 1);
    }

    #[test]
    fn a_checkpoint_of_ours_has_these_bytes() {
        let key = SignerKey::new(origin(&WorkspaceId::new("T0BREAK01")).unwrap(), &[5; 32]);
        let checkpoint = Checkpoint {
            origin: key.verifier().name().to_string(),
            size: 3,
            root: [0xab; 32],
        };
        let note = checkpoint.sign(&key).unwrap();
        insta::assert_snapshot!(format!("{}\n{note}", key.verifier()), @r"
        breakglass/T0BREAK01+bf5d80e6+AW56HN0psLeP0Tr0xVmP7/TvKpcWbjym8uT7/M2AUFvx
        breakglass/T0BREAK01
        3
        q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=

        — breakglass/T0BREAK01 v12A5qmpl6ytaCi/JrfPlEwymzPE2bOLF9Po/njwhv1FdgWpsk8m5/u4vV27q7v6VEPC4D21d2nxMybEqQuxqilhMQc=
        ");
        let key: VerifierKey = key.verifier().to_string().parse().unwrap();
        assert!(note.verified_by(&[&key]).is_ok());
        assert_eq!(Checkpoint::of(&note), Ok(checkpoint));
    }

    #[test]
    fn later_lines_are_passed_over_and_other_forms_are_refused() {
        let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
        let read = |text: String| text.parse::<Checkpoint>();
        assert!(read(format!("a\n0\n{root}\n")).is_ok());
        assert!(read(format!("a\n1\n{root}\nmore\n")).is_ok());
        for bad in [
            format!("a\n01\n{root}\n"),
            format!("a\n-1\n{root}\n"),
            format!("a\n+1\n{root}\n"),
            format!("a\n\n{root}\n"),
            format!("\n1\n{root}\n"),
            format!("a\n1\n{root}"),
            format!("a\n1\n{root}\n\n"),
            format!("a\n99999999999999999999\n{root}\n"),
            "a\n1\nAAAA\n".to_owned(),
            "a\n1\n".to_owned(),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad:?}");
        }
    }
}
