//! Facts about the rules, told as given, when, then.
//!
//! No database, no async, no clock: [`Story`] holds one change and the time, and
//! whatever it is asked goes through `declare`, `decide` and `apply` alone. After
//! every step it checks that replaying the events yields the state.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::authorization::{Act, Member, Standing};
use super::change::{
    Actor, Command, Criterion, EmergencyChange, Event, Exception, Genuine, Genuineness, Given,
    Method, Place, Recorded, Refusal, Remedy, Source, Submission, decide, declare,
};
use super::id::{ChangeNumber, ChannelId, GroupId, MessageTs, UserId};
use super::obligation::{Absence, Duty, Obligation, People, next_due_at, obligations};
use super::policy::{Party, Policy, PolicyVersion};
use super::text::{Salt, Text};
use super::ticket::{ContentHash, Field, Kind, Told, Value, Writing, content_hash};

mod afterwards;
mod capture;
mod chase;
mod correction;
mod day;
mod decision;
mod duties;
mod evidence;
mod example;
mod exceptions;
mod facts;
mod handover;
mod ladder;
mod misses;
mod offers;
mod owed;
mod random;
mod refusals;
mod segregation;
mod spoken;
mod stages;
mod steps;
mod table;
mod ticket;
mod vague;

use steps::*;

const DANA: &str = "U0DANA";
const MORGAN: &str = "U0MORGAN";
const RILEY: &str = "U0RILEY";
const ALEX: &str = "U0ALEX";
const SAM: &str = "U0SAM";
const KIM: &str = "U0KIM";
/// A group of the policy's approvers; Kim is in it.
const LEADS: &str = "S0LEADS";

const NUMBER: ChangeNumber = ChangeNumber(1042);

fn user(id: &str) -> UserId {
    UserId::new(id)
}

fn person(id: &str) -> Party {
    Party::Person(user(id))
}

fn group(id: &str) -> Party {
    Party::Group(GroupId::new(id))
}

fn full(id: &str) -> Member {
    let groups = if id == KIM {
        BTreeSet::from([GroupId::new(LEADS)])
    } else {
        BTreeSet::new()
    };
    Member {
        id: user(id),
        standing: Standing::Full,
        groups,
    }
}

fn text(words: &str) -> Text {
    Text::new(words, Salt([7; 32]))
}

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

fn days(n: i64) -> TimeDelta {
    TimeDelta::days(n)
}

/// Reads an instant such as `2026-03-14 02:14` in Dana's zone.
fn berlin(local: &str) -> DateTime<Utc> {
    instant_in(chrono_tz::Europe::Berlin, local)
}

fn instant_in(zone: Tz, local: &str) -> DateTime<Utc> {
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
    zone.from_local_datetime(&local)
        .earliest()
        .unwrap()
        .to_utc()
}

/// Morgan, Alex and the leads may authorize; Riley commands; Sam hears of misses.
fn written() -> Policy {
    Policy {
        approvers: vec![person(MORGAN), person(ALEX), group(LEADS)],
        commanders: vec![person(RILEY)],
        escalation: vec![user(SAM)],
        ..Policy::unwritten(PolicyVersion(1))
    }
}

/// Where people live and when they were last seen.
#[derive(Default)]
struct Town {
    zones: BTreeMap<UserId, Tz>,
    active: RefCell<BTreeMap<UserId, DateTime<Utc>>>,
    policy_zone: Option<Tz>,
    absent: RefCell<BTreeMap<UserId, Absence>>,
    groups: RefCell<BTreeMap<UserId, BTreeSet<GroupId>>>,
}

impl Town {
    /// Everybody lives where Dana does.
    fn berlin() -> Self {
        Self {
            policy_zone: Some(chrono_tz::Europe::Berlin),
            ..Self::default()
        }
    }

    fn zone(&self, who: Option<&UserId>) -> Tz {
        who.and_then(|who| self.zones.get(who).copied())
            .or(self.policy_zone)
            .unwrap_or(Tz::UTC)
    }

    fn sees(&self, who: &UserId, at: DateTime<Utc>) {
        let mut active = self.active.borrow_mut();
        let last = active.entry(who.clone()).or_insert(at);
        *last = at.max(*last);
    }
}

impl People for Town {
    fn local(&self, who: Option<&UserId>, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone(who)).naive_local()
    }

    fn instant(&self, who: Option<&UserId>, local: NaiveDateTime) -> DateTime<Utc> {
        let zone = self.zone(who);
        zone.from_local_datetime(&local)
            .earliest()
            .or_else(|| zone.from_local_datetime(&(local + hours(1))).earliest())
            .unwrap()
            .to_utc()
    }

    fn active_at(&self, who: &UserId) -> Option<DateTime<Utc>> {
        self.active.borrow().get(who).copied()
    }

    fn absence(&self, who: &UserId, now: DateTime<Utc>) -> Option<Absence> {
        let absence = self.absent.borrow().get(who).copied()?;
        match absence {
            Absence::Away { until } if until <= now => None,
            Absence::Away { .. } | Absence::Left => Some(absence),
        }
    }

    fn groups_of(&self, who: &UserId, _: DateTime<Utc>) -> Option<BTreeSet<GroupId>> {
        self.groups.borrow().get(who).cloned()
    }
}

