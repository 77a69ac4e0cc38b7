//! What may not run beside what: the holds of a gesture.

use std::collections::{BTreeSet, HashSet};

use crate::domain::id::{ChangeNumber, ChannelId, MessageTs, UserId};
use crate::gesture::{Ask, Gesture};
use crate::store::{Store, StoreError};

/// What must not run twice at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Hold {
    /// Answers about one change.
    Change(ChangeNumber),
    /// Answers to one person about no change known yet.
    Person(UserId),
    /// A request made in a channel, by the gesture's key: several may be answered
    /// at once, and what is overheard there waits for all of them.
    Asking(ChannelId, String),
    /// Answers to what was said in a channel, in the order in which it was said.
    Channel(ChannelId),
    /// Asking one question, and answers to it.
    Question(u64),
    /// Sending in one lane.
    Lane(String),
    /// Looking for one message.
    Doubt(String),
    /// Showing checkpoints to others.
    Showing,
    /// Making a pack.
    Packing,
}

/// What a gesture must have to itself. Where the change isn't named, it is
/// found by the person, whose other gestures then have to keep their order;
/// where it is found by what was said in a channel, by the channel's.
pub(super) async fn holds_of(store: &Store, gesture: &Gesture) -> Result<Vec<Hold>, StoreError> {
    let person = Hold::Person(gesture.actor.clone());
    let channel = gesture.channel.clone();
    Ok(match about(gesture) {
        About::Change(number) => vec![Hold::Change(number)],
        About::OwnChange => {
            let own = store.undeployed_of(gesture.actor.clone()).await?;
            own.map(Hold::Change).into_iter().chain([person]).collect()
        }
        About::NewChange => {
            let key = gesture.key.clone();
            let asking = channel.map(|channel| Hold::Asking(channel, key));
            asking.into_iter().chain([person]).collect()
        }
        About::Offer(id) => {
            let offer = store.offer(id).await?;
            let channel = offer.map(|(offer, _)| Hold::Channel(offer.channel));
            channel.into_iter().chain([person]).collect()
        }
        About::Said(said) => {
            let mut holds = vec![person];
            if let Some(channel) = channel {
                let changes = changes_about(store, &channel, gesture, &said).await?;
                holds.extend(changes.into_iter().map(Hold::Change));
                holds.push(Hold::Channel(channel));
            }
            holds
        }
        About::Changes(numbers) => {
            let changes = numbers.into_iter().map(Hold::Change);
            changes.chain([person]).collect()
        }
        About::Question(id) => vec![Hold::Question(id), person],
        About::Nothing => vec![person],
    })
}

/// The changes that messages of a channel may be about, as far as is known
/// before Slack is asked: they are part of its record or its card, stand under
/// its card, or answer the only request that is open there.
async fn changes_about(
    store: &Store,
    channel: &ChannelId,
    gesture: &Gesture,
    said: &[MessageTs],
) -> Result<BTreeSet<ChangeNumber>, StoreError> {
    let mut changes = BTreeSet::new();
    for ts in said.iter().chain(&gesture.thread) {
        let of = |channel: &ChannelId| (channel.clone(), ts.clone());
        let (at, name) = of(channel);
        changes.extend(store.captured(at, name).await?);
        let (at, name) = of(channel);
        changes.extend(store.emoji_on(at, name).await?);
        let (at, name) = of(channel);
        changes.extend(store.card_at(at, name).await?);
    }
    if changes.is_empty() && matches!(gesture.ask, Ask::Overhear { .. }) {
        // Two are enough to know that it isn't the only one.
        let asking = store.asking_in(channel.clone(), 2).await?;
        if let [only] = asking.as_slice() {
            changes.insert(only.change.number);
        }
    }
    Ok(changes)
}

/// Each answer holds a change or a person; a channel is held beside them.
pub(super) fn is_an_answer(hold: &Hold) -> bool {
    matches!(hold, Hold::Change(_) | Hold::Person(_))
}

/// Whether something taken must not run beside `hold`.
pub(super) fn bars(taken: &HashSet<Hold>, hold: &Hold) -> bool {
    let asked_in = |channel: &ChannelId| {
        taken
            .iter()
            .any(|other| matches!(other, Hold::Asking(asked, _) if asked == channel))
    };
    taken.contains(hold) || matches!(hold, Hold::Channel(channel) if asked_in(channel))
}

