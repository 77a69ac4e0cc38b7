//! Drains the outbox: the only caller of the Slack client for effects.
//!
//! A message is rendered from the state of the moment, claimed, sent and
//! settled. Whatever happens in between, it is neither lost nor sent twice: a
//! send of unknown outcome waits out its grace, is looked for in the history by
//! its key, and is adopted or sent again.

mod address;
mod ask;
mod overview;
mod pack;
mod picture;
mod rate;
mod render;
mod report;
mod roll;
mod witness;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use crate::domain::id::{ChannelId, MessageTs, UserId};
use crate::domain::obligation::{Duty, obligations};
use crate::domain::policy::Party;
use crate::engine::Engine;
use crate::slack::client::{Outgoing, SlackClient};
use crate::slack::error::{ErrorCode, SlackError};
use crate::slack::lookup::Lookup;
use crate::slack::views::{self, Message, card, home};
use crate::store::{
    Claim, Doubtful, Kind, Offered, Owed, Parcel, ReportPart, Snapshot, StoreError, reply_is_alive,
};

pub use address::{Address, AddressFault};
pub use rate::Recent;

/// Slack lets one message a second into a channel.
const PACE: TimeDelta = TimeDelta::seconds(1);

/// A Home is drawn at most so often: who does much at once sees the sum of it.
const HOME_PACE: TimeDelta = TimeDelta::minutes(1);

/// The first pause after a failure; each next one doubles.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(2);

/// The longest pause after a failure.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// A message of unknown fate is looked for again so long after Slack has refused
/// the token.
const TOKEN_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// How often a note has its card moved out of a channel that is shut, should the
/// card find a place there after all.
const MOVES: u32 = 3;

/// How many people of a group are asked by direct message where its request
/// can't be seen. More of them would each think that another answers.
const MOST_ASKED: usize = 20;

/// How far before its claim a message is looked for: Slack's clock and ours
/// differ.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(1);

/// Sends what is owed.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    /// Where messages are owed and settled.
    pub engine: Engine,
    /// Sends them.
    pub client: SlackClient,
    /// Knows who is in a group that is asked.
    pub lookup: Lookup,
    /// How long a send of unknown outcome waits before it is looked for.
    pub grace: TimeDelta,
    /// The rate as Homes were shown it last.
    pub recent: Recent,
    /// Where copies of checkpoints go, if anywhere.
    pub address: Option<Address>,
}

/// A message ready to go.
struct Rendered {
    message: Message,
    /// What it couldn't hold, and follows it.
    rest: Vec<Message>,
    /// The version of the change that it shows; the largest, of several.
    showed: u64,
}

/// Where a message goes.
enum Way {
    /// Into a conversation, perhaps into a thread of it.
    Post {
        channel: ChannelId,
        thread: Option<MessageTs>,
    },
    /// Over what stands there.
    Edit { channel: ChannelId, ts: MessageTs },
    /// To one person, through the door that their gesture left open.
    Respond {
        url: String,
        /// Whether it takes the place of the message whose button was pressed.
        replaces: bool,
    },
    /// To one person, in a conversation.
    Whisper {
        channel: ChannelId,
        thread: Option<MessageTs>,
        person: UserId,
    },
    /// Onto somebody's Home.
    Publish { person: UserId },
}

impl Way {
    fn channel(&self) -> Option<&ChannelId> {
        match self {
            Self::Post { channel, .. } | Self::Edit { channel, .. } => Some(channel),
            Self::Respond { .. } | Self::Whisper { .. } | Self::Publish { .. } => None,
        }
    }
}

