//! Signed notes, as <https://c2sp.org/signed-note@v1.0.0> has them: a text, an empty
//! line, and signatures by name.
//!
//! Of the kinds of signatures only Ed25519 (0x01) is made and verified; others are
//! read and passed over, as the specification asks. Says nothing of what a text means.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// What an Ed25519 signature is announced by.
const ED25519: u8 = 0x01;

/// The largest note that is read. The specification asks for room for 16 signatures,
/// of which the largest known take 5 kB each.
const LARGEST: usize = 256 * 1024;

/// How many signatures of one note are read.
const MOST_SIGNATURES: usize = 64;

/// Why something isn't a note, isn't a key, or wasn't signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// It is no signed note.
    #[error("it is no signed note: {0}")]
    Form(&'static str),
    /// It is no key.
    #[error("it is no verifier key: {0}")]
    Key(&'static str),
    /// It is no name of a key.
    #[error("a key's name may hold no white space, no + and no control character")]
    Name,
    /// None of the signatures is by a known key.
    #[error("no known key has signed it")]
    Unsigned,
    /// A signature by a known key doesn't fit the text.
    #[error("the signature doesn't fit the text")]
    Wrong,
}

/// The name of a key; for a log, the same as its origin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    /// Takes a name: not empty, without white space, `+` or control characters.
    pub fn new(name: &str) -> Result<Self, NoteFault> {
        let is_fine = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
        if name.is_empty() || !name.chars().all(is_fine) {
            return Err(NoteFault::Name);
        }
        Ok(Self(name.to_owned()))
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// By what a signature is verified: a name and a public key. Written as the
/// specification's *vkey*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: u32,
    key: VerifyingKey,
}

/// key ID = SHA-256(key name || 0x0A || signature type || public key)[:4]
fn id_of(name: &KeyName, key: &VerifyingKey) -> u32 {
    let hash: [u8; 32] = Sha256::new()
        .chain_update(name.as_str())
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize()
        .into();
    let [a, b, c, d, ..] = hash;
    u32::from_be_bytes([a, b, c, d])
}

impl VerifierKey {
    /// Gives a public key a name.
    pub fn new(name: KeyName, key: VerifyingKey) -> Self {
        Self {
            id: id_of(&name, &key),
            name,
            key,
        }
    }

    /// Returns the key's name.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Returns the short number by which signatures name the key.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the public key.
    pub fn public(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Returns the key's fingerprint, for people to compare: SHA-256 over the public
    /// key, in groups of four.
    pub fn fingerprint(&self) -> String {
        let hash = hex::encode(Sha256::digest(self.key.as_bytes()));
        let mut shown = String::with_capacity(80);
        for (place, digit) in hash.chars().enumerate() {
            if place > 0 && place % 4 == 0 {
                shown.push(' ');
            }
            shown.push(digit);
        }
        shown
    }

    /// Returns the public key as `openssl` reads it (RFC 8410, in PEM).
    pub fn to_pem(&self) -> String {
        /// `SubjectPublicKeyInfo` of an Ed25519 key, up to the key (RFC 8410 §4).
        const HEAD: [u8; 12] = [
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        let body = STANDARD.encode([&HEAD[..], self.key.as_bytes()].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519], &self.key.as_bytes()[..]].concat());
        write!(f, "{}+{:08x}+{key}", self.name, self.id)
    }
}

impl FromStr for VerifierKey {
    type Err = NoteFault;

    fn from_str(written: &str) -> Result<Self, NoteFault> {
        let mut parts = written.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteFault::Key(
                "it has to be of the form name+number+key, in one line",
            ));
        };
        let name = KeyName::new(name)?;
        let id = Some(id)
            .filter(|id| id.len() == 8 && !id.bytes().any(|byte| byte.is_ascii_uppercase()))
            .and_then(|id| u32::from_str_radix(id, 16).ok())
            .ok_or(NoteFault::Key("its number isn't eight hex digits"))?;
        let bytes = STANDARD
            .decode(key)
            .map_err(|_| NoteFault::Key("its last part isn't base64"))?;
        let Some((&ED25519, key)) = bytes.split_first() else {
            return Err(NoteFault::Key("it isn't for Ed25519 signatures"));
        };
        let key = <&[u8; 32]>::try_from(key)
            .ok()
            .and_then(|key| VerifyingKey::from_bytes(key).ok())
            .filter(|key| !key.is_weak())
            .ok_or(NoteFault::Key("it holds no Ed25519 public key"))?;
        let read = Self::new(name, key);
        if read.id != id {
            return Err(NoteFault::Key("its number doesn't fit its name and key"));
        }
        Ok(read)
    }
}

/// By what notes are signed. Shows nothing of its secret.
#[derive(Clone)]
pub struct SignerKey {
    verifier: VerifierKey,
    secret: SigningKey,
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.verifier)
    }
}

impl SignerKey {
    /// Makes a key of its 32 secret bytes.
    pub fn new(name: KeyName, secret: &[u8; 32]) -> Self {
        let secret = SigningKey::from_bytes(secret);
        Self {
            verifier: VerifierKey::new(name, secret.verifying_key()),
            secret,
        }
    }

