//! What was overheard: words and emoji that nobody addressed to the bot.
//!
//! They belong to an open request if they plainly answer it; in an incident
//! channel they may be offered to be recorded; everything else is let go, and
//! its words with it.

use chrono::TimeDelta;

use super::capture::{Answer, BACK};
use super::{Resolved, Scene, Unresolved};
use crate::domain::authorization::Standing;
use crate::domain::change::{Command, EmergencyChange, Given, Submission, Verdict};
use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::domain::offer::Quoted;
use crate::domain::policy::Party;
use crate::domain::text::{Commitment, Text};
use crate::gesture::{Ask, Mention};
use crate::slack::inbound::overhear::{self, Line};
use crate::slack::lookup::Message;
use crate::store::{Execution, NewOffer, Person, Snapshot, Target};

/// How long the next words of somebody who was asked count as their answer.
const ANSWERED_WITHIN: TimeDelta = TimeDelta::minutes(30);

/// How many open requests of a channel are looked at.
const OPEN: usize = 20;

/// Words that read like an answer.
pub(super) struct Words<'a> {
    pub(super) channel: &'a ChannelId,
    pub(super) ts: &'a MessageTs,
    pub(super) text: Commitment,
    pub(super) verdict: Verdict,
}

/// Finds what overheard words answer.
pub(super) async fn words(scene: &Scene<'_>, words: &Words<'_>) -> Result<Resolved, Unresolved> {
    let store = scene.engine.store();
    let known = store
        .captured(words.channel.clone(), words.ts.clone())
        .await?;
    if known.is_some() {
        return Ok(Resolved::LetGo);
    }
    let open = store.asking_in(words.channel.clone(), OPEN).await?;
    if let Some(change) = under_a_card(scene, words.channel).await? {
        return belongs(scene, words, change).await;
    }
    let mut asked = Vec::new();
    for one in &open {
        if is_next_word(scene, &one.change)
            && is_asked(scene, &one.change, &scene.gesture.actor).await?
        {
            asked.push(&one.change);
        }
    }
    match asked.as_slice() {
        [] => {}
        [change] if is_direct(scene, words, change).await? => {
            return belongs(scene, words, change.number).await;
        }
        // Nobody in particular was asked: whoever talked to others needn't hear.
        [change] if change.asked.is_empty() => return Ok(Resolved::LetGo),
        [change] => return Err(Unresolved::WhichQuestion(change.number)),
        _ => {
            let mut numbers: Vec<_> = asked.iter().map(|change| change.number).collect();
            numbers.sort();
            return Err(Unresolved::WhichRequest(numbers));
        }
    }
    if incident(scene, words.channel).await? {
        question_of(scene, words, &open).await
    } else {
        Ok(Resolved::LetGo)
    }
}

/// The change in whose thread something was said: under its card, or under the
/// message that asked for it.
pub(super) async fn under_a_card(
    scene: &Scene<'_>,
    channel: &ChannelId,
) -> Result<Option<ChangeNumber>, Unresolved> {
    let Some(thread) = &scene.gesture.thread else {
        return Ok(None);
    };
    let store = scene.engine.store();
    if let Some(change) = store.card_at(channel.clone(), thread.clone()).await? {
        return Ok(Some(change));
    }
    asked_for_in(scene, channel, thread).await
}

/// The change that a message asked for.
async fn asked_for_in(
    scene: &Scene<'_>,
    channel: &ChannelId,
    ts: &MessageTs,
) -> Result<Option<ChangeNumber>, Unresolved> {
    let store = scene.engine.store();
    let Some(number) = store.captured(channel.clone(), ts.clone()).await? else {
        return Ok(None);
    };
    let snapshot = store.change(number).await?;
    let is_request = snapshot
        .and_then(|snapshot| snapshot.change.said)
        .is_some_and(|said| said.is(channel, ts));
    Ok(is_request.then_some(number))
}

/// Whether words said now and here can be the next words after a request: soon
/// after it, and in no thread but its own.
fn is_next_word(scene: &Scene<'_>, change: &EmergencyChange) -> bool {
    let since = scene.gesture.at - change.asked_at;
    let is_soon = since >= TimeDelta::zero() && since <= ANSWERED_WITHIN;
    let thread = &scene.gesture.thread;
    is_soon && (thread.is_none() || *thread == change.place.thread)
}