impl Dispatcher {
    /// Sends the next message of a lane.
    pub async fn send_next(&self, lane: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let store = self.engine.store();
        let rules = Arc::clone(self.engine.rules());
        let Some(parcel) = store.parcel(lane.to_owned(), rules, now).await? else {
            return Ok(());
        };
        let Some(leader) = parcel.owed.first().cloned() else {
            return Ok(());
        };
        // Of an edit nobody is reminded.
        if let (Kind::Reminder { person, .. }, None) = (&leader.kind, &leader.stands)
            && self.calls_the_roll(person, now).await?
        {
            return Ok(());
        }
        let Some(parcel) = self.with_picture(parcel, now).await? else {
            return Ok(());
        };
        if let (Kind::Question { person, .. }, None) = (&leader.kind, &leader.stands)
            && self.has_left(person).await
        {
            let asked = parcel.questions.keys().copied().collect();
            return store.take_questions_back(asked, person.clone(), now).await;
        }
        let Some(rendered) = self.render(&parcel, now).await? else {
            // What it would have said is no longer so.
            let claim = claim(&parcel, [0; 32], 0, None);
            return store
                .settle(
                    parcel.owed,
                    claim,
                    None,
                    Arc::clone(self.engine.rules()),
                    now,
                )
                .await;
        };
        let way = match self.way(&parcel, &leader, now).await? {
            Ok(way) => way,
            Err(error) => return self.not_sent(lane, &parcel, &leader, &error, now).await,
        };
        let Rendered {
            message,
            rest,
            showed,
        } = rendered;
        let outgoing = outgoing(message, &leader);
        let Some(payload) = payload(&outgoing, &leader) else {
            return self.give_up(parcel.owed, "unrenderable", now).await;
        };
        let claim = claim(&parcel, payload, showed, way.channel().cloned());
        if !store.claim(claim.clone(), now).await? {
            // It changed while it was rendered; the next round shows the newest.
            return Ok(());
        }
        let sent = self.send(&way, outgoing).await;
        if sent.is_ok() {
            if matches!(way, Way::Whisper { .. } | Way::Publish { .. }) {
                store.token_was_taken().await?;
            }
            self.send_rest(&way, rest).await;
        }
        // Slack's pace holds for what was tried as well as for what arrived.
        if matches!(way, Way::Post { .. } | Way::Edit { .. }) {
            store.hold_lane(lane.to_owned(), now + PACE).await?;
        }
        if matches!(way, Way::Publish { .. }) && sent.is_ok() {
            store.hold_lane(lane.to_owned(), now + HOME_PACE).await?;
        }
        match sent {
            Ok(stands) => self.sent(parcel, claim, stands, now).await,
            Err(error) if error.outcome_is_unknown() => {
                self.doubt(&parcel, &leader, &way, &error, now).await
            }
            Err(error) => {
                self.not_accepted(lane, parcel, &leader, claim, way, error, now)
                    .await
            }
        }
    }

