//! A section that is taken over from another change of the same incident.

use super::ticket::{standing, told};
use super::{Resolved, Scene, Unresolved};
use crate::domain::change::{Command, Refusal};
use crate::domain::id::ChangeNumber;
use crate::domain::ticket::{Field, Part, Told, Writing, takeable};
use crate::store::{Snapshot, StoreError};

/// How many changes of one incident are looked through.
const SIBLINGS: usize = 50;

/// Takes over what `from` says in a section and nobody has said here. It keeps
/// its commitment: what is taken out there later goes from here, too.
pub(super) async fn take_over(
    scene: &Scene<'_>,
    number: ChangeNumber,
    from: ChangeNumber,
    part: Part,
) -> Result<Resolved, Unresolved> {
    let store = scene.engine.store();
    let this = store.change(number).await?;
    let this = this.ok_or(Unresolved::Refused(Refusal::NoSuchChange(number)))?;
    let siblings = store.siblings(number, SIBLINGS).await?;
    let other = siblings.into_iter().find(|one| one.change.number == from);
    let other = match other {
        Some(other) if is_open(scene, &this, &other).await? => other,
        Some(_) | None => return Err(NOT_OF_THIS_INCIDENT),
    };
    let fields = takeable(&this.change, &other.change)
        .remove(&part)
        .ok_or(NOTHING_LEFT)?;
    let mut writings = Vec::with_capacity(fields.len());
    for field in fields {
        let stands = this.change.fields.get(&field);
        writings.push(Writing {
            field,
            told: told_there(scene, &other, field).await?,
            base: stands.map(|entry| entry.value.hash()),
            taken_from: Some(from),
        });
    }
    let mut met = Vec::new();
    let by = scene.member(&scene.gesture.actor, &mut met).await?;
    let submission = scene.submission(Command::Document {
        by: Some(by),
        fields: writings,
        standing: standing(scene, &this.change).await?,
    });
    scene.submitted(number, submission, met).await
}

/// What a field of the other change says, as it is handed in.
async fn told_there(scene: &Scene<'_>, other: &Snapshot, field: Field) -> Result<Told, Unresolved> {
    let gone = || Unresolved::Store(StoreError::Corrupt("a field's words"));
    let entry = other.change.fields.get(&field).ok_or_else(gone)?;
    told(scene, &entry.value).await
}

/// Whether the words of a change may be said in the place of the other: what was
/// said in a private channel stays there.
async fn is_open(scene: &Scene<'_>, this: &Snapshot, other: &Snapshot) -> Result<bool, Unresolved> {
    let place = &other.change.place.channel;
    if *place == this.change.place.channel {
        return Ok(true);
    }
    let facts = scene.lookup.known_channel(place).await?;
    Ok(!facts.private && !facts.direct)
}

const NOT_OF_THIS_INCIDENT: Unresolved = Unresolved::Sentence(
    "Those two aren't of the same incident any more, so nothing was taken over. Sections are shared by changes of one channel or one incident link, within a day.",
);

const NOTHING_LEFT: Unresolved = Unresolved::Sentence(
    "Nothing in that section is left to take over: it is filled here, or blank there. Nothing was changed.",
);
