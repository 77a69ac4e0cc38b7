//! The names by which Slack hands our buttons, menus, modals and inputs back.
//!
//! Views write these names and `inbound` reads them; they stand nowhere else.
//! Messages live as long as the workspace does, so a name may be added here and
//! never changed: a button sent last year must still be understood.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::change::{Criterion, Nap, Review};
use crate::domain::deployment::Explanation;
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::obligation::Duty;
use crate::domain::ticket::{ContentHash, Field, Part};

/// A button, a menu or a select of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Control {
    /// Permits the change; afterwards, as the second person.
    Authorize,
    /// Refuses it.
    Deny,
    /// *I'm commanding*.
    TakeCommand,
    /// Says who commands: a select of people.
    NameCommander,
    /// Opens the choice of whom to ask instead.
    AskSomeoneElse,
    /// Goes ahead without authorization.
    GoAhead,
    /// Says that it is deployed, as of the press.
    Deployed,
    /// Says that it never was deployed.
    NeverDeployed,
    /// Takes the request back.
    Withdraw,
    /// Opens the ticket.
    Document,
    /// Opens the fields that the ticket doesn't ask for.
    MoreFields,
    /// Approves exactly the content that its value names, or asks first whether it
    /// was a genuine emergency.
    Approve,
    /// The same beside an Approve that doesn't ask.
    ApproveBut,
    /// Opens a review beside the approver's decision; its value names the content.
    Review(Review),
    /// Opens the question whether it was a genuine emergency.
    ReviewGenuineness,
    /// Opens the question how it was fixed for good.
    PermanentFix,
    /// Opens a new follow-up.
    AddFollowUp,
    /// Opens the question how a follow-up was done; its value names which.
    FinishFollowUp,
    /// Opens the question why it is rejected.
    Reject,
    /// Opens the question how a rejected change was put right.
    Remediate,
    /// Opens the answer to exceptions.
    AnswerExceptions,
    /// Says which kind of emergency it is.
    Criterion(Criterion),
    /// Authorizes as the most senior engineer available.
    StandIn,
    /// Opens the question who authorized by word of mouth.
    Attest,
    /// *Yes, I authorized it*.
    ConfirmAttestation,
    /// *No, I didn't*.
    DisputeAttestation,
    /// Opens the correction of a deployment's time; its value names the time.
    CorrectDeployment,
    /// Says that it was deployed at the time that its value names.
    DeployedAt,
    /// Opens the question for a reason that is none of the five.
    StateReason,
    /// Takes a section over from another change of the incident; its value names
    /// both changes.
    TakeOver(Part),
    /// *The same*: its value names both changes.
    Same,
    /// *Another one*.
    NotSame,
    /// Records the pair of messages that was offered; its value is the offer.
    TakeOffer,
    /// *No, thanks*.
    DeclineOffer,
    /// Puts the reminders of something off.
    Snooze(Nap, Duty),
    /// Opens the question to whom something passes.
    Delegate(Duty),
    /// Opens the question until when somebody is away.
    Away,
    /// *I'm back*.
    Back,
    /// Shows where a change stands.
    Status,
    /// Opens the question which changes a team meeting reviewed.
    RecordMeeting,
    /// Opens the declare modal; its value is what the person had typed.
    Declare,
    /// Answers a question about a change that a source told of, or opens the form of
    /// the answer; its value names the question.
    Explain(Explanation),
    /// Gives one's word, or doesn't, that such a change was a normal one.
    Vouch(bool),
    /// Lists what was typed as a normal change; its value is what was typed.
    ListNormal,
    /// The menu of moves that are rarely wanted.
    More,
}

