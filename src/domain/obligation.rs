//! Who owes what to a change until when, and when they are reminded of it.
//!
//! One idea serves every chase. Obligations are derived from the state, never
//! stored: a restart loses nothing, because there is nothing to lose.

use std::fmt;

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::authorization::Ground;
use super::change::{Authorization, EmergencyChange, Exception, Stage};
use super::id::UserId;
use super::policy::{Party, Policy};

/// What can be owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// An answer to the request for authorization.
    AnswerRequest,
    /// Word of whether it was deployed.
    ConfirmDeployment,
    /// The ticket's sections.
    Ticket,
    /// The commander's authorization.
    CommanderAuthorization,
    /// Word of whether an authorization by word of mouth was given.
    Confirmation,
    /// A second person's authorization.
    SecondAuthorization,
    /// The retrospective decision.
    Approval,
    /// The remedy after a rejection.
    Remediation,
    /// The answer to an exception.
    AnswerException(Exception),
}

impl Duty {
    /// Returns the name that stands in the record.
    pub fn name(self) -> String {
        match self {
            Self::AnswerRequest => "answer_request".to_owned(),
            Self::ConfirmDeployment => "confirm_deployment".to_owned(),
            Self::Ticket => "ticket".to_owned(),
            Self::CommanderAuthorization => "commander_authorization".to_owned(),
            Self::Confirmation => "confirmation".to_owned(),
            Self::SecondAuthorization => "second_authorization".to_owned(),
            Self::Approval => "approval".to_owned(),
            Self::Remediation => "remediation".to_owned(),
            Self::AnswerException(exception) => format!("answer_exception:{}", exception.name()),
        }
    }

    /// Reads a name that stands in the record.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "answer_request" => Self::AnswerRequest,
            "confirm_deployment" => Self::ConfirmDeployment,
            "ticket" => Self::Ticket,
            "commander_authorization" => Self::CommanderAuthorization,
            "confirmation" => Self::Confirmation,
            "second_authorization" => Self::SecondAuthorization,
            "approval" => Self::Approval,
            "remediation" => Self::Remediation,
            other => Self::AnswerException(Exception::from_name(
                other.strip_prefix("answer_exception:")?,
            )?),
        })
    }

    /// Whether an approval has to wait for it.
    pub const fn is_needed_for_approval(self) -> bool {
        match self {
            Self::Ticket
            | Self::CommanderAuthorization
            | Self::Confirmation
            | Self::SecondAuthorization => true,
            Self::AnswerRequest
            | Self::ConfirmDeployment
            | Self::Approval
            | Self::Remediation
            | Self::AnswerException(_) => false,
        }
    }

    /// Whether closing has to wait for it.
    pub const fn is_needed_to_close(self) -> bool {
        match self {
            Self::Ticket
            | Self::CommanderAuthorization
            | Self::Confirmation
            | Self::SecondAuthorization
            | Self::Approval
            | Self::Remediation
            | Self::AnswerException(_) => true,
            Self::AnswerRequest | Self::ConfirmDeployment => false,
        }
    }

    /// Whether it may ring at night. Only the emergency itself may; nobody is
    /// woken for paperwork.
    pub const fn may_wake(self) -> bool {
        match self {
            Self::AnswerRequest => true,
            Self::ConfirmDeployment
            | Self::Ticket
            | Self::CommanderAuthorization
            | Self::Confirmation
            | Self::SecondAuthorization
            | Self::Approval
            | Self::Remediation
            | Self::AnswerException(_) => false,
        }
    }

    /// The exception that its missed deadline is.
    pub const fn exception_when_missed(self) -> Option<Exception> {
        match self {
            Self::Ticket => Some(Exception::DocumentedLate),
            Self::Approval => Some(Exception::ApprovedLate),
            Self::CommanderAuthorization => Some(Exception::CommanderLate),
            Self::Confirmation => Some(Exception::ConfirmedLate),
            Self::SecondAuthorization => Some(Exception::SecondPersonLate),
            // A late answer to an exception is shown beside it; an exception of
            // an exception would chase its own tail.
            Self::AnswerRequest
            | Self::ConfirmDeployment
            | Self::Remediation
            | Self::AnswerException(_) => None,
        }
    }

    /// Whether `rung` is the last on which its owner is reminded in time, or
    /// asked at all where there is no deadline.
    pub fn is_last_before_deadline(self, rung: Rung) -> bool {
        match (self.ladder(), rung) {
            (Ladder::Again(after), Rung::Again(n)) => usize::from(n) == after.len(),
            (Ladder::Deadline(befores), Rung::Before(minutes)) => befores.last() == Some(&minutes),
            (
                Ladder::Again(_) | Ladder::Deadline(_),
                Rung::Opening | Rung::Ready | Rung::Again(_) | Rung::Before(_) | Rung::Overdue(_),
            ) => false,
        }
    }

    fn ladder(self) -> Ladder {
        match self {
            Self::AnswerRequest => Ladder::Again(&ASKED_AGAIN),
            Self::ConfirmDeployment => Ladder::Again(&DEPLOYED_ASKED),
            Self::Ticket
            | Self::CommanderAuthorization
            | Self::Confirmation
            | Self::SecondAuthorization
            | Self::Approval => Ladder::Deadline(&BEFORE_A_DAY),
            Self::Remediation | Self::AnswerException(_) => Ladder::Deadline(&BEFORE_A_WEEK),
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnswerRequest => "an answer to the request",
            Self::ConfirmDeployment => "word of the deployment",
            Self::Ticket => "the ticket",
            Self::CommanderAuthorization => "the incident commander's authorization",
            Self::Confirmation => "the confirmation of an attested authorization",
            Self::SecondAuthorization => "a second person's authorization",
            Self::Approval => "the retrospective decision",
            Self::Remediation => "the remedy after the rejection",
            Self::AnswerException(_) => "the answer to an exception",
        })
    }
}

