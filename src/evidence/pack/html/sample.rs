//! A sample on the page: all of its record, folded away under its name.

use std::fmt::Write as _;

use super::super::papers::{Folder, Told};
use super::CHANGES;
use super::mark::{Markup, address, escaped, link, time};
use crate::evidence::record::{
    Evidence, NormalRecord, Permission, Person, Record, Value, Who, Words, utc,
};

/// Writes a sample.
pub(super) fn write(out: &mut String, folder: &Folder) {
    let (number, rest) = folder.name.split_once(" - ").unwrap_or((&folder.name, ""));
    let id = number.replace("Sample ", "sample-");
    let (title, sort, n_exceptions) = match &folder.record {
        Told::Emergency(record) => (
            one_line(&record.what),
            "emergency change".to_owned(),
            record.exceptions.len(),
        ),
        Told::Normal(record) => (
            record.title.as_ref().map_or_else(String::new, one_line),
            record.kind.words.clone(),
            0,
        ),
    };
    let exceptions = match n_exceptions {
        0 => String::new(),
        1 => " <strong class=\"bad\">1 exception</strong>".to_owned(),
        n => format!(" <strong class=\"bad\">{n} exceptions</strong>"),
    };
    let _ = writeln!(
        out,
        "<details id=\"{}\"><summary>{} · {} <span>{} · {sort}</span>{exceptions}</summary>",
        escaped(&id),
        escaped(number),
        escaped(rest),
        title,
    );
    out.push_str("<div class=\"files\">");
    for file in &folder.files {
        out.push_str(&link(&format!("{CHANGES}{}/{file}", folder.name), file));
    }
    out.push_str("</div>\n");
    match &folder.record {
        Told::Emergency(record) => emergency(out, record),
        Told::Normal(record) => normal(out, record),
    }
    out.push_str("</details>\n");
}

/// What somebody wrote, whole.
fn words(words: &Words) -> String {
    match (&words.text, &words.redacted) {
        (Some(text), _) => escaped(text),
        (None, Some(removed)) => {
            let why = removed
                .why
                .as_ref()
                .map_or_else(String::new, |why| format!(": {why}"));
            format!(
                "<span class=\"gone\">{} by {} on {}{}</span>",
                removed.word(),
                person(&removed.by),
                utc(removed.at),
                escaped(&why)
            )
        }
        (None, None) => format!(
            "<span class=\"gone\">no longer in the database</span> <code>{}</code>",
            escaped(&words.commitment)
        ),
    }
}