impl Control {
    /// Returns the name that Slack hands back.
    pub fn action_id(self) -> String {
        match self {
            Self::Authorize => "authorize".to_owned(),
            Self::Deny => "deny".to_owned(),
            Self::TakeCommand => "take_command".to_owned(),
            Self::NameCommander => "name_commander".to_owned(),
            Self::AskSomeoneElse => "ask_someone_else".to_owned(),
            Self::GoAhead => "go_ahead".to_owned(),
            Self::Deployed => "deployed".to_owned(),
            Self::NeverDeployed => "never_deployed".to_owned(),
            Self::Withdraw => "withdraw".to_owned(),
            Self::Document => "document".to_owned(),
            Self::MoreFields => "more_fields".to_owned(),
            Self::Approve => "approve".to_owned(),
            Self::ApproveBut => "approve_but".to_owned(),
            Self::Review(review) => format!("review:{}", review.name()),
            Self::ReviewGenuineness => "review_genuineness".to_owned(),
            Self::PermanentFix => "permanent_fix".to_owned(),
            Self::AddFollowUp => "add_follow_up".to_owned(),
            Self::FinishFollowUp => "finish_follow_up".to_owned(),
            Self::Reject => "reject".to_owned(),
            Self::Remediate => "remediate".to_owned(),
            Self::AnswerExceptions => "answer_exceptions".to_owned(),
            Self::StandIn => "stand_in".to_owned(),
            Self::Attest => "attest".to_owned(),
            Self::ConfirmAttestation => "confirm_attestation".to_owned(),
            Self::DisputeAttestation => "dispute_attestation".to_owned(),
            Self::CorrectDeployment => "correct_deployment".to_owned(),
            Self::DeployedAt => "deployed_at".to_owned(),
            Self::StateReason => "state_reason".to_owned(),
            Self::TakeOver(part) => format!("take_over:{}", part.name()),
            Self::Same => "same".to_owned(),
            Self::NotSame => "not_same".to_owned(),
            Self::TakeOffer => "take_offer".to_owned(),
            Self::DeclineOffer => "decline_offer".to_owned(),
            Self::Criterion(criterion) => format!("criterion:{}", criterion.name()),
            Self::Snooze(nap, duty) => format!("snooze:{}:{}", nap.name(), duty.name()),
            Self::Delegate(duty) => format!("delegate:{}", duty.name()),
            Self::Away => "away".to_owned(),
            Self::Back => "back".to_owned(),
            Self::Status => "status".to_owned(),
            Self::RecordMeeting => "record_meeting".to_owned(),
            Self::Declare => "declare".to_owned(),
            Self::Explain(answer) => format!("explain:{}", answer.name()),
            Self::Vouch(true) => "vouch".to_owned(),
            Self::Vouch(false) => "vouch_not".to_owned(),
            Self::ListNormal => "list_normal".to_owned(),
            Self::More => "more".to_owned(),
        }
    }

    /// Reads a name that Slack handed back.
    pub fn from_action_id(name: &str) -> Option<Self> {
        Some(match name {
            "authorize" => Self::Authorize,
            "deny" => Self::Deny,
            "take_command" => Self::TakeCommand,
            "name_commander" => Self::NameCommander,
            "ask_someone_else" => Self::AskSomeoneElse,
            "go_ahead" => Self::GoAhead,
            "deployed" => Self::Deployed,
            "never_deployed" => Self::NeverDeployed,
            "withdraw" => Self::Withdraw,
            "document" => Self::Document,
            "more_fields" => Self::MoreFields,
            "approve" => Self::Approve,
            "approve_but" => Self::ApproveBut,
            "review_genuineness" => Self::ReviewGenuineness,
            "permanent_fix" => Self::PermanentFix,
            "add_follow_up" => Self::AddFollowUp,
            "finish_follow_up" => Self::FinishFollowUp,
            "reject" => Self::Reject,
            "remediate" => Self::Remediate,
            "answer_exceptions" => Self::AnswerExceptions,
            "stand_in" => Self::StandIn,
            "attest" => Self::Attest,
            "confirm_attestation" => Self::ConfirmAttestation,
            "dispute_attestation" => Self::DisputeAttestation,
            "correct_deployment" => Self::CorrectDeployment,
            "deployed_at" => Self::DeployedAt,
            "state_reason" => Self::StateReason,
            "same" => Self::Same,
            "not_same" => Self::NotSame,
            "take_offer" => Self::TakeOffer,
            "decline_offer" => Self::DeclineOffer,
            "away" => Self::Away,
            "back" => Self::Back,
            "status" => Self::Status,
            "record_meeting" => Self::RecordMeeting,
            "declare" => Self::Declare,
            "vouch" => Self::Vouch(true),
            "vouch_not" => Self::Vouch(false),
            "list_normal" => Self::ListNormal,
            "more" => Self::More,
            other => match other.split_once(':')? {
                ("criterion", name) => Self::Criterion(Criterion::from_name(name)?),
                ("snooze", rest) => {
                    let (nap, duty) = rest.split_once(':')?;
                    Self::Snooze(Nap::from_name(nap)?, Duty::from_name(duty)?)
                }
                ("delegate", duty) => Self::Delegate(Duty::from_name(duty)?),
                ("explain", name) => Self::Explain(Explanation::from_name(name)?),
                ("review", name) => Self::Review(Review::from_name(name)?),
                ("take_over", name) => Self::TakeOver(Part::from_name(name)?),
                _ => return None,
            },
        })
    }
}

