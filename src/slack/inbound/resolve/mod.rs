//! From a kept gesture to a command: who are the people in it, what was said, by
//! Slack's word?
//!
//! What decides over authority (standing, groups) is read from Slack now, never
//! from memory. While Slack can't be asked, the gesture waits.

mod attach;
mod capture;
mod evidence;
mod overhear;
mod people;
mod question;
mod redact;
mod sibling;
mod ticket;
mod times;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::when::Unclear;
use crate::domain::change::{
    ActOf, Actor, Command, EmergencyChange, Genuine, Genuineness, Given, Place, Refusal, Remedy,
    Shown, Source, Submission, Verdict,
};
use crate::domain::deployment::Deployment;
use crate::domain::id::{ChangeNumber, ChannelId, UserId};
use crate::domain::text::{Commitment, Text};
use crate::engine::{Engine, draw_salt};
use crate::gesture::{Ask, Gesture};
use crate::slack::error::SlackError;
use crate::slack::lookup::Lookup;
use crate::store::Waiting;
use crate::store::{
    Execution, Fetched, NewOffer, Outcome, PackWish, Person, Reply, StoreError, Target,
};

use capture::Chosen;
use people::persons;

/// What whoever answers the bot reads where nothing waits for their answer.
const NOTHING_ASKED: &str = "I see no open request here that waits for your answer, so nothing was recorded. Press the button on its card, or choose *Record authorization* in the menu of the message that answers.";

/// The first pause before Slack is asked again; each next one doubles.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);

/// The longest pause: a person waits for this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(60);

/// How many requests are named to somebody for whose answer several wait.
const MOST_LISTED: usize = 3;

