//! `emergency_change_procedure.pdf`: the procedure for emergency changes, generated
//! from the policy in force, so that paper and practice agree.

use chrono::{DateTime, Utc, Weekday};

use super::paper::{Cell, Paper, Tone};
use super::parts::{soft, strong, text};
use super::{Imprint, PageFault};
use crate::domain::change::Criterion;
use crate::domain::policy::{Framework, Party, Policy, Role, Term};
use crate::domain::rate::guideline_percent;
use crate::domain::ticket::{Circumstance, Field, Kind, Part, Requirement, provision};
use crate::evidence::record::{capitalised, span, utc};

/// A policy with what is known of it beside its rules.
#[derive(Clone, Copy)]
pub struct Procedure<'a> {
    /// The rules.
    pub policy: &'a Policy,
    /// Whose they are, as their workspace is called.
    pub organisation: &'a str,
    /// Since when they are in force; nothing: nobody wrote any.
    pub adopted_at: Option<DateTime<Utc>>,
    /// What a person or a group is called.
    pub called: &'a dyn Fn(&Party) -> String,
    /// What a conversation is called.
    pub channel: &'a dyn Fn(&crate::domain::id::ChannelId) -> Option<String>,
}

impl std::fmt::Debug for Procedure<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Procedure")
            .field("organisation", &self.organisation)
            .field("version", &self.policy.version)
            .finish_non_exhaustive()
    }
}

/// Writes the emergency change procedure.
pub fn emergency_change_procedure(
    procedure: Procedure<'_>,
    imprint: &Imprint,
) -> Result<Vec<u8>, PageFault> {
    let policy = procedure.policy;
    let since = procedure
        .adopted_at
        .map_or_else(String::new, |at| format!(", in force since {}", utc(at)));
    let mut paper = Paper::new(
        "Policy",
        "Emergency change procedure",
        &format!(
            "{} · version {}{since}",
            procedure.organisation, policy.version.0
        ),
    );
    paper.paragraph(&[text(
        "Emergency changes are for emergencies. They may go to production before the normal \
         process is through, and then every step of it is made good within the time that stands \
         here. Breakglass holds these rules: it keeps the record as it happens, chases what is \
         owed, and records what was missed. It never stands in the way of the fix.",
    )]);
    if !policy.is_written() {
        paper.boxed(
            Tone::Alarm,
            &[
                strong("Nobody has written down who may authorize. "),
                text(
                    "Until then any full member of the workspace may, except whoever asked for the \
                 change or deploys it, and each record says that it was so.",
                ),
            ],
        );
    }
    genuine(&mut paper);
    roles(&mut paper, &procedure);
    during(&mut paper, policy);
    within(&mut paper, policy);
    ticket(&mut paper, policy);
    segregation(&mut paper);
    categories(&mut paper, policy);
    missed(&mut paper, &procedure);
    rate(&mut paper, &procedure);
    evidence(&mut paper);
    paper.write(imprint)
}

fn genuine(paper: &mut Paper) {
    paper.section("1  When a change is an emergency");
    paper.paragraph(&[text(
        "One of these five must be true, and is stated with the request:",
    )]);
    for one in Criterion::ALL {
        paper.item(&[text(match one {
            Criterion::Vulnerability => {
                "A critical security vulnerability needs immediate patching."
            }
            Criterion::ProductionDown => "Production is down and a fix has to be deployed.",
            Criterion::DataLoss => "Data loss is imminent without intervention.",
            Criterion::CustomerImpact => "A customer-impacting bug requires immediate resolution.",
            Criterion::ExternalFailure => {
                "An external dependency's failure requires a configuration change."
            }
        })]);
    }
    paper.paragraph(&[text(
        "It is none to launch something faster, to meet a deadline, or to skip the normal process. \
         Who states such a reason is heard, and the record bears the exception that it was no \
         genuine emergency. Whoever decides afterwards, and the compliance lead, say whether it \
         was genuine.",
    )]);
}

