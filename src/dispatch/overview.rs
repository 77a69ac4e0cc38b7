//! What is rendered about several changes: the Home, which change is meant, the
//! queue of exceptions, the agenda.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Dispatcher;
use crate::domain::authorization::Standing;
use crate::domain::change::{EmergencyChange, Handover};
use crate::domain::id::{ChangeNumber, ChannelId, GroupId, UserId};
use crate::domain::obligation::obligations;
use crate::domain::policy::Party;
use crate::domain::ticket::Repeat;
use crate::gesture::Gesture;
use crate::slack::reach::reach;
use crate::slack::views::chase;
use crate::slack::views::home::{self, Home, Reader};
use crate::slack::views::overview::{self, MOST_LIKELY, Wanted};
use crate::slack::views::reply::Undeclared;
use crate::slack::views::{self, Message, Showing, Typed, Withheld};
use crate::store::{Answered, MOST_OWING, Outcome, Parcel, Snapshot, StoreError};

/// How many undeclared pairs a Home counts.
const UNDECLARED: usize = 20;

impl Dispatcher {
    /// Somebody's Home, as it is now. No private channel's words are on it.
    pub(super) async fn home(
        &self,
        who: &UserId,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError> {
        let store = self.engine.store();
        let owing = store.owing_changes(MOST_OWING).await?;
        let undeclared = store.undeclared(None, UNDECLARED).await?;
        let reader = self.reader(who, &owing).await;
        let places = places_of(&owing);
        let offered = undeclared.iter().map(|(offer, _)| offer.channel.clone());
        let closed = self
            .closed(places.into_iter().chain(offered).collect())
            .await;
        let showing = self.seen_from_outside(&owing, &closed, now);
        let undeclared: Vec<_> = undeclared
            .iter()
            .map(|(offer, words)| Undeclared {
                offer,
                texts: if closed.contains(&offer.channel) {
                    &Withheld
                } else {
                    words
                },
            })
            .collect();
        let rate = if reader.is_full {
            Some(self.recent_rate(now).await?)
        } else {
            None
        };
        Ok(home::home(&Home {
            reader: &reader,
            changes: &showing,
            undeclared: if reader.is_full { &undeclared } else { &[] },
            rate: rate.as_ref().map(|rate| home::Rate {
                week: &rate.week,
                corrected: rate.corrected(&rate.week.window),
                budget: rate.budget.as_ref(),
            }),
            has_policy: self.engine.rules().newest().is_written(),
            now,
        }))
    }

    /// Who reads a Home, by what Slack says of them. Nothing is decided by it.
    async fn reader(&self, who: &UserId, owing: &[Snapshot]) -> Reader {
        let mut is_partial = false;
        let is_full = match self.lookup.known_member(who).await {
            Ok(facts) => facts.standing == Standing::Full,
            Err(error) => {
                tracing::warn!(error = %error, "who reads a Home can't be read");
                is_partial = true;
                false
            }
        };
        let mut groups = BTreeSet::new();
        for group in self.groups_of(owing) {
            match self.lookup.known_group_members(&group).await {
                Ok(members) if members.contains(who) => {
                    groups.insert(group);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "who is in a group can't be read");
                    is_partial = true;
                }
            }
        }
        Reader {
            who: who.clone(),
            groups,
            is_partial,
            is_full,
        }
    }

    /// The groups that owe something to a change.
    fn groups_of(&self, owing: &[Snapshot]) -> BTreeSet<GroupId> {
        owing
            .iter()
            .flat_map(|one| {
                let policy = self.engine.policy_of(&one.change);
                let owed = obligations(&one.change, policy).into_iter();
                let owners = owed
                    .filter(|one| one.met_at.is_none())
                    .filter_map(|one| one.owner);
                owners.chain(one.change.asked.iter().cloned())
            })
            .filter_map(|party| match party {
                Party::Group(group) => Some(group),
                Party::Person(_) => None,
            })
            .collect()
    }

    /// Asks which of the likely changes is meant; nothing where none is likely.
    pub(super) async fn which(
        &self,
        wanted: Wanted,
        question: Option<&str>,
        answered: &Answered,
        now: DateTime<Utc>,
    ) -> Result<Option<Message>, StoreError> {
        let gesture = &answered.gesture;
        let mut likely = self.engine.store().open_changes(MOST_OWING).await?;
        likely.retain(|one| fits(&one.change, wanted));
        let is_own = |one: &Snapshot| views::has_part(&one.change, &gesture.actor);
        let is_here = |one: &Snapshot| Some(&one.change.place.channel) == gesture.channel.as_ref();
        // One's own before others', those of this channel before others, the
        // newest first.
        likely.sort_by_key(|one| Reverse((is_own(one), is_here(one), one.change.number)));
        likely.retain(|one| is_own(one) || is_here(one));
        likely.truncate(MOST_LIKELY);
        if likely.is_empty() {
            return Ok(None);
        }
        let closed = self.closed_to(gesture, places_of(&likely)).await;
        let showing: Vec<_> = likely
            .iter()
            .map(|one| self.seen_by(&gesture.actor, one, &closed, now))
            .collect();
        Ok(Some(overview::which(&showing, wanted, question)))
    }

