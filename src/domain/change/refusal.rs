//! What the rules refuse, in the words that the person reads.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{LONGEST_TEXT, NAPS_IN_A_ROW, Nap, Stage};
use crate::domain::authorization::Act;
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::obligation::Duty;
use crate::domain::policy::Party;
use crate::domain::ticket::{Field, Kind};

/// A rule said no. The text is the reply to the person; people stand in it as
/// `<@id>` and instants as `<!date^…>`, which Slack shows in the reader's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was said.
    #[error(
        "Say what you're changing, for example: `/emergency Deploy WAF rule to block SQL injection @morgan`."
    )]
    NothingSaid,
    /// More than a field keeps.
    #[error(
        "That's {length} characters; up to {LONGEST_TEXT} fit. Shorten it, or put the rest in a link."
    )]
    TooLong {
        /// How long it is.
        length: usize,
    },
    /// There is no such change.
    #[error("There is no {0} here. `/emergency list` shows the open ones.")]
    NoSuchChange(ChangeNumber),
    /// A guest can't do that.
    #[error("Guests can't {}. Ask a full member of the workspace; the request stays open.", verb(*.act))]
    Guest {
        /// What they tried.
        act: Act,
    },
    /// A bot can't do that.
    #[error("A bot can't {}. A person has to.", verb(*.act))]
    Bot {
        /// What it tried.
        act: Act,
    },
    /// Somebody who left can't do that.
    #[error("That account is deactivated, so it can't {}. Somebody else has to.", verb(*.act))]
    Left {
        /// What was tried.
        act: Act,
    },
    /// Somebody of another organisation can't do that.
    #[error("Only people of this organisation can {}. The request stays open.", verb(*.act))]
    Foreign {
        /// What they tried.
        act: Act,
    },
    /// The requester can't do that.
    #[error("You asked for this change, {}", own_request(*.act))]
    OwnRequest {
        /// What they tried.
        act: Act,
    },
    /// An implementer can't do that.
    #[error("You deployed this change, so somebody else has to {}.", verb(*.act))]
    OwnDeployment {
        /// What they tried.
        act: Act,
    },
    /// Whoever went ahead can't make that good.
    #[error("You went ahead with this change, so somebody else has to {}.", verb(*.act))]
    OwnGoingAhead {
        /// What they tried.
        act: Act,
    },
    /// Whoever stood in can't make that good.
    #[error(
        "You authorized this change as the most senior engineer available, so somebody else has to {}.",
        verb(*.act)
    )]
    OwnStandIn {
        /// What they tried.
        act: Act,
    },
    /// Who decided on it has said so already.
    #[error("You decided on this change and said so then, so somebody else has to {}.", verb(*.act))]
    OwnDecision {
        /// What they tried.
        act: Act,
    },
    /// Nobody accepts a risk that they took.
    #[error(
        "<@{owner}> asked for this change or deployed it, so somebody else has to accept its risk."
    )]
    OwnRisk {
        /// Who was named.
        owner: UserId,
    },
    /// A risk is accepted under one's own name.
    #[error(
        "The risk stands under <@{owner}>'s name, so only they can accept it, or somebody who may approve and puts their own name to it."
    )]
    NotTheirRisk {
        /// Who can.
        owner: UserId,
    },
    /// What somebody is said to have done, they couldn't do.
    #[error("<@{by}> can't {}", of_another(.why))]
    OfAnother {
        /// Who.
        by: UserId,
        /// What they would be told themselves.
        why: Box<Refusal>,
    },
    /// It is somebody else's to put off or to hand on.
    #[error("{}", not_yours(.owner.as_ref()))]
    NotYours {
        /// Whose it is.
        owner: Option<Party>,
    },
    /// Nothing of the kind is owed any more.
    #[error(
        "{number} owes that no more: it is done, or something else has taken its place. `/emergency status {number}` shows what is open."
    )]
    NotOwed {
        /// Which change.
        number: ChangeNumber,
    },
    /// A request for authorization can't wait.
    #[error(
        "Somebody is waiting for an answer to deploy, so this can't be put off. *Ask someone else* on the card hands it on."
    )]
    CantWait,
    /// A reminder can't be put off past the deadline.
    #[error("{}", past_the_deadline(*.due_at, *.is_over, *.longest, *.stays))]
    PastTheDeadline {
        /// When it is due.
        due_at: DateTime<Utc>,
        /// Whether that has passed.
        is_over: bool,
        /// How long it may be put off.
        longest: Option<Nap>,
        /// What is owed, if nobody else may do it.
        stays: Option<Duty>,
    },
    /// It was put off often enough.
    #[error("{}", napped_enough(*.due_at, *.stays))]
    NappedEnough {
        /// When it is due.
        due_at: Option<DateTime<Utc>>,
        /// What is owed, if nobody else may do it.
        stays: Option<Duty>,
    },
    /// Nobody else can do it.
    #[error("Nobody else can do that in their place: {}. {}", .duty, instead_of_delegating(*.duty))]
    NotToDelegate {
        /// What is owed.
        duty: Duty,
    },
    /// Whoever it is to pass to isn't there in time.
    #[error("<@{who}> is away until {}, and it is due before that. Somebody else has to do it.", Shown(*.until))]
    Away {
        /// Who.
        who: UserId,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// It is theirs already.
    #[error("<@{owner}> owes that already. Nothing has changed.")]
    AlreadyTheirs {
        /// Whose it is.
        owner: UserId,
    },
    /// The policy doesn't name them.
    #[error("The policy doesn't name you among those who may {}. {}", verb(*.act), where_it_names(*.act))]
    NotAnApprover {
        /// What they tried.
        act: Act,
    },
    /// The policy doesn't name them as an administrator.
    #[error("{}", not_an_administrator(.administrators))]
    NotAnAdministrator {
        /// Whom it names.
        administrators: Vec<Party>,
    },
    /// None of the texts is there to be removed.
    #[error(
        "Nothing was removed from {number}. Say `/emergency redact {number}` and choose in the form what has to go."
    )]
    NothingToRedact {
        /// The change.
        number: ChangeNumber,
    },
    /// The policy doesn't name them as a commander.
    #[error(
        "The policy doesn't name you among the incident commanders. If you command this incident, ask your compliance lead to add you; the requester can say who commands."
    )]
    NotACommander,
    /// It has been authorized, so nobody's no is taken down any more.
    #[error("{number} is authorized: <@{by}> did that at {}. That stands, so this refusal isn't recorded. If it must be stopped, say so in the channel.", Shown(*.at))]
    DeniedTooLate {
        /// The change.
        number: ChangeNumber,
        /// Who did.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It has been authorized.
    #[error("{number} is already authorized: <@{by}> did that at {}. Nothing is left to do here.", Shown(*.at))]
    AlreadyAuthorized {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It has been denied by the same person.
    #[error("{number} is already denied: <@{by}> did that at {}.", Shown(*.at))]
    AlreadyDenied {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its commander is known.
    #[error("<@{by}> already authorized {number} as the incident's commander.")]
    AlreadyCommanded {
        /// The change.
        number: ChangeNumber,
        /// Who commands.
        by: UserId,
    },
    /// Its deployment is known.
    #[error("{number} is already recorded as deployed at {} by <@{by}>. Nothing was added.", Shown(*.at))]
    AlreadyDeployed {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It has been approved.
    #[error("{number} is already approved: <@{by}> did that at {}.", Shown(*.at))]
    AlreadyApproved {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It has been rejected.
    #[error("{number} is already rejected: <@{by}> did that at {}.", Shown(*.at))]
    AlreadyRejected {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody is going ahead already.
    #[error("{number}: going ahead without authorization is already on record.")]
    AlreadyWentAhead {
        /// The change.
        number: ChangeNumber,
    },
    /// The kind of emergency has been said.
    #[error("{number} is already marked so.")]
    AlreadyStated {
        /// The change.
        number: ChangeNumber,
    },
    /// It has ended.
    #[error("{number} is {}, so that can't be done any more. For something new, `/emergency` starts the next change.", stage.name())]
    Over {
        /// The change.
        number: ChangeNumber,
        /// Where it stands.
        stage: Stage,
    },
    /// Only the requester can do that.
    #[error("<@{requester}> asked for {number}, so only they can {what}.")]
    NotTheRequester {
        /// The change.
        number: ChangeNumber,
        /// Who can.
        requester: UserId,
        /// What was tried.
        what: &'static str,
    },
    /// It was never permitted.
    #[error(
        "{number} isn't authorized, so there is nothing to let lapse. Withdraw it if it isn't needed any more."
    )]
    NotPermitted {
        /// The change.
        number: ChangeNumber,
    },
    /// It isn't deployed.
    #[error(
        "{number} isn't recorded as deployed yet. Press *Deployed now* or say `/emergency deployed {number}` first."
    )]
    NotDeployed {
        /// The change.
        number: ChangeNumber,
    },
    /// It is deployed.
    #[error(
        "{number} is deployed, so it can't be {what} any more. Its paperwork is owed either way."
    )]
    Deployed {
        /// The change.
        number: ChangeNumber,
        /// What was tried.
        what: &'static str,
    },
    /// It wasn't rejected.
    #[error("{number} wasn't rejected, so there is nothing to put right.")]
    NotRejected {
        /// The change.
        number: ChangeNumber,
    },
    /// It wasn't approved.
    #[error("{number} isn't approved yet; that comes first.")]
    NotApproved {
        /// The change.
        number: ChangeNumber,
    },
    /// It was neither approved nor rejected.
    #[error("{number} is neither approved nor rejected yet; that comes first.")]
    NotDecided {
        /// The change.
        number: ChangeNumber,
    },
    /// That was said already.
    #[error("That is already on record for {number}: <@{by}>, {}.", Shown(*.at))]
    AlreadyReviewed {
        /// The change.
        number: ChangeNumber,
        /// By whom.
        by: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nothing asks for that review.
    #[error("{number} needs no such review: neither its category nor its reason asks for one.")]
    NoReviewOwed {
        /// The change.
        number: ChangeNumber,
    },
    /// It is permanent, or fixed for good already.
    #[error("{number} waits for no permanent fix.")]
    NoFixOwed {
        /// The change.
        number: ChangeNumber,
    },
    /// There is no such follow-up, or it is done.
    #[error("{number} has no such follow-up that is still open.")]
    NoFollowUp {
        /// The change.
        number: ChangeNumber,
    },
    /// The value isn't one of this field's.
    #[error("That doesn't fit “{field}”. {}", mend(*.field))]
    Unfit {
        /// The field.
        field: Field,
    },
    /// What is told of the past can't lie in the future.
    #[error("{} is in the future, and “{field}” tells of the past.", Shown(*.at))]
    NotYet {
        /// The field.
        field: Field,
        /// The time stated.
        at: DateTime<Utc>,
    },
    /// A meeting that is still to come has reviewed nothing.
    #[error("{} is in the future. Record the meeting once it was held.", Shown(*.at))]
    MeetingAhead {
        /// The time stated.
        at: DateTime<Utc>,
    },
    /// A meeting that was over before the change has not reviewed it.
    #[error("A meeting held {} can't have reviewed {number}: that was deployed only {}. Say which later meeting did.", Shown(*.at), Shown(*.deployed_at))]
    MeetingBefore {
        /// The change.
        number: ChangeNumber,
        /// When the meeting is said to have been held.
        at: DateTime<Utc>,
        /// When the change went into production.
        deployed_at: DateTime<Utc>,
    },
    /// What is to be done can't be due in the past.
    #[error("{} is in the past. Say by when it is to be done.", Shown(*.at))]
    InThePast {
        /// The time stated.
        at: DateTime<Utc>,
    },
    /// The ticket can't be approved yet.
    #[error("{number} can't be approved yet. Still missing: {waiting}.")]
    NotReady {
        /// The change.
        number: ChangeNumber,
        /// What is missing.
        waiting: Waiting,
    },
    /// The ticket isn't what the approver saw.
    #[error(
        "{number} was edited after this message was shown. Read it again, then approve; the message now shows the newest."
    )]
    ContentChanged {
        /// The change.
        number: ChangeNumber,
    },
    /// A deployment can't lie in the future.
    #[error("{} is in the future. Say when it was deployed, for example `20 min ago`.", Shown(*.at))]
    InTheFuture {
        /// The time stated.
        at: DateTime<Utc>,
    },
    /// The requester can't ask themselves.
    #[error("You can't ask yourself. Choose somebody who may authorize.")]
    AskedThemselves,
    /// Nobody was named.
    #[error("Choose whom to ask.")]
    NobodyAsked,
    /// A reason is owed.
    #[error("Say why; a few words are enough.")]
    NoReason,
    /// Nobody attests another's word by giving their own.
    #[error(
        "You can authorize {number} yourself: press *Authorize*. Word of mouth is for what somebody else said."
    )]
    OwnWord {
        /// The change.
        number: ChangeNumber,
    },
    /// What was said before the deployment can be attested, not what is said after.
    #[error(
        "{number} is deployed, so what was agreed to by word of mouth since then doesn't authorize it. Whoever agreed presses *Authorize afterwards* on the card."
    )]
    SpokenTooLate {
        /// The change.
        number: ChangeNumber,
    },
    /// Nobody's no is taken from another's mouth.
    #[error(
        "Only <@{by}> can say that they refuse {number}. Ask them to press *Deny* on the card."
    )]
    DeniedByWord {
        /// The change.
        number: ChangeNumber,
        /// Who is said to refuse.
        by: UserId,
    },
    /// Nothing is attested, or it is confirmed.
    #[error("{number} has no authorization that waits to be confirmed.")]
    NothingToConfirm {
        /// The change.
        number: ChangeNumber,
    },
    /// Only whoever is said to have agreed can say whether they did.
    #[error("<@{by}> is said to have authorized {number}, so only they can say whether they did.")]
    NotTheOneNamed {
        /// The change.
        number: ChangeNumber,
        /// Who can.
        by: UserId,
    },
    /// There is no deployment at that time.
    #[error("{number} has no deployment at {} any more; somebody has put that right before you. The card shows the newest.", Shown(*.at))]
    NoSuchDeployment {
        /// The change.
        number: ChangeNumber,
        /// The time.
        at: DateTime<Utc>,
    },
    /// Only those who had a part in it can correct it.
    #[error(
        "Only the requester and whoever deployed {number} can correct its time. Tell one of them; nothing was changed."
    )]
    NotInvolved {
        /// The change.
        number: ChangeNumber,
    },
    /// It is a second record of another change.
    #[error("{number} is a duplicate of {of}. Say it of {of}; nothing was changed.")]
    Duplicate {
        /// The change.
        number: ChangeNumber,
        /// The first record.
        of: ChangeNumber,
    },
    /// A change isn't a duplicate of itself.
    #[error("{number} can't be a duplicate of itself.")]
    OwnDuplicate {
        /// The change.
        number: ChangeNumber,
    },
    /// The first record is the one that stays.
    #[error(
        "{of} came after {number}. Say that {of} is the same as {number}, not the other way round."
    )]
    CameAfter {
        /// The change.
        number: ChangeNumber,
        /// The later record.
        of: ChangeNumber,
    },
    /// The message isn't part of the record, or that is known.
    #[error("Nothing in {number}'s record has changed by that.")]
    NothingAltered {
        /// The change.
        number: ChangeNumber,
    },
    /// No such exception is open.
    #[error("{number} has no exception that waits for an answer.")]
    NothingToAnswer {
        /// The change.
        number: ChangeNumber,
    },
}

