//! `change_ticket.pdf`: the retrospective ticket, every field of it, in its order;
//! what was owed and met; and everything that happened to the record.

use super::line::{ALARM, Span, Style};
use super::paper::{Cell, Paper};
use super::parts::{
    alarm, at, attachments, called, code, exceptions, nothing, person, sentence, shortly,
    shortly_if_any, soft, strong, summary, text, timeliness, who, words, words_if_any,
};
use super::{Imprint, PageFault};
use crate::domain::ticket::Field;
use crate::evidence::record::{Entry, Event, Record, Value, capitalised, short, span, utc};

/// Writes the ticket of an emergency change.
pub fn change_ticket(record: &Record, imprint: &Imprint) -> Result<Vec<u8>, PageFault> {
    let mut paper = Paper::new(
        "Change ticket",
        &title(record),
        &format!("Emergency change · {}", capitalised(&record.stage.words)),
    );
    summary(&mut paper, record);
    for (part, entries) in record.parts() {
        paper.section(&part.words);
        for entry in &entries {
            if !is_left_out(entry) {
                field(&mut paper, record, entry);
            }
        }
        let left_out: Vec<&str> = entries
            .iter()
            .filter(|entry| is_left_out(entry))
            .map(|entry| entry.field.words.as_str())
            .collect();
        if !left_out.is_empty() {
            paper.row(
                "Not required and not filled in",
                &[soft(left_out.join(" · "))],
            );
        }
    }
    obligations(&mut paper, record);
    exceptions(&mut paper, record);
    attachments(&mut paper, record);
    redactions(&mut paper, record);
    chase(&mut paper, record);
    timeline(&mut paper, record);
    paper.write(imprint)
}

/// Number and what it is about, as far as that is still told.
pub(super) fn title(record: &Record) -> String {
    const LONGEST: usize = 110;
    let drill = if record.drill { "Drill " } else { "" };
    let what = record.what.text.as_deref().unwrap_or("(redacted)");
    let mut line: String = what.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST).collect::<String>() + "…";
    }
    format!("{drill}{}: {line}", record.number)
}

/// Whether nobody filled a field in, and nobody had to.
fn is_left_out(entry: &Entry) -> bool {
    !entry.is_recorded && !entry.is_required && entry.value.is_none()
}

fn field(paper: &mut Paper, record: &Record, entry: &Entry) {
    let label = &entry.field.words;
    if entry.is_recorded {
        let known = Field::from_name(&entry.field.name);
        let lines = known
            .map(|field| recorded(record, field))
            .unwrap_or_default();
        let mut value = Cell::new();
        for (n, line) in lines.into_iter().enumerate() {
            if n > 0 {
                value.push(text("\n"));
            }
            value.extend(line);
        }
        paper.row(label, &value);
        return;
    }
    let Some(value) = &entry.value else {
        let missing = if entry.is_required {
            vec![alarm("missing")]
        } else {
            vec![soft("not filled in; not required")]
        };
        paper.row(label, &missing);
        return;
    };
    let mut spans = match value {
        Value::Words(said) | Value::Links(said) => words(said),
        Value::Choice(choice) => vec![text(choice.words.as_str())],
        Value::Person(who) => person(who),
        Value::Instant { at: when } => vec![at(*when)],
        Value::Systems { names } => vec![text(names.join(", "))],
    };
    let by = entry.by.as_ref().map_or_else(String::new, who);
    let when = entry.at.map_or_else(String::new, utc);
    spans.push(Span::new(format!("\n{by} · {when}"), Style::SMALL));
    if let Some(vague) = &entry.vague {
        spans.push(Span::new(
            format!(" · marked: {}", vague.words),
            Style::SMALL.ink(ALARM),
        ));
    }
    paper.row(label, &spans);
}

