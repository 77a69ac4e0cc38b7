//! What a person did in Slack, before anything was looked up.
//!
//! `slack::inbound` makes gestures, the store keeps them before they are
//! acknowledged, and the engine turns them into commands once Slack has said
//! who the people in them are. Their words stand here as commitments.

use chrono::{DateTime, Utc};

use crate::domain::change::{
    Criterion, Exception, Genuineness, Nap, NotGenuine, Remedy, Review, Source, Verdict,
};
use crate::domain::deployment::Explanation;
use crate::domain::id::{ChangeNumber, ChannelId, GroupId, MessageTs, UserId};
use crate::domain::obligation::Duty;
use crate::domain::policy::Party;
use crate::domain::rate::WindowKind;
use crate::domain::text::{Commitment, Text};
use crate::domain::ticket::{ContentHash, Field, Part, Value};

/// Who did what, when and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gesture {
    /// What makes a redelivery recognisable: Slack's id of the event or trigger.
    pub key: String,
    /// Who.
    pub actor: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// How that is known.
    pub source: Source,
    /// The conversation it was done in.
    pub channel: Option<ChannelId>,
    /// The thread it was done in.
    pub thread: Option<MessageTs>,
    /// Where a reply to the person alone may be sent for half an hour.
    pub response_url: Option<String>,
    /// What they ask.
    pub ask: Ask,
}

/// A gesture with the words that it commits to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The gesture.
    pub gesture: Gesture,
    /// Its words.
    pub texts: Vec<Text>,
}

/// A person or group as a gesture names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mention {
    /// By Slack's id of a person.
    User(UserId),
    /// By Slack's id of a group.
    Group(GroupId),
    /// By a handle that Slack didn't resolve, without its `@`.
    Handle(String),
}

/// A message as Slack handed it over with a gesture on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointed {
    /// Its name.
    pub ts: MessageTs,
    /// Who wrote it.
    pub by: UserId,
    /// What it says.
    pub text: Commitment,
}

/// Which changes a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those in which the person has a role.
    Mine,
    /// Those that aren't over.
    Open,
    /// Those with a missed deadline.
    Overdue,
}