/// The value of a button: which change it is about.
pub fn value(change: ChangeNumber) -> String {
    change.0.to_string()
}

/// Reads the value of a button.
pub fn read_value(value: &str) -> Option<ChangeNumber> {
    value.parse().ok().map(ChangeNumber)
}

/// The value of Approve: which change, and exactly which content was shown.
pub fn approval_value(change: ChangeNumber, seen: ContentHash) -> String {
    format!("{}:{seen}", change.0)
}

/// Reads the value of Approve.
pub fn read_approval_value(value: &str) -> Option<(ChangeNumber, ContentHash)> {
    let (change, seen) = value.split_once(':')?;
    Some((read_value(change)?, read_hash(seen)?))
}

fn read_hash(hash: &str) -> Option<ContentHash> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(hash, &mut bytes).ok()?;
    Some(ContentHash(bytes))
}

/// The value of an Approve that asks first: the same with a question mark.
pub fn asking_value(change: ChangeNumber, seen: ContentHash) -> String {
    format!("{}?", approval_value(change, seen))
}

/// Reads the value of an Approve that asks first.
pub fn read_asking_value(value: &str) -> Option<(ChangeNumber, ContentHash)> {
    read_approval_value(value.strip_suffix('?')?)
}

/// The value of a button about a follow-up: which change, and the how-manieth.
pub fn follow_up_value(change: ChangeNumber, n: u16) -> String {
    format!("{}#{n}", change.0)
}

/// Reads the value of a button about a follow-up.
pub fn read_follow_up_value(value: &str) -> Option<(ChangeNumber, u16)> {
    let (change, n) = value.split_once('#')?;
    Some((read_value(change)?, n.parse().ok()?))
}

/// The value of a button about a deployment at an instant: which change, the
/// instant in microseconds since 1970, and by whom if not by whoever presses it.
pub fn time_value(change: ChangeNumber, at: DateTime<Utc>, by: Option<&UserId>) -> String {
    let by = by.map_or_else(String::new, |by| format!("@{by}"));
    format!("{}@{}{by}", change.0, at.timestamp_micros())
}

/// Reads the value of a button about a deployment at an instant.
pub fn read_time_value(value: &str) -> Option<(ChangeNumber, DateTime<Utc>, Option<UserId>)> {
    let (change, rest) = value.split_once('@')?;
    let (micros, by) = match rest.split_once('@') {
        Some((_, "")) => return None,
        Some((micros, by)) => (micros, Some(UserId::new(by))),
        None => (rest, None),
    };
    let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some((read_value(change)?, at, by))
}

/// The value of [`Control::Same`]: which change is the same as which first one.
pub fn same_value(change: ChangeNumber, of: ChangeNumber) -> String {
    format!("{}={}", change.0, of.0)
}

/// Reads the value of [`Control::Same`].
pub fn read_same_value(value: &str) -> Option<(ChangeNumber, ChangeNumber)> {
    let (change, of) = value.split_once('=')?;
    Some((read_value(change)?, read_value(of)?))
}

/// The value of the option *none of these messages*.
pub const NO_MESSAGE: &str = "none";

/// The value of a button about an offer: its number.
pub fn offer_value(offer: u64) -> String {
    offer.to_string()
}

/// Reads the value of a button about an offer.
pub fn read_offer_value(value: &str) -> Option<u64> {
    value.parse().ok()
}

/// The value of a button about a question: its number.
pub fn question_value(question: u64) -> String {
    question.to_string()
}

/// Reads the value of a button about a question.
pub fn read_question_value(value: &str) -> Option<u64> {
    value.parse().ok()
}

/// The name of the message shortcut *Record authorization* in the manifest.
pub const RECORD_SHORTCUT: &str = "record_authorization";

/// The value of an option of [`Control::More`]: what it does, to which change.
pub fn menu_value(control: Control, change: ChangeNumber) -> String {
    format!("{}/{}", control.action_id(), change.0)
}

