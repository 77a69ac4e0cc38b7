//! What a message says, rendered from the state of the moment.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{Dispatcher, Rendered, closed_offer};
use crate::domain::change::{Actor, EmergencyChange, Event, Recorded, Refusal};
use crate::domain::id::{ChangeNumber, ChannelId, UserId};
use crate::domain::obligation::{Duty, Rung, obligations};
use crate::domain::offer::{Offer, OfferStage};
use crate::domain::policy::Party;
use crate::domain::text::Commitment;
use crate::domain::ticket::Repeat;
use crate::gesture::{Ask, Gesture, Which};
use crate::slack::reach::reach;
use crate::slack::readers;
use crate::slack::views::overview::Wanted;
use crate::slack::views::{self, Message, Showing, card, direct, ledger, note};
use crate::slack::views::{offer, question, reply, shut};
use crate::store::{
    Answered, Kind, MOST_OWING, Offered, OffersOf, Outcome, Parcel, Snapshot, StoreError,
};

/// From how many changes of an incident sections are offered.
const SIBLINGS: usize = 3;

impl Dispatcher {
    /// Renders a parcel from the state of the moment; nothing if there is
    /// nothing left to say.
    pub(super) async fn render(
        &self,
        parcel: &Parcel,
        now: DateTime<Utc>,
    ) -> Result<Option<Rendered>, StoreError> {
        let Some(leader) = parcel.owed.first() else {
            return Ok(None);
        };
        let of = |number| parcel.changes.get(number);
        let show = |snapshot| views::showing(snapshot, &self.engine, now);
        let mut rest = Vec::new();
        let message = match &leader.kind {
            Kind::Card { change } => of(change).map(|snapshot| {
                let aside = leader
                    .stands
                    .as_ref()
                    .is_some_and(|(channel, _)| *channel != snapshot.change.place.channel);
                if aside {
                    card::card_aside(&show(snapshot))
                } else {
                    card::card(&show(snapshot))
                }
            }),
            Kind::Note { change, version } => of(change).and_then(|snapshot| {
                let recorded = event_at(snapshot, *version)?;
                note::note(&show(snapshot), recorded)
            }),
            Kind::Told { person, .. } => self.news(parcel, person, now).await,
            Kind::Reminder { .. } => {
                let repeats = self.repeats(decided_on(parcel)).await?;
                self.reminder(parcel, leader.stands.is_some(), &repeats, now)
            }
            Kind::Ledger { change } => {
                of(change).map(|one| ledger::ledger(&show(one), leader.stands.is_none()))
            }
            Kind::Reply { .. } => match &parcel.answer {
                Some(answered) => {
                    let mut said = self.reply(answered, parcel, now).await?.into_iter();
                    let first = said.next();
                    rest.extend(said);
                    first
                }
                None => None,
            },
            Kind::Home { person } => Some(self.home(person, now).await?),
            Kind::Report { part, .. } => match &parcel.report {
                Some(reported) => self.report(reported, *part, now).await?,
                None => None,
            },
            Kind::Question { person, .. } => {
                let stands = leader.stands.is_some();
                self.asked_about(parcel, person, stands).await
            }
            // Where it was opened again meanwhile, there is nothing to tell.
            Kind::Shut { channel, .. } => {
                let since = parcel.shut.as_ref();
                since.map(|since| shut::shut(channel, since))
            }
            Kind::Offer { again, .. } => parcel
                .offer
                .as_ref()
                .and_then(|offered| offer_as_it_is(offered, *again, leader.stands.is_some())),
        };
        let message = message.or_else(|| {
            let change = change_of(&leader.kind).filter(|_| leader.stands.is_some())?;
            let snapshot = parcel.changes.get(&change)?;
            let is_redacted = !snapshot.change.redactions.is_empty();
            is_redacted.then(|| note::moot(&show(snapshot)))
        });
        let message = match message {
            Some(message) => Some(self.sealed(message, parcel, now).await?),
            None => None,
        };
        let versions = parcel.changes.values().map(|one| one.change.version);
        Ok(message.map(|message| Rendered {
            message,
            rest,
            showed: versions.max().unwrap_or_default(),
        }))
    }