    /// Returns what verifies its signatures.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Returns its secret bytes, for the one file that keeps them.
    pub(super) fn secret(&self) -> [u8; 32] {
        self.secret.to_bytes()
    }

    /// Signs any bytes, without a note around them.
    pub fn sign_bytes(&self, bytes: &[u8]) -> [u8; 64] {
        self.secret.sign(bytes).to_bytes()
    }
}

/// A signature as it stands under a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: KeyName,
    /// The key's number.
    pub id: u32,
    /// The signature itself; of which kind it is, only its key knows.
    pub bytes: Vec<u8>,
}

/// A text with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Signs a text, which has to end with a newline and may hold no other control
    /// character.
    pub fn sign(text: String, key: &SignerKey) -> Result<Self, NoteFault> {
        text_is_fine(&text)?;
        let signature = NoteSignature {
            name: key.verifier.name.clone(),
            id: key.verifier.id,
            bytes: key.sign_bytes(text.as_bytes()).to_vec(),
        };
        Ok(Self {
            text,
            signatures: vec![signature],
        })
    }

    /// Returns what was signed, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the signatures, by known keys and others.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Returns the first of these keys that has signed it. A signature by one of them
    /// that doesn't fit spoils the note, whatever else stands under it.
    pub fn verified_by<'k>(&self, keys: &[&'k VerifierKey]) -> Result<&'k VerifierKey, NoteFault> {
        let mut signed = None;
        for one in &self.signatures {
            let is_by = |key: &&&VerifierKey| key.id == one.id && key.name == one.name;
            let Some(key) = keys.iter().find(is_by).copied() else {
                continue;
            };
            let signature = Signature::from_slice(&one.bytes).map_err(|_| NoteFault::Wrong)?;
            key.key
                .verify_strict(self.text.as_bytes(), &signature)
                .map_err(|_| NoteFault::Wrong)?;
            signed = signed.or(Some(key));
        }
        signed.ok_or(NoteFault::Unsigned)
    }
}

/// Whether bytes are signed by a key, without a note around them.
pub fn is_signed(bytes: &[u8], signature: &[u8; 64], key: &VerifierKey) -> bool {
    let signature = Signature::from_bytes(signature);
    key.key.verify_strict(bytes, &signature).is_ok()
}

fn text_is_fine(text: &str) -> Result<(), NoteFault> {
    if !text.ends_with('\n') {
        return Err(NoteFault::Form("its text doesn't end with a newline"));
    }
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteFault::Form("it holds a control character"));
    }
    Ok(())
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for one in &self.signatures {
            let signature = STANDARD.encode([&one.id.to_be_bytes()[..], &one.bytes].concat());
            writeln!(f, "— {} {signature}", one.name)?;
        }
        Ok(())
    }
}

impl FromStr for SignedNote {
    type Err = NoteFault;