/// Whether words are said to a request, and not to what came in between: `yes`
/// answers whatever was asked last.
async fn is_direct(
    scene: &Scene<'_>,
    words: &Words<'_>,
    change: &EmergencyChange,
) -> Result<bool, Unresolved> {
    if overhear::stands_alone(scene.words(words.text).await?.body()) {
        return Ok(true);
    }
    let thread = scene.gesture.thread.as_ref();
    let read = scene
        .lookup
        .messages_before(words.channel, thread, words.ts, BACK)
        .await;
    let read = match read {
        Ok(read) => read,
        Err(error) if error.is_transient() => return Err(error.into()),
        Err(error) => {
            tracing::warn!(error = %error, "what came between a request and its answer can't be read");
            return Ok(false);
        }
    };
    let asked_in = change.said.as_ref().map(|said| &said.ts);
    let came_between = |line: &Message| {
        let is_since = line.ts.at().is_some_and(|at| at >= change.asked_at);
        let is_others = line.by.as_ref() != Some(&scene.gesture.actor);
        is_since && is_others && !line.bot && line.ts < *words.ts && Some(&line.ts) != asked_in
    };
    let to_nobody = change.asked.is_empty();
    Ok(!read
        .iter()
        .filter(|line| came_between(line))
        .any(|line| to_nobody || line.text.contains('?')))
}

/// Whether a change waits for somebody's answer: they or a group of theirs are
/// asked, or nobody in particular is, because no policy is written.
async fn is_asked(
    scene: &Scene<'_>,
    change: &EmergencyChange,
    who: &UserId,
) -> Result<bool, Unresolved> {
    if change.requester == *who {
        return Ok(false);
    }
    if change.asked.is_empty() {
        return Ok(true);
    }
    scene.is_among(who, &change.asked).await
}

/// Hands the words to a change as the answer of whoever said them.
async fn belongs(
    scene: &Scene<'_>,
    words: &Words<'_>,
    number: ChangeNumber,
) -> Result<Resolved, Unresolved> {
    let change = scene.engine.store().change(number).await?;
    // Who cheers their own request on has answered nothing.
    if change.is_some_and(|one| one.change.requester == scene.gesture.actor) {
        return Ok(Resolved::LetGo);
    }
    let thread = scene.gesture.thread.as_ref();
    let given = Given::Message {
        text: scene.words(words.text).await?,
        message: scene.reference(words.channel, words.ts, thread).await?,
        read_so: None,
    };
    answer(scene, number, words.verdict, given).await
}

/// The answer of whoever made the gesture, to a change that there is.
async fn answer(
    scene: &Scene<'_>,
    number: ChangeNumber,
    verdict: Verdict,
    given: Given,
) -> Result<Resolved, Unresolved> {
    let mut met = Vec::new();
    let answer = Answer {
        by: scene.gesture.actor.clone(),
        at: scene.gesture.at,
        verdict,
        given,
    };
    let submission = scene.answered(answer, &mut met).await?;
    scene.meet([], &mut met).await?;
    Ok(Resolved::Command(Box::new(Execution {
        target: Target::Change(number),
        submissions: vec![submission],
        texts: Vec::new(),
        gesture: Some(scene.gesture.clone()),
        met,
        asks_back: None,
        afterwards: None,
    })))
}