/// Something that somebody owes to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// What.
    pub duty: Duty,
    /// Who; nobody in particular while nobody is known.
    pub owner: Option<Party>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// Since when the owner can do it: an approval waits for the ticket.
    pub ready_at: Option<DateTime<Utc>>,
    /// Until when, if there is a deadline.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was done.
    pub met_at: Option<DateTime<Utc>>,
}

/// A step of the ladder by which somebody is reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// The obligation begins.
    Opening,
    /// What it waited for is there.
    Ready,
    /// Asked for the n-th time without a deadline.
    Again(u8),
    /// So many minutes before the deadline.
    Before(u16),
    /// The n-th time after the deadline.
    Overdue(u16),
}

impl Rung {
    /// The place on the ladder; higher is later. `Ready` has its own place in
    /// time and stands beside the ladder.
    fn height(self) -> u32 {
        match self {
            Self::Opening | Self::Ready => 0,
            Self::Again(n) => u32::from(n),
            Self::Before(minutes) => u32::from(u16::MAX) - u32::from(minutes),
            Self::Overdue(n) => u32::from(u16::MAX) + u32::from(n),
        }
    }

    /// Returns the name that stands in the record.
    pub fn name(self) -> String {
        match self {
            Self::Opening => "opening".to_owned(),
            Self::Ready => "ready".to_owned(),
            Self::Again(n) => format!("again-{n}"),
            Self::Before(minutes) => format!("before-{minutes}"),
            Self::Overdue(n) => format!("overdue-{n}"),
        }
    }

    /// Reads a name that stands in the record.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.split_once('-') {
            None if name == "opening" => Self::Opening,
            None if name == "ready" => Self::Ready,
            Some(("again", n)) => Self::Again(n.parse().ok()?),
            Some(("before", minutes)) => Self::Before(minutes.parse().ok()?),
            Some(("overdue", n)) => Self::Overdue(n.parse().ok()?),
            _ => return None,
        })
    }
}

/// Which obligation a chase is about. Another owner is another chase.
pub type ChaseKey = (Duty, Option<Party>);

/// How far a chase has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chase {
    /// The highest rung reached.
    pub highest: Option<Rung>,
    /// When its owner was last reminded.
    pub last_at: Option<DateTime<Utc>>,
    /// How often its owner was reminded.
    pub n_reminders: u32,
}

