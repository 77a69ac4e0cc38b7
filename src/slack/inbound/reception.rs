//! What stands behind both doors: read, keep, acknowledge.
//!
//! Nothing is looked up before the acknowledgement. A modal is opened right
//! after it, because its trigger lives for three seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use slack_morphism::prelude::SlackView;

use super::{Matter, OpenModal, Read, proposal, read};
use crate::clock::Clock;
use crate::domain::change::Source;
use crate::domain::deployment::Explanation;
use crate::domain::id::UserId;
use crate::domain::policy::Party;
use crate::domain::text::Salt;
use crate::domain::ticket::Field;
use crate::engine::{Engine, draw_salt};
use crate::gesture::{Ask, Gesture, Heard};
use crate::slack::client::SlackClient;
use crate::slack::control::Modal;
use crate::slack::lookup::Lookup;
use crate::slack::readers;
use crate::slack::views::modal::NamedGroup;
use crate::slack::views::{self, modal, overview};
use crate::slack::{Answer, Delivery, Receive};
use crate::store::{Arrival, MOST_OWING, Snapshot, StoreError};

/// How long the names of groups may take, of the trigger's three seconds.
const NAMES_WITHIN: Duration = Duration::from_secs(1);

/// How many open changes are looked through for the person's own.
const LIKELY: usize = 50;

/// What somebody gets who wants a modal.
enum Wanted {
    /// The modal.
    View(Box<SlackView>),
    /// Something to read, where no modal fits.
    Instead(Box<Ask>),
}

impl Wanted {
    fn view(view: SlackView) -> Self {
        Self::View(Box::new(view))
    }

    fn instead(ask: Ask) -> Self {
        Self::Instead(Box::new(ask))
    }
}

/// Takes in what Slack delivers.
#[derive(Debug, Clone)]
pub struct Reception {
    /// Where gestures are kept.
    pub engine: Engine,
    /// Opens modals.
    pub client: SlackClient,
    /// Names the groups in them.
    pub lookup: Lookup,
    /// Says when a gesture reached us.
    pub clock: Clock,
    /// Woken when there is something to answer.
    pub wake: Arc<Notify>,
    /// Counts the modals that are being opened.
    pub openings: Openings,
}

/// How many modals are being opened: until they are, the bot hasn't settled.
#[derive(Debug, Clone, Default)]
pub struct Openings(Arc<AtomicUsize>);

impl Openings {
    /// Whether none is.
    pub fn none(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    fn begin(&self) -> Opening {
        self.0.fetch_add(1, Ordering::AcqRel);
        Opening(self.clone())
    }
}

/// One modal that is being opened, for as long as it is.
struct Opening(Openings);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Reception {
    /// Returns the reception as the doors call it.
    pub fn receive(self) -> Receive {
        let reception = Arc::new(self);
        Arc::new(move |delivery| {
            let reception = Arc::clone(&reception);
            Box::pin(async move { reception.take(delivery).await })
        })
    }

    async fn take(&self, delivery: Delivery) -> Answer {
        let now = self.clock.now();
        let mut out_of_salt = false;
        let mut salt = || {
            draw_salt().unwrap_or_else(|_| {
                out_of_salt = true;
                Salt([0; 32])
            })
        };
        let emoji = &self.engine.rules().newest().emoji;
        let reading = read(&delivery, emoji, now, &mut salt);
        if out_of_salt {
            tracing::error!("the system gives no random bytes; nothing can be kept");
            return Answer::NotKept;
        }
        match reading {
            Read::Heard(heard) => self.keep(heard, now).await,
            // Kept once more when it comes again, if the second isn't kept now.
            Read::Both(both) => {
                let (first, second) = *both;
                match self.keep(first, now).await {
                    Answer::NotKept => Answer::NotKept,
                    Answer::Acknowledged | Answer::With(_) => self.keep(second, now).await,
                }
            }
            Read::Open(open) => {
                let reception = self.clone();
                let opening = self.openings.begin();
                tokio::spawn(async move {
                    reception.open(open).await;
                    drop(opening);
                    reception.wake.notify_one();
                });
                Answer::Acknowledged
            }
            Read::Invalid(errors) => Answer::With(errors),
            Read::Ignored(reason) => {
                tracing::debug!(reason, "ignored");
                Answer::Acknowledged
            }
            Read::Broken(reason) => {
                tracing::warn!(kind = ?delivery.kind, reason, "a delivery can't be read");
                Answer::Acknowledged
            }
        }
    }

