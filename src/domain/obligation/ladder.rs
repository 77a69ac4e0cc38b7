//! The reminder ladder: when whoever owes something hears of it, and when not.
//!
//! It knows nothing of what is owed but its duty and its times.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::{Absence, Duty, Obligation};
use crate::domain::change::EmergencyChange;
use crate::domain::id::{GroupId, UserId};
use crate::domain::policy::{Party, Policy};

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
    /// The owner's n-th nap is over.
    AfterNap(u16),
}

impl Rung {
    /// The place on the ladder; higher is later. `Ready` and the end of a nap have
    /// their own places in time and stand beside the ladder.
    fn height(self) -> u32 {
        match self {
            Self::Opening | Self::Ready | Self::AfterNap(_) => 0,
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
            Self::AfterNap(n) => format!("after_nap-{n}"),
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
            Some(("after_nap", n)) => Self::AfterNap(n.parse().ok()?),
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
    /// Until when its owner has put it off, and is left alone.
    pub nap_until: Option<DateTime<Utc>>,
    /// How often its owner has put it off.
    pub n_naps: u16,
    /// How often in a row, doing nothing about the change in between.
    pub naps_in_a_row: u8,
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
        self.nap_until = self.nap_until.filter(|until| *until > at);
    }

    /// Takes in that its owner put it off.
    pub fn put_off(&mut self, until: DateTime<Utc>) {
        self.nap_until = Some(until);
        self.n_naps = self.n_naps.saturating_add(1);
        self.naps_in_a_row = self.naps_in_a_row.saturating_add(1);
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
            // Any reminder since it was over has ended it.
            Rung::AfterNap(_) => self.nap_until.is_none(),
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

    /// Returns why `who` can't be reached at `now`, if they can't.
    fn absence(&self, who: &UserId, now: DateTime<Utc>) -> Option<Absence>;

    /// Returns which of the policies' groups `who` is in at `now`; nothing while
    /// Slack hasn't said, or said it too long ago to count.
    fn groups_of(&self, who: &UserId, now: DateTime<Utc>) -> Option<BTreeSet<GroupId>>;
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

/// Minutes before a deadline of a fortnight or a month.
const BEFORE_A_MONTH: [u16; 2] = [7 * 24 * 60, 24 * 60];

/// Those before a deadline of a day on which an approver hears of a ticket that isn't ready.
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
    /// Reminded so many minutes before the deadline, and more and more after it.
    Deadline(&'static [u16]),
    /// Reminded so many minutes before the deadline, and weekly after it.
    Weekly(&'static [u16]),
}

/// How somebody is reminded of a duty, by whether closing waits for it.
fn ladder(duty: Duty, closing_waits: bool) -> Ladder {
    match duty {
        Duty::AnswerRequest => Ladder::Again(&ASKED_AGAIN),
        Duty::ConfirmDeployment => Ladder::Again(&DEPLOYED_ASKED),
        Duty::Ticket
        | Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::SecondAuthorization
        | Duty::Approval
        | Duty::SecurityReview
        | Duty::DatabaseApproval => Ladder::Deadline(&BEFORE_A_DAY),
        Duty::Remediation => Ladder::Deadline(&BEFORE_A_WEEK),
        Duty::AnswerException(_) if closing_waits => Ladder::Deadline(&BEFORE_A_WEEK),
        // Closing doesn't wait for these, so nobody is pressed for them.
        Duty::AnswerException(_)
        | Duty::GenuinenessReview
        | Duty::MeetingReview
        | Duty::PermanentFix
        | Duty::FollowUp(_) => Ladder::Weekly(&BEFORE_A_MONTH),
    }
}

impl Duty {
    /// Whether `rung` is the last on which its owner is reminded in time, or
    /// asked at all where there is no deadline.
    pub fn is_last_before_deadline(self, rung: Rung, change: &EmergencyChange) -> bool {
        match (ladder(self, change.closing_waits_for(self)), rung) {
            (Ladder::Again(after), Rung::Again(n)) => usize::from(n) == after.len(),
            (Ladder::Deadline(befores) | Ladder::Weekly(befores), Rung::Before(minutes)) => {
                befores.last() == Some(&minutes)
            }
            (
                Ladder::Again(_) | Ladder::Deadline(_) | Ladder::Weekly(_),
                Rung::Opening
                | Rung::Ready
                | Rung::Again(_)
                | Rung::Before(_)
                | Rung::Overdue(_)
                | Rung::AfterNap(_),
            ) => false,
        }
    }
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
        let over = chase
            .nap_until
            .map(|until| (Rung::AfterNap(chase.n_naps), until, until));
        let back_at = self.back_at(people, now);
        self.rungs(now)
            .into_iter()
            .chain(over)
            .filter(|(rung, _, _)| !chase.has_reached(*rung, self.ready_at))
            // Whoever put it off is left alone for so long.
            .map(|(rung, nominal, floor)| match chase.nap_until {
                Some(until) => (rung, nominal.max(until), floor.max(until)),
                None => (rung, nominal, floor),
            })
            .map(|(rung, nominal, floor)| {
                // Whoever put it off chose the time themselves, be it at night.
                let chosen = matches!(rung, Rung::AfterNap(_)) && now - nominal < APART;
                if chosen && back_at.is_none() {
                    return (rung, nominal);
                }
                let at = match back_at {
                    Some(back_at) => self.when_back(nominal, floor, back_at, people),
                    None => self.considerate(nominal, floor, people),
                };
                let at = self.spaced(rung, at, chase, people);
                (rung, self.held(at, people, now))
            })
            .collect()
    }

    /// Every rung up to the next overdue one after `now`, with its nominal time
    /// and the instant before which it would make no sense.
    pub(super) fn rungs(&self, now: DateTime<Utc>) -> Vec<(Rung, DateTime<Utc>, DateTime<Utc>)> {
        let (befores, after) = match ladder(self.duty, self.closing_waits) {
            Ladder::Again(after) => {
                return (1u8..)
                    .zip(after)
                    .map(|(n, after)| (Rung::Again(n), self.opened_at + *after, self.opened_at))
                    .collect();
            }
            Ladder::Deadline(befores) => (befores, After::Closely),
            Ladder::Weekly(befores) => (befores, After::Weekly),
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
            // What was slept through until after the deadline says nothing true any more.
            if nominal > self.opened_at && !skipped && now < due_at {
                rungs.push((Rung::Before(*minutes), nominal, self.opened_at));
            }
        }
        // Whoever can't act yet isn't chased for it: the ticket's owner is.
        let chased_after = if waits { self.ready_at } else { Some(due_at) };
        if let Some(from) = chased_after {
            rungs.extend(
                overdue(due_at, after, now)
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

    /// Until when its owner is away and left alone: their return, but not past the
    /// last moment before the deadline. Of a request the card tells everybody, so
    /// nobody's absence holds it up.
    fn back_at(&self, people: &dyn People, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.duty.may_wake() {
            return None;
        }
        match people.absence(self.reader()?, now)? {
            Absence::Away { until } => Some(match self.due_at {
                Some(due_at) if now < due_at && due_at <= until => due_at - APART,
                Some(_) | None => until,
            }),
            Absence::Left => None,
        }
    }

    /// Moves what would ring before its owner is back to their return; where the
    /// night would then keep it until after the deadline, to the evening before.
    fn when_back(
        &self,
        nominal: DateTime<Utc>,
        floor: DateTime<Utc>,
        back_at: DateTime<Utc>,
        people: &dyn People,
    ) -> DateTime<Utc> {
        let then = nominal.max(back_at);
        let at = self.considerate(then, floor.max(back_at), people);
        let too_late = |due_at| nominal < due_at && at >= due_at;
        if self.due_at.is_some_and(too_late) {
            return self.considerate(then, floor, people);
        }
        at
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
            Rung::Opening | Rung::Ready | Rung::AfterNap(_) => None,
            Rung::Again(_) if self.duty.may_wake() => None,
            Rung::Again(_) | Rung::Before(_) | Rung::Overdue(_) => {
                chase.last_at.map(|last_at| last_at + APART)
            }
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

/// How closely the overdue rungs follow each other.
#[derive(Debug, Clone, Copy)]
enum After {
    /// Every four hours for a day, then daily.
    Closely,
    /// Weekly.
    Weekly,
}

/// The overdue rungs, up to those that lie within two steps after `now`.
fn overdue(
    due_at: DateTime<Utc>,
    closely: After,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (Rung, DateTime<Utc>)> {
    let ahead = match closely {
        After::Closely => TimeDelta::days(2),
        After::Weekly => TimeDelta::weeks(2),
    };
    let horizon = now.max(due_at) + ahead;
    (1u16..)
        .map(move |n| {
            let after = match closely {
                After::Weekly => TimeDelta::weeks(i64::from(n)),
                After::Closely if n <= OVERDUE_STEPS => OVERDUE_STEP * i32::from(n),
                After::Closely => TimeDelta::days(1 + i64::from(n - OVERDUE_STEPS)),
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
