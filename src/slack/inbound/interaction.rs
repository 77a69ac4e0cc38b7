//! Buttons, menus and the message shortcut.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::domain::deployment::Explanation;
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::text::{Salt, Text};
use crate::gesture::{Ask, Gesture, Heard};
use crate::slack::control::{self, Control, Memory, Modal, RECORD_SHORTCUT};
use crate::slack::lookup::Message;
use crate::slack::views::modal::Prefill;

use super::{Matter, OpenModal, Read, Unheard, grammar, instant, submission, text_at};

/// Reads an interaction.
pub(super) fn read(
    payload: &Value,
    received_at: DateTime<Utc>,
    salt: &mut dyn FnMut() -> Salt,
) -> Read {
    match text_at(payload, "/type") {
        Some("block_actions") => press(payload, received_at, salt),
        Some("view_submission") => submission::read(payload, received_at, salt),
        Some("view_closed") => Read::Ignored("a form that was closed"),
        Some("message_action") => shortcut(payload),
        Some("shortcut") => Read::Ignored("a shortcut that isn't ours"),
        Some(_) => Read::Ignored("an interaction of an unknown type"),
        None => Read::Broken("an interaction without a type"),
    }
}

/// The shortcut on a message: its form is about that message.
fn shortcut(payload: &Value) -> Read {
    if text_at(payload, "/callback_id") != Some(RECORD_SHORTCUT) {
        return Read::Ignored("a shortcut that isn't ours");
    }
    let Some(actor) = text_at(payload, "/user/id").map(UserId::new) else {
        return Read::Broken("a shortcut chosen by nobody");
    };
    let Some(trigger_id) = text_at(payload, "/trigger_id") else {
        return Read::Broken("a form without a trigger");
    };
    let Some(channel) = text_at(payload, "/channel/id").map(ChannelId::new) else {
        return Read::Broken("a shortcut on a message of no conversation");
    };
    let Some(message) = payload.get("message").and_then(Message::read) else {
        return Read::Ignored("a shortcut on what nobody said");
    };
    Read::Open(OpenModal {
        trigger_id: trigger_id.to_owned(),
        actor,
        channel: Some(channel),
        thread: message.thread.clone(),
        response_url: text_at(payload, "/response_url").map(str::to_owned),
        which: Modal::Record,
        change: None,
        prefill: Prefill::default(),
        deployed_at: None,
        message: Some(message),
        matter: Matter::Whole,
        on_top: false,
    })
}

/// What a press of a button wants.
enum Wanted {
    Asked(Ask),
    Form(Modal, Option<ChangeNumber>, Prefill),
    Part(Modal, ChangeNumber, Matter),
    Correction(ChangeNumber, DateTime<Utc>),
    /// The form of an answer to a question about a change that a source told of.
    Explanation(u64),
    /// Words that the button holds, to be read as if they were typed.
    Typed(String),
    Nothing(Unheard),
}

fn press(payload: &Value, received_at: DateTime<Utc>, salt: &mut dyn FnMut() -> Salt) -> Read {
    let Some(actor) = text_at(payload, "/user/id").map(UserId::new) else {
        return Read::Broken("a press by nobody");
    };
    let Some(action) = payload.pointer("/actions/0") else {
        return Read::Broken("a press of nothing");
    };
    let trigger_id = text_at(payload, "/trigger_id");
    let action_ts = text_at(action, "/action_ts");
    let message_ts =
        text_at(payload, "/container/message_ts").or_else(|| text_at(payload, "/message/ts"));
    let key = match (trigger_id, message_ts, action_ts) {
        (Some(trigger_id), _, _) => trigger_id.to_owned(),
        (None, Some(message_ts), Some(action_ts)) => format!("{message_ts}/{action_ts}/{actor}"),
        (None, _, _) => return Read::Broken("a press that can't be told from another"),
    };
    let channel = text_at(payload, "/channel/id")
        .or_else(|| text_at(payload, "/container/channel_id"))
        .map(ChannelId::new);
    let thread = text_at(payload, "/container/thread_ts")
        .or_else(|| text_at(payload, "/message/thread_ts"))
        .map(MessageTs::new);
    let response_url = text_at(payload, "/response_url").map(str::to_owned);
    // A button in a form is in no conversation; the form knows where it came from.
    let below = payload
        .get("view")
        .map(|view| text_at(view, "/private_metadata").unwrap_or_default())
        .and_then(Memory::from_metadata);
    let from_below = |place: fn(Memory) -> Option<String>| below.clone().and_then(place);
    let channel = channel.or_else(|| from_below(|memory| memory.channel).map(ChannelId::new));
    let thread = thread.or_else(|| from_below(|memory| memory.thread).map(MessageTs::new));
    let form = |which, change, prefill, matter, deployed_at| match trigger_id {
        Some(trigger_id) => Read::Open(OpenModal {
            trigger_id: trigger_id.to_owned(),
            actor: actor.clone(),
            channel: channel.clone(),
            thread: thread.clone(),
            response_url: response_url.clone(),
            which,
            change,
            prefill,
            deployed_at,
            message: None,
            matter,
            // The Home is a view too, but nothing can be put on top of it.
            on_top: text_at(payload, "/view/type") == Some("modal"),
        }),
        None => Read::Broken("a form without a trigger"),
    };
    let heard = |ask: Ask, texts: Vec<Text>| {
        let (at, source) = instant(action_ts, received_at);
        Read::Heard(Heard {
            gesture: Gesture {
                key: key.clone(),
                actor: actor.clone(),
                at,
                source,
                channel: channel.clone(),
                thread: thread.clone(),
                response_url: response_url.clone(),
                ask,
            },
            texts,
        })
    };
    match wanted(payload, action) {
        Wanted::Asked(ask) => heard(ask, Vec::new()),
        Wanted::Typed(words) => match grammar::as_normal(&submission::as_markup(&words)) {
            Some(normal) => {
                let (ask, texts) = super::listed(normal, salt);
                heard(ask, texts)
            }
            None => Read::Broken("a press that lists nothing"),
        },
        Wanted::Explanation(question) => form(
            Modal::ExplainNormal,
            None,
            Prefill::default(),
            Matter::Question(question),
            None,
        ),
        Wanted::Form(which, change, prefill) => form(which, change, prefill, Matter::Whole, None),
        Wanted::Part(which, change, matter) => {
            form(which, Some(change), Prefill::default(), matter, None)
        }
        Wanted::Correction(change, deployed_at) => form(
            Modal::CorrectDeployment,
            Some(change),
            Prefill::default(),
            Matter::Whole,
            Some(deployed_at),
        ),
        Wanted::Nothing(unheard) => unheard.into(),
    }
}

