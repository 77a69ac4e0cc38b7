//! The picture of the last weeks: a bar a week, the guideline across them.
//!
//! It is drawn by hand as SVG and rendered with its own letters, so that the same
//! figures make the same picture everywhere, to the byte. It has a ground of its
//! own, for light themes and dark ones, and letters that can still be read on a
//! phone, where it is half as wide as it is drawn here.

use std::fmt::Write as _;
use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::domain::rate::{Figures, Verdict, grouped, guideline_percent};

/// The letters, under the SIL Open Font License beside them.
const REGULAR: &[u8] = include_bytes!("../font/Inter-Regular.otf");
const SEMI_BOLD: &[u8] = include_bytes!("../font/Inter-SemiBold.otf");

/// How many dots of the picture one unit of the drawing has: enough for the sharpest
/// screens.
const DOTS: f32 = 2.0;

/// The drawing's measures. On a phone 720 units are shown on 360 points.
const WIDTH: f64 = 720.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 160.0;
const GROUND: f64 = 352.0;
const MARGIN: f64 = 28.0;

/// How many weeks have a place, at least.
const PLACES: usize = 12;

/// How much of its place a bar takes.
const BAR: f64 = 0.66;

/// The least height of a bar that isn't nothing.
const LEAST: f64 = 3.0;

const INK: &str = "#1d2126";
const SOFT: &str = "#59616b";
const FAINT: &str = "#e6e8ec";
const BAND: &str = "#eef2f8";
const PAPER: &str = "#ffffff";
const LINE: &str = "#8a5a00";
const PALE: &str = "#dfe3e8";
const PALE_EDGE: &str = "#aab1bb";

/// How a bar looks that keeps to the guideline, and one that doesn't: in full for
/// the week that the report is about, and lighter for the others. They differ in
/// brightness, too, and the line tells them apart where colours don't.
const WITHIN: (&str, &str) = ("#1f6fd0", "#8fb8ea");
const OVER: (&str, &str) = ("#c2410c", "#eea27c");

/// A chart of weeks.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// The weeks, the oldest first; twelve fit well.
    pub weeks: &'a [Figures],
    /// The week that the report is about; the last one, or the one before a week
    /// that isn't over.
    pub reported: &'a Figures,
}

/// Why a picture couldn't be drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartFault {
    /// The drawing isn't SVG.
    #[error("the chart's drawing can't be read")]
    Drawing(#[from] resvg::usvg::Error),
    /// There are no dots to draw on.
    #[error("the chart has no size")]
    Size,
    /// The picture couldn't be packed.
    #[error("the chart can't be packed as PNG: {0}")]
    Packing(String),
}

/// What is drawn for a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// A bar that keeps to the guideline or doesn't.
    Judged { over: bool },
    /// A bar of too few changes for a verdict.
    TooFew,
    /// No bar: nothing happened.
    Nothing,
    /// No bar: nobody knows.
    Unknown,
}

fn look(week: &Figures) -> Look {
    match week.verdict() {
        Verdict::Unknown => Look::Unknown,
        Verdict::TooFew if week.n_changes == 0 => Look::Nothing,
        Verdict::TooFew => Look::TooFew,
        Verdict::Within => Look::Judged { over: false },
        Verdict::Over => Look::Judged { over: true },
    }
}

/// Returns the picture as PNG.
pub fn png(chart: &Chart<'_>) -> Result<Vec<u8>, ChartFault> {
    let mut letters = fontdb::Database::new();
    letters.load_font_data(REGULAR.to_vec());
    letters.load_font_data(SEMI_BOLD.to_vec());
    let options = Options {
        font_family: "Inter".to_owned(),
        fontdb: Arc::new(letters),
        ..Options::default()
    };
    let tree = Tree::from_str(&svg(chart), &options)?;
    let size = tree
        .size()
        .to_int_size()
        .scale_by(DOTS)
        .ok_or(ChartFault::Size)?;
    let mut picture = Pixmap::new(size.width(), size.height()).ok_or(ChartFault::Size)?;
    let dots = Transform::from_scale(DOTS, DOTS);
    resvg::render(&tree, dots, &mut picture.as_mut());
    picture
        .encode_png()
        .map_err(|error| ChartFault::Packing(error.to_string()))
}