/// What the bot kept for a field that nobody writes.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each field that the bot keeps"
)]
fn recorded(record: &Record, field: Field) -> Vec<Cell> {
    let one = |cell: Cell| vec![cell];
    match field {
        Field::Number => one(vec![strong(record.number.as_str())]),
        Field::Policy => one(vec![text(format!("Version {}", record.policy))]),
        Field::Request => one(words(&record.request.verbatim)),
        Field::Criterion => match (&record.criterion, &record.stated_reason) {
            (Some(criterion), _) => one(vec![sentence(criterion)]),
            (None, Some(stated)) => {
                let mut cell = vec![alarm("None of the five of a genuine emergency: ")];
                cell.push(text(stated.reason.words.as_str()));
                if let Some(said) = &stated.text {
                    cell.push(soft(". In their own words: "));
                    cell.extend(words(said));
                }
                one(cell)
            }
            (None, None) => one(vec![alarm("not stated")]),
        },
        Field::Requester => {
            let request = &record.request;
            let mut cells = vec![person(&request.by), vec![at(request.at)]];
            let place = request.channel_name.as_ref();
            let place = place.map_or_else(|| request.channel.clone(), |name| format!("#{name}"));
            cells.push(vec![text(place)]);
            if let Some(captured) = &request.captured {
                cells.push(vec![
                    soft("Put on record by "),
                    text(called(&captured.by)),
                    soft(format!(" at {}", utc(captured.at))),
                ]);
            }
            cells
        }
        Field::Authorization => match &record.authorization {
            Some(given) => {
                let mut cells = vec![person(&given.by), vec![at(given.at)]];
                let how = [&given.method, &given.strength, &given.ground];
                let how: Vec<&str> = how
                    .into_iter()
                    .flatten()
                    .map(|one| one.words.as_str())
                    .collect();
                cells.push(vec![text(capitalised(&how.join(" · ")))]);
                cells.extend(ahead(record));
                cells
            }
            None => one(record
                .without_authorization()
                .into_iter()
                .map(alarm)
                .collect()),
        },
        Field::Commander => match &record.commander {
            Some(one_) => vec![
                person(&one_.person),
                one_.authorized_at.map_or_else(
                    || vec![alarm("has not authorized it")],
                    |when| vec![soft("Authorized it at "), at(when)],
                ),
            ],
            None => one(vec![alarm("not named")]),
        },
        Field::Deployment => {
            let told = record.deployments.iter().map(|one| {
                let mut cell = vec![at(one.at), soft(" by ")];
                cell.extend(person(&one.by));
                cell.push(soft(format!(" · {}", one.known_from.words)));
                cell
            });
            or_none(told.collect(), "not deployed as far as is known")
        }
        Field::Decision => match &record.decision {
            Some(decision) => {
                let mut cell = vec![strong(capitalised(&decision.verdict.words)), text(" by ")];
                cell.extend(person(&decision.by));
                let mut cells = vec![cell, vec![at(decision.at)]];
                if let Some(hash) = &decision.content_hash {
                    cells.push(vec![soft("Of exactly the content "), code(hash.as_str())]);
                }
                cells
            }
            None => one(vec![alarm("not decided")]),
        },
        Field::SecurityReview => review(record, "security", "security_review"),
        Field::DatabaseApproval => review(record, "database", "database_approval"),
        Field::Genuine => {
            let decision = record.decision.as_ref();
            let mut cells = Vec::new();
            if let Some(is_genuine) = decision.and_then(|one| one.is_genuine) {
                cells.push(vec![
                    text(genuine(is_genuine)),
                    soft(", by whoever decided"),
                ]);
            }
            if let Some(review) = &record.genuineness {
                cells.push(vec![
                    text(genuine(review.is_genuine)),
                    soft(format!(", by {}", called(&review.act.by))),
                ]);
            }
            or_none(cells, "nobody has said yet")
        }
        Field::Exceptions => {
            let list = record.exceptions.iter().map(|one| {
                let answered = if one.answer.is_some() {
                    "answered"
                } else {
                    "not answered"
                };
                vec![
                    text(capitalised(&one.exception.words)),
                    soft(format!(" · {answered}")),
                ]
            });
            or_none(list.collect(), "none")
        }
        Field::Deadlines => match record.ticket_due_at {
            Some(due_at) => {
                let mut cell = vec![soft("Ticket due "), at(due_at), soft(": ")];
                cell.extend(timeliness(record.documented_at, Some(due_at), record.as_of));
                vec![
                    cell,
                    vec![soft("All deadlines stand under “What was owed”.")],
                ]
            }
            None => one(vec![soft("none: nothing is deployed")]),
        },
        Field::Reminders => {
            let n = record.chase.len();
            one(vec![text(format!(
                "{n} reminders, listed under “Reminders”"
            ))])
        }
        Field::EventLog => {
            let n = record.timeline.len();
            one(vec![text(format!("{n} events, listed under “Timeline”"))])
        }
        Field::Attachments => {
            let n = record.attachments.len();
            one(vec![text(match n {
                0 => "none".to_owned(),
                n => format!("{n}, listed under “Attachments”"),
            })])
        }
        Field::FollowUps => {
            let list = record.follow_ups.iter().map(|one| {
                let mut cell = words(&one.what);
                cell.push(soft(format!(
                    " · {}, due {}",
                    called(&one.owner),
                    utc(one.due_at)
                )));
                cell.push(match &one.done {
                    Some(done) => soft(format!(" · done {}", utc(done.at))),
                    None => soft(" · open"),
                });
                cell
            });
            or_none(list.collect(), "none")
        }
        Field::MeetingReview => match &record.meeting {
            Some(meeting) => {
                let mut cells = vec![vec![soft("Held "), at(meeting.held_at)]];
                for (label, said) in [
                    ("Minutes: ", &meeting.minutes),
                    ("Improvements of the process: ", &meeting.improvements),
                ] {
                    if let Some(said) = said {
                        let mut cell = vec![soft(label)];
                        cell.extend(words(said));
                        cells.push(cell);
                    }
                }
                cells
            }
            None => one(vec![soft("not recorded yet")]),
        },
        // Whoever adds a field that the bot keeps sees it here, said to be elsewhere.
        _ => one(vec![soft("kept by the bot; see the timeline")]),
    }
}

