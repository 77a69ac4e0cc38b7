//! Simulated months: people act at random, the clock jumps, the bot sleeps for
//! days; and a model of the ladder, written out here from the design, says after
//! each step what must have been said and what must not.
//!
//! What is owed is taken from the rules; when whom it is said is the model's own:
//! its tables, its night, its arithmetic in the reader's zone.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use breakglass::domain::authorization::{Member, Standing};
use breakglass::domain::change::{
    Actor, Command, Criterion, EmergencyChange, Event, Exception, Genuine, Given, Handover, Nap,
    Place, Recorded, Remedy, Source, Stage, Submission, decide, declare,
};
use breakglass::domain::id::{ChangeNumber, ChannelId, GroupId, UserId};
use breakglass::domain::obligation::{
    Absence, Duty, Obligation, People, Rung, next_due_at, obligations, reminder_key,
};
use breakglass::domain::policy::{Party, Policy, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::domain::ticket::content_hash;
use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::Score;
use crate::dice::Dice;
use crate::documented::ticket;

const PEOPLE: [&str; 6] = ["U1DANA", "U2MORGAN", "U3RILEY", "U4ALEX", "U5SAM", "U6KIM"];

/// Who of them may approve.
const APPROVERS: [usize; 3] = [1, 3, 5];

/// Four zones with daylight saving, of both hemispheres.
const ZONES: [Tz; 4] = [
    chrono_tz::Europe::Berlin,
    chrono_tz::America::New_York,
    chrono_tz::Australia::Sydney,
    chrono_tz::America::Santiago,
];

/// Days shortly before clocks are put forward or back somewhere.
const BEGINNINGS: [(i32, u32, u32); 6] = [
    (2026, 2, 20),
    (2026, 3, 1),
    (2026, 3, 20),
    (2026, 8, 28),
    (2026, 9, 28),
    (2026, 10, 20),
];

/// In so many months everything has come about that people do.
const ENOUGH: usize = 20;

/// How often in a row somebody may put one thing off.
const NAPS: u8 = 3;

/// How late something may be said once the bot is awake.
const LATE: TimeDelta = TimeDelta::seconds(60);

/// Where people live, when they were last seen, and who is away.
#[derive(Default)]
struct Town {
    zones: BTreeMap<UserId, Tz>,
    active: RefCell<BTreeMap<UserId, DateTime<Utc>>>,
    absent: RefCell<BTreeMap<UserId, Absence>>,
}

impl Town {
    fn zone(&self, who: Option<&UserId>) -> Tz {
        who.and_then(|who| self.zones.get(who).copied())
            .unwrap_or(chrono_tz::Europe::Berlin)
    }
}

impl People for Town {
    fn local(&self, who: Option<&UserId>, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone(who)).naive_local()
    }

    fn instant(&self, who: Option<&UserId>, local: NaiveDateTime) -> DateTime<Utc> {
        breakglass::store::resolve(self.zone(who), local)
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

    fn groups_of(&self, _: &UserId, _: DateTime<Utc>) -> Option<BTreeSet<GroupId>> {
        None
    }
}

/// One month.
struct Month {
    dice: Dice,
    town: Town,
    policy: Policy,
    changes: Vec<Story>,
    failures: Vec<String>,
    /// Since when the bot is awake without a gap, by its own clock.
    awake_since: DateTime<Utc>,
    /// The latest that its clock ever showed.
    latest: DateTime<Utc>,
    counts: Counts,
    /// Whether the bot forgets at each downtime whom it reminded: the control.
    forgets: bool,
}

/// What came about.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    reminders: usize,
    misses: usize,
    naps: usize,
    delegated: usize,
    /// Passed on because whoever owed it was away or had left.
    away: usize,
}

struct Story {
    change: EmergencyChange,
    history: Vec<Recorded>,
    /// Until when somebody has put something off.
    naps: BTreeMap<Owes, DateTime<Utc>>,
    /// How often in a row.
    in_a_row: BTreeMap<Owes, u8>,
}

/// What is owed, and by whom.
type Owes = (Duty, Option<Party>);