/// What a gesture asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// To begin an emergency change.
    Request {
        /// What is to be changed, without the names of those asked.
        what: Commitment,
        /// The whole line as typed.
        verbatim: Commitment,
        /// Who is asked, in order.
        asked: Vec<Mention>,
        /// Which kind of emergency, if the modal said so.
        criterion: Option<Criterion>,
        /// The message in which it was said; nothing: a command or a form.
        said: Option<MessageTs>,
        /// When it was deployed already, in words.
        deployed: Option<Commitment>,
        /// Whether it is a rehearsal.
        drill: bool,
    },
    /// To put on record what was said in messages of the conversation.
    Capture {
        /// What is changed, if somebody put it in words of their own.
        what: Option<Commitment>,
        /// The message that asks; nothing: there is none.
        request: Option<MessageTs>,
        /// Who asked, where no message says so.
        requester: Option<UserId>,
        /// The message that answers; nothing: nobody has.
        answer: Option<MessageTs>,
        /// What the answer does.
        verdict: Verdict,
        /// Which kind of emergency, if the form said so.
        criterion: Option<Criterion>,
        /// When it was deployed already, in words.
        deployed: Option<Commitment>,
        /// The message that was pointed at, as it was shown then, where the bot
        /// can't read the conversation itself.
        shown: Option<Pointed>,
    },
    /// Somebody said something that reads like an answer to a request.
    Overhear {
        /// The message.
        ts: MessageTs,
        /// Its words.
        text: Commitment,
        /// What they do.
        verdict: Verdict,
        /// Whether they were said to the bot by name: then they are answered,
        /// whatever becomes of them.
        addressed: bool,
    },
    /// To keep what somebody shared in the thread of a change as evidence.
    Attach {
        /// The message.
        ts: MessageTs,
        /// Slack's ids of its files.
        files: Vec<String>,
        /// The addresses in it.
        links: Vec<Commitment>,
    },
    /// An emoji was put on a message.
    React {
        /// The message.
        ts: MessageTs,
        /// The emoji's name, without colons.
        name: String,
    },
    /// An emoji was taken away.
    Unreact {
        /// The message.
        ts: MessageTs,
        /// The emoji's name, without colons.
        name: String,
    },
    /// A message was edited.
    NoteEdit {
        /// The message.
        ts: MessageTs,
        /// What it says now.
        text: Commitment,
    },
    /// A message was deleted.
    NoteDeletion {
        /// The message.
        ts: MessageTs,
    },
    /// To record the pair of messages that was offered.
    TakeOffer {
        /// The offer's number.
        offer: u64,
    },
    /// *No, thanks*.
    DeclineOffer {
        /// The offer's number.
        offer: u64,
    },
    /// To say that somebody authorized by word of mouth.
    Attest {
        /// Which change.
        change: ChangeNumber,
        /// Who is said to have authorized it.
        who: UserId,
        /// When, in words; nothing: now.
        when: Option<Commitment>,
        /// How it was said.
        account: Option<Commitment>,
    },
    /// To say that one did authorize it.
    ConfirmAttestation {
        /// Which change.
        change: ChangeNumber,
    },
    /// To say that one did not.
    DisputeAttestation {
        /// Which change.
        change: ChangeNumber,
    },
    /// To authorize as the most senior engineer available.
    StandIn {
        /// Which change.
        change: ChangeNumber,
    },
    /// To put the time of a deployment right.
    CorrectDeployment {
        /// Which change.
        change: ChangeNumber,
        /// The time that stands.
        from: DateTime<Utc>,
        /// The right one, in words.
        when: Commitment,
        /// Why.
        reason: Commitment,
    },
    /// To state a reason that is none of the five kinds of emergency.
    StateReason {
        /// Which change.
        change: ChangeNumber,
        /// Which of those the guide names.
        reason: NotGenuine,
        /// In one's own words.
        text: Option<Commitment>,
    },
    /// To say that it is a second record of the same.
    LinkAsDuplicate {
        /// Which change.
        change: ChangeNumber,
        /// The first record.
        of: ChangeNumber,
    },
    /// To say which kind of emergency it is.
    StateCriterion {
        /// Which change.
        change: ChangeNumber,
        /// The kind.
        criterion: Criterion,
    },
    /// To ask somebody else.
    AskSomeoneElse {
        /// Which change.
        change: ChangeNumber,
        /// Whom.
        asked: Vec<Party>,
    },
    /// To authorize.
    Authorize {
        /// Which change.
        change: ChangeNumber,
    },
    /// To deny.
    Deny {
        /// Which change.
        change: ChangeNumber,
    },
    /// To go ahead without.
    GoAhead {
        /// Which change.
        change: ChangeNumber,
    },
    /// To say *I'm commanding*.
    TakeCommand {
        /// Which change.
        change: ChangeNumber,
    },
    /// To say who commands.
    NameCommander {
        /// Which change.
        change: ChangeNumber,
        /// Who.
        commander: UserId,
    },
    /// To say that it is deployed.
    RecordDeployment {
        /// Which change; nothing: the person's own open one.
        change: Option<ChangeNumber>,
        /// Since when, in words; nothing: now, or `at`.
        when: Option<Commitment>,
        /// Since when, as it was asked back and confirmed.
        at: Option<DateTime<Utc>>,
        /// Who deployed; nothing: whoever says so.
        by: Option<UserId>,
    },
    /// To say that it was never deployed.
    Lapse {
        /// Which change.
        change: ChangeNumber,
    },
    /// To take it back.
    Withdraw {
        /// Which change.
        change: ChangeNumber,
    },
    /// To write fields of the ticket.
    Document {
        /// Which change.
        change: ChangeNumber,
        /// The fields; the first tickets called them so.
        sections: Vec<(Field, Value)>,
        /// The change's version that the form showed.
        shown: Option<u64>,
        /// Which kind of emergency, if the form said so.
        criterion: Option<Criterion>,
    },
    /// To take a section over from another change of the incident.
    TakeOver {
        /// Which change takes it.
        change: ChangeNumber,
        /// From which.
        from: ChangeNumber,
        /// Which section.
        part: Part,
    },
    /// To take words out of the record.
    Redact {
        /// Which change.
        change: ChangeNumber,
        /// Which texts of it; none: they are still to be chosen.
        texts: Vec<Commitment>,
        /// Why.
        reason: Option<Commitment>,
    },
    /// To approve.
    Approve {
        /// Which change.
        change: ChangeNumber,
        /// The content that was shown.
        seen: ContentHash,
        /// Whether it was a genuine emergency; nothing: the button says that it was.
        genuine: Option<Genuineness>,
        /// What is asked for beside it.
        conditions: Option<Commitment>,
    },
    /// To reject.
    Reject {
        /// Which change.
        change: ChangeNumber,
        /// Why.
        reason: Commitment,
        /// How it is to be put right; nothing: through the normal process.
        remedy: Option<Remedy>,
        /// By whom.
        owner: Option<UserId>,
        /// By when.
        due_at: Option<DateTime<Utc>>,
        /// Whether it was a genuine emergency; nothing: the form didn't ask.
        genuine: Option<Genuineness>,
    },
    /// To review beside the approver's decision.
    Review {
        /// Which change.
        change: ChangeNumber,
        /// Which review.
        review: Review,
        /// The content that was shown.
        seen: ContentHash,
        /// What is said of it.
        words: Option<Commitment>,
    },
    /// To say, as the compliance lead, whether it was a genuine emergency.
    ReviewGenuineness {
        /// Which change.
        change: ChangeNumber,
        /// What is said.
        genuine: Genuineness,
    },
    /// To say how it was fixed for good.
    RecordPermanentFix {
        /// Which change.
        change: ChangeNumber,
        /// How.
        how: Commitment,
    },
    /// To put the reminders of what one owes off.
    Snooze {
        /// To which change.
        change: ChangeNumber,
        /// What is owed.
        duty: Duty,
        /// For how long.
        nap: Nap,
    },
    /// To hand what is owed to somebody else.
    Delegate {
        /// To which change.
        change: ChangeNumber,
        /// What is owed.
        duty: Duty,
        /// To whom.
        to: UserId,
    },
    /// To be away until then; a time that has come says that one is back.
    SayAway {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// To write down what is to be done after it.
    AddFollowUp {
        /// Which change.
        change: ChangeNumber,
        /// What.
        what: Commitment,
        /// By whom.
        owner: UserId,
        /// By when.
        due_at: DateTime<Utc>,
    },
    /// To say how that was done.
    FinishFollowUp {
        /// Which change.
        change: ChangeNumber,
        /// The how-manieth.
        n: u16,
        /// How.
        how: Option<Commitment>,
    },
    /// To say how a rejected change was put right.
    Remediate {
        /// Which change.
        change: ChangeNumber,
        /// How.
        how: Commitment,
    },
    /// To answer exceptions.
    AnswerExceptions {
        /// Which change.
        change: ChangeNumber,
        /// Which exceptions.
        exceptions: Vec<Exception>,
        /// Why it came to that.
        cause: Commitment,
        /// What is done about it.
        remedy: Commitment,
        /// By whom.
        owner: UserId,
    },
    /// To see where a change stands.
    Status {
        /// Which change; nothing: the person's own open one, else the list.
        change: Option<ChangeNumber>,
    },
    /// To see the emergency rate.
    Rate {
        /// Over which span; nothing: as the weekly report has it.
        window: Option<WindowKind>,
    },
    /// To be sent the auditor's pack.
    Evidence {
        /// Of this change.
        change: Option<ChangeNumber>,
        /// Of this period, in words; without either, what may be said is asked.
        period: Option<Commitment>,
    },
    /// To see a list of changes.
    List {
        /// Which.
        which: Which,
    },
    /// To write a ticket, without saying which.
    WhichToDocument,
    /// To see what exceptions wait for an answer.
    Exceptions,
    /// To see what the next team meeting has to review.
    Agenda,
    /// To see one's own things to do.
    OpenHome,
    /// To say that a team meeting reviewed changes.
    RecordMeeting {
        /// Which changes; not none.
        changes: Vec<ChangeNumber>,
        /// When it was held.
        held_at: DateTime<Utc>,
        /// Where its minutes are.
        minutes: Option<Commitment>,
        /// Which improvements of the process it found.
        improvements: Option<Commitment>,
    },
    /// To answer what is asked about a change that a source told of.
    Explain {
        /// Which question.
        question: u64,
        /// The answer.
        answer: Explanation,
        /// Where its review is, for a normal one.
        proof: Option<Commitment>,
        /// Whose word it is to be otherwise.
        second: Option<UserId>,
    },
    /// To give one's word, or not, that such a change was a normal one.
    Vouch {
        /// Which question.
        question: u64,
        /// Whether it is given.
        is_given: bool,
    },
    /// To list a normal change that no source tells of.
    ListNormal {
        /// What was changed.
        what: Commitment,
        /// When, in words; nothing: now.
        when: Option<Commitment>,
        /// The name of the system, as it was typed.
        system: Option<Commitment>,
    },
    /// To be told what can be said.
    Help,
    /// A single word that is nearly a subcommand.
    Unsure {
        /// The subcommand that it is near to.
        meant: String,
        /// What was typed, which may be a request; nothing: it wasn't kept.
        typed: Option<Commitment>,
    },
    /// A subcommand that this version doesn't have.
    NotYet {
        /// Its word.
        word: String,
    },
}