    /// Finds out what became of messages whose fate is unknown.
    pub async fn settle_doubt(
        &self,
        doubtful: Doubtful,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = self.engine.store();
        let Some(leader) = doubtful.parcel.first() else {
            return Ok(());
        };
        let key = leader.key.clone();
        let whispered = match &leader.kind {
            Kind::Reply { .. } => true,
            // Where it went by direct message, it can be looked for.
            Kind::Offer { .. } => leader.stands.is_none() && doubtful.channel.is_none(),
            Kind::Card { .. }
            | Kind::Ledger { .. }
            | Kind::Note { .. }
            | Kind::Reminder { .. }
            | Kind::Told { .. }
            | Kind::Shut { .. }
            | Kind::Question { .. }
            | Kind::Home { .. }
            | Kind::Report { .. } => false,
        };
        if whispered {
            // A whisper leaves no trace to look for; it can be asked for again, and
            // an offer comes again by itself.
            return self.give_up(doubtful.parcel, "outcome unknown", now).await;
        }
        let Some(channel) = doubtful.channel.clone().filter(|_| leader.stands.is_none()) else {
            // An edit may be made twice, and so may a Home.
            return store.release(key, now, "outcome unknown".to_owned()).await;
        };
        let thread = match &leader.kind {
            Kind::Card { change } | Kind::Ledger { change } | Kind::Note { change, .. } => {
                let card = store.card(*change).await?;
                let snapshot = store.change(*change).await?;
                thread_of(&leader.kind, snapshot.as_ref(), &channel, card.as_ref())
            }
            Kind::Report {
                week,
                part: ReportPart::Details,
            } => store
                .report_stands(*week)
                .await?
                .filter(|(place, _)| *place == channel)
                .map(|(_, ts)| ts),
            Kind::Report {
                part: ReportPart::Report,
                ..
            }
            | Kind::Reminder { .. }
            | Kind::Told { .. }
            | Kind::Reply { .. }
            | Kind::Offer { .. }
            | Kind::Shut { .. }
            | Kind::Question { .. }
            | Kind::Home { .. } => None,
        };
        let since = doubtful.claimed_at - LOOK_BACK;
        let found = self
            .client
            .find_by_key(&channel, thread.as_ref(), since, &key)
            .await;
        match found {
            Ok(Some(ts)) => {
                let claim = Claim {
                    keys: doubtful.parcel.iter().map(|one| one.key.clone()).collect(),
                    revision: doubtful.revision,
                    channel: Some(channel.clone()),
                    payload: doubtful.payload,
                    showed: doubtful.showed,
                };
                if let Kind::Card { change } = &leader.kind
                    && let Some(snapshot) = store.change(*change).await?
                {
                    self.reach_the_asked(&snapshot, &channel, now).await?;
                }
                let rules = Arc::clone(self.engine.rules());
                store
                    .settle(doubtful.parcel, claim, Some((channel, ts)), rules, now)
                    .await
            }
            Ok(None) => store.release(key, now, "never arrived".to_owned()).await,
            Err(SlackError::RateLimited { retry_after }) => {
                let until = now + TimeDelta::from_std(retry_after).unwrap_or(LONGEST_PAUSE);
                store.doubt_until(key, until).await
            }
            Err(SlackError::Refused { code }) if code.is_about_the_token() => {
                self.halt(None, &code, now).await?;
                store.doubt_until(key, now + TOKEN_PAUSE).await
            }
            Err(error) => {
                tracing::warn!(key, error = %error, "a message can't be looked for");
                // Each pause is as long as all before it.
                let pause = (now - doubtful.claimed_at).clamp(FIRST_PAUSE * 5, LONGEST_PAUSE);
                store.doubt_until(key, now + pause).await
            }
        }
    }

    /// Notes that Slack has a message. A card that those asked can't see reaches
    /// them first: should we die in between, it does so twice rather than never,
    /// and the outbox knows the second time.
    async fn sent(
        &self,
        parcel: Parcel,
        claim: Claim,
        stands: Option<(ChannelId, MessageTs)>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let card = parcel.owed.first().and_then(|leader| match &leader.kind {
            Kind::Card { change } => parcel.changes.get(change),
            Kind::Ledger { .. }
            | Kind::Note { .. }
            | Kind::Reminder { .. }
            | Kind::Told { .. }
            | Kind::Reply { .. }
            | Kind::Offer { .. }
            | Kind::Shut { .. }
            | Kind::Question { .. }
            | Kind::Home { .. }
            | Kind::Report { .. } => None,
        });
        if let (Some(snapshot), Some((channel, _))) = (card, &stands) {
            self.reach_the_asked(snapshot, channel, now).await?;
        }
        let rules = Arc::clone(self.engine.rules());
        let store = self.engine.store();
        store.settle(parcel.owed, claim, stands, rules, now).await
    }

    /// Asks by direct message where the card stands in `channel` and those asked
    /// don't see it there: it could not be posted, or it was asked for in a
    /// direct message.
    async fn reach_the_asked(
        &self,
        snapshot: &Snapshot,
        channel: &ChannelId,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let change = &snapshot.change;
        let seen = *channel == change.place.channel && !is_direct(channel);
        let unanswered = obligations(change, self.engine.policy_of(change))
            .iter()
            .any(|one| one.duty == Duty::AnswerRequest && one.met_at.is_none());
        if seen || !unanswered {
            return Ok(());
        }
        let mut people: Vec<UserId> = Vec::new();
        for party in &change.asked {
            match party {
                Party::Person(person) => people.push(person.clone()),
                Party::Group(group) => match self.lookup.group_members(group).await {
                    Ok(members) => people.extend(members.into_iter().take(MOST_ASKED)),
                    // The next drawing of the card tries again; the chase asks anyway.
                    Err(error) => {
                        tracing::warn!(change = %change.number, error = %error, "a group that is asked can't be read");
                    }
                },
            }
        }
        people.retain(|person| *person != change.requester);
        let store = self.engine.store();
        store.ask_directly(change.number, people, now).await
    }

