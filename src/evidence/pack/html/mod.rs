//! index.html: the pack to be read in a browser, without a network and without a
//! program. Whatever people or sources wrote stands in it as text and is never markup.

use std::fmt::Write as _;

use super::context::Context;
use super::emergency::{Emergency, Part};
use super::papers::{Folder, Told};
use super::population::About;
use super::{BOOK, CHANGES};
use crate::domain::rate::{grouped, percent};
use crate::evidence::checkpoint::root_in_words;
use crate::evidence::record::utc;
use crate::evidence::sheets::WeekRow;

mod mark;
mod sample;

use mark::{Markup, cell, escaped, link, number, time};

/// Which emergencies the page lists; the change log has all.
const MOST_EMERGENCIES: usize = 1_000;

/// What the page is made from.
pub(super) struct Index<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) emergencies: &'a [Emergency],
    pub(super) weeks: &'a [WeekRow],
    pub(super) about: &'a About,
    pub(super) samples: &'a [Folder],
}

impl Index<'_> {
    /// Returns the page.
    pub(super) fn page(&self) -> String {
        let context = self.context;
        let mut out = String::new();
        let title = format!("Change management evidence, {}", context.period());
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
            escaped(&title),
            include_str!("style.css"),
        );
        let _ = write!(
            out,
            "<header>\n<h1>{}</h1>\n<p class=\"soft\">Workspace {} · days in {} · times in UTC · \
             as of {}</p>\n<nav><a href=\"#samples\">Samples</a><a href=\"#emergencies\">Emergency \
             changes</a><a href=\"#exceptions\">Exceptions</a><a href=\"#rate\">Rate by week</a>\
             <a href=\"#population\">Population</a><a href=\"#check\">How to check this</a>\
             </nav>\n</header>\n<main>\n",
            escaped(&title),
            escaped(context.moment.workspace().as_str()),
            escaped(context.wanted.zone.name()),
            utc(context.at),
        );
        if let Some(words) = context.unfinished() {
            let _ = writeln!(out, "<div class=\"note\">{}</div>", escaped(&words));
        }
        self.sums(&mut out);
        self.samples(&mut out);
        self.emergencies(&mut out);
        self.exceptions(&mut out);
        self.weeks(&mut out);
        self.population(&mut out);
        self.check(&mut out);
        let _ = write!(
            out,
            "</main>\n<footer>{}</footer>\n</body>\n</html>\n",
            escaped(&context.checkpoint())
        );
        out
    }

    fn sums(&self, out: &mut String) {
        let about = self.about;
        let rate = percent(
            about.n_emergencies(),
            about.n_changes(),
            self.context.policy.guideline,
        );
        let rate = rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate} %"));
        out.push_str("<div class=\"sums\">");
        for (figure, words) in [
            (grouped(about.n_changes()), "changes deployed"),
            (grouped(about.n_emergencies()), "of them emergencies"),
            (rate, "of all changes"),
            (grouped(about.n_exceptions), "exceptions of emergencies"),
            (self.samples.len().to_string(), "samples in this pack"),
        ] {
            let _ = write!(out, "<div><b>{figure}</b><span>{words}</span></div>");
        }
        let log = link(BOOK, "Change Log.xlsx");
        let policies = format!("{CHANGES}Policies/emergency_change_procedure.pdf");
        let policies = link(&policies, "the emergency change procedure");
        let _ = writeln!(
            out,
            "</div>\n<p>Every change of the period stands in {log}. What holds for emergency \
             changes stands in {policies}. It holds what was said in private channels, too: keep \
             it accordingly.</p>"
        );
    }

    fn samples(&self, out: &mut String) {
        out.push_str("<h2 id=\"samples\">Samples</h2>\n");
        if self.samples.is_empty() {
            out.push_str("<p class=\"soft\">There was nothing to sample.</p>\n");
        }
        for folder in self.samples {
            sample::write(out, folder);
        }
    }

    fn emergencies(&self, out: &mut String) {
        out.push_str("<h2 id=\"emergencies\">Emergency changes</h2>\n");
        if self.emergencies.is_empty() {
            out.push_str("<p class=\"soft\">There was none.</p>\n");
            return;
        }
        let sampled = |number: &str| {
            self.samples.iter().position(|one| match &one.record {
                Told::Emergency(record) => record.number == number,
                Told::Normal(_) => false,
            })
        };
        let mut table = Markup::table(&[
            "Change",
            "Deployed",
            "What",
            "Authorized",
            "Decided",
            "Ticket",
            "Exceptions",
        ]);
        for one in self.emergencies.iter().take(MOST_EMERGENCIES) {
            let row = &one.row;
            let name = match sampled(&row.change) {
                Some(n) => format!("<a href=\"#sample-{}\">{}</a>", n + 1, escaped(&row.change)),
                None => escaped(&row.change),
            };
            let kind = match one.part {
                Part::Counted => String::new(),
                Part::Drill | Part::Duplicate | Part::Undeployed => {
                    format!("<br><span class=\"soft\">{}</span>", escaped(&row.kind))
                }
            };
            let by = |who: &Option<String>, at| match who {
                Some(who) => format!("{}<br>{}", escaped(who), time(at)),
                None => "<span class=\"soft\">–</span>".to_owned(),
            };
            let exceptions = row.exceptions.as_ref().map_or_else(
                || "<span class=\"good\">none</span>".to_owned(),
                |which| format!("<span class=\"bad\">{}</span>", escaped(which)),
            );
            table.row(&[
                format!("{name}{kind}"),
                time(Some(row.at)),
                escaped(&row.description),
                by(&row.authorized_by, row.authorized_at),
                by(&row.decided_by, row.decided_at),
                cell(row.ticket.as_deref()),
                exceptions,
            ]);
        }
        out.push_str(&table.end());
        let n_left_out = self.emergencies.len().saturating_sub(MOST_EMERGENCIES);
        if n_left_out > 0 {
            let _ = writeln!(
                out,
                "<p class=\"soft\">And {} more, which stand in the change log.</p>",
                grouped(n_left_out as u64)
            );
        }
    }

    fn exceptions(&self, out: &mut String) {
        out.push_str("<h2 id=\"exceptions\">Exceptions, with their answers</h2>\n");
        let exceptions: Vec<_> = self
            .emergencies
            .iter()
            .flat_map(|one| &one.exceptions)
            .collect();
        if exceptions.is_empty() {
            out.push_str("<p class=\"good\">Every control was met.</p>\n");
            return;
        }
        let mut table = Markup::table(&[
            "Change",
            "Exception",
            "Recorded",
            "Cause",
            "Remedy",
            "Answered",
        ]);
        for one in exceptions.iter().take(MOST_EMERGENCIES) {
            let answered = match (&one.answered_by, one.answer_due_at) {
                (Some(who), _) => format!("{}<br>{}", escaped(who), time(one.answered_at)),
                (None, due) => format!(
                    "<span class=\"bad\">not yet</span><br><span class=\"soft\">due {}</span>",
                    time(due)
                ),
            };
            table.row(&[
                escaped(&one.change),
                escaped(&one.exception),
                time(Some(one.recorded_at)),
                cell(one.cause.as_deref()),
                cell(one.remedy.as_deref()),
                answered,
            ]);
        }
        out.push_str(&table.end());
    }

    fn weeks(&self, out: &mut String) {
        out.push_str("<h2 id=\"rate\">Rate by week</h2>\n");
        if self.weeks.is_empty() {
            out.push_str("<p class=\"soft\">No week of the period was over.</p>\n");
            return;
        }
        let mut table =
            Markup::table(&["From", "To", "Emergencies", "Changes", "Rate", "", "Remark"]);
        // Twice the guideline has its place on every scale.
        let rate_of = |week: &WeekRow| {
            let whole = u128::from(week.n_changes);
            (u128::from(week.n_emergencies) * 1000)
                .checked_div(whole)
                .unwrap_or(0)
        };
        let guideline = u128::from(self.context.policy.guideline);
        let most = self.weeks.iter().map(rate_of).max().unwrap_or(0);
        let most = most.max(2 * guideline).max(1);
        for week in self.weeks {
            let day = |at: chrono::DateTime<chrono::Utc>| {
                let local = at.with_timezone(&self.context.wanted.zone);
                format!("<span class=\"t\">{}</span>", local.date_naive())
            };
            let rate = if week.is_unknown {
                "not known".to_owned()
            } else {
                percent(week.n_emergencies, week.n_changes, week.guideline)
                    .map_or_else(|| "–".to_owned(), |rate| format!("{rate} %"))
            };
            let over = if week.is_within {
                ""
            } else {
                " class=\"over\""
            };
            let bar = format!(
                "<div class=\"bar\"><i{over} style=\"width:{}%\"></i><u style=\"left:{}%\"></u></div>",
                rate_of(week) * 100 / most,
                guideline * 100 / most
            );
            let last = week.to - chrono::TimeDelta::microseconds(1);
            table.row(&[
                day(week.from),
                day(last),
                number(week.n_emergencies),
                number(week.n_changes),
                escaped(&rate),
                bar,
                cell(week.remark.as_deref()),
            ]);
        }
        out.push_str(&table.end());
        out.push_str("<p class=\"soft\">The line is the guideline; red is above it.</p>\n");
    }

    fn population(&self, out: &mut String) {
        let about = self.about;
        out.push_str("<h2 id=\"population\">How the population was obtained</h2>\n");
        let mut list = Markup::list();
        for (label, n) in [
            ("All changes deployed", about.n_changes()),
            ("Emergency changes of the register", about.n_register),
            (
                "Emergencies by a source's word alone",
                about.n_told_emergencies,
            ),
            ("Normal changes", about.n_normal),
            ("Standard changes (approved in advance)", about.n_standard),
            ("Beside them: rehearsals", about.n_drills),
            ("Beside them: second records", about.n_duplicates),
            ("Beside them: asked for, never deployed", about.n_undeployed),
            (
                "Left out: no production, by somebody's word",
                about.omitted.n_no_production,
            ),
            (
                "Left out: of an emergency, by somebody's word",
                about.omitted.n_by_answer,
            ),
            (
                "Left out: of an emergency, by number or ticket",
                about.omitted.n_by_name,
            ),
            ("Not emergencies, with an exception", about.n_with_exception),
        ] {
            list.pair(label, &grouped(n));
        }
        out.push_str(&list.end());
        let mut table = Markup::table(&[
            "Source",
            "Counts by",
            "Told",
            "Known already",
            "Of no known kind",
            "Refused",
            "Heard first",
            "Heard last",
            "Remark",
        ]);
        for one in &about.coverage {
            table.row(&[
                escaped(&one.source),
                escaped(&one.counts_by),
                number(one.n_told),
                number(one.n_duplicate),
                number(one.n_unknown),
                number(one.n_refused),
                time(one.first_at),
                time(one.last_at),
                cell(one.remark.as_deref()),
            ]);
        }
        out.push_str("<h3>Sources and their coverage</h3>\n");
        out.push_str(&table.end());
        out.push_str(
            "<p class=\"soft\">The sheet Population of the change log says by which query, and how \
             to draw the samples again; the sheet Left out, by whose word what was left out.</p>\n",
        );
    }

    fn check(&self, out: &mut String) {
        let context = self.context;
        let wanted = context.wanted;
        out.push_str("<h2 id=\"check\">How to check this</h2>\n");
        let _ = writeln!(
            out,
            "<p>Unpack it and run <code>python3 verify/verify.py</code>: plain Python, nothing to \
             install. {} says more, with commands for openssl and the public formats. This page \
             only shows; what counts are the records and their proofs.</p>",
            link("README.txt", "README.txt")
        );
        let mut list = Markup::list();
        list.pair(
            "Checkpoint",
            &format!("{}, {}", wanted.checkpoint.n, utc(context.at)),
        );
        list.pair("Records of the log", &grouped(context.size));
        list.code("Root of the log", &root_in_words(&wanted.checkpoint.root));
        list.code("Signed by", &wanted.key.verifier().to_string());
        list.code("SHA-256 of the key", &wanted.key.verifier().fingerprint());
        out.push_str(&list.end());
        out.push_str(
            "<div class=\"note\">Nobody can prove by this what was never recorded, nor what whoever \
             holds the key could have rewritten after the newest checkpoint that somebody else \
             kept.</div>\n",
        );
    }
}