/// Why a gesture did not become a command.
#[derive(Debug, thiserror::Error)]
enum Unresolved {
    /// Slack could not be asked.
    #[error(transparent)]
    Slack(#[from] SlackError),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no random bytes to commit to words with.
    #[error("the system gives no random bytes")]
    NoSalt,
    /// A time in words says no instant.
    #[error(transparent)]
    Unclear(Unclear),
    /// A rule says no already here.
    #[error(transparent)]
    Refused(Refusal),
    /// Somebody else was offered this.
    #[error("<@{asker}> asked for that, so only they can say whether it is put on record.")]
    NotTheAsker {
        /// Who.
        asker: UserId,
    },
    /// Several requests wait for the same person.
    #[error(
        "{} wait for your answer, so I can't tell which you mean. Say it in the thread under the card, or press its button; nothing was recorded.",
        listed(.0)
    )]
    WhichRequest(Vec<ChangeNumber>),
    /// A time that is hardly meant.
    #[error(
        "That would be {}, before {number} was asked for, so nothing was recorded. If you mean that, say the day too, for example `yesterday 23:50`.",
        Shown(*.at)
    )]
    BeforeTheRequest {
        /// The change.
        number: ChangeNumber,
        /// The time, as it was understood.
        at: DateTime<Utc>,
    },
    /// A word that may have answered something else.
    #[error(
        "Was that your answer to {0}? Something else was asked in between, so I can't tell. Press its button, or say it in the thread under its card; nothing was recorded."
    )]
    WhichQuestion(ChangeNumber),
    /// The form says the contrary of what the message does.
    #[error("{}", contradiction(*.0))]
    Contradicted(Verdict),
    /// What is named as the first record is a second one itself.
    #[error("{of} is itself a duplicate of {first}. Link it to {first}; nothing was changed.")]
    DuplicateOfDuplicate {
        /// What was named.
        of: ChangeNumber,
        /// What it is a duplicate of.
        first: ChangeNumber,
    },
    /// A question was put to somebody else.
    #[error("<@{0}> is asked about that, so only they can answer; nothing was recorded.")]
    NotTheAsked(UserId),
    /// The policy has no system of that name.
    #[error(
        "The policy names no such system, so nothing was recorded. It names: {}.",
        .0.join(", ")
    )]
    NoSuchSystem(Vec<String>),
    /// They are sent no pack.
    #[error(transparent)]
    NoPack(#[from] evidence::NoPack),
    /// It can't become one; this is the reply.
    #[error("{0}")]
    Sentence(&'static str),
}

impl Unresolved {
    /// Whether the same gesture may be resolved later.
    fn is_transient(&self) -> bool {
        match self {
            Self::Slack(error) => error.is_transient(),
            Self::NoSalt => true,
            Self::Store(_)
            | Self::Unclear(_)
            | Self::Refused(_)
            | Self::NotTheAsker { .. }
            | Self::WhichRequest(_)
            | Self::BeforeTheRequest { .. }
            | Self::WhichQuestion(_)
            | Self::Contradicted(_)
            | Self::DuplicateOfDuplicate { .. }
            | Self::NotTheAsked(_)
            | Self::NoSuchSystem(_)
            | Self::NoPack(_)
            | Self::Sentence(_) => false,
        }
    }
}

/// `CHG-1001 and CHG-1002`.
fn listed(numbers: &[ChangeNumber]) -> String {
    let mut names: Vec<String> = numbers
        .iter()
        .take(MOST_LISTED)
        .map(ChangeNumber::to_string)
        .collect();
    let more = numbers.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

/// Why a message isn't recorded as what it is said to be.
fn contradiction(claimed: Verdict) -> &'static str {
    match claimed {
        Verdict::Grant => {
            "That message refuses, so it isn't recorded as an authorization. Whoever may authorize says so in a message, or presses *Authorize*; nothing was recorded."
        }
        Verdict::Refuse => {
            "That message authorizes, so it isn't recorded as a refusal. Choose in the form what it does; nothing was recorded."
        }
    }
}

/// What a gesture becomes.
enum Resolved {
    /// A command.
    Command(Box<Execution>),
    /// A command that attaches files, with their bytes.
    Attached(Box<Execution>, Vec<Fetched>),
    /// Something to read about a change, or about none.
    Reading(Option<ChangeNumber>),
    /// A time that needs a second look, or a change to go with it.
    AskedBack {
        /// Of which change; nothing: that is asked, too.
        change: Option<ChangeNumber>,
        /// What the words mean.
        at: DateTime<Utc>,
        /// The question.
        sentence: String,
    },
    /// Somebody's own Home.
    Home,
    /// Somebody is away until then.
    Away(DateTime<Utc>),
    /// Nothing: it was overheard, and forgotten.
    LetGo,
    /// An offer to the asker.
    Offer {
        /// The pair.
        offer: Box<NewOffer>,
        /// Those of its words that weren't kept with the gesture.
        texts: Vec<Text>,
    },
    /// *No, thanks* to an offer.
    Declined(u64),
    /// An answer to a question about a change that a source told of.
    Explained(u64, Box<Reply>),
    /// The same, by an emergency change that is declared.
    Declared(u64, Box<Execution>),
    /// Somebody whose word it is to be that such a change was a normal one.
    SecondNamed(u64, Person),
    /// They don't give it.
    WordRefused(u64),
    /// A pack that is to be made and sent.
    Pack(PackWish),
    /// A change that somebody lists.
    Listed(Box<Deployment>),
}

/// A gesture with what is asked to resolve it.
struct Scene<'a> {
    engine: &'a Engine,
    lookup: &'a Lookup,
    gesture: &'a Gesture,
    /// How often Slack was asked in vain.
    attempts: u32,
}

impl Scene<'_> {
    /// Returns words that were kept with the gesture.
    async fn words(&self, commitment: Commitment) -> Result<Text, Unresolved> {
        self.engine
            .store()
            .text(commitment)
            .await?
            .ok_or(Unresolved::Store(StoreError::Corrupt("a gesture's words")))
    }

    async fn words_if_any(
        &self,
        commitment: Option<Commitment>,
    ) -> Result<Option<Text>, Unresolved> {
        match commitment {
            Some(commitment) => self.words(commitment).await.map(Some),
            None => Ok(None),
        }
    }

    async fn genuine(&self, said: &Genuineness) -> Result<Genuine, Unresolved> {
        Ok(Genuine {
            is_genuine: said.is_genuine,
            words: self.words_if_any(said.words).await?,
        })
    }

    /// A command of whoever made the gesture.
    async fn command(
        &self,
        change: ChangeNumber,
        command: Command,
    ) -> Result<Resolved, Unresolved> {
        let submission = self.submission(command);
        self.submitted(change, submission, Vec::new()).await
    }

    fn submission(&self, command: Command) -> Submission {
        Submission {
            actor: Actor::Person(self.gesture.actor.clone()),
            at: self.gesture.at,
            source: self.gesture.source,
            command,
        }
    }

    async fn submitted(
        &self,
        change: ChangeNumber,
        submission: Submission,
        mut met: Vec<Person>,
    ) -> Result<Resolved, Unresolved> {
        self.meet(people_in(&submission.command), &mut met).await?;
        Ok(Resolved::Command(Box::new(Execution {
            target: Target::Change(change),
            submissions: vec![submission],
            texts: Vec::new(),
            gesture: Some(self.gesture.clone()),
            met,
            asks_back: None,
            afterwards: None,
        })))
    }
}

