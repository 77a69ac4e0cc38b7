//! Fills a record from a change, its events and its texts.

use chrono::{DateTime, Utc};

use super::permit::AUTHORIZED;
use super::words::{
    capacity, criterion, deed, duty, exception, handover, moot, named, not_genuine, review, rung,
    source, stage,
};
use super::{
    Act, Alteration, Answer, Commander, Correction, Deployed, Event as Told, Evidence, Exception,
    FORM, Genuineness, Meeting, Message, Obligation, Part, Person, Quote, Record, Redaction,
    Reminder, Removed, Request, Review, StatedReason, VERSION, Who, Words as Written,
    Written as Done,
};
use crate::domain::change::{
    ActOf, Actor, Alteration as Altering, Altered, EmergencyChange, Evidence as Seen, MessageRef,
    Recorded,
};
use crate::domain::id::{ChannelId, GroupId, UserId};
use crate::domain::obligation::{Answered, ChaseLine, Delivery, chase_log, obligations};
use crate::domain::policy::{Party, Policy};
use crate::domain::text::{Commitment, Text};
use crate::domain::ticket::{Field, capacities, content_hash};

/// What a text says, looked up by its commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// This, verbatim.
    Text(Text),
    /// It was taken out of the record.
    Redacted {
        /// When.
        at: DateTime<Utc>,
        /// By whom; the clock: by the policy's rule.
        by: Actor,
        /// Why; nothing if that was taken out, too.
        why: Option<String>,
    },
    /// Nobody has it, and nobody says that it was taken out.
    Missing,
}

/// The id of the retention rule, which no person has.
const RULE: &str = "policy";

/// Who took words out of the record.
pub(super) fn remover(by: &Actor, called: &dyn Fn(&UserId) -> Option<String>) -> Person {
    match by {
        Actor::Person(who) => Person {
            id: who.to_string(),
            name: called(who),
        },
        Actor::Clock | Actor::Bot => Person {
            id: RULE.to_owned(),
            name: Some("the retention rule".to_owned()),
        },
    }
}

/// Returns who took words out, as a record tells them.
pub fn removed_by(id: &str) -> Actor {
    match id {
        RULE => Actor::Clock,
        person => Actor::Person(UserId::new(person)),
    }
}

/// Where a record takes from what the change itself doesn't hold.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Whose log it stands in.
    pub workspace: &'a str,
    /// What a text says.
    pub text: &'a dyn Fn(Commitment) -> Words,
    /// What a person is called.
    pub person: &'a dyn Fn(&UserId) -> Option<String>,
    /// What a group is called.
    pub group: &'a dyn Fn(&GroupId) -> Option<String>,
    /// What a conversation is called, without `#`.
    pub channel: &'a dyn Fn(&ChannelId) -> Option<String>,
    /// The checkpoint's time.
    pub as_of: DateTime<Utc>,
}

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources")
            .field("workspace", &self.workspace)
            .field("as_of", &self.as_of)
            .finish_non_exhaustive()
    }
}

impl Record {
    /// Makes the record of a change. `leaves` says at which leaf of the log each event
    /// of its history stands; it may be empty where nobody knows.
    pub fn of(
        change: &EmergencyChange,
        history: &[Recorded],
        leaves: &[u64],
        policy: &Policy,
        sources: Sources<'_>,
    ) -> Self {
        let filler = Filler {
            sources,
            policy,
            change,
        };
        filler.record(history, leaves)
    }
}

/// Makes the parts of a record.
pub(super) struct Filler<'a> {
    sources: Sources<'a>,
    pub(super) policy: &'a Policy,
    pub(super) change: &'a EmergencyChange,
}

