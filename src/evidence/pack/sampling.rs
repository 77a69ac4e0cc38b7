//! How samples were chosen, in words and for programs: exact enough that anybody can
//! draw them again from the change log, by hand.

use serde_json::{Value, json};

use super::draw::Which;
use super::papers::{Folder, Told};
use crate::evidence::sample::{Draw, Stratum};

/// How samples were chosen, in a sentence.
pub(super) fn in_words(which: &Which, draw: Option<Draw>) -> String {
    let Some(draw) = draw else {
        return match which {
            Which::Named(names) => format!("named: {}", names.join(", ")),
            Which::On(day) => format!("every change that was deployed on {day}"),
            Which::Drawn { .. } => "drawn".to_owned(),
        };
    };
    let size = draw.size.map_or_else(
        || "as many as the usual table says".to_owned(),
        |size| size.to_string(),
    );
    let from = match draw.stratum {
        Stratum::All => "from all changes deployed",
        Stratum::Emergency => "from the emergencies",
        Stratum::Normal => "from the changes that weren't emergencies",
        Stratum::Exceptions => "from the changes with an exception",
        Stratum::ExceptionsFirst => "the changes with an exception first, then from the others",
    };
    let whose = if draw.is_given {
        "named by whoever asked for the pack"
    } else {
        "the beginning of the checkpoint's root, for nobody named one"
    };
    format!(
        "{size}, {from}; the smallest of SHA-256(seed \":\" change), seed {} ({whose})",
        draw.seed
    )
}

/// What has to be known of a seed.
pub(super) const OF_SEEDS: [&str; 3] = [
    "It is left to chance only where whoever made the pack didn't choose the seed: the auditor",
    "names it, before the pack is made. Whoever makes the pack could try seeds, and checkpoints,",
    "too, until they like what is drawn.",
];

/// What is drawn from which rows, in a paragraph of lines.
pub(super) const RECIPE: [&str; 12] = [
    "Drawn from: the rows of Change Log (all its sheets) whose Kind is Emergency, Normal or",
    "Standard. Rehearsals (Drill), second records and what was never deployed are never drawn.",
    "The order: by SHA-256 over the seed, a colon and the name in the column Change, smallest first:",
    "    printf '%s' '7:CHG-1042' | sha256sum",
    "Of these rows, by the stratum that was asked for:",
    "    all               all of them",
    "    emergency         those whose Kind is Emergency",
    "    normal            those whose Kind is Normal or Standard",
    "    exceptions        those where the column Exceptions isn't empty",
    "    exceptions-first  those where it isn't empty, in their order; then the others, in theirs",
    "As many as were asked for; where that wasn't said, by the usual table over all that could be",
    "drawn: all of up to 5, 5 of up to 50, a tenth of up to 250 (rounded up), 25 of more.",
];

/// A program that draws the samples again from the change log saved as CSV.
pub(super) fn program(draw: Draw, n: usize) -> String {
    let kinds = match draw.stratum {
        Stratum::Emergency => r#"["Emergency"]"#,
        Stratum::Normal => r#"["Normal", "Standard"]"#,
        Stratum::All | Stratum::Exceptions | Stratum::ExceptionsFirst => {
            r#"["Emergency", "Normal", "Standard"]"#
        }
    };
    let only = match draw.stratum {
        Stratum::Exceptions => r#" and row["Exceptions"]"#,
        Stratum::All | Stratum::Emergency | Stratum::Normal | Stratum::ExceptionsFirst => "",
    };
    let first = match draw.stratum {
        Stratum::ExceptionsFirst => r#"not row["Exceptions"], "#,
        Stratum::All | Stratum::Emergency | Stratum::Normal | Stratum::Exceptions => "",
    };
    format!(
        r#"import csv, hashlib
rows = csv.DictReader(open("log.csv", encoding="utf-8-sig", newline=""))
rows = [row for row in rows if row["Kind"] in {kinds}{only}]
place = lambda row: hashlib.sha256(("{seed}:" + row["Change"]).encode()).hexdigest()
rows.sort(key=lambda row: ({first}place(row)))
print("\n".join(row["Change"] for row in rows[:{n}]))
"#,
        seed = draw.seed,
    )
}

/// The same for programs.
pub(super) fn as_json(which: &Which, draw: Option<Draw>, folders: &[Folder]) -> Value {
    let names: Vec<&str> = folders
        .iter()
        .map(|one| match &one.record {
            Told::Emergency(record) => record.number.as_str(),
            Told::Normal(record) => record.name.as_str(),
        })
        .collect();
    let drawn = draw.map(|draw| {
        let part = |of: &str, n: u64| json!({"of": of, "candidates": n});
        let mut order = vec![match draw.stratum {
            Stratum::ExceptionsFirst => part(Stratum::Exceptions.name(), draw.n_first),
            stratum => part(stratum.name(), draw.n_first),
        }];
        if draw.stratum == Stratum::ExceptionsFirst {
            order.push(part("others", draw.n_rest));
        }
        json!({
            "stratum": draw.stratum.name(),
            "order": order,
            "seed": draw.seed.to_string(),
            "seed_is": if draw.is_given { "named" } else { "beginning of the checkpoint's root" },
            "asked_for": draw.size,
        })
    });
    json!({
        "n": folders.len(),
        "names": names,
        "how": in_words(which, draw),
        "drawn": drawn,
    })
}