/// The answer to a request that was made in a message, where it was heard before
/// its request: Slack promises no order. Those who are asked may have said so in
/// the messages after it.
pub(super) async fn said_already(
    scene: &Scene<'_>,
    asked: &[Party],
    met: &mut Vec<Person>,
) -> Result<Option<(Submission, Text)>, Unresolved> {
    let gesture = scene.gesture;
    let (Some(channel), Ask::Request { said: Some(ts), .. }) = (&gesture.channel, &gesture.ask)
    else {
        return Ok(None);
    };
    let store = scene.engine.store();
    // Where others wait, too, it can't be told which of them is answered.
    if store.captured(channel.clone(), ts.clone()).await?.is_some()
        || !store.asking_in(channel.clone(), OPEN).await?.is_empty()
    {
        return Ok(None);
    }
    let thread = gesture.thread.as_ref();
    let read = scene
        .lookup
        .messages_around(channel, thread, ts, BACK)
        .await;
    let read = match read {
        Ok(read) => read,
        // The request itself must not wait for it; its card stands open.
        Err(error) => {
            tracing::warn!(error = %error, "the words after a request can't be read");
            return Ok(None);
        }
    };
    let is_soon = |message: &&Message| {
        let at = message.ts.at();
        message.ts > *ts && at.is_some_and(|at| at - gesture.at <= ANSWERED_WITHIN)
    };
    let first_hand = |message: &&Message| !message.bot && !message.edited;
    for message in read.iter().filter(is_soon).filter(first_hand) {
        let Some(by) = message.by.as_ref().filter(|by| **by != gesture.actor) else {
            continue;
        };
        // Another request begins here: what follows may be said to that.
        if overhear::asks(&message.text).is_some() {
            return Ok(None);
        }
        let Some(verdict) = overhear::answers(&message.text) else {
            continue;
        };
        if !overhear::stands_alone(&message.text) || !scene.is_among(by, asked).await? {
            continue;
        }
        if store
            .captured(channel.clone(), message.ts.clone())
            .await?
            .is_some()
        {
            return Ok(None);
        }
        let half = scene.half(channel, message).await?;
        let text = half.text.clone();
        let submission = scene.answered(Answer::written(&half, verdict), met).await?;
        return Ok(Some((submission, text)));
    }
    Ok(None)
}

async fn incident(scene: &Scene<'_>, channel: &ChannelId) -> Result<bool, Unresolved> {
    let facts = scene.lookup.known_channel(channel).await?;
    let policy = scene.engine.rules().newest();
    Ok(facts
        .name
        .is_some_and(|name| policy.is_incident_channel(&name)))
}

/// Looks in the conversation for the question that the words answer. One on
/// record gets its answer; of another the asker is offered a record.
async fn question_of(
    scene: &Scene<'_>,
    words: &Words<'_>,
    open: &[Snapshot],
) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let (channel, thread) = (words.channel, gesture.thread.as_ref());
    let read = scene
        .lookup
        .messages_before(channel, thread, words.ts, BACK)
        .await?;
    let lines: Vec<Line> = read.iter().filter_map(Message::line).collect();
    // What was deleted or edited meanwhile isn't what was overheard.
    let heard = lines
        .iter()
        .find(|line| line.ts == *words.ts && !line.edited && !line.bot);
    let Some(request) = heard.and_then(|answer| overhear::request_before(&lines, answer)) else {
        return Ok(Resolved::LetGo);
    };
    let Some(asked) = read.iter().find(|message| message.ts == request.ts) else {
        return Ok(Resolved::LetGo);
    };
    if let Some(number) = asked_for_in(scene, channel, &asked.ts).await? {
        let waits = open.iter().any(|one| one.change.number == number);
        return if waits {
            belongs(scene, words, number).await
        } else {
            Ok(Resolved::LetGo)
        };
    }
    let store = scene.engine.store();
    let captured = store.captured(channel.clone(), asked.ts.clone()).await?;
    if captured.is_some()
        || request.by == gesture.actor
        || !is_one_of_us(scene, &gesture.actor).await?
        || !is_one_of_us(scene, &request.by).await?
    {
        return Ok(Resolved::LetGo);
    }
    let request = scene.half(channel, asked).await?;
    let offered = store
        .offered_answer(request.message.clone(), words.verdict)
        .await?;
    let outranks = match offered {
        Some(other) => {
            !holds_authority(scene, &other).await? && holds_authority(scene, &gesture.actor).await?
        }
        None => false,
    };
    let answer = Quoted {
        by: gesture.actor.clone(),
        message: scene.reference(channel, words.ts, thread).await?,
        text: words.text,
    };
    let offer = NewOffer {
        channel: channel.clone(),
        thread: gesture.thread.clone(),
        asker: request.by.clone(),
        request: Quoted {
            by: request.by,
            message: request.message,
            text: request.text.commitment(),
        },
        answer,
        verdict: words.verdict,
        outranks,
    };
    Ok(Resolved::Offer {
        offer: Box::new(offer),
        texts: vec![request.text],
    })
}