/// Simulates `n_months`.
pub(crate) fn months(n_months: usize, seed: u64) -> Score {
    let run = |n: usize, forgets: bool, enough: usize| {
        let mut failures = Vec::new();
        let mut counts = Counts::default();
        for month in 0..n {
            let mut one = Month::begin(seed.wrapping_mul(1_000_003) + month as u64, forgets);
            one.pass();
            counts.reminders += one.counts.reminders;
            counts.misses += one.counts.misses;
            counts.naps += one.counts.naps;
            counts.delegated += one.counts.delegated;
            counts.away += one.counts.away;
            let named = one.failures.into_iter().take(3);
            failures.extend(named.map(|failure| format!("month {month}: {failure}")));
            if failures.len() >= enough {
                break;
            }
        }
        (failures, counts)
    };
    let (mut failures, counts) = run(n_months, false, usize::MAX);
    let (control, _) = run(n_months.clamp(20, 100), true, 1);
    let rare = [counts.naps, counts.delegated, counts.away];
    if n_months >= ENOUGH && rare.contains(&0) {
        failures.push(format!("what is to be tried never came about: {counts:?}"));
    }
    Score {
        harness: "simulated months",
        runs: n_months,
        of: "months",
        seed,
        about: format!(
            "{} reminders, {} misses, {} naps, {} delegated, {} passed on for the absent",
            counts.reminders, counts.misses, counts.naps, counts.delegated, counts.away
        ),
        failures,
        control: "a bot that forgets over a restart whom it reminded",
        control_failures: control.len(),
    }
}

fn text(words: &str) -> Text {
    Text::new(words, Salt([7; 32]))
}

fn user(which: usize) -> UserId {
    UserId::new(PEOPLE.get(which).copied().unwrap_or("U1DANA"))
}

fn full(who: &UserId) -> Member {
    Member {
        id: who.clone(),
        standing: Standing::Full,
        groups: BTreeSet::new(),
    }
}

impl Month {
    fn begin(seed: u64, forgets: bool) -> Self {
        let mut dice = Dice::new(seed);
        let mut town = Town::default();
        for which in 0..PEOPLE.len() {
            if let Some(zone) = dice.choose(&ZONES) {
                town.zones.insert(user(which), *zone);
            }
        }
        let mut policy = Policy::unwritten(PolicyVersion(1));
        policy.approvers = APPROVERS.map(|which| Party::Person(user(which))).to_vec();
        policy.commanders = vec![Party::Person(user(2))];
        policy.escalation = vec![user(4), user(2)];
        let (year, month, day) = dice.choose(&BEGINNINGS).copied().unwrap_or((2026, 3, 1));
        let began_at = Utc
            .with_ymd_and_hms(year, month, day, 0, 0, 0)
            .earliest()
            .unwrap_or_default()
            + TimeDelta::seconds(i64::try_from(dice.below(86_400)).unwrap_or_default());
        Self {
            dice,
            town,
            policy,
            changes: Vec::new(),
            failures: Vec::new(),
            awake_since: began_at,
            latest: began_at,
            counts: Counts::default(),
            forgets,
        }
    }

    /// A random stretch of up to so many minutes.
    fn minutes(&mut self, most: usize) -> TimeDelta {
        TimeDelta::seconds(i64::try_from(self.dice.below(most * 60)).unwrap_or_default())
    }

    /// Thirty days, by a clock that nobody jumps; the bot's own is `off` beside it.
    fn pass(&mut self) {
        let mut now = self.awake_since;
        let end = now + TimeDelta::days(30);
        let mut off = TimeDelta::zero();
        while now < end && self.failures.is_empty() {
            // What happens next, and until then the bot wakes when something is due.
            let next = now
                + match self.dice.below(4) {
                    0 => self.minutes(20),
                    1 | 2 => self.minutes(5 * 60),
                    _ => self.minutes(40 * 60),
                };
            self.wake_until(now + off, next + off);
            now = next;
            match self.dice.below(40) {
                // The clock jumps, forth or back.
                0 => {
                    let jump = self.minutes(52 * 60) - TimeDelta::hours(26);
                    off += jump;
                    // It settles, as the bot does after downtime.
                    self.awake_since = now + off;
                }
                // The bot sleeps for up to a week.
                1 => {
                    now += self.minutes(7 * 24 * 60);
                    self.awake_since = now + off;
                    if self.forgets {
                        self.forget();
                    }
                }
                2 | 3 => self.goes_away(now + off),
                // Back before they said.
                4 => {
                    let who = user(self.dice.below(PEOPLE.len()));
                    self.town.absent.borrow_mut().remove(&who);
                }
                5..=7 if self.changes.len() < 5 => self.declare(now + off),
                _ => self.act(now + off),
            }
            self.sweep(now + off);
        }
    }

    /// Wakes as the bot does: at the minute after something has become due.
    fn wake_until(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        let mut now = from;
        loop {
            let due = self
                .changes
                .iter()
                .filter_map(|story| next_due_at(&story.change, &self.policy, &self.town, now))
                .min();
            let sample = now + self.minutes(8 * 60);
            match due.filter(|due| *due <= to) {
                Some(due) if due <= sample => {
                    // The sweep comes once a minute.
                    let waited = i64::try_from(self.dice.below(60)).unwrap_or_default();
                    now = due.max(now) + TimeDelta::seconds(waited);
                    if now > to {
                        return;
                    }
                    self.sweep(now);
                }
                // A look in between: nothing may be missing then.
                _ if sample < to => {
                    now = sample;
                    self.look(now);
                }
                _ => return,
            }
            if !self.failures.is_empty() {
                return;
            }
        }
    }

