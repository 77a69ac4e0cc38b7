//! Each event of the log as a sentence, with what was written.
//!
//! The match is exhaustive, so that no kind of event can be left out of the pack.

use std::cmp::Ordering;

use super::fill::Filler;
use super::words::{
    criterion, duty, exception, field, ground, handover, method, named, not_genuine, remedy,
    review, rung, span,
};
use super::{Named, Passage};
use crate::domain::authorization::Ground;
use crate::domain::change::{Event, Evidence, Genuineness, Method};
use crate::domain::id::UserId;
use crate::domain::policy::Party;
use crate::domain::text::Commitment;
use crate::domain::ticket::Value;

/// The name of an event, the sentence that tells it, and what was written.
pub(super) struct Sentence {
    pub(super) event: Named,
    pub(super) texts: Vec<Passage>,
}

impl Filler<'_> {
    /// Tells an event.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of event")]
    pub(super) fn tell(&self, event: &Event) -> Sentence {
        let mut texts: Vec<Passage> = Vec::new();
        let mut write = |label: &str, text: &Commitment| {
            texts.push(Passage {
                label: label.to_owned(),
                words: self.words(text),
            });
        };
        let mut write_if_any = |label: &str, text: &Option<Commitment>| {
            if let Some(text) = text {
                write(label, text);
            }
        };
        let (name, words) = match event {
            Event::Requested {
                what,
                verbatim,
                asked,
                drill,
                ..
            } => {
                write_if_any("What is changed", &Some(*what));
                write_if_any("As it was typed", &Some(*verbatim));
                let what = if *drill {
                    "a rehearsal"
                } else {
                    "an emergency change"
                };
                (
                    "requested",
                    format!("asked for {what}{}", self.asking(asked)),
                )
            }
            Event::CriterionStated { criterion: of } => (
                "criterion_stated",
                format!("stated why: {}", criterion(*of).words),
            ),
            Event::AskedAnew { asked } => (
                "asked_anew",
                format!("asked somebody else{}", self.asking(asked)),
            ),
            Event::Authorized {
                by,
                method: how,
                ground: why,
                evidence,
                attested,
                ..
            } => {
                write_evidence(evidence.as_ref(), &mut write_if_any);
                let attested = attested.as_ref().map_or_else(String::new, |act| {
                    format!(", as {} attests", self.called(&act.by))
                });
                let words = format!(
                    "{} authorized it {}{attested}",
                    self.called(by),
                    how_and_why(*how, *why)
                );
                ("authorized", words)
            }
            Event::AttestationConfirmed => (
                "attestation_confirmed",
                "confirmed having authorized it".to_owned(),
            ),
            Event::AttestationDisputed => (
                "attestation_disputed",
                "denied having authorized it".to_owned(),
            ),
            Event::Denied {
                ground: why,
                evidence,
            } => {
                write_evidence(evidence.as_ref(), &mut write_if_any);
                ("denied", format!("denied it ({})", ground(*why).words))
            }
            Event::WentAhead => ("went_ahead", "went ahead without authorization".to_owned()),
            Event::CommanderNamed { commander } => (
                "commander_named",
                format!("named {} as incident commander", self.called(commander)),
            ),
            Event::CommanderAuthorized {
                method: how,
                ground: why,
                ..
            } => (
                "commander_authorized",
                format!("authorized it as commander {}", how_and_why(*how, *why)),
            ),
            Event::SecondAuthorized {
                method: how,
                ground: why,
                evidence,
                ..
            } => {
                write_evidence(evidence.as_ref(), &mut write_if_any);
                let words = format!("authorized it as second person {}", how_and_why(*how, *why));
                ("second_authorized", words)
            }
            Event::Deployed {
                deployed_at,
                known_from,
                implementer,
            } => (
                "deployed",
                format!(
                    "recorded that {} deployed it at {} ({})",
                    self.called(implementer),
                    utc(*deployed_at),
                    super::words::source(*known_from).words
                ),
            ),
            Event::DeploymentCorrected { from, to, reason } => {
                write_if_any("Why", &Some(*reason));
                let words = format!(
                    "corrected the time of a deployment from {} to {}",
                    utc(*from),
                    utc(*to)
                );
                ("deployment_corrected", words)
            }
            Event::ReasonStated { reason, text } => {
                write_if_any("In their own words", text);
                let words = format!("stated a reason: {}", not_genuine(*reason).words);
                ("reason_stated", words)
            }
            Event::LinkedAsDuplicate { of } => (
                "linked_as_duplicate",
                format!("linked it as a second record of {of}"),
            ),
            Event::MessageEdited { from, to, .. } => {
                write_if_any("Before", &Some(*from));
                write_if_any("After", &Some(*to));
                ("message_edited", "edited a captured message".to_owned())
            }
            Event::MessageDeleted { from, .. } => {
                write_if_any("What it said", &Some(*from));
                ("message_deleted", "deleted a captured message".to_owned())
            }
            Event::ReactionRemoved { name, .. } => (
                "reaction_removed",
                format!("took the emoji :{name}: away; that takes nothing back"),
            ),
            Event::Lapsed => ("lapsed", "said that it was never deployed".to_owned()),
            Event::Withdrawn => ("withdrawn", "withdrew the request".to_owned()),
            Event::SectionWritten { section, text } => {
                write_if_any(&field(section.field()).words, &Some(*text));
                (
                    "section_written",
                    format!("wrote into the ticket: {section}"),
                )
            }
            Event::FieldWritten {
                field: of,
                value,
                vague,
                taken_from,
                replaced,
            } => {
                write_if_any(&field(*of).words, &value.commitment());
                if let Some(replaced) = replaced {
                    write_if_any("Replaced unseen", &replaced.commitment());
                }
                let shown = self.in_a_line(value);
                let shown = shown.map_or_else(String::new, |shown| format!(": {shown}"));
                let from = taken_from.map_or_else(String::new, |of| format!(", taken from {of}"));
                let vague = vague.map_or_else(String::new, |why| format!(" (which {why})"));
                let words = format!("wrote into the ticket “{of}”{shown}{from}{vague}");
                ("field_written", words)
            }
            Event::AttachmentKept { name, .. } => {
                write_if_any("Attachment", &Some(*name));
                ("attachment_kept", "attached evidence".to_owned())
            }
            Event::Redacted { reason, text } => {
                write_if_any("Why", &Some(*reason));
                (
                    "redacted",
                    format!("removed a text, {}", short(&text.to_string())),
                )
            }
            Event::Documented => ("documented", "the ticket became complete".to_owned()),
            Event::TicketReopened { missing } => {
                let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                let words = format!("the ticket misses more: {}", missing.join(", "));
                ("ticket_reopened", words)
            }
            Event::Approved {
                content,
                ground: why,
                conditions,
                genuine,
                despite,
            } => {
                write_if_any("Conditions", conditions);
                write_genuine(genuine.as_ref(), &mut write_if_any);
                let despite: Vec<String> = despite.iter().map(ToString::to_string).collect();
                let despite = match despite.len() {
                    0 => String::new(),
                    _ => format!(", although these say too little: {}", despite.join(", ")),
                };
                let words = format!(
                    "approved exactly the content {} ({}){}{despite}",
                    short(&content.to_string()),
                    ground(*why).words,
                    genuine_words(genuine.as_ref()),
                );
                ("approved", words)
            }
            Event::ApprovalTakenBack { field } => (
                "approval_taken_back",
                match field {
                    Some(field) => format!("the approval was taken back by an edit of “{field}”"),
                    None => "the approval was taken back by news of a deployment".to_owned(),
                },
            ),
            Event::Rejected {
                reason,
                ground: why,
                remedy: how,
                owner,
                due_at,
                genuine,
            } => {
                write_if_any("Why", &Some(*reason));
                write_genuine(genuine.as_ref(), &mut write_if_any);
                let how = how.map_or_else(String::new, |how| format!("; {}", remedy(how).words));
                let who = owner.as_ref();
                let who = who.map_or_else(String::new, |who| format!(", {}", self.called(who)));
                let by = due_at.map_or_else(String::new, |at| format!(", by {}", utc(at)));
                let words = format!(
                    "rejected it ({}){}{how}{who}{by}",
                    ground(*why).words,
                    genuine_words(genuine.as_ref())
                );
                ("rejected", words)
            }
            Event::Reviewed {
                review: of,
                ground: why,
                content,
                words,
            } => {
                write_if_any("What they say", words);
                let words = format!(
                    "gave {} of exactly the content {} ({})",
                    review(*of).words,
                    short(&content.to_string()),
                    ground(*why).words
                );
                ("reviewed", words)
            }
            Event::GenuinenessReviewed {
                ground: why,
                genuine,
            } => {
                write_genuine(Some(genuine), &mut write_if_any);
                let words = format!(
                    "reviewed whether it was a genuine emergency ({}){}",
                    ground(*why).words,
                    genuine_words(Some(genuine))
                );
                ("genuineness_reviewed", words)
            }
            Event::MeetingHeld {
                held_at,
                minutes,
                improvements,
            } => {
                write_if_any("Minutes", minutes);
                write_if_any("Improvements of the process", improvements);
                let words = format!("recorded its review in a team meeting at {}", utc(*held_at));
                ("meeting_held", words)
            }
            Event::PermanentFixMade { how } => {
                write_if_any("How", &Some(*how));
                (
                    "permanent_fix_made",
                    "recorded the permanent fix".to_owned(),
                )
            }
            Event::FollowUpAdded {
                what,
                owner,
                due_at,
            } => {
                write_if_any("What", &Some(*what));
                let words = format!(
                    "wrote down a follow-up for {}, due {}",
                    self.called(owner),
                    utc(*due_at)
                );
                ("follow_up_added", words)
            }
            Event::FollowUpDone { n, how } => {
                write_if_any("How", how);
                (
                    "follow_up_done",
                    format!("recorded that follow-up {n} is done"),
                )
            }
            Event::Remediated { how } => {
                write_if_any("How", &Some(*how));
                ("remediated", "recorded how it was put right".to_owned())
            }
            Event::ExceptionRecorded { exception: of } => (
                "exception_recorded",
                format!("exception: {}", exception(*of).words),
            ),
            Event::ExceptionAnswered {
                exception: of,
                cause,
                remedy,
                owner,
            } => {
                write_if_any("Cause", &Some(*cause));
                write_if_any("Remedy", &Some(*remedy));
                let words = format!(
                    "answered the exception “{}”; {} sees to the remedy",
                    exception(*of).words,
                    self.called(owner)
                );
                ("exception_answered", words)
            }
            Event::DeadlineMissed {
                duty: of,
                owner,
                due_at,
            } => {
                let words = format!(
                    "missed: {}, due {}{}",
                    duty(*of).words,
                    utc(*due_at),
                    self.of(owner.as_ref())
                );
                ("deadline_missed", words)
            }
            Event::Reminded {
                duty: of,
                owner,
                rung: on,
                ..
            } => {
                let words = format!(
                    "reminded{} of {}: {}",
                    owner
                        .as_ref()
                        .map_or_else(String::new, |who| format!(" {}", self.party(who))),
                    duty(*of).words,
                    rung(*on).words
                );
                ("reminded", words)
            }
            Event::Snoozed {
                duty: of, until, ..
            } => {
                let words = format!("put off {} until {}", duty(*of).words, utc(*until));
                ("snoozed", words)
            }
            Event::HandedOver {
                duty: of,
                from,
                to,
                why,
            } => {
                let from = from.as_ref();
                let from =
                    from.map_or_else(String::new, |from| format!(" from {}", self.party(from)));
                let words = format!(
                    "{} passed{from} to {}, {}",
                    duty(*of).words,
                    self.party(to),
                    handover(*why)
                );
                ("handed_over", words)
            }
            Event::Escalated {
                duty: of, to, step, ..
            } => {
                let words = format!(
                    "told {} that {} is still missed (step {step})",
                    self.called(to),
                    duty(*of).words
                );
                ("escalated", words)
            }
            Event::Delivered {
                key,
                payload,
                showed,
                ..
            } => {
                let words = format!(
                    "Slack took the message {key}, which showed version {showed} (SHA-256 {})",
                    short(&hex::encode(payload))
                );
                ("delivered", words)
            }
            Event::Undelivered { key, error } => (
                "undelivered",
                format!("Slack refused the message {key}: {error}"),
            ),
            Event::Closed => ("closed", "closed".to_owned()),
        };
        Sentence {
            event: named(name, words),
            texts,
        }
    }

    fn asking(&self, asked: &[Party]) -> String {
        let asked: Vec<String> = asked.iter().map(|party| self.party(party)).collect();
        match asked.len() {
            0 => String::new(),
            _ => format!(", asking {}", asked.join(", ")),
        }
    }

    fn of(&self, owner: Option<&Party>) -> String {
        owner.map_or_else(String::new, |owner| {
            format!(", owed by {}", self.party(owner))
        })
    }

    pub(super) fn party(&self, party: &Party) -> String {
        match party {
            Party::Person(who) => self.called(who),
            Party::Group(group) => self.group_called(group),
        }
    }

    /// What a value says, unless somebody wrote it.
    fn in_a_line(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Words(_) | Value::Links(_) => return None,
            Value::Choice(name) => name.replace('_', " "),
            Value::Person(who) => self.called(who),
            Value::Instant(at) => utc(*at),
            Value::Systems(names) => names.join(", "),
        })
    }

    pub(super) fn called(&self, who: &UserId) -> String {
        let person = self.person(who);
        person.name.unwrap_or(person.id)
    }
}