/// Returns what the picture shows, for whoever doesn't see it.
pub fn alt(chart: &Chart<'_>) -> String {
    let guideline = guideline_percent(chart.reported.rules.guideline);
    let weeks: Vec<String> = chart
        .weeks
        .iter()
        .map(|week| {
            let is_over = if week.is_in_progress() {
                ", not over yet"
            } else {
                ""
            };
            let days = week.window;
            let (part, whole) = (week.n_emergencies, week.n_changes);
            let said = match (look(week), week.percent()) {
                (Look::Unknown, _) | (Look::Judged { .. } | Look::TooFew, None) => {
                    "unknown".to_owned()
                }
                (Look::Nothing, _) => "no changes".to_owned(),
                (Look::TooFew, Some(percent)) => {
                    format!("{percent} % ({part} of {whole}, too few for a verdict)")
                }
                (Look::Judged { .. }, Some(percent)) => format!("{percent} % ({part} of {whole})"),
            };
            format!("{days}{is_over} {said}")
        })
        .collect();
    format!(
        "Bar chart: emergencies as a share of all changes, by week, against the guideline of {guideline} %. {}.",
        weeks.join("; ")
    )
}

/// Returns the drawing.
pub fn svg(chart: &Chart<'_>) -> String {
    let legend = legend(chart);
    let height = if legend.is_empty() { 420.0 } else { 456.0 };
    let mut svg = String::new();
    // Writing into a string can't fail.
    let _ = write!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="Inter"><defs>{}</defs><rect x="1" y="1" width="{}" height="{}" rx="14" fill="{PAPER}" stroke="#d5d9df" stroke-width="2"/>"##,
        hatches(),
        WIDTH - 2.0,
        height - 2.0,
    );
    heading(&mut svg, chart);
    let scale = Scale::of(chart);
    // What lies behind comes first.
    for (place, week) in chart.weeks.iter().enumerate() {
        band(&mut svg, chart, place, week);
    }
    grid(&mut svg, chart, scale);
    for (place, week) in chart.weeks.iter().enumerate() {
        bar(&mut svg, chart, scale, place, week);
    }
    line(&mut svg, chart, scale);
    for (place, week) in chart.weeks.iter().enumerate() {
        value(&mut svg, chart, scale, place, week);
        under(&mut svg, chart, place, week);
    }
    below(&mut svg, &legend);
    svg.push_str("</svg>");
    svg
}

/// Stripes for a week that isn't over, in each of the bars' colours.
fn hatches() -> String {
    let stripes = |name: &str, colour: &str| {
        format!(
            r#"<pattern id="{name}" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="{PAPER}"/><rect width="3.5" height="8" fill="{colour}"/></pattern>"#
        )
    };
    [
        stripes("within", WITHIN.0),
        stripes("over", OVER.0),
        stripes("few", PALE_EDGE),
    ]
    .concat()
}

/// A text; what is handed over holds no markup.
struct Letters<'a> {
    at: (f64, f64),
    size: f64,
    colour: &'a str,
    bold: bool,
    anchor: &'a str,
    /// Whether it may come to lie on something else.
    has_halo: bool,
}

impl Letters<'_> {
    fn write(&self, svg: &mut String, words: &str) {
        let (x, y) = self.at;
        let weight = if self.bold { 600 } else { 400 };
        let halo = if self.has_halo {
            r##" paint-order="stroke" stroke="#ffffff" stroke-width="5" stroke-linejoin="round""##
        } else {
            ""
        };
        let _ = write!(
            svg,
            r#"<text x="{x:.1}" y="{y:.1}" font-size="{}" font-weight="{weight}" fill="{}" text-anchor="{}"{halo}>{words}</text>"#,
            self.size, self.colour, self.anchor,
        );
    }
}

fn left(at: (f64, f64), size: f64, colour: &str) -> Letters<'_> {
    Letters {
        at,
        size,
        colour,
        bold: false,
        anchor: "start",
        has_halo: false,
    }
}