fn roles(paper: &mut Paper, procedure: &Procedure<'_>) {
    let policy = procedure.policy;
    paper.section("2  Who may do what");
    let rows: Vec<Vec<Cell>> = Role::ALL
        .iter()
        .map(|role| {
            let (name, may, nobody) = match role {
                Role::Approvers => (
                    "Approvers",
                    "authorize before, decide afterwards, answer exceptions",
                    "nobody named: any full member",
                ),
                Role::Commanders => (
                    "Incident commanders",
                    "authorize every emergency as commander",
                    "nobody named: any full member",
                ),
                Role::Security => (
                    "Security group",
                    "review the changes of security incidents",
                    "nobody named: the approvers",
                ),
                Role::Database => (
                    "Database administrators",
                    "approve changes of databases",
                    "nobody named: the approvers",
                ),
                Role::Compliance => (
                    "Compliance lead",
                    "say whether it was genuine, record the meeting, answer exceptions",
                    "nobody named: the approvers",
                ),
                Role::Administrators => (
                    "Administrators",
                    "take a leaked secret out of a text",
                    "nobody named: nobody may",
                ),
                Role::Evidence => (
                    "Keepers of the evidence",
                    "have this evidence sent to them in Slack",
                    "nobody named: nobody may",
                ),
            };
            let named = policy.named(*role);
            let who = match named {
                [] => vec![soft(nobody)],
                named => vec![text(list(named.iter().map(procedure.called)))],
            };
            vec![vec![text(name)], vec![text(may)], who]
        })
        .collect();
    paper.table(&[("Role", 1.6), ("May", 2.8), ("Who", 3.2)], &rows);
    paper.paragraph(&[text(
        "Bots, guests, people who have left and people of another organisation may do none of it. \
         Who holds a role is read from Slack at the moment of the act and written into the record \
         with its ground.",
    )]);
}

fn during(paper: &mut Paper, policy: &Policy) {
    paper.section("3  During the incident");
    for step in [
        "Ask for the change in Slack: what is changed, and why it is an emergency. It is numbered \
         at once.",
        "An approver who neither asks for it nor deploys it authorizes it, before it is deployed: \
         by the button, by a message in their own words, or by an emoji. What was said by word of \
         mouth is attested, and confirmed by whoever said it.",
        "If nobody with the authority is at hand, the most senior engineer available authorizes, \
         or the team goes ahead without; both are recorded as such, and a second person makes them \
         good.",
        "The incident commander authorizes it, before or after. Commander and authorizer may be \
         one person. The commander may have asked for it or deployed it, for that authorization \
         takes the place neither of the authorizer's nor of the approval.",
        "Deploy it, and say when. The clock runs from the first deployment.",
    ] {
        paper.item(&[text(step)]);
    }
    let emoji: Vec<String> = policy.emoji.iter().map(|one| format!(":{one}:")).collect();
    paper.row(
        "Incident channels",
        &[text(list(policy.incident_channels.iter().cloned()))],
    );
    paper.row("Emoji that authorize", &[text(list(emoji))]);
}

fn within(paper: &mut Paper, policy: &Policy) {
    paper.section("4  Afterwards, and until when");
    let rows: Vec<Vec<Cell>> = Term::ALL
        .iter()
        .map(|term| {
            let (since, owner) = match term {
                Term::Ticket => ("deployment", "implementer"),
                Term::CommanderAuthorization => ("deployment", "incident commander"),
                Term::Confirmation => ("deployment", "who is said to have authorized"),
                Term::SecondAuthorization => ("deployment", "another approver"),
                Term::Approval => ("deployment", "approver"),
                Term::SecurityReview => ("deployment", "security group"),
                Term::DatabaseApproval => ("deployment", "database administrator"),
                Term::AnswerException => ("its being recorded", "approver"),
                Term::Remediation => (
                    "rejection, unless it names a date",
                    "named in the rejection",
                ),
                Term::GenuinenessReview => ("decision", "compliance lead"),
                Term::MeetingReview => ("approval", "compliance lead, else the approver"),
                Term::PermanentFix => (
                    "deployment, unless the ticket names a date",
                    "named in the ticket",
                ),
            };
            vec![
                vec![text(capitalised(&term.to_string()))],
                vec![strong(long(policy.due.within(*term)))],
                vec![text(since)],
                vec![text(owner)],
            ]
        })
        .collect();
    paper.table(
        &[
            ("What", 2.8),
            ("Within", 1.3),
            ("Counted from", 2.4),
            ("Owed by", 2.2),
        ],
        &rows,
    );
    paper.paragraph(&[text(
        "Times are wall-clock, weekends included. Whoever owes something is reminded more often as \
         the deadline nears, and nobody is woken for paperwork.",
    )]);
}

