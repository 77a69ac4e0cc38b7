//! All that is said about the rate at one moment: what the weekly report, `/emergency
//! rate`, the Home and `breakglass rate` show is taken from here, so that they can't
//! disagree.
//!
//! The changes pass by once and aren't kept. What the figures are is the domain's to
//! say; here they are only asked for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::correction::reported;
use crate::domain::id::{ChangeNumber, ChannelId};
use crate::domain::policy::{Counting, Policy};
use crate::domain::rate::{
    self, Budget, Corrected, Coverage, Figures, OFFENDER_WITHIN, Offender, Pace, Rules, Silent,
    Tally, Teams, Window, offenders,
};
use crate::store::{self, Hearing, Moment, Question, READ_WITHIN, Reading, Store, StoreError};

/// How many weeks the report shows.
pub const WEEKS: u64 = 12;

/// How far back hearings are looked at, before the first window: the habits of a
/// source are told by them.
const HABITS: TimeDelta = TimeDelta::weeks(12);

/// The least time there is: what is known up to an instant lies before it.
const LEAST: TimeDelta = TimeDelta::microseconds(1);

/// By what is counted, and what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What the policy says about counting.
    pub rules: Rules,
    /// Whose systems are whose.
    pub teams: Teams,
    /// The zone in which weeks and quarters begin.
    pub zone: Tz,
    /// How many weeks are shown.
    pub weeks: u64,
    /// Whether the quarter before is wanted, too, which twice as many changes are
    /// looked through for.
    pub with_quarter_before: bool,
    /// Up to when: what happened from then on is left out.
    pub now: DateTime<Utc>,
}

impl Wanted {
    /// What the weekly report and the Home want to know.
    pub fn by(policy: &Policy, zone: Tz, now: DateTime<Utc>) -> Self {
        Self {
            rules: Rules {
                guideline: policy.guideline,
                with_standard: policy.counting.standard,
            },
            teams: Teams::new(&policy.teams),
            zone,
            weeks: WEEKS,
            with_quarter_before: false,
            now,
        }
    }
}

/// All that is said about the rate at one moment.
#[derive(Debug, Clone)]
pub struct Assembled {
    /// By what it was counted.
    pub wanted: Wanted,
    /// The last complete week: the one that is reported.
    pub week: Figures,
    /// The last complete weeks, the oldest first; the last is the one above.
    pub weeks: Vec<Figures>,
    /// The four weeks that end with the reported one.
    pub rolling: Figures,
    /// The week that isn't over, as far as it is known.
    pub this_week: Figures,
    /// The four weeks of which that is the last.
    pub these_weeks: Figures,
    /// The four weeks before those.
    pub weeks_before: Figures,
    /// The quarter, so far.
    pub quarter: Figures,
    /// The quarter before, if it was wanted.
    pub quarter_before: Option<Figures>,
    /// What the quarter has room for, if that is known.
    pub budget: Option<Budget>,
    /// What comes again and again.
    pub offenders: Vec<Offender>,
    /// Where the changes of these were declared.
    pub places: BTreeMap<ChangeNumber, ChannelId>,
    /// The weeks among these that were reported otherwise than they are known now, the
    /// oldest first. Above they stand as they were reported.
    pub corrections: Vec<Corrected>,
    /// The changes of the reported four weeks, and since, that nobody explained.
    pub unexplained: Vec<Question>,
    /// What the log held then.
    pub log_size: u64,
}

impl Assembled {
    /// Returns what is known of a window beside what was reported of it, if that
    /// differs.
    pub fn corrected(&self, window: &Window) -> Option<&Corrected> {
        self.corrections
            .iter()
            .find(|one| one.reported.is_of(window))
    }
}

/// The windows, before anything is known of them.
struct Windows {
    weeks: Vec<Window>,
    week: Window,
    rolling: Window,
    this_week: Window,
    these_weeks: Window,
    weeks_before: Window,
    quarter: Window,
    quarter_before: Option<Window>,
}

impl Windows {
    fn of(wanted: &Wanted) -> Self {
        let zone = &wanted.zone;
        // Whoever asks at midnight asks about what was before.
        let latest = wanted.now - LEAST;
        let week = Window::last_week(zone, wanted.now);
        let these_weeks = Window::rolling(zone, latest);
        let quarter = Window::quarter(zone, latest);
        let before = |window: &Window| window.from - LEAST;
        Self {
            weeks: Window::weeks(zone, before_end(&week), wanted.weeks),
            rolling: Window::rolling(zone, before_end(&week)),
            week,
            this_week: Window::week(zone, latest),
            weeks_before: Window::rolling(zone, before(&these_weeks)),
            these_weeks,
            quarter_before: wanted
                .with_quarter_before
                .then(|| Window::quarter(zone, before(&quarter))),
            quarter,
        }
    }

    fn all(&self) -> impl Iterator<Item = &Window> {
        self.weeks
            .iter()
            .chain([
                &self.week,
                &self.rolling,
                &self.this_week,
                &self.these_weeks,
                &self.weeks_before,
                &self.quarter,
            ])
            .chain(&self.quarter_before)
    }
}

/// The last instant of a window.
fn before_end(window: &Window) -> DateTime<Utc> {
    window.to - LEAST
}

/// Reads and counts all that is said about the rate, beside whatever else the bot
/// does.
pub async fn assembled(store: &Store, wanted: Wanted) -> Result<Assembled, StoreError> {
    store.moment(move |moment| assemble(moment, &wanted)).await
}

