//! What is written into the ticket, by whom, and what that is worth.

use super::conclude::refuse_if_approved;
use super::{Draft, notice_misses, within_bounds};
use crate::domain::authorization::{Act, Member, judge};
use crate::domain::change::{Actor, Criterion, Event, Exception, NotGenuine, Recorded, Refusal};
use crate::domain::policy::Policy;
use crate::domain::text::Text;
use crate::domain::ticket::{
    Entry, Field, Kind, Known, Told, Vague, Value, Writing, gaps, is_address, vague,
};

pub(super) fn state_criterion(
    draft: &mut Draft<'_>,
    by: &Member,
    criterion: Criterion,
) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    judge(Act::Document, by, &draft.change, draft.policy)?;
    if draft.change.criterion == Some(criterion) {
        return Err(Refusal::AlreadyStated {
            number: draft.change.number,
        });
    }
    // It is part of what was approved, and stays that.
    refuse_if_approved(&draft.change)?;
    draft.record(Event::CriterionStated { criterion });
    Ok(())
}

pub(super) fn state_reason(
    draft: &mut Draft<'_>,
    by: &Member,
    reason: NotGenuine,
    text: Option<&Text>,
) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    judge(Act::Document, by, &draft.change, draft.policy)?;
    refuse_if_approved(&draft.change)?;
    let text = text.filter(|text| !text.is_blank());
    match text {
        Some(text) => within_bounds(text)?,
        None if reason == NotGenuine::Other => return Err(Refusal::NoReason),
        None => {}
    }
    let known = draft.change.reason.as_ref();
    if text.is_none() && known.is_some_and(|stated| stated.reason == reason) {
        return Err(Refusal::AlreadyStated {
            number: draft.change.number,
        });
    }
    draft.record(Event::ReasonStated {
        reason,
        text: text.map(Text::commitment),
    });
    draft.except(Exception::NotGenuine);
    Ok(())
}

/// Writes fields of the ticket. Whoever saved a field that another had saved
/// since their form was opened is told, and both values are kept.
pub(super) fn document(
    draft: &mut Draft<'_>,
    by: Option<&Member>,
    fields: &[Writing],
    standing: &[(Field, Text)],
) -> Result<(), Refusal> {
    draft.change.refuse_if_over()?;
    let act = Act::Document;
    match (&draft.submission.actor, by) {
        (Actor::Person(_), Some(by)) => {
            judge(act, by, &draft.change, draft.policy)?;
        }
        (Actor::Person(_), None) => return Err(Refusal::Bot { act }),
        (Actor::Clock | Actor::Bot, _) => return fill_in(draft, fields),
    }
    let written: Vec<&Writing> = fields
        .iter()
        .filter(|one| !one.told.is_blank() && !is_outdated(draft, one))
        .collect();
    for one in &written {
        refuse_unless_fit(draft, one)?;
    }
    let mut words: Vec<(Field, &str)> = written
        .iter()
        .filter_map(|one| Some((one.field, one.told.text()?.body())))
        .collect();
    let saved = |field: Field| written.iter().any(|one| one.field == field);
    words.extend(standing.iter().filter_map(|(field, text)| {
        let stands = draft.change.words(*field) == Some(text.commitment());
        (stands && !saved(*field)).then_some((*field, text.body()))
    }));
    for one in written {
        let value = one.told.value();
        if stands(draft, one) {
            continue;
        }
        if one.field == Field::PermanentFixDueAt {
            // A date that had passed by then is missed before another is given.
            notice_misses(draft, draft.submission.at);
        }
        let before = draft.change.fields.get(&one.field);
        let unseen = before.filter(|entry| one.base != Some(entry.value.hash()));
        // What the bot put there by rule is nobody's typing.
        let replaced = unseen
            .filter(|entry| !matches!(entry.source, Known::Bot(_)))
            .map(|entry| entry.value.clone());
        let mark = too_little(one, &words)
            .filter(|mark| *mark != Vague::NoEvidence || !draft.change.has_evidence());
        draft.record(Event::FieldWritten {
            field: one.field,
            value,
            vague: mark,
            taken_from: one.taken_from,
            replaced,
        });
        if draft.change.approval.is_some() {
            draft.record(Event::ApprovalTakenBack {
                field: Some(one.field),
            });
        }
        follow_by_rule(draft, one);
    }
    Ok(())
}

fn too_little(one: &Writing, words: &[(Field, &str)]) -> Option<Vague> {
    let Told::Words(text) = &one.told else {
        return None;
    };
    vague(one.field, text.body(), words)
}

