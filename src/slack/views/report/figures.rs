//! What figures say, line by line.

use chrono::{DateTime, Utc};

use crate::domain::rate::{
    Budget, Corrected, Difference, FEWEST_FOR_A_VERDICT, Figures, Frozen, Interval, Part, Reach,
    Verdict, Window, WindowKind, grouped, percent, so_many,
};
use crate::slack::views::say;

use super::guideline;

/// How many systems, teams and sources are named.
const MOST_PARTS: usize = 5;

/// How many weeks are named that have no report of their own.
const MOST_WEEKS: usize = 8;

/// How long the name of a system, team or source may be.
const ROOM_FOR_A_NAME: usize = 60;

/// Returns `1 change`, `2 changes`.
pub(super) fn changes(n: u64) -> String {
    so_many(n, "change", "changes")
}

/// Returns `1 emergency`, `2 emergencies`.
pub(super) fn emergencies(n: u64) -> String {
    so_many(n, "emergency", "emergencies")
}

/// Returns an instant's day, in the reader's zone.
pub(super) fn day(at: DateTime<Utc>) -> String {
    format!(
        "<!date^{}^{{date_short}}|{}>",
        at.timestamp(),
        at.format("%-d %b")
    )
}

/// Returns a name that somebody gave a system, a team or a source.
pub(super) fn name(name: &str) -> String {
    say::safe(name, ROOM_FOR_A_NAME).words
}

/// Returns which window it is, as the beginning of a sentence.
pub(super) fn when(window: &Window, is_in_progress: bool) -> String {
    match (window.kind, is_in_progress) {
        (WindowKind::Week, false) => format!("Week of {window}"),
        (WindowKind::Week, true) => format!("This week so far, {window}"),
        (WindowKind::Rolling, false) => format!("Four weeks, {window}"),
        (WindowKind::Rolling, true) => format!("Four weeks with this one so far, {window}"),
        (WindowKind::Quarter, false) => window.to_string(),
        (WindowKind::Quarter, true) => format!("{window} so far"),
    }
}

/// Returns the one line that everybody reads.
pub(super) fn headline(figures: &Figures) -> String {
    let Some(percent) = figures.percent() else {
        return figures.why_unknown().map_or_else(
            || "No changes were deployed, so there is no emergency rate.".to_owned(),
            |why| format!("The emergency rate is unknown: {why}."),
        );
    };
    let (part, whole) = (figures.n_emergencies, figures.n_changes);
    let were = if part == 1 {
        "was an emergency"
    } else {
        "were emergencies"
    };
    let of = format!("{} of {} {were}", grouped(part), changes(whole));
    match figures.verdict() {
        Verdict::TooFew => format!("{of} ({percent} %): too few for a verdict."),
        Verdict::Within | Verdict::Over | Verdict::Unknown => {
            format!("{of} ({percent} %; guideline {}).", guideline(figures))
        }
    }
}

/// Returns what the figures say about the guideline, and what to do about it.
pub(super) fn verdict(figures: &Figures) -> String {
    let likely = figures
        .interval()
        .map_or_else(String::new, |interval| likely(&interval));
    match figures.verdict() {
        Verdict::Unknown => {
            let known = match figures.n_emergencies {
                0 => "Nothing is on record".to_owned(),
                n => format!("{} on record", said_as_subject(n)),
            };
            format!(
                "{known}, but not how many changes there were in all. Connect GitHub or GitLab, or hand in a list with `breakglass import FILE.csv`; `breakglass doctor` says what is connected and what hinders it."
            )
        }
        Verdict::TooFew if figures.n_changes == 0 => {
            "the sources were heard from and had nothing to tell.".to_owned()
        }
        Verdict::TooFew => format!(
            "a verdict takes at least {FEWEST_FOR_A_VERDICT} changes; one emergency more or less would turn it."
        ),
        Verdict::Within if is_exact(figures) => {
            format!("exactly the guideline, which is within it. {likely}")
        }
        Verdict::Within => format!("within the guideline. {likely}"),
        Verdict::Over => {
            let room = figures.n_changes * u64::from(figures.rules.guideline) / 1000;
            format!(
                "over the guideline; of {} it allows {}. {likely} What of it could have been planned? `/emergency agenda` has the list for the next meeting.",
                changes(figures.n_changes),
                grouped(room),
            )
        }
    }
}

fn said_as_subject(n: u64) -> String {
    if n == 1 {
        "1 emergency is".to_owned()
    } else {
        format!("{} emergencies are", grouped(n))
    }
}

fn is_exact(figures: &Figures) -> bool {
    figures.n_emergencies * 1000 == figures.n_changes * u64::from(figures.rules.guideline)
}

fn likely(interval: &Interval) -> String {
    format!(
        "Likely range (95 %): {:.1}–{:.1} %.",
        interval.low * 100.0,
        interval.high * 100.0
    )
}

