//! What is written into a ticket: its words fetched again, and what its form
//! showed found out, so that a rule can tell what was saved unseen.

use super::{Resolved, Scene, Unresolved, text};
use crate::domain::change::{Command, EmergencyChange, MessageRef, Refusal};
use crate::domain::id::{ChangeNumber, ChannelId};
use crate::domain::text::Text;
use crate::domain::ticket::{Field, Told, Value, Writing};
use crate::gesture::Ask;
use crate::store::{Execution, Snapshot, Target};

/// Fields that somebody filled in. What they wrote stands first: should the
/// kind of emergency be refused, nothing of it is lost.
pub(super) async fn written(scene: &Scene<'_>) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let Ask::Document {
        change,
        sections,
        shown,
        criterion,
    } = &gesture.ask
    else {
        return Ok(Resolved::Reading(None));
    };
    let snapshot = scene.engine.store().change(*change).await?;
    let snapshot = snapshot.ok_or(Unresolved::Refused(Refusal::NoSuchChange(*change)))?;
    let mut met = Vec::new();
    let by = scene.member(&gesture.actor, &mut met).await?;
    let mut commands = Vec::new();
    if !sections.is_empty() {
        let before = as_shown(&snapshot, *change, *shown);
        let mut fields = Vec::with_capacity(sections.len());
        for (field, value) in sections {
            let base = before.as_ref().and_then(|one| one.fields.get(field));
            fields.push(Writing {
                field: *field,
                told: told(scene, value).await?,
                base: base.map(|entry| entry.value.hash()),
                taken_from: None,
            });
        }
        commands.push(Command::Document {
            by: Some(by),
            fields,
            standing: standing(scene, &snapshot.change).await?,
        });
    }
    commands.extend(criterion.map(|criterion| Command::StateCriterion { criterion }));
    scene.meet([], &mut met).await?;
    Ok(Resolved::Command(Box::new(Execution {
        target: Target::Change(*change),
        submissions: commands
            .into_iter()
            .map(|command| scene.submission(command))
            .collect(),
        texts: Vec::new(),
        gesture: Some(gesture.clone()),
        met,
        asks_back: None,
        afterwards: None,
    })))
}

/// The change as a form showed it. One that doesn't say what it showed showed
/// nothing, as far as anybody can tell.
fn as_shown(
    snapshot: &Snapshot,
    number: ChangeNumber,
    shown: Option<u64>,
) -> Option<EmergencyChange> {
    let n_events = usize::try_from(shown?).ok()?;
    EmergencyChange::replay(number, snapshot.history.iter().take(n_events))
}

/// What a value says, as it is handed in.
pub(super) async fn told(scene: &Scene<'_>, value: &Value) -> Result<Told, Unresolved> {
    Ok(match value {
        Value::Words(text) => Told::Words(scene.words(*text).await?),
        Value::Links(text) => Told::Links(scene.words(*text).await?),
        Value::Choice(name) => Told::Choice(name.clone()),
        Value::Person(who) => Told::Person(who.clone()),
        Value::Instant(at) => Told::Instant(*at),
        Value::Systems(names) => Told::Systems(names.clone()),
    })
}

/// The words that stand in the ticket: who repeats them says nothing new. What
/// was redacted is repeated by nobody.
pub(super) async fn standing(
    scene: &Scene<'_>,
    change: &EmergencyChange,
) -> Result<Vec<(Field, Text)>, Unresolved> {
    let mut standing = Vec::new();
    for (field, entry) in &change.fields {
        if let Value::Words(commitment) = &entry.value {
            let text = scene.engine.store().text(*commitment).await?;
            standing.extend(text.map(|text| (*field, text)));
        }
    }
    Ok(standing)
}

/// What a message in an incident channel says of the incident by standing there.
/// Where Slack won't say whether it is one, people are asked; while it can't, the
/// gesture waits, so that the record is the same however Slack is.
pub(super) async fn known(
    scene: &Scene<'_>,
    channel: &ChannelId,
    said: Option<&MessageRef>,
    texts: &mut Vec<Text>,
) -> Result<Vec<(Field, Told)>, Unresolved> {
    let Some(said) = said else {
        return Ok(Vec::new());
    };
    let facts = match scene.lookup.known_channel(channel).await {
        Ok(facts) => facts,
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(_) => return Ok(Vec::new()),
    };
    let policy = scene.engine.rules().newest();
    if !facts
        .name
        .is_some_and(|name| policy.is_incident_channel(&name))
    {
        return Ok(Vec::new());
    }
    let mut known = Vec::new();
    if let Some(permalink) = &said.permalink {
        let link = text(permalink.as_str().to_owned())?;
        texts.push(link.clone());
        known.push((Field::IncidentLink, Told::Links(link)));
    }
    known.extend(
        said.ts
            .at()
            .map(|at| (Field::IncidentBeganAt, Told::Instant(at))),
    );
    Ok(known)
}
