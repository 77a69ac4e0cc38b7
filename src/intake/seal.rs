//! Who sent a delivery: the signature or the token of each source, checked in
//! constant time.

use std::fmt;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How far the timestamp of a signed delivery may stray from ours, as Standard
/// Webhooks recommends: what was recorded on the way can't be played again later.
const LEEWAY_SECONDS: u64 = 300;

/// The prefix of a signing token, as GitLab and Standard Webhooks write it.
const SIGNING: &str = "whsec_";

/// Why a delivery isn't believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsealed {
    /// It says nothing of who sent it.
    #[error("no signature or token came with it; set the secret at the source, too")]
    Absent,
    /// Somebody else sent it, or it was touched on the way.
    #[error("its signature or token isn't the right one; is the secret the same on both sides?")]
    Wrong,
    /// It was signed too long ago, or ahead of our clock.
    #[error("it was signed more than five minutes from now; it is a replay, or a clock is wrong")]
    Stale,
}

/// A key that can't be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// With it anybody could sign.
    #[error("is empty")]
    Empty,
    /// A signing token that isn't whole.
    #[error("begins with whsec_ and isn't base64 behind it; copy the whole signing token again")]
    Torn,
}

/// A key by which a source signs what it sends.
#[derive(Clone)]
pub struct Signing(Hmac<Sha256>);

/// A word that only the source knows. Kept as its hash: so the comparison tells
/// nothing of its length either.
#[derive(Clone)]
pub struct Token([u8; 32]);

/// How GitLab proves itself.
#[derive(Debug, Clone)]
pub enum Gitlab {
    /// By the word in `X-Gitlab-Token`.
    Token(Token),
    /// By a signature over number, time and body. Where it signs, the word alone
    /// isn't enough.
    Signing(Signing),
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signing(…)")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Signing {
    /// Takes the secret as it was set at the source.
    pub fn new(secret: &str) -> Result<Self, BadKey> {
        Self::of(secret.as_bytes())
    }

    fn of(key: &[u8]) -> Result<Self, BadKey> {
        if key.is_empty() {
            return Err(BadKey::Empty);
        }
        // Keyed once; each check starts from a copy of the keyed state.
        Hmac::new_from_slice(key)
            .map(Self)
            .map_err(|_| BadKey::Empty)
    }

    /// Whether the parts one after the other have this signature.
    fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> Result<(), Unsealed> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        // Compares in constant time.
        mac.verify_slice(signature).map_err(|_| Unsealed::Wrong)
    }
}

impl Token {
    /// Takes the word as it was set at the source.
    pub fn new(word: &str) -> Result<Self, BadKey> {
        if word.is_empty() {
            return Err(BadKey::Empty);
        }
        Ok(Self(Sha256::digest(word.as_bytes()).into()))
    }

    fn verify(&self, word: &[u8]) -> Result<(), Unsealed> {
        let word: [u8; 32] = Sha256::digest(word).into();
        if bool::from(self.0.ct_eq(&word)) {
            Ok(())
        } else {
            Err(Unsealed::Wrong)
        }
    }
}

impl Gitlab {
    /// Takes the secret token, or the signing token (`whsec_…`).
    pub fn new(secret: &str) -> Result<Self, BadKey> {
        let Some(encoded) = secret.strip_prefix(SIGNING) else {
            return Token::new(secret).map(Self::Token);
        };
        let key = STANDARD.decode(encoded).map_err(|_| BadKey::Torn)?;
        Signing::of(&key).map(Self::Signing)
    }
}

/// Checks GitHub's and Bitbucket's `sha256=…` in the header of this name.
pub fn hub(key: &Signing, header: &str, headers: &HeaderMap, body: &[u8]) -> Result<(), Unsealed> {
    let value = headers.get(header).ok_or(Unsealed::Absent)?.as_bytes();
    let hex = value.strip_prefix(b"sha256=").ok_or(Unsealed::Wrong)?;
    key.verify(&[body], &digest(hex)?)
}