impl Gesture {
    /// Whether a refusal would only disturb: the person asked for nothing, the
    /// bot overheard it.
    pub fn is_overheard(&self) -> bool {
        matches!(
            self.ask,
            Ask::Overhear { .. }
                | Ask::Attach { .. }
                | Ask::React { .. }
                | Ask::Unreact { .. }
                | Ask::NoteEdit { .. }
                | Ask::NoteDeletion { .. }
        )
    }

    /// The people whom a request names and who aren't among those asked for it:
    /// they can't authorize it.
    pub fn asked_in_vain(&self, asked: &[Party]) -> Vec<UserId> {
        let Ask::Request { asked: named, .. } = &self.ask else {
            return Vec::new();
        };
        named
            .iter()
            .filter_map(|mention| match mention {
                Mention::User(who) => Some(who.clone()),
                Mention::Group(_) | Mention::Handle(_) => None,
            })
            .filter(|who| !asked.contains(&Party::Person(who.clone())))
            .collect()
    }

    /// Every text that the gesture commits to.
    pub fn commitments(&self) -> Vec<Commitment> {
        match &self.ask {
            Ask::Request {
                what,
                verbatim,
                deployed,
                ..
            } => [*what, *verbatim].into_iter().chain(*deployed).collect(),
            Ask::Capture {
                what,
                deployed,
                shown,
                ..
            } => {
                let shown = shown.as_ref().map(|shown| &shown.text);
                what.iter().chain(deployed).chain(shown).copied().collect()
            }
            Ask::Overhear { text, .. } | Ask::NoteEdit { text, .. } => vec![*text],
            Ask::Attach { links, .. } => links.clone(),
            Ask::Attest { when, account, .. } => when.iter().chain(account).copied().collect(),
            Ask::CorrectDeployment { when, reason, .. } => vec![*when, *reason],
            Ask::StateReason { text, .. } => text.iter().copied().collect(),
            Ask::Unsure { typed, .. } => typed.iter().copied().collect(),
            Ask::RecordDeployment { when, .. } => when.iter().copied().collect(),
            Ask::Document { sections, .. } => {
                let texts = sections.iter().filter_map(|(_, value)| value.commitment());
                texts.collect()
            }
            Ask::Approve {
                genuine,
                conditions,
                ..
            } => {
                let words = genuine.as_ref().and_then(|genuine| genuine.words);
                words.into_iter().chain(*conditions).collect()
            }
            Ask::ReviewGenuineness { genuine, .. } => genuine.words.into_iter().collect(),
            Ask::Review { words, .. } => words.iter().copied().collect(),
            Ask::FinishFollowUp { how, .. } => how.iter().copied().collect(),
            Ask::AddFollowUp { what, .. } => vec![*what],
            Ask::Redact { reason, .. } => reason.iter().copied().collect(),
            Ask::Reject {
                reason, genuine, ..
            } => {
                let words = genuine.as_ref().and_then(|genuine| genuine.words);
                std::iter::once(*reason).chain(words).collect()
            }
            Ask::Remediate { how, .. } | Ask::RecordPermanentFix { how, .. } => vec![*how],
            Ask::AnswerExceptions { cause, remedy, .. } => vec![*cause, *remedy],
            Ask::RecordMeeting {
                minutes,
                improvements,
                ..
            } => minutes.iter().chain(improvements).copied().collect(),
            Ask::Explain { proof, .. } => proof.iter().copied().collect(),
            Ask::Evidence { period, .. } => period.iter().copied().collect(),
            Ask::ListNormal { what, when, system } => {
                let rest = when.iter().chain(system).copied();
                std::iter::once(*what).chain(rest).collect()
            }
            Ask::StateCriterion { .. }
            | Ask::Vouch { .. }
            | Ask::AskSomeoneElse { .. }
            | Ask::Authorize { .. }
            | Ask::Deny { .. }
            | Ask::GoAhead { .. }
            | Ask::TakeCommand { .. }
            | Ask::NameCommander { .. }
            | Ask::React { .. }
            | Ask::Unreact { .. }
            | Ask::NoteDeletion { .. }
            | Ask::TakeOffer { .. }
            | Ask::DeclineOffer { .. }
            | Ask::ConfirmAttestation { .. }
            | Ask::DisputeAttestation { .. }
            | Ask::StandIn { .. }
            | Ask::LinkAsDuplicate { .. }
            | Ask::Lapse { .. }
            | Ask::Withdraw { .. }
            | Ask::TakeOver { .. }
            | Ask::Status { .. }
            | Ask::Rate { .. }
            | Ask::List { .. }
            | Ask::WhichToDocument
            | Ask::Exceptions
            | Ask::Agenda
            | Ask::Snooze { .. }
            | Ask::Delegate { .. }
            | Ask::SayAway { .. }
            | Ask::OpenHome
            | Ask::Help
            | Ask::NotYet { .. } => Vec::new(),
        }
    }
}