    fn declare(&mut self, now: DateTime<Utc>) {
        let number = ChangeNumber(1001 + self.changes.len() as u64);
        let requester = user(self.dice.below(PEOPLE.len()));
        self.seen(&requester, now);
        let submission = Submission {
            actor: Actor::Person(requester),
            at: now,
            source: Source::Receipt,
            command: Command::Request {
                what: text("Restart the gateway"),
                verbatim: text("Restart the gateway"),
                asked: Vec::new(),
                place: Place {
                    channel: ChannelId::new("C0INC"),
                    thread: None,
                },
                criterion: Some(Criterion::ProductionDown),
                said: None,
                captured: None,
                drill: false,
                known: Vec::new(),
            },
        };
        if let Ok(history) = declare(number, &submission, &self.policy)
            && let Some(change) = EmergencyChange::replay(number, &history)
        {
            self.changes.push(Story {
                change,
                history,
                naps: BTreeMap::new(),
                in_a_row: BTreeMap::new(),
            });
        }
    }

    fn seen(&self, who: &UserId, now: DateTime<Utc>) {
        let mut active = self.town.active.borrow_mut();
        let last = active.entry(who.clone()).or_insert(now);
        *last = now.max(*last);
    }

    /// Somebody says that they are away, or is gone; the bot looks at once at what
    /// they owe.
    fn goes_away(&mut self, now: DateTime<Utc>) {
        let who = user(self.dice.below(PEOPLE.len()));
        let absence = match self.dice.below(4) {
            0 => Absence::Left,
            _ => Absence::Away {
                until: now + self.minutes(5 * 24 * 60),
            },
        };
        // Somebody has to be left who may approve.
        if who == user(1) {
            return;
        }
        let mut absent = self.town.absent.borrow_mut();
        absent.insert(who.clone(), absence);
        drop(absent);
        let owner = Some(Party::Person(who.clone()));
        for which in 0..self.changes.len() {
            self.submit(which, &tick(now), now);
            let Some(story) = self.changes.get(which) else {
                continue;
            };
            for owed in obligations(&story.change, &self.policy) {
                let mine = owed.met_at.is_none() && owed.owner == owner;
                if mine
                    && cannot_wait(absence, owed.due_at)
                    && let Some(next) = self.stand_in(&owed, &story.change, now)
                {
                    self.failures.push(format!(
                        "{} at {now}: {:?} stays with {who}, who is gone, though {next} is there",
                        story.change.number, owed.duty
                    ));
                }
            }
        }
    }

    /// Who of the approvers could decide in somebody's place.
    fn stand_in(
        &self,
        owed: &Obligation,
        change: &EmergencyChange,
        now: DateTime<Utc>,
    ) -> Option<UserId> {
        if !matches!(owed.duty, Duty::Approval | Duty::SecondAuthorization) {
            return None;
        }
        let is_there = |who: &UserId| {
            owed.owner != Some(Party::Person(who.clone()))
                && self.town.absence(who, now).is_none()
                // Who had left has no part in the change until they act in it again.
                && !change.gone.contains(who)
                && apart(change, who)
        };
        APPROVERS.map(user).into_iter().find(is_there)
    }

