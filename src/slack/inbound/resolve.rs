//! From a kept gesture to a command: who are the people in it, by Slack's word?
//!
//! What decides over authority (standing, groups) is read from Slack now, never
//! from memory. While Slack can't be asked, the gesture waits.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::when::{Unclear, When};
use crate::domain::authorization::Member;
use crate::domain::change::{Actor, Command, Given, Place, Source, Submission};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::policy::Party;
use crate::domain::text::{Commitment, Text};
use crate::engine::Engine;
use crate::gesture::{Ask, Gesture, Mention};
use crate::slack::error::SlackError;
use crate::slack::lookup::{Lookup, Named};
use crate::store::{Execution, Outcome, Person, StoreError, Target, Waiting};

/// The first pause before Slack is asked again; each next one doubles.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);

/// The longest pause: a person waits for this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// Why a gesture did not become a command.
#[derive(Debug, thiserror::Error)]
enum Unresolved {
    /// Slack could not be asked.
    #[error(transparent)]
    Slack(#[from] SlackError),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A time in words says no instant.
    #[error(transparent)]
    Unclear(Unclear),
    /// It can't become one; this is the reply.
    #[error("{0}")]
    Sentence(&'static str),
}

const UNREADABLE_TIME: Unresolved = Unresolved::Sentence(
    "I can't read that time, so nothing was recorded. Say for example `/emergency deployed 20 min ago`, `… 02:19` or `… yesterday 23:50`.",
);

/// What a gesture becomes.
enum Resolved {
    /// A command.
    Command(Box<Execution>),
    /// Something to read about a change, or about none.
    Reading(Option<ChangeNumber>),
}

/// Answers a gesture: carries it out, or lets it wait for Slack.
pub async fn answer(
    engine: &Engine,
    lookup: &Lookup,
    waiting: Waiting,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Waiting {
        gesture, attempts, ..
    } = waiting;
    let store = engine.store();
    let sentence = match resolve(engine, lookup, &gesture).await {
        Ok(Resolved::Command(execution)) => {
            engine.handle(*execution, now).await?;
            return Ok(());
        }
        Ok(Resolved::Reading(change)) => {
            return store.answer(gesture, Outcome::Answered, change, now).await;
        }
        Err(Unresolved::Store(error)) => return Err(error),
        Err(Unresolved::Slack(error)) if error.is_transient() => {
            tracing::warn!(error = %error, attempts, "Slack can't be asked; the gesture waits");
            let pause = (FIRST_PAUSE * 2i32.saturating_pow(attempts.min(8))).min(LONGEST_PAUSE);
            return store.postpone(gesture.key, now + pause).await;
        }
        Err(Unresolved::Slack(error)) => {
            tracing::error!(error = %error, "Slack doesn't let the bot ask who may do what");
            "Slack doesn't let me ask who may do that, so nothing was recorded. Tell whoever runs Breakglass to run `breakglass doctor`, then try again.".to_owned()
        }
        Err(Unresolved::Unclear(unclear)) => unclear.to_string(),
        Err(Unresolved::Sentence(sentence)) => sentence.to_owned(),
    };
    let refused = Outcome::Refused(sentence);
    store.answer(gesture, refused, None, now).await
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each thing that can be asked; the compiler sees that none is missing"
)]
async fn resolve(
    engine: &Engine,
    lookup: &Lookup,
    gesture: &Gesture,
) -> Result<Resolved, Unresolved> {
    let words = Words { engine };
    let mut met = Vec::new();
    let (change, command) = match &gesture.ask {
        Ask::Request {
            what,
            verbatim,
            asked,
            criterion,
            said: _,
            deployed: _,
            drill,
        } => {
            let command = Command::Request {
                what: words.of(*what).await?,
                verbatim: words.of(*verbatim).await?,
                asked: parties(lookup, asked).await?,
                place: Place {
                    channel: gesture.channel.clone().ok_or(Unresolved::Sentence(
                        "Say that in a channel: an emergency change is declared where the incident is handled.",
                    ))?,
                    thread: gesture.thread.clone(),
                },
                criterion: *criterion,
                said: None,
                captured: None,
                drill: *drill,
            };
            return Ok(Resolved::Command(Box::new(Execution {
                target: Target::New,
                met: meet(engine, lookup, gesture, &command).await?,
                submissions: vec![submission(gesture, command)],
                texts: Vec::new(),
                gesture: Some(gesture.clone()),
                asks_back: None,
            })));
        }
        Ask::Status { change } => {
            let own = engine.store().undeployed_of(gesture.actor.clone()).await?;
            return Ok(Resolved::Reading(change.or(own)));
        }
        Ask::Capture { .. }
        | Ask::Overhear { .. }
        | Ask::React { .. }
        | Ask::Unreact { .. }
        | Ask::NoteEdit { .. }
        | Ask::NoteDeletion { .. }
        | Ask::TakeOffer { .. }
        | Ask::DeclineOffer { .. }
        | Ask::Attest { .. }
        | Ask::ConfirmAttestation { .. }
        | Ask::DisputeAttestation { .. }
        | Ask::StandIn { .. }
        | Ask::CorrectDeployment { .. }
        | Ask::StateReason { .. }
        | Ask::LinkAsDuplicate { .. }
        | Ask::List { .. }
        | Ask::Help
        | Ask::Unsure { .. }
        | Ask::NotYet { .. } => {
            return Ok(Resolved::Reading(None));
        }
        Ask::StateCriterion { change, criterion } => (
            *change,
            Command::StateCriterion {
                criterion: *criterion,
            },
        ),
        Ask::AskSomeoneElse { change, asked } => (
            *change,
            Command::AskSomeoneElse {
                asked: asked.clone(),
            },
        ),
        Ask::Authorize { change } => {
            let by = member(engine, lookup, &gesture.actor, &mut met).await?;
            let given = Given::Button;
            (*change, Command::Authorize { by, given })
        }
        Ask::Deny { change } => {
            let by = member(engine, lookup, &gesture.actor, &mut met).await?;
            let given = Given::Button;
            (*change, Command::Deny { by, given })
        }
        Ask::GoAhead { change } => {
            let by = member(engine, lookup, &gesture.actor, &mut met).await?;
            (*change, Command::GoAhead { by })
        }
        Ask::TakeCommand { change } => {
            let by = member(engine, lookup, &gesture.actor, &mut met).await?;
            (*change, Command::TakeCommand { by })
        }
        Ask::NameCommander { change, commander } => (
            *change,
            Command::NameCommander {
                commander: commander.clone(),
            },
        ),
        Ask::RecordDeployment {
            change,
            when,
            at: _,
        } => {
            let own = engine.store().undeployed_of(gesture.actor.clone()).await?;
            let change = change.or(own).ok_or(Unresolved::Sentence(
                "Which change was deployed? Say its number, for example `/emergency deployed CHG-1001`; `/emergency list` shows the open ones.",
            ))?;
            let (at, source) = match when {
                None => (gesture.at, gesture.source),
                Some(when) => {
                    let stated = words.of(*when).await?;
                    let zone = zone(engine, lookup, &gesture.actor).await;
                    let when = When::parse(stated.body()).ok_or(UNREADABLE_TIME)?;
                    let at = when
                        .instant(gesture.at, zone)
                        .map_err(Unresolved::Unclear)?;
                    (at, Source::Attested)
                }
            };
            let by = gesture.actor.clone();
            (change, Command::RecordDeployment { at, source, by })
        }
        Ask::Lapse { change } => (*change, Command::Lapse),
        Ask::Withdraw { change } => (*change, Command::Withdraw),
        Ask::Document { change, sections } => {
            let mut written = Vec::with_capacity(sections.len());
            for (section, text) in sections {
                written.push((*section, words.of(*text).await?));
            }
            (*change, Command::Document { sections: written })
        }
        Ask::Approve { change, seen } => {
            let by = member(engine, lookup, &gesture.actor, &mut met).await?;
            (*change, Command::Approve { by, seen: *seen })
        }
        Ask::Reject { change, reason } => {
            let by = member(engine, lookup, &gesture.actor, &mut met).await?;
            let reason = words.of(*reason).await?;
            (*change, Command::Reject { by, reason })
        }
        Ask::Remediate { change, how } => (
            *change,
            Command::Remediate {
                how: words.of(*how).await?,
            },
        ),
        Ask::AnswerExceptions {
            change,
            exceptions,
            cause,
            remedy,
            owner,
        } => (
            *change,
            Command::AnswerExceptions {
                exceptions: exceptions.iter().copied().collect(),
                cause: words.of(*cause).await?,
                remedy: words.of(*remedy).await?,
                owner: owner.clone(),
            },
        ),
    };
    met.extend(meet(engine, lookup, gesture, &command).await?);
    Ok(Resolved::Command(Box::new(Execution {
        target: Target::Change(change),
        submissions: vec![submission(gesture, command)],
        texts: Vec::new(),
        gesture: Some(gesture.clone()),
        met,
        asks_back: None,
    })))
}

fn submission(gesture: &Gesture, command: Command) -> Submission {
    Submission {
        actor: Actor::Person(gesture.actor.clone()),
        at: gesture.at,
        source: gesture.source,
        command,
    }
}

/// The words of a gesture, which were kept with it.
struct Words<'a> {
    engine: &'a Engine,
}