/// The week's own figures: what it is about is read before the picture is.
fn heading(svg: &mut String, chart: &Chart<'_>) {
    let week = chart.reported;
    let bold = Letters {
        bold: true,
        ..left((MARGIN, 50.0), 30.0, INK)
    };
    let (part, whole) = (week.n_emergencies, week.n_changes);
    let changes = if whole == 1 { "change" } else { "changes" };
    let were = if part == 1 {
        "was an emergency"
    } else {
        "were emergencies"
    };
    bold.write(
        svg,
        &match look(week) {
            Look::Unknown => "Emergency rate unknown".to_owned(),
            Look::Nothing => "No changes".to_owned(),
            Look::TooFew | Look::Judged { .. } => {
                format!("{} of {} {changes} {were}", grouped(part), grouped(whole))
            }
        },
    );
    let guideline = guideline_percent(week.rules.guideline);
    let percent = week.percent().unwrap_or_default();
    let (colour, strong, rest) = match look(week) {
        Look::Unknown => (
            SOFT,
            String::new(),
            week.why_unknown().unwrap_or_default().to_owned(),
        ),
        Look::Nothing => (SOFT, String::new(), "nothing was deployed".to_owned()),
        Look::TooFew => (
            SOFT,
            format!("{percent} %"),
            ", too few changes for a verdict".to_owned(),
        ),
        Look::Judged { over: false } => (
            WITHIN.0,
            format!("{percent} %"),
            format!(", within the guideline of {guideline} %"),
        ),
        Look::Judged { over: true } => (
            OVER.0,
            format!("{percent} %"),
            format!(", over the guideline of {guideline} %"),
        ),
    };
    let running = if week.is_in_progress() {
        ", not over yet"
    } else {
        ""
    };
    let words = format!(
        r#"{}{running}: <tspan font-weight="600" fill="{colour}">{strong}</tspan>{rest}"#,
        week.window
    );
    left((MARGIN, 82.0), 21.0, SOFT).write(svg, &words);
    left((MARGIN, 124.0), 17.0, SOFT).write(svg, "Emergencies in % of all changes, by week");
}

/// How shares become heights.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// The share at the top, in percent.
    top: f64,
    /// How far the lines of the grid are apart, in percent.
    step: f64,
}