/// What a ticket waits for, as a list in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting(pub Vec<String>);

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// An instant, which Slack shows in the reader's zone.
#[derive(Debug, Clone, Copy)]
pub struct Shown(pub DateTime<Utc>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<!date^{}^{{date_short_pretty}} {{time}}|{}>",
            self.0.timestamp(),
            self.0.format("%Y-%m-%d %H:%M UTC")
        )
    }
}

impl Refusal {
    /// Returns what somebody else reads of it, who handed in what `by` did: the
    /// answer that they captured, or the word of mouth that they attest.
    #[must_use]
    pub fn of(self, by: &UserId) -> Self {
        if clause(&self).is_none() {
            return self;
        }
        Self::OfAnother {
            by: by.clone(),
            why: Box::new(self),
        }
    }
}

fn of_another(why: &Refusal) -> String {
    clause(why).map_or_else(
        || why.to_string(),
        |(act, clause)| format!("{}: {clause}. Somebody else has to.", verb(act)),
    )
}

/// What stands against a person, told of them; nothing where the sentence isn't
/// about a person.
fn clause(why: &Refusal) -> Option<(Act, &'static str)> {
    Some(match why {
        Refusal::Guest { act } => (*act, "they are a guest of the workspace"),
        Refusal::Bot { act } => (*act, "that is a bot"),
        Refusal::Left { act } => (*act, "their account is deactivated"),
        Refusal::Foreign { act } => (*act, "they are of another organisation"),
        Refusal::OwnRequest { act } => (*act, "they asked for it"),
        Refusal::OwnDeployment { act } => (*act, "they deployed it"),
        Refusal::OwnGoingAhead { act } => (*act, "they went ahead with it"),
        Refusal::OwnStandIn { act } => (
            *act,
            "they authorized it as the most senior engineer available",
        ),
        Refusal::NotAnApprover { act } => (*act, "the policy doesn't name them"),
        Refusal::OwnDecision { act } => (*act, "they decided on it"),
        Refusal::OfAnother { .. }
        | Refusal::NotYours { .. }
        | Refusal::NotOwed { .. }
        | Refusal::CantWait
        | Refusal::PastTheDeadline { .. }
        | Refusal::NappedEnough { .. }
        | Refusal::NotToDelegate { .. }
        | Refusal::AlreadyTheirs { .. }
        | Refusal::Away { .. }
        | Refusal::NothingSaid
        | Refusal::TooLong { .. }
        | Refusal::NoSuchChange(_)
        | Refusal::NotACommander
        | Refusal::NotAnAdministrator { .. }
        | Refusal::NothingToRedact { .. }
        | Refusal::AlreadyAuthorized { .. }
        | Refusal::DeniedTooLate { .. }
        | Refusal::AlreadyDenied { .. }
        | Refusal::AlreadyCommanded { .. }
        | Refusal::AlreadyDeployed { .. }
        | Refusal::AlreadyApproved { .. }
        | Refusal::AlreadyRejected { .. }
        | Refusal::AlreadyWentAhead { .. }
        | Refusal::AlreadyStated { .. }
        | Refusal::Over { .. }
        | Refusal::NotTheRequester { .. }
        | Refusal::NotPermitted { .. }
        | Refusal::NotDeployed { .. }
        | Refusal::Deployed { .. }
        | Refusal::NotRejected { .. }
        | Refusal::NotReady { .. }
        | Refusal::ContentChanged { .. }
        | Refusal::InTheFuture { .. }
        | Refusal::AskedThemselves
        | Refusal::NobodyAsked
        | Refusal::NoReason
        | Refusal::OwnWord { .. }
        | Refusal::SpokenTooLate { .. }
        | Refusal::DeniedByWord { .. }
        | Refusal::NothingToConfirm { .. }
        | Refusal::NotTheOneNamed { .. }
        | Refusal::NoSuchDeployment { .. }
        | Refusal::NotInvolved { .. }
        | Refusal::Duplicate { .. }
        | Refusal::OwnDuplicate { .. }
        | Refusal::CameAfter { .. }
        | Refusal::NothingAltered { .. }
        | Refusal::NothingToAnswer { .. }
        | Refusal::OwnRisk { .. }
        | Refusal::NotTheirRisk { .. }
        | Refusal::NotApproved { .. }
        | Refusal::NotDecided { .. }
        | Refusal::AlreadyReviewed { .. }
        | Refusal::NoReviewOwed { .. }
        | Refusal::NoFixOwed { .. }
        | Refusal::NoFollowUp { .. }
        | Refusal::Unfit { .. }
        | Refusal::NotYet { .. }
        | Refusal::MeetingAhead { .. }
        | Refusal::MeetingBefore { .. }
        | Refusal::InThePast { .. } => return None,
    })
}

