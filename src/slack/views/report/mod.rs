//! The rate in words: the weekly report, its thread, the private answer and the
//! Home's line.
//!
//! It reads well without the picture, and its first line holds the verdict: that is
//! all that a notification shows. What a private channel's change is about isn't
//! said anywhere here, only its number and its systems.

use slack_morphism::prelude::{
    SlackBlock, SlackChart, SlackChartAxisConfig, SlackChartDataPoint, SlackChartDataSeries,
    SlackDataVisualizationBlock, SlackFileIdOrUrl, SlackImageBlock, SlackImageUrlOrFile,
    SlackSeriesChart,
};

use crate::domain::id::ChannelId;
use crate::domain::rate::{Budget, Corrected, Figures, Verdict, WindowKind, guideline_percent};

use super::blocks::{context, message, section};
use super::{Message, say};

mod figures;
mod thread;

pub use figures::{beside, budget_in_words};
pub use thread::{Details, Repeated, Unexplained, details};

/// Until somebody has said who may approve, that is said wherever the rate is.
const NO_POLICY: &str = "No policy says yet who may authorize and approve: any full member may, but for whoever asked or deployed. `approvers` in `breakglass.toml` names them; `breakglass check-config` explains the rest.";

/// How long Slack lets the description of an image be.
const LONGEST_ALT: usize = 2000;

/// How many weeks Slack's own chart can have.
const MOST_POINTS: usize = 20;

/// How the last weeks are shown beside the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture<'a> {
    /// By our own picture, which was uploaded.
    File {
        /// What Slack calls the file.
        id: &'a str,
        /// What it shows, in words.
        alt: &'a str,
    },
    /// By Slack's own chart, for where files can't be uploaded.
    Native,
    /// Not at all.
    Nothing,
}

/// What the weekly report says.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The week that is reported, and what its thread says.
    pub details: &'a Details<'a>,
    /// The four weeks that end with it.
    pub rolling: &'a Figures,
    /// The quarter so far.
    pub quarter: &'a Figures,
    /// What the quarter has room for, if that is known.
    pub budget: Option<&'a Budget>,
    /// The last weeks, the oldest first.
    pub weeks: &'a [Figures],
}

/// Returns the weekly report.
pub fn weekly(report: &Report<'_>, picture: Picture<'_>) -> Message {
    let week = report.details.week;
    let headline = figures::headline(week);
    let mut blocks = vec![lead(week)];
    blocks.extend(figures::gaps(week).map(|lines| section(&lines)));
    blocks.extend(shown(report.weeks, picture));
    let mut lines = vec![
        format!("*Four weeks:* {}", figures::in_short(report.rolling)),
        format!(
            "*{}:* {}",
            report.quarter.window,
            figures::in_short(report.quarter)
        ),
    ];
    lines.extend(report.budget.map(figures::budget));
    lines.extend(figures::systems(week));
    lines.extend(figures::punctuality(week));
    lines.extend(figures::skipped(report.details.skipped));
    blocks.push(section(&lines.join("\n")));
    if !report.details.has_policy {
        blocks.push(context(NO_POLICY));
    }
    let more = thread::counts(report.details);
    blocks.push(context(&format!(
        "{more} `/emergency rate` says how it stands now."
    )));
    let when = figures::when(&week.window, week.is_in_progress());
    message(&format!("{headline} {when}."), blocks)
}

/// Returns what stands above the report where somebody gets it by direct message, for
/// it can't be posted where it belongs.
pub fn aside(channel: &ChannelId) -> SlackBlock {
    section(&format!(
        "This week's report belongs in {}, where I can't write. Until I can, you get it.",
        say::channel(channel)
    ))
}

/// What somebody is told who asks for the rate.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The window that they asked for.
    pub figures: &'a Figures,
    /// The one before it, where that is known.
    pub before: Option<&'a Figures>,
    /// What of the two was reported otherwise than it is known now.
    pub corrections: &'a [&'a Corrected],
    /// What the quarter has room for, if that is known.
    pub budget: Option<&'a Budget>,
    /// Whether somebody has written down who may approve.
    pub has_policy: bool,
}