impl Words<'_> {
    async fn of(&self, commitment: Commitment) -> Result<Text, Unresolved> {
        self.engine
            .store()
            .text(commitment)
            .await?
            .ok_or(Unresolved::Store(StoreError::Corrupt("a gesture's words")))
    }
}

/// Reads who somebody is and which of the deciding groups they are in, now.
async fn member(
    engine: &Engine,
    lookup: &Lookup,
    who: &UserId,
    met: &mut Vec<Person>,
) -> Result<Member, Unresolved> {
    let facts = lookup.member(who).await?;
    met.push(Person {
        id: facts.id.clone(),
        name: facts.name,
        zone: facts.zone,
    });
    let mut groups = BTreeSet::new();
    for group in engine.deciding_groups() {
        if lookup.group_members(&group).await?.contains(who) {
            groups.insert(group);
        }
    }
    Ok(Member {
        id: facts.id,
        standing: facts.standing,
        groups,
    })
}

/// Reads whom the mentions name. A name that Slack doesn't know asks nobody: the
/// words keep it, and whom the policy names is asked instead. The fix is never
/// held up by a typing error.
async fn parties(lookup: &Lookup, mentions: &[Mention]) -> Result<Vec<Party>, Unresolved> {
    let mut parties = Vec::new();
    for mention in mentions {
        let party = match mention {
            Mention::User(id) => Some(Party::Person(id.clone())),
            Mention::Group(id) => Some(Party::Group(id.clone())),
            Mention::Handle(handle) => named(lookup, handle).await?,
        };
        parties.extend(party.filter(|party| !parties.contains(party)));
    }
    Ok(parties)
}