/// Where somebody reads whom the policy names for it. The card names who is asked for
/// the permission; the ledger under it says whose everything else is.
fn where_it_names(act: Act) -> &'static str {
    match act {
        Act::Authorize | Act::SecondAuthorize | Act::StandIn | Act::Deny => {
            "Those it names are on the card."
        }
        Act::Command
        | Act::Approve
        | Act::Reject
        | Act::GoAhead
        | Act::NameCommander
        | Act::Document
        | Act::ReviewSecurity
        | Act::ReviewDatabase
        | Act::ReviewGenuineness
        | Act::RecordMeeting
        | Act::AnswerException
        | Act::Remediate
        | Act::AcceptRisk
        | Act::HandOn
        | Act::Redact => "Whose it is stands in the thread under the card.",
    }
}

fn verb(act: Act) -> &'static str {
    match act {
        Act::Authorize | Act::SecondAuthorize => "authorize it",
        Act::StandIn => "authorize it as the most senior engineer available",
        Act::Deny => "deny it",
        Act::Command => "authorize it as commander",
        Act::Approve => "approve it",
        Act::Reject => "reject it",
        Act::GoAhead => "go ahead with it",
        Act::NameCommander => "say who commands the incident",
        Act::Document => "write into its ticket",
        Act::ReviewSecurity => "review it for the security group",
        Act::ReviewDatabase => "approve it as the database's administrator",
        Act::ReviewGenuineness => "say whether it was a genuine emergency",
        Act::RecordMeeting => "record the meeting that reviewed it",
        Act::AnswerException => "answer its exceptions",
        Act::Remediate => "say how it was put right",
        Act::AcceptRisk => "accept its risk",
        Act::HandOn => "hand on what is owed to it",
        Act::Redact => "remove words from its record",
    }
}