/// Commits to words that were read from Slack.
fn text(body: String) -> Result<Text, Unresolved> {
    let salt = draw_salt().map_err(|_| Unresolved::NoSalt)?;
    Ok(Text::new(body, salt))
}

/// Whom a command brings in, beside those who act.
fn people_in(command: &Command) -> Vec<UserId> {
    match command {
        Command::Request { asked, .. } | Command::AskSomeoneElse { asked } => {
            persons(asked).collect()
        }
        Command::NameCommander { commander, .. } => vec![commander.clone()],
        Command::AnswerExceptions { owner, .. } | Command::AddFollowUp { owner, .. } => {
            vec![owner.clone()]
        }
        _ => Vec::new(),
    }
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
    let scene = Scene {
        engine,
        lookup,
        gesture: &gesture,
        attempts,
    };
    let sentence = match resolve(&scene).await {
        Ok(Resolved::Command(execution)) => {
            engine.handle(*execution, now).await?;
            return Ok(());
        }
        Ok(Resolved::Attached(execution, files)) => {
            engine.attach(*execution, files, now).await?;
            return Ok(());
        }
        Ok(Resolved::Reading(change)) => {
            return store.answer(gesture, Outcome::Answered, change, now).await;
        }
        Ok(Resolved::AskedBack {
            change,
            at,
            sentence,
        }) => {
            let asked = Outcome::AskedBack { at, sentence };
            return store.answer(gesture, asked, change, now).await;
        }
        // Who spoke to the bot by name is answered.
        Ok(Resolved::LetGo)
            if matches!(
                gesture.ask,
                Ask::Overhear {
                    addressed: true,
                    ..
                }
            ) =>
        {
            NOTHING_ASKED.to_owned()
        }
        Ok(Resolved::LetGo) => return store.let_go(gesture).await,
        Ok(Resolved::Home) => return store.open_home(gesture, now).await,
        Ok(Resolved::Away(until)) => {
            let rules = Arc::clone(engine.rules());
            return store.say_away(gesture, until, rules, now).await;
        }
        Ok(Resolved::Offer { offer, texts }) => {
            return store.make_offer(gesture, *offer, texts, now).await;
        }
        Ok(Resolved::Explained(id, reply)) => {
            let rules = Arc::clone(engine.rules());
            return store.explain(gesture, id, *reply, rules, now).await;
        }
        Ok(Resolved::Declared(id, execution)) => {
            let rules = Arc::clone(engine.rules());
            return store.declare_from(id, *execution, rules, now).await;
        }
        Ok(Resolved::SecondNamed(id, second)) => {
            let rules = Arc::clone(engine.rules());
            return store.name_second(gesture, id, second, rules, now).await;
        }
        Ok(Resolved::WordRefused(id)) => return store.refuse_word(gesture, id, now).await,
        Ok(Resolved::Pack(wish)) => return store.order_pack(gesture, wish, now).await,
        Ok(Resolved::Listed(told)) => {
            let rules = Arc::clone(engine.rules());
            return store.list_normal(gesture, *told, rules, now).await;
        }
        Ok(Resolved::Declined(offer)) => return store.decline_offer(gesture, offer, now).await,
        Err(Unresolved::Store(error)) => return Err(error),
        Err(error) if error.is_transient() => {
            tracing::warn!(error = %error, attempts, "it can't be resolved now; the gesture waits");
            let pause = (FIRST_PAUSE * 2i32.saturating_pow(attempts.min(8))).min(LONGEST_PAUSE);
            return store.postpone(gesture.key, now + pause).await;
        }
        // Nobody asked the bot for anything: there is nobody to apologise to.
        Err(Unresolved::Slack(error)) if gesture.is_overheard() => {
            tracing::warn!(error = %error, "Slack doesn't let the bot look into what it overheard");
            return store.let_go(gesture).await;
        }
        Err(Unresolved::Slack(error)) => {
            tracing::error!(error = %error, "Slack doesn't let the bot ask who may do what");
            "Slack doesn't let me ask who may do that, so nothing was recorded. Tell whoever runs Breakglass to run `breakglass doctor`, then try again.".to_owned()
        }
        Err(error) => error.to_string(),
    };
    let refused = Outcome::Refused(sentence);
    store.answer(gesture, refused, None, now).await
}