    fn from_str(written: &str) -> Result<Self, NoteFault> {
        if written.len() > LARGEST {
            return Err(NoteFault::Form("it is larger than any note"));
        }
        text_is_fine(written)?;
        let split = written
            .rfind("\n\n")
            .ok_or(NoteFault::Form("it has no empty line before signatures"))?;
        let (text, rest) = written.split_at(split + 1);
        let mut signatures = Vec::new();
        for line in rest.trim_start_matches('\n').lines() {
            let (name, signature) = line
                .strip_prefix("— ")
                .and_then(|line| line.split_once(' '))
                .ok_or(NoteFault::Form("a line below its text is no signature"))?;
            let bytes = STANDARD
                .decode(signature)
                .map_err(|_| NoteFault::Form("a signature isn't base64"))?;
            let Some((id, bytes)) = bytes.split_first_chunk::<4>() else {
                return Err(NoteFault::Form("a signature is too short"));
            };
            if bytes.is_empty() || signatures.len() == MOST_SIGNATURES {
                return Err(NoteFault::Form("a signature is too short or one too many"));
            }
            signatures.push(NoteSignature {
                name: KeyName::new(name)?,
                id: u32::from_be_bytes(*id),
                bytes: bytes.to_vec(),
            });
        }
        if signatures.is_empty() {
            return Err(NoteFault::Form("nobody has signed it"));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn key(name: &str, secret: u8) -> SignerKey {
        SignerKey::new(KeyName::new(name).unwrap(), &[secret; 32])
    }

    #[test]
    fn the_example_of_the_specification_verifies_and_is_written_as_it_was_read() {
        let key: VerifierKey = VKEY.parse().unwrap();
        assert_eq!(key.to_string(), VKEY);
        assert_eq!(key.id(), 0x530d_903a);
        let note: SignedNote = NOTE.parse().unwrap();
        assert_eq!(note.to_string(), NOTE);
        assert_eq!(note.verified_by(&[&key]), Ok(&key));
    }

    #[test]
    fn gos_own_example_verifies() {
        // golang.org/x/mod/sumdb/note, whose format this is.
        let key: VerifierKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
            .parse()
            .unwrap();
        let note: SignedNote = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
            .parse()
            .unwrap();
        assert_eq!(note.verified_by(&[&key]), Ok(&key));
    }

    #[test]
    fn what_was_signed_verifies_by_its_own_key_and_no_other() {
        let (ours, other) = (key("breakglass/T1", 1), key("breakglass/T1", 2));
        let note = SignedNote::sign("a\n\nb\n".to_owned(), &ours).unwrap();
        let read: SignedNote = note.to_string().parse().unwrap();
        assert_eq!(read, note);
        assert_eq!(read.text(), "a\n\nb\n");
        assert!(
            read.verified_by(&[other.verifier(), ours.verifier()])
                .is_ok()
        );
        assert_eq!(
            read.verified_by(&[other.verifier()]),
            Err(NoteFault::Unsigned)
        );
        let renamed = key("breakglass/T2", 1);
        assert_eq!(
            read.verified_by(&[renamed.verifier()]),
            Err(NoteFault::Unsigned)
        );
    }

    #[test]
    fn signatures_by_keys_that_nobody_knows_are_passed_over() {
        let (ours, other) = (key("a", 1), key("b", 2));
        let mut note = SignedNote::sign("a\n".to_owned(), &other).unwrap();
        let mine = SignedNote::sign("a\n".to_owned(), &ours).unwrap();
        note.signatures.extend(mine.signatures);
        // Of a kind that we don't know.
        note.signatures[0].bytes.push(0);
        let read: SignedNote = note.to_string().parse().unwrap();
        assert_eq!(read.verified_by(&[ours.verifier()]), Ok(ours.verifier()));
    }

    #[test]
    fn one_wrong_signature_by_a_known_key_spoils_the_note() {
        let (ours, other) = (key("a", 1), key("b", 2));
        let mut note = SignedNote::sign("a\n".to_owned(), &ours).unwrap();
        let mut theirs = SignedNote::sign("a\n".to_owned(), &other).unwrap();
        theirs.signatures[0].bytes[5] ^= 1;
        note.signatures.extend(theirs.signatures);
        let keys = [ours.verifier(), other.verifier()];
        assert_eq!(note.verified_by(&keys), Err(NoteFault::Wrong));
        note.text = "b\n".to_owned();
        assert_eq!(note.verified_by(&[ours.verifier()]), Err(NoteFault::Wrong));
    }

    #[test]
    fn what_is_no_note_is_not_read_as_one() {
        for bad in [
            "",
            "text\n",
            "text\n\n",
            "text\n\n— a\n",
            "text\n\n— a AAAAAA==",
            "text\n\n— a AAAAAA==\n",
            "text\n\n— a+b AAAAAAA=\n",
            "text\n\n- a AAAAAAA=\n",
            "te\txt\n\n— a AAAAAAA=\n",
            "text\n\n— a AAAAAAA=\nmore\n",
        ] {
            assert!(bad.parse::<SignedNote>().is_err(), "{bad:?}");
        }
        assert!("text\n\n— a AAAAAAA=\n".parse::<SignedNote>().is_ok());
    }

    #[test]
    fn what_is_no_key_is_not_read_as_one() {
        for bad in [
            "",
            "example.com/foo",
            "example.com/foo+530d903a",
            "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U",
            "example com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        ] {
            assert!(bad.parse::<VerifierKey>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_public_key_is_written_as_openssl_reads_it() {
        // The key of RFC 8410 §10.1.
        let public = STANDARD
            .decode("GpCJP6n4cdF4hX8jwbWYFmVqVdoXS2JxRqLXVQQ2iZQ=")
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let pem = key("a", 3).verifier().to_pem();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let bytes = STANDARD.decode(body).unwrap();
        assert_eq!(bytes.len(), 44);
        assert_eq!(&bytes[12..], key("a", 3).verifier().public());
        assert!(public.is_some());
    }

    #[test]
    fn a_signer_never_shows_its_secret() {
        let shown = format!("{:?}", key("a", 7));
        assert!(!shown.contains(&hex::encode([7; 32])));
        assert!(!shown.contains(&STANDARD.encode([7; 32])), "{shown}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_survives_signing_writing_and_reading(text in "[^\\x00-\\x1f]{0,40}(\n[^\\x00-\\x1f]{0,20}){0,4}") {
            let key = key("breakglass/T0", 9);
            let note = SignedNote::sign(format!("{text}\n"), &key).unwrap();
            let read: SignedNote = note.to_string().parse().unwrap();
            proptest::prop_assert_eq!(&read, &note);
            proptest::prop_assert!(read.verified_by(&[key.verifier()]).is_ok());
        }

        #[test]
        fn whatever_is_read_is_written_the_same(text in "(?s).{0,200}") {
            if let Ok(note) = text.parse::<SignedNote>() {
                let again: SignedNote = note.to_string().parse().unwrap();
                proptest::prop_assert_eq!(again, note);
            }
        }
    }
}
