//! What sources told of as deployed in the period and what isn't counted by itself: by
//! whose word, when, and why. An auditor sees by it that nothing was made to vanish.

use super::context::{Context, identity};
use super::fault::PackFault;
use crate::evidence::record::{capitalised, mark};
use crate::evidence::sheets::{LeftOutRow, shown};
use crate::store::LeftOut;

/// What was left out, by the reason.
#[derive(Debug, Clone, Default)]
pub(super) struct Omitted {
    pub(super) rows: Vec<LeftOutRow>,
    /// No production, as somebody said.
    pub(super) n_no_production: u64,
    /// Counted with an emergency change, as somebody said.
    pub(super) n_by_answer: u64,
    /// Counted with one that its branch, title or message names, or whose ticket names it.
    pub(super) n_by_name: u64,
}

/// Returns what was left out.
pub(super) fn omitted(context: &Context<'_>) -> Result<Omitted, PackFault> {
    let found = context
        .moment
        .left_out(context.from, context.to, context.size)?;
    let mut omitted = Omitted::default();
    for one in &found {
        let (n, because) = match (one.counted_with, &one.said) {
            (None, _) => (
                &mut omitted.n_no_production,
                "It didn't go to production, by somebody's word",
            ),
            (Some(_), Some(_)) => (
                &mut omitted.n_by_answer,
                "It belongs to an emergency change, by somebody's word",
            ),
            (Some(_), None) => (
                &mut omitted.n_by_name,
                "It belongs to an emergency change, by its number or the change's ticket",
            ),
        };
        *n += 1;
        omitted.rows.push(row(context, one, because));
    }
    Ok(omitted)
}

fn row(context: &Context<'_>, one: &LeftOut, because: &str) -> LeftOutRow {
    let record = context.normal(&one.change);
    let name = identity(&one.change);
    let title = record
        .as_ref()
        .and_then(|record| record.title.as_ref())
        .map(shown);
    let mut told_by: Vec<&str> = one
        .change
        .tellings
        .iter()
        .map(|one| one.told.source.as_str())
        .collect();
    told_by.dedup();
    let said = one.said.as_ref();
    let marks = said.map(|said| {
        let marks = said.marks.iter().map(|one| mark(*one).words);
        capitalised(&marks.collect::<Vec<_>>().join("; "))
    });
    let remarks = [
        (
            said.is_some_and(|said| said.at > context.at),
            "Said after the checkpoint.",
        ),
        (one.counts_again, "What was told of it since counts."),
    ];
    let remarks: Vec<&str> = remarks
        .into_iter()
        .filter_map(|(is_so, words)| is_so.then_some(words))
        .collect();
    LeftOutRow {
        at: one.change.at,
        description: title.unwrap_or_else(|| name.clone()),
        change: name,
        told_by: told_by.join(", "),
        because: because.to_owned(),
        counted_with: one.counted_with.map(|number| number.to_string()),
        said_by: said.map(|said| {
            context
                .name(&said.by)
                .unwrap_or_else(|| said.by.to_string())
        }),
        said_at: said.map(|said| said.at),
        asked_because: marks.filter(|words| !words.is_empty()),
        remark: (!remarks.is_empty()).then(|| remarks.join(" ")),
    }
}
