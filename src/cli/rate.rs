//! `breakglass rate`: the emergency rate as the report computes it.
//!
//! Only reads: it takes no lock and writes nothing, so that it may be asked at any
//! time, beside a running bot.

use anyhow::{Context as _, bail};
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;

use super::{print, say};
use crate::clock::Clock;
use crate::config::{Flags, PolicyFile, Settings};
use crate::domain::id::WorkspaceId;
use crate::domain::policy::{Policy, PolicyVersion};
use crate::domain::rate::{
    Budget, Corrected, Figures, Frozen, Interval, Part, Verdict, grouped, guideline_percent,
    midnight,
};
use crate::report::assemble::{Assembled, WEEKS, Wanted, assemble};
use crate::slack::views::report::{beside, budget_in_words};
use crate::store::{self, StoreError};

/// The most weeks that are shown: ten years.
const MOST_WEEKS: u64 = 520;

/// How many cells the longest bar has.
const BAR: u64 = 30;

/// What `breakglass rate` takes.
#[derive(Debug, Clone, Args)]
pub struct RateArgs {
    #[command(flatten)]
    flags: Flags,
    /// How many weeks to show, the present one among them
    #[arg(long, value_name = "N", default_value_t = WEEKS,
          value_parser = clap::value_parser!(u64).range(1..=MOST_WEEKS))]
    weeks: u64,
    /// The last day that counts, such as 2026-11-22. Weeks that were reported stand as
    /// they were reported, whatever is known since, and that beside [default: today]
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// The workspace, where the database has several
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Reads, counts and prints.
pub fn run(args: &RateArgs) -> anyhow::Result<()> {
    let settings = Settings::load(&args.flags)?;
    let clock = Clock::system();
    let workspace = args.workspace.as_deref().map(WorkspaceId::new);
    let found = store::look(&settings.database, workspace.as_ref(), |moment| {
        let adopted = moment.policies()?;
        let read = in_force(adopted.last(), &settings)
            .and_then(|(policy, zone)| wanted(args, &policy, zone, clock.now()));
        Ok::<_, StoreError>(match read {
            Ok(wanted) => Ok(assemble(moment, &wanted)?),
            Err(error) => Err(error),
        })
    });
    let assembled =
        found.with_context(|| format!("{} can't be counted", settings.database.display()))??;
    if args.json {
        say(serde_json::to_string_pretty(&said(&assembled))?)
    } else {
        print(table(&assembled))
    }
}

/// The policy that the bot counts by: what it adopted last, and what is written where
/// it never ran.
fn in_force(adopted: Option<&store::Adopted>, settings: &Settings) -> anyhow::Result<(Policy, Tz)> {
    if let Some(adopted) = adopted {
        let file = PolicyFile::read(&adopted.bytes)?;
        return Ok((file.policy(adopted.version)?, file.zone()?));
    }
    let version = PolicyVersion(1);
    Ok((settings.policy.policy(version)?, settings.policy.zone()?))
}

fn wanted(
    args: &RateArgs,
    policy: &Policy,
    zone: Tz,
    now: DateTime<Utc>,
) -> anyhow::Result<Wanted> {
    let until = match args.as_of {
        None => now,
        Some(day) if day > now.with_timezone(&zone).date_naive() => {
            bail!("--as-of {day} is still to come; name a day up to today");
        }
        Some(day) => {
            let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
            midnight(&zone, next).min(now)
        }
    };
    // Earlier than this no window of ours begins.
    if until < DateTime::UNIX_EPOCH {
        bail!("--as-of is before 1970; name a later day");
    }
    Ok(Wanted {
        weeks: args.weeks,
        ..Wanted::by(policy, zone, until)
    })
}

/// The weeks that are shown: the present one is the last, as far as it is known.
fn weeks(assembled: &Assembled) -> Vec<&Figures> {
    let mut weeks: Vec<&Figures> = assembled.weeks.iter().collect();
    if assembled.this_week.window != assembled.week.window {
        weeks.push(&assembled.this_week);
    }
    let wanted = usize::try_from(assembled.wanted.weeks).unwrap_or(usize::MAX);
    weeks.split_off(weeks.len().saturating_sub(wanted))
}

