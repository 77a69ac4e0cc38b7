//! What stands in a change's ticket, what was attached to it, what was decided on it,
//! and what is to be done after it.

use std::collections::BTreeMap;

use super::fill::Filler;
use super::words::{capitalised, field, ground, named, remedy, source};
use super::{Attachment, Decision, Entry, FollowUp, Named, Record, TakenBack, Value};
use crate::domain::authorization::Ground;
use crate::domain::change::{Attached, Event, Recorded};
use crate::domain::text::Commitment;
use crate::domain::ticket::{Field, Kind, Known, Value as Entered, content_hash, is_required};

impl Filler<'_> {
    pub(super) fn entry(&self, of: Field) -> Entry {
        let row = of.row();
        let stands = self.change.fields.get(&of);
        Entry {
            field: field(of),
            part: named(row.part.name(), capitalised(&row.part.to_string())),
            is_recorded: row.kind == Kind::Recorded,
            is_required: is_required(of, self.change, self.policy),
            value: stands.map(|entry| self.value(of, &entry.value)),
            by: stands.map(|entry| self.actor(&entry.by)),
            at: stands.map(|entry| entry.at),
            known: stands.map(|entry| match entry.source {
                Known::Person => named("person", "somebody wrote or chose it"),
                Known::Bot(from) => {
                    named("bot", format!("kept by the bot: {}", source(from).words))
                }
                Known::TakenFrom(number) => named("taken_from", format!("taken from {number}")),
            }),
            vague: stands
                .and_then(|entry| entry.vague)
                .map(|why| named(why.name(), why.to_string())),
        }
    }

    fn value(&self, of: Field, value: &Entered) -> Value {
        match value {
            Entered::Words(text) => Value::Words(self.words(text)),
            Entered::Links(text) => Value::Links(self.words(text)),
            Entered::Choice(name) => {
                let is_category = matches!(of.row().kind, Kind::Category);
                let category = self.policy.category(name).filter(|_| is_category);
                let label = category.map_or_else(
                    || capitalised(&name.replace('_', " ")),
                    |category| category.label.clone(),
                );
                Value::Choice(named(name, label))
            }
            Entered::Person(who) => Value::Person(self.person(who)),
            Entered::Instant(at) => Value::Instant { at: *at },
            Entered::Systems(names) => Value::Systems {
                names: names.clone(),
            },
        }
    }

    pub(super) fn attachments(&self) -> Vec<Attachment> {
        let of = |one: &crate::domain::change::Attachment| {
            let (kind, sha256, n_bytes, why) = match &one.attached {
                Attached::File {
                    sha256, n_bytes, ..
                } => {
                    let kind = named("file", "a file whose bytes are kept");
                    (kind, Some(hex::encode(sha256)), Some(*n_bytes), None)
                }
                Attached::Unfetched { n_bytes, why, .. } => {
                    let kind = named("unfetched", "a file whose bytes aren't kept");
                    (
                        kind,
                        None,
                        *n_bytes,
                        Some(named(why.name(), why.to_string())),
                    )
                }
                Attached::Elsewhere { .. } => {
                    let kind = named(
                        "elsewhere",
                        "a file that is kept elsewhere, at this address",
                    );
                    (kind, None, None, None)
                }
                Attached::Link => {
                    let kind = named("link", "an address; what stands there isn't kept");
                    (kind, None, None, None)
                }
            };
            Attachment {
                name: self.words(&one.name),
                kind,
                sha256,
                n_bytes,
                not_kept_because: why,
                message: self.message(&one.message),
                act: self.act(&one.by, one.at),
                is_after_approval: one.is_later,
            }
        };
        self.change.attachments.iter().map(of).collect()
    }

    pub(super) fn decision(&self, history: &[Recorded]) -> Option<Decision> {
        let change = self.change;
        let ground_of = |is_it: &dyn Fn(&Event) -> Option<Ground>| {
            let mut events = history.iter().rev();
            events.find_map(|one| is_it(&one.event)).map(ground)
        };
        let words = |text: &Option<Commitment>| text.as_ref().map(|text| self.words(text));
        if let Some(one) = &change.approval {
            let genuine = one.genuine.as_ref();
            return Some(Decision {
                verdict: named("approved", "approved"),
                by: self.person(&one.by),
                at: one.at,
                ground: ground_of(&|event| {
                    if let Event::Approved { ground, .. } = event {
                        return Some(*ground);
                    }
                    None
                }),
                content_hash: Some(one.content.to_string()),
                is_of_present_content: Some(one.content == content_hash(change)),
                words: words(&one.conditions),
                is_genuine: genuine.map(|one| one.is_genuine),
                genuine_words: genuine.and_then(|one| words(&one.words)),
                despite: one.despite.iter().copied().map(field).collect(),
                remedy: None,
                remedy_owner: None,
                remedy_due_at: None,
            });
        }
        let one = change.rejection.as_ref()?;
        let genuine = one.genuine.as_ref();
        Some(Decision {
            verdict: named("rejected", "rejected"),
            by: self.person(&one.by),
            at: one.at,
            ground: ground_of(&|event| {
                if let Event::Rejected { ground, .. } = event {
                    return Some(*ground);
                }
                None
            }),
            content_hash: None,
            is_of_present_content: None,
            words: Some(self.words(&one.reason)),
            is_genuine: genuine.map(|one| one.is_genuine),
            genuine_words: genuine.and_then(|one| words(&one.words)),
            despite: Vec::new(),
            remedy: one.remedy.map(remedy),
            remedy_owner: change.remedy_owner().map(|who| self.person(who)),
            remedy_due_at: one.due_at,
        })
    }

    pub(super) fn taken_back(&self, history: &[Recorded]) -> Vec<TakenBack> {
        let of = |recorded: &Recorded| {
            let Event::ApprovalTakenBack { field: of } = &recorded.event else {
                return None;
            };
            Some(TakenBack {
                by: self.actor(&recorded.actor),
                at: recorded.at,
                field: of.map(field),
            })
        };
        history.iter().filter_map(of).collect()
    }

    pub(super) fn follow_ups(&self) -> Vec<FollowUp> {
        let of = |one: &crate::domain::change::FollowUp| FollowUp {
            what: self.words(&one.what),
            owner: self.person(&one.owner),
            due_at: one.due_at,
            added: self.act_of(&one.added),
            done: one.done.as_ref().map(|done| self.act(&done.by, done.at)),
            how: one
                .done
                .as_ref()
                .and_then(|done| done.how.as_ref())
                .map(|text| self.words(text)),
        };
        self.change.follow_ups.iter().map(of).collect()
    }
}

impl Record {
    /// Returns the ticket's entry of a field.
    pub fn entry(&self, field: Field) -> Option<&Entry> {
        self.ticket
            .iter()
            .find(|entry| entry.field.name == field.name())
    }

    /// Returns the entries of the ticket by part, in their order.
    pub fn parts(&self) -> Vec<(&Named, Vec<&Entry>)> {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut parts: Vec<(&Named, Vec<&Entry>)> = Vec::new();
        for entry in &self.ticket {
            let n = *places.entry(&entry.part.name).or_insert(parts.len());
            match parts.get_mut(n) {
                Some((_, entries)) => entries.push(entry),
                None => parts.push((&entry.part, vec![entry])),
            }
        }
        parts
    }
}