/// What the bot knows, where nobody has said anything else. It never disturbs
/// what was approved.
fn fill_in(draft: &mut Draft<'_>, fields: &[Writing]) -> Result<(), Refusal> {
    for one in fields.iter().filter(|one| !one.told.is_blank()) {
        refuse_unless_fit(draft, one)?;
        let value = one.told.value();
        let said = |entry: &Entry| !matches!(entry.source, Known::Bot(_)) || entry.value == value;
        let stands = draft.change.fields.get(&one.field).is_some_and(said);
        if stands || draft.change.approval.is_some() {
            continue;
        }
        draft.record(Event::FieldWritten {
            field: one.field,
            value,
            vague: None,
            taken_from: one.taken_from,
            replaced: None,
        });
    }
    Ok(())
}

/// What follows from a field by rule: a category brings its risk, as long as
/// nobody has judged that; no incident is an exception.
fn follow_by_rule(draft: &mut Draft<'_>, one: &Writing) {
    match (one.field, &one.told) {
        (Field::Category, Told::Choice(id)) => {
            let Some(category) = draft.policy.category(id) else {
                return;
            };
            let value = Value::Choice(category.risk.name().to_owned());
            let before = draft.change.fields.get(&Field::RiskLevel);
            let judged = before.is_some_and(|entry| {
                !matches!(entry.source, Known::Bot(_)) || entry.value == value
            });
            if !judged {
                draft.push(Recorded {
                    at: draft.submission.at,
                    source: draft.submission.source,
                    actor: Actor::Bot,
                    event: Event::FieldWritten {
                        field: Field::RiskLevel,
                        value,
                        vague: None,
                        taken_from: None,
                        replaced: None,
                    },
                });
            }
        }
        (Field::IncidentLink, Told::Words(_)) => draft.except(Exception::NoIncident),
        _ => {}
    }
}

fn refuse_unless_fit(draft: &Draft<'_>, one: &Writing) -> Result<(), Refusal> {
    if let Some(text) = one.told.text() {
        within_bounds(text)?;
    }
    let field = one.field;
    if !fits(field, &one.told, draft.policy) {
        return Err(Refusal::Unfit { field });
    }
    match one.told {
        // Only a plan lies ahead.
        Told::Instant(at) if at > draft.now && field != Field::PermanentFixDueAt => {
            Err(Refusal::NotYet { field, at })
        }
        Told::Instant(at) if is_past_plan(draft, one) && !stands(draft, one) => {
            Err(Refusal::InThePast { at })
        }
        _ => Ok(()),
    }
}

fn is_past_plan(draft: &Draft<'_>, one: &Writing) -> bool {
    one.field == Field::PermanentFixDueAt
        && matches!(one.told, Told::Instant(at) if at <= draft.now)
}

/// Whether the ticket says so already; a form sends back what it showed.
fn stands(draft: &Draft<'_>, one: &Writing) -> bool {
    let entry = draft.change.fields.get(&one.field);
    entry.is_some_and(|entry| entry.value == one.told.value())
}

/// Whether it is a plan of another change that is no plan any more. The rest of
/// its section is taken over without it.
fn is_outdated(draft: &Draft<'_>, one: &Writing) -> bool {
    one.taken_from.is_some() && is_past_plan(draft, one)
}

/// Whether a value is of the kind that the field has.
pub(super) fn fits(field: Field, told: &Told, policy: &Policy) -> bool {
    match (field.row().kind, told) {
        (Kind::Words, Told::Words(_))
        | (Kind::Person, Told::Person(_))
        | (Kind::Instant, Told::Instant(_)) => true,
        // In words stands why there is none.
        (Kind::Link, Told::Words(text)) => !is_address(text.body().trim()),
        (Kind::Link, Told::Links(text)) => is_address(text.body().trim()),
        (Kind::Links, Told::Links(text)) => text.body().split_whitespace().all(is_address),
        (Kind::Choice(choices), Told::Choice(name)) => choices.contains(&name.as_str()),
        (Kind::Category, Told::Choice(id)) => policy.category(id).is_some(),
        (Kind::Systems, Told::Systems(names)) => {
            names.iter().all(|name| policy.systems.contains(name))
        }
        (
            Kind::Recorded
            | Kind::Words
            | Kind::Choice(_)
            | Kind::Category
            | Kind::Link
            | Kind::Links
            | Kind::Person
            | Kind::Instant
            | Kind::Systems,
            _,
        ) => false,
    }
}

/// What the ticket misses decides whether it is complete: it becomes so with
/// its last part, whoever wrote that, and is so no more when a circumstance
/// comes to light that asks for more. Whoever writes it ahead of the deployment
/// isn't late when that is told late.
pub(super) fn complete(draft: &mut Draft<'_>, missing_before: &[Field]) {
    if draft.change.is_over() {
        return;
    }
    let missing = gaps(&draft.change, draft.policy);
    match draft.change.documented_at {
        None if missing.is_empty() => draft.record(Event::Documented),
        None => {}
        Some(_) => {
            let missing: Vec<Field> = missing
                .into_iter()
                .filter(|field| !missing_before.contains(field))
                .collect();
            if !missing.is_empty() {
                draft.record(Event::TicketReopened { missing });
            }
        }
    }
}