/// What is known of the weeks that are shown beside what was reported of them.
fn corrections(assembled: &Assembled) -> impl Iterator<Item = &Corrected> {
    let weeks = weeks(assembled).into_iter();
    weeks.filter_map(|one| assembled.corrected(&one.window))
}

fn windows(assembled: &Assembled) -> Vec<&Figures> {
    let mut windows = weeks(assembled);
    windows.extend([&assembled.these_weeks, &assembled.quarter]);
    windows
}

// ---- JSON -------------------------------------------------------------------

#[derive(Debug, Serialize)]
struct Said {
    as_of: String,
    guideline: f64,
    formula: String,
    windows: Vec<SaidWindow>,
    /// The weeks above that were reported otherwise than they are known now.
    corrections: Vec<SaidCorrection>,
}

#[derive(Debug, Serialize)]
struct SaidWindow {
    kind: &'static str,
    from: String,
    to: String,
    n_changes: u64,
    n_emergencies: u64,
    n_not_genuine: u64,
    rate: Option<f64>,
    interval: Option<[f64; 2]>,
    documented_in_time: Option<f64>,
    sources: Vec<String>,
    /// Only where the policy has teams.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    teams: Vec<SaidTeam>,
}

#[derive(Debug, Serialize)]
struct SaidTeam {
    team: String,
    n_changes: u64,
    n_emergencies: u64,
}

/// A week that was reported, and what is known now.
#[derive(Debug, Serialize)]
struct SaidCorrection {
    from: String,
    to: String,
    reported_at: String,
    reported: SaidCounts,
    now: SaidCounts,
    reasons: Vec<SaidReason>,
}

#[derive(Debug, Serialize)]
struct SaidCounts {
    n_changes: u64,
    n_emergencies: u64,
    n_not_genuine: u64,
    is_unknown: bool,
}

#[derive(Debug, Serialize)]
struct SaidReason {
    reason: &'static str,
    n: u64,
}

fn said(assembled: &Assembled) -> Said {
    let rules = assembled.wanted.rules;
    Said {
        as_of: instant(assembled.wanted.now),
        guideline: f64::from(rules.guideline) / 1000.0,
        formula: rules.formula().to_string(),
        windows: windows(assembled).into_iter().map(said_window).collect(),
        corrections: corrections(assembled).map(said_correction).collect(),
    }
}

fn said_correction(corrected: &Corrected) -> SaidCorrection {
    let Corrected {
        reported,
        now,
        differences,
    } = corrected;
    let counts = |one: &Frozen| SaidCounts {
        n_changes: one.n_changes,
        n_emergencies: one.n_emergencies,
        n_not_genuine: one.n_not_genuine,
        is_unknown: one.is_unknown,
    };
    let reasons = differences.iter().map(|one| {
        let (reason, n) = one.named();
        SaidReason { reason, n }
    });
    SaidCorrection {
        from: instant(reported.window.from),
        to: instant(reported.window.to),
        reported_at: instant(reported.reported_at),
        reported: counts(reported),
        now: counts(now),
        reasons: reasons.collect(),
    }
}

fn said_window(figures: &Figures) -> SaidWindow {
    SaidWindow {
        kind: figures.window.kind.name(),
        from: instant(figures.window.from),
        to: instant(figures.window.to),
        n_changes: figures.n_changes,
        n_emergencies: figures.n_emergencies,
        n_not_genuine: figures.n_not_genuine,
        rate: figures.rate(),
        interval: figures.interval().map(|Interval { low, high }| [low, high]),
        documented_in_time: figures.documented.share(),
        sources: sources(figures),
        teams: figures.by_team.iter().map(said_team).collect(),
    }
}