/// Who removes words from the record, told to somebody who can't. A group isn't
/// pinged for it.
fn not_an_administrator(administrators: &[Party]) -> String {
    let people: Vec<String> = administrators
        .iter()
        .filter_map(|party| match party {
            Party::Person(who) => Some(format!("<@{who}>")),
            Party::Group(_) => None,
        })
        .collect();
    let whom = match (administrators, people.as_slice()) {
        ([], _) => "The policy names nobody for that yet: whoever runs Breakglass adds `administrators` to it.".to_owned(),
        (_, []) => "Ask one of them; the policy names a group.".to_owned(),
        (_, people) => format!("Ask {}.", people.join(" or ")),
    };
    format!(
        "Only an administrator can remove words from the record, so nothing was removed. {whom} If it is a secret that still works, change it first: that can't wait."
    )
}

/// What the requester can do instead of deciding for themselves.
fn own_request(act: Act) -> String {
    let verb = verb(act);
    match act {
        Act::Authorize => format!(
            "so somebody else has to {verb}. *Ask someone else*, or go ahead without: that is \
             recorded, and a second person makes it good afterwards."
        ),
        Act::Deny => "so you can't deny it. Withdraw it if it isn't needed any more.".to_owned(),
        Act::SecondAuthorize
        | Act::StandIn
        | Act::Command
        | Act::Approve
        | Act::Reject
        | Act::GoAhead
        | Act::NameCommander
        | Act::Document
        | Act::ReviewSecurity
        | Act::ReviewDatabase
        | Act::ReviewGenuineness
        | Act::RecordMeeting
        | Act::AnswerException
        | Act::Remediate
        | Act::Redact
        | Act::HandOn
        | Act::AcceptRisk => {
            format!("so somebody else has to {verb}.")
        }
    }
}