/// Reads and counts all that is said about the rate, of a moment of any file.
pub fn assemble(moment: &Moment<'_>, wanted: &Wanted) -> Result<Assembled, StoreError> {
    let now = wanted.now;
    let windows = Windows::of(wanted);
    let since = windows.all().map(|one| one.from).min().unwrap_or(now);
    // Weeks are frozen as they were then, by the zone of then.
    let reported = reported(moment, wanted.rules, since, now)?;
    let mut tally = Tally::new(
        wanted.rules,
        windows
            .all()
            .chain(reported.iter().map(|one| &one.first.window)),
    )
    .with_teams(&wanted.teams);
    count(moment, &mut tally, since, now)?;
    let emergencies = moment.emergencies_between(since.min(now - OFFENDER_WITHIN), now, now)?;
    let mut places: BTreeMap<ChangeNumber, ChannelId> = emergencies
        .iter()
        .map(|one| (one.number, one.channel.clone()))
        .collect();
    let emergencies: Vec<rate::Emergency> = emergencies.into_iter().map(emergency).collect();
    let offenders = offenders(&emergencies, now);
    let are_repeated: BTreeSet<ChangeNumber> = offenders
        .iter()
        .flat_map(|one| &one.changes)
        .copied()
        .collect();
    places.retain(|number, _| are_repeated.contains(number));
    for one in emergencies {
        tally.add(one);
    }
    let hearings = moment.hearings(since - HABITS, now)?;
    let readings = moment.readings()?;
    let figures = |window: &Window| {
        let heard = hearings.iter().filter_map(heard);
        let mut coverage = Coverage::of(&wanted.zone, window, heard, now);
        let unread: Vec<Silent> = unread(&readings, window, now).collect();
        // What was said of a part needn't be said of the whole.
        let is_said = |silent: &Silent| {
            let whole = format!("{} ", silent.source);
            unread.iter().any(|part| part.source.starts_with(&whole))
        };
        coverage.silent.retain(|silent| !is_said(silent));
        coverage.silent.extend(unread);
        tally.figures(window, coverage, now)
    };
    let as_reported = |window: &Window| {
        let known = figures(window);
        let shown = reported.iter().find(|one| one.first.is_of(window));
        match shown {
            Some(one) => one.first.put_into(known),
            None => known,
        }
    };
    let rolling = figures(&windows.rolling);
    let quarter = figures(&windows.quarter);
    Ok(Assembled {
        wanted: wanted.clone(),
        week: as_reported(&windows.week),
        weeks: windows.weeks.iter().map(as_reported).collect(),
        this_week: figures(&windows.this_week),
        these_weeks: figures(&windows.these_weeks),
        weeks_before: figures(&windows.weeks_before),
        quarter_before: windows.quarter_before.as_ref().map(figures),
        budget: Budget::of(&quarter, Pace::of(&rolling).as_ref()),
        offenders,
        places,
        corrections: reported
            .iter()
            .filter_map(|one| one.beside(&figures(&one.first.window)))
            .collect(),
        log_size: moment.log_size()?,
        unexplained: moment.unexplained(windows.rolling.from, now)?,
        rolling,
        quarter,
    })
}

/// Counts what isn't of the register.
fn count(
    moment: &Moment<'_>,
    tally: &mut Tally,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<(), StoreError> {
    moment.counted(from, to, |one| {
        tally.count(&rate::Counted {
            at: one.at,
            kind: one.kind,
            system: one.system.map(|it| it.name),
            source: one.source.name,
        });
    })
}

/// Returns what is known of one window, however long ago it was.
pub(super) fn figures_of(
    moment: &Moment<'_>,
    wanted: &Wanted,
    window: &Window,
    now: DateTime<Utc>,
) -> Result<Figures, StoreError> {
    let mut tally = Tally::new(wanted.rules, [window]);
    count(moment, &mut tally, window.from, window.to)?;
    for one in moment.emergencies_between(window.from, window.to, now)? {
        tally.add(emergency(one));
    }
    let hearings = moment.hearings(window.from - HABITS, window.to)?;
    let heard = hearings.iter().filter_map(heard);
    let coverage = Coverage::of(&wanted.zone, window, heard, now);
    Ok(tally.figures(window, coverage, now))
}

/// An emergency of the register, as the rate sees it.
pub(crate) fn emergency(one: store::Emergency) -> rate::Emergency {
    // Whoever stated another reason than an emergency's said so themselves, as long
    // as nobody who decides says otherwise.
    let is_not_genuine = one
        .is_genuine
        .map_or(one.stated_reason.is_some(), |is_genuine| !is_genuine);
    rate::Emergency {
        number: one.number,
        requested_at: one.requested_at,
        deployed_at: one.deployed_at,
        authorized_at: one.authorized_at,
        documented_at: one.documented_at,
        documented_in_time: one.documented_in_time,
        approved_at: one.approved_at,
        criterion: one.criterion,
        systems: one.systems,
        category: one.category,
        is_not_genuine,
    }
}

/// Returns the repositories that nobody could read up to the end of a window: the rest
/// of their source may be heard from, and says nothing of them.
fn unread<'a>(
    readings: &'a [Reading],
    window: &'a Window,
    now: DateTime<Utc>,
) -> impl Iterator<Item = Silent> + 'a {
    let end = window.to.min(now);
    readings.iter().filter_map(move |one| {
        let since = one.read_at.unwrap_or(window.from).min(end);
        (end - since > READ_WITHIN).then(|| Silent {
            source: format!("{} {}", one.source.as_str(), one.path),
            since,
        })
    })
}

/// A source that spoke by itself on a day; nothing where only a list names it.
pub(crate) fn heard(hearing: &Hearing) -> Option<rate::Hearing<'_>> {
    let source = hearing.source.as_str();
    Some(rate::Hearing {
        source,
        at: hearing.spoke_at?,
        is_usual: Counting::USUAL.iter().any(|(name, _)| *name == source),
    })
}