fn said_team(part: &Part) -> SaidTeam {
    SaidTeam {
        team: part.name.clone(),
        n_changes: part.n_changes,
        n_emergencies: part.n_emergencies,
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Those heard from in a window, and those that told of its changes later.
fn sources(figures: &Figures) -> Vec<String> {
    let heard = figures.coverage.heard.iter().map(|one| &one.source);
    let told = figures.by_source.iter().map(|one| &one.name);
    let mut names: Vec<String> = heard.chain(told).cloned().collect();
    names.sort_unstable();
    names.dedup();
    names
}

// ---- a table ----------------------------------------------------------------

/// One line of the table, before its columns are as wide as they have to be.
struct Line {
    when: String,
    n_emergencies: String,
    n_changes: String,
    rate: String,
    bar: String,
    verdict: &'static str,
}

fn table(assembled: &Assembled) -> String {
    let rules = assembled.wanted.rules;
    let scale = Scale::of(assembled);
    let weeks: Vec<Line> = weeks(assembled)
        .into_iter()
        .map(|one| line(one, Some(&scale)))
        .collect();
    let sums: Vec<Line> = [&assembled.these_weeks, &assembled.quarter]
        .into_iter()
        .map(|one| line(one, None))
        .collect();
    let width = |of: fn(&Line) -> &str, least: &str| {
        let found = weeks.iter().chain(&sums).map(|one| of(one).chars().count());
        found.chain([least.len()]).max().unwrap_or_default()
    };
    let widths = Widths {
        when: width(|one| &one.when, "Week"),
        n_emergencies: width(|one| &one.n_emergencies, "Emergencies"),
        n_changes: width(|one| &one.n_changes, "Changes"),
        rate: width(|one| &one.rate, "Rate"),
    };
    let mut out = format!(
        "Emergency rate as of {}; guideline {} %\n\n",
        as_of(assembled),
        guideline_percent(rules.guideline)
    );
    let head = Line {
        when: "Week".to_owned(),
        n_emergencies: "Emergencies".to_owned(),
        n_changes: "Changes".to_owned(),
        rate: "Rate".to_owned(),
        bar: String::new(),
        verdict: "",
    };
    for one in std::iter::once(&head).chain(&weeks) {
        widths.put(&mut out, one);
    }
    out.push('\n');
    for one in &sums {
        widths.put(&mut out, one);
    }
    out.push('\n');
    for sentence in sentences(assembled) {
        out.push_str(&sentence);
        out.push('\n');
    }
    // What sources call themselves isn't ours; a terminal obeys what it prints.
    out.replace(|c: char| c.is_control() && c != '\n', " ")
}

struct Widths {
    when: usize,
    n_emergencies: usize,
    n_changes: usize,
    rate: usize,
}

impl Widths {
    fn put(&self, out: &mut String, line: &Line) {
        let mut said = format!(
            "{:<when$}  {:>n_emergencies$}  {:>n_changes$}  {:>rate$}",
            line.when,
            line.n_emergencies,
            line.n_changes,
            line.rate,
            when = self.when,
            n_emergencies = self.n_emergencies,
            n_changes = self.n_changes,
            rate = self.rate,
        );
        for part in [line.bar.as_str(), line.verdict] {
            if !part.is_empty() {
                said.push_str("  ");
                said.push_str(part);
            }
        }
        out.push_str(said.trim_end());
        out.push('\n');
    }
}

fn line(figures: &Figures, scale: Option<&Scale>) -> Line {
    let days = figures.window;
    let when = if figures.is_in_progress() {
        format!("{days}, so far")
    } else {
        days.to_string()
    };
    Line {
        when,
        n_emergencies: grouped(figures.n_emergencies),
        n_changes: if figures.is_unknown() {
            "?".to_owned()
        } else {
            grouped(figures.n_changes)
        },
        rate: figures
            .percent()
            .map_or_else(|| "–".to_owned(), |percent| format!("{percent} %")),
        bar: scale.map_or_else(String::new, |scale| scale.bar(figures)),
        verdict: verdict(figures),
    }
}

const fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "unknown",
        Verdict::TooFew => "too few for a verdict",
        Verdict::Within => "",
        Verdict::Over => "over",
    }
}

