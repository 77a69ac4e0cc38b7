//! Figures of the bot at work, in the text form that Prometheus reads.
//!
//! Holds counts and durations and nothing else: no name, id or word of anybody
//! becomes a label. What the labels may say is written down here, in full.

use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::clock::Stopwatch;
use crate::slack::{Answer, DeliveryKind, Receive};

/// The form of the page, as Prometheus wants it named.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The upper ends of the buckets, in milliseconds: Slack waits three seconds, and we
/// promise well under one.
const BUCKETS: [u32; 10] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 3000];

/// The kinds of delivery, in the order of their counts.
const KINDS: [(DeliveryKind, &str); 3] = [
    (DeliveryKind::Command, "command"),
    (DeliveryKind::Interaction, "interaction"),
    (DeliveryKind::Event, "event"),
];

/// What is measured, and what is counted beside it.
const TOOK: &str = "breakglass_acknowledgement_seconds";
const NOT_KEPT: &str = "breakglass_deliveries_not_kept_total";

/// How long acknowledgements took, of one kind of delivery.
#[derive(Debug, Default)]
struct Durations {
    /// One a bucket, and one for what was slower than all.
    n: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
    n_not_kept: AtomicU64,
}

impl Durations {
    fn add(&self, took: Duration) {
        let slot = BUCKETS
            .iter()
            .position(|end| took <= Duration::from_millis(u64::from(*end)))
            .unwrap_or(BUCKETS.len());
        if let Some(n) = self.n.get(slot) {
            n.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// How long Slack waited for its acknowledgements. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Acknowledgements(Arc<[Durations; KINDS.len()]>);

impl Acknowledgements {
    /// Measures what stands behind the doors, from the delivery's arrival until it may
    /// be acknowledged.
    pub fn measured(&self, receive: Receive) -> Receive {
        let counts = self.clone();
        Arc::new(move |delivery| {
            let (counts, kind) = (counts.clone(), delivery.kind);
            let since = Stopwatch::start();
            let answering = receive(delivery);
            Box::pin(async move {
                let answer = answering.await;
                if let Some(counts) = counts.of(kind) {
                    match answer {
                        Answer::Acknowledged | Answer::With(_) => counts.add(since.elapsed()),
                        Answer::NotKept => {
                            counts.n_not_kept.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
                answer
            })
        })
    }

    fn of(&self, kind: DeliveryKind) -> Option<&Durations> {
        let place = KINDS.iter().position(|(one, _)| *one == kind)?;
        self.0.get(place)
    }

    /// Writes what was measured.
    pub fn write(&self, page: &mut Page) {
        page.head(
            TOOK,
            "histogram",
            "Time from a delivery of Slack's until it was kept and could be acknowledged.",
        );
        for (durations, (_, kind)) in self.0.iter().zip(KINDS) {
            let mut n = 0;
            for (end, count) in BUCKETS.iter().zip(&durations.n) {
                n += count.load(Ordering::Relaxed);
                let end = f64::from(*end) / 1000.0;
                page.line(
                    &format!("{TOOK}_bucket"),
                    &format!("kind=\"{kind}\",le=\"{end}\""),
                    n,
                );
            }
            n += durations
                .n
                .last()
                .map_or(0, |slowest| slowest.load(Ordering::Relaxed));
            page.line(
                &format!("{TOOK}_bucket"),
                &format!("kind=\"{kind}\",le=\"+Inf\""),
                n,
            );
            let sum = Duration::from_micros(durations.micros.load(Ordering::Relaxed));
            let label = format!("kind=\"{kind}\"");
            page.line(&format!("{TOOK}_sum"), &label, sum.as_secs_f64());
            page.line(&format!("{TOOK}_count"), &label, n);
        }
        page.head(
            NOT_KEPT,
            "counter",
            "Deliveries that couldn't be kept; Slack was told so.",
        );
        for (durations, (_, kind)) in self.0.iter().zip(KINDS) {
            let n = durations.n_not_kept.load(Ordering::Relaxed);
            page.line(NOT_KEPT, &format!("kind=\"{kind}\""), n);
        }
    }
}

/// The rooms of the house in which an error may be logged; of others' crates it is the
/// last.
const ROOMS: [&str; 9] = [
    "bot", "cli", "dispatch", "evidence", "intake", "report", "slack", "store", "other",
];

/// How many errors each room has logged. The log is the process's, and so is this.
static ERRORS: [AtomicU64; ROOMS.len()] = [const { AtomicU64::new(0) }; ROOMS.len()];

/// Counts what is logged as an error, by the room that logged it; reads not a word of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct CountsErrors;

impl<S: Subscriber> Layer<S> for CountsErrors {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        if *metadata.level() != Level::ERROR {
            return;
        }
        let room = metadata.target().strip_prefix("breakglass::");
        let room = room.and_then(|path| path.split("::").next());
        let known = ROOMS.iter().position(|one| Some(*one) == room);
        if let Some(count) = ERRORS.get(known.unwrap_or(ROOMS.len() - 1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes how many errors were logged.
pub fn write_errors(page: &mut Page) {
    const NAME: &str = "breakglass_errors_total";
    page.head(
        NAME,
        "counter",
        "Errors in the log, by the part of the bot that met them.",
    );
    for (room, n) in ROOMS.iter().zip(&ERRORS) {
        page.line(NAME, &format!("in=\"{room}\""), n.load(Ordering::Relaxed));
    }
}

/// A page of figures.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Says what the lines below are.
    pub fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _infallible = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Writes one figure.
    pub fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let _infallible = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }

    /// Writes a figure that stands alone.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, "gauge", help);
        self.line(name, "", value);
    }

    /// Returns the page.
    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slack::Delivery;

    #[test]
    fn an_acknowledgement_stands_in_every_bucket_that_it_was_fast_enough_for() {
        let all = Acknowledgements::default();
        let events = all.of(DeliveryKind::Event).unwrap();
        for millis in [3, 5, 30, 4000] {
            events.add(Duration::from_millis(millis));
        }
        let mut page = Page::default();
        all.write(&mut page);
        let text = page.into_text();
        let n = |end: &str| {
            let line = format!(
                "breakglass_acknowledgement_seconds_bucket{{kind=\"event\",le=\"{end}\"}} "
            );
            let at = text.find(&line).unwrap() + line.len();
            text[at..].lines().next().unwrap().to_owned()
        };
        let said = ["0.005", "0.025", "0.05", "3", "+Inf"].map(n);
        assert_eq!(said, ["2", "2", "3", "3", "4"]);
        assert!(text.contains("_sum{kind=\"event\"} 4.038\n"), "{text}");
        assert!(text.contains("_count{kind=\"command\"} 0\n"), "{text}");
    }

    #[test]
    fn what_could_not_be_kept_was_not_acknowledged() {
        let all = Acknowledgements::default();
        let receive = all.measured(Arc::new(|_| Box::pin(async { Answer::NotKept })));
        let delivery = Delivery {
            kind: DeliveryKind::Command,
            payload: serde_json::Value::Null,
        };
        futures_util::FutureExt::now_or_never(receive(delivery)).unwrap();
        let mut page = Page::default();
        all.write(&mut page);
        let text = page.into_text();
        assert!(
            text.contains("not_kept_total{kind=\"command\"} 1\n"),
            "{text}"
        );
        assert!(text.contains("_count{kind=\"command\"} 0\n"), "{text}");
    }
}