fn one_line(said: &Words) -> String {
    words(said).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn person(person: &Person) -> String {
    escaped(person.name.as_ref().unwrap_or(&person.id))
}

fn who(who: &Who) -> String {
    match who {
        Who::Person(one) => person(one),
        Who::Group(group) => format!("the group {}", person(group)),
        Who::Clock => "the clock".to_owned(),
        Who::Bot => "the bot".to_owned(),
    }
}

fn emergency(out: &mut String, record: &Record) {
    let mut list = Markup::list();
    list.marked("What", &words(&record.what));
    list.pair("Stage", &record.stage.words);
    list.pair(
        "Criterion",
        record
            .criterion
            .as_ref()
            .map_or("not stated", |one| &one.words),
    );
    if let Some(stated) = &record.stated_reason {
        list.pair("Reason stated instead", &stated.reason.words);
    }
    list.marked(
        "Asked for",
        &format!("{}, {}", person(&record.request.by), utc(record.request.at)),
    );
    list.marked("In these words", &words(&record.request.verbatim));
    match &record.authorization {
        Some(given) => list.marked("Authorized", &permission(given)),
        None => list.marked(
            "Authorized",
            &format!(
                "<span class=\"bad\">{}</span>",
                escaped(&record.without_authorization().unwrap_or_default())
            ),
        ),
    }
    for one in &record.deployments {
        let how = format!(
            "{} by {} ({})",
            utc(one.at),
            person(&one.by),
            escaped(&one.known_from.words)
        );
        list.marked("Deployed", &how);
    }
    if let Some(seconds) = record.authorized_ahead_by_seconds {
        let minutes = seconds / 60;
        let said = if seconds >= 0 {
            format!("{minutes} min before the deployment")
        } else {
            format!("{} min after the deployment", -minutes)
        };
        list.pair("That was", &said);
    }
    if let Some(commander) = &record.commander {
        let at = commander.authorized_at.map_or_else(
            || "has not authorized it".to_owned(),
            |at| format!("authorized it {}", utc(at)),
        );
        list.marked(
            "Incident commander",
            &format!("{}, {at}", person(&commander.person)),
        );
    }
    if let Some(decision) = &record.decision {
        let said = decision
            .words
            .as_ref()
            .map_or_else(String::new, |said| format!("\n{}", words(said)));
        list.marked(
            "Decided afterwards",
            &format!(
                "{} by {}, {}{said}",
                escaped(&decision.verdict.words),
                person(&decision.by),
                utc(decision.at)
            ),
        );
    }
    for duties in &record.segregation {
        let class = if duties.is_kept() {
            "good"
        } else if duties.is_broken() {
            "bad"
        } else {
            "soft"
        };
        list.marked(
            "Segregation of duties",
            &format!(
                "<span class=\"{class}\">{}</span>: {}. {}",
                escaped(&duties.standing.words),
                escaped(&duties.rule),
                escaped(&duties.because)
            ),
        );
    }
    out.push_str(&list.end());
    ticket(out, record);
    exceptions(out, record);
    permissions(out, record);
    chase(out, record);
    timeline(out, record);
}

fn permission(given: &Permission) -> String {
    let mut said = format!("{}, {}", person(&given.by), utc(given.at));
    for part in [&given.method, &given.ground].into_iter().flatten() {
        let _ = write!(said, " · {}", escaped(&part.words));
    }
    match &given.evidence {
        Some(Evidence::Words { text, message }) => {
            let _ = write!(said, "\n“{}”", words(text));
            if let Some(at) = &message.permalink {
                let _ = write!(said, "\n{}", address(at));
            }
        }
        Some(Evidence::Emoji { name, message }) => {
            let _ = write!(said, "\n:{}:", escaped(name));
            if let Some(at) = &message.permalink {
                let _ = write!(said, "\n{}", address(at));
            }
        }
        Some(Evidence::Account { text }) => {
            let _ = write!(said, "\nby word of mouth, as told: {}", words(text));
        }
        None => {}
    }
    said
}

fn ticket(out: &mut String, record: &Record) {
    out.push_str("<h3>Ticket</h3>\n");
    let mut list = Markup::list();
    for entry in record.ticket.iter().filter(|entry| !entry.is_recorded) {
        let value = match &entry.value {
            Some(Value::Words(text)) => words(text),
            Some(Value::Links(text)) => match &text.text {
                Some(links) => links.lines().map(address).collect::<Vec<_>>().join("\n"),
                None => words(text),
            },
            Some(Value::Choice(choice)) => escaped(&choice.words),
            Some(Value::Person(one)) => person(one),
            Some(Value::Instant { at }) => utc(*at),
            Some(Value::Systems { names }) => escaped(&names.join(", ")),
            None if entry.is_required => "<span class=\"bad\">missing</span>".to_owned(),
            None => continue,
        };
        list.marked(&entry.field.words, &value);
    }
    for one in &record.attachments {
        let hash = one.sha256.as_ref().map_or_else(String::new, |hash| {
            format!("\n<code>SHA-256 {}</code>", escaped(hash))
        });
        list.marked(
            "Attached",
            &format!("{} ({}){hash}", words(&one.name), escaped(&one.kind.words)),
        );
    }
    list.code("SHA-256 of the ticket", &record.content_hash);
    out.push_str(&list.end());
}

fn exceptions(out: &mut String, record: &Record) {
    if record.exceptions.is_empty() {
        return;
    }
    out.push_str("<h3>Exceptions</h3>\n");
    let mut table = Markup::table(&["Exception", "Recorded", "Cause", "Remedy", "Answered by"]);
    for one in &record.exceptions {
        let answer = one.answer.as_ref();
        let not_yet = || "<span class=\"bad\">not answered yet</span>".to_owned();
        table.row(&[
            escaped(&one.exception.words),
            time(Some(one.at)),
            answer.map_or_else(not_yet, |answer| words(&answer.cause)),
            answer.map_or_else(String::new, |answer| words(&answer.remedy)),
            answer.map_or_else(String::new, |answer| {
                format!(
                    "{}<br>{}",
                    person(&answer.act.by),
                    time(Some(answer.act.at))
                )
            }),
        ]);
    }
    out.push_str(&table.end());
}

fn permissions(out: &mut String, record: &Record) {
    if record.permissions.is_empty() {
        return;
    }
    out.push_str("<h3>Permissions and refusals</h3>\n");
    let mut list = Markup::list();
    for one in &record.permissions {
        list.marked(&one.act.words, &permission(one));
    }
    out.push_str(&list.end());
}

fn chase(out: &mut String, record: &Record) {
    if record.chase.is_empty() {
        return;
    }
    out.push_str("<h3>Reminders, and what came of them</h3>\n");
    let mut table = Markup::table(&["At", "Of", "To", "Which", "Delivery", "Answer"]);
    for one in &record.chase {
        table.row(&[
            time(Some(one.at)),
            escaped(&one.duty.words),
            one.owner.as_ref().map_or_else(String::new, who),
            escaped(&one.rung.words),
            escaped(&one.delivery.words),
            one.answer.as_deref().map_or_else(String::new, escaped),
        ]);
    }
    out.push_str(&table.end());
}

fn timeline(out: &mut String, record: &Record) {
    out.push_str("<h3>Every event, in order</h3>\n");
    let mut table = Markup::table(&["Record", "At", "Who", "What"]);
    for one in &record.timeline {
        let mut what = escaped(&one.event.words);
        for passage in &one.texts {
            let _ = write!(
                what,
                "<br><span class=\"soft\">{}:</span> {}",
                escaped(&passage.label),
                words(&passage.words)
            );
        }
        table.row(&[
            one.leaf.map_or_else(String::new, |leaf| leaf.to_string()),
            time(Some(one.at)),
            who(&one.actor),
            what,
        ]);
    }
    out.push_str(&table.end());
}

/// What stands where no source told anything.
const NOT_COLLECTED: &str = "<span class=\"soft\">not collected</span>";

fn normal(out: &mut String, record: &NormalRecord) {
    let plain = |text: &Option<String>| {
        text.as_ref()
            .map_or_else(|| NOT_COLLECTED.to_owned(), |text| escaped(text))
    };
    let place = |text: &Option<String>| {
        text.as_ref()
            .map_or_else(|| NOT_COLLECTED.to_owned(), |text| address(text))
    };
    let said = |text: &Option<Words>| {
        text.as_ref()
            .map_or_else(|| NOT_COLLECTED.to_owned(), words)
    };
    let mut list = Markup::list();
    list.pair("Name", &record.name);
    list.marked("Title", &said(&record.title));
    list.pair("Kind", &record.kind.words);
    list.pair("In production", &utc(record.at));
    list.marked("System", &plain(&record.system));
    list.marked("Type", &plain(&record.change_type));
    list.marked("Author", &plain(&record.author));
    list.marked("Where to look at it", &place(&record.url));
    list.marked("Commit", &plain(&record.commit));
    list.marked("Approved by", &plain(&record.approved_by));
    list.marked("Approval", &place(&record.approval_url));
    list.marked(
        "Approver is another than the author",
        match record.approver_is_another {
            Some(true) => "<span class=\"good\">yes</span>",
            Some(false) => "<span class=\"bad\">no</span>",
            None => "<span class=\"soft\">can't be told</span>",
        },
    );
    list.marked("Testing", &said(&record.testing_result));
    list.marked("Tests", &place(&record.testing_url));
    list.marked("Log of the deployment", &place(&record.deploy_log_url));
    list.marked("Outcome", &plain(&record.outcome));
    for exception in record.exceptions() {
        list.marked(
            "Exception",
            &format!("<span class=\"bad\">{}</span>", escaped(&exception)),
        );
    }
    out.push_str(&list.end());
    let mut table = Markup::table(&[
        "Source",
        "Name there",
        "By",
        "At",
        "Heard",
        "Record",
        "SHA-256",
    ]);
    for one in &record.tellings {
        table.row(&[
            escaped(&one.source),
            escaped(&one.external_id),
            escaped(&one.happening.words),
            time(Some(one.at)),
            time(Some(one.heard_at)),
            one.leaf.map_or_else(String::new, |leaf| leaf.to_string()),
            format!("<code>{}</code>", escaped(&one.hash)),
        ]);
    }
    out.push_str(&table.end());
}