async fn named(lookup: &Lookup, handle: &str) -> Result<Option<Party>, Unresolved> {
    match lookup.user_named(handle).await? {
        Named::One(id) => return Ok(Some(Party::Person(id))),
        Named::Several(_) => return Ok(None),
        Named::Nobody => {}
    }
    Ok(match lookup.group_named(handle).await? {
        Named::One(id) => Some(Party::Group(id)),
        Named::Nobody | Named::Several(_) => None,
    })
}

/// Meets the people whom the chase will speak to, so that it knows their night.
/// That is a courtesy: where Slack can't be asked, the house's zone serves.
async fn meet(
    engine: &Engine,
    lookup: &Lookup,
    gesture: &Gesture,
    command: &Command,
) -> Result<Vec<Person>, StoreError> {
    let mut people = vec![gesture.actor.clone()];
    match command {
        Command::Request { asked, .. } | Command::AskSomeoneElse { asked } => {
            people.extend(asked.iter().filter_map(|party| match party {
                Party::Person(id) => Some(id.clone()),
                Party::Group(_) => None,
            }));
        }
        Command::NameCommander { commander } => people.push(commander.clone()),
        Command::AnswerExceptions { owner, .. } => people.push(owner.clone()),
        _ => {}
    }
    people.extend(engine.rules().newest().escalation.clone());
    let mut met = Vec::new();
    for who in engine.store().unmet(people).await? {
        match lookup.known_member(&who).await {
            Ok(facts) => met.push(Person {
                id: facts.id,
                name: facts.name,
                zone: facts.zone,
            }),
            Err(error) => tracing::warn!(error = %error, "a person's zone can't be read"),
        }
    }
    Ok(met)
}

/// The zone in which somebody states a time.
async fn zone(engine: &Engine, lookup: &Lookup, who: &UserId) -> chrono_tz::Tz {
    let known = lookup.known_member(who).await.ok();
    known
        .and_then(|facts| facts.zone)
        .and_then(|zone| zone.parse().ok())
        .unwrap_or_else(|| engine.rules().house())
}