impl Chase {
    /// Takes in a reminder.
    pub fn reach(&mut self, rung: Rung, at: DateTime<Utc>) {
        if self
            .highest
            .is_none_or(|highest| highest.height() < rung.height())
        {
            self.highest = Some(rung);
        }
        self.last_at = Some(at);
        self.n_reminders += 1;
    }

    /// Starts at the foot of the ladder again: the same is owed anew.
    pub fn begin_anew(&mut self) {
        self.highest = None;
    }

    fn has_reached(&self, rung: Rung, ready_at: Option<DateTime<Utc>>) -> bool {
        match rung {
            // Any reminder since it became ready has said that it is ready.
            Rung::Ready => match (self.last_at, ready_at) {
                (Some(last_at), Some(ready_at)) => last_at >= ready_at,
                _ => false,
            },
            Rung::Opening | Rung::Again(_) | Rung::Before(_) | Rung::Overdue(_) => self
                .highest
                .is_some_and(|highest| highest.height() >= rung.height()),
        }
    }
}

/// What the ladder has to know of the people it speaks to.
pub trait People {
    /// Returns the wall clock of `who` at `at`; the policy's where unknown.
    fn local(&self, who: Option<&UserId>, at: DateTime<Utc>) -> NaiveDateTime;

    /// Returns the instant at which the wall clock of `who` shows `local`.
    fn instant(&self, who: Option<&UserId>, local: NaiveDateTime) -> DateTime<Utc>;

    /// Returns when `who` last did something that the bot saw.
    fn active_at(&self, who: &UserId) -> Option<DateTime<Utc>>;
}

/// How often a request for authorization is repeated: after 3 and 6 minutes.
const ASKED_AGAIN: [TimeDelta; 2] = [TimeDelta::minutes(3), TimeDelta::minutes(6)];

/// When *Deployed?* is asked: after 30 minutes, 2, 8 and 24 hours.
const DEPLOYED_ASKED: [TimeDelta; 4] = [
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(8),
    TimeDelta::hours(24),
];

/// Minutes before a deadline of a day. The gaps shrink towards the deadline, so
/// that the owner hears more closely the less time is left.
const BEFORE_A_DAY: [u16; 6] = [16 * 60, 8 * 60, 4 * 60, 2 * 60, 60, 30];

/// Minutes before a deadline of a week.
const BEFORE_A_WEEK: [u16; 3] = [3 * 24 * 60, 24 * 60, 4 * 60];

/// Those of them on which an approver hears of a ticket that isn't ready.
const BEFORE_AN_UNREADY_TICKET: [u16; 2] = [4 * 60, 60];

/// Two reminders of one thing come at least so far apart. No rung of the ladder
/// is nearer to the next by itself, but the night moves some.
const APART: TimeDelta = TimeDelta::minutes(30);

/// After the deadline every four hours for a day, then daily.
const OVERDUE_STEP: TimeDelta = TimeDelta::hours(4);
const OVERDUE_STEPS: u16 = 6;

// A rung before the obligation began would never be climbed.
const _: () = assert!(BEFORE_A_DAY[0] < 24 * 60);
const _: () = assert!(BEFORE_A_WEEK[0] < 7 * 24 * 60);
const _: () = assert!(OVERDUE_STEPS as i64 * 4 == 24);
const _: () = assert!(BEFORE_A_DAY[4] - BEFORE_A_DAY[5] >= 30);