fn how_and_why(how: Method, why: Ground) -> String {
    format!("{} ({})", method(how).words, ground(why).words)
}

fn genuine_words(genuine: Option<&Genuineness>) -> &'static str {
    match genuine {
        Some(one) if one.is_genuine => ", as a genuine emergency",
        Some(_) => ", as no genuine emergency",
        None => "",
    }
}

fn write_evidence(evidence: Option<&Evidence>, write: &mut impl FnMut(&str, &Option<Commitment>)) {
    match evidence {
        Some(Evidence::Words { text, .. }) => write("In their own words", &Some(*text)),
        Some(Evidence::Account { text }) => write("The account", &Some(*text)),
        Some(Evidence::Emoji { .. }) | None => {}
    }
}

fn write_genuine(genuine: Option<&Genuineness>, write: &mut impl FnMut(&str, &Option<Commitment>)) {
    if let Some(genuine) = genuine {
        write("On whether it was genuine", &genuine.words);
    }
}

/// The beginning of a hash, enough to recognise it.
pub(in crate::evidence) fn short(hash: &str) -> String {
    format!("{}…", hash.get(..12).unwrap_or(hash))
}

/// An instant in UTC, to the second.
pub(in crate::evidence) fn utc(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How far apart two instants are, and on which side.
pub(in crate::evidence) fn apart(
    at: chrono::DateTime<chrono::Utc>,
    due_at: chrono::DateTime<chrono::Utc>,
) -> String {
    match at.cmp(&due_at) {
        Ordering::Equal => "at".to_owned(),
        Ordering::Less => format!("{} before", span(due_at - at)),
        Ordering::Greater => format!("{} after", span(at - due_at)),
    }
}