    /// Somebody does something to a change; the rules may well say no.
    fn act(&mut self, now: DateTime<Utc>) {
        if self.changes.is_empty() {
            return;
        }
        let which = self.dice.below(self.changes.len());
        let who = user(self.dice.below(PEOPLE.len()));
        if matches!(
            self.town.absence(&who, now),
            Some(Absence::Left | Absence::Away { .. })
        ) {
            return;
        }
        let whom = user(self.dice.below(PEOPLE.len()));
        let by = full(&who);
        let ago = self.minutes(3 * 60);
        let Some(story) = self.changes.get(which) else {
            return;
        };
        let change = &story.change;
        let owed: Vec<Owes> = obligations(change, &self.policy)
            .into_iter()
            .filter(|one| one.met_at.is_none())
            .map(|one| (one.duty, one.owner))
            .collect();
        let owed = self.dice.choose(&owed).cloned();
        let (duty, owner) = owed.unwrap_or((Duty::Ticket, None));
        let answers = answerer(&mut self.dice, &self.town, owner.as_ref(), &who, now);
        let given = Given::Button;
        let command = match self.dice.below(26) {
            0..=3 => Command::Authorize { by, given },
            4 => Command::Deny { by, given },
            5 => Command::GoAhead { by },
            6 | 7 => Command::TakeCommand { by: full(&user(2)) },
            8..=10 => Command::RecordDeployment {
                at: now - ago.min(now - change.requested_at),
                source: Source::Attested,
                by: who.clone(),
            },
            11..=13 => {
                let fields = ticket(change, |words| text(&words));
                Command::Document {
                    by: Some(by),
                    fields,
                    standing: Vec::new(),
                }
            }
            14 | 15 => Command::Approve {
                by,
                seen: content_hash(change),
                conditions: None,
                genuine: Genuine {
                    is_genuine: true,
                    words: None,
                },
            },
            16 if self.dice.one_in(4) => Command::Reject {
                by,
                reason: text("The rule blocked customers."),
                remedy: Remedy::Redo,
                owner: None,
                due_at: None,
                genuine: None,
            },
            17 => Command::AnswerExceptions {
                by,
                exceptions: change.unanswered().collect::<BTreeSet<Exception>>(),
                cause: text("Nobody was awake."),
                remedy: text("Two on call."),
                owner: whom,
            },
            18..=21 => Command::Snooze {
                by: full(&answers),
                duty,
                nap: self.dice.choose(Nap::ALL).copied().unwrap_or(Nap::Hour),
            },
            22..=24 => Command::Delegate {
                by: full(&answers),
                duty,
                to: full(&whom),
            },
            // Somebody only looks.
            _ => {
                self.seen(&who, now);
                return;
            }
        };
        let actor = match &command {
            Command::TakeCommand { by }
            | Command::Snooze { by, .. }
            | Command::Delegate { by, .. } => by.id.clone(),
            _ => who,
        };
        self.seen(&actor, now);
        let submission = Submission {
            actor: Actor::Person(actor),
            at: now,
            source: Source::Slack,
            command,
        };
        self.submit(which, &submission, now);
    }

    /// Hands a command to the rules, folds what comes of it, and holds it to the
    /// model.
    fn submit(&mut self, which: usize, submission: &Submission, now: DateTime<Utc>) {
        let Some(story) = self.changes.get_mut(which) else {
            return;
        };
        let before = obligations(&story.change, &self.policy);
        let Ok(recorded) = decide(&story.change, submission, &self.policy, &self.town, now) else {
            return;
        };
        let mut faults = Vec::new();
        for one in &recorded {
            match &one.event {
                Event::Reminded {
                    duty, owner, rung, ..
                } => {
                    self.counts.reminders += 1;
                    let key = (*duty, owner.clone());
                    match story.naps.get(&key).copied() {
                        Some(until) if now < until => faults.push(format!(
                            "{duty:?} {rung:?} is said during a nap until {until}"
                        )),
                        Some(_) => {
                            story.naps.remove(&key);
                        }
                        None => {}
                    }
                    let fault = unfit(&story.change, &self.town, *duty, owner.as_ref(), *rung, now);
                    faults.extend(fault);
                }
                Event::DeadlineMissed { duty, due_at, .. } => {
                    self.counts.misses += 1;
                    if story.change.missed.contains(&(*duty, *due_at)) {
                        faults.push(format!("{duty:?} due {due_at} is missed twice"));
                    }
                    if *due_at > now {
                        faults.push(format!("{duty:?} due {due_at} is missed before its time"));
                    }
                }
                Event::Snoozed { duty, owner, until } => {
                    self.counts.naps += 1;
                    let key = (*duty, owner.clone());
                    let owed = before.iter().find(|one| one.duty == *duty);
                    faults.extend(bad_nap(owed, &one.actor, owner.as_ref(), *until, now));
                    let in_a_row = story.in_a_row.entry(key.clone()).or_default();
                    *in_a_row += 1;
                    if *in_a_row > NAPS {
                        faults.push(format!("{duty:?} is put off {in_a_row} times in a row"));
                    }
                    story.naps.insert(key, *until);
                }
                Event::HandedOver {
                    duty,
                    from,
                    to,
                    why,
                } => {
                    match why {
                        Handover::Delegated => self.counts.delegated += 1,
                        Handover::Away | Handover::Left | Handover::Ineligible => {
                            self.counts.away += 1;
                        }
                    }
                    let open = obligations(&story.change, &self.policy);
                    let owed = open
                        .iter()
                        .find(|one| one.duty == *duty && one.met_at.is_none());
                    let passing = Passing {
                        actor: &one.actor,
                        from: from.as_ref(),
                        to,
                        why: *why,
                    };
                    let fault =
                        bad_handover(owed, &passing, &story.change, &self.town, &self.policy, now);
                    faults.extend(fault);
                }
                _ => {}
            }
            if let (Actor::Person(who), false) =
                (&one.actor, matches!(one.event, Event::Snoozed { .. }))
            {
                let theirs = Some(Party::Person(who.clone()));
                story.in_a_row.retain(|(_, owner), _| *owner != theirs);
            }
            story.change.apply(one);
            story.history.push(one.clone());
            faults.extend(passed_in_vain(story, &one.event, &self.policy));
        }
        end_naps(story, &self.policy);
        let number = story.change.number;
        self.failures.extend(
            faults
                .into_iter()
                .map(|fault| format!("{number} at {now}: {fault}")),
        );
    }

