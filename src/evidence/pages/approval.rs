//! `approval_record.pdf`: who permitted the change, when, how and by what right;
//! and who decided on it afterwards, on exactly what.

use super::paper::{Cell, Paper, Tone};
use super::parts::{
    alarm, at, called, channel, code, exceptions, good, message_rows, permission, person, sentence,
    soft, strong, summary, text, who, words,
};
use super::ticket::{ahead, genuine, title};
use super::{Imprint, PageFault};
use crate::evidence::record::{Record, capitalised, utc};

/// Writes the record of an emergency change's approval.
pub fn approval_record(record: &Record, imprint: &Imprint) -> Result<Vec<u8>, PageFault> {
    let mut paper = Paper::new(
        "Approval record",
        &title(record),
        "Emergency authorization, segregation of duties, retrospective approval",
    );
    summary(&mut paper, record);
    request(&mut paper, record);
    authorization(&mut paper, record);
    segregation(&mut paper, record);
    decision(&mut paper, record);
    quotes(&mut paper, record);
    exceptions(&mut paper, record);
    paper.write(imprint)
}

fn request(paper: &mut Paper, record: &Record) {
    let request = &record.request;
    paper.section("The request");
    paper.row("Asked for by", &person(&request.by));
    paper.row("When", &[at(request.at)]);
    paper.row("Verbatim", &words(&request.verbatim));
    if let Some(message) = &request.message {
        message_rows(paper, "Message", message);
    } else {
        let place = request.channel_name.as_ref();
        let place = place.map_or_else(
            || request.channel.clone(),
            |name| format!("#{name} ({})", request.channel),
        );
        paper.row("Where", &[text(place), soft(" · by a command or a form")]);
    }
    if let Some(captured) = &request.captured {
        let by = called(&captured.by);
        paper.row(
            "Put on record",
            &[text(by), soft(format!(" · {}", utc(captured.at)))],
        );
    }
    let asked: Vec<String> = request.asked.iter().map(who).collect();
    if !asked.is_empty() {
        paper.row("Asked of", &[text(asked.join(", "))]);
    }
    match (&record.criterion, &record.stated_reason) {
        (Some(criterion), _) => paper.row("Why an emergency", &[sentence(criterion)]),
        (None, Some(stated)) => paper.row(
            "Why an emergency",
            &[
                alarm("None of the five criteria: "),
                text(stated.reason.words.as_str()),
            ],
        ),
        (None, None) => paper.row("Why an emergency", &[alarm("not stated")]),
    }
}

fn authorization(paper: &mut Paper, record: &Record) {
    paper.section("Emergency authorization");
    if let Some(given) = &record.authorization {
        permission(paper, given);
        if let Some(ahead) = ahead(record) {
            paper.row("It came", &ahead);
        }
    }
    if let Some(sentence) = record.without_authorization() {
        paper.boxed(Tone::Alarm, &[strong(sentence)]);
    }
    paper.section("Incident commander");
    match &record.commander {
        Some(commander) => {
            paper.row("Who commanded", &person(&commander.person));
            let authorized = commander.authorized_at;
            let authorized = authorized.map_or_else(
                || vec![alarm("has not authorized it")],
                |when| vec![at(when)],
            );
            paper.row("Authorized it", &authorized);
        }
        None => paper.row("Who commanded", &[alarm("not named")]),
    }
    let others: Vec<_> = record
        .permissions
        .iter()
        .filter(|one| Some(*one) != record.authorization.as_ref())
        .collect();
    if !others.is_empty() {
        paper.section("Further permissions and refusals");
    }
    for one in others {
        paper.subheading(&[strong(format!("{} {}", called(&one.by), one.act.words))]);
        permission(paper, one);
    }
}

fn segregation(paper: &mut Paper, record: &Record) {
    paper.section("Segregation of duties");
    let rows: Vec<Vec<Cell>> = record
        .people
        .iter()
        .map(|part| {
            let held: Vec<&str> = part
                .capacities
                .iter()
                .map(|one| one.words.as_str())
                .collect();
            vec![person(&part.person), vec![text(held.join(", "))]]
        })
        .collect();
    paper.table(&[("Who", 2.0), ("What they did", 3.0)], &rows);
    let rows: Vec<Vec<Cell>> = record
        .segregation
        .iter()
        .map(|rule| {
            let standing = rule.standing.words.as_str();
            let kept = if rule.is_kept() {
                good(standing)
            } else if rule.is_broken() {
                alarm(standing)
            } else {
                strong(standing)
            };
            vec![
                vec![text(rule.rule.as_str())],
                vec![kept],
                vec![soft(rule.because.as_str())],
            ]
        })
        .collect();
    paper.table(
        &[("Rule", 3.0), ("Kept", 0.9), ("By what that is known", 3.0)],
        &rows,
    );
}