fn verdict(figures: &Figures) -> &'static str {
    if !figures.is_unknown() && figures.n_changes == 0 {
        return "no changes";
    }
    verdict_words(figures.verdict())
}

/// How long bars are: the guideline always has its place, and most of the rest is
/// for what lies beyond it.
struct Scale {
    /// What the longest bar stands for, in thousandths.
    most: u64,
    /// Where the guideline stands.
    guideline: u64,
}

impl Scale {
    fn of(assembled: &Assembled) -> Self {
        let guideline = u64::from(assembled.wanted.rules.guideline);
        let most = weeks(assembled)
            .into_iter()
            .map(thousandths)
            .max()
            .unwrap_or(0)
            .max(2 * guideline)
            .max(1);
        Self {
            most,
            guideline: cells(guideline, most),
        }
    }

    fn bar(&self, figures: &Figures) -> String {
        let length = cells(thousandths(figures), self.most);
        let most = length.max(self.guideline);
        let mut bar = String::new();
        for cell in 0..=most {
            bar.push(match cell {
                _ if cell == self.guideline => '│',
                _ if cell < length => '█',
                _ => ' ',
            });
        }
        // So that what is said after them stands in one column.
        let rest = usize::try_from(BAR.saturating_sub(most)).unwrap_or_default();
        bar.extend(std::iter::repeat_n(' ', rest));
        bar
    }
}

fn thousandths(figures: &Figures) -> u64 {
    if figures.rate().is_none() {
        return 0;
    }
    let whole = u128::from(figures.n_emergencies) * 1000;
    let of = whole.checked_div(u128::from(figures.n_changes));
    u64::try_from(of.unwrap_or(0)).unwrap_or(0)
}

/// How many cells stand for so much; what isn't nothing has one.
fn cells(part: u64, most: u64) -> u64 {
    match (part * BAR).checked_div(most) {
        Some(0) | None => u64::from(part > 0),
        Some(n) => n,
    }
}

fn sentences(assembled: &Assembled) -> Vec<String> {
    let zone = assembled.wanted.zone;
    let mut said = Vec::new();
    if let Some(interval) = assembled.these_weeks.interval() {
        said.push(format!(
            "Likely range of the four weeks (95 %): {:.1}–{:.1} %.",
            interval.low * 100.0,
            interval.high * 100.0
        ));
    }
    said.extend(assembled.budget.as_ref().map(|one| budget(one, zone)));
    let late = assembled.quarter.documented;
    if late.n_due > 0 {
        said.push(format!(
            "Documented in time, {}: {} of {}.",
            assembled.quarter.window,
            grouped(late.n_in_time),
            grouped(late.n_due)
        ));
    }
    let heard = sources(&assembled.these_weeks);
    said.push(if heard.is_empty() {
        "No source of changes was heard from in these four weeks: connect one, or hand in a list with `breakglass import FILE.csv`.".to_owned()
    } else {
        format!("Heard from: {}.", heard.join(", "))
    });
    for silent in &assembled.this_week.coverage.silent {
        said.push(format!(
            "Not heard from since {}: {}. Changes may be missing, and the rate may look too high.",
            day_and_time(silent.since, zone),
            silent.source
        ));
    }
    for one in corrections(assembled) {
        said.push(format!("Known better now: {}.", beside(one)));
    }
    said.push(format!("Rate: {}.", assembled.wanted.rules.formula()));
    said
}

fn budget(budget: &Budget, zone: Tz) -> String {
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).format("%-d %b").to_string();
    format!("Budget: {}", budget_in_words(budget, day))
}

fn as_of(assembled: &Assembled) -> String {
    let (now, zone) = (assembled.wanted.now, assembled.wanted.zone);
    let local = now.with_timezone(&zone);
    let today = local.date_naive();
    match today.pred_opt() {
        Some(day) if midnight(&zone, today) == now => {
            format!(
                "the end of {} ({})",
                day.format("%-d %b %Y"),
                local.format("%Z")
            )
        }
        _ => day_and_time(now, zone),
    }
}

fn day_and_time(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone)
        .format("%-d %b %Y, %H:%M %Z")
        .to_string()
}