/// Reads the value of an option of [`Control::More`].
pub fn read_menu_value(value: &str) -> Option<(Control, ChangeNumber)> {
    let (control, change) = value.split_once('/')?;
    Some((Control::from_action_id(control)?, read_value(change)?))
}

/// The block of a select about a change. A select has no value of its own, so
/// its block says which change it is about.
pub fn select_block(control: Control, change: ChangeNumber) -> String {
    menu_value(control, change)
}

/// Reads the block of a select.
pub fn read_select_block(block_id: &str) -> Option<(Control, ChangeNumber)> {
    read_menu_value(block_id)
}

/// A modal of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Modal {
    /// To begin an emergency change.
    Declare,
    /// To fill in what the ticket asks for.
    Document,
    /// To fill in what it doesn't ask for.
    MoreFields,
    /// To approve, saying whether it was a genuine emergency.
    Approve,
    /// To say why a change is rejected.
    Reject,
    /// To review it beside the approver's decision.
    Review,
    /// To say, as the compliance lead, whether it was a genuine emergency.
    ReviewGenuineness,
    /// To say how it was fixed for good.
    PermanentFix,
    /// To write down what is to be done after it.
    AddFollowUp,
    /// To say how that was done.
    FinishFollowUp,
    /// To say how a rejected change was put right.
    Remediate,
    /// To answer exceptions.
    AnswerExceptions,
    /// To choose whom to ask instead.
    AskSomeoneElse,
    /// To put on record what was said in messages.
    Record,
    /// To say who authorized by word of mouth.
    Attest,
    /// To put the time of a deployment right.
    CorrectDeployment,
    /// To state a reason that is none of the five.
    StateReason,
    /// To say which changes a team meeting reviewed.
    RecordMeeting,
    /// To take words out of the record.
    Redact,
    /// To hand what is owed to somebody else.
    Delegate,
    /// To say until when one is away.
    Away,
    /// To say what shows that a change was a normal one.
    ExplainNormal,
}

impl Modal {
    /// Every modal.
    pub const ALL: [Self; 22] = [
        Self::Declare,
        Self::Document,
        Self::MoreFields,
        Self::Approve,
        Self::Reject,
        Self::Review,
        Self::ReviewGenuineness,
        Self::PermanentFix,
        Self::AddFollowUp,
        Self::FinishFollowUp,
        Self::Remediate,
        Self::AnswerExceptions,
        Self::AskSomeoneElse,
        Self::Record,
        Self::Attest,
        Self::CorrectDeployment,
        Self::StateReason,
        Self::RecordMeeting,
        Self::Redact,
        Self::Delegate,
        Self::Away,
        Self::ExplainNormal,
    ];

    /// Returns the name that Slack hands back.
    pub const fn callback_id(self) -> &'static str {
        match self {
            Self::Declare => "declare",
            Self::Document => "document",
            Self::MoreFields => "more_fields",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Review => "review",
            Self::ReviewGenuineness => "review_genuineness",
            Self::PermanentFix => "permanent_fix",
            Self::AddFollowUp => "add_follow_up",
            Self::FinishFollowUp => "finish_follow_up",
            Self::Remediate => "remediate",
            Self::AnswerExceptions => "answer_exceptions",
            Self::AskSomeoneElse => "ask_someone_else",
            Self::Record => "record",
            Self::Attest => "attest",
            Self::CorrectDeployment => "correct_deployment",
            Self::StateReason => "state_reason",
            Self::RecordMeeting => "record_meeting",
            Self::Redact => "redact",
            Self::Delegate => "delegate",
            Self::Away => "away",
            Self::ExplainNormal => "explain_normal",
        }
    }

    /// Reads a name that Slack handed back.
    pub fn from_callback_id(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|modal| modal.callback_id() == name)
    }
}