    /// Sends what one reply couldn't hold after it. Like a whisper, it comes at most
    /// once.
    async fn send_rest(&self, way: &Way, rest: Vec<Message>) {
        let further = match way {
            Way::Respond { url, .. } => &Way::Respond {
                url: url.clone(),
                replaces: false,
            },
            other => other,
        };
        for message in rest {
            let outgoing = Outgoing {
                text: message.text,
                blocks: message.blocks,
                thread: None,
                key: None,
            };
            if let Err(error) = self.send(further, outgoing).await {
                tracing::warn!(error = %error, "what follows a reply can't be sent");
            }
        }
    }

    async fn send(
        &self,
        way: &Way,
        mut outgoing: Outgoing,
    ) -> Result<Option<(ChannelId, MessageTs)>, SlackError> {
        match way {
            Way::Post { channel, thread } => {
                outgoing.thread.clone_from(thread);
                let posted = self.client.post(channel, outgoing).await?;
                Ok(Some((posted.channel, posted.ts)))
            }
            Way::Edit { channel, ts } => {
                self.client.update(channel, ts, outgoing).await?;
                Ok(Some((channel.clone(), ts.clone())))
            }
            Way::Respond { url, replaces } => {
                let answer = serde_json::json!({
                    "response_type": "ephemeral",
                    "replace_original": replaces,
                    "text": outgoing.text,
                    "blocks": outgoing.blocks,
                });
                self.client.respond(url, &answer).await?;
                Ok(None)
            }
            Way::Whisper {
                channel,
                thread,
                person,
            } => {
                outgoing.key = None;
                outgoing.thread.clone_from(thread);
                self.client
                    .post_ephemeral(channel, person, outgoing)
                    .await?;
                Ok(None)
            }
            Way::Publish { person } => {
                let view = home::view(outgoing.blocks);
                self.client.publish_home(person, view).await?;
                Ok(None)
            }
        }
    }

    /// Where a message goes; an error of Slack's if that can't be said now.
    async fn way(
        &self,
        parcel: &Parcel,
        leader: &Owed,
        now: DateTime<Utc>,
    ) -> Result<Result<Way, SlackError>, StoreError> {
        if let Some((channel, ts)) = leader.stands.clone() {
            return Ok(Ok(Way::Edit { channel, ts }));
        }
        let thread = |number, channel: &ChannelId| {
            let snapshot = parcel.changes.get(number);
            thread_of(&leader.kind, snapshot, channel, parcel.card.as_ref())
        };
        Ok(match &leader.kind {
            Kind::Card { change } => match parcel.changes.get(change) {
                Some(snapshot) => {
                    let channel = snapshot.change.place.channel.clone();
                    let thread = thread(change, &channel);
                    Ok(Way::Post { channel, thread })
                }
                None => Err(SlackError::Malformed),
            },
            Kind::Note { change, .. } | Kind::Ledger { change } => match &parcel.card {
                Some((channel, _)) => Ok(Way::Post {
                    channel: channel.clone(),
                    thread: thread(change, channel),
                }),
                None if parcel.card_is_lost => Err(SlackError::Refused {
                    code: ErrorCode::MessageNotFound,
                }),
                // The card comes first; the note follows it.
                None => Err(SlackError::Unreachable),
            },
            Kind::Offer { again, .. } => match &parcel.offer {
                Some(Offered { offer, .. }) if *again => {
                    self.direct(parcel.direct.clone(), &offer.asker).await?
                }
                Some(Offered { offer, thread, .. }) => Ok(Way::Whisper {
                    channel: offer.channel.clone(),
                    thread: thread.clone(),
                    person: offer.asker.clone(),
                }),
                None => Err(SlackError::Malformed),
            },
            Kind::Reminder { person, .. }
            | Kind::Told { person, .. }
            | Kind::Question { person, .. }
            | Kind::Shut { person, .. } => self.direct(parcel.direct.clone(), person).await?,
            Kind::Report { part, .. } => self.way_of_report(parcel, *part),
            Kind::Home { person } => Ok(Way::Publish {
                person: person.clone(),
            }),
            Kind::Reply { .. } => match &parcel.answer {
                Some(answered) => {
                    let gesture = &answered.gesture;
                    match (&gesture.response_url, &gesture.channel) {
                        (Some(url), _) if reply_is_alive(gesture.at, now) => Ok(Way::Respond {
                            url: url.clone(),
                            replaces: closed_offer(parcel).is_some(),
                        }),
                        (_, Some(channel)) => Ok(Way::Whisper {
                            channel: channel.clone(),
                            thread: gesture.thread.clone(),
                            person: gesture.actor.clone(),
                        }),
                        (_, None) => self.direct(None, &gesture.actor).await?,
                    }
                }
                None => Err(SlackError::Malformed),
            },
        })
    }