impl Scale {
    fn of(chart: &Chart<'_>) -> Self {
        let guideline = f64::from(chart.reported.rules.guideline) / 10.0;
        let shares = |judged: bool| {
            chart
                .weeks
                .iter()
                .filter(move |week| matches!(look(week), Look::Judged { .. }) == judged)
                .filter_map(Figures::rate)
                .map(|rate| rate * 100.0)
                .fold(0.0, f64::max)
        };
        let (judged, few) = (shares(true), shares(false));
        // One of three would dwarf every week that says something: such a bar is cut
        // off at the top. Where there is no other, it stands in full.
        let highest = if judged > 0.0 { judged } else { few };
        let wanted = (highest * 1.12).max(guideline * 1.7);
        let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0];
        let step = steps
            .into_iter()
            .find(|step| wanted / step <= 4.5)
            .unwrap_or(50.0);
        Self {
            top: ((wanted / step).ceil() * step).min(100.0),
            step,
        }
    }

    fn y(self, percent: f64) -> f64 {
        GROUND - (percent.min(self.top) / self.top) * (GROUND - TOP)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart has a dozen weeks")]
fn middle(chart: &Chart<'_>, place: usize) -> f64 {
    let empty = PLACES.saturating_sub(chart.weeks.len());
    LEFT + ((empty + place) as f64 + 0.5) * slot(chart)
}

/// Few weeks stand to the right, where the new ones come: their bars are no broader.
#[expect(clippy::cast_precision_loss, reason = "a chart has a dozen weeks")]
fn slot(chart: &Chart<'_>) -> f64 {
    (RIGHT - LEFT) / chart.weeks.len().max(PLACES) as f64
}

fn is_reported(chart: &Chart<'_>, week: &Figures) -> bool {
    week.window == chart.reported.window
}

/// Marks the week that the report is about.
fn band(svg: &mut String, chart: &Chart<'_>, place: usize, week: &Figures) {
    if is_reported(chart, week) {
        let width = slot(chart);
        let _ = write!(
            svg,
            r#"<rect x="{:.1}" y="{:.1}" width="{width:.1}" height="{:.1}" rx="8" fill="{BAND}"/>"#,
            middle(chart, place) - width / 2.0,
            TOP - 32.0,
            GROUND - TOP + 88.0,
        );
    }
}

fn grid(svg: &mut String, chart: &Chart<'_>, scale: Scale) {
    let guideline = f64::from(chart.reported.rules.guideline) / 10.0;
    let mut percent = 0.0;
    while percent <= scale.top + 0.001 {
        let y = scale.y(percent);
        let (colour, width) = if percent == 0.0 {
            (PALE_EDGE, 2.0)
        } else {
            (FAINT, 1.5)
        };
        let _ = write!(
            svg,
            r#"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="{colour}" stroke-width="{width}"/>"#
        );
        // Where the guideline runs stands its own label.
        if (percent - guideline).abs() > 0.001 {
            Letters {
                anchor: "end",
                ..left((LEFT - 10.0, y + 6.0), 17.0, SOFT)
            }
            .write(svg, &format!("{percent}"));
        }
        percent += scale.step;
    }
}

fn bar(svg: &mut String, chart: &Chart<'_>, scale: Scale, place: usize, week: &Figures) {
    let x = middle(chart, place);
    let mark = |svg: &mut String, words: &str| {
        Letters {
            bold: true,
            anchor: "middle",
            ..left((x, GROUND - 14.0), 22.0, SOFT)
        }
        .write(svg, words);
    };
    let (full, light) = match look(week) {
        Look::Unknown => {
            let _ = write!(
                svg,
                r#"<circle cx="{x:.1}" cy="{:.1}" r="15" fill="{PAPER}" stroke="{PALE_EDGE}" stroke-width="2" stroke-dasharray="4 3"/>"#,
                GROUND - 22.0
            );
            return mark(svg, "?");
        }
        Look::Nothing => return mark(svg, "–"),
        Look::TooFew => (PALE_EDGE, PALE),
        Look::Judged { over: false } => WITHIN,
        Look::Judged { over: true } => OVER,
    };
    let Some(percent) = week
        .rate()
        .map(|rate| rate * 100.0)
        .filter(|one| *one > 0.0)
    else {
        // A bar of nothing would look like a little.
        return;
    };
    let width = (slot(chart) * BAR).min(48.0);
    let top = scale.y(percent).min(GROUND - LEAST);
    let (inside, edge) = match (look(week), week.is_in_progress()) {
        (Look::TooFew, true) => ("url(#few)", full),
        (Look::Judged { over: false }, true) => ("url(#within)", full),
        (Look::Judged { over: true }, true) => ("url(#over)", full),
        (Look::TooFew, false) => (light, full),
        (_, _) if is_reported(chart, week) => (full, full),
        (_, _) => (light, light),
    };
    let dashes = if look(week) == Look::TooFew {
        r#" stroke-dasharray="5 4""#
    } else {
        ""
    };
    let (begin, round) = (x - width / 2.0, 5f64.min(GROUND - top));
    let _ = write!(
        svg,
        r#"<path d="M{begin:.1} {GROUND}V{:.1}q0 -{round:.1} {round:.1} -{round:.1}H{:.1}q{round:.1} 0 {round:.1} {round:.1}V{GROUND}Z" fill="{inside}" stroke="{edge}" stroke-width="1.5"{dashes}/>"#,
        top + round,
        begin + width - round,
    );
    if percent > scale.top {
        let behind = if is_reported(chart, week) {
            BAND
        } else {
            PAPER
        };
        cut(svg, x, width, behind);
    }
}

/// Two slanted strokes: the bar goes on beyond the picture.
fn cut(svg: &mut String, x: f64, width: f64, behind: &str) {
    let half = width / 2.0 + 5.0;
    let _ = write!(
        svg,
        r#"<path d="M{:.1} {:.1}l{:.1} -10v7l-{:.1} 10z" fill="{behind}"/>"#,
        x - half,
        TOP + 22.0,
        2.0 * half,
        2.0 * half,
    );
}

fn line(svg: &mut String, chart: &Chart<'_>, scale: Scale) {
    let guideline = chart.reported.rules.guideline;
    let y = scale.y(f64::from(guideline) / 10.0);
    let _ = write!(
        svg,
        r#"<path d="M{LEFT} {y:.1}H{RIGHT}" stroke="{LINE}" stroke-width="2.5" stroke-dasharray="9 6"/>"#
    );
    let label = |at, bold| Letters {
        bold,
        ..left(at, 17.0, LINE)
    };
    label((RIGHT + 8.0, y + 1.0), true).write(svg, &format!("{} %", guideline_percent(guideline)));
    label((RIGHT + 8.0, y + 20.0), false).write(svg, "guideline");
}

/// The share over its bar.
fn value(svg: &mut String, chart: &Chart<'_>, scale: Scale, place: usize, week: &Figures) {
    if !matches!(look(week), Look::TooFew | Look::Judged { .. }) {
        return;
    }
    let Some((rate, percent)) = week.rate().zip(week.percent()) else {
        return;
    };
    let colour = match look(week) {
        Look::Judged { over: true } => OVER.0,
        Look::Judged { over: false } if is_reported(chart, week) => WITHIN.0,
        Look::Judged { over: false } => INK,
        Look::TooFew | Look::Nothing | Look::Unknown => SOFT,
    };
    let above = scale.y(rate * 100.0).min(GROUND - LEAST) - 8.0;
    // Where the guideline would run through it, it stands on the line.
    let guideline = scale.y(f64::from(chart.reported.rules.guideline) / 10.0);
    let y = if (above - 18.0..above + 4.0).contains(&guideline) {
        guideline - 6.0
    } else {
        above
    };
    let percent = percent.strip_suffix(".0").unwrap_or(&percent);
    // A share that needs more digits keeps clear of its neighbours.
    let size = if percent.len() > 4 { 14.5 } else { 18.0 };
    Letters {
        bold: is_reported(chart, week),
        anchor: "middle",
        has_halo: !is_reported(chart, week),
        ..left((middle(chart, place), y), size, colour)
    }
    .write(svg, percent);
}

/// The day on which the week begins, and the month where it is another.
fn under(svg: &mut String, chart: &Chart<'_>, place: usize, week: &Figures) {
    let x = middle(chart, place);
    let day = week.window.first_day;
    Letters {
        bold: is_reported(chart, week),
        anchor: "middle",
        ..left((x, GROUND + 24.0), 18.0, INK)
    }
    .write(svg, &day.format("%-d").to_string());
    let before = place
        .checked_sub(1)
        .and_then(|before| chart.weeks.get(before));
    let month = day.format("%b").to_string();
    if before.is_none_or(|before| before.window.first_day.format("%b").to_string() != month) {
        Letters {
            anchor: "middle",
            ..left((x, GROUND + 45.0), 17.0, SOFT)
        }
        .write(svg, &month);
    }
}

/// A look that doesn't speak for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Pale,
    Striped,
    Asked,
}