/// An input of a modal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// What is to be changed.
    What,
    /// Which person is asked.
    Whom,
    /// Which groups are asked.
    Groups,
    /// Which kind of emergency it is.
    Criterion,
    /// A field of the ticket.
    Field(Field),
    /// Which texts are taken out of the record.
    Texts,
    /// Why it is rejected.
    Reason,
    /// How a rejected change is to be put right.
    Way,
    /// By when.
    DueAt,
    /// Whether it was a genuine emergency.
    Genuine,
    /// Why, or why not.
    GenuineWords,
    /// What is asked for beside an approval.
    Conditions,
    /// How it was put right.
    How,
    /// Which exceptions are answered.
    Exceptions,
    /// Why it came to them.
    Cause,
    /// What is done about them.
    Remedy,
    /// By whom.
    Owner,
    /// Which message asks.
    Request,
    /// Which message answers.
    Answer,
    /// What the answer does.
    Verdict,
    /// Who asked, where no message says so.
    Requester,
    /// When, in words.
    When,
    /// How it was said.
    Account,
    /// Which reason that is none of the five.
    Stated,
    /// Which changes were reviewed.
    Reviewed,
    /// When the meeting was held.
    HeldAt,
    /// Where its minutes are.
    Minutes,
    /// Which improvements of the process it found.
    Improvements,
    /// Where the review of a change is.
    Proof,
}

impl Input {
    /// The one name of an input's element: each input is alone in its block.
    pub const ACTION_ID: &'static str = "input";

    /// Returns the name of the input's block, under which Slack hands back what
    /// was put in and shows what is wrong with it.
    pub fn block_id(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            // The first tickets' fields were sections, and so the name stays.
            Self::Field(field) => return Cow::Owned(format!("section:{}", field.name())),
            Self::What => "what",
            Self::Whom => "whom",
            Self::Groups => "groups",
            Self::Criterion => "criterion",
            Self::Texts => "texts",
            Self::Reason => "reason",
            Self::Way => "way",
            Self::DueAt => "due_at",
            Self::Genuine => "genuine",
            Self::GenuineWords => "genuine_words",
            Self::Conditions => "conditions",
            Self::How => "how",
            Self::Exceptions => "exceptions",
            Self::Cause => "cause",
            Self::Remedy => "remedy",
            Self::Owner => "owner",
            Self::Request => "request",
            Self::Answer => "answer",
            Self::Verdict => "verdict",
            Self::Requester => "requester",
            Self::When => "when",
            Self::Account => "account",
            Self::Stated => "stated",
            Self::Reviewed => "reviewed",
            Self::HeldAt => "held_at",
            Self::Minutes => "minutes",
            Self::Improvements => "improvements",
            Self::Proof => "proof",
        })
    }
}

/// The choices of [`Input::Genuine`].
pub const GENUINE: &str = "genuine";
/// The other.
pub const NOT_GENUINE: &str = "not_genuine";

/// What a modal remembers while it is open: Slack hands it back untouched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The change it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<u64>,
    /// The conversation it was opened from; a submission doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The thread it was opened from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The time of the deployment that it is about, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<i64>,
    /// Whether what it begins is a rehearsal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// Who wrote each of the messages to choose from, so that a choice that can't
    /// be right is seen while the form is still open.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authors: BTreeMap<String, String>,
    /// The message that a form is about, where the bot can't read it again: which,
    /// and what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointed_at: Option<(String, String)>,
    /// A digest of what stood in each field when the modal was opened, so that
    /// what nobody touched isn't written anew: an approval would fall over it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shown: BTreeMap<String, String>,
    /// The change's version when the modal was opened: what was saved since then,
    /// nobody has seen in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The content that a decision is about, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// Which review a modal is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// Which follow-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<u16>,
    /// Which duty, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duty: Option<String>,
    /// Which question about a change that a source told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<u64>,
    /// Those who took the risk, and can't accept it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub involved: Vec<String>,
}

/// How long what a modal remembers may be in Slack, in bytes of UTF-8.
const MOST_METADATA: usize = 3000;

impl Memory {
    /// Remembers where a modal was opened from.
    pub fn at(channel: Option<&ChannelId>, thread: Option<&MessageTs>) -> Self {
        Self {
            channel: channel.map(|channel| channel.as_str().to_owned()),
            thread: thread.map(|thread| thread.as_str().to_owned()),
            ..Self::default()
        }
    }

    /// Remembers which change it is about.
    #[must_use]
    pub fn about(mut self, change: ChangeNumber) -> Self {
        self.change = Some(change.0);
        self
    }

    /// Remembers who wrote a message that can be chosen.
    pub fn wrote(&mut self, ts: &MessageTs, by: &UserId) {
        self.authors
            .insert(ts.as_str().to_owned(), by.as_str().to_owned());
    }

