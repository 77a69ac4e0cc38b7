//! Who a delivery is from, by its two headers and its body.

use axum::http::{HeaderMap, HeaderValue};
use breakglass::slack::events::{Seal, SigningSecret};
use chrono::{DateTime, TimeDelta};

/// The example in Slack's documentation of request signing: signature, timestamp
/// and body, a line each.
const PUBLISHED: &[u8] = b"v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503
1531420618
token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SENT_AT: i64 = 1_531_420_618;

pub(super) const SEEDS: &[&[u8]] = &[PUBLISHED, b"v0=\n1531420618\n", b"v1=00\n-1\n{}", b"\n\n"];

pub(super) const WORDS: &[&str] = &[
    "v0=",
    "v1=",
    "\n",
    "0",
    "a2",
    "A2",
    "+",
    "-",
    " ",
    "1531420618",
    "9223372036854775807",
    "\u{e9}",
    "&text=",
    "\u{0}",
];

/// Nothing but what Slack published passes for Slack's, and that only just then.
pub(super) fn body(bytes: &[u8]) -> Result<(), String> {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let mut headers = HeaderMap::new();
    for name in ["x-slack-signature", "x-slack-request-timestamp"] {
        let value = lines.next().unwrap_or_default();
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    let rest = lines.next().unwrap_or_default();
    let Some(seal) = Seal::of(&headers) else {
        return Ok(());
    };
    let secret = SigningSecret::new(SECRET).map_err(|error| error.to_string())?;
    let sent_at = DateTime::from_timestamp(SENT_AT, 0).unwrap_or_default();
    for minutes in [-6, 0, 6] {
        let passes = seal.is_genuine(rest, &secret, sent_at + TimeDelta::minutes(minutes));
        // Hexadecimal digits may be capitals; nothing else may differ.
        let published = bytes.eq_ignore_ascii_case(PUBLISHED) && rest == published_body();
        if passes != (published && minutes == 0) {
            return Err(format!("passes: {passes}, {minutes} minutes from then"));
        }
    }
    Ok(())
}

fn published_body() -> &'static [u8] {
    PUBLISHED
        .splitn(3, |byte| *byte == b'\n')
        .nth(2)
        .unwrap_or_default()
}