fn ticket(paper: &mut Paper, policy: &Policy) {
    paper.section("5  What the ticket must say");
    let named: Vec<String> = policy
        .frameworks
        .iter()
        .map(|one| format!("{one} ({})", provision(*one)))
        .collect();
    paper.row("Frameworks", &[text(list(named))]);
    for part in Part::ALL {
        let asked: Vec<String> = Field::ALL
            .iter()
            .filter(|field| field.row().part == *part && field.row().kind != Kind::Recorded)
            .filter_map(|field| asked(*field, policy))
            .collect();
        if !asked.is_empty() {
            paper.row(&capitalised(&part.to_string()), &[text(list(asked))]);
        }
    }
    if !policy.systems.is_empty() {
        paper.row("Systems", &[text(list(policy.systems.iter().cloned()))]);
    }
    paper.paragraph(&[text(
        "The bot keeps the rest as it happens. A text that says too little is accepted and marked, \
         and whoever decides sees the mark.",
    )]);
}

/// A field that closing asks for, and under which circumstance.
fn asked(field: Field, policy: &Policy) -> Option<String> {
    let names = |asking: &[Framework]| asking.iter().any(|one| policy.frameworks.contains(one));
    let when = |circumstance: Circumstance| Some(format!("{field} ({circumstance})"));
    let always = || Some(field.to_string());
    match field.row().requirement {
        Requirement::Close | Requirement::Act => always(),
        Requirement::When(Circumstance::PolicyListsSystems) => {
            if policy.systems.is_empty() {
                None
            } else {
                always()
            }
        }
        Requirement::When(circumstance) | Requirement::ActWhen(circumstance) => when(circumstance),
        Requirement::WhenOr(circumstance, asking) => {
            if names(asking) {
                always()
            } else {
                when(circumstance)
            }
        }
        Requirement::Framework(asking) => {
            if names(asking) {
                always()
            } else {
                None
            }
        }
        Requirement::Kept | Requirement::Afterwards | Requirement::Optional => None,
    }
}

fn segregation(paper: &mut Paper) {
    paper.section("6  Segregation of duties");
    for rule in [
        "Whoever asks for a change or deploys it neither authorizes nor approves it, nor reviews \
         it, nor answers for its exceptions.",
        "Whoever went ahead, or stood in as the most senior engineer, isn't the second person who \
         makes that good.",
        "An approval is bound to the exact content that was approved. An edit after it takes it \
         back, and it is owed anew.",
        "A rejection names how the change is put right, by whom and by when. Whoever accepts a \
         risk does so under their own name.",
    ] {
        paper.item(&[text(rule)]);
    }
}

fn categories(paper: &mut Paper, policy: &Policy) {
    paper.section("7  Categories of changes");
    let rows: Vec<Vec<Cell>> = policy
        .categories
        .iter()
        .map(|one| {
            let approval = one.approval.iter().map(|role| {
                match role {
                    Role::Approvers => "approver",
                    Role::Commanders => "incident commander",
                    Role::Security => "security group",
                    Role::Database => "database administrator",
                    Role::Compliance => "compliance lead",
                    Role::Administrators => "administrator",
                    Role::Evidence => "keeper of the evidence",
                }
                .to_owned()
            });
            vec![
                vec![text(one.label.as_str())],
                vec![text(one.risk.to_string())],
                vec![text(one.testing.as_str())],
                vec![text(list(approval))],
            ]
        })
        .collect();
    paper.table(
        &[
            ("Category", 2.0),
            ("Risk", 1.0),
            ("Testing", 2.4),
            ("Approved by", 3.0),
        ],
        &rows,
    );
}