    async fn direct(
        &self,
        known: Option<ChannelId>,
        person: &UserId,
    ) -> Result<Result<Way, SlackError>, StoreError> {
        let channel = match known {
            Some(channel) => channel,
            None => match self.client.open_direct(person).await {
                Ok(channel) => {
                    let store = self.engine.store();
                    store.speaks_in(person.clone(), channel.clone()).await?;
                    channel
                }
                Err(error) => return Ok(Err(error)),
            },
        };
        Ok(Ok(Way::Post {
            channel,
            thread: None,
        }))
    }

    /// It never left: it is owed again after a pause, unless Slack said never.
    async fn not_sent(
        &self,
        lane: &str,
        parcel: &Parcel,
        leader: &Owed,
        error: &SlackError,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = self.engine.store();
        if let SlackError::RateLimited { retry_after } = error {
            let until = now + TimeDelta::from_std(*retry_after).unwrap_or(LONGEST_PAUSE);
            store.hold_lane(lane.to_owned(), until).await?;
            return store
                .release(leader.key.clone(), until, error.to_string())
                .await;
        }
        if let SlackError::Refused { code } = error
            && code.is_about_the_token()
        {
            return self.halt(Some(leader.key.clone()), code, now).await;
        }
        if error.is_transient() || error.can_be_mended() {
            let pause = FIRST_PAUSE * 2i32.saturating_pow(leader.attempts.min(8));
            let until = now + pause.min(LONGEST_PAUSE);
            if error.can_be_mended() {
                tracing::error!(key = leader.key, error = %error, "a message waits until an operator mends this; doctor shows it");
            } else {
                tracing::warn!(key = leader.key, error = %error, "a message waits");
            }
            return store
                .release(leader.key.clone(), until, error.to_string())
                .await;
        }
        tracing::error!(key = leader.key, error = %error, "a message is given up");
        self.give_up(parcel.owed.clone(), &error.to_string(), now)
            .await
    }