impl Sign {
    const fn words(self) -> &'static str {
        match self {
            Self::Pale => "under 10 changes",
            Self::Striped => "not over yet",
            Self::Asked => "no source heard from",
        }
    }
}

/// The looks that come up and don't speak for themselves.
fn legend(chart: &Chart<'_>) -> Vec<Sign> {
    let has = |is: &dyn Fn(&Figures) -> bool| chart.weeks.iter().any(is);
    let mut legend = Vec::new();
    if has(&|week| look(week) == Look::TooFew) {
        legend.push(Sign::Pale);
    }
    if has(&Figures::is_in_progress) {
        legend.push(Sign::Striped);
    }
    if has(&|week| look(week) == Look::Unknown) {
        legend.push(Sign::Asked);
    }
    legend
}

/// Says what the signs mean, side by side.
#[expect(clippy::cast_precision_loss, reason = "a legend has a few letters")]
fn below(svg: &mut String, legend: &[Sign]) {
    let mut x = MARGIN;
    let y = 434.0;
    for sign in legend {
        let _ = match sign {
            Sign::Pale | Sign::Striped => {
                let (fill, dashes) = if *sign == Sign::Pale {
                    (PALE, r#" stroke-dasharray="4 3""#)
                } else {
                    ("url(#few)", "")
                };
                write!(
                    svg,
                    r#"<rect x="{:.1}" y="{:.1}" width="16" height="16" rx="3" fill="{fill}" stroke="{PALE_EDGE}" stroke-width="1.5"{dashes}/>"#,
                    x + 1.0,
                    y - 14.0,
                )
            }
            Sign::Asked => {
                Letters {
                    bold: true,
                    anchor: "middle",
                    ..left((x + 9.0, y), 17.0, SOFT)
                }
                .write(svg, "?");
                Ok(())
            }
        };
        left((x + 25.0, y), 17.0, SOFT).write(svg, sign.words());
        // Inter's letters are about half as broad as they are high.
        x += 25.0 + 0.53 * 17.0 * sign.words().len() as f64 + 26.0;
    }
}

#[cfg(test)]
mod tests;
