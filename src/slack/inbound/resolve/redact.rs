//! Who may take words out of the record, by the groups as they are now, and what
//! else repeats the words that were chosen.

use std::collections::BTreeSet;

use super::{Resolved, Scene, Unresolved};
use crate::domain::change::{Command, Passage, Refusal};
use crate::domain::id::{ChangeNumber, GroupId};
use crate::domain::policy::Party;
use crate::domain::text::Commitment;
use crate::store::Snapshot;

/// Takes texts out of a change's record.
pub(super) async fn texts(
    scene: &Scene<'_>,
    number: ChangeNumber,
    chosen: &[Commitment],
    reason: Option<Commitment>,
) -> Result<Resolved, Unresolved> {
    let snapshot = scene.engine.store().change(number).await?;
    let snapshot = snapshot.ok_or(Unresolved::Refused(Refusal::NoSuchChange(number)))?;
    let administrators = scene.engine.rules().newest().administrators.clone();
    let mut met = Vec::new();
    let mut by = scene.member(&scene.gesture.actor, &mut met).await?;
    let groups: BTreeSet<&GroupId> = administrators
        .iter()
        .filter_map(|party| match party {
            Party::Group(group) => Some(group),
            Party::Person(_) => None,
        })
        .collect();
    for group in groups {
        if scene.lookup.group_members(group).await?.contains(&by.id) {
            by.groups.insert(group.clone());
        }
    }
    let command = Command::Redact {
        by,
        administrators,
        texts: with_repetitions(&snapshot, chosen),
        reason: scene.words_if_any(reason).await?,
    };
    let submission = scene.submission(command);
    scene.submitted(number, submission, met).await
}

/// The chosen texts, and those of the record in which the same words stand: what
/// was typed to ask for a change stands in it twice.
fn with_repetitions(snapshot: &Snapshot, chosen: &[Commitment]) -> BTreeSet<Commitment> {
    let change = &snapshot.change;
    let mut texts: BTreeSet<Commitment> = chosen.iter().copied().collect();
    let words_of = |text: &Commitment| snapshot.words.get(text).and_then(Option::as_deref);
    for words in chosen.iter().filter_map(words_of).map(str::trim) {
        if words.is_empty() {
            continue;
        }
        let repeats = change
            .texts
            .keys()
            .filter(|text| words_of(text).is_some_and(|other| other.contains(words)));
        texts.extend(repeats);
    }
    let is_the_request = |text: &Commitment| {
        let stands = change.texts.get(text);
        stands.is_some_and(|one| matches!(one.passage, Passage::What | Passage::Request))
    };
    if texts.iter().any(is_the_request) {
        texts.extend([change.what, change.verbatim]);
    }
    texts
}