#[expect(
    clippy::too_many_lines,
    reason = "one arm for each thing that can be asked; the compiler sees that none is missing"
)]
async fn resolve(scene: &Scene<'_>) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let store = scene.engine.store();
    let mut met = Vec::new();
    let (change, command) = match &gesture.ask {
        Ask::Request { .. } => return request(scene).await,
        Ask::Capture {
            what,
            request,
            requester,
            answer,
            verdict,
            criterion,
            deployed,
            shown,
        } => {
            let chosen = Chosen {
                what: *what,
                request: request.as_ref(),
                requester: requester.as_ref(),
                answer: answer.as_ref(),
                verdict: *verdict,
                criterion: *criterion,
                deployed: *deployed,
                shown: shown.as_ref(),
            };
            return capture::chosen(scene, chosen).await;
        }
        Ask::Overhear {
            ts, text, verdict, ..
        } => {
            let words = overhear::Words {
                channel: place(gesture)?,
                ts,
                text: *text,
                verdict: *verdict,
            };
            return overhear::words(scene, &words).await;
        }
        Ask::Attach { ts, files, links } => {
            return attach::shared(scene, ts, files, links).await;
        }
        Ask::TakeOver { change, from, part } => {
            return sibling::take_over(scene, *change, *from, *part).await;
        }
        Ask::Redact {
            change,
            texts,
            reason,
        } => return redact::texts(scene, *change, texts, *reason).await,
        Ask::React { ts, name } => {
            return overhear::reaction(scene, place(gesture)?, ts, name).await;
        }
        Ask::Unreact { ts, name } => {
            let channel = place(gesture)?.clone();
            let change = store.emoji_on(channel.clone(), ts.clone()).await?;
            let command = Command::NoteReactionRemoved {
                name: name.clone(),
                channel,
                ts: ts.clone(),
            };
            return overhear::altered(scene, change, command).await;
        }
        Ask::NoteEdit { ts, text } => {
            let channel = place(gesture)?.clone();
            let change = store.captured(channel.clone(), ts.clone()).await?;
            let command = Command::NoteEdit {
                channel,
                ts: ts.clone(),
                to: scene.words(*text).await?,
            };
            return overhear::altered(scene, change, command).await;
        }
        Ask::NoteDeletion { ts } => {
            let channel = place(gesture)?.clone();
            let change = store.captured(channel.clone(), ts.clone()).await?;
            let ts = ts.clone();
            return overhear::altered(scene, change, Command::NoteDeletion { channel, ts }).await;
        }
        Ask::Explain {
            question,
            answer,
            proof,
            second,
        } => {
            let second = second.as_ref();
            return question::explained(scene, *question, *answer, *proof, second).await;
        }
        Ask::Vouch { question, is_given } => {
            return question::vouched(scene, *question, *is_given).await;
        }
        Ask::ListNormal { what, when, system } => {
            return question::listed(scene, *what, *when, *system).await;
        }
        Ask::TakeOffer { offer } => return capture::offered(scene, *offer).await,
        Ask::DeclineOffer { offer } => return capture::declined(scene, *offer).await,
        Ask::RecordDeployment {
            change,
            when,
            at,
            by,
        } => {
            let by = by.as_ref().unwrap_or(&gesture.actor);
            return times::deployment(scene, *change, *when, *at, by).await;
        }
        Ask::Attest {
            change,
            who,
            when,
            account,
        } => {
            let at = match when {
                Some(words) => scene.stated_of(*change, *words).await?,
                None => gesture.at,
            };
            let by = scene.member(who, &mut met).await?;
            let given = Given::Spoken {
                attested: ActOf {
                    by: gesture.actor.clone(),
                    at: gesture.at,
                },
                account: scene.words_if_any(*account).await?,
            };
            let submission = Submission {
                at,
                source: Source::Attested,
                ..scene.submission(Command::Authorize { by, given })
            };
            return scene.submitted(*change, submission, met).await;
        }
        Ask::ConfirmAttestation { change } => (*change, Command::ConfirmAttestation),
        Ask::DisputeAttestation { change } => (*change, Command::DisputeAttestation),
        Ask::StandIn { change } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            (*change, Command::StandIn { by })
        }
        Ask::CorrectDeployment {
            change,
            from,
            when,
            reason,
        } => {
            let to = scene.stated_of(*change, *when).await?;
            let reason = scene.words(*reason).await?;
            let from = *from;
            (*change, Command::CorrectDeployment { from, to, reason })
        }
        Ask::StateReason {
            change,
            reason,
            text,
        } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let text = scene.words_if_any(*text).await?;
            let reason = *reason;
            (*change, Command::StateReason { by, reason, text })
        }
        Ask::LinkAsDuplicate { change, of } => {
            let first = store.change(*of).await?;
            let first = first.ok_or(Unresolved::Refused(Refusal::NoSuchChange(*of)))?;
            refuse_as_first(&first.change)?;
            (*change, Command::LinkAsDuplicate { of: *of })
        }
        Ask::Status { change } => {
            let own = store.undeployed_of(gesture.actor.clone()).await?;
            return Ok(Resolved::Reading(change.or(own)));
        }
        Ask::Evidence { change, period } => {
            return evidence::pack(scene, *change, *period).await;
        }
        Ask::Rate { .. }
        | Ask::List { .. }
        | Ask::WhichToDocument
        | Ask::Exceptions
        | Ask::Agenda
        | Ask::Help
        | Ask::Unsure { .. }
        | Ask::NotYet { .. } => return Ok(Resolved::Reading(None)),
        Ask::OpenHome => return Ok(Resolved::Home),
        Ask::SayAway { until } => return Ok(Resolved::Away(*until)),
        Ask::RecordMeeting {
            changes,
            held_at,
            minutes,
            improvements,
        } => {
            let first = changes.first().copied();
            let first = first.ok_or(Unresolved::Store(StoreError::Corrupt(
                "a meeting's changes",
            )))?;
            let command = Command::RecordMeeting {
                by: scene.member(&gesture.actor, &mut met).await?,
                held_at: *held_at,
                minutes: scene.words_if_any(*minutes).await?,
                improvements: scene.words_if_any(*improvements).await?,
            };
            (first, command)
        }
        Ask::StateCriterion { change, criterion } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let criterion = *criterion;
            (*change, Command::StateCriterion { by, criterion })
        }
        Ask::AskSomeoneElse { change, asked } => (
            *change,
            Command::AskSomeoneElse {
                asked: asked.clone(),
            },
        ),
        Ask::Authorize { change } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let given = Given::Button;
            (*change, Command::Authorize { by, given })
        }
        Ask::Deny { change } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let given = Given::Button;
            (*change, Command::Deny { by, given })
        }
        Ask::GoAhead { change } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            (*change, Command::GoAhead { by })
        }
        Ask::TakeCommand { change } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            (*change, Command::TakeCommand { by })
        }
        Ask::NameCommander { change, commander } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let commander = commander.clone();
            (*change, Command::NameCommander { by, commander })
        }
        Ask::Lapse { change } => (*change, Command::Lapse),
        Ask::Withdraw { change } => (*change, Command::Withdraw),
        Ask::Document { .. } => return ticket::written(scene).await,
        Ask::Approve {
            change,
            seen,
            genuine,
            conditions,
        } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let genuine = match genuine {
                Some(said) => scene.genuine(said).await?,
                // The button stands for it, and says so.
                None => Genuine {
                    is_genuine: true,
                    words: None,
                },
            };
            let command = Command::Approve {
                by,
                seen: *seen,
                conditions: scene.words_if_any(*conditions).await?,
                genuine,
            };
            (*change, command)
        }
        Ask::Reject {
            change,
            reason,
            remedy,
            owner,
            due_at,
            genuine,
        } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let reason = scene.words(*reason).await?;
            let owner = match owner {
                Some(owner) => Some(scene.member(owner, &mut met).await?),
                None => None,
            };
            let command = Command::Reject {
                by,
                reason,
                remedy: remedy.unwrap_or(Remedy::Redo),
                owner,
                due_at: *due_at,
                genuine: match genuine {
                    Some(said) => Some(scene.genuine(said).await?),
                    None => None,
                },
            };
            (*change, command)
        }
        Ask::Review {
            change,
            review,
            seen,
            words,
        } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let command = Command::Review {
                by,
                review: *review,
                seen: *seen,
                words: scene.words_if_any(*words).await?,
            };
            (*change, command)
        }
        Ask::ReviewGenuineness { change, genuine } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let genuine = scene.genuine(genuine).await?;
            (*change, Command::ReviewGenuineness { by, genuine })
        }
        Ask::RecordPermanentFix { change, how } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let how = scene.words(*how).await?;
            (*change, Command::RecordPermanentFix { by, how })
        }
        Ask::Snooze { change, duty, nap } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let (duty, nap) = (*duty, *nap);
            (*change, Command::Snooze { by, duty, nap })
        }
        Ask::Delegate { change, duty, to } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let to = scene.member(to, &mut met).await?;
            let duty = *duty;
            (*change, Command::Delegate { by, duty, to })
        }
        Ask::AddFollowUp {
            change,
            what,
            owner,
            due_at,
        } => {
            let command = Command::AddFollowUp {
                by: scene.member(&gesture.actor, &mut met).await?,
                what: scene.words(*what).await?,
                owner: owner.clone(),
                due_at: *due_at,
            };
            (*change, command)
        }
        Ask::FinishFollowUp { change, n, how } => {
            let command = Command::FinishFollowUp {
                by: scene.member(&gesture.actor, &mut met).await?,
                n: *n,
                how: scene.words_if_any(*how).await?,
            };
            (*change, command)
        }
        Ask::Remediate { change, how } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let how = scene.words(*how).await?;
            (*change, Command::Remediate { by, how })
        }
        Ask::AnswerExceptions {
            change,
            exceptions,
            cause,
            remedy,
            owner,
        } => {
            let by = scene.member(&gesture.actor, &mut met).await?;
            let command = Command::AnswerExceptions {
                by,
                exceptions: exceptions.iter().copied().collect(),
                cause: scene.words(*cause).await?,
                remedy: scene.words(*remedy).await?,
                owner: owner.clone(),
            };
            (*change, command)
        }
    };
    let submission = scene.submission(command);
    scene.submitted(change, submission, met).await
}