    /// Returns who wrote a message that can be chosen.
    pub fn author(&self, ts: &MessageTs) -> Option<UserId> {
        self.authors.get(ts.as_str()).map(UserId::new)
    }

    /// Remembers what a message says that the bot can't read again, if there is
    /// room: Slack keeps 3,000 characters, and counts some of them twice.
    pub fn says(&mut self, ts: &MessageTs, text: &str) {
        let before = self.pointed_at.take();
        self.pointed_at = Some((ts.as_str().to_owned(), text.to_owned()));
        if self.to_metadata().len() > MOST_METADATA {
            self.pointed_at = before;
        }
    }

    /// Remembers that `field` stood as `words`.
    pub fn show(&mut self, field: Field, words: &str) {
        self.shown.insert(field.name().to_owned(), digest(words));
    }

    /// Whether `field` stood as anything at all.
    pub fn has_shown(&self, field: Field) -> bool {
        self.shown.contains_key(field.name())
    }

    /// Whether `field` stood exactly as `words`.
    pub fn stood_as(&self, field: Field, words: &str) -> bool {
        self.shown.get(field.name()) == Some(&digest(words))
    }

    /// Returns the content that a decision is about.
    pub fn seen(&self) -> Option<ContentHash> {
        read_hash(self.seen.as_deref()?)
    }

    /// Returns the review that it is about.
    pub fn review(&self) -> Option<Review> {
        Review::from_name(self.review.as_deref()?)
    }