impl Filler<'_> {
    #[expect(clippy::too_many_lines, reason = "one line for each part of a record")]
    fn record(&self, history: &[Recorded], leaves: &[u64]) -> Record {
        let change = self.change;
        let permissions = self.permissions(history);
        let stands = change.authorization.as_ref().and_then(|given| {
            let mut acts = permissions.iter().rev();
            acts.find(|one| {
                one.act.name == AUTHORIZED && one.by.id == given.by.as_str() && one.at == given.at
            })
        });
        Record {
            form: FORM.to_owned(),
            version: VERSION,
            workspace: self.sources.workspace.to_owned(),
            as_of: self.sources.as_of,
            number: change.number.to_string(),
            drill: change.drill,
            duplicate_of: change.duplicate_of.map(|of| of.to_string()),
            stage: stage(change.stage),
            policy: change.policy.0,
            what: self.words(&change.what),
            request: self.request(),
            criterion: change.criterion.map(criterion),
            stated_reason: change.reason.as_ref().map(|stated| StatedReason {
                reason: not_genuine(stated.reason),
                text: stated.text.as_ref().map(|text| self.words(text)),
                act: self.act(&stated.by, stated.at),
            }),
            authorization: stands.cloned(),
            authorized_ahead_by_seconds: change.authorized_ahead_by().map(|by| by.num_seconds()),
            permissions,
            commander: change.commander.as_ref().map(|one| Commander {
                person: self.person(&one.who),
                authorized_at: one.authorized_at,
            }),
            people: capacities(change)
                .iter()
                .map(|(who, held)| Part {
                    person: self.person(who),
                    capacities: held.iter().copied().map(capacity).collect(),
                })
                .collect(),
            segregation: self.segregation(),
            deployments: change
                .deployments
                .iter()
                .map(|one| Deployed {
                    at: one.at,
                    known_from: source(one.known_from),
                    by: self.person(&one.by),
                    recorded_at: one.recorded_at,
                })
                .collect(),
            corrections: change
                .corrections
                .iter()
                .map(|one| Correction {
                    from: one.from,
                    to: one.to,
                    act: self.act(&one.by, one.at),
                    reason: self.words(&one.reason),
                })
                .collect(),
            ticket: Field::ALL.iter().map(|field| self.entry(*field)).collect(),
            ticket_opened_at: change.ticket_opened_at(),
            ticket_due_at: change.due_at(),
            documented_at: change.first_documented_at,
            attachments: self.attachments(),
            content_hash: content_hash(change).to_string(),
            decision: self.decision(history),
            taken_back: self.taken_back(history),
            reviews: change
                .reviews
                .iter()
                .map(|(which, one)| Review {
                    review: review(*which),
                    act: self.act(&one.by, one.at),
                    content_hash: one.content.to_string(),
                    words: one.words.as_ref().map(|text| self.words(text)),
                })
                .collect(),
            genuineness: change.genuineness.as_ref().map(|one| Genuineness {
                act: self.act(&one.by, one.at),
                is_genuine: one.genuine.is_genuine,
                words: one.genuine.words.as_ref().map(|text| self.words(text)),
            }),
            meeting: change.meeting.as_ref().map(|one| Meeting {
                act: self.act(&one.by, one.at),
                held_at: one.held_at,
                minutes: one.minutes.as_ref().map(|text| self.words(text)),
                improvements: one.improvements.as_ref().map(|text| self.words(text)),
            }),
            permanent_fix: change.permanent_fix.as_ref().map(|one| self.done(one)),
            remediation: change.remediation.as_ref().map(|one| self.done(one)),
            follow_ups: self.follow_ups(),
            obligations: self.obligations(),
            exceptions: self.exceptions(),
            quotes: change
                .quotes
                .iter()
                .map(|one| Quote {
                    message: self.message(&one.message),
                    by: self.person(&one.by),
                    captured: self.words(&one.captured),
                    stands: self.words(&one.stands),
                    is_deleted: one.is_deleted,
                })
                .collect(),
            alterations: change
                .altered
                .iter()
                .map(|one| self.alteration(one))
                .collect(),
            chase: chase_log(change.number, history, self.policy)
                .iter()
                .map(|line| self.reminder(line))
                .collect(),
            redactions: change
                .redactions
                .iter()
                .map(|(text, one)| Redaction {
                    commitment: text.to_string(),
                    passage: change
                        .texts
                        .get(text)
                        .map_or_else(String::new, |stands| stands.passage.to_string()),
                    removed: Removed {
                        at: one.at,
                        by: remover(&one.by, self.sources.person),
                        why: self.words(&one.reason).text,
                    },
                })
                .collect(),
            timeline: self.timeline(history, leaves),
            closed_at: change.closed_at,
        }
    }

    /// What somebody wrote, or that it is gone. The change's own record of a
    /// redaction counts, too: the lookup may not know of it.
    pub(super) fn words(&self, text: &Commitment) -> Written {
        let removed = |at, by: &Actor, why| Removed {
            at,
            by: remover(by, self.sources.person),
            why,
        };
        let known = self.change.redactions.get(text);
        let (text_is, redacted) = match ((self.sources.text)(*text), known) {
            (Words::Text(words), None) => (Some(words), None),
            (Words::Redacted { at, by, why }, _) => (None, Some(removed(at, &by, why))),
            (Words::Text(_) | Words::Missing, Some(one)) => {
                let why = match (self.sources.text)(one.reason) {
                    Words::Text(why) => Some(why.body().to_owned()),
                    Words::Redacted { .. } | Words::Missing => None,
                };
                (None, Some(removed(one.at, &one.by, why)))
            }
            (Words::Missing, None) => (None, None),
        };
        Written {
            commitment: text.to_string(),
            text: text_is.as_ref().map(|text| text.body().to_owned()),
            salt: text_is.map(|text| hex::encode(text.salt().0)),
            redacted,
        }
    }

    pub(super) fn person(&self, who: &UserId) -> Person {
        Person {
            id: who.to_string(),
            name: (self.sources.person)(who),
        }
    }

    fn group(&self, group: &GroupId) -> Person {
        Person {
            id: group.to_string(),
            name: (self.sources.group)(group),
        }
    }

    pub(super) fn group_called(&self, group: &GroupId) -> String {
        let group = self.group(group);
        format!("the group {}", group.name.unwrap_or(group.id))
    }

    fn who(&self, party: &Party) -> Who {
        match party {
            Party::Person(who) => Who::Person(self.person(who)),
            Party::Group(group) => Who::Group(self.group(group)),
        }
    }

    pub(super) fn actor(&self, actor: &Actor) -> Who {
        match actor {
            Actor::Person(who) => Who::Person(self.person(who)),
            Actor::Clock => Who::Clock,
            Actor::Bot => Who::Bot,
        }
    }

    pub(super) fn act(&self, by: &UserId, at: DateTime<Utc>) -> Act {
        Act {
            by: self.person(by),
            at,
        }
    }

    pub(super) fn act_of(&self, act: &ActOf) -> Act {
        self.act(&act.by, act.at)
    }

    fn done(&self, written: &crate::domain::change::Written) -> Done {
        Done {
            words: self.words(&written.text),
            act: self.act(&written.by, written.at),
        }
    }

    pub(super) fn message(&self, message: &MessageRef) -> Message {
        Message {
            channel: message.channel.to_string(),
            channel_name: (self.sources.channel)(&message.channel),
            ts: message.ts.to_string(),
            permalink: message.permalink.as_ref().map(ToString::to_string),
        }
    }

    fn request(&self) -> Request {
        let change = self.change;
        Request {
            by: self.person(&change.requester),
            at: change.requested_at,
            verbatim: self.words(&change.verbatim),
            channel: change.place.channel.to_string(),
            channel_name: (self.sources.channel)(&change.place.channel),
            message: change.said.as_ref().map(|said| self.message(said)),
            captured: change
                .captured
                .as_ref()
                .map(|one| self.act(&one.by, one.at)),
            asked: change.asked.iter().map(|party| self.who(party)).collect(),
        }
    }

    pub(super) fn evidence(&self, evidence: &Seen) -> Evidence {
        match evidence {
            Seen::Words { text, message } => Evidence::Words {
                text: self.words(text),
                message: self.message(message),
            },
            Seen::Emoji { name, on } => Evidence::Emoji {
                name: name.clone(),
                message: self.message(on),
            },
            Seen::Account { text } => Evidence::Account {
                text: self.words(text),
            },
        }
    }

    fn obligations(&self) -> Vec<Obligation> {
        let as_of = self.sources.as_of;
        obligations(self.change, self.policy)
            .into_iter()
            .map(|one| Obligation {
                duty: duty(one.duty),
                owner: one.owner.as_ref().map(|party| self.who(party)),
                opened_at: one.opened_at,
                due_at: one.due_at,
                met_at: one.met_at,
                is_missed: self.change.first_missed(one.duty).is_some()
                    || one
                        .due_at
                        .is_some_and(|due_at| one.met_at.unwrap_or(as_of) > due_at),
                closing_waits: one.closing_waits,
            })
            .collect()
    }

    fn exceptions(&self) -> Vec<Exception> {
        let mut exceptions: Vec<Exception> = self
            .change
            .exceptions
            .iter()
            .map(|(which, state)| Exception {
                exception: exception(*which),
                at: state.at,
                answer: state.answer.as_ref().map(|answer| Answer {
                    act: self.act(&answer.by, answer.at),
                    cause: self.words(&answer.cause),
                    remedy: self.words(&answer.remedy),
                    owner: self.person(&answer.owner),
                }),
            })
            .collect();
        exceptions.sort_by_key(|one| one.at);
        exceptions
    }

    fn alteration(&self, altered: &Altered) -> Alteration {
        Alteration {
            alteration: match &altered.alteration {
                Altering::Edited { .. } => named("edited", "edited by its author"),
                Altering::Deleted => named("deleted", "deleted"),
                Altering::ReactionRemoved => named("reaction_removed", "the emoji was taken away"),
            },
            message: self.message(&altered.message),
            at: altered.at,
        }
    }

    fn reminder(&self, line: &ChaseLine) -> Reminder {
        let (delivery, delivered_at) = match &line.delivery {
            Delivery::Waiting => (named("waiting", "waits to be sent"), None),
            Delivery::Delivered { at, .. } => (named("delivered", "Slack has it"), Some(*at)),
            Delivery::Undelivered { error, at } => (
                named("undelivered", format!("Slack refused it: {error}")),
                Some(*at),
            ),
            Delivery::Unsaid { at, why } => (named("unsaid", moot(*why)), Some(*at)),
        };
        let answer = line.answered.as_ref().map(|answered| match answered {
            Answered::Snoozed(until) => format!("put off until {}", super::told::utc(*until)),
            Answered::HandedOver { at, to, why } => {
                let at = super::told::utc(*at);
                format!("passed to {}, {}, at {at}", self.party(to), handover(*why))
            }
            Answered::Acted { at, by, deed: did } => {
                let at = super::told::utc(*at);
                format!("{} {} at {at}", self.called(by), deed(*did))
            }
        });
        Reminder {
            at: line.at,
            duty: duty(line.duty),
            owner: line.owner.as_ref().map(|party| self.who(party)),
            due_at: line.due_at,
            rung: rung(line.rung),
            delivery,
            delivered_at,
            answer,
        }
    }

    fn timeline(&self, history: &[Recorded], leaves: &[u64]) -> Vec<Told> {
        let mut told = Vec::with_capacity(history.len());
        for (n, recorded) in (1u64..).zip(history) {
            let sentence = self.tell(&recorded.event);
            told.push(Told {
                n,
                leaf: leaves.get(told.len()).copied(),
                at: recorded.at,
                source: source(recorded.source),
                actor: self.actor(&recorded.actor),
                event: sentence.event,
                texts: sentence.texts,
            });
        }
        told
    }
}
