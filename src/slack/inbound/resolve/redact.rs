//! Who may take words out of the record, by the groups as they are now, and what
//! else repeats the words that were chosen.

use std::collections::BTreeSet;

use super::{Resolved, Scene, Unresolved};
use crate::domain::change::{Command, Refusal, going_with};
use crate::domain::id::{ChangeNumber, GroupId};
use crate::domain::policy::Party;
use crate::domain::text::Commitment;

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
        texts: going_with(&snapshot.change, chosen.iter().copied(), |text| {
            snapshot.words.get(text).cloned().flatten()
        }),
        reason: scene.words_if_any(reason).await?,
    };
    let submission = scene.submission(command);
    scene.submitted(number, submission, met).await
}