/// What would fit a field.
fn mend(field: Field) -> String {
    match field.row().kind {
        Kind::Recorded => "The bot keeps that as it happens; nobody writes it.".to_owned(),
        Kind::Words => "Write it in your own words.".to_owned(),
        Kind::Choice(choices) => format!("Choose one of: {}.", choices.join(", ")),
        Kind::Category => "Choose one of the policy's categories.".to_owned(),
        Kind::Link => {
            "Give one address that starts with https://, or say why there is none.".to_owned()
        }
        Kind::Links => "Give addresses that start with https://, one a line.".to_owned(),
        Kind::Person => "Choose a person.".to_owned(),
        Kind::Instant => "Give a date and a time.".to_owned(),
        Kind::Systems => "Choose among the policy's systems.".to_owned(),
    }
}

fn not_yours(owner: Option<&Party>) -> String {
    match owner {
        Some(owner) => format!(
            "That is {} to do, so only they, the compliance lead or the escalation contact can hand it on, and only they can put it off.",
            mention_of(owner)
        ),
        None => "Nobody in particular owes that yet, so there is nothing to put off or hand on. `/emergency status` shows what is open.".to_owned(),
    }
}

fn mention_of(party: &Party) -> String {
    match party {
        Party::Person(who) => format!("<@{who}>'s"),
        Party::Group(group) => format!("<!subteam^{group}>'s"),
    }
}