/// What a gesture is about, as far as it says itself.
enum About {
    /// The change that it names.
    Change(ChangeNumber),
    /// The person's own open change.
    OwnChange,
    /// A change that begins with it.
    NewChange,
    /// Several changes that it names.
    Changes(Vec<ChangeNumber>),
    /// An offer.
    Offer(u64),
    /// A question about a change that a source told of.
    Question(u64),
    /// Messages of its channel.
    Said(Vec<MessageTs>),
    /// Nothing that changes.
    Nothing,
}

fn about(gesture: &Gesture) -> About {
    match &gesture.ask {
        Ask::StateCriterion { change, .. }
        | Ask::AskSomeoneElse { change, .. }
        | Ask::Authorize { change }
        | Ask::Deny { change }
        | Ask::GoAhead { change }
        | Ask::TakeCommand { change }
        | Ask::NameCommander { change, .. }
        | Ask::RecordDeployment {
            change: Some(change),
            ..
        }
        | Ask::Attest { change, .. }
        | Ask::ConfirmAttestation { change }
        | Ask::DisputeAttestation { change }
        | Ask::StandIn { change }
        | Ask::CorrectDeployment { change, .. }
        | Ask::StateReason { change, .. }
        | Ask::LinkAsDuplicate { change, .. }
        | Ask::Lapse { change }
        | Ask::Withdraw { change }
        | Ask::Document { change, .. }
        | Ask::Redact { change, .. }
        | Ask::TakeOver { change, .. }
        | Ask::Approve { change, .. }
        | Ask::Reject { change, .. }
        | Ask::Review { change, .. }
        | Ask::ReviewGenuineness { change, .. }
        | Ask::RecordPermanentFix { change, .. }
        | Ask::Snooze { change, .. }
        | Ask::Delegate { change, .. }
        | Ask::AddFollowUp { change, .. }
        | Ask::FinishFollowUp { change, .. }
        | Ask::Remediate { change, .. }
        | Ask::AnswerExceptions { change, .. } => About::Change(*change),
        Ask::RecordDeployment { change: None, .. } => About::OwnChange,
        Ask::RecordMeeting { changes, .. } => About::Changes(changes.clone()),
        Ask::Request { .. } => About::NewChange,
        Ask::Explain { question, .. } | Ask::Vouch { question, .. } => About::Question(*question),
        Ask::TakeOffer { offer } | Ask::DeclineOffer { offer } => About::Offer(*offer),
        Ask::Capture {
            request, answer, ..
        } => About::Said(request.iter().chain(answer).cloned().collect()),
        Ask::Overhear { ts, .. }
        | Ask::Attach { ts, .. }
        | Ask::React { ts, .. }
        | Ask::Unreact { ts, .. }
        | Ask::NoteEdit { ts, .. }
        | Ask::NoteDeletion { ts } => About::Said(vec![ts.clone()]),
        Ask::SayAway { .. }
        | Ask::Status { .. }
        | Ask::Rate { .. }
        | Ask::Evidence { .. }
        | Ask::List { .. }
        | Ask::WhichToDocument
        | Ask::Exceptions
        | Ask::Agenda
        | Ask::OpenHome
        | Ask::ListNormal { .. }
        | Ask::Help
        | Ask::Unsure { .. }
        | Ask::NotYet { .. } => About::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::domain::change::{Actor, Command, MessageRef, Place, Source, Submission, Verdict};
    use crate::domain::id::WorkspaceId;
    use crate::domain::policy::{Policy, PolicyVersion};
    use crate::domain::text::{Salt, Text};
    use crate::gesture::Heard;
    use crate::store::{Execution, Options, Rules, Target};

    const CHANNEL: &str = "C0INCAUTH1";

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_773_450_840, 0).unwrap()
    }

    fn gesture(key: &str, actor: &str, ask: Ask) -> Gesture {
        Gesture {
            key: key.to_owned(),
            actor: UserId::new(actor),
            at: now(),
            source: Source::Slack,
            channel: Some(ChannelId::new(CHANNEL)),
            thread: None,
            response_url: None,
            ask,
        }
    }

    fn words() -> Text {
        Text::new("approved", Salt([1; 32]))
    }

    fn overhears(key: &str, ts: &str) -> Gesture {
        let ask = Ask::Overhear {
            ts: MessageTs::new(ts),
            text: words().commitment(),
            verdict: Verdict::Grant,
            addressed: false,
        };
        gesture(key, "U0MORGAN01", ask)
    }

    fn requests(key: &str, actor: &str) -> Gesture {
        let ask = Ask::Request {
            what: words().commitment(),
            verbatim: words().commitment(),
            asked: Vec::new(),
            criterion: None,
            said: None,
            deployed: None,
            drill: false,
        };
        gesture(key, actor, ask)
    }

    /// A store in which the message of this name was put on record.
    async fn with_request(said: &str) -> (tempfile::TempDir, Store, ChangeNumber) {
        let home = tempfile::tempdir().unwrap();
        let options = Options::at(home.path().join("breakglass.db"));
        let store = Store::open(&options, WorkspaceId::new("T0BREAK01")).unwrap();
        let asks = requests("first", "U0DANA0001");
        let heard = Heard {
            gesture: asks.clone(),
            texts: vec![words()],
        };
        store.keep(heard, now()).await.unwrap();
        let channel = ChannelId::new(CHANNEL);
        let command = Command::Request {
            what: words(),
            verbatim: words(),
            asked: Vec::new(),
            place: Place {
                channel: channel.clone(),
                thread: None,
            },
            criterion: None,
            said: Some(MessageRef {
                channel,
                ts: MessageTs::new(said),
                thread: None,
                permalink: None,
            }),
            captured: None,
            drill: false,
            known: Vec::new(),
        };
        let submission = Submission {
            actor: Actor::Person(UserId::new("U0DANA0001")),
            at: now(),
            source: Source::Slack,
            command,
        };
        let execution = Execution {
            target: Target::New,
            submissions: vec![submission],
            texts: Vec::new(),
            gesture: Some(asks),
            met: Vec::new(),
            asks_back: None,
            afterwards: None,
        };
        let policy = Policy::unwritten(PolicyVersion(1));
        let rules = Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin));
        let (_, number) = store.execute(execution, rules, now()).await.unwrap();
        (home, store, number.unwrap())
    }

    /// Whether `later` has to wait while `earlier` is answered.
    async fn waits(store: &Store, later: &Gesture, earlier: &Gesture) -> bool {
        let taken: HashSet<Hold> = holds_of(store, earlier)
            .await
            .unwrap()
            .into_iter()
            .collect();
        let wanted = holds_of(store, later).await.unwrap();
        wanted.iter().any(|hold| bars(&taken, hold))
    }

    #[tokio::test]
    async fn what_is_overheard_waits_for_the_requests_of_its_channel() {
        let (_home, store, _) = with_request("1773450840.000100").await;
        let overheard = overhears("two", "1773450900.000100");
        let typed = requests("one", "U0DANA0001");
        assert!(waits(&store, &overheard, &typed).await);
        let mut elsewhere = typed.clone();
        elsewhere.channel = Some(ChannelId::new("C0OTHER001"));
        assert!(!waits(&store, &overheard, &elsewhere).await);
        // Requests of two people keep nobody waiting.
        let other = requests("three", "U0PRIYA001");
        assert!(!waits(&store, &other, &typed).await);
        store.close().await;
    }

    #[tokio::test]
    async fn what_is_said_in_one_channel_is_taken_in_in_its_order() {
        let (_home, store, _) = with_request("1773450840.000100").await;
        let first = overhears("one", "1773450900.000100");
        let ask = Ask::React {
            ts: MessageTs::new("1773450990.000100"),
            name: "white_check_mark".to_owned(),
        };
        let second = gesture("two", "U0PRIYA001", ask);
        assert!(waits(&store, &second, &first).await);
        store.close().await;
    }

    #[tokio::test]
    async fn words_about_a_change_hold_it_as_a_button_does() {
        let (_home, store, number) = with_request("1773450840.000100").await;
        let pressed = gesture("press", "U0RILEY001", Ask::Authorize { change: number });
        // The request's own message; its thread; the only open request there.
        let edited = Ask::NoteDeletion {
            ts: MessageTs::new("1773450840.000100"),
        };
        let edited = gesture("one", "U0DANA0001", edited);
        assert!(waits(&store, &pressed, &edited).await);
        let mut in_thread = overhears("two", "1773450900.000100");
        in_thread.thread = Some(MessageTs::new("1773450840.000100"));
        assert!(waits(&store, &pressed, &in_thread).await);
        let beside = overhears("three", "1773450900.000200");
        assert!(waits(&store, &pressed, &beside).await);
        // A deletion of another message is about nothing known.
        let other = Ask::NoteDeletion {
            ts: MessageTs::new("1773450999.000100"),
        };
        let other = gesture("four", "U0DANA0001", other);
        assert!(!waits(&store, &pressed, &other).await);
        store.close().await;
    }
}