    /// The clock looks at every change, and then all that is due has been done.
    fn sweep(&mut self, now: DateTime<Utc>) {
        self.latest = self.latest.max(now);
        for which in 0..self.changes.len() {
            let due = self
                .changes
                .get(which)
                .and_then(|story| next_due_at(&story.change, &self.policy, &self.town, now));
            if due.is_some_and(|due| due <= now) {
                self.submit(which, &tick(now), now);
            }
            let again = self
                .changes
                .get(which)
                .and_then(|story| next_due_at(&story.change, &self.policy, &self.town, now));
            if again.is_some_and(|due| due <= now) {
                self.failures.push(format!(
                    "at {now} the sweep would come again and again: {again:?}"
                ));
            }
        }
        self.look_at_once(now);
    }

    /// What must have been said and recorded by now, after a minute's grace.
    fn look(&mut self, now: DateTime<Utc>) {
        if now - self.awake_since > LATE {
            self.hold(now - LATE, now);
        }
    }

    /// What must have been said and recorded by now, right after a sweep.
    fn look_at_once(&mut self, now: DateTime<Utc>) {
        self.hold(now, now);
    }

    /// Holds every change to the model: all that was to be said by `by` is said.
    fn hold(&mut self, by: DateTime<Utc>, now: DateTime<Utc>) {
        for story in &self.changes {
            let change = &story.change;
            for owed in obligations(change, &self.policy) {
                if let Some(due_at) = owed.due_at
                    && due_at <= by
                    && owed.met_at.is_none()
                    && !change.has_missed(owed.duty, due_at)
                {
                    self.failures.push(format!(
                        "{} at {now}: {:?} was due {due_at}, and no miss is on record",
                        change.number, owed.duty
                    ));
                }
                let nap = story.naps.get(&(owed.duty, owed.owner.clone()));
                if let Some(until) = nap.filter(|until| **until <= by)
                    && nap_is_over(&owed, *until, &self.town, by, now)
                {
                    self.failures.push(format!(
                        "{} at {now}: {:?} of {:?} was put off until {until}, and nothing was said",
                        change.number, owed.duty, owed.owner
                    ));
                }
                if let Some(rung) = unsaid(&owed, change, &self.town, by, now) {
                    self.failures.push(format!(
                        "{} at {now}: {:?} of {:?} (opened {}, due {:?}, ready {:?}) wasn't said: {rung:?}; {:?}",
                        change.number,
                        owed.duty,
                        owed.owner,
                        owed.opened_at,
                        owed.due_at,
                        owed.ready_at,
                        change.chases.get(&(owed.duty, owed.owner.clone())),
                    ));
                }
            }
        }
        let mut said: BTreeMap<String, usize> = BTreeMap::new();
        for story in &self.changes {
            said.clear();
            for one in &story.history {
                let Event::Reminded {
                    duty,
                    owner,
                    due_at,
                    rung,
                    round,
                } = &one.event
                else {
                    continue;
                };
                // What has the name of another is taken for it, and never sent.
                let key = match owner {
                    Some(Party::Person(who)) => {
                        let number = story.change.number;
                        reminder_key(number, *duty, who, *due_at, (*rung, *round))
                    }
                    Some(Party::Group(_)) | None => {
                        format!("{duty:?} {owner:?} {due_at:?} {rung:?} {round:?}")
                    }
                };
                *said.entry(key).or_default() += 1;
            }
            let twice = said.iter().filter(|(_, n)| **n > 1);
            self.failures.extend(
                twice.map(|(key, n)| format!("{} said {n} times: {key}", story.change.number)),
            );
        }
    }

    /// What the control does: a restart loses who was reminded of what.
    fn forget(&mut self) {
        for story in &mut self.changes {
            let kept: Vec<Recorded> = story
                .history
                .iter()
                .filter(|one| !matches!(one.event, Event::Reminded { .. }))
                .cloned()
                .collect();
            if let Some(change) = EmergencyChange::replay(story.change.number, &kept) {
                story.change = change;
            }
        }
    }
}

/// What the clock does.
fn tick(now: DateTime<Utc>) -> Submission {
    Submission {
        actor: Actor::Clock,
        at: now,
        source: Source::Clock,
        command: Command::Tick,
    }
}

// ---- the model ------------------------------------------------------------

/// From ten at night to eight nobody is told of paperwork.
fn is_night(local: NaiveTime) -> bool {
    local < NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default()
        || local >= NaiveTime::from_hms_opt(22, 0, 0).unwrap_or_default()
}