/// Returns figures as a short sentence, with how they stand to the guideline.
pub(super) fn in_short(figures: &Figures) -> String {
    let of = format!(
        "{} of {}",
        grouped(figures.n_emergencies),
        grouped(figures.n_changes)
    );
    match (figures.verdict(), figures.percent()) {
        (Verdict::Unknown, _) => {
            let n = emergencies(figures.n_emergencies);
            let why = figures.why_unknown().unwrap_or_default();
            format!("unknown; {n} on record, and {why}.")
        }
        (Verdict::TooFew, None) => "no changes.".to_owned(),
        (Verdict::TooFew, Some(percent)) => {
            format!("{of} ({percent} %), too few for a verdict.")
        }
        (Verdict::Within, percent) => {
            let percent = percent.unwrap_or_default();
            format!("{of} ({percent} %), within the guideline.")
        }
        (Verdict::Over, percent) => {
            let percent = percent.unwrap_or_default();
            format!("{of} ({percent} %), over the guideline.")
        }
    }
}

/// Returns what is missing from the denominator, as far as that is known.
pub(super) fn gaps(figures: &Figures) -> Option<String> {
    let silent = figures.coverage.silent.iter().map(|one| {
        format!(
            "{} hasn't been heard from since {}: changes may be missing, and the rate may look too high. `breakglass doctor` says what hinders it.",
            name(&one.source),
            say::at(one.since)
        )
    });
    let new = figures.coverage.new_in(&figures.window).map(|one| {
        format!(
            "{} was first heard from {}; what it deployed before may be missing.",
            name(&one.source),
            say::at(one.first_at)
        )
    });
    let lines: Vec<String> = silent.chain(new).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Returns how many emergencies weren't genuine.
pub(super) fn not_genuine(figures: &Figures) -> Option<String> {
    match figures.n_not_genuine {
        0 => None,
        1 if figures.n_emergencies == 1 => {
            Some("It was found to be no genuine emergency, and stays counted.".to_owned())
        }
        1 => Some("One of them was found to be no genuine emergency; it stays counted.".to_owned()),
        n => Some(format!(
            "{} of them were found to be no genuine emergencies; they stay counted.",
            grouped(n)
        )),
    }
}

/// Returns what the quarter has room for, and until when.
pub(super) fn budget(budget: &Budget) -> String {
    format!("*Budget:* {}", budget_in_words(budget, day))
}

/// Returns what a quarter has room for without any markup, with days as `day` has
/// them.
pub fn budget_in_words(budget: &Budget, day: impl Fn(DateTime<Utc>) -> String) -> String {
    let quarter = budget.quarter;
    let more = match budget.left.unsigned_abs() {
        1 => "1 more emergency".to_owned(),
        n => format!("{} more emergencies", grouped(n)),
    };
    let now = match budget.left {
        0 => format!("no room for another emergency in {quarter} as it stands"),
        1.. => format!("room for {more} in {quarter} as it stands"),
        _ => format!("{more} in {quarter} than the guideline allows"),
    };
    let Some(forecast) = budget.forecast else {
        return format!("{now}.");
    };
    let percent = percent(
        forecast.n_emergencies,
        forecast.n_changes,
        budget.rules.guideline,
    );
    let end = format!(
        "about {} of {} ({} %) by its end",
        grouped(forecast.n_emergencies),
        grouped(forecast.n_changes),
        percent.unwrap_or_default()
    );
    let pace = match forecast.reach {
        Reach::Kept if budget.left < 0 => format!("comes back within it: {end}"),
        Reach::Kept => format!("keeps to it: {end}"),
        Reach::On(_) | Reach::Already if budget.left < 0 => {
            format!("doesn't make that good: {end}")
        }
        Reach::On(at) => format!("uses it up around {}: {end}", day(at)),
        Reach::Already => format!("leaves it used up: {end}"),
    };
    format!("{now}; the present pace {pace}.")
}

/// Returns the systems that had emergencies.
pub(super) fn systems(figures: &Figures) -> Option<String> {
    by("By system", &figures.by_system, figures)
}

/// Returns the teams that had emergencies.
pub(super) fn teams(figures: &Figures) -> Option<String> {
    by("By team", &figures.by_team, figures)
}

fn by(label: &str, all: &[Part], figures: &Figures) -> Option<String> {
    parts(label, all, |part| {
        let n = grouped(part.n_emergencies);
        if figures.is_unknown() {
            // The others that it had are just what nobody knows.
            return format!("{} {n}", name(&part.name));
        }
        format!("{} {n} of {}", name(&part.name), grouped(part.n_changes))
    })
}

fn parts(label: &str, all: &[Part], said: impl Fn(&Part) -> String) -> Option<String> {
    let with: Vec<&Part> = all.iter().filter(|part| part.n_emergencies > 0).collect();
    let named = with.iter().take(MOST_PARTS).map(|part| said(part));
    let mut named: Vec<String> = named.collect();
    let more = with.len().saturating_sub(MOST_PARTS);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    (!named.is_empty()).then(|| format!("*{label}:* {}.", named.join(", ")))
}

/// Returns why there were emergencies.
pub(super) fn criteria(figures: &Figures) -> Option<String> {
    let said: Vec<String> = figures
        .by_criterion
        .iter()
        .map(|(criterion, n)| {
            let label = criterion.map_or("not stated", say::criterion_label);
            format!("{label} {}", grouped(*n))
        })
        .collect();
    (!said.is_empty()).then(|| format!("*Why:* {}.", said.join(", ")))
}

/// Returns how many emergencies were documented in time.
pub(super) fn punctuality(figures: &Figures) -> Option<String> {
    let documented = figures.documented;
    (documented.n_due > 0).then(|| {
        format!(
            "*Documented in time:* {} of {}.",
            grouped(documented.n_in_time),
            grouped(documented.n_due)
        )
    })
}

/// Returns how long things took.
pub(super) fn medians(figures: &Figures) -> Option<String> {
    let said: Vec<String> = [
        (figures.to_authorization, "to authorization"),
        (figures.to_documentation, "to the complete ticket"),
        (figures.to_approval, "to approval"),
    ]
    .into_iter()
    .filter_map(|(median, what)| Some(format!("{} {what}", say::span(median?))))
    .collect();
    (!said.is_empty()).then(|| format!("*Median time:* {}.", said.join(", ")))
}

/// Returns from whom the changes are known, and by what formula they were counted.
pub(super) fn counted_from(figures: &Figures) -> String {
    let mut said = Vec::new();
    let named = figures
        .by_source
        .iter()
        .take(MOST_PARTS)
        .map(|part| format!("{} {}", name(&part.name), grouped(part.n_changes)));
    let named: Vec<String> = named.collect();
    let register = figures.emergencies.len() as u64;
    if !named.is_empty() {
        let more = figures.by_source.len().saturating_sub(MOST_PARTS);
        let more = if more > 0 {
            format!(", {more} more sources")
        } else {
            String::new()
        };
        said.push(format!(
            "Counted: {}{more}, the register of emergencies {}.",
            named.join(", "),
            grouped(register)
        ));
    }
    if figures.n_standard > 0 {
        let n = so_many(figures.n_standard, "standard change", "standard changes");
        said.push(if figures.rules.with_standard {
            format!("{n} among them.")
        } else {
            format!("{n} left out.")
        });
    }
    let formula = figures.rules.formula().to_string();
    said.push(format!("Rate: {formula}."));
    said.join(" ")
}

/// Returns what was reported of a week, the figure beside it, and why they differ,
/// without any markup.
pub fn beside(corrected: &Corrected) -> String {
    let why = corrected.differences.iter().map(|one| difference(*one));
    format!(
        "{}: reported {}, now {}; {}",
        corrected.reported.window,
        frozen(&corrected.reported),
        frozen(&corrected.now),
        say::listed(why)
    )
}

/// Returns the line that says what is known beside reported weeks that are shown.
pub(super) fn better_known(corrected: &Corrected) -> String {
    format!("*Known better now:* {}.", beside(corrected))
}

/// Returns the weeks that have no report of their own.
pub(super) fn skipped(weeks: &[Frozen]) -> Option<String> {
    let unnamed = weeks.len().saturating_sub(MOST_WEEKS);
    let mut said: Vec<String> = weeks
        .iter()
        .skip(unnamed)
        .map(|one| format!("{} {}", one.window, frozen(one)))
        .collect();
    if unnamed > 0 {
        said.insert(0, format!("{unnamed} before"));
    }
    (!said.is_empty()).then(|| format!("*Not posted, because I was away:* {}.", said.join("; ")))
}

/// Returns frozen figures, in short.
fn frozen(one: &Frozen) -> String {
    match one.percent() {
        _ if one.is_unknown => "unknown".to_owned(),
        None => "no changes".to_owned(),
        Some(percent) => format!(
            "{} of {} ({percent} %)",
            grouped(one.n_emergencies),
            grouped(one.n_changes)
        ),
    }
}

fn difference(difference: Difference) -> String {
    let was = |n: u64| if n == 1 { "was" } else { "were" };
    match difference {
        Difference::ToldLater(n) => format!("{} {} told of later", changes(n), was(n)),
        Difference::CountedElsewhere(n) => format!(
            "{} turned out to be told of twice, to be an emergency's or of another week",
            changes(n)
        ),
        Difference::DeclaredLater(n) => format!("{} {} declared later", emergencies(n), was(n)),
        Difference::MovedAway(n) => {
            format!("{} turned out to be of another week", emergencies(n))
        }
        Difference::FoundNotGenuine(n) => {
            format!("{} {} found not genuine", emergencies(n), was(n))
        }
        Difference::FoundGenuine(n) => {
            format!("{} {} found genuine after all", emergencies(n), was(n))
        }
        Difference::StandardCounted => "standard changes count now".to_owned(),
        Difference::StandardLeftOut => "standard changes count no more".to_owned(),
        Difference::HeardLater => "a source was heard from later".to_owned(),
    }
}