fn wanted(payload: &Value, action: &Value) -> Wanted {
    const NO_CHANGE: Wanted = Wanted::Nothing(Unheard::Broken("a press about no change"));
    const NO_OFFER: Wanted = Wanted::Nothing(Unheard::Broken("a press about no offer"));
    const NO_QUESTION: Wanted = Wanted::Nothing(Unheard::Broken("a press about no question"));
    let control = text_at(action, "/action_id").and_then(Control::from_action_id);
    let value = text_at(action, "/value").unwrap_or_default();
    match control {
        None => Wanted::Nothing(Unheard::Ignored("a button that isn't ours")),
        Some(Control::More) => {
            let option = text_at(action, "/selected_option/value").unwrap_or_default();
            match control::read_menu_value(option) {
                Some((control, change)) => about(control, change),
                None => NO_CHANGE,
            }
        }
        Some(Control::NameCommander) => name_commander(payload, action),
        Some(Control::Approve | Control::ApproveBut) => approve(value).unwrap_or(NO_CHANGE),
        Some(Control::Review(review)) => match control::read_approval_value(value) {
            Some((change, seen)) => {
                Wanted::Part(Modal::Review, change, Matter::Review(review, seen))
            }
            None => NO_CHANGE,
        },
        Some(Control::FinishFollowUp) => match control::read_follow_up_value(value) {
            Some((change, n)) => Wanted::Part(Modal::FinishFollowUp, change, Matter::FollowUp(n)),
            None => NO_CHANGE,
        },
        Some(Control::RecordMeeting) => {
            Wanted::Form(Modal::RecordMeeting, None, Prefill::default())
        }
        Some(Control::Declare) => {
            let prefill = Prefill {
                what: value.to_owned(),
                asked: None,
                drill: false,
            };
            Wanted::Form(Modal::Declare, None, prefill)
        }
        Some(Control::CorrectDeployment) => match control::read_time_value(value) {
            Some((change, at, _)) => Wanted::Correction(change, at),
            None => NO_CHANGE,
        },
        Some(Control::DeployedAt) => match control::read_time_value(value) {
            Some((change, at, by)) => Wanted::Asked(Ask::RecordDeployment {
                change: Some(change),
                when: None,
                at: Some(at),
                by,
            }),
            None => NO_CHANGE,
        },
        Some(Control::Same) => match control::read_same_value(value) {
            Some((change, of)) => Wanted::Asked(Ask::LinkAsDuplicate { change, of }),
            None => NO_CHANGE,
        },
        Some(Control::TakeOver(part)) => match control::read_same_value(value) {
            Some((change, from)) => Wanted::Asked(Ask::TakeOver { change, from, part }),
            None => NO_CHANGE,
        },
        // Nothing is to be recorded; the person sees that both go on.
        Some(Control::NotSame) => match control::read_same_value(value) {
            Some((change, _)) => Wanted::Asked(Ask::Status {
                change: Some(change),
            }),
            None => NO_CHANGE,
        },
        Some(Control::TakeOffer) => match control::read_offer_value(value) {
            Some(offer) => Wanted::Asked(Ask::TakeOffer { offer }),
            None => NO_OFFER,
        },
        Some(Control::DeclineOffer) => match control::read_offer_value(value) {
            Some(offer) => Wanted::Asked(Ask::DeclineOffer { offer }),
            None => NO_OFFER,
        },
        Some(Control::Explain(answer)) => match control::read_question_value(value) {
            // What shows it is asked for in a form.
            Some(question) if answer == Explanation::Normal => Wanted::Explanation(question),
            Some(question) => Wanted::Asked(Ask::Explain {
                question,
                answer,
                proof: None,
                second: None,
            }),
            None => NO_QUESTION,
        },
        Some(Control::Vouch(is_given)) => match control::read_question_value(value) {
            Some(question) => Wanted::Asked(Ask::Vouch { question, is_given }),
            None => NO_QUESTION,
        },
        Some(Control::ListNormal) => Wanted::Typed(value.to_owned()),
        // A time that has come says that one is back.
        Some(Control::Back) => Wanted::Asked(Ask::SayAway {
            until: DateTime::UNIX_EPOCH,
        }),
        Some(control) => match control::read_value(value) {
            Some(change) => about(control, change),
            None => NO_CHANGE,
        },
    }
}