fn reader(owner: Option<&Party>) -> Option<&UserId> {
    match owner {
        Some(Party::Person(who)) => Some(who),
        Some(Party::Group(_)) | None => None,
    }
}

fn was_awake(town: &Town, who: Option<&UserId>, at: DateTime<Utc>) -> bool {
    who.and_then(|who| town.active_at(who))
        .is_some_and(|seen| seen <= at && at - seen <= TimeDelta::minutes(30))
}

/// What is wrong with saying a rung now, if anything.
fn unfit(
    change: &EmergencyChange,
    town: &Town,
    duty: Duty,
    owner: Option<&Party>,
    rung: Rung,
    now: DateTime<Utc>,
) -> Option<String> {
    let who = reader(owner);
    let local = town.local(who, now).time();
    // The sweep comes within a minute of the evening's last moment.
    let slack = town.local(who, now - LATE).time();
    let chase = change.chases.get(&(duty, owner.cloned()));
    // Who put it off chose the time of day themselves.
    let chosen = matches!(rung, Rung::AfterNap(_))
        && chase
            .and_then(|chase| chase.nap_until)
            .is_some_and(|until| now - until < TimeDelta::minutes(30));
    if duty != Duty::AnswerRequest
        && !chosen
        && is_night(local)
        && is_night(slack)
        && !(0..=30).any(|minutes| was_awake(town, who, now - TimeDelta::minutes(minutes)))
    {
        return Some(format!(
            "{duty:?} {rung:?} is said to {who:?} at {local}, at night"
        ));
    }
    if let Some(until) = chase.and_then(|chase| chase.nap_until)
        && now < until
    {
        return Some(format!(
            "{duty:?} {rung:?} is said during a nap until {until}"
        ));
    }
    if change.stage == Stage::Withdrawn {
        return Some(format!("{duty:?} {rung:?} is said of what was withdrawn"));
    }
    None
}

/// Who answers a reminder: as a rule whose it is, if they are there.
fn answerer(
    dice: &mut Dice,
    town: &Town,
    owner: Option<&Party>,
    other: &UserId,
    now: DateTime<Utc>,
) -> UserId {
    match reader(owner) {
        Some(owner) if !dice.one_in(4) && town.absence(owner, now).is_none() => owner.clone(),
        Some(_) | None => other.clone(),
    }
}

/// What is done, or is somebody else's, ends a nap.
fn end_naps(story: &mut Story, policy: &Policy) {
    let open: BTreeSet<Owes> = obligations(&story.change, policy)
        .into_iter()
        .filter(|one| one.met_at.is_none())
        .map(|one| (one.duty, one.owner))
        .collect();
    story.naps.retain(|key, _| open.contains(key));
}

/// That something was handed to somebody who doesn't owe it now, if so.
fn passed_in_vain(story: &Story, event: &Event, policy: &Policy) -> Option<String> {
    let Event::HandedOver { duty, to, .. } = event else {
        return None;
    };
    let owed = obligations(&story.change, policy);
    let owner = owed.into_iter().find(|one| one.duty == *duty)?.owner;
    (owner.as_ref() != Some(to))
        .then(|| format!("{duty:?} passed to {to:?}, and {owner:?} owes it"))
}

/// What is wrong with putting something off, if anything.
fn bad_nap(
    owed: Option<&Obligation>,
    actor: &Actor,
    owner: Option<&Party>,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<String> {
    let Some(owed) = owed.filter(|one| one.met_at.is_none()) else {
        return Some("what nobody owes is put off".to_owned());
    };
    let duty = owed.duty;
    let by = match actor {
        Actor::Person(who) => Some(Party::Person(who.clone())),
        Actor::Clock | Actor::Bot => None,
    };
    let length = (until - now).num_minutes();
    if by.as_ref() != owner || owed.owner.as_ref() != owner {
        Some(format!("{duty:?} of {owner:?} is put off by {by:?}"))
    } else if duty == Duty::AnswerRequest {
        Some("the request itself is put off".to_owned())
    } else if ![30, 60, 120].contains(&length) {
        Some(format!("{duty:?} is put off by {length} minutes"))
    } else if owed.due_at.is_some_and(|due_at| until > due_at) {
        Some(format!(
            "{duty:?} is put off until {until}, past its deadline"
        ))
    } else {
        None
    }
}

/// Whether what was put off until an instant must have been said again since: by
/// day, to somebody who is there.
fn nap_is_over(
    owed: &Obligation,
    until: DateTime<Utc>,
    town: &Town,
    by: DateTime<Utc>,
    now: DateTime<Utc>,
) -> bool {
    let who = reader(owed.owner.as_ref());
    let is_day = |at| !is_night(town.local(who, at).time());
    owed.met_at.is_none() && is_day(until) && is_day(by) && is_day(now) && !is_away(town, who, now)
}

/// What passes from whom to whom, and on whose word.
struct Passing<'a> {
    actor: &'a Actor,
    from: Option<&'a Party>,
    to: &'a Party,
    why: Handover,
}