fn or_none(cells: Vec<Cell>, none: &str) -> Vec<Cell> {
    if cells.is_empty() {
        return vec![vec![soft(none)]];
    }
    cells
}

pub(super) const fn genuine(is_genuine: bool) -> &'static str {
    if is_genuine {
        "A genuine emergency"
    } else {
        "Not a genuine emergency"
    }
}

/// Whether the authorization came before the deployment, and by how much.
pub(super) fn ahead(record: &Record) -> Option<Cell> {
    let seconds = record.authorized_ahead_by_seconds?;
    let length = chrono::TimeDelta::seconds(seconds);
    Some(if seconds >= 0 {
        vec![
            super::parts::good(format!("{} before", span(length))),
            soft(" the deployment"),
        ]
    } else {
        vec![
            alarm(format!("{} after", span(length))),
            soft(" the deployment"),
        ]
    })
}

fn review(record: &Record, name: &str, duty: &str) -> Vec<Cell> {
    let given = record.reviews.iter().find(|one| one.review.name == name);
    if let Some(one) = given {
        let mut cells = vec![person(&one.act.by), vec![at(one.act.at)]];
        if let Some(said) = &one.words {
            cells.push(words(said));
        }
        return cells;
    }
    let owed = record.obligations.iter().any(|one| one.duty.name == duty);
    vec![if owed {
        vec![alarm("missing")]
    } else {
        vec![soft("not asked for")]
    }]
}

fn obligations(paper: &mut Paper, record: &Record) {
    paper.section("What was owed");
    if record.obligations.is_empty() {
        paper.paragraph(&[soft("Nothing.")]);
        return;
    }
    let rows: Vec<Vec<Cell>> = record
        .obligations
        .iter()
        .map(|one| {
            let mut state = timeliness(one.met_at, one.due_at, record.as_of);
            if one.is_missed
                && one
                    .met_at
                    .is_some_and(|met| one.due_at.is_some_and(|due| met <= due))
            {
                state.push(soft("; an earlier deadline of it was missed"));
            }
            vec![
                vec![sentence(&one.duty)],
                one.owner
                    .as_ref()
                    .map_or_else(nothing, |owner| vec![text(who(owner))]),
                shortly_if_any(one.due_at),
                shortly_if_any(one.met_at),
                state,
            ]
        })
        .collect();
    paper.table(
        &[
            ("Obligation", 3.2),
            ("Owner", 2.0),
            ("Due", 2.0),
            ("Met", 2.0),
            ("State", 2.4),
        ],
        &rows,
    );
}

