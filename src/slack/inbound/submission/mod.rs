//! Submitted modals: what was put in, and what is wrong with it.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::domain::change::{Criterion, Exception, LONGEST_TEXT, NotGenuine, Source, Verdict};
use crate::domain::deployment::Explanation;
use crate::domain::id::{ChangeNumber, ChannelId, GroupId, MessageTs, UserId};
use crate::domain::obligation::Duty;
use crate::domain::policy::Party;
use crate::domain::text::{Commitment, Salt, Text};
use crate::domain::ticket::is_address;
use crate::gesture::{Ask, Gesture, Heard, Mention, Pointed};
use crate::slack::control::{self, Input, Memory, Modal};

mod decide;
mod ticket;

use super::{Faults, Read, Unheard, grammar, text_at};

/// How far ahead somebody may say that they are back; beyond it the year was mistyped.
const LONGEST_ABSENCE: TimeDelta = TimeDelta::days(366);

/// What was put into a modal.
struct Filled<'a>(Option<&'a Value>);

impl<'a> Filled<'a> {
    fn element(&self, input: Input) -> Option<&'a Value> {
        self.0?
            .get(input.block_id().as_ref())?
            .get(Input::ACTION_ID)
    }

    fn text(&self, input: Input) -> &'a str {
        self.element(input)
            .and_then(|element| text_at(element, "/value"))
            .unwrap_or_default()
    }

    fn person(&self, input: Input) -> Option<UserId> {
        text_at(self.element(input)?, "/selected_user").map(UserId::new)
    }

    fn option(&self, input: Input) -> Option<&'a str> {
        text_at(self.element(input)?, "/selected_option/value")
    }

    /// The instant that was picked; Slack says it in seconds since 1970.
    fn instant(&self, input: Input) -> Option<DateTime<Utc>> {
        let picked = self.element(input)?.get("selected_date_time")?.as_i64()?;
        DateTime::from_timestamp(picked, 0)
    }

    fn options(&self, input: Input) -> impl Iterator<Item = &'a str> {
        self.element(input)
            .and_then(|element| element.get("selected_options"))
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|option| text_at(option, "/value"))
    }
}

/// What a submitted modal asks.
type Submitted = Result<(Ask, Vec<Text>), Unheard>;

