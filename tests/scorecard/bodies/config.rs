//! What somebody writes into `breakglass.toml`.

use breakglass::config::{File, PolicyFile};

pub(super) const SEEDS: &[&[u8]] = &[
    include_bytes!("../../fixtures/config/whole.toml"),
    b"[policy]\napprovers = [\"S0123ABCD\"]\nguideline = 0.10\n",
    b"[policy.due]\nticket = \"24 h\"\n",
    b"",
];

pub(super) const WORDS: &[&str] = &[
    "[",
    "]",
    "[[",
    "=",
    "\"",
    "'''",
    "\n",
    "#",
    "{",
    "}",
    ",",
    "policy",
    "24 h",
    "0 h",
    "9999999999999 days",
    "0.1",
    "1e400",
    "-1",
    "U0123ABCD",
    "S0123ABCD",
    "Europe/Berlin",
    "\u{201c}",
    "\u{feff}",
    "\u{e9}",
    "\r",
    "\u{0}",
];

/// What is read can be written down and read again as the same; what can't be read
/// is said to be wrong at a place that is there.
pub(super) fn body(bytes: &[u8]) -> Result<(), String> {
    match File::read(bytes) {
        Ok(file) => {
            let written = file.policy.bytes().map_err(|error| format!("{error:#}"))?;
            let again = PolicyFile::read(&written).map_err(|error| format!("{error:#}"))?;
            if again != file.policy {
                return Err(format!(
                    "the policy reads differently once adopted: {written}"
                ));
            }
            Ok(())
        }
        Err(faults) => {
            let n_lines = bytes.split(|byte| *byte == b'\n').count();
            match faults
                .iter()
                .find(|fault| fault.line < 1 || fault.line > n_lines)
            {
                Some(fault) => Err(format!("line {} of {n_lines} is wrong", fault.line)),
                None if faults.is_empty() => {
                    Err("it can't be read and nothing is wrong".to_owned())
                }
                None => Ok(()),
            }
        }
    }
}