    /// Keeps a gesture, unless it is about a message that is none of ours.
    async fn keep(&self, heard: Heard, now: DateTime<Utc>) -> Answer {
        match self.concerns_a_record(&heard.gesture).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::debug!("a message of no record changed");
                return Answer::Acknowledged;
            }
            Err(error) => {
                tracing::error!(error = %error, "it can't be seen whether a message is on record");
                return Answer::NotKept;
            }
        }
        match self.engine.hear(heard, now).await {
            Ok(Arrival::New) => {
                self.wake.notify_one();
                Answer::Acknowledged
            }
            Ok(Arrival::Known) => Answer::Acknowledged,
            Err(error) => {
                tracing::error!(error = %error, "a gesture can't be kept");
                Answer::NotKept
            }
        }
    }

    /// Whether what happened to a message happened to one on record, or to one that
    /// may be in a moment, because something of its channel still waits to be
    /// answered. Of others nothing is kept, not even that they were edited.
    async fn concerns_a_record(&self, gesture: &Gesture) -> Result<bool, StoreError> {
        let store = self.engine.store();
        let Some(channel) = gesture.channel.clone() else {
            return Ok(true);
        };
        match &gesture.ask {
            Ask::NoteEdit { ts, .. } | Ask::NoteDeletion { ts } => {
                Ok(store.captured(channel.clone(), ts.clone()).await?.is_some()
                    || store.awaits(channel).await?)
            }
            // What is shared in other threads is nobody's evidence.
            Ask::Attach { .. } => {
                let Some(thread) = gesture.thread.clone() else {
                    return Ok(false);
                };
                let card = store.card_at(channel.clone(), thread.clone()).await?;
                Ok(card.is_some() || store.captured(channel, thread).await?.is_some())
            }
            Ask::Unreact { ts, .. } => {
                let known = store.emoji_on(channel.clone(), ts.clone()).await?;
                Ok(known.is_some() || store.awaits(channel).await?)
            }
            _ => Ok(true),
        }
    }

    /// Opens a modal. If it is too late for that, a second tap does it.
    async fn open(&self, open: OpenModal) {
        let view = match self.view(&open).await {
            Ok(view) => view,
            Err(error) => {
                tracing::error!(error = %error, "a change can't be read for its modal");
                return;
            }
        };
        match view {
            Wanted::View(view) => {
                let opened = if open.on_top {
                    self.client.push_view(&open.trigger_id, *view).await
                } else {
                    self.client.open_view(&open.trigger_id, *view).await
                };
                if let Err(error) = opened {
                    tracing::warn!(error = %error, "a modal could not be opened");
                }
            }
            Wanted::Instead(ask) => self.ask_instead(&open, *ask).await,
        }
    }

    async fn view(&self, open: &OpenModal) -> Result<Wanted, StoreError> {
        match open.which {
            Modal::Declare => {
                let groups = self.groups().await;
                let form = modal::declare(&open.prefill, &groups, open.opened_from());
                return Ok(Wanted::view(form));
            }
            Modal::Record => return self.record(open).await,
            Modal::RecordMeeting => return self.meeting(open).await,
            Modal::ExplainNormal => return self.explanation(open).await,
            Modal::Document
            | Modal::MoreFields
            | Modal::Approve
            | Modal::Review
            | Modal::ReviewGenuineness
            | Modal::PermanentFix
            | Modal::Delegate
            | Modal::Away
            | Modal::AddFollowUp
            | Modal::FinishFollowUp
            | Modal::Reject
            | Modal::Remediate
            | Modal::AnswerExceptions
            | Modal::AskSomeoneElse
            | Modal::Attest
            | Modal::CorrectDeployment
            | Modal::StateReason
            | Modal::Redact => {}
        }
        match self.subject(open).await? {
            Some(subject) => self.view_about(open, subject).await,
            // Which change is meant isn't clear: the person is shown theirs.
            None => Ok(Wanted::instead(match open.change {
                Some(_) => Ask::Status {
                    change: open.change,
                },
                None => Ask::WhichToDocument,
            })),
        }
    }

    /// The form about one change.
    async fn view_about(&self, open: &OpenModal, subject: Snapshot) -> Result<Wanted, StoreError> {
        let from = open.opened_from();
        // Only whoever may remove words is shown all of them. To others the rule
        // itself answers.
        if open.which == Modal::Redact && !self.administers(&open.actor).await {
            return Ok(Wanted::instead(Ask::Redact {
                change: subject.change.number,
                texts: Vec::new(),
                reason: None,
            }));
        }
        let groups = if open.which == Modal::AskSomeoneElse {
            self.groups().await
        } else {
            Vec::new()
        };
        // Slack is asked before the showing borrows words.
        let card = match open.which {
            Modal::Document => self.card_address(&subject).await,
            _ => None,
        };
        let repeats = match open.which {
            Modal::Approve | Modal::ReviewGenuineness => {
                let store = self.engine.store();
                store.repeats(vec![subject.change.number]).await?
            }
            _ => BTreeMap::new(),
        };
        let mut showing =
            views::showing(&subject, &self.engine, self.clock.now()).repeating(&repeats);
        let status = || {
            Wanted::instead(Ask::Status {
                change: Some(subject.change.number),
            })
        };
        // Words that were said in private stay there: what is about them says so in
        // their place, and what is made of them isn't opened.
        if open.which != Modal::Redact && !self.may_read(open, &subject).await {
            if is_made_of_words(open.which) {
                return Ok(status());
            }
            showing = showing.seen_from_outside();
        }
        Ok(match open.which {
            Modal::Document => Wanted::view(modal::document(&showing, card.as_deref(), from)),
            Modal::MoreFields => Wanted::view(modal::more_fields(&showing, from)),
            Modal::Approve => match open.matter {
                Matter::Content(seen) => Wanted::view(modal::approve(&showing, seen, from)),
                Matter::Whole
                | Matter::Review(..)
                | Matter::FollowUp(_)
                | Matter::Question(_)
                | Matter::Duty(_) => status(),
            },
            Modal::Review => match open.matter {
                Matter::Review(review, seen) => {
                    Wanted::view(modal::review(&showing, review, seen, from))
                }
                Matter::Whole
                | Matter::Content(_)
                | Matter::FollowUp(_)
                | Matter::Question(_)
                | Matter::Duty(_) => status(),
            },
            Modal::FinishFollowUp => match open.matter {
                Matter::FollowUp(n) => Wanted::view(modal::finish_follow_up(&showing, n, from)),
                Matter::Whole
                | Matter::Content(_)
                | Matter::Review(..)
                | Matter::Question(_)
                | Matter::Duty(_) => status(),
            },
            Modal::ReviewGenuineness => Wanted::view(modal::review_genuineness(&showing, from)),
            Modal::PermanentFix => Wanted::view(modal::permanent_fix(&showing, from)),
            Modal::Delegate => match open.matter {
                Matter::Duty(duty) => Wanted::view(modal::delegate(&showing, duty, from)),
                Matter::Whole
                | Matter::Content(_)
                | Matter::Review(..)
                | Matter::Question(_)
                | Matter::FollowUp(_) => status(),
            },
            Modal::Away => Wanted::view(modal::away(&showing, from)),
            Modal::AddFollowUp => Wanted::view(modal::add_follow_up(&showing, from)),
            Modal::Reject => Wanted::view(modal::reject(&showing, from)),
            Modal::Remediate => Wanted::view(modal::remediate(&showing, from)),
            Modal::AnswerExceptions => Wanted::view(modal::answer_exceptions(&showing, from)),
            Modal::AskSomeoneElse => Wanted::view(modal::ask_someone_else(&showing, &groups, from)),
            Modal::Attest => Wanted::view(modal::attest(&showing, from)),
            Modal::Redact => Wanted::view(modal::redact(&showing, from)),
            Modal::StateReason => Wanted::view(modal::state_reason(&showing, from)),
            Modal::CorrectDeployment => {
                let first = subject.change.deployments.first();
                match open.deployed_at.or_else(|| Some(first?.at)) {
                    Some(at) => Wanted::view(modal::correct_deployment(&showing, at, from)),
                    None => status(),
                }
            }
            Modal::Declare | Modal::Record | Modal::RecordMeeting | Modal::ExplainNormal => {
                Wanted::instead(Ask::Help)
            }
        })
    }

    /// Whether somebody may read the change that they open a modal about, as far as
    /// Slack says so while the trigger lives.
    async fn may_read(&self, open: &OpenModal, subject: &Snapshot) -> bool {
        let change = &subject.change;
        let policy = self.engine.policy_of(change);
        let here = open.channel.as_ref();
        let read = readers::may_read(&self.lookup, change, policy, &open.actor, here);
        tokio::time::timeout(NAMES_WITHIN, read)
            .await
            .unwrap_or_else(|_| {
                tracing::warn!("who may read a change can't be read in time");
                false
            })
    }

    /// The form about a team meeting, with what it has to review. Where that is
    /// nothing, the agenda says so.
    async fn meeting(&self, open: &OpenModal) -> Result<Wanted, StoreError> {
        let owing = self.engine.store().owing_changes(MOST_OWING).await?;
        let now = self.clock.now();
        let mut showing = Vec::new();
        for snapshot in owing
            .iter()
            .filter(|one| overview::is_to_review(&one.change))
        {
            let one = views::showing(snapshot, &self.engine, now);
            showing.push(if self.may_read(open, snapshot).await {
                one
            } else {
                one.seen_from_outside()
            });
        }
        let form = modal::record_meeting(&showing, open.opened_from(), now);
        Ok(form.map_or_else(|| Wanted::instead(Ask::Agenda), Wanted::view))
    }

    /// The form of what shows that a change was a normal one. What was answered
    /// meanwhile is answered by the rule itself.
    async fn explanation(&self, open: &OpenModal) -> Result<Wanted, StoreError> {
        let Matter::Question(id) = open.matter else {
            return Ok(Wanted::instead(Ask::Help));
        };
        let question = self.engine.store().question(id).await?;
        Ok(match question.filter(|question| question.stands) {
            Some(question) => {
                let question = readers::question_for(&self.lookup, question, &open.actor).await;
                Wanted::view(modal::explain_normal(&question, open.opened_from()))
            }
            None => Wanted::instead(Ask::Explain {
                question: id,
                answer: Explanation::Normal,
                proof: None,
                second: None,
            }),
        })
    }

    /// The form about a message, with the other half that the bot finds. What is
    /// on record already is shown.
    async fn record(&self, open: &OpenModal) -> Result<Wanted, StoreError> {
        let (Some(channel), Some(message)) = (&open.channel, &open.message) else {
            return Ok(Wanted::instead(Ask::Help));
        };
        let store = self.engine.store();
        let mut known = store.captured(channel.clone(), message.ts.clone()).await?;
        // A card, or what the bot said under one, is about a change, too.
        for ts in [Some(&message.ts), message.thread.as_ref()] {
            if let (None, true, Some(ts)) = (known, message.bot, ts) {
                known = store.card_at(channel.clone(), ts.clone()).await?;
            }
        }
        if known.is_some() {
            return Ok(Wanted::instead(Ask::Status { change: known }));
        }
        let proposal = proposal::about(&self.lookup, channel, message).await;
        let now = self.clock.now();
        Ok(Wanted::view(modal::record(
            &proposal,
            now,
            open.opened_from(),
        )))
    }

    /// The address of a change's card, where it stands in an incident channel and
    /// the ticket doesn't say yet which incident it was or when that began. The
    /// trigger dies in three seconds: a
    /// form without it beats none.
    async fn card_address(&self, subject: &Snapshot) -> Option<String> {
        let change = &subject.change;
        let is_known = |field| change.fields.contains_key(field);
        if [Field::IncidentLink, Field::IncidentBeganAt]
            .iter()
            .all(is_known)
        {
            return None;
        }
        let looked_up = async {
            let facts = self
                .lookup
                .known_channel(&change.place.channel)
                .await
                .ok()?;
            let policy = self.engine.policy_of(change);
            if !policy.is_incident_channel(&facts.name?) {
                return None;
            }
            let (channel, ts) = self.engine.store().card(change.number).await.ok()??;
            let address = self.lookup.permalink(&channel, &ts).await.ok()??;
            Some(address.as_str().to_owned())
        };
        tokio::time::timeout(NAMES_WITHIN, looked_up).await.ok()?
    }

    /// Returns the change that a modal is about: the one named, else the one
    /// that the person owes a ticket to, if there is just one.
    async fn subject(&self, open: &OpenModal) -> Result<Option<Snapshot>, StoreError> {
        let store = self.engine.store();
        if let Some(number) = open.change {
            return store.change(number).await;
        }
        let mut own = store.open_changes(LIKELY).await?;
        own.retain(|one| {
            one.change.requester == open.actor
                || one.change.implementers().any(|who| *who == open.actor)
        });
        Ok(if own.len() == 1 { own.pop() } else { None })
    }

    /// Whether the policy in force names somebody an administrator, as far as Slack
    /// says so while the trigger lives.
    async fn administers(&self, who: &UserId) -> bool {
        let named = &self.engine.rules().newest().administrators;
        if named.contains(&Party::Person(who.clone())) {
            return true;
        }
        for party in named {
            let Party::Group(group) = party else {
                continue;
            };
            let asked = tokio::time::timeout(NAMES_WITHIN, self.lookup.group_members(group)).await;
            match asked {
                Ok(Ok(members)) if members.contains(who) => return true,
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!("who is an administrator can't be read");
                }
            }
        }
        false
    }

    /// Answers with something to read where no modal can be opened.
    async fn ask_instead(&self, open: &OpenModal, ask: Ask) {
        let now = self.clock.now();
        let gesture = Gesture {
            key: format!("instead:{}", open.trigger_id),
            actor: open.actor.clone(),
            at: now,
            source: Source::Receipt,
            channel: open.channel.clone(),
            thread: open.thread.clone(),
            response_url: open.response_url.clone(),
            ask,
        };
        let heard = Heard {
            gesture,
            texts: Vec::new(),
        };
        match self.engine.hear(heard, now).await {
            Ok(_) => self.wake.notify_one(),
            Err(error) => tracing::error!(error = %error, "a gesture can't be kept"),
        }
    }

    /// The groups that may be asked, by name. The trigger dies in three seconds:
    /// a form without groups, in which a person can be chosen, beats none.
    async fn groups(&self) -> Vec<NamedGroup> {
        let wanted = self.engine.asked_groups();
        if wanted.is_empty() {
            return Vec::new();
        }
        let asked = tokio::time::timeout(NAMES_WITHIN, self.lookup.group_handles(&wanted)).await;
        let Ok(Ok(handles)) = asked else {
            tracing::warn!("the groups' names can't be read; the form offers people only");
            return Vec::new();
        };
        handles
            .into_iter()
            .map(|(id, name)| NamedGroup { id, name })
            .collect()
    }
}

/// Whether a modal holds the words of the ticket, or asks for a word on them.
const fn is_made_of_words(which: Modal) -> bool {
    match which {
        Modal::Document
        | Modal::MoreFields
        | Modal::Approve
        | Modal::Review
        | Modal::Reject
        | Modal::Redact => true,
        Modal::Declare
        | Modal::Record
        | Modal::RecordMeeting
        | Modal::ReviewGenuineness
        | Modal::PermanentFix
        | Modal::Delegate
        | Modal::Away
        | Modal::AddFollowUp
        | Modal::FinishFollowUp
        | Modal::Remediate
        | Modal::AnswerExceptions
        | Modal::AskSomeoneElse
        | Modal::Attest
        | Modal::CorrectDeployment
        | Modal::ExplainNormal
        | Modal::StateReason => false,
    }
}