/// One change, its policy, the people around it, and the time.
struct Story {
    policy: Policy,
    town: Town,
    began_at: DateTime<Utc>,
    now: DateTime<Utc>,
    history: Vec<Recorded>,
    change: EmergencyChange,
    outcome: Result<Vec<Recorded>, Refusal>,
    /// Whether those who write had their forms open before anybody else wrote.
    is_blind: bool,
}

fn request() -> Command {
    Command::Request {
        what: text("Deploy WAF rule to block SQL injection"),
        verbatim: text("Deploy WAF rule to block SQL injection @morgan"),
        asked: vec![person(MORGAN)],
        place: Place {
            channel: ChannelId::new("C0AUTH"),
            thread: None,
        },
        criterion: None,
        said: None,
        captured: None,
        drill: false,
        known: Vec::new(),
    }
}

/// Dana asks Morgan, at 02:14 on a Saturday.
fn requested() -> Story {
    Story::begin(
        berlin("2026-03-14 02:14"),
        written(),
        Town::berlin(),
        request(),
    )
}

/// Morgan authorizes a minute later.
fn authorized() -> Story {
    requested().at(minutes(1)).when(authorize(MORGAN))
}

/// Riley commands, and Dana deploys at 02:19.
fn deployed() -> Story {
    authorized()
        .at(minutes(2))
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(DANA)
}

/// The ticket is complete an hour after the request.
fn documented() -> Story {
    deployed()
        .at(hours(1))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
}

/// Deployed before anybody answered, so that something is owed after the approval.
fn approved() -> Story {
    requested()
        .at(minutes(2))
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(DANA)
        .at(minutes(7))
        .when(authorize(MORGAN))
        .at(hours(1))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
        .at(hours(2))
        .approves(MORGAN)
}

fn closed() -> Story {
    documented().at(hours(2)).approves(MORGAN)
}

fn rejected() -> Story {
    documented().at(hours(2)).when(reject(MORGAN))
}

fn stages() -> Vec<Story> {
    vec![
        requested(),
        authorized(),
        requested().at(minutes(1)).when(deny(MORGAN)),
        requested().at(minutes(1)).when(by(DANA, Command::Withdraw)),
        authorized().at(minutes(3)).when(by(DANA, Command::Lapse)),
        deployed(),
        documented(),
        approved(),
        rejected(),
        closed(),
    ]
}

fn declared(request: Command, policy: &Policy) -> Result<Vec<Recorded>, Refusal> {
    let submission = Submission {
        actor: Actor::Person(user(DANA)),
        at: berlin("2026-03-14 02:14"),
        source: Source::Receipt,
        command: request,
    };
    declare(NUMBER, &submission, policy)
}

fn asking(parties: &[Party]) -> Command {
    let Command::Request {
        what,
        verbatim,
        place,
        criterion,
        ..
    } = request()
    else {
        unreachable!()
    };
    Command::Request {
        what,
        verbatim,
        asked: parties.to_vec(),
        place,
        criterion,
        said: None,
        captured: None,
        drill: false,
        known: Vec::new(),
    }
}

fn saying(words: &str) -> Command {
    let Command::Request {
        verbatim,
        asked,
        place,
        ..
    } = request()
    else {
        unreachable!()
    };
    Command::Request {
        what: text(words),
        verbatim,
        asked,
        place,
        criterion: Some(Criterion::ProductionDown),
        said: None,
        captured: None,
        drill: false,
        known: Vec::new(),
    }
}

fn deployed_without() -> Story {
    requested().at(minutes(5)).deploys(DANA)
}

fn given(story: Story) -> Story {
    story
}

impl Story {
    fn begin(began_at: DateTime<Utc>, policy: Policy, town: Town, request: Command) -> Self {
        let submission = Submission {
            actor: Actor::Person(user(DANA)),
            at: began_at,
            source: Source::Receipt,
            command: request,
        };
        Self::begin_with(began_at, policy, town, &submission)
    }

    fn begin_with(
        began_at: DateTime<Utc>,
        policy: Policy,
        town: Town,
        submission: &Submission,
    ) -> Self {
        if let Actor::Person(requester) = &submission.actor {
            town.sees(requester, began_at);
        }
        let history = declare(NUMBER, submission, &policy).unwrap();
        let change = EmergencyChange::replay(NUMBER, &history).unwrap();
        Self {
            policy,
            town,
            began_at,
            now: began_at,
            outcome: Ok(history.clone()),
            history,
            change,
            is_blind: false,
        }
    }

    /// From here on nobody sees in their form what others have saved.
    fn blind(mut self) -> Self {
        self.is_blind = true;
        self
    }