/// Returns what somebody is told who asks for the rate.
pub fn answer(asked: &Asked<'_>) -> Message {
    let figures = asked.figures;
    let headline = figures::headline(figures);
    let mut blocks = vec![lead(figures)];
    blocks.extend(figures::gaps(figures).map(|lines| section(&lines)));
    let mut lines = Vec::new();
    lines.extend(asked.before.map(|before| {
        format!(
            "*{}:* {}",
            figures::when(&before.window, before.is_in_progress()),
            figures::in_short(before)
        )
    }));
    let corrections = asked.corrections.iter();
    lines.extend(corrections.map(|one| figures::better_known(one)));
    lines.extend(asked.budget.map(figures::budget));
    lines.extend(figures::systems(figures));
    lines.extend(figures::teams(figures));
    lines.extend(figures::criteria(figures));
    lines.extend(figures::punctuality(figures));
    lines.extend(figures::medians(figures));
    if !lines.is_empty() {
        blocks.push(section(&lines.join("\n")));
    }
    blocks.push(context(&figures::counted_from(figures)));
    if !asked.has_policy {
        blocks.push(context(NO_POLICY));
    }
    let others = match figures.window.kind {
        WindowKind::Week => "`/emergency rate month` and `/emergency rate quarter` look further.",
        WindowKind::Rolling => "`/emergency rate week` and `/emergency rate quarter` say the rest.",
        WindowKind::Quarter => "`/emergency rate week` and `/emergency rate month` say the rest.",
    };
    blocks.push(context(&format!(
        "As of {}. {others}",
        say::at(figures.as_of)
    )));
    message(&headline, blocks)
}

/// Returns what the Home says of the rate: how the last week was, what is known of it
/// beside what was reported, and what the quarter has room for.
pub fn home(week: &Figures, corrected: Option<&Corrected>, budget: Option<&Budget>) -> SlackBlock {
    let mut lines = vec![
        "*Emergency rate*".to_owned(),
        format!(
            "{}: {}",
            figures::when(&week.window, week.is_in_progress()),
            figures::in_short(week)
        ),
    ];
    lines.extend(corrected.map(figures::better_known));
    lines.extend(budget.map(figures::budget));
    lines.push(if week.is_unknown() {
        "`breakglass doctor` says which sources of changes are connected.".to_owned()
    } else {
        "`/emergency rate` says more.".to_owned()
    });
    section(&lines.join("\n"))
}

/// What the figures of a window say, the verdict first.
fn lead(figures: &Figures) -> SlackBlock {
    let mut lines = vec![
        format!("*{}*", figures::headline(figures)),
        format!(
            "{}: {}",
            figures::when(&figures.window, figures.is_in_progress()),
            figures::verdict(figures)
        ),
    ];
    lines.extend(figures::not_genuine(figures));
    section(&lines.join("\n"))
}

fn shown(weeks: &[Figures], picture: Picture<'_>) -> Option<SlackBlock> {
    match picture {
        Picture::File { id, alt } => {
            let file = SlackFileIdOrUrl::Id { id: id.into() };
            let file = SlackImageUrlOrFile::SlackFile { slack_file: file };
            let alt = say::beginning(alt, LONGEST_ALT);
            Some(SlackImageBlock::new(file, alt).into())
        }
        Picture::Native => native(weeks),
        Picture::Nothing => None,
    }
}

/// Returns Slack's own chart of the weeks whose rate is known. It can leave no gap,
/// and a week that is unknown is no week without emergencies.
fn native(weeks: &[Figures]) -> Option<SlackBlock> {
    let known: Vec<(&Figures, f64)> = weeks
        .iter()
        .filter_map(|week| Some((week, week.rate()?)))
        .collect();
    let known = known
        .get(known.len().saturating_sub(MOST_POINTS)..)
        .filter(|known| !known.is_empty())?;
    let labels: Vec<String> = known.iter().map(|(week, _)| label(week)).collect();
    let series = |name: &str, percent: &dyn Fn(&Figures, f64) -> f64| {
        let points = known
            .iter()
            .zip(&labels)
            .filter_map(|((week, rate), label)| {
                let tenths = (percent(week, *rate) * 10.0).round() / 10.0;
                let value = serde_json::Number::from_f64(tenths)?;
                Some(SlackChartDataPoint::new(label.clone(), value))
            });
        SlackChartDataSeries::new(name.to_owned(), points.collect())
    };
    let chart = SlackSeriesChart::new(
        vec![
            series("Emergencies, %", &|_, rate| rate * 100.0),
            series("Guideline, %", &|week, _| {
                f64::from(week.rules.guideline) / 10.0
            }),
        ],
        SlackChartAxisConfig::new(labels.clone()),
    );
    let title = "Emergencies in % of all changes, by week".to_owned();
    Some(SlackDataVisualizationBlock::new(title, SlackChart::Line(chart)).into())
}

/// A week in at most twenty letters, with its counts where they are few.
fn label(week: &Figures) -> String {
    let day = week.window.first_day.format("%-d %b");
    match week.verdict() {
        _ if week.is_in_progress() => format!("{day}, so far"),
        Verdict::TooFew => format!("{day} ({} of {})", week.n_emergencies, week.n_changes),
        Verdict::Unknown | Verdict::Within | Verdict::Over => day.to_string(),
    }
}

/// The guideline with its sign.
fn guideline(figures: &Figures) -> String {
    format!("{} %", guideline_percent(figures.rules.guideline))
}
