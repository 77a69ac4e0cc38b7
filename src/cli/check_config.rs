//! `breakglass check-config`: what is wrong with the file, or what is in force.
//!
//! Reads the file and nothing else: no token, no network, no database.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::{print, say};
use crate::config::{self, Faults, File, duration_in_words, report_time_in_words};
use crate::domain::id::{ChannelId, UserId};
use crate::domain::policy::{
    Category, Framework, Party, Policy, PolicyVersion, Role, Term, months_in_words,
};

/// What `breakglass check-config` takes.
#[derive(Debug, Clone, Args)]
pub struct CheckConfigArgs {
    /// The configuration file [default: breakglass.toml, if there is one]
    #[arg(env = "BREAKGLASS_CONFIG", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Reads, prints, and fails if anything is wrong.
pub fn run(args: &CheckConfigArgs) -> anyhow::Result<()> {
    let read = config::read_file(args.file.as_deref());
    let (path, file) = match read {
        Ok(read) => read,
        Err(error) => {
            let faults: Faults = error.downcast()?;
            if args.json {
                say(json_of_faults(&faults))?;
            } else {
                for fault in &faults.faults {
                    say(fault.explained(&faults.file))?;
                }
            }
            match faults.faults.len() {
                1 => bail!("one thing needs mending in {}", faults.file.display()),
                n => bail!("{n} things need mending in {}", faults.file.display()),
            }
        }
    };
    let policy = file.policy.policy(PolicyVersion(1))?;
    if args.json {
        say(json_in_force(path.as_deref(), &file, &policy))
    } else {
        print(in_force(path.as_deref(), &file, &policy))
    }
}

fn json_of_faults(faults: &Faults) -> Value {
    let told: Vec<_> = faults
        .faults
        .iter()
        .map(|fault| {
            json!({
                "line": fault.line,
                "column": fault.column,
                "what": fault.wrong.what,
                "mend": fault.wrong.mend,
            })
        })
        .collect();
    json!({"ok": false, "file": faults.file.display().to_string(), "faults": told})
}

fn json_in_force(path: Option<&Path>, file: &File, policy: &Policy) -> Value {
    let roles: serde_json::Map<_, _> = Role::ALL
        .iter()
        .map(|role| {
            let names: Vec<_> = policy.named(*role).iter().map(id).collect();
            (role.name().to_owned(), json!(names))
        })
        .collect();
    let due: serde_json::Map<_, _> = Term::ALL
        .iter()
        .map(|term| {
            let hours = policy.due.within(*term).num_hours();
            (term.name().to_owned(), json!({"hours": hours}))
        })
        .collect();
    let categories: Vec<_> = policy
        .categories
        .iter()
        .map(|one| {
            let approval: Vec<_> = one.approval.iter().map(|role| role.name()).collect();
            json!({
                "id": one.id,
                "label": one.label,
                "risk": one.risk.name(),
                "testing": one.testing,
                "approval": approval,
            })
        })
        .collect();
    let frameworks: Vec<_> = policy.frameworks.iter().map(|one| one.name()).collect();
    let happenings = policy.counting.happenings.iter();
    let counts: serde_json::Map<_, _> = happenings
        .map(|(source, happening)| (source.to_string(), json!(happening.name())))
        .collect();
    json!({
        "ok": true,
        "file": path.map(|path| path.display().to_string()),
        "remarks": remarks(policy),
        "database": file.database,
        "listen": file.listen,
        "metrics_listen": file.metrics_listen,
        "slack": {
            "bot_token_file": file.slack.bot_token,
            "app_token_file": file.slack.app_token,
            "signing_secret_file": file.slack.signing_secret,
        },
        "slack_api_url": file.slack_api_url,
        "github": {"repositories": file.github.paths, "api_url": file.github.api_url},
        "gitlab": {"projects": file.gitlab.paths, "api_url": file.gitlab.api_url},
        "evidence": {"witness": witness_host(file)},
        "backup": file.backup.as_ref().map(|nightly| json!({"folder": nightly.folder, "keep": nightly.keep})),
        "policy": {
            "roles": roles,
            "escalation": policy.escalation.iter().map(UserId::as_str).collect::<Vec<_>>(),
            "report_channel": policy.report_channel.as_ref().map(ChannelId::as_str),
            "incident_channels": policy.incident_channels,
            "emoji": policy.emoji,
            "zone": file.policy.zone,
            "systems": policy.systems,
            "teams": policy.teams,
            "frameworks": frameworks,
            "report_at": report_time_in_words(policy.report_at),
            "undeclared": policy.undeclared.as_ref().map(UserId::as_str),
            "counts": counts,
            "production": policy.counting.production,
            "jobs": policy.counting.jobs,
            "branches": policy.counting.branches,
            "standard_changes": policy.counting.standard,
            "guideline": f64::from(policy.guideline) / 1000.0,
            "keep_texts": policy.keep_texts,
            "due": due,
            "category": categories,
        },
    })
}

/// Tells what holds, so that a reader of the file sees what it doesn't say too.
fn in_force(path: Option<&Path>, file: &File, policy: &Policy) -> String {
    let head = match path {
        Some(path) => format!("{} is well formed. In force:", path.display()),
        None => "There is no breakglass.toml here. In force are the defaults:".to_owned(),
    };
    let mut parts = vec![
        head,
        titled("Who", &table(&who(policy))),
        titled("Categories", &table(&categories(policy))),
        titled("Due", &table(&due(policy))),
        titled("Changes", &table(&changes(file, policy))),
        titled("Rules", &table(&rules(file, policy))),
    ];
    let remarks = remarks(policy);
    if !remarks.is_empty() {
        let lines: Vec<_> = remarks.iter().map(|remark| format!("! {remark}")).collect();
        parts.push(lines.join("\n"));
    }
    parts.join("\n\n") + "\n"
}

fn titled(title: &str, body: &str) -> String {
    format!("{title}\n{body}")
}

/// Lays rows out in columns, two spaces apart.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let lines: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(widths);
            let cells: Vec<_> = cells
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            format!("  {}", cells.join("  ")).trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

fn who(policy: &Policy) -> Vec<[String; 2]> {
    let mut rows: Vec<_> = Role::ALL
        .iter()
        .map(|role| {
            let may = match role {
                Role::Approvers => "authorize and approve",
                Role::Commanders => "command an incident",
                Role::Security => "review security incidents",
                Role::Database => "approve database changes",
                Role::Compliance => "answer for the process",
                Role::Administrators => "take out a leaked secret",
                Role::Evidence => "have the auditor's pack sent",
            };
            let held = match (role, policy.named(*role)) {
                (Role::Approvers | Role::Commanders, []) => "any full member".to_owned(),
                (Role::Administrators | Role::Evidence, []) => "nobody".to_owned(),
                (Role::Security | Role::Database | Role::Compliance, []) => {
                    "nobody named; whoever may approve".to_owned()
                }
                (_, named) => list(named.iter().map(id)),
            };
            [may.to_owned(), held]
        })
        .collect();
    let hears = policy
        .escalation
        .iter()
        .map(UserId::as_str)
        .collect::<Vec<_>>()
        .join(", a day later ");
    let hears = if hears.is_empty() {
        "nobody".to_owned()
    } else {
        hears
    };
    rows.push(["hear of a missed deadline".to_owned(), hears]);
    rows
}

fn categories(policy: &Policy) -> Vec<[String; 5]> {
    let head = [
        "",
        "risk",
        "testing",
        "approval besides lead and commander",
        "id",
    ];
    let rows = policy.categories.iter().map(|one| {
        let third = one
            .approval
            .iter()
            .filter(|role| !matches!(role, Role::Approvers | Role::Commanders))
            .map(|role| role.name());
        [
            one.label.clone(),
            one.risk.to_string(),
            one.testing.clone(),
            list(third),
            one.id.clone(),
        ]
    });
    std::iter::once(head.map(str::to_owned))
        .chain(rows)
        .collect()
}

fn due(policy: &Policy) -> Vec<[String; 3]> {
    Term::ALL
        .iter()
        .map(|term| {
            let within = duration_in_words(policy.due.within(*term));
            [term.to_string(), within, term.name().to_owned()]
        })
        .collect()
}

/// What is counted, and what is asked for it.
fn changes(file: &File, policy: &Policy) -> Vec<[String; 2]> {
    let counting = &policy.counting;
    let mut rows: Vec<_> = counting
        .happenings
        .iter()
        .map(|(source, happening)| {
            [
                format!("of {source} counts"),
                format!("a {}", happening.name()),
            ]
        })
        .collect();
    let standard = if counting.standard {
        "counted"
    } else {
        "left out"
    };
    let asked = policy
        .asked_about_undeclared()
        .map_or("nobody", UserId::as_str);
    let polled = |paths: &[String]| match paths {
        [] => "nothing".to_owned(),
        paths => list(paths),
    };
    rows.extend(
        [
            ("production environments", list(&counting.production)),
            ("jobs that deploy", list(&counting.jobs)),
            ("branches to production", list(&counting.branches)),
            ("standard changes are", standard.to_owned()),
            ("undeclared, author unknown", asked.to_owned()),
            ("asked of GitHub", polled(&file.github.paths)),
            ("asked of GitLab", polled(&file.gitlab.paths)),
        ]
        .map(|(what, is)| [what.to_owned(), is]),
    );
    rows
}

fn rules(file: &File, policy: &Policy) -> Vec<[String; 2]> {
    let systems = match policy.systems.as_slice() {
        [] => "none; the ticket doesn't ask".to_owned(),
        systems => systems.join(", "),
    };
    let channel = policy
        .report_channel
        .as_ref()
        .map_or("none", |id| id.as_str());
    let witness = witness_host(file).unwrap_or_else(|| "nobody".to_owned());
    [
        (
            "guideline",
            format!("{} % of all changes", percent(policy.guideline)),
        ),
        (
            "frameworks",
            list(policy.frameworks.iter().map(Framework::to_string)),
        ),
        ("systems", systems),
        ("incident channels", list(&policy.incident_channels)),
        ("emoji that authorize", list(&policy.emoji)),
        ("weekly report to", channel.to_owned()),
        ("weekly report at", report_time_in_words(policy.report_at)),
        ("zone of people without", file.policy.zone.clone()),
        ("copies of checkpoints to", witness),
        (
            "backed up every night to",
            file.backup.as_ref().map_or_else(
                || "nowhere".to_owned(),
                |nightly| format!("{}, {} are kept", nightly.folder.display(), nightly.keep),
            ),
        ),
        (
            "words and files kept",
            policy.keep_texts.map_or_else(
                || "for good".to_owned(),
                |months| {
                    let months = months_in_words(months);
                    format!("{months} after the last thing that happened")
                },
            ),
        ),
    ]
    .map(|(what, is)| [what.to_owned(), is])
    .into()
}

/// Returns whom copies of checkpoints go to. The rest of the address may be the key to
/// it, and isn't shown.
fn witness_host(file: &File) -> Option<String> {
    let url: url::Url = file.witness_url.as_ref()?.parse().ok()?;
    Some(url.host_str()?.to_owned())
}

/// Writes thousandths as per cent.
fn percent(thousandths: u16) -> String {
    match (thousandths / 10, thousandths % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

/// What is legal, and somebody should know.
fn remarks(policy: &Policy) -> Vec<String> {
    let mut remarks = Vec::new();
    if !policy.is_written() {
        remarks.push("nobody is named in policy.approvers, so any full member may authorize and approve what they neither asked for nor deployed".to_owned());
    }
    if let [Party::Person(_)] = policy.approvers.as_slice() {
        remarks.push("only one person may authorize and approve, and never a change of their own; name a second one in policy.approvers".to_owned());
    }
    for role in [Role::Security, Role::Database] {
        if let [Party::Person(_)] = policy.named(role) {
            remarks.push(format!(
                "only one person is named in policy.{}; where they had a part in a change, policy.approvers review it in their place",
                role.name()
            ));
        }
    }
    for term in Term::ALL {
        let within = policy.due.within(*term);
        // The guide asks for a day from the deployment and names nothing else.
        if within > term.guide() && term.guide() == Policy::DOCUMENTATION {
            remarks.push(format!(
                "{} may take {}; the guide says {}, and an auditor will ask why",
                term,
                duration_in_words(within),
                duration_in_words(term.guide())
            ));
        }
    }
    if policy.guideline > Policy::GUIDELINE {
        remarks.push(format!(
            "the guideline is {} %; the guide says under {} %",
            percent(policy.guideline),
            percent(Policy::GUIDELINE)
        ));
    }
    if !policy.categories.iter().any(Category::is_security) {
        remarks.push(
            "no category asks for the security group; only the criterion `vulnerability` does"
                .to_owned(),
        );
    }
    remarks
}

fn id(party: &Party) -> &str {
    match party {
        Party::Person(id) => id.as_str(),
        Party::Group(id) => id.as_str(),
    }
}

fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    if names.is_empty() {
        return "–".to_owned();
    }
    let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    names.join(", ")
}