fn past_the_deadline(
    due_at: DateTime<Utc>,
    is_over: bool,
    longest: Option<Nap>,
    stays: Option<Duty>,
) -> String {
    let due = Shown(due_at);
    if is_over {
        let way_out = stays.map_or(
            "Do it now, or hand it to somebody else with *Delegate*.",
            instead_of_delegating,
        );
        return format!("It was due {due}, and what is overdue can't be put off. {way_out}");
    }
    let way_out = match (longest, stays) {
        (Some(Nap::HalfAnHour), _) => "Half an hour still fits.",
        (Some(Nap::Hour), _) => "An hour still fits.",
        (Some(Nap::TwoHours), _) => "Two hours still fit.",
        (None, Some(duty)) => instead_of_delegating(duty),
        (None, None) => "*Delegate* hands it to somebody else; *I'm away* does so for all you owe.",
    };
    format!("It is due {due}, and a reminder can't be put off past that. {way_out}")
}

fn napped_enough(due_at: Option<DateTime<Utc>>, stays: Option<Duty>) -> String {
    let due = due_at.map_or_else(String::new, |due_at| {
        format!(" It is due {}.", Shown(due_at))
    });
    let way_out = stays.map_or(
        "Do a part of it, or hand it to somebody else with *Delegate*.",
        instead_of_delegating,
    );
    format!("You put this off {NAPS_IN_A_ROW} times in a row.{due} {way_out}")
}

fn instead_of_delegating(duty: Duty) -> &'static str {
    match duty {
        Duty::AnswerRequest => "*Ask someone else* on the card asks another.",
        Duty::CommanderAuthorization => {
            "*I'm commanding* or *Name the commander* on the card says who commands."
        }
        Duty::ConfirmDeployment => {
            "Whoever asked says whether it was deployed; anybody may press *Deployed now*."
        }
        Duty::Confirmation => "Only whoever is said to have authorized it knows whether they did.",
        Duty::Remediation => {
            "A risk is accepted under one's own name; an approver may put theirs in its place."
        }
        Duty::Ticket
        | Duty::SecondAuthorization
        | Duty::Approval
        | Duty::SecurityReview
        | Duty::DatabaseApproval
        | Duty::AnswerException(_)
        | Duty::GenuinenessReview
        | Duty::MeetingReview
        | Duty::PermanentFix
        | Duty::FollowUp(_) => "`/emergency status` shows who may.",
    }
}