    /// The exceptions that wait for an answer.
    pub(super) async fn exceptions(
        &self,
        answered: &Answered,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError> {
        let gesture = &answered.gesture;
        let owing = self.owing_in_reach(gesture).await?;
        let closed = self.closed_to(gesture, places_of(&owing)).await;
        let showing: Vec<_> = owing
            .iter()
            .map(|one| self.seen_by(&gesture.actor, one, &closed, now))
            .collect();
        Ok(overview::exceptions(&showing, now))
    }

    /// What the next team meeting has to review. It is read out to many, so no
    /// private channel's words are in it, not even those of the one it is asked in.
    pub(super) async fn agenda(
        &self,
        answered: &Answered,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError> {
        let owing = self.owing_in_reach(&answered.gesture).await?;
        let closed = self.closed(places_of(&owing)).await;
        let repeats = self
            .repeats(
                owing
                    .iter()
                    .filter(|one| overview::is_to_review(&one.change)),
            )
            .await?;
        let showing: Vec<_> = self
            .seen_from_outside(&owing, &closed, now)
            .into_iter()
            .map(|showing| showing.repeating(&repeats))
            .collect();
        Ok(overview::agenda(&showing, now))
    }

    /// What somebody's being away came to.
    pub(super) async fn away(
        &self,
        until: DateTime<Utc>,
        answered: &Answered,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError> {
        let gesture = &answered.gesture;
        let theirs = Some(Party::Person(gesture.actor.clone()));
        let owing = self.engine.store().owing_changes(MOST_OWING).await?;
        let (mut passed, mut stays) = (Vec::new(), Vec::new());
        for one in &owing {
            let change = &one.change;
            for owed in obligations(change, self.engine.policy_of(change)) {
                if owed.met_at.is_some() {
                    continue;
                }
                let handed = change.handed.get(&owed.duty).filter(|handed| {
                    handed.why == Handover::Away && handed.from == theirs && handed.at >= gesture.at
                });
                if let Some(handed) = handed {
                    passed.push((change.number, owed.duty, handed.to.clone()));
                } else if owed.owner == theirs && owed.due_at.is_none_or(|due_at| due_at <= until) {
                    stays.push((change.number, owed.duty));
                }
            }
        }
        Ok(chase::away(until, &passed, &stays, now))
    }

    /// The changes to which something is owed, as far as whoever asks sees.
    async fn owing_in_reach(&self, gesture: &Gesture) -> Result<Vec<Snapshot>, StoreError> {
        let reach = reach(&self.lookup, &gesture.actor).await;
        let mut owing = self.engine.store().owing_changes(MOST_OWING).await?;
        owing.retain(|one| reach.covers(&one.change, &gesture.actor, gesture.channel.as_ref()));
        Ok(owing)
    }

    /// What became of a meeting's review of several changes; what was `typed` about it
    /// comes back where it was refused.
    pub(super) fn reviewed(
        &self,
        parcel: &Parcel,
        answered: &Answered,
        (changes, held_at): (&[ChangeNumber], DateTime<Utc>),
        outcome: &Outcome,
        typed: &[Typed],
        now: DateTime<Utc>,
    ) -> Vec<Message> {
        let showing: Vec<_> = changes
            .iter()
            .filter_map(|number| parcel.changes.get(number))
            .map(|one| views::showing(one, &self.engine, now))
            .collect();
        let refusal = match outcome {
            Outcome::Refused(sentence) => Some(sentence.as_str()),
            Outcome::Done | Outcome::Answered | Outcome::AskedBack { .. } => None,
        };
        let by = &answered.gesture.actor;
        overview::reviewed(&showing, (by, held_at), refusal, typed)
    }

    /// Looks up which earlier emergencies these repeat.
    pub(super) async fn repeats(
        &self,
        of: impl IntoIterator<Item = &Snapshot>,
    ) -> Result<BTreeMap<ChangeNumber, Repeat>, StoreError> {
        let numbers: Vec<_> = of.into_iter().map(|one| one.change.number).collect();
        self.engine.store().repeats(numbers).await
    }

    /// Shows changes to anybody: those of closed places without their words.
    pub(super) fn seen_from_outside<'a>(
        &'a self,
        snapshots: &'a [Snapshot],
        closed: &BTreeSet<ChannelId>,
        now: DateTime<Utc>,
    ) -> Vec<Showing<'a>> {
        snapshots
            .iter()
            .map(|one| {
                let showing = views::showing(one, &self.engine, now);
                if closed.contains(&one.change.place.channel) {
                    showing.seen_from_outside()
                } else {
                    showing
                }
            })
            .collect()
    }
}

/// Whether that can be wanted of a change.
fn fits(change: &EmergencyChange, wanted: Wanted) -> bool {
    match wanted {
        Wanted::Status | Wanted::Document => true,
        Wanted::Deployed(_) => change.is_before_deployment(),
    }
}

pub(super) fn places_of(snapshots: &[Snapshot]) -> BTreeSet<ChannelId> {
    snapshots
        .iter()
        .map(|one| one.change.place.channel.clone())
        .collect()
}