#[derive(Debug, Clone, Copy)]
enum Ladder {
    /// Asked again after these, without a deadline.
    Again(&'static [TimeDelta]),
    /// Reminded so many minutes before the deadline, and after it.
    Deadline(&'static [u16]),
}

impl Obligation {
    /// Returns the rung that is due and hasn't been reached: the highest, where
    /// several were slept through.
    ///
    /// The highest, not the one that was to be said last: a rung moved to the
    /// evening may overtake a lower one, and would be left behind as due for ever.
    pub fn due_rung(&self, chase: &Chase, people: &dyn People, now: DateTime<Utc>) -> Option<Rung> {
        self.open_rungs(chase, people, now)
            .into_iter()
            .filter(|(_, at)| *at <= now)
            .max_by_key(|(rung, at)| (rung.height(), *at))
            .map(|(rung, _)| rung)
    }

    /// Returns when the next rung will be due.
    pub fn next_rung_at(
        &self,
        chase: &Chase,
        people: &dyn People,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        self.open_rungs(chase, people, now)
            .into_iter()
            .map(|(_, at)| at)
            .min()
    }

    /// The rungs not yet reached, each with when it is considerate to say it.
    fn open_rungs(
        &self,
        chase: &Chase,
        people: &dyn People,
        now: DateTime<Utc>,
    ) -> Vec<(Rung, DateTime<Utc>)> {
        if self.met_at.is_some() {
            return Vec::new();
        }
        self.rungs(now)
            .into_iter()
            .filter(|(rung, _, _)| !chase.has_reached(*rung, self.ready_at))
            .map(|(rung, nominal, floor)| {
                let at = self.considerate(nominal, floor, people);
                let at = self.spaced(rung, at, chase, people);
                (rung, self.held(at, people, now))
            })
            .collect()
    }

    /// Every rung up to the next overdue one after `now`, with its nominal time
    /// and the instant before which it would make no sense.
    fn rungs(&self, now: DateTime<Utc>) -> Vec<(Rung, DateTime<Utc>, DateTime<Utc>)> {
        let befores = match self.duty.ladder() {
            Ladder::Again(after) => {
                return (1u8..)
                    .zip(after)
                    .map(|(n, after)| (Rung::Again(n), self.opened_at + *after, self.opened_at))
                    .collect();
            }
            Ladder::Deadline(befores) => befores,
        };
        let mut rungs = vec![(Rung::Opening, self.opened_at, self.opened_at)];
        let waits = self.duty == Duty::Approval;
        if waits && let Some(ready_at) = self.ready_at {
            rungs.push((Rung::Ready, ready_at, ready_at));
        }
        let Some(due_at) = self.due_at else {
            return rungs;
        };
        for minutes in befores {
            let nominal = due_at - TimeDelta::minutes(i64::from(*minutes));
            let unready = waits && self.ready_at.is_none_or(|ready_at| nominal < ready_at);
            let skipped = unready && !BEFORE_AN_UNREADY_TICKET.contains(minutes);
            if nominal > self.opened_at && !skipped {
                rungs.push((Rung::Before(*minutes), nominal, self.opened_at));
            }
        }
        // Whoever can't act yet isn't chased for it: the ticket's owner is.
        let chased_after = if waits { self.ready_at } else { Some(due_at) };
        if let Some(from) = chased_after {
            rungs.extend(
                overdue(due_at, now)
                    .filter(|(_, nominal)| *nominal > from)
                    .map(|(rung, nominal)| (rung, nominal, due_at)),
            );
        }
        rungs
    }

    /// Moves what would ring at night to the evening before; where that lies
    /// before `floor`, to the morning after.
    fn considerate(
        &self,
        nominal: DateTime<Utc>,
        floor: DateTime<Utc>,
        people: &dyn People,
    ) -> DateTime<Utc> {
        if self.duty.may_wake() {
            return nominal;
        }
        match spared_night(self.reader(), nominal, people) {
            None => nominal,
            Some((evening, _)) if evening >= floor => evening,
            Some((_, morning)) => morning,
        }
    }

    /// Keeps a rung that was moved from following on the heels of another.
    fn spaced(
        &self,
        rung: Rung,
        at: DateTime<Utc>,
        chase: &Chase,
        people: &dyn People,
    ) -> DateTime<Utc> {
        let earliest = match rung {
            // These are news, or the emergency itself.
            Rung::Opening | Rung::Ready | Rung::Again(_) => None,
            Rung::Before(_) | Rung::Overdue(_) => chase.last_at.map(|last_at| last_at + APART),
        };
        match earliest {
            Some(earliest) if at < earliest => spared_night(self.reader(), earliest, people)
                .map_or(earliest, |(_, morning)| morning),
            Some(_) | None => at,
        }
    }

    /// Holds until the morning what should have been said before `now` and was
    /// slept through, if it is night by now.
    fn held(&self, at: DateTime<Utc>, people: &dyn People, now: DateTime<Utc>) -> DateTime<Utc> {
        if at >= now || self.duty.may_wake() {
            return at;
        }
        spared_night(self.reader(), now, people).map_or(at, |(_, morning)| morning)
    }

    /// Whose wall clock counts; nobody's in particular for a group.
    fn reader(&self) -> Option<&UserId> {
        match &self.owner {
            Some(Party::Person(who)) => Some(who),
            Some(Party::Group(_)) | None => None,
        }
    }
}

/// The overdue rungs: every four hours for a day, then daily, up to the first
/// that lies more than a day after `now`.
fn overdue(
    due_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (Rung, DateTime<Utc>)> {
    let horizon = now.max(due_at) + TimeDelta::days(2);
    (1u16..)
        .map(move |n| {
            let after = if n <= OVERDUE_STEPS {
                OVERDUE_STEP * i32::from(n)
            } else {
                TimeDelta::days(1 + i64::from(n - OVERDUE_STEPS))
            };
            (Rung::Overdue(n), due_at + after)
        })
        .take_while(move |(_, at)| *at <= horizon)
}

/// Returns the evening before and the morning after, if `at` falls into the
/// night of `who` and they aren't awake.
fn spared_night(
    who: Option<&UserId>,
    at: DateTime<Utc>,
    people: &dyn People,
) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let local = people.local(who, at);
    let late = local.time() >= Policy::NIGHT_FROM;
    let early = local.time() < Policy::NIGHT_TO;
    if !late && !early {
        return None;
    }
    let awake = who
        .and_then(|who| people.active_at(who))
        .is_some_and(|active_at| active_at <= at && at - active_at <= Policy::AWAKE);
    if awake {
        return None;
    }
    let on = |days: NaiveDateTime, time: NaiveTime| people.instant(who, days.date().and_time(time));
    let day = Days::new(1);
    if late {
        let tomorrow = local.checked_add_days(day).unwrap_or(local);
        Some((on(local, Policy::EVENING), on(tomorrow, Policy::NIGHT_TO)))
    } else {
        let yesterday = local.checked_sub_days(day).unwrap_or(local);
        Some((on(yesterday, Policy::EVENING), on(local, Policy::NIGHT_TO)))
    }
}

/// Returns when news that can wait for the morning should reach `who`.
pub fn by_day(who: &UserId, at: DateTime<Utc>, people: &dyn People) -> DateTime<Utc> {
    spared_night(Some(who), at, people).map_or(at, |(_, morning)| morning)
}

/// Derives everything that is or was owed to a change.
pub fn obligations(change: &EmergencyChange, policy: &Policy) -> Vec<Obligation> {
    // A rehearsal that was ended owes nothing, though it went on to a deployment.
    if change.drill && change.stage == Stage::Withdrawn {
        return Vec::new();
    }
    let mut owed = owed_before_deployment(change);
    if let (Some(learned_at), Some(due_at)) = (
        change.deployments.iter().map(|one| one.recorded_at).min(),
        change.due_at(),
    ) {
        owed.extend(owed_for_the_decision(change, policy, learned_at, due_at));
        owed.extend(owed_for_what_went_wrong(change, policy, learned_at));
    }
    owed
}

fn owe(duty: Duty, owner: Option<Party>, opened_at: DateTime<Utc>) -> Obligation {
    Obligation {
        duty,
        owner,
        opened_at,
        ready_at: None,
        due_at: None,
        met_at: None,
    }
}

fn owed_before_deployment(change: &EmergencyChange) -> Vec<Obligation> {
    let mut owed = Vec::new();
    if change.stage == Stage::Requested && change.went_ahead.is_none() {
        owed.push(owe(
            Duty::AnswerRequest,
            change.asked.first().cloned(),
            on_record(change, change.asked_at),
        ));
    }
    let ended = matches!(change.stage, Stage::Withdrawn | Stage::Lapsed);
    if let Some(given) = &change.authorization
        && let Some(attested) = given.attested.as_ref().filter(|one| one.by != given.by)
        && !ended
    {
        let owner = Some(Party::Person(given.by.clone()));
        owed.push(Obligation {
            due_at: change.due_at(),
            met_at: given.confirmed_at,
            ..owe(Duty::Confirmation, owner, attested.at)
        });
    }
    let permitted_at = change
        .authorization
        .as_ref()
        .map(|given| given.at)
        .or_else(|| change.went_ahead.as_ref().map(|act| act.at));
    if let Some(opened_at) = permitted_at
        && change.deployments.is_empty()
        && !ended
    {
        let requester = Some(Party::Person(change.requester.clone()));
        let opened_at = on_record(change, opened_at);
        owed.push(owe(Duty::ConfirmDeployment, requester, opened_at));
    }
    owed
}

/// Nobody is asked before it is on record: what was captured a day late would
/// otherwise begin with its last question.
fn on_record(change: &EmergencyChange, at: DateTime<Utc>) -> DateTime<Utc> {
    let captured_at = change.captured.as_ref().map(|capture| capture.at);
    captured_at.map_or(at, |captured_at| at.max(captured_at))
}

/// The ticket, the authorizations that are still to come, and the decision.
fn owed_for_the_decision(
    change: &EmergencyChange,
    policy: &Policy,
    learned_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> Vec<Obligation> {
    let mut owed = vec![
        Obligation {
            due_at: Some(due_at),
            met_at: change.documented_at,
            ..owe(Duty::Ticket, implementer(change), learned_at)
        },
        Obligation {
            due_at: Some(due_at),
            met_at: change.commander.as_ref().and_then(|one| one.authorized_at),
            ..owe(
                Duty::CommanderAuthorization,
                // While nobody has said who commands, the requester is asked.
                Some(Party::Person(change.commander.as_ref().map_or_else(
                    || change.requester.clone(),
                    |one| one.who.clone(),
                ))),
                learned_at,
            )
        },
    ];
    if needs_second_person(change) {
        // An authorizer who deploys in the end has a day from then to find another.
        let since = change
            .exceptions
            .get(&Exception::SelfAuthorized)
            .filter(|_| change.went_ahead.is_none())
            .map(|state| state.at + Policy::DOCUMENTATION);
        owed.push(Obligation {
            due_at: Some(since.map_or(due_at, |at| due_at.max(at))),
            met_at: made_good_at(change),
            ..owe(
                Duty::SecondAuthorization,
                uninvolved(change, policy),
                learned_at,
            )
        });
    }
    let decided_at = change
        .approval
        .as_ref()
        .map(|one| one.at)
        .or_else(|| change.rejection.as_ref().map(|one| one.at));
    owed.push(Obligation {
        // An approval taken back is owed anew, within a day of the edit.
        due_at: Some(
            change
                .taken_back_at
                .map_or(due_at, |at| due_at.max(at + Policy::DOCUMENTATION)),
        ),
        // A ticket written ahead of the deployment is ready with it.
        ready_at: ready_for_decision(change, &owed).map(|at| at.max(learned_at)),
        met_at: decided_at,
        ..owe(Duty::Approval, approver(change, policy), learned_at)
    });
    owed
}

/// The remedy after a rejection, and the answers to exceptions.
fn owed_for_what_went_wrong(
    change: &EmergencyChange,
    policy: &Policy,
    learned_at: DateTime<Utc>,
) -> Vec<Obligation> {
    let remedy = change.rejection.as_ref().map(|rejection| Obligation {
        due_at: Some(rejection.at + Policy::REMEDY),
        met_at: change.remediation.as_ref().map(|one| one.at),
        ..owe(Duty::Remediation, implementer(change), rejection.at)
    });
    let approver = approver(change, policy);
    let answers = change.exceptions.iter().map(|(exception, state)| {
        // Nobody is asked for it before the deployment, nor late from the start.
        let opened_at = state.at.max(learned_at);
        Obligation {
            due_at: Some(opened_at + Policy::REMEDY),
            met_at: state.answer.as_ref().map(|answer| answer.at),
            ..owe(
                Duty::AnswerException(*exception),
                approver.clone(),
                opened_at,
            )
        }
    });
    remedy.into_iter().chain(answers).collect()
}

/// Since when everything that an approval needs is there.
fn ready_for_decision(change: &EmergencyChange, owed: &[Obligation]) -> Option<DateTime<Utc>> {
    let mut ready_at = change.taken_back_at;
    for obligation in owed.iter().filter(|one| one.duty.is_needed_for_approval()) {
        ready_at = ready_at.max(Some(obligation.met_at?));
    }
    ready_at
}

fn implementer(change: &EmergencyChange) -> Option<Party> {
    change.implementers().next().cloned().map(Party::Person)
}

/// Who is to approve: by default who authorized.
pub fn approver(change: &EmergencyChange, policy: &Policy) -> Option<Party> {
    let authorizer = with_authority(change).map(|given| &given.by);
    let second = change.second.as_ref().map(|act| &act.by);
    authorizer
        .into_iter()
        .chain(second)
        .find(|who| !is_involved(change, who))
        .cloned()
        .map(Party::Person)
        .or_else(|| uninvolved(change, policy))
}

/// Whether nobody but those who did it has permitted it in time, so that a
/// second person has to stand in.
pub fn needs_second_person(change: &EmergencyChange) -> bool {
    let alone = |by: &UserId| is_involved(change, by);
    change.went_ahead.is_some() || with_authority(change).is_none_or(|given| alone(&given.by))
}

/// The authorization, unless all that it rests on is having been the most senior
/// engineer available.
fn with_authority(change: &EmergencyChange) -> Option<&Authorization> {
    change
        .authorization
        .as_ref()
        .filter(|given| given.ground != Ground::MostSenior)
}

/// When somebody who had no part in it permitted it, before or after.
pub fn made_good_at(change: &EmergencyChange) -> Option<DateTime<Utc>> {
    let second = change.second.as_ref().map(|act| (&act.by, act.at));
    let authorizer = with_authority(change).map(|one| (&one.by, one.at));
    second
        .into_iter()
        .chain(authorizer)
        .find(|(by, _)| stands_apart(change, by))
        .map(|(_, at)| at)
}

/// Somebody who was asked, else whom the policy names, and who had no part in it.
fn uninvolved(change: &EmergencyChange, policy: &Policy) -> Option<Party> {
    change
        .asked
        .iter()
        .chain(&policy.approvers)
        .find(|party| match party {
            Party::Person(who) => stands_apart(change, who),
            Party::Group(_) => true,
        })
        .cloned()
}

fn is_involved(change: &EmergencyChange, who: &UserId) -> bool {
    change.requester == *who || change.implementers().any(|one| one == who)
}

/// Who went ahead, or stood in as the most senior engineer, can't be the second
/// person who makes that good.
fn stands_apart(change: &EmergencyChange, who: &UserId) -> bool {
    let went_ahead = change.went_ahead.as_ref().is_some_and(|act| act.by == *who);
    let stood_in = change.stood_in().is_some_and(|by| by == who);
    !went_ahead && !stood_in && !is_involved(change, who)
}

/// When the clock has something to do for the change next: the earliest rung
/// not yet reached and the earliest deadline not yet missed.
pub fn next_due_at(
    change: &EmergencyChange,
    policy: &Policy,
    people: &dyn People,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let mut next: Option<DateTime<Utc>> = None;
    for obligation in obligations(change, policy) {
        if obligation.met_at.is_some() {
            continue;
        }
        let chase = change
            .chases
            .get(&(obligation.duty, obligation.owner.clone()))
            .cloned()
            .unwrap_or_default();
        let deadline = obligation
            .due_at
            .filter(|due_at| !change.has_missed(obligation.duty, *due_at));
        let rung = obligation.next_rung_at(&chase, people, now);
        for at in deadline.into_iter().chain(rung) {
            next = Some(next.map_or(at, |next| next.min(at)));
        }
    }
    next
}