    /// One message for all the news that a person gets at once.
    async fn news(&self, parcel: &Parcel, person: &UserId, now: DateTime<Utc>) -> Option<Message> {
        let mut told = Vec::new();
        for owed in &parcel.owed {
            let Kind::Told {
                change, version, ..
            } = &owed.kind
            else {
                continue;
            };
            let found = parcel.changes.get(change);
            let event = found.and_then(|one| Some((one, event_at(one, *version)?)));
            if let Some((snapshot, recorded)) = event {
                let showing = self.shown_to(person, None, snapshot, now).await;
                told.extend(direct::told(&showing, recorded, person));
            }
        }
        views::joined(told)
    }

    /// One message for everything that a person is reminded of. A new one
    /// leaves out what has been done meanwhile.
    fn reminder(
        &self,
        parcel: &Parcel,
        stands: bool,
        repeats: &BTreeMap<ChangeNumber, Repeat>,
        now: DateTime<Utc>,
    ) -> Option<Message> {
        let mut due = Vec::new();
        for owed in &parcel.owed {
            let Kind::Reminder {
                change,
                person,
                duty,
                due_at,
                rung,
                round: _,
            } = &owed.kind
            else {
                continue;
            };
            let snapshot = parcel.changes.get(change)?;
            let owner = Party::Person(person.clone());
            let policy = self.engine.policy_of(&snapshot.change);
            // The request itself goes to everybody who is asked and can't see the
            // card; whoever of a group it went to was asked, too.
            let is_asked = *duty == Duty::AnswerRequest
                && (*rung == Rung::Opening || snapshot.change.asked.contains(&owner));
            let open = obligations(&snapshot.change, policy).iter().any(|one| {
                one.duty == *duty
                    && one.met_at.is_none()
                    && (is_asked || one.owner.as_ref() == Some(&owner))
            });
            if open || stands {
                // Who wasn't reached for a while is owed several rungs of one
                // ladder: the highest says it all, and Slack takes no block twice.
                due.retain(|earlier: &direct::Due<'_>| {
                    earlier.showing.change.number != *change || earlier.duty != *duty
                });
                due.push(direct::Due {
                    showing: views::showing(snapshot, &self.engine, now).repeating(repeats),
                    duty: *duty,
                    owner: person,
                    due_at: *due_at,
                    rung: *rung,
                    open,
                });
            }
        }
        (!due.is_empty()).then(|| direct::reminder(&due, now))
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each thing that is answered; the compiler sees that none is missing"
    )]
    async fn reply(
        &self,
        answered: &Answered,
        parcel: &Parcel,
        now: DateTime<Utc>,
    ) -> Result<Vec<Message>, StoreError> {
        if let Some(beyond) = self.beyond_reach(answered, parcel).await {
            return Ok(beyond);
        }
        let about = answered.change.and_then(|one| parcel.changes.get(&one));
        let repeats = self.repeats(about).await?;
        let shown = self.shown_of(about, answered, now).await;
        let shown = shown.map(|showing| showing.repeating(&repeats));
        let newest = self.engine.rules().newest();
        let policy = shown.as_ref().map_or(newest, |showing| showing.policy);
        let typed = views::typed(&answered.gesture, &answered.words, policy);
        let mut rest = Vec::new();
        let mut first_of = |said: Vec<Message>| {
            let mut said = said.into_iter();
            let first = said.next();
            rest.extend(said);
            first
        };
        let main = match (&answered.outcome, &answered.gesture.ask) {
            (
                outcome,
                Ask::RecordMeeting {
                    changes, held_at, ..
                },
            ) => {
                let meeting = (changes.as_slice(), *held_at);
                first_of(self.reviewed(parcel, answered, meeting, outcome, &typed, now))
            }
            (Outcome::Refused(sentence), _) => first_of(match &shown {
                Some(showing) => reply::refused_about(sentence, &typed, showing),
                None => reply::refused(sentence, &typed),
            }),
            (Outcome::AskedBack { at, sentence }, _) if answered.change.is_none() => {
                let wanted = Wanted::Deployed(*at);
                match self.which(wanted, Some(sentence), answered, now).await? {
                    Some(asked) => Some(asked),
                    None => first_of(reply::refused(sentence, &typed)),
                }
            }
            (Outcome::AskedBack { at, sentence }, _) => {
                let by = deployer(&answered.gesture, about);
                Some(reply::asked_back(sentence, answered.change, *at, by))
            }
            (Outcome::Done, Ask::Document { sections, .. }) => shown.as_ref().map(|showing| {
                let written: Vec<_> = sections.iter().map(|(field, _)| *field).collect();
                reply::saved(showing, &written)
            }),
            // It stands there, and what else can be taken over comes with it.
            (Outcome::Done, Ask::TakeOver { .. }) => shown.as_ref().map(reply::status),
            (Outcome::Done, Ask::Redact { reason, .. }) => match about {
                Some(snapshot) => Some(self.redacted(snapshot, *reason, now).await),
                None => None,
            },
            (Outcome::Done, Ask::ListNormal { .. }) => Some(reply::listed_normal(&typed)),
            (Outcome::Done, ask) => about.filter(|_| states_a_time(ask)).and_then(|snapshot| {
                let at = deployed_by(&answered.gesture, snapshot)?;
                Some(reply::deployed_at(shown.as_ref()?, at))
            }),
            (Outcome::Answered, Ask::Status { change }) => match (&shown, change) {
                (Some(showing), _) => first_of(reply::status_in_full(showing)),
                (None, Some(number)) => {
                    let sentence = Refusal::NoSuchChange(*number).to_string();
                    first_of(reply::refused(&sentence, &[]))
                }
                (None, None) => Some(
                    match self.which(Wanted::Status, None, answered, now).await? {
                        Some(likely) => likely,
                        None => self.list(Which::Open, answered, now).await?,
                    },
                ),
            },
            (Outcome::Answered, Ask::WhichToDocument) => Some(
                match self.which(Wanted::Document, None, answered, now).await? {
                    Some(likely) => likely,
                    None => self.list(Which::Mine, answered, now).await?,
                },
            ),
            (Outcome::Answered, Ask::SayAway { until }) => {
                Some(self.away(*until, answered, now).await?)
            }
            (Outcome::Answered, Ask::Exceptions) => Some(self.exceptions(answered, now).await?),
            (Outcome::Answered, Ask::Agenda) => Some(self.agenda(answered, now).await?),
            (Outcome::Answered, Ask::Rate { window }) => {
                Some(self.rate(*window, answered, now).await?)
            }
            (Outcome::Answered, Ask::Evidence { change, period }) => {
                let store = self.engine.store();
                let order = store.pack_of(answered.gesture.key.clone()).await?;
                let zone = self.engine.rules().house();
                let today = answered.gesture.at.with_timezone(&zone).date_naive();
                let says_what = change.is_some() || period.is_some();
                Some(match order {
                    Some(order) => reply::pack(&order),
                    None if says_what => reply::pack_under_way(),
                    None => reply::which_pack(today),
                })
            }
            (Outcome::Answered, Ask::List { which }) => {
                Some(self.list(*which, answered, now).await?)
            }
            (Outcome::Answered, Ask::Unsure { meant, typed }) => {
                let kept = typed.and_then(|text| answered.words.get(&text)?.as_deref());
                Some(reply::unsure(meant, kept))
            }
            (Outcome::Answered, Ask::NotYet { word }) => Some(reply::not_yet(word)),
            // What was asked for is on record already.
            (Outcome::Answered, _) => Some(shown.as_ref().map_or_else(reply::help, reply::status)),
        };
        let siblings = match &shown {
            Some(showing) => self.siblings(showing, answered).await?,
            None => None,
        };
        let main = main.map(|main| match siblings {
            Some(siblings) => views::both(main, siblings),
            None => main,
        });
        let beside = self.said_beside(answered, parcel, now).await;
        let first = views::joined(main.into_iter().chain(beside));
        Ok(first.into_iter().chain(rest).collect())
    }

    /// What an answer says beside its matter: who was asked in vain, that an
    /// offer is closed, that there is a change much like this one.
    async fn said_beside(
        &self,
        answered: &Answered,
        parcel: &Parcel,
        now: DateTime<Utc>,
    ) -> Vec<Message> {
        let about = answered.change.and_then(|one| parcel.changes.get(&one));
        let in_vain = about
            .filter(|_| answered.outcome == Outcome::Done)
            .and_then(|snapshot| {
                let people = answered.gesture.asked_in_vain(first_asked(snapshot)?);
                reply::asked_in_vain(&snapshot.change, &people)
            });
        let closed = closed_offer(parcel).map(|one| offer::offer_closed(&one.offer));
        let new = about.filter(|new| new.change.duplicate_of.is_none());
        let new = self.shown_of(new, answered, now).await;
        let twin = answered.twin.and_then(|twin| parcel.changes.get(&twin));
        let twin = self.shown_of(twin, answered, now).await;
        let twin = new.zip(twin).map(|(new, twin)| reply::twin(&new, &twin));
        in_vain.into_iter().chain(closed).chain(twin).collect()
    }

    /// What a redaction took out, and where it may still stand.
    async fn redacted(
        &self,
        snapshot: &Snapshot,
        reason: Option<Commitment>,
        now: DateTime<Utc>,
    ) -> Message {
        let redactions = &snapshot.change.redactions;
        let texts: Vec<Commitment> = redactions
            .iter()
            .filter(|(_, one)| Some(one.reason) == reason)
            .map(|(text, _)| *text)
            .collect();
        let copies = self.engine.store().copies_holding(texts.clone()).await;
        let showing = views::showing(snapshot, &self.engine, now);
        reply::redacted(&showing, &texts, &copies)
    }

    /// What can be taken over from other changes of the incident whose words may
    /// be read here.
    async fn siblings(
        &self,
        showing: &Showing<'_>,
        answered: &Answered,
    ) -> Result<Option<Message>, StoreError> {
        let shows_status = match (&answered.outcome, &answered.gesture.ask) {
            (Outcome::Answered, Ask::Status { .. }) | (Outcome::Done, Ask::TakeOver { .. }) => true,
            (
                Outcome::Answered | Outcome::Done | Outcome::Refused(_) | Outcome::AskedBack { .. },
                _,
            ) => false,
        };
        let change = showing.change;
        if !shows_status || showing.is_withheld() || change.is_over() {
            return Ok(None);
        }
        let store = self.engine.store();
        let found = store.siblings(change.number, SIBLINGS).await?;
        // What is taken over is read by whoever reads this one, so it isn't taken
        // out of another private channel, wherever somebody asks for it.
        let here = &change.place.channel;
        let places = found
            .iter()
            .map(|one| one.change.place.channel.clone())
            .filter(|place| place != here)
            .collect();
        let closed = self.closed(places).await;
        let open: Vec<_> = found
            .iter()
            .map(|one| &one.change)
            .filter(|change| !closed.contains(&change.place.channel))
            .collect();
        Ok(reply::siblings(showing, &open))
    }

    /// Says that a change isn't shown, to somebody who asks for it where they may
    /// not see it.
    async fn beyond_reach(&self, answered: &Answered, parcel: &Parcel) -> Option<Vec<Message>> {
        let gesture = &answered.gesture;
        let asks = matches!(
            (&answered.outcome, &gesture.ask),
            (Outcome::Answered, Ask::Status { .. })
        );
        let about = parcel.changes.get(&answered.change.filter(|_| asks)?)?;
        let reach = reach(&self.lookup, &gesture.actor).await;
        let here = gesture.channel.as_ref();
        let number = about.change.number;
        (!reach.covers(&about.change, &gesture.actor, here))
            .then(|| reply::refused(&reach.says_no(number), &[]))
    }

    async fn list(
        &self,
        which: Which,
        answered: &Answered,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError> {
        let gesture = &answered.gesture;
        let reader = &gesture.actor;
        let reach = reach(&self.lookup, reader).await;
        let store = self.engine.store();
        let (who, here) = (reader.clone(), gesture.channel.clone());
        let is_wanted = move |change: &EmergencyChange| {
            reach.covers(change, &who, here.as_ref())
                && (which != Which::Mine || views::has_part(change, &who))
        };
        let mut listed = match which {
            Which::Open | Which::Mine => store.open_changes_that(is_wanted, MOST_OWING).await?,
            // What is chased on after the closing can be overdue, too.
            Which::Overdue => {
                let mut owing = store.owing_changes(MOST_OWING).await?;
                owing.retain(|one| is_wanted(&one.change));
                owing
            }
        };
        listed
            .retain(|one| views::is_listed(&views::showing(one, &self.engine, now), which, reader));
        if which == Which::Overdue {
            listed.sort_by_key(|one| views::overdue_since(&views::showing(one, &self.engine, now)));
        }
        let mine = |here| OffersOf {
            who: reader.clone(),
            here,
        };
        let undeclared = match which {
            Which::Open if reach.is_full() => store.undeclared(None, MOST_OWING).await?,
            Which::Open => {
                let seen = mine(gesture.channel.clone());
                store.undeclared(Some(seen), MOST_OWING).await?
            }
            // No deadline runs for what isn't on record.
            Which::Overdue => Vec::new(),
            Which::Mine => store.undeclared(Some(mine(None)), MOST_OWING).await?,
        };
        let places = listed
            .iter()
            .map(|snapshot| &snapshot.change.place.channel)
            .chain(undeclared.iter().map(|(offer, _)| &offer.channel))
            .cloned()
            .collect();
        let closed = self.closed_to(gesture, places).await;
        let showing: Vec<_> = listed
            .iter()
            .map(|snapshot| self.seen_by(reader, snapshot, &closed, now))
            .collect();
        let undeclared: Vec<_> = undeclared
            .iter()
            .map(|(offer, words)| reply::Undeclared {
                offer,
                texts: if closed.contains(&offer.channel) && !has_part(offer, reader) {
                    &views::Withheld
                } else {
                    words
                },
            })
            .collect();
        Ok(reply::list(&showing, which, &undeclared))
    }

    /// Which of these places keep their words from whoever made a gesture: the
    /// private ones, but for the one that it was made in. While Slack can't say,
    /// all of them.
    pub(super) async fn closed_to(
        &self,
        gesture: &Gesture,
        mut places: BTreeSet<ChannelId>,
    ) -> BTreeSet<ChannelId> {
        if let Some(here) = &gesture.channel {
            places.remove(here);
        }
        self.closed(places).await
    }

    /// Which of these places keep their words.
    pub(super) async fn closed(&self, places: BTreeSet<ChannelId>) -> BTreeSet<ChannelId> {
        let mut closed = BTreeSet::new();
        for place in places {
            if readers::is_closed(&self.lookup, &place).await {
                closed.insert(place);
            }
        }
        closed
    }

    /// One message for all that somebody is asked about changes at once. What is
    /// settled before it was said isn't said.
    async fn asked_about(&self, parcel: &Parcel, person: &UserId, stands: bool) -> Option<Message> {
        let mut asked = Vec::new();
        for owed in &parcel.owed {
            let Kind::Question {
                question, again, ..
            } = &owed.kind
            else {
                continue;
            };
            let Some(question) = parcel.questions.get(question) else {
                continue;
            };
            if stands || question::is_open_to(question, person) {
                let question = question.clone();
                let question = readers::question_for(&self.lookup, question, person).await;
                asked.push(question::question(&question, person, *again));
            }
        }
        views::joined(asked)
    }

    /// The change that an answer is about, as whoever gets it may read it there.
    async fn shown_of<'a>(
        &'a self,
        about: Option<&'a Snapshot>,
        answered: &Answered,
        now: DateTime<Utc>,
    ) -> Option<Showing<'a>> {
        let gesture = &answered.gesture;
        let here = gesture.channel.as_ref();
        Some(self.shown_to(&gesture.actor, here, about?, now).await)
    }

    /// Shows one change to somebody who reads in `here`: without its words, where
    /// those aren't theirs to read.
    async fn shown_to<'a>(
        &'a self,
        reader: &UserId,
        here: Option<&ChannelId>,
        snapshot: &'a Snapshot,
        now: DateTime<Utc>,
    ) -> Showing<'a> {
        let showing = views::showing(snapshot, &self.engine, now);
        let (change, policy) = (showing.change, showing.policy);
        if readers::may_read(&self.lookup, change, policy, reader, here).await {
            showing
        } else {
            showing.seen_from_outside()
        }
    }

    /// Shows a change to somebody: without its words, where they are said in a
    /// place closed to them and they have no part in it.
    pub(super) fn seen_by<'a>(
        &'a self,
        reader: &UserId,
        snapshot: &'a Snapshot,
        closed: &BTreeSet<ChannelId>,
        now: DateTime<Utc>,
    ) -> Showing<'a> {
        let showing = views::showing(snapshot, &self.engine, now);
        let change = &snapshot.change;
        if closed.contains(&change.place.channel)
            && !views::concerns(change, showing.policy, reader)
        {
            showing.seen_from_outside()
        } else {
            showing
        }
    }
}