fn redactions(paper: &mut Paper, record: &Record) {
    if record.redactions.is_empty() {
        return;
    }
    paper.section("Redactions");
    for one in &record.redactions {
        paper.row("What it was", &[text(capitalised(&one.passage))]);
        paper.row("Commitment", &[code(one.commitment.as_str())]);
        let why = one.removed.why.as_deref().unwrap_or("redacted, too");
        paper.row(
            "Removed",
            &[
                text(called(&one.removed.by)),
                soft(format!(" · {} · why: ", utc(one.removed.at))),
                text(why),
            ],
        );
    }
}

fn chase(paper: &mut Paper, record: &Record) {
    if record.chase.is_empty() {
        return;
    }
    paper.section("Reminders");
    let rows: Vec<Vec<Cell>> = record
        .chase
        .iter()
        .map(|one| {
            let mut became = vec![text(one.delivery.words.as_str())];
            if let Some(when) = one.delivered_at {
                became.push(soft(" · "));
                became.push(shortly(when));
            }
            if let Some(answer) = &one.answer {
                became.push(soft(format!(" · {answer}")));
            }
            vec![
                vec![shortly(one.at)],
                one.owner
                    .as_ref()
                    .map_or_else(nothing, |owner| vec![text(who(owner))]),
                vec![sentence(&one.duty), soft(format!(" · {}", one.rung.words))],
                became,
            ]
        })
        .collect();
    paper.table(
        &[
            ("When", 2.3),
            ("Who", 1.9),
            ("Of what", 3.4),
            ("What became of it", 3.8),
        ],
        &rows,
    );
}

fn timeline(paper: &mut Paper, record: &Record) {
    paper.section("Timeline");
    paper.remark(
        "The events of the change's record, in the order of the log. The number is the event's \
         place in the change, and after the stroke its leaf in the log, by which its inclusion \
         can be proved. Instants are UTC.",
    );
    let rows: Vec<Vec<Cell>> = record
        .timeline
        .iter()
        .filter(|one| !one.is_receipt())
        .map(event)
        .collect();
    let n_receipts = record.timeline.len() - rows.len();
    if n_receipts > 0 {
        paper.remark(&format!(
            "Left out, and in full in record.json: Slack's receipts for {n_receipts} messages of \
             the bot. What became of each reminder stands under “Reminders”.",
        ));
    }
    paper.table(
        &[
            ("No. / leaf", 1.2),
            ("When and how that is known", 2.7),
            ("Who", 2.1),
            ("What", 5.8),
        ],
        &rows,
    );
}

fn event(event: &Event) -> Vec<Cell> {
    let leaf = event
        .leaf
        .map_or_else(String::new, |leaf| format!(" / {leaf}"));
    let mut what = vec![sentence(&event.event)];
    for passage in &event.texts {
        what.push(soft(format!("\n{}: ", passage.label)));
        what.extend(match passage.words.text {
            Some(_) => words(&passage.words),
            None => vec![
                alarm(if passage.words.redacted.is_some() {
                    "redacted"
                } else {
                    "missing"
                }),
                soft(format!(" ({})", short(&passage.words.commitment))),
            ],
        });
    }
    vec![
        vec![text(format!("{}{leaf}", event.n))],
        vec![
            shortly(event.at),
            Span::new(format!("\n{}", event.source.words), Style::SMALL),
        ],
        vec![text(who(&event.actor))],
        what,
    ]
}

/// The words on testing, rollback and outcome that other papers repeat.
pub(super) fn fields(paper: &mut Paper, record: &Record, fields: &[Field]) {
    for one in fields {
        match record.entry(*one) {
            Some(entry) => field(paper, record, entry),
            None => paper.row(&capitalised(&one.to_string()), &words_if_any(None)),
        }
    }
}