/// What is wrong with handing something on, if anything.
fn bad_handover(
    owed: Option<&Obligation>,
    passing: &Passing<'_>,
    change: &EmergencyChange,
    town: &Town,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Option<String> {
    let Some(owed) = owed else {
        return Some("what nobody owes is handed on".to_owned());
    };
    let (duty, from, to) = (owed.duty, passing.from, passing.to);
    if owed.owner.as_ref() != from || from == Some(to) {
        return Some(format!(
            "{duty:?} of {:?} passes from {from:?} to {to:?}",
            owed.owner
        ));
    }
    let stays = matches!(
        duty,
        Duty::AnswerRequest
            | Duty::ConfirmDeployment
            | Duty::CommanderAuthorization
            | Duty::Confirmation
    );
    let to = reader(Some(to))?;
    // Where it is nobody else's to do and they have left, whoever can name another is
    // asked.
    let names_another = duty != Duty::AnswerRequest
        && passing.why == Handover::Left
        && (*to == change.requester || policy.escalation.contains(to));
    if stays && !names_another {
        return Some(format!(
            "{duty:?} is nobody else's to do, and passes to {to}"
        ));
    }
    let decides = matches!(duty, Duty::Approval | Duty::SecondAuthorization);
    // The decision may be handed to somebody who went ahead, if anybody does so; the
    // clock looks for others.
    let may_decide = match passing.why {
        Handover::Delegated if duty == Duty::Approval => !change.is_involved(to),
        Handover::Delegated | Handover::Away | Handover::Left | Handover::Ineligible => {
            apart(change, to)
        }
    };
    if decides && !(APPROVERS.map(user).contains(to) && may_decide) {
        return Some(format!("{duty:?} passes to {to}, who may not do it"));
    }
    let from = reader(from)?;
    match passing.why {
        Handover::Delegated => {
            let Actor::Person(by) = passing.actor else {
                return Some(format!("{duty:?} is delegated by nobody"));
            };
            let may = by == from || policy.escalation.contains(by);
            (!may).then(|| format!("{duty:?} of {from} is handed on by {by}"))
        }
        Handover::Away | Handover::Left => {
            let absence = town.absence(from, now);
            if !absence.is_some_and(|absence| cannot_wait(absence, owed.due_at)) {
                return Some(format!(
                    "{duty:?} is taken from {from}, who is there: {absence:?}"
                ));
            }
            let absent = town.absence(to, now).is_some();
            absent.then(|| format!("{duty:?} passes to {to}, who is away, too"))
        }
        // Slack says nothing of groups here.
        Handover::Ineligible => Some(format!("{duty:?} is taken from {from}, who may do it")),
    }
}

/// Whether somebody had no part in what they would decide on, nor permitted it alone.
fn apart(change: &EmergencyChange, who: &UserId) -> bool {
    let deployed = change.deployments.iter().any(|one| one.by == *who);
    let went_ahead = change.went_ahead.as_ref().is_some_and(|one| one.by == *who);
    change.requester != *who && !deployed && !went_ahead
}

/// Whether what is due then can't wait until somebody is back.
fn cannot_wait(absence: Absence, due_at: Option<DateTime<Utc>>) -> bool {
    match absence {
        Absence::Left => true,
        Absence::Away { until } => due_at.is_none_or(|due_at| due_at <= until),
    }
}

/// Whether they are away, or were until a moment ago.
fn is_away(town: &Town, who: Option<&UserId>, now: DateTime<Utc>) -> bool {
    who.is_some_and(|who| {
        [now, now - LATE]
            .iter()
            .any(|at| town.absence(who, *at).is_some())
    })
}

/// The table of the design: which rungs lie before a deadline, in minutes.
fn before(duty: Duty, change: &EmergencyChange) -> Option<&'static [i64]> {
    Some(match duty {
        Duty::AnswerRequest | Duty::ConfirmDeployment => return None,
        Duty::Ticket
        | Duty::CommanderAuthorization
        | Duty::Confirmation
        | Duty::SecondAuthorization
        | Duty::Approval
        | Duty::SecurityReview
        | Duty::DatabaseApproval => &[960, 480, 240, 120, 60, 30],
        Duty::AnswerException(_) if !change.closing_waits_for(duty) => &[10_080, 1440],
        Duty::Remediation | Duty::AnswerException(_) => &[4320, 1440, 240],
        Duty::GenuinenessReview | Duty::MeetingReview | Duty::PermanentFix | Duty::FollowUp(_) => {
            &[10_080, 1440]
        }
    })
}