    /// So long after the request.
    fn at(mut self, since: TimeDelta) -> Self {
        self.now = self.began_at + since;
        self
    }

    fn when(self, what: Move) -> Self {
        let at = self.now;
        self.when_done(at, what)
    }

    /// What was done at `at` reaches the rules only now.
    fn when_done(mut self, at: DateTime<Utc>, what: Move) -> Self {
        if let Actor::Person(who) = &what.actor {
            self.town.sees(who, at);
        }
        let mut what = what;
        if let (Command::Document { fields, .. }, false) = (&mut what.command, self.is_blind) {
            for one in fields {
                let stands = self.change.fields.get(&one.field);
                one.base = stands.map(|entry| entry.value.hash());
            }
        }
        let submission = Submission {
            source: match what.actor {
                Actor::Person(_) => Source::Slack,
                Actor::Clock | Actor::Bot => Source::Clock,
            },
            actor: what.actor,
            at,
            command: what.command,
        };
        self.outcome = decide(
            &self.change,
            &submission,
            &self.policy,
            &self.town,
            self.now,
        );
        if let Ok(recorded) = &self.outcome {
            for one in recorded {
                self.change.apply(one);
            }
            self.history.extend(recorded.iter().cloned());
            let replayed = EmergencyChange::replay(NUMBER, &self.history).unwrap();
            assert_eq!(replayed, self.change, "replay must yield the state");
        }
        self
    }

    fn deploys(self, who: &str) -> Self {
        let at = self.now;
        self.when(deployed_at(who, at))
    }

    /// Approves what stands in the ticket at this moment.
    fn approves(self, who: &str) -> Self {
        let seen = content_hash(&self.change);
        self.when(approving(who, seen))
    }

    fn ticks(self) -> Self {
        self.when(tick())
    }

    /// Lets the time pass as the sweep does, from one thing due to the next.
    fn until(mut self, since: TimeDelta) -> Self {
        let end = self.began_at + since;
        while let Some(next) = self.next_due_at().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self = self.ticks();
            let after = self.next_due_at();
            assert!(
                after.is_none_or(|after| after > self.now),
                "the sweep would spin at {}: {after:?}",
                self.now
            );
        }
        self.now = end;
        self
    }

    fn next_due_at(&self) -> Option<DateTime<Utc>> {
        next_due_at(&self.change, &self.policy, &self.town, self.now)
    }

    /// What the last command brought about, but for the reminders.
    fn events(&self) -> Vec<Event> {
        let recorded = self.outcome.as_ref().expect("it should not be refused");
        recorded
            .iter()
            .map(|one| one.event.clone())
            .filter(|event| !matches!(event, Event::Reminded { .. }))
            .collect()
    }

    fn then(self, events: &[Event]) -> Self {
        assert_eq!(self.events(), events);
        self
    }

    fn refused(self, refusal: &Refusal) -> Self {
        assert_eq!(self.outcome.as_ref(), Err(refusal));
        self
    }

    fn exceptions(&self) -> Vec<Exception> {
        self.change.exceptions.keys().copied().collect()
    }

    fn owed(&self) -> Vec<Obligation> {
        obligations(&self.change, &self.policy)
    }

    /// What is still owed and needed to close.
    fn owed_to_close(&self) -> Vec<Duty> {
        self.owed()
            .into_iter()
            .filter(|one| one.met_at.is_none() && one.duty.is_needed_to_close())
            .map(|one| one.duty)
            .collect()
    }

    fn obligation(&self, duty: Duty) -> Option<Obligation> {
        self.owed().into_iter().find(|one| one.duty == duty)
    }

    /// The reminders so far: what, on which rung, to whom, when by their clock.
    fn reminders(&self, duties: &[Duty]) -> String {
        let mut lines = Vec::new();
        for one in &self.history {
            let Event::Reminded {
                duty, owner, rung, ..
            } = &one.event
            else {
                continue;
            };
            if !duties.contains(duty) {
                continue;
            }
            let (reader, name) = match owner {
                Some(Party::Person(who)) => (Some(who), who.as_str()),
                Some(Party::Group(group)) => (None, group.as_str()),
                None => (None, "nobody in particular"),
            };
            let local = self.town.local(reader, one.at);
            let local = local.format("%a %d %H:%M");
            lines.push(format!("{local} {name}: {} {}", duty.name(), rung.name()));
        }
        lines.join("\n")
    }

    /// The misses recorded: what, when it was due, when that was noticed.
    fn misses(&self) -> Vec<(Duty, DateTime<Utc>, DateTime<Utc>)> {
        self.history
            .iter()
            .filter_map(|one| match &one.event {
                Event::DeadlineMissed { duty, due_at, .. } => Some((*duty, *due_at, one.at)),
                _ => None,
            })
            .collect()
    }
}

/// A message as Slack names it.
fn message() -> (ChannelId, MessageTs) {
    (
        ChannelId::new("D0DANA"),
        MessageTs::new("1773451140.000100"),
    )
}