/// Reads a submitted modal.
pub(super) fn read(
    payload: &Value,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Read {
    let Some(actor) = text_at(payload, "/user/id").map(UserId::new) else {
        return Read::Broken("a form sent by nobody");
    };
    let key = match (
        text_at(payload, "/trigger_id"),
        text_at(payload, "/view/id"),
        text_at(payload, "/view/hash"),
    ) {
        (Some(trigger_id), _, _) => trigger_id.to_owned(),
        (None, Some(id), Some(hash)) => format!("{id}/{hash}/{actor}"),
        (None, _, _) => return Read::Broken("a form that can't be told from another"),
    };
    let Some(modal) = text_at(payload, "/view/callback_id").and_then(Modal::from_callback_id)
    else {
        return Read::Ignored("a form that isn't ours");
    };
    let metadata = text_at(payload, "/view/private_metadata").unwrap_or_default();
    let Some(memory) = Memory::from_metadata(metadata) else {
        return Read::Broken("a form that remembers nothing");
    };
    let filled = Filled(payload.pointer("/view/state/values"));
    let change = memory.change.map(ChangeNumber);
    let submitted = match (modal, change) {
        (Modal::Declare, _) => declare(&filled, &memory, &actor, salt),
        (Modal::RecordMeeting, _) => record_meeting(&filled, received_at, salt),
        (Modal::ExplainNormal, _) => explain_normal(&filled, &memory, &actor, salt),
        (Modal::Record, _) => record(&filled, &memory, &actor, salt),
        (Modal::Document | Modal::MoreFields, Some(change)) => {
            ticket::document(&filled, &memory, change, received_at, salt)
        }
        (Modal::Approve, Some(change)) => decide::approve(&filled, &memory, change, salt),
        (Modal::Reject, Some(change)) => {
            decide::reject(&filled, &memory, change, received_at, salt)
        }
        (Modal::Review, Some(change)) => decide::review(&filled, &memory, change, salt),
        (Modal::ReviewGenuineness, Some(change)) => {
            decide::review_genuineness(&filled, change, salt)
        }
        (Modal::PermanentFix, Some(change)) => {
            let input = (Input::How, "Say how it was fixed.");
            sentence(&filled, input, salt, |how| Ask::RecordPermanentFix {
                change,
                how,
            })
        }
        (Modal::Delegate, Some(change)) => delegate(&filled, &memory, change),
        (Modal::Away, _) => away(&filled, received_at),
        (Modal::AddFollowUp, Some(change)) => follow_up(&filled, change, received_at, salt),
        (Modal::FinishFollowUp, Some(change)) => followed_up(&filled, &memory, change, salt),
        (Modal::Remediate, Some(change)) => {
            let input = (Input::How, "Say how it was put right.");
            sentence(&filled, input, salt, |how| Ask::Remediate { change, how })
        }
        (Modal::AnswerExceptions, Some(change)) => answer_exceptions(&filled, change, salt),
        (Modal::AskSomeoneElse, Some(change)) => ask_someone_else(&filled, change),
        (Modal::Attest, Some(change)) => attest(&filled, change, &actor, salt),
        (Modal::CorrectDeployment, Some(change)) => correct(&filled, &memory, change, salt),
        (Modal::Redact, Some(change)) => redact(&filled, change, salt),
        (Modal::StateReason, Some(change)) => state_reason(&filled, change, salt),
        (
            Modal::Document
            | Modal::MoreFields
            | Modal::Approve
            | Modal::Review
            | Modal::ReviewGenuineness
            | Modal::PermanentFix
            | Modal::Delegate
            | Modal::AddFollowUp
            | Modal::FinishFollowUp
            | Modal::Reject
            | Modal::Remediate
            | Modal::AnswerExceptions
            | Modal::AskSomeoneElse
            | Modal::Attest
            | Modal::CorrectDeployment
            | Modal::StateReason
            | Modal::Redact,
            _,
        ) => Err(Unheard::Broken("a form about no change")),
    };
    match submitted {
        Err(unheard) => unheard.into(),
        Ok((ask, texts)) => Read::Heard(Heard {
            gesture: Gesture {
                key,
                actor,
                at: received_at,
                source: Source::Receipt,
                channel: memory.channel.map(ChannelId::new),
                thread: memory.thread.map(MessageTs::new),
                response_url: None,
                ask,
            },
            texts,
        }),
    }
}

/// What is wrong with a text, if anything is.
fn fault(words: &str, blank: &'static str) -> Option<&'static str> {
    if words.trim().is_empty() {
        Some(blank)
    } else if words.chars().count() > LONGEST_TEXT {
        Some(TOO_LONG)
    } else {
        None
    }
}

const TOO_LONG: &str = "Up to 3,000 characters fit. Shorten it, or put the rest in a link.";

const NOT_YOURSELF: &str = "Somebody else has to authorize your change. Choose another person.";

fn declare(
    filled: &Filled<'_>,
    memory: &Memory,
    actor: &UserId,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let typed = filled.text(Input::What);
    let chosen = filled.person(Input::Whom);
    let mut faults = Faults::default();
    if let Some(fault) = fault(typed, "Say what you have to change.") {
        faults.find(Input::What, fault);
    }
    if chosen.as_ref() == Some(actor) {
        faults.find(Input::Whom, NOT_YOURSELF);
    }
    faults.find_in_time(filled.text(Input::When));
    faults.settle()?;
    let groups = filled.options(Input::Groups).map(GroupId::new);
    let mut asked: Vec<Mention> = chosen
        .map(Mention::User)
        .into_iter()
        .chain(groups.map(Mention::Group))
        .collect();
    let mut what = typed.trim().to_owned();
    let mut when = filled.text(Input::When).to_owned();
    if asked.is_empty() {
        // Out of habit people write `@morgan` at the end here too.
        let request = grammar::as_request(&as_markup(&what));
        if !request.what.trim().is_empty() {
            what = request.what;
            asked = request.asked;
            if when.trim().is_empty() {
                when = request.deployed.unwrap_or_default();
            }
        }
    }
    let what = Text::new(what, salt());
    let verbatim = Text::new(typed, salt());
    let deployed = unless_blank(&when, salt);
    let ask = Ask::Request {
        what: what.commitment(),
        verbatim: verbatim.commitment(),
        asked,
        criterion: filled
            .option(Input::Criterion)
            .and_then(Criterion::from_name),
        said: None,
        deployed: deployed.as_ref().map(Text::commitment),
        drill: memory.drill,
    };
    let texts = [what, verbatim].into_iter().chain(deployed).collect();
    Ok((ask, texts))
}

/// A form hands over what was typed, not Slack's markup.
pub(super) fn as_markup(typed: &str) -> String {
    typed
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What was said in messages, as the person put it together.
fn record(
    filled: &Filled<'_>,
    memory: &Memory,
    actor: &UserId,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let message = |input| {
        filled
            .option(input)
            .filter(|chosen| *chosen != control::NO_MESSAGE)
            .map(MessageTs::new)
            .filter(|ts| ts.at().is_some())
    };
    let (request, answer) = (message(Input::Request), message(Input::Answer));
    let what = filled.text(Input::What);
    let requester = filled.person(Input::Requester);
    let mut faults = Faults::default();
    if request.is_none() && answer.is_none() {
        faults.find(
            Input::Request,
            "Choose the message that asks or the one that answers. Where neither was written, `/emergency` begins a record.",
        );
    }
    if request.is_some() && request == answer {
        faults.find(
            Input::Answer,
            "That is the message that asks. Choose the one that answers it, or none.",
        );
    }
    let answered_by = answer.as_ref().and_then(|answer| memory.author(answer));
    if let Some(request) = &request {
        let asked_by = memory.author(request);
        if answer.as_ref() != Some(request) && asked_by.is_some() && asked_by == answered_by {
            faults.find(
                Input::Answer,
                "Whoever asked can't answer: somebody else has to authorize. Choose another message, or none.",
            );
        }
    } else {
        if let Some(fault) = fault(what, "No message asks, so say what was changed.") {
            faults.find(Input::What, fault);
        }
        let asked_by = requester.clone().unwrap_or_else(|| actor.clone());
        if answered_by == Some(asked_by) {
            faults.find(
                Input::Requester,
                "Whoever asked can't answer: somebody else has to authorize. Choose who asked.",
            );
        }
    }
    if what.chars().count() > LONGEST_TEXT {
        faults.find(Input::What, TOO_LONG);
    }
    faults.find_in_time(filled.text(Input::When));
    faults.settle()?;
    let what = unless_blank(what.trim(), salt);
    let deployed = unless_blank(filled.text(Input::When), salt);
    let unread = memory.pointed_at.as_ref().and_then(|(ts, words)| {
        let ts = MessageTs::new(ts);
        let by = memory.author(&ts)?;
        let is_chosen = [&request, &answer].contains(&&Some(ts.clone()));
        is_chosen.then(|| (ts, by, Text::new(words.clone(), salt())))
    });
    let ask = Ask::Capture {
        shown: unread.as_ref().map(|(ts, by, text)| Pointed {
            ts: ts.clone(),
            by: by.clone(),
            text: text.commitment(),
        }),
        what: what.as_ref().map(Text::commitment),
        request,
        requester,
        answer,
        verdict: filled
            .option(Input::Verdict)
            .and_then(Verdict::from_name)
            .unwrap_or(Verdict::Grant),
        criterion: filled
            .option(Input::Criterion)
            .and_then(Criterion::from_name),
        deployed: deployed.as_ref().map(Text::commitment),
    };
    let unread = unread.map(|(_, _, text)| text);
    Ok((
        ask,
        what.into_iter().chain(deployed).chain(unread).collect(),
    ))
}

fn attest(
    filled: &Filled<'_>,
    change: ChangeNumber,
    actor: &UserId,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let account = filled.text(Input::Account);
    let mut faults = Faults::default();
    faults.find_in_time(filled.text(Input::When));
    if account.chars().count() > LONGEST_TEXT {
        faults.find(Input::Account, TOO_LONG);
    }
    let Some(who) = filled.person(Input::Whom) else {
        faults.find(Input::Whom, "Choose who agreed to it.");
        return Err(faults.answer());
    };
    if who == *actor {
        faults.find(
            Input::Whom,
            "Your own word needs no witness: press Authorize on the card instead.",
        );
    }
    faults.settle()?;
    let when = unless_blank(filled.text(Input::When), salt);
    let account = unless_blank(account, salt);
    let ask = Ask::Attest {
        change,
        who,
        when: when.as_ref().map(Text::commitment),
        account: account.as_ref().map(Text::commitment),
    };
    Ok((ask, when.into_iter().chain(account).collect()))
}

fn correct(
    filled: &Filled<'_>,
    memory: &Memory,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let Some(from) = memory.deployed_at.and_then(DateTime::from_timestamp_micros) else {
        return Err(Unheard::Broken("a correction of no deployment"));
    };
    let (when, reason) = (filled.text(Input::When), filled.text(Input::Reason));
    let mut faults = Faults::default();
    if when.trim().is_empty() {
        faults.find(Input::When, "Say when it was deployed.");
    }
    faults.find_in_time(when);
    if let Some(fault) = fault(reason, "Say how you know; a few words are enough.") {
        faults.find(Input::Reason, fault);
    }
    faults.settle()?;
    let when = Text::new(when, salt());
    let reason = Text::new(reason, salt());
    let ask = Ask::CorrectDeployment {
        change,
        from,
        when: when.commitment(),
        reason: reason.commitment(),
    };
    Ok((ask, vec![when, reason]))
}

fn state_reason(
    filled: &Filled<'_>,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let account = filled.text(Input::Account);
    let stated = filled.option(Input::Stated).and_then(NotGenuine::from_name);
    let mut faults = Faults::default();
    if account.chars().count() > LONGEST_TEXT {
        faults.find(Input::Account, TOO_LONG);
    }
    if stated == Some(NotGenuine::Other) && account.trim().is_empty() {
        faults.find(Input::Account, "Say which other reason it was.");
    }
    let Some(reason) = stated else {
        faults.find(Input::Stated, "Choose what comes nearest.");
        return Err(faults.answer());
    };
    faults.settle()?;
    let text = unless_blank(account, salt);
    let ask = Ask::StateReason {
        change,
        reason,
        text: text.as_ref().map(Text::commitment),
    };
    Ok((ask, text.into_iter().collect()))
}

/// A team meeting that reviewed changes.
fn record_meeting(
    filled: &Filled<'_>,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let changes: BTreeSet<ChangeNumber> = filled
        .options(Input::Reviewed)
        .filter_map(control::read_value)
        .collect();
    let (minutes, improvements) = (
        filled.text(Input::Minutes),
        filled.text(Input::Improvements),
    );
    let mut faults = Faults::default();
    if changes.is_empty() {
        faults.find(Input::Reviewed, "Choose what was reviewed.");
    }
    for (input, words) in [
        (Input::Minutes, minutes),
        (Input::Improvements, improvements),
    ] {
        if words.chars().count() > LONGEST_TEXT {
            faults.find(input, TOO_LONG);
        }
    }
    let Some(held_at) = filled.instant(Input::HeldAt) else {
        faults.find(Input::HeldAt, "Say when it was held.");
        return Err(faults.answer());
    };
    if held_at > received_at {
        faults.find(
            Input::HeldAt,
            "That is still to come. Mark them once they are reviewed.",
        );
    }
    faults.settle()?;
    let minutes = unless_blank(minutes, salt);
    let improvements = unless_blank(improvements, salt);
    let ask = Ask::RecordMeeting {
        changes: changes.into_iter().collect(),
        held_at,
        minutes: minutes.as_ref().map(Text::commitment),
        improvements: improvements.as_ref().map(Text::commitment),
    };
    Ok((ask, minutes.into_iter().chain(improvements).collect()))
}

fn unless_blank(words: &str, salt: &mut dyn FnMut() -> Salt) -> Option<Text> {
    (!words.trim().is_empty()).then(|| Text::new(words, salt()))
}

/// What shows that a change was a normal one: a link or a person.
fn explain_normal(
    filled: &Filled<'_>,
    memory: &Memory,
    actor: &UserId,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let Some(question) = memory.question else {
        return Err(Unheard::Broken("a form about no question"));
    };
    let link = filled.text(Input::Proof).trim();
    let second = filled.person(Input::Whom);
    let mut faults = Faults::default();
    if link.is_empty() && second.is_none() {
        faults.find(
            Input::Proof,
            "Give the link of its review, or choose who can confirm it below.",
        );
    } else if !link.is_empty() && !is_address(link) {
        faults.find(
            Input::Proof,
            "That is no link. Copy the whole address, with https:// in front.",
        );
    }
    if link.chars().count() > LONGEST_TEXT {
        faults.find(Input::Proof, TOO_LONG);
    }
    if second.as_ref() == Some(actor) {
        faults.find(
            Input::Whom,
            "Your own word is there already. Choose somebody else.",
        );
    }
    faults.settle()?;
    let proof = unless_blank(link, salt);
    let ask = Ask::Explain {
        question,
        answer: Explanation::Normal,
        // The link shows it: nobody else's word is needed.
        second: second.filter(|_| proof.is_none()),
        proof: proof.as_ref().map(Text::commitment),
    };
    Ok((ask, proof.into_iter().collect()))
}

/// Something that is to be done after the change.
fn follow_up(
    filled: &Filled<'_>,
    change: ChangeNumber,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let what = filled.text(Input::What);
    let mut faults = Faults::default();
    if let Some(fault) = fault(what, "Say what is to be done.") {
        faults.find(Input::What, fault);
    }
    let due_at = filled.instant(Input::DueAt);
    find_in_plan(&mut faults, due_at, received_at);
    let owner = filled.person(Input::Owner);
    let (Some(owner), Some(due_at)) = (owner, due_at) else {
        faults.find(Input::Owner, "Choose who does it, and by when.");
        return Err(faults.answer());
    };
    faults.settle()?;
    let what = Text::new(what, salt());
    let ask = Ask::AddFollowUp {
        change,
        what: what.commitment(),
        owner,
        due_at,
    };
    Ok((ask, vec![what]))
}

/// To whom something passes.
fn delegate(filled: &Filled<'_>, memory: &Memory, change: ChangeNumber) -> Submitted {
    let Some(duty) = memory.duty.as_deref().and_then(Duty::from_name) else {
        return Err(Unheard::Broken("a form about nothing that is owed"));
    };
    let Some(to) = filled.person(Input::Owner) else {
        let mut faults = Faults::default();
        faults.find(Input::Owner, "Choose who does it instead.");
        return Err(faults.answer());
    };
    Ok((Ask::Delegate { change, duty, to }, Vec::new()))
}

/// Until when somebody is away.
fn away(filled: &Filled<'_>, received_at: DateTime<Utc>) -> Submitted {
    let mut faults = Faults::default();
    let until = filled.instant(Input::DueAt);
    match until {
        None => faults.find(Input::DueAt, "Choose when you are back."),
        Some(at) if at <= received_at => {
            faults.find(Input::DueAt, "That is past. Choose a time ahead.");
        }
        Some(at) if at > received_at + LONGEST_ABSENCE => {
            faults.find(
                Input::DueAt,
                "That is more than a year ahead. Choose an earlier time.",
            );
        }
        Some(_) => {}
    }
    faults.settle()?;
    let until = until.unwrap_or(received_at);
    Ok((Ask::SayAway { until }, Vec::new()))
}

/// Finds what is wrong with a time by which something is to be done.
fn find_in_plan(faults: &mut Faults, due_at: Option<DateTime<Utc>>, received_at: DateTime<Utc>) {
    match due_at {
        None => faults.find(Input::DueAt, "Choose by when."),
        Some(at) if at <= received_at => {
            faults.find(Input::DueAt, "That is past. Choose a time ahead.");
        }
        Some(_) => {}
    }
}

/// How a follow-up was done.
fn followed_up(
    filled: &Filled<'_>,
    memory: &Memory,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let Some(n) = memory.follow_up else {
        return Err(Unheard::Broken("a form about no follow-up"));
    };
    let how = filled.text(Input::How);
    let mut faults = Faults::default();
    if how.chars().count() > LONGEST_TEXT {
        faults.find(Input::How, TOO_LONG);
    }
    faults.settle()?;
    let how = unless_blank(how, salt);
    let ask = Ask::FinishFollowUp {
        change,
        n,
        how: how.as_ref().map(Text::commitment),
    };
    Ok((ask, how.into_iter().collect()))
}

/// A form of one text.
fn sentence(
    filled: &Filled<'_>,
    (input, blank): (Input, &'static str),
    salt: &mut dyn FnMut() -> Salt,
    ask: impl FnOnce(Commitment) -> Ask,
) -> Submitted {
    let words = filled.text(input);
    let mut faults = Faults::default();
    if let Some(fault) = fault(words, blank) {
        faults.find(input, fault);
    }
    faults.settle()?;
    let text = Text::new(words, salt());
    Ok((ask(text.commitment()), vec![text]))
}

fn answer_exceptions(
    filled: &Filled<'_>,
    change: ChangeNumber,
    salt: &mut dyn FnMut() -> Salt,
) -> Submitted {
    let exceptions: BTreeSet<Exception> = filled
        .options(Input::Exceptions)
        .filter_map(Exception::from_name)
        .collect();
    let cause = filled.text(Input::Cause);
    let remedy = filled.text(Input::Remedy);
    let owner = filled.person(Input::Owner);
    let mut faults = Faults::default();
    if exceptions.is_empty() {
        faults.find(Input::Exceptions, "Tick what you answer.");
    }
    if let Some(fault) = fault(cause, "Say how it came to that.") {
        faults.find(Input::Cause, fault);
    }
    if let Some(fault) = fault(remedy, "Say what is done about it.") {
        faults.find(Input::Remedy, fault);
    }
    let Some(owner) = owner else {
        faults.find(Input::Owner, "Choose who does it.");
        return Err(faults.answer());
    };
    faults.settle()?;
    let cause = Text::new(cause, salt());
    let remedy = Text::new(remedy, salt());
    let ask = Ask::AnswerExceptions {
        change,
        exceptions: exceptions.into_iter().collect(),
        cause: cause.commitment(),
        remedy: remedy.commitment(),
        owner,
    };
    Ok((ask, vec![cause, remedy]))
}

fn redact(filled: &Filled<'_>, change: ChangeNumber, salt: &mut dyn FnMut() -> Salt) -> Submitted {
    let texts: Vec<Commitment> = filled
        .options(Input::Texts)
        .filter_map(|name| {
            let mut hash = [0; 32];
            hex::decode_to_slice(name, &mut hash).ok()?;
            Some(Commitment(hash))
        })
        .collect();
    let reason = filled.text(Input::Reason);
    let mut faults = Faults::default();
    if texts.is_empty() {
        faults.find(Input::Texts, "Choose what has to go.");
    }
    if let Some(fault) = fault(reason, "Say why; a few words are enough.") {
        faults.find(Input::Reason, fault);
    }
    faults.settle()?;
    let reason = Text::new(reason, salt());
    let ask = Ask::Redact {
        change,
        texts,
        reason: Some(reason.commitment()),
    };
    Ok((ask, vec![reason]))
}

fn ask_someone_else(filled: &Filled<'_>, change: ChangeNumber) -> Submitted {
    let chosen = filled.person(Input::Whom);
    let groups = filled.options(Input::Groups).map(GroupId::new);
    let asked: Vec<Party> = chosen
        .map(Party::Person)
        .into_iter()
        .chain(groups.map(Party::Group))
        .collect();
    let mut faults = Faults::default();
    if asked.is_empty() {
        faults.find(Input::Whom, "Choose whom to ask.");
    }
    faults.settle()?;
    Ok((Ask::AskSomeoneElse { change, asked }, Vec::new()))
}