fn decision(paper: &mut Paper, record: &Record) {
    paper.section("Retrospective approval");
    match &record.decision {
        Some(decision) => {
            let verdict = capitalised(&decision.verdict.words);
            let verdict = if decision.verdict.name == "approved" {
                good(verdict)
            } else {
                alarm(verdict)
            };
            paper.row("Decision", &[verdict]);
            paper.row("By", &person(&decision.by));
            paper.row("When", &[at(decision.at)]);
            if let Some(ground) = &decision.ground {
                paper.row("Ground of the authority", &[sentence(ground)]);
            }
            if let Some(hash) = &decision.content_hash {
                paper.row("Bound to the content", &[code(hash.as_str())]);
            }
            match decision.is_of_present_content {
                Some(true) => paper.row("The ticket since", &[good("unchanged")]),
                Some(false) => {
                    let since = "has another content by now: ";
                    let now = code(record.content_hash.as_str());
                    paper.row("The ticket since", &[alarm(since), now]);
                }
                None => {}
            }
            if let Some(said) = &decision.words {
                let label = if decision.remedy.is_some() || decision.content_hash.is_none() {
                    "Reason"
                } else {
                    "Conditions"
                };
                paper.row(label, &words(said));
            }
            if let Some(is_genuine) = decision.is_genuine {
                let mut cell = vec![text(genuine(is_genuine))];
                if let Some(said) = &decision.genuine_words {
                    cell.push(soft(". "));
                    cell.extend(words(said));
                }
                paper.row("Was it genuine", &cell);
            }
            if !decision.despite.is_empty() {
                let fields: Vec<&str> = decision
                    .despite
                    .iter()
                    .map(|one| one.words.as_str())
                    .collect();
                paper.row(
                    "Approved although these say little",
                    &[text(fields.join(", "))],
                );
            }
            if let Some(remedy) = &decision.remedy {
                paper.row("Remedy", &[sentence(remedy)]);
            }
            if let Some(owner) = &decision.remedy_owner {
                paper.row("Owner of the remedy", &person(owner));
            }
            if let Some(due_at) = decision.remedy_due_at {
                paper.row("Remedy due", &[at(due_at)]);
            }
        }
        None => paper.boxed(Tone::Alarm, &[strong("No decision stands.")]),
    }
    for one in &record.taken_back {
        let by = match &one.field {
            Some(field) => format!("by an edit of “{}”", field.words),
            None => "by news of a deployment".to_owned(),
        };
        let act = format!("{by} · {} · {}", who(&one.by), utc(one.at));
        paper.row("Taken back before", &[text(act)]);
    }
    if let Some(done) = &record.remediation {
        paper.row("Put right", &words(&done.words));
        let act = &done.act;
        paper.row(
            "By",
            &[text(called(&act.by)), soft(format!(" · {}", utc(act.at)))],
        );
    }
    reviews(paper, record);
}

fn reviews(paper: &mut Paper, record: &Record) {
    for one in &record.reviews {
        paper.subheading(&[strong(capitalised(&one.review.words))]);
        paper.row("By", &person(&one.act.by));
        paper.row("When", &[at(one.act.at)]);
        paper.row("Bound to the content", &[code(one.content_hash.as_str())]);
        if let Some(said) = &one.words {
            paper.row("What they say", &words(said));
        }
    }
    if let Some(one) = &record.genuineness {
        paper.subheading(&[strong(
            "The compliance lead's word on whether it was genuine",
        )]);
        paper.row("By", &person(&one.act.by));
        paper.row("When", &[at(one.act.at)]);
        paper.row("Was it genuine", &[text(genuine(one.is_genuine))]);
        if let Some(said) = &one.words {
            paper.row("What they say", &words(said));
        }
    }
}

fn quotes(paper: &mut Paper, record: &Record) {
    if record.quotes.is_empty() && record.alterations.is_empty() {
        return;
    }
    paper.section("Captured messages");
    paper.remark(
        "As they stood in Slack when they were captured. What was captured stays, whatever became \
         of the message since.",
    );
    for quote in &record.quotes {
        paper.row("Written by", &person(&quote.by));
        paper.row("Captured words", &words(&quote.captured));
        if quote.stands != quote.captured {
            paper.row("Edited since to", &words(&quote.stands));
        }
        if quote.is_deleted {
            paper.row("Since then", &[alarm("deleted")]);
        }
        message_rows(paper, "Message", &quote.message);
    }
    for one in &record.alterations {
        let what = format!("{} · {}", channel(&one.message), utc(one.at));
        paper.row(&capitalised(&one.alteration.words), &[text(what)]);
    }
}