/// The changes that somebody is reminded to decide on.
fn decided_on(parcel: &Parcel) -> impl Iterator<Item = &Snapshot> {
    parcel.owed.iter().filter_map(|owed| match &owed.kind {
        Kind::Reminder {
            change,
            duty: Duty::Approval,
            ..
        } => parcel.changes.get(change),
        _ => None,
    })
}

/// Which change a message is about that stands until it is edited.
fn change_of(kind: &Kind) -> Option<ChangeNumber> {
    match kind {
        Kind::Note { change, .. } | Kind::Reminder { change, .. } | Kind::Told { change, .. } => {
            Some(*change)
        }
        Kind::Card { .. }
        | Kind::Ledger { .. }
        | Kind::Reply { .. }
        | Kind::Offer { .. }
        | Kind::Home { .. }
        | Kind::Question { .. }
        | Kind::Shut { .. }
        | Kind::Report { .. } => None,
    }
}

/// Whether somebody said one half of a pair.
fn has_part(offer: &Offer, who: &UserId) -> bool {
    offer.asker == *who || offer.answer.by == *who
}

/// Renders an offer; nothing if it needn't be made any more.
fn offer_as_it_is(offered: &Offered, again: bool, stands: bool) -> Option<Message> {
    let made = || Some(offer::offer(&offered.offer, &offered.words, again));
    match offered.offer.stage {
        OfferStage::Offered => made(),
        // A whisper held up until the direct message came has nothing to add.
        OfferStage::Again if stands || again => made(),
        OfferStage::Undeclared | OfferStage::Taken | OfferStage::Declined if stands => {
            Some(offer::offer_closed(&offered.offer))
        }
        OfferStage::Again | OfferStage::Undeclared | OfferStage::Taken | OfferStage::Declined => {
            None
        }
    }
}