/// Whether somebody is a person of this workspace. What a guest may not do is
/// said when the record is made.
async fn is_one_of_us(scene: &Scene<'_>, who: &UserId) -> Result<bool, Unresolved> {
    let facts = scene.lookup.known_member(who).await?;
    Ok(match facts.standing {
        Standing::Full | Standing::Guest => true,
        Standing::Bot | Standing::Deactivated | Standing::Foreign => false,
    })
}

/// An emoji that authorizes: on a card, on the message that asked for a change,
/// or on one that asks in an incident channel.
pub(super) async fn reaction(
    scene: &Scene<'_>,
    channel: &ChannelId,
    ts: &MessageTs,
    name: &str,
) -> Result<Resolved, Unresolved> {
    let store = scene.engine.store();
    let who = &scene.gesture.actor;
    if let Some(number) = store.card_at(channel.clone(), ts.clone()).await? {
        let given = Given::Reaction {
            name: name.to_owned(),
            on: scene.reference(channel, ts, None).await?,
        };
        return answer(scene, number, Verdict::Grant, given).await;
    }
    if let Some(number) = store.captured(channel.clone(), ts.clone()).await? {
        // People put marks on messages for many reasons; on what asked for a
        // change, those count whose answer it waits for.
        let Some(snapshot) = store.change(number).await? else {
            return Ok(Resolved::LetGo);
        };
        let Some(said) = snapshot.change.said.clone().filter(|it| it.is(channel, ts)) else {
            return Ok(Resolved::LetGo);
        };
        if !is_asked(scene, &snapshot.change, who).await? {
            return Ok(Resolved::LetGo);
        }
        let given = Given::Reaction {
            name: name.to_owned(),
            on: said,
        };
        return answer(scene, number, Verdict::Grant, given).await;
    }
    if !incident(scene, channel).await? {
        return Ok(Resolved::LetGo);
    }
    let read = scene.lookup.message(channel, None, ts).await?;
    let Some(message) = read.filter(|message| !message.bot && message.by.is_some()) else {
        return Ok(Resolved::LetGo);
    };
    let Some(request) = overhear::asks(&message.text) else {
        return Ok(Resolved::LetGo);
    };
    if message.by.as_ref() == Some(who) || !may_answer(scene, &request.asked).await? {
        return Ok(Resolved::LetGo);
    }
    let request = scene.half(channel, &message).await?;
    let answer = Answer {
        by: who.clone(),
        at: scene.gesture.at,
        verdict: Verdict::Grant,
        given: Given::Reaction {
            name: name.to_owned(),
            on: request.message.clone(),
        },
    };
    let asked = scene.asked_in(&request, None, None, None).await?;
    let execution = scene.pair(asked, Some(answer), Vec::new()).await?;
    Ok(Resolved::Command(Box::new(execution)))
}

/// Whether a question is put to whoever made the gesture: it names them or a
/// group of theirs, or it names nobody and the policy lets them authorize.
async fn may_answer(scene: &Scene<'_>, mentions: &[Mention]) -> Result<bool, Unresolved> {
    let who = &scene.gesture.actor;
    // A name that Slack doesn't know, such as a role's, names nobody.
    let parties = scene.parties(mentions).await?;
    if !parties.is_empty() {
        return scene.is_among(who, &parties).await;
    }
    holds_authority(scene, who).await
}

/// Whether the policy in force lets somebody answer requests in general.
async fn holds_authority(scene: &Scene<'_>, who: &UserId) -> Result<bool, Unresolved> {
    if scene.lookup.member(who).await?.standing != Standing::Full {
        return Ok(false);
    }
    let policy = scene.engine.rules().newest();
    if !policy.is_written() {
        return Ok(true);
    }
    scene.is_among(who, &policy.approvers).await
}

/// What happened to a message of a record, as a command to the change; nothing
/// if it is none of a record after all.
pub(super) async fn altered(
    scene: &Scene<'_>,
    change: Option<ChangeNumber>,
    command: Command,
) -> Result<Resolved, Unresolved> {
    match change {
        Some(number) => scene.command(number, command).await,
        None => Ok(Resolved::LetGo),
    }
}