fn missed(paper: &mut Paper, procedure: &Procedure<'_>) {
    let policy = procedure.policy;
    paper.section("8  What becomes of a missed deadline");
    paper.paragraph(&[text(
        "It is recorded once, and for ever, as an exception with the instant at which it was due. \
         The channel hears of it and so does the first contact below, the next ones a day after \
         each other while it isn't made good. Each exception is answered: cause, remedy, owner. \
         No exception is ever erased.",
    )]);
    let contacts: Vec<String> = policy
        .escalation
        .iter()
        .map(|who| (procedure.called)(&Party::Person(who.clone())))
        .collect();
    let contacts = if contacts.is_empty() {
        vec![soft("nobody is named")]
    } else {
        vec![text(contacts.join(", then "))]
    };
    paper.row("Contacts", &contacts);
}

fn rate(paper: &mut Paper, procedure: &Procedure<'_>) {
    let policy = procedure.policy;
    paper.section("9  How often is too often");
    let guideline = guideline_percent(policy.guideline);
    paper.paragraph(&[text(format!(
        "At most {guideline} % of all changes to production shall be emergencies. The share is \
         reported every week; a change that looks like an emergency and wasn't declared is asked \
         about."
    ))]);
    let day = match policy.report_at.weekday {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    };
    let time = policy.report_at.time.format("%H:%M");
    let place = policy.report_channel.as_ref().map(|channel| {
        (procedure.channel)(channel).map_or_else(|| channel.to_string(), |name| format!("#{name}"))
    });
    let place = place.map_or_else(
        || vec![soft("no channel is named")],
        |place| vec![text(format!("every {day} at {time}, in {place}"))],
    );
    paper.row("Weekly report", &place);
    for (source, happening) in &policy.counting.happenings {
        paper.row(
            &format!("Counted from {source}"),
            &[text(capitalised(
                &crate::evidence::record::happening(*happening).words,
            ))],
        );
    }
    let patterns = |patterns: &[String]| match patterns {
        [] => vec![soft("none")],
        patterns => vec![text(list(patterns.iter().cloned()))],
    };
    paper.row(
        "Production is called",
        &patterns(&policy.counting.production),
    );
    paper.row("Jobs that deploy", &patterns(&policy.counting.jobs));
    paper.row(
        "Branches that are deployed",
        &patterns(&policy.counting.branches),
    );
    let standard = if policy.counting.standard {
        "count among all changes"
    } else {
        "don't count among all changes"
    };
    paper.row("Standard changes", &[text(standard)]);
    let asked = policy.asked_about_undeclared();
    let asked = asked.map_or_else(
        || vec![soft("nobody is named")],
        |who| vec![text((procedure.called)(&Party::Person(who.clone())))],
    );
    paper.row("Asked about undeclared ones", &asked);
}

fn evidence(paper: &mut Paper) {
    paper.section("10  The record");
    paper.paragraph(&[text(
        "Every act is appended to a log that is a Merkle tree (RFC 6962); nothing in it is altered \
         or deleted. Its size and root are signed as checkpoints and kept where the operator can't \
         quietly change them. A secret that leaked into a text is redacted by an administrator, \
         with who, when and why; its commitment stays, and the log still verifies.",
    )]);
}

/// How long something may take, in whole units where it is.
fn long(length: chrono::TimeDelta) -> String {
    let hours = length.num_hours();
    if length != chrono::TimeDelta::hours(hours) {
        return span(length);
    }
    match (hours, hours % 24) {
        (1, _) => "1 hour".to_owned(),
        (25.., 0) => format!("{} days", hours / 24),
        _ => format!("{hours} hours"),
    }
}

fn list(things: impl IntoIterator<Item = String>) -> String {
    let things: Vec<String> = things.into_iter().collect();
    things.join(", ")
}