/// An approval, at once or after a question.
fn approve(value: &str) -> Option<Wanted> {
    if let Some((change, seen)) = control::read_asking_value(value) {
        return Some(Wanted::Part(Modal::Approve, change, Matter::Content(seen)));
    }
    let (change, seen) = control::read_approval_value(value)?;
    Some(Wanted::Asked(Ask::Approve {
        change,
        seen,
        genuine: None,
        conditions: None,
    }))
}

/// What a control means whose value names nothing but a change.
fn about(control: Control, change: ChangeNumber) -> Wanted {
    let form = |modal| Wanted::Form(modal, Some(change), Prefill::default());
    match control {
        Control::Authorize => Wanted::Asked(Ask::Authorize { change }),
        Control::Deny => Wanted::Asked(Ask::Deny { change }),
        Control::Status => Wanted::Asked(Ask::Status {
            change: Some(change),
        }),
        Control::TakeCommand => Wanted::Asked(Ask::TakeCommand { change }),
        Control::GoAhead => Wanted::Asked(Ask::GoAhead { change }),
        Control::Deployed => Wanted::Asked(Ask::RecordDeployment {
            change: Some(change),
            when: None,
            at: None,
            by: None,
        }),
        Control::NeverDeployed => Wanted::Asked(Ask::Lapse { change }),
        Control::Withdraw => Wanted::Asked(Ask::Withdraw { change }),
        Control::Criterion(criterion) => Wanted::Asked(Ask::StateCriterion { change, criterion }),
        Control::Document => form(Modal::Document),
        Control::MoreFields => form(Modal::MoreFields),
        Control::ReviewGenuineness => form(Modal::ReviewGenuineness),
        Control::PermanentFix => form(Modal::PermanentFix),
        Control::Snooze(nap, duty) => Wanted::Asked(Ask::Snooze { change, duty, nap }),
        Control::Delegate(duty) => Wanted::Part(Modal::Delegate, change, Matter::Duty(duty)),
        Control::Away => form(Modal::Away),
        Control::AddFollowUp => form(Modal::AddFollowUp),
        Control::Reject => form(Modal::Reject),
        Control::Remediate => form(Modal::Remediate),
        Control::AnswerExceptions => form(Modal::AnswerExceptions),
        Control::AskSomeoneElse => form(Modal::AskSomeoneElse),
        Control::StandIn => Wanted::Asked(Ask::StandIn { change }),
        Control::ConfirmAttestation => Wanted::Asked(Ask::ConfirmAttestation { change }),
        Control::DisputeAttestation => Wanted::Asked(Ask::DisputeAttestation { change }),
        Control::Attest => form(Modal::Attest),
        Control::StateReason => form(Modal::StateReason),
        // A menu names no time: the form takes the first deployment there is.
        Control::CorrectDeployment => form(Modal::CorrectDeployment),
        Control::DeployedAt
        | Control::Same
        | Control::TakeOver(_)
        | Control::NotSame
        | Control::TakeOffer
        | Control::DeclineOffer
        | Control::Approve
        | Control::ApproveBut
        | Control::Review(_)
        | Control::FinishFollowUp
        | Control::Back
        | Control::NameCommander
        | Control::Declare
        | Control::RecordMeeting
        | Control::Explain(_)
        | Control::Vouch(_)
        | Control::ListNormal
        | Control::More => Wanted::Nothing(Unheard::Broken("a press that says too little")),
    }
}

/// The choice of a commander. Its block names the change; whom was chosen stands
/// in the action, and in the state of the message.
fn name_commander(payload: &Value, action: &Value) -> Wanted {
    let block_id = text_at(action, "/block_id").unwrap_or_default();
    let Some((Control::NameCommander, change)) = control::read_select_block(block_id) else {
        return Wanted::Nothing(Unheard::Broken("a choice about no change"));
    };
    let in_state = || {
        payload
            .pointer("/state/values")?
            .get(block_id)?
            .get(Control::NameCommander.action_id())?
            .get("selected_user")?
            .as_str()
    };
    match text_at(action, "/selected_user").or_else(in_state) {
        Some(commander) => Wanted::Asked(Ask::NameCommander {
            change,
            commander: UserId::new(commander),
        }),
        None => Wanted::Nothing(Unheard::Ignored("nobody was chosen")),
    }
}