    /// Slack said no to it. A card that was deleted, or whose channel was closed,
    /// is posted anew; one that may not stand in its channel goes to the requester
    /// and to those asked; a whisper that reaches nobody there goes to the person.
    #[expect(
        clippy::too_many_arguments,
        reason = "the whole of one send, at its one point of failure"
    )]
    async fn not_accepted(
        &self,
        lane: &str,
        parcel: Parcel,
        leader: &Owed,
        claim: Claim,
        way: Way,
        error: SlackError,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = self.engine.store();
        if let (Some(channel), SlackError::Refused { code }) = (way.channel(), &error)
            && code.is_about_the_place()
            && !is_direct(channel)
        {
            self.shut(channel, code, now).await?;
            if let (Kind::Note { change, .. }, Way::Post { .. }) = (&leader.kind, &way)
                && code.closes_the_channel()
                && leader.attempts < MOVES
            {
                let (channel, note) = (channel.clone(), leader.key.clone());
                return store
                    .move_out(*change, channel, note, error.to_string(), now)
                    .await;
            }
        }
        if let (Kind::Card { .. }, Way::Edit { .. }) = (&leader.kind, &way)
            && error.bars_the_edit()
        {
            tracing::warn!(key = leader.key, error = %error, "the card is gone; it is posted anew");
            return store.uproot(leader.key.clone()).await;
        }
        let aside = self.reader_aside(&parcel, leader, &way);
        if let Kind::Report { .. } = &leader.kind
            && let Some(until) = self
                .reconsidered(&parcel, leader, &error, aside.is_some(), now)
                .await?
        {
            let (key, said) = (leader.key.clone(), error.to_string());
            return store.release(key, until, said).await;
        }
        let Some(person) = aside.filter(|_| error.bars_the_place()) else {
            return self.not_sent(lane, &parcel, leader, &error, now).await;
        };
        let way = match self.direct(None, &person).await? {
            Ok(way) => way,
            Err(error) => return self.not_sent(lane, &parcel, leader, &error, now).await,
        };
        let mut rest = Vec::new();
        let message = match &leader.kind {
            Kind::Card { change } => parcel
                .changes
                .get(change)
                .map(|one| card::card_aside(&views::showing(one, &self.engine, now))),
            Kind::Note { .. }
            | Kind::Ledger { .. }
            | Kind::Reminder { .. }
            | Kind::Told { .. }
            | Kind::Reply { .. }
            | Kind::Offer { .. }
            | Kind::Shut { .. }
            | Kind::Question { .. }
            | Kind::Home { .. }
            | Kind::Report { .. } => match self.render(&parcel, now).await? {
                Some(mut rendered) => {
                    if let Kind::Report { .. } = &leader.kind {
                        self.say_where_it_belongs(&mut rendered.message);
                    }
                    rest = rendered.rest;
                    Some(rendered.message)
                }
                None => None,
            },
        };
        let Some(message) = message else {
            return Ok(());
        };
        let outgoing = outgoing(message, leader);
        let Some(payload) = payload(&outgoing, leader) else {
            return self.give_up(parcel.owed, "unrenderable", now).await;
        };
        let claim = Claim { payload, ..claim };
        if let Some(channel) = way.channel() {
            let (key, channel) = (leader.key.clone(), channel.clone());
            store.redirect(key, channel, payload).await?;
        }
        match self.send(&way, outgoing).await {
            Ok(stands) => {
                self.send_rest(&way, rest).await;
                self.sent(parcel, claim, stands, now).await
            }
            Err(error) if error.outcome_is_unknown() => {
                self.doubt(&parcel, leader, &way, &error, now).await
            }
            Err(error) => self.not_sent(lane, &parcel, leader, &error, now).await,
        }
    }

    /// Who gets a message that its place doesn't take.
    fn reader_aside(&self, parcel: &Parcel, leader: &Owed, way: &Way) -> Option<UserId> {
        match (&leader.kind, way) {
            (Kind::Card { change }, Way::Post { .. }) => parcel
                .changes
                .get(change)
                .map(|snapshot| snapshot.change.requester.clone()),
            (Kind::Reply { .. }, Way::Respond { .. } | Way::Whisper { .. }) => parcel
                .answer
                .as_ref()
                .map(|answered| answered.gesture.actor.clone()),
            (Kind::Offer { .. }, Way::Whisper { person, .. }) => Some(person.clone()),
            (Kind::Report { .. }, Way::Post { channel, .. }) if !is_direct(channel) => {
                self.engine.rules().newest().escalation.first().cloned()
            }
            _ => None,
        }
    }

    /// Whether it arrived is unknown. A post stays claimed until its grace is
    /// over; an edit can be made again; a whisper is at most once.
    async fn doubt(
        &self,
        parcel: &Parcel,
        leader: &Owed,
        way: &Way,
        error: &SlackError,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        tracing::warn!(key = leader.key, error = %error, "whether a message arrived is unknown");
        match way {
            Way::Post { .. } => Ok(()),
            Way::Edit { .. } | Way::Publish { .. } => {
                let until = now + FIRST_PAUSE;
                let store = self.engine.store();
                store
                    .release(leader.key.clone(), until, error.to_string())
                    .await
            }
            Way::Respond { .. } | Way::Whisper { .. } => {
                self.give_up(parcel.owed.clone(), "outcome unknown", now)
                    .await
            }
        }
    }

    /// Nothing can be sent before an operator mends the token: it is tried once a
    /// minute, and said loudly once.
    async fn halt(
        &self,
        leader: Option<String>,
        code: &ErrorCode,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let store = self.engine.store();
        if store.halt(leader, code.to_string(), now).await? {
            tracing::error!(
                reason = %code,
                "Slack refuses SLACK_BOT_TOKEN: nothing is sent until it is mended, and nothing is lost. Install the app again, set the new Bot User OAuth Token and restart; if Slack takes this one again, the bot goes on by itself within a minute"
            );
        }
        Ok(())
    }

    /// A channel lets nothing in: an operator hears of it once.
    async fn shut(
        &self,
        channel: &ChannelId,
        code: &ErrorCode,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rules = Arc::clone(self.engine.rules());
        let store = self.engine.store();
        let reason = code.to_string();
        if store.shut(channel.clone(), reason, rules, now).await? {
            tracing::warn!(channel = %channel, reason = %code, "Slack lets nothing into a channel; what belongs there goes by direct message");
        }
        Ok(())
    }

    async fn give_up(
        &self,
        parcel: Vec<Owed>,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rules = Arc::clone(self.engine.rules());
        self.engine
            .store()
            .give_up(parcel, error.to_owned(), rules, now)
            .await
    }
}