/// Returns who deployed, where somebody else tells of it.
fn deployer<'a>(gesture: &'a Gesture, about: Option<&'a Snapshot>) -> Option<&'a UserId> {
    let by = match &gesture.ask {
        Ask::Capture { .. } => about.map(|snapshot| &snapshot.change.requester),
        Ask::RecordDeployment { by, .. } => by.as_ref(),
        _ => None,
    };
    by.filter(|by| **by != gesture.actor)
}

/// Whether somebody said a time in words, or confirmed one.
fn states_a_time(ask: &Ask) -> bool {
    match ask {
        Ask::RecordDeployment { when, at, .. } => when.is_some() || at.is_some(),
        Ask::Request { deployed, .. } | Ask::Capture { deployed, .. } => deployed.is_some(),
        _ => false,
    }
}

/// Returns the time of the deployment that a gesture recorded.
fn deployed_by(gesture: &Gesture, snapshot: &Snapshot) -> Option<DateTime<Utc>> {
    let recorded_by =
        |one: &&Recorded| one.at == gesture.at && one.actor == Actor::Person(gesture.actor.clone());
    snapshot
        .history
        .iter()
        .filter(recorded_by)
        .find_map(|one| match &one.event {
            Event::Deployed { deployed_at, .. } => Some(*deployed_at),
            _ => None,
        })
}

/// Returns the event that led to a version of a change.
fn event_at(snapshot: &Snapshot, version: u64) -> Option<&crate::domain::change::Recorded> {
    snapshot
        .history
        .get(usize::try_from(version).ok()?.checked_sub(1)?)
}

/// Whom a change's request asked.
fn first_asked(snapshot: &Snapshot) -> Option<&[Party]> {
    match &snapshot.history.first()?.event {
        Event::Requested { asked, .. } => Some(asked),
        _ => None,
    }
}
