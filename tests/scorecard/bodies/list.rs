//! What somebody hands in as a list of changes: CSV of any shape.

use breakglass::domain::text::Salt;
use breakglass::intake::csv::Lines;

use super::webhook::sound;

pub(super) const SEEDS: &[&[u8]] = &[
    b"deployed_at,system,title,author,source,external_id,url,commit,kind,type,approved_by,approval_url,testing_result,testing_url,deploy_log_url,outcome\n\
2026-03-14T01:14:00Z,web,Ship the new cart,dana,jira,OPS-1,https://example.com/1,1111111111111111111111111111111111111111,normal,feature,morgan,https://example.com/2,142 passed,https://example.com/3,https://example.com/4,success\n\
2026-03-14T02:14:00+01:00,auth,\"Rotate keys, all of \"\"them\"\"\",,jira,OPS-2,,,standard,,,,,,,\n",
    b"external_id,source,deployed_at\r\n1,git,2026-03-14T01:14:00Z\r\n2,git,yesterday\r\n,git,2026-03-14T01:14:00Z\r\n",
    b"\xef\xbb\xbfdeployed_at;source;external_id\n2026-03-14T01:14:00Z;git;1\n",
    b"deployed_at,source,external_id\n\"2026-03-14T01:14:00Z,git,1\n2026-03-14T01:14:00Z,git,2\n",
];

pub(super) const WORDS: &[&str] = &[
    ",",
    "\"",
    "\"\"",
    "\n",
    "\r",
    "\r\n",
    ";",
    "\t",
    "emergency",
    "Normal",
    "2026-03-14",
    "9999-12-31T23:59:60Z",
    "deployed_at",
    "source",
    "=cmd|' /C calc'!A0",
    "\u{feff}",
    "\u{0}",
    "\u{e9}",
    "CHG-1042",
];

/// Each line is taken or said to be bad at a place that is there.
pub(super) fn body(bytes: &[u8]) -> Result<(), String> {
    let draw = || Ok(Salt([7; 32]));
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap_or_default();
    let Ok(lines) = Lines::open(bytes, &draw, now) else {
        return Ok(());
    };
    // A carriage return alone may end a line, too.
    let most = 1 + bytes
        .iter()
        .filter(|byte| matches!(byte, b'\n' | b'\r'))
        .count() as u64;
    let mut n_read = 0;
    for line in lines {
        n_read += 1;
        match line {
            Ok(told) => sound(&told, now)?,
            Err(bad) if bad.line < 1 || bad.line > most => {
                return Err(format!("line {} of {most} is bad", bad.line));
            }
            Err(_) => {}
        }
        if n_read > most {
            return Err(format!("more than {most} lines are read"));
        }
    }
    Ok(())
}
