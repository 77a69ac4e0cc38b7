//! What may be asked of a change, by whom and when.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    ActOf, Actor, Attached, Capture, Criterion, Exception, MessageRef, Nap, NotGenuine, Place,
    Remedy, Review, Source,
};
use crate::domain::authorization::Member;
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::obligation::Duty;
use crate::domain::policy::Party;
use crate::domain::text::{Commitment, Text};
use crate::domain::ticket::{ContentHash, Field, Told, Writing};

/// A command with who gave it and when.
///
/// `at` is the instant of the gesture, which may lie before `now`: a crash or a
/// slow look-up in between changes no evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Who asks.
    pub actor: Actor,
    /// When they asked.
    pub at: DateTime<Utc>,
    /// How we know.
    pub source: Source,
    /// What they ask.
    pub command: Command,
}

/// What a person, a system or the clock asks of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// To begin an emergency change.
    Request {
        /// What is to be changed, as it shall be read.
        what: Text,
        /// The whole line as it was typed.
        verbatim: Text,
        /// Who is asked, in order; empty: whom the policy names.
        asked: Vec<Party>,
        /// Where it was said.
        place: Place,
        /// Which kind of emergency, if that was said at once.
        criterion: Option<Criterion>,
        /// The message in which it was asked for; its words are `verbatim`.
        said: Option<MessageRef>,
        /// Who puts it on record, if that is later than it was said.
        captured: Option<Capture>,
        /// Whether it is a rehearsal.
        drill: bool,
        /// What the bot knows for the ticket from where and how it was said.
        known: Vec<(Field, Told)>,
    },
    /// To say which kind of emergency it is.
    StateCriterion {
        /// Who says so.
        by: Member,
        /// The kind.
        criterion: Criterion,
    },
    /// To ask somebody else for authorization.
    AskSomeoneElse {
        /// Who is asked instead.
        asked: Vec<Party>,
    },
    /// To permit it.
    Authorize {
        /// Who permits.
        by: Member,
        /// How.
        given: Given,
    },
    /// To permit it as the most senior engineer available.
    StandIn {
        /// Who permits.
        by: Member,
    },
    /// To refuse it.
    Deny {
        /// Who refuses.
        by: Member,
        /// How.
        given: Given,
    },
    /// To say that one did authorize it, as somebody attests.
    ConfirmAttestation,
    /// To say that one did not.
    DisputeAttestation,
    /// To go ahead without authorization.
    GoAhead {
        /// Who takes that upon them.
        by: Member,
    },
    /// To say *I'm commanding* and authorize as such.
    TakeCommand {
        /// Who commands.
        by: Member,
    },
    /// To say who commands.
    NameCommander {
        /// Who says so.
        by: Member,
        /// Who commands.
        commander: UserId,
    },
    /// To say that it is in production.
    RecordDeployment {
        /// Since when.
        at: DateTime<Utc>,
        /// How that is known.
        source: Source,
        /// Who implemented it.
        by: UserId,
    },
    /// To put the time of a deployment right.
    CorrectDeployment {
        /// The time that stands.
        from: DateTime<Utc>,
        /// The right one.
        to: DateTime<Utc>,
        /// Why.
        reason: Text,
    },
    /// To state a reason that is none of the five kinds of emergency.
    StateReason {
        /// Who states it.
        by: Member,
        /// Which of those the guide names.
        reason: NotGenuine,
        /// In one's own words.
        text: Option<Text>,
    },
    /// To say that it is a second record of the same change.
    LinkAsDuplicate {
        /// The first.
        of: ChangeNumber,
    },
    /// To note that a captured message was edited.
    NoteEdit {
        /// The conversation.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
        /// What it says now.
        to: Text,
    },
    /// To note that a captured message was deleted.
    NoteDeletion {
        /// The conversation.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
    },
    /// To note that an emoji was taken away.
    NoteReactionRemoved {
        /// Its name, without colons.
        name: String,
        /// The conversation.
        channel: ChannelId,
        /// The message that it stood on.
        ts: MessageTs,
    },
    /// To say that it was permitted and never deployed.
    Lapse,
    /// To take the request back.
    Withdraw,
    /// To write fields of the ticket; blank ones are passed over.
    Document {
        /// Who writes; nothing: the bot, what it knows.
        by: Option<Member>,
        /// The fields and what goes into them.
        fields: Vec<Writing>,
        /// The words that stand in other fields, as they are kept: who repeats
        /// them says nothing new. What doesn't stand there any more counts for
        /// nothing.
        standing: Vec<(Field, Text)>,
    },
    /// To attach files and addresses as evidence.
    Attach {
        /// Who shared them.
        by: Member,
        /// The message that did.
        message: MessageRef,
        /// The name or address of each, and what it is.
        attached: Vec<(Text, Attached)>,
    },
    /// To take texts out of the record.
    Redact {
        /// Who does.
        by: Member,
        /// Whom the policy in force names for it.
        administrators: Vec<Party>,
        /// Which texts.
        texts: BTreeSet<Commitment>,
        /// Why; nothing: they haven't said yet.
        reason: Option<Text>,
    },
    /// To approve in retrospect.
    Approve {
        /// Who approves.
        by: Member,
        /// The content that they saw.
        seen: ContentHash,
        /// What they ask for beside it.
        conditions: Option<Text>,
        /// Whether they hold it for a genuine emergency.
        genuine: Genuine,
    },
    /// To reject in retrospect.
    Reject {
        /// Who rejects.
        by: Member,
        /// Why.
        reason: Text,
        /// How it is to be put right.
        remedy: Remedy,
        /// By whom; nothing: by whoever implemented it.
        owner: Option<Member>,
        /// By when; nothing: within the policy's time.
        due_at: Option<DateTime<Utc>>,
        /// Whether they hold it for a genuine emergency; nothing: that wasn't asked.
        genuine: Option<Genuine>,
    },
    /// To review it for the security group or as the database's administrator.
    Review {
        /// Who reviews.
        by: Member,
        /// Which review.
        review: Review,
        /// The content that they saw.
        seen: ContentHash,
        /// What they say of it.
        words: Option<Text>,
    },
    /// To say, as the compliance lead, whether it was a genuine emergency.
    ReviewGenuineness {
        /// Who says so.
        by: Member,
        /// What they say.
        genuine: Genuine,
    },
    /// To say that a team meeting reviewed it.
    RecordMeeting {
        /// Who says so.
        by: Member,
        /// When it was held.
        held_at: DateTime<Utc>,
        /// Where its minutes are.
        minutes: Option<Text>,
        /// Which improvements of the process it found.
        improvements: Option<Text>,
    },
    /// To say that the permanent fix is made.
    RecordPermanentFix {
        /// Who says so.
        by: Member,
        /// How: where it can be seen.
        how: Text,
    },
    /// To write down what is to be done after the change.
    AddFollowUp {
        /// Who writes it down.
        by: Member,
        /// What.
        what: Text,
        /// Who is to do it.
        owner: UserId,
        /// By when.
        due_at: DateTime<Utc>,
    },
    /// To say that it is done.
    FinishFollowUp {
        /// Who says so.
        by: Member,
        /// The how-manieth, from 1.
        n: u16,
        /// How.
        how: Option<Text>,
    },
    /// To put the reminders of what one owes off.
    Snooze {
        /// Who.
        by: Member,
        /// What they owe.
        duty: Duty,
        /// For how long.
        nap: Nap,
    },
    /// To hand what somebody owes to somebody else.
    Delegate {
        /// Who says so.
        by: Member,
        /// What is owed.
        duty: Duty,
        /// By whom it is to be.
        to: Member,
    },
    /// To say how a rejected change was put right.
    Remediate {
        /// Who says so.
        by: Member,
        /// What was done about it.
        how: Text,
    },
    /// To answer exceptions.
    AnswerExceptions {
        /// Who answers.
        by: Member,
        /// Which.
        exceptions: BTreeSet<Exception>,
        /// Why it came to that.
        cause: Text,
        /// What is done about it.
        remedy: Text,
        /// By whom.
        owner: UserId,
    },
    /// To see what has become due.
    Tick,
    /// To record that Slack has a message.
    RecordDelivery {
        /// The message's key in the outbox.
        key: String,
        /// Where it stands.
        channel: ChannelId,
        /// Its name there.
        ts: MessageTs,
        /// SHA-256 of what was sent.
        payload: [u8; 32],
        /// The change's version that it showed.
        showed: u64,
    },
    /// To record that Slack refused a message for good.
    RecordFailure {
        /// The message's key in the outbox.
        key: String,
        /// Slack's error code.
        error: String,
    },
}

