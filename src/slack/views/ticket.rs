//! The ticket in words: what stands in it with its source, what is missing,
//! what says too little, and what follows from all of it.

use crate::domain::change::{EmergencyChange, Source};
use crate::domain::ticket::{
    Entry, Field, Kind, Known, Order, Part, REPEATS_WITHIN, Timeliness, Value, capacities,
    documented, gaps, incident_order,
};

use super::{Showing, note, say};

/// What the ticket still misses, as a list in words: first what has to be
/// written, then what is only chosen.
pub(super) fn missing(showing: &Showing<'_>) -> String {
    let gaps = gaps(showing.change, showing.policy);
    let (written, chosen): (Vec<Field>, Vec<Field>) = gaps
        .into_iter()
        .partition(|field| matches!(field.row().kind, Kind::Words));
    let names = |fields: &[Field]| say::listed(fields.iter().map(ToString::to_string));
    if written.is_empty() || chosen.len() < 2 {
        return names(&[written, chosen].concat());
    }
    let choices = format!("{} choices ({})", chosen.len(), names(&chosen));
    say::listed(written.iter().map(ToString::to_string).chain([choices]))
}

/// A part of the ticket, as it is read.
pub(super) struct Read {
    /// Its words.
    pub(super) words: String,
    /// Whether some were left out.
    pub(super) is_cut: bool,
}

/// What stands in the ticket, part by part, with who wrote it or how it is known;
/// each text in at most `room` characters.
pub(super) fn parts(showing: &Showing<'_>, room: usize) -> Vec<Read> {
    Part::ALL
        .iter()
        .filter_map(|part| {
            let fields = showing.change.fields.iter();
            let mut is_cut = false;
            let lines: Vec<String> = fields
                .filter(|(field, _)| field.row().part == *part)
                .map(|(field, entry)| line(showing, *field, entry, room, &mut is_cut))
                .collect();
            let heading = say::capitalised(&part.to_string());
            (!lines.is_empty()).then(|| Read {
                words: format!("*{heading}*\n{}", lines.join("\n")),
                is_cut,
            })
        })
        .collect()
}

fn line(
    showing: &Showing<'_>,
    field: Field,
    entry: &Entry,
    room: usize,
    is_cut: &mut bool,
) -> String {
    let mut value = |value: &Value| {
        let shown = standing_in(showing, field, value, room);
        *is_cut |= shown.is_cut;
        shown.words
    };
    let stands = value(&entry.value);
    let replaced = entry.replaced.as_ref().map_or_else(String::new, |earlier| {
        format!("\n_in place of what another had saved:_ {}", value(earlier))
    });
    let mark = entry
        .vague
        .map_or_else(String::new, |vague| format!("\n:warning: _{vague}_"));
    format!(
        "{}: {stands} ({}){mark}{replaced}",
        say::field(field),
        source(entry)
    )
}

/// What stands in a field, in words.
fn standing_in(showing: &Showing<'_>, field: Field, value: &Value, room: usize) -> say::Excerpt {
    let whole = |words: String| say::Excerpt {
        words,
        is_cut: false,
    };
    match value {
        Value::Words(text) | Value::Links(text) => say::wrote(&showing.texts.said(text), room),
        Value::Choice(name) => whole(say::choice(showing.policy, field, name)),
        Value::Person(who) => whole(say::person(who)),
        Value::Instant(at) => whole(say::at(*at)),
        Value::Systems(names) => say::safe(&names.join(", "), room),
    }
}

/// How what stands in a field is known.
fn source(entry: &Entry) -> String {
    match entry.source {
        Known::Person => note::actor(&entry.by),
        Known::Bot(source) => match source {
            Source::Slack => "known from Slack".to_owned(),
            Source::Receipt => "known from when it reached me".to_owned(),
            Source::Attested => "known by somebody's word".to_owned(),
            Source::Webhook => "known from the delivery pipeline".to_owned(),
            Source::Clock => "known from the clock".to_owned(),
        },
        Known::TakenFrom(number) => format!("taken over from {number}"),
    }
}

/// What follows from the facts, one line each.
pub(super) fn computed(showing: &Showing<'_>) -> Vec<String> {
    let change = showing.change;
    let mut lines = Vec::new();
    match documented(change, showing.now) {
        Some(Timeliness::InTime { by }) => {
            lines.push(format!("Documented in time, {} early", say::span(by)));
        }
        Some(Timeliness::Late { by }) if change.documented_at.is_some() => {
            lines.push(format!("Documented {} late", say::span(by)));
        }
        Some(Timeliness::Late { by }) => {
            lines.push(format!("Not documented, {} late by now", say::span(by)));
        }
        None => {}
    }
    match incident_order(change) {
        Some(Order::Before { by }) => lines.push(format!(
            "The incident began {} before the deployment",
            say::span(by)
        )),
        Some(Order::After { by }) => lines.push(format!(
            "The incident began {} *after* the deployment",
            say::span(by)
        )),
        None => {}
    }
    for (who, held) in capacities(change) {
        if held.len() > 1 {
            let roles = say::listed(held.iter().map(|role| role.name().to_owned()));
            lines.push(format!("{} was {roles}", say::person(&who)));
        }
    }
    lines.extend(repeat(showing));
    lines
}

/// How many of the earlier changes are named: the latest.
const MOST_REPEATED: usize = 10;

/// Which earlier emergencies it repeats, with what to do about that.
pub(super) fn repeat(showing: &Showing<'_>) -> Option<String> {
    let of = &showing.repeat?.of;
    let more = of.len().saturating_sub(MOST_REPEATED);
    let latest = of.iter().skip(more).map(ToString::to_string);
    let earlier = (more > 0).then(|| format!("{more} before them"));
    let named = say::listed(latest.chain(earlier));
    Some(format!(
        "It repeats {named}: the same category on the same system, within {} days. Propose to make it a *standard change*: approved once, in advance, and no emergency next time",
        REPEATS_WITHIN.num_days()
    ))
}

/// What is to take the place of a workaround.
pub(super) fn planned_fix(showing: &Showing<'_>, room: usize) -> String {
    let planned = showing
        .change
        .words(Field::PermanentFix)
        .map_or_else(String::new, |text| {
            format!(
                "\n*Planned:* {}",
                say::wrote(&showing.texts.said(&text), room).words
            )
        });
    format!("It doesn't stay: the permanent fix is yours.{planned}")
}

/// A follow-up, the `n`th.
pub(super) fn follow_up(showing: &Showing<'_>, n: u16, room: usize) -> String {
    let nth = usize::from(n).checked_sub(1);
    let one = nth.and_then(|nth| showing.change.follow_ups.get(nth));
    one.map_or_else(
        || format!("Follow-up {n} is yours."),
        |one| {
            let what = say::wrote(&showing.texts.said(&one.what), room).words;
            format!("*Follow-up {n}:* {what}")
        },
    )
}

/// Which fields say too little, and why.
pub(super) fn vague(change: &EmergencyChange) -> Option<String> {
    let marked: Vec<String> = change
        .vague()
        .map(|(field, vague)| format!("*{}* {vague}", say::field(field)))
        .collect();
    (!marked.is_empty()).then(|| format!(":warning: Says too little: {}.", marked.join("; ")))
}