/// Where a gesture was made; what has no place is about no message.
fn place(gesture: &Gesture) -> Result<&ChannelId, Unresolved> {
    gesture
        .channel
        .as_ref()
        .ok_or(Unresolved::Store(StoreError::Corrupt("a message's place")))
}

/// A first record has to stand: what is taken back itself can't stand for
/// another.
fn refuse_as_first(first: &EmergencyChange) -> Result<(), Unresolved> {
    if let Some(of) = &first.duplicate_of {
        return Err(Unresolved::DuplicateOfDuplicate {
            of: first.number,
            first: *of,
        });
    }
    if first.is_over() {
        return Err(Unresolved::Refused(Refusal::Over {
            number: first.number,
            stage: first.stage,
        }));
    }
    Ok(())
}

/// A request that somebody makes themselves, by command, form or mention.
async fn request(scene: &Scene<'_>) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let Ask::Request {
        what,
        verbatim,
        asked,
        criterion,
        said,
        deployed,
        drill,
    } = &gesture.ask
    else {
        return Ok(Resolved::Reading(None));
    };
    let channel = gesture.channel.clone().ok_or(Unresolved::Sentence(
        "Say that in a channel: an emergency change is declared where the incident is handled.",
    ))?;
    let asked_of = scene.askable(asked).await?;
    let said = match said {
        Some(ts) => {
            let thread = gesture.thread.as_ref();
            Some(scene.reference(&channel, ts, thread).await?)
        }
        None => None,
    };
    let mut texts = Vec::new();
    let known = ticket::known(scene, &channel, said.as_ref(), &mut texts).await?;
    let command = Command::Request {
        what: scene.words(*what).await?,
        verbatim: scene.words(*verbatim).await?,
        asked: asked_of.clone(),
        place: Place {
            channel,
            thread: gesture.thread.clone(),
        },
        criterion: *criterion,
        said: said.clone(),
        captured: None,
        drill: *drill,
        known,
    };
    let mut met = Vec::new();
    scene.meet(people_in(&command), &mut met).await?;
    let mut execution = Execution {
        target: Target::New,
        submissions: vec![scene.submission(command)],
        texts,
        gesture: Some(gesture.clone()),
        met,
        asks_back: None,
        afterwards: None,
    };
    if said.is_some() {
        let met = &mut execution.met;
        let answer = overhear::said_already(scene, &asked_of, met).await?;
        if let Some((submission, text)) = answer {
            execution.submissions.push(submission);
            execution.texts.push(text);
        }
    }
    if let Some(words) = deployed {
        let by = &gesture.actor;
        capture::deployed_too(scene, &mut execution, *words, by).await?;
    }
    Ok(Resolved::Command(Box::new(execution)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_listed_as_people_list_them() {
        let numbers = [ChangeNumber(1001), ChangeNumber(1002), ChangeNumber(1003)];
        assert_eq!(listed(&numbers[..1]), "CHG-1001");
        assert_eq!(listed(&numbers[..2]), "CHG-1001 and CHG-1002");
        assert_eq!(listed(&numbers), "CHG-1001, CHG-1002 and CHG-1003");
    }
}