/// Checks CircleCI's `circleci-signature`: of the list of versions only `v1`, lest
/// somebody offers a weaker one.
pub fn circleci(key: &Signing, headers: &HeaderMap, body: &[u8]) -> Result<(), Unsealed> {
    let value = text(headers, "circleci-signature").ok_or(Unsealed::Absent)?;
    let hex = value
        .split(',')
        .find_map(|part| part.trim().strip_prefix("v1="))
        .ok_or(Unsealed::Wrong)?;
    key.verify(&[body], &digest(hex.as_bytes())?)
}

/// Checks GitLab's word, or its signature in the form of Standard Webhooks.
pub fn gitlab(
    key: &Gitlab,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Unsealed> {
    match key {
        Gitlab::Token(token) => {
            let word = headers.get("x-gitlab-token").ok_or(Unsealed::Absent)?;
            token.verify(word.as_bytes())
        }
        Gitlab::Signing(key) => standard(key, headers, body, now),
    }
}

fn standard(
    key: &Signing,
    headers: &HeaderMap,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Unsealed> {
    let id = text(headers, "webhook-id").ok_or(Unsealed::Absent)?;
    let sent_at = text(headers, "webhook-timestamp").ok_or(Unsealed::Absent)?;
    let signatures = text(headers, "webhook-signature").ok_or(Unsealed::Absent)?;
    // Several, while a key is being changed.
    let is_one = signatures
        .split_ascii_whitespace()
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|one| {
            let parts = [id.as_bytes(), b".", sent_at.as_bytes(), b".", body];
            key.verify(&parts, &one).is_ok()
        });
    if !is_one {
        return Err(Unsealed::Wrong);
    }
    let sent_at: i64 = sent_at.parse().map_err(|_| Unsealed::Wrong)?;
    if now.timestamp().abs_diff(sent_at) > LEEWAY_SECONDS {
        return Err(Unsealed::Stale);
    }
    Ok(())
}

/// Checks `Authorization`: the word as `Bearer`, or as the password of `Basic`,
/// which is all that Jenkins's plugin can send.
pub fn bearer(token: &Token, headers: &HeaderMap) -> Result<(), Unsealed> {
    let value = text(headers, "authorization").ok_or(Unsealed::Absent)?;
    let (scheme, rest) = value.split_once(' ').ok_or(Unsealed::Wrong)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return token.verify(rest.as_bytes());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = STANDARD.decode(rest).map_err(|_| Unsealed::Wrong)?;
        let at = pair.iter().position(|byte| *byte == b':');
        let word = at.and_then(|at| pair.get(at + 1..)).unwrap_or_default();
        return token.verify(word);
    }
    Err(Unsealed::Wrong)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn digest(hex: &[u8]) -> Result<[u8; 32], Unsealed> {
    let mut digest = [0; 32];
    hex::decode_to_slice(hex, &mut digest).map_err(|_| Unsealed::Wrong)?;
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    axum::http::HeaderName::from_static(name),
                    value.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn githubs_published_example_is_genuine_and_nothing_near_it() {
        let key = Signing::new("It's a Secret to Everybody").unwrap();
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let check = |value: &str, body: &[u8]| {
            let headers = headers(&[("x-hub-signature-256", value)]);
            hub(&key, "x-hub-signature-256", &headers, body)
        };
        assert_eq!(check(signature, b"Hello, World!"), Ok(()));
        assert_eq!(check(signature, b"Hello, World?"), Err(Unsealed::Wrong));
        for touched in [
            signature.replace("75", "76"),
            signature.replace("sha256", "sha1"),
            signature[..70].to_owned(),
            format!("{signature}00"),
            "sha256=".to_owned(),
        ] {
            assert_eq!(check(&touched, b"Hello, World!"), Err(Unsealed::Wrong));
        }
        let none = HeaderMap::new();
        assert_eq!(
            hub(&key, "x-hub-signature-256", &none, b""),
            Err(Unsealed::Absent)
        );
    }

    #[test]
    fn circlecis_published_examples_are_genuine() {
        for (body, secret, signature) in [
            (
                "hello world",
                "secret",
                "734cc62f32841568f45715aeb9f4d7891324e6d948e4c6c60c0621cdac48623a",
            ),
            (
                "an-important-request-payload",
                "hunter123",
                "9be2242094a9a8c00c64306f382a7f9d691de910b4a266f67bd314ef18ac49fa",
            ),
        ] {
            let key = Signing::new(secret).unwrap();
            let check = |value: &str| {
                circleci(
                    &key,
                    &headers(&[("circleci-signature", value)]),
                    body.as_bytes(),
                )
            };
            assert_eq!(check(&format!("v1={signature}")), Ok(()));
            assert_eq!(check(&format!("v2=00,v1={signature}")), Ok(()));
            assert_eq!(check(&format!("v0={signature}")), Err(Unsealed::Wrong));
            assert_eq!(check("v1=not-a-valid-signature"), Err(Unsealed::Wrong));
        }
    }

    /// The example in the text of Standard Webhooks.
    #[test]
    fn a_signed_delivery_of_gitlabs_is_believed_for_five_minutes() {
        let key = Gitlab::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let sent = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let check = |signature: &str, body: &[u8], at: DateTime<Utc>| {
            let headers = headers(&[
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", "1614265330"),
                ("webhook-signature", signature),
            ]);
            gitlab(&key, &headers, body, at)
        };
        assert_eq!(check(signature, body, sent), Ok(()));
        let rotated = format!("v1,AAAA {signature}");
        assert_eq!(check(&rotated, body, sent), Ok(()));
        let minutes = |n| sent + TimeDelta::minutes(n);
        assert_eq!(check(signature, body, minutes(5)), Ok(()));
        assert_eq!(check(signature, body, minutes(6)), Err(Unsealed::Stale));
        assert_eq!(check(signature, body, minutes(-6)), Err(Unsealed::Stale));
        assert_eq!(check(signature, b"{}", sent), Err(Unsealed::Wrong));
        let v2 = signature.replace("v1", "v2");
        assert_eq!(check(&v2, body, sent), Err(Unsealed::Wrong));
        // Who signs can't be stood in for by the word.
        let word = headers(&[("x-gitlab-token", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]);
        assert_eq!(gitlab(&key, &word, body, sent), Err(Unsealed::Absent));
        assert_eq!(Gitlab::new("whsec_?").unwrap_err(), BadKey::Torn);
        assert_eq!(Gitlab::new("whsec_").unwrap_err(), BadKey::Empty);
    }

    #[test]
    fn a_word_is_the_whole_word() {
        let key = Gitlab::new("hunter2").unwrap();
        let check = |word: &str| {
            let now = DateTime::UNIX_EPOCH;
            gitlab(&key, &headers(&[("x-gitlab-token", word)]), b"", now)
        };
        assert_eq!(check("hunter2"), Ok(()));
        for word in ["hunter", "hunter22", "", "Hunter2"] {
            assert_eq!(check(word), Err(Unsealed::Wrong), "{word}");
        }
        let token = Token::new("hunter2").unwrap();
        let check = |value: &str| bearer(&token, &headers(&[("authorization", value)]));
        assert_eq!(check("Bearer hunter2"), Ok(()));
        assert_eq!(check("bearer  hunter2"), Ok(()));
        // breakglass:hunter2
        assert_eq!(check("Basic YnJlYWtnbGFzczpodW50ZXIy"), Ok(()));
        for value in [
            "hunter2",
            "Bearer",
            "Bearer hunter",
            "Basic ????",
            "Basic aHVudGVyMg==",
        ] {
            assert_eq!(check(value), Err(Unsealed::Wrong), "{value}");
        }
    }

    #[test]
    fn no_key_shows_itself_and_none_is_empty() {
        assert!(!format!("{:?}", Gitlab::new("hunter2").unwrap()).contains("hunter"));
        assert_eq!(Signing::new("").unwrap_err(), BadKey::Empty);
        assert_eq!(Token::new("").unwrap_err(), BadKey::Empty);
    }
}