    /// Returns the form that Slack keeps.
    pub fn to_metadata(&self) -> String {
        // A map of strings always has a form in JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the form that Slack kept.
    pub fn from_metadata(metadata: &str) -> Option<Self> {
        if metadata.is_empty() {
            return Some(Self::default());
        }
        serde_json::from_str(metadata).ok()
    }
}

/// Slack may hand line ends and outer blanks back otherwise than it got them.
fn digest(words: &str) -> String {
    use sha2::{Digest, Sha256};
    let words = words.replace("\r\n", "\n");
    let digest = Sha256::digest(words.trim().as_bytes());
    // It guards against nobody, so that sixteen digits tell two texts apart; all
    // of them for every field wouldn't fit.
    let mut digits = hex::encode(digest);
    digits.truncate(16);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::change::Exception;

    const CONTROLS: [Control; 48] = [
        Control::Explain(Explanation::Declared),
        Control::Explain(Explanation::No),
        Control::Vouch(true),
        Control::Vouch(false),
        Control::ListNormal,
        Control::Snooze(Nap::TwoHours, Duty::AnswerException(Exception::Rejected)),
        Control::Delegate(Duty::FollowUp(3)),
        Control::Away,
        Control::Back,
        Control::Status,
        Control::RecordMeeting,
        Control::ApproveBut,
        Control::MoreFields,
        Control::Review(Review::Security),
        Control::Review(Review::Database),
        Control::ReviewGenuineness,
        Control::PermanentFix,
        Control::AddFollowUp,
        Control::FinishFollowUp,
        Control::StandIn,
        Control::Attest,
        Control::ConfirmAttestation,
        Control::DisputeAttestation,
        Control::CorrectDeployment,
        Control::DeployedAt,
        Control::StateReason,
        Control::Same,
        Control::NotSame,
        Control::TakeOffer,
        Control::DeclineOffer,
        Control::Authorize,
        Control::Deny,
        Control::TakeCommand,
        Control::NameCommander,
        Control::AskSomeoneElse,
        Control::GoAhead,
        Control::Deployed,
        Control::NeverDeployed,
        Control::Withdraw,
        Control::Document,
        Control::Approve,
        Control::Reject,
        Control::Remediate,
        Control::AnswerExceptions,
        Control::Criterion(Criterion::Vulnerability),
        Control::Criterion(Criterion::ExternalFailure),
        Control::Declare,
        Control::More,
    ];

    #[test]
    fn every_control_is_read_as_it_was_written() {
        for control in CONTROLS {
            let name = control.action_id();
            assert_eq!(Control::from_action_id(&name), Some(control), "{name}");
            let value = menu_value(control, ChangeNumber(1042));
            assert_eq!(
                read_menu_value(&value),
                Some((control, ChangeNumber(1042))),
                "{value}"
            );
        }
        assert_eq!(Control::from_action_id("criterion:deadline_is_today"), None);
        assert_eq!(Control::from_action_id("launch"), None);
    }

    #[test]
    fn every_modal_is_read_as_it_was_written() {
        for modal in Modal::ALL {
            assert_eq!(Modal::from_callback_id(modal.callback_id()), Some(modal));
        }
        assert_eq!(Modal::from_callback_id(""), None);
    }

    #[test]
    fn approve_carries_the_content_that_was_shown() {
        let seen = ContentHash([0xab; 32]);
        let value = approval_value(ChangeNumber(1042), seen);
        assert_eq!(
            read_approval_value(&value),
            Some((ChangeNumber(1042), seen))
        );
        for malformed in ["1042", "1042:", "1042:abcd", "x:abababab", ""] {
            assert_eq!(read_approval_value(malformed), None, "{malformed}");
        }
        let asking = asking_value(ChangeNumber(1042), seen);
        assert_eq!(read_asking_value(&asking), Some((ChangeNumber(1042), seen)));
        assert_eq!(read_approval_value(&asking), None);
        assert_eq!(read_asking_value(&value), None);
    }

    #[test]
    fn a_button_about_a_follow_up_says_which() {
        let value = follow_up_value(ChangeNumber(1042), 3);
        assert_eq!(read_follow_up_value(&value), Some((ChangeNumber(1042), 3)));
        for malformed in ["1042", "1042#", "#3", "1042#-1"] {
            assert_eq!(read_follow_up_value(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn a_button_about_a_time_or_two_changes_or_an_offer_says_exactly_which() {
        let at = DateTime::from_timestamp_micros(1_760_753_640_000_100).unwrap();
        for by in [None, Some(UserId::new("U123DANA"))] {
            let value = time_value(ChangeNumber(1042), at, by.as_ref());
            assert_eq!(read_time_value(&value), Some((ChangeNumber(1042), at, by)));
        }
        let value = same_value(ChangeNumber(1043), ChangeNumber(1042));
        assert_eq!(
            read_same_value(&value),
            Some((ChangeNumber(1043), ChangeNumber(1042)))
        );
        assert_eq!(read_offer_value(&offer_value(7)), Some(7));
        for malformed in [
            "",
            "1042",
            "1042@",
            "@1",
            "1042@soon",
            "1042@1@",
            "1042=",
            "=1042",
            "x",
        ] {
            assert_eq!(read_time_value(malformed), None, "{malformed}");
            assert_eq!(read_same_value(malformed), None, "{malformed}");
        }
        assert_eq!(read_offer_value("-1"), None);
    }

    #[test]
    fn a_form_knows_who_wrote_the_messages_to_choose_from() {
        let mut memory = Memory::default();
        let ts = MessageTs::new("1760753640.000100");
        memory.wrote(&ts, &UserId::new("U123MORGAN"));
        let kept = Memory::from_metadata(&memory.to_metadata()).unwrap();
        assert_eq!(kept.author(&ts), Some(UserId::new("U123MORGAN")));
        assert_eq!(kept.author(&MessageTs::new("1760753640.000101")), None);
        for n in 0..40 {
            let ts = MessageTs::new(format!("1760753640.{n:06}"));
            memory.wrote(&ts, &UserId::new("U0123456789A"));
        }
        assert!(memory.to_metadata().len() <= 3000);
    }

    #[test]
    fn an_untouched_section_is_recognised_whatever_slack_does_to_its_line_ends() {
        let mut memory = Memory::default().about(ChangeNumber(1042));
        memory.show(Field::Testing, "curl shows 403\r\nfor the pattern");
        let kept = Memory::from_metadata(&memory.to_metadata()).unwrap();
        assert!(kept.stood_as(Field::Testing, "curl shows 403\nfor the pattern\n"));
        assert!(!kept.stood_as(Field::Testing, "curl shows 404\nfor the pattern"));
        assert!(!kept.stood_as(Field::Outcome, ""));
    }

    #[test]
    fn a_modal_remembers_within_what_slack_keeps() {
        let mut memory = Memory::at(
            Some(&ChannelId::new("C0123456789A")),
            Some(&MessageTs::new("1760753640.000100")),
        )
        .about(ChangeNumber(u64::MAX));
        for field in Field::ALL {
            memory.show(*field, &"x".repeat(3000));
        }
        memory.version = Some(u64::MAX);
        assert!(memory.to_metadata().len() <= 3000);
    }
}