impl Command {
    /// Returns those of whom it brings what Slack says of them.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        let (first, second) = match self {
            Self::StateCriterion { by, .. }
            | Self::Authorize { by, .. }
            | Self::StandIn { by }
            | Self::Deny { by, .. }
            | Self::GoAhead { by }
            | Self::TakeCommand { by }
            | Self::NameCommander { by, .. }
            | Self::StateReason { by, .. }
            | Self::Attach { by, .. }
            | Self::Redact { by, .. }
            | Self::Approve { by, .. }
            | Self::Review { by, .. }
            | Self::ReviewGenuineness { by, .. }
            | Self::RecordMeeting { by, .. }
            | Self::RecordPermanentFix { by, .. }
            | Self::AddFollowUp { by, .. }
            | Self::FinishFollowUp { by, .. }
            | Self::Snooze { by, .. }
            | Self::Remediate { by, .. }
            | Self::AnswerExceptions { by, .. } => (Some(by), None),
            Self::Document { by, .. } => (by.as_ref(), None),
            Self::Reject { by, owner, .. } => (Some(by), owner.as_ref()),
            Self::Delegate { by, to, .. } => (Some(by), Some(to)),
            Self::Request { .. }
            | Self::AskSomeoneElse { .. }
            | Self::ConfirmAttestation
            | Self::DisputeAttestation
            | Self::RecordDeployment { .. }
            | Self::CorrectDeployment { .. }
            | Self::LinkAsDuplicate { .. }
            | Self::NoteEdit { .. }
            | Self::NoteDeletion { .. }
            | Self::NoteReactionRemoved { .. }
            | Self::Lapse
            | Self::Withdraw
            | Self::Tick
            | Self::RecordDelivery { .. }
            | Self::RecordFailure { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// How an answer to a request is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// By the button on the card.
    Button,
    /// In a message.
    Message {
        /// Its words.
        text: Text,
        /// Where it stands.
        message: MessageRef,
        /// Who takes words for it that don't plainly say so, and when they said
        /// that; nothing: the words speak for themselves.
        read_so: Option<ActOf>,
    },
    /// By an emoji on a message.
    Reaction {
        /// Its name, without colons.
        name: String,
        /// The message.
        on: MessageRef,
    },
    /// By word of mouth, as somebody attests.
    Spoken {
        /// Who says so, and when they said it.
        attested: ActOf,
        /// How it was said, in their words.
        account: Option<Text>,
    },
}

/// An answer to *was it a genuine emergency?*
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genuine {
    /// Whether it was.
    pub is_genuine: bool,
    /// Why; who says no says why.
    pub words: Option<Text>,
}