fn claim(parcel: &Parcel, payload: [u8; 32], showed: u64, channel: Option<ChannelId>) -> Claim {
    Claim {
        keys: parcel.owed.iter().map(|one| one.key.clone()).collect(),
        revision: parcel.owed.first().map_or(0, |leader| leader.revision),
        channel,
        payload,
        showed,
    }
}

/// A message on its way; where it goes is said when it is sent.
fn outgoing(message: Message, leader: &Owed) -> Outgoing {
    Outgoing {
        text: message.text,
        blocks: message.blocks,
        thread: None,
        key: Some(leader.key.clone()),
    }
}

/// Returns the SHA-256 of what a message says; nothing if it can't be sent.
fn payload(outgoing: &Outgoing, leader: &Owed) -> Option<[u8; 32]> {
    match outgoing.rendered() {
        Ok(bytes) => Some(Sha256::digest(bytes).into()),
        Err(error) => {
            tracing::error!(key = leader.key, error = %error, "a message can't be rendered");
            None
        }
    }
}

/// Whether a conversation is a direct message, by Slack's letter for those.
fn is_direct(channel: &ChannelId) -> bool {
    channel.as_str().starts_with('D')
}

/// Returns the offer that a reply is about, if it has come to its end: the reply
/// then takes the place of its buttons.
fn closed_offer(parcel: &Parcel) -> Option<&Offered> {
    parcel.answer.as_ref()?;
    parcel
        .offer
        .as_ref()
        .filter(|offered| !offered.offer.stage.is_open())
}

/// Returns the thread of `channel` that a card or a note stands in. A request made
/// in a thread has its card there, and Slack has no threads within threads; where
/// the card had to go to the requester instead, its notes hang on the card.
fn thread_of(
    kind: &Kind,
    snapshot: Option<&Snapshot>,
    channel: &ChannelId,
    card: Option<&(ChannelId, MessageTs)>,
) -> Option<MessageTs> {
    let asked_in = snapshot
        .map(|snapshot| &snapshot.change.place)
        .filter(|place| place.channel == *channel)
        .and_then(|place| place.thread.clone());
    match kind {
        Kind::Card { .. } => asked_in,
        Kind::Note { .. } | Kind::Ledger { .. } => {
            asked_in.or_else(|| card.map(|(_, ts)| ts.clone()))
        }
        Kind::Reminder { .. }
        | Kind::Told { .. }
        | Kind::Reply { .. }
        | Kind::Offer { .. }
        | Kind::Shut { .. }
        | Kind::Question { .. }
        | Kind::Home { .. }
        | Kind::Report { .. } => None,
    }
}