fn is_weekly(duty: Duty, change: &EmergencyChange) -> bool {
    !change.closing_waits_for(duty)
}

/// A rung that was to be said by `by` at the latest, and neither it nor a later
/// one was. Only by day, outside a nap, half an hour after the last.
fn unsaid(
    owed: &Obligation,
    change: &EmergencyChange,
    town: &Town,
    by: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Rung> {
    if owed.met_at.is_some() {
        return None;
    }
    let who = reader(owed.owner.as_ref());
    let may_wake = owed.duty == Duty::AnswerRequest;
    let key = (owed.duty, owed.owner.clone());
    let chase = change.chases.get(&key).cloned().unwrap_or_default();
    let is_day = |at| !is_night(town.local(who, at).time());
    if !(may_wake || (is_day(by) && is_day(now))) {
        return None;
    }
    // Who is away, or puts it off, is left alone for so long.
    let is_away = !may_wake && (is_away(town, who, now) || is_away(town, who, by));
    if is_away || chase.nap_until.is_some_and(|until| by < until) {
        return None;
    }
    if chase
        .last_at
        .is_some_and(|last| by < last + TimeDelta::minutes(30))
    {
        return None;
    }
    // The night keeps what was put off until it is over; then it is said at once.
    let floor = chase.last_at;
    let mut rungs: Vec<(Rung, DateTime<Utc>)> = Vec::new();
    match (owed.duty, before(owed.duty, change), owed.due_at) {
        (Duty::AnswerRequest, _, _) => {
            rungs.push((Rung::Again(1), owed.opened_at + TimeDelta::minutes(3)));
            rungs.push((Rung::Again(2), owed.opened_at + TimeDelta::minutes(6)));
        }
        (Duty::ConfirmDeployment, _, _) => {
            for (n, minutes) in [(1, 30), (2, 120), (3, 480), (4, 1440)] {
                rungs.push((Rung::Again(n), owed.opened_at + TimeDelta::minutes(minutes)));
            }
        }
        (duty, Some(table), Some(due_at)) => {
            rungs.push((Rung::Opening, owed.opened_at));
            let is_ready = duty != Duty::Approval || owed.ready_at.is_some_and(|at| at <= by);
            for minutes in table {
                let at = due_at - TimeDelta::minutes(*minutes);
                let heads_up = matches!(minutes, 240 | 60);
                let after_ready = owed.ready_at.is_none_or(|ready| ready <= at);
                let counts = duty != Duty::Approval || heads_up || (is_ready && after_ready);
                if at > owed.opened_at && counts && now < due_at {
                    rungs.push((Rung::Before(u16::try_from(*minutes).ok()?), at));
                }
            }
            if is_ready {
                for n in 1..200_u16 {
                    let after = if is_weekly(duty, change) {
                        TimeDelta::weeks(i64::from(n))
                    } else if n <= 6 {
                        TimeDelta::hours(4 * i64::from(n))
                    } else {
                        TimeDelta::days(1 + i64::from(n - 6))
                    };
                    let at = due_at + after;
                    let since = owed.ready_at.filter(|_| duty == Duty::Approval);
                    if at > by {
                        break;
                    }
                    if since.is_none_or(|since| at > since) {
                        rungs.push((Rung::Overdue(n), at));
                    }
                }
            }
        }
        _ => rungs.push((Rung::Opening, owed.opened_at)),
    }
    let highest = chase.highest.map_or(-1, height);
    rungs
        .into_iter()
        .filter(|(rung, at)| *at <= by && height(*rung) > highest)
        // What fell into a night was said the evening before or is to be said since
        // this morning; the minute of the change-over is nobody's.
        .find(|(_, at)| floor.is_none_or(|_| *at <= by) && said_by(town, who, *at, may_wake) <= by)
        .map(|(rung, _)| rung)
}

/// When it is to be said at the latest: at its time, or in the morning after.
fn said_by(town: &Town, who: Option<&UserId>, at: DateTime<Utc>, may_wake: bool) -> DateTime<Utc> {
    let local = town.local(who, at);
    if may_wake || !is_night(local.time()) {
        return at;
    }
    let eight = NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default();
    let morning = if local.time() < eight {
        local.date()
    } else {
        local
            .date()
            .checked_add_days(Days::new(1))
            .unwrap_or(local.date())
    };
    town.instant(who, morning.and_time(eight))
}

fn height(rung: Rung) -> i64 {
    match rung {
        Rung::Opening | Rung::Ready | Rung::AfterNap(_) => 0,
        Rung::Again(n) => i64::from(n),
        Rung::Before(minutes) => 100_000 - i64::from(minutes),
        Rung::Overdue(n) => 100_000 + i64::from(n),
    }
}
