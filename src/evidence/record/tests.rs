//! A whole change and a normal one for the tests of this room, and facts about the
//! form of their records.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::*;
use crate::domain::authorization::Ground;
use crate::domain::change::{
    self as domain, Actor, Attached, Criterion, EmergencyChange, Event as Happened,
    Evidence as Seen, Exception as NotMet, Genuineness as Genuine, MessageRef, Method, Place,
    Recorded, Review as Kind, Source, Strength,
};
use crate::domain::deployment::{ChangeKind, Deployment, Happening, Mark, SourceName};
use crate::domain::id::{ChangeNumber, ChannelId, GroupId, MessageTs, Permalink, UserId};
use crate::domain::obligation::{Duty, Rung};
use crate::domain::policy::{Party, Policy, PolicyVersion};
use crate::domain::text::{Commitment, Salt, Text};
use crate::domain::ticket::{Field, Vague, Value as Entered, content_hash};

/// A change in the making.
pub(in crate::evidence) struct Story {
    began_at: DateTime<Utc>,
    at: DateTime<Utc>,
    history: Vec<Recorded>,
    texts: BTreeMap<Commitment, Text>,
    policy: Policy,
}

/// The people of the story, with their names.
const PEOPLE: [(&str, &str); 6] = [
    ("U0DANA", "Dana Okafor"),
    ("U0MORGAN", "Morgan Łukasiewicz"),
    ("U0RILEY", "Riley Παπαδοπούλου"),
    ("U0SAM", "Sam Ковальчук"),
    ("U0PAT", "Pat 佐藤"),
    ("U0ALEX", "Alex Nguyễn"),
];

pub(in crate::evidence) fn person_called(who: &UserId) -> Option<String> {
    let named = PEOPLE.iter().find(|(id, _)| *id == who.as_str());
    named.map(|(_, name)| (*name).to_owned())
}

fn user(id: &str) -> UserId {
    UserId::new(id)
}

pub(in crate::evidence) fn policy() -> Policy {
    let person = |id: &str| Party::Person(user(id));
    Policy {
        approvers: vec![
            person("U0MORGAN"),
            person("U0ALEX"),
            Party::Group(GroupId::new("S0LEADS")),
        ],
        commanders: vec![person("U0RILEY")],
        security: vec![person("U0PAT")],
        compliance: vec![person("U0SAM")],
        escalation: vec![user("U0SAM"), user("U0ALEX")],
        systems: vec!["edge-waf".to_owned(), "auth-api".to_owned()],
        report_channel: Some(ChannelId::new("C0ENG")),
        ..Policy::unwritten(PolicyVersion(3))
    }
}

impl Story {
    fn text(&mut self, words: &str) -> Commitment {
        let n = u8::try_from(self.texts.len()).unwrap();
        let text = Text::new(words, Salt([n; 32]));
        let commitment = text.commitment();
        self.texts.insert(commitment, text);
        commitment
    }

    /// So many minutes after the request.
    fn after(&mut self, minutes: i64) -> &mut Self {
        self.at = self.began_at + TimeDelta::minutes(minutes);
        self
    }

    fn by(&mut self, who: &str, event: Happened) -> &mut Self {
        let actor = domain::Actor::Person(user(who));
        self.push(actor, Source::Slack, event)
    }

    fn clock(&mut self, event: Happened) -> &mut Self {
        self.push(domain::Actor::Clock, Source::Clock, event)
    }

    fn push(&mut self, actor: domain::Actor, source: Source, event: Happened) -> &mut Self {
        let at = self.at;
        self.history.push(Recorded {
            at,
            source,
            actor,
            event,
        });
        self
    }

    fn write(&mut self, by: &str, field: Field, words: &str, doubt: Option<Vague>) {
        let text = self.text(words);
        self.enter(by, field, Entered::Words(text), doubt);
    }

    fn enter(&mut self, by: &str, field: Field, value: Entered, doubt: Option<Vague>) {
        let event = Happened::FieldWritten {
            field,
            value,
            vague: doubt,
            taken_from: None,
            replaced: None,
        };
        self.by(by, event);
    }

    fn choose(&mut self, who: &str, field: Field, name: &str) {
        self.enter(who, field, Entered::Choice(name.to_owned()), None);
    }

    pub(in crate::evidence) fn change(&self) -> EmergencyChange {
        EmergencyChange::replay(ChangeNumber(1042), &self.history).unwrap()
    }

    pub(in crate::evidence) fn as_of(&self) -> DateTime<Utc> {
        self.began_at + TimeDelta::days(40)
    }

    /// Makes the record, with these texts redacted by what they say.
    pub(in crate::evidence) fn record(&self, redacted: &[&str]) -> Record {
        let text = |of: Commitment| match self.texts.get(&of) {
            Some(words) if redacted.iter().any(|one| words.body().contains(one)) => {
                Found::Redacted {
                    at: self.began_at + TimeDelta::days(3),
                    by: Actor::Person(user("U0SAM")),
                    why: Some("It held a password.".to_owned()),
                }
            }
            Some(words) => Found::Text(words.clone()),
            None => Found::Missing,
        };
        let sources = Sources {
            workspace: "T0ACME",
            text: &text,
            person: &person_called,
            group: &|_| Some("Engineering leads".to_owned()),
            channel: &|_| Some("inc-auth-outage".to_owned()),
            as_of: self.as_of(),
        };
        let leaves: Vec<u64> = (0..self.history.len() as u64)
            .map(|n| 1200 + 3 * n)
            .collect();
        Record::of(
            &self.change(),
            &self.history,
            &leaves,
            &self.policy,
            sources,
        )
    }
}

fn message(ts: &str) -> MessageRef {
    MessageRef {
        channel: ChannelId::new("C0AUTH"),
        ts: MessageTs::new(ts),
        thread: None,
        permalink: Some(Permalink::new(format!(
            "https://acme.slack.com/archives/C0AUTH/p{}",
            ts.replace('.', "")
        ))),
    }
}

/// The guide's own example, captured from two messages; late, with answers.
#[expect(clippy::too_many_lines, reason = "a story is told in one go")]
pub(in crate::evidence) fn the_guides_story() -> Story {
    let began_at = DateTime::parse_from_rfc3339("2026-10-17T02:14:03Z")
        .unwrap()
        .to_utc();
    let mut story = Story {
        began_at,
        at: began_at,
        history: Vec::new(),
        texts: BTreeMap::new(),
        policy: policy(),
    };
    let what = story.text("Deploy WAF rule to block SQL injection");
    let verbatim = story.text("@morgan deploying WAF rule to block SQL injection. Authorization?");
    story.by(
        "U0DANA",
        Happened::Requested {
            what,
            verbatim,
            asked: vec![Party::Person(user("U0MORGAN"))],
            place: Place {
                channel: ChannelId::new("C0AUTH"),
                thread: None,
            },
            policy: PolicyVersion(3),
            said: Some(message("1792203243.000100")),
            captured: Some(domain::Capture {
                by: user("U0DANA"),
                at: began_at + TimeDelta::minutes(2),
            }),
            drill: false,
            documented_within: Some(TimeDelta::hours(24)),
        },
    );
    let answer = story.text("approved. Deploy.");
    story.after(1).by(
        "U0DANA",
        Happened::Authorized {
            by: user("U0MORGAN"),
            method: Method::Message,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: Some(Seen::Words {
                text: answer,
                message: message("1792203303.000200"),
            }),
            attested: None,
        },
    );
    let criterion = Criterion::Vulnerability;
    story
        .after(2)
        .by("U0DANA", Happened::CriterionStated { criterion });
    story.after(3).by(
        "U0RILEY",
        Happened::CommanderNamed {
            commander: user("U0RILEY"),
        },
    );
    story.by(
        "U0RILEY",
        Happened::CommanderAuthorized {
            method: Method::Button,
            strength: Strength::Direct,
            ground: Ground::Policy,
        },
    );
    story.after(5).by(
        "U0DANA",
        Happened::Deployed {
            deployed_at: began_at + TimeDelta::minutes(5),
            known_from: Source::Webhook,
            implementer: user("U0DANA"),
        },
    );
    let due_at = began_at + TimeDelta::minutes(5) + TimeDelta::hours(24);
    for before in [960, 240, 60] {
        story
            .after(5 + 24 * 60 - i64::from(before))
            .clock(Happened::Reminded {
                duty: Duty::Ticket,
                owner: Some(Party::Person(user("U0DANA"))),
                due_at: Some(due_at),
                rung: Rung::Before(before),
                round: None,
            });
    }
    story.after(5 + 24 * 60).clock(Happened::DeadlineMissed {
        duty: Duty::Ticket,
        owner: Some(Party::Person(user("U0DANA"))),
        due_at,
    });
    let exception = NotMet::DocumentedLate;
    story.clock(Happened::ExceptionRecorded { exception });
    story.after(55 * 60);
    story.choose("U0DANA", Field::Category, "security");
    story.write(
        "U0DANA",
        Field::IncidentLink,
        "https://acme.pagerduty.com/incidents/Q2R8XK41",
        None,
    );
    story.enter(
        "U0DANA",
        Field::Systems,
        Entered::Systems(vec!["edge-waf".to_owned()]),
        None,
    );
    story.write(
        "U0DANA",
        Field::WhatWasDone,
        "Emergency WAF rule deployment - SQL injection defense.\n\
         Rule 4711 on edge-waf: block requests whose query matches `(?i)union\\s+select`.\n\
         └── terraform apply -target=module.waf (commit 8f2c41d)",
        None,
    );
    story.write(
        "U0DANA",
        Field::Testing,
        "Validated rule blocks attack pattern without false positives",
        Some(Vague::NoEvidence),
    );
    story.choose("U0DANA", Field::SecurityImpact, "reduced");
    story.write(
        "U0DANA",
        Field::SecurityImpactWords,
        "The rule filters requests to the API and opens nothing. 注入攻撃を遮断し、偽陽性はない。 \
         Правило блокирует атаку. 🔥 password=hunter2",
        None,
    );
    story.choose("U0DANA", Field::DataScope, "none");
    story.write(
        "U0DANA",
        Field::RollbackPlan,
        "Disable WAF rule 4711; takes effect in 30 s.",
        None,
    );
    story.choose("U0DANA", Field::RollbackExecuted, "not_needed");
    story.write(
        "U0DANA",
        Field::Outcome,
        "Attack blocked, no customer data exposed",
        None,
    );
    story.choose("U0DANA", Field::OutcomeCode, "successful");
    story.choose("U0DANA", Field::IncidentResolved, "yes");
    story.choose("U0DANA", Field::DataExposed, "no");
    story.choose("U0DANA", Field::Permanence, "workaround");
    story.write(
        "U0DANA",
        Field::PermanentFix,
        "Parametrise the query in auth-api /login",
        None,
    );
    story.enter(
        "U0DANA",
        Field::PermanentFixOwner,
        Entered::Person(user("U0ALEX")),
        None,
    );
    story.write(
        "U0DANA",
        Field::LessonsLearned,
        "Need predefined WAF rules for common attack patterns",
        None,
    );
    let name = story.text("waf-test-résultats.png");
    story.by(
        "U0DANA",
        Happened::AttachmentKept {
            name,
            attached: Attached::File {
                id: "F0PNG".to_owned(),
                sha256: [0xab; 32],
                n_bytes: 48_213,
            },
            message: message("1792401243.000300"),
        },
    );
    story.by("U0DANA", Happened::Documented);
    let content = content_hash(&story.change());
    let words = story.text("Logs show the probing. It could not have waited.");
    story.after(56 * 60).by(
        "U0MORGAN",
        Happened::Approved {
            content,
            ground: Ground::Policy,
            conditions: None,
            genuine: Some(Genuine {
                is_genuine: true,
                words: Some(words),
            }),
            despite: vec![Field::Testing],
        },
    );
    let words = story.text("Rule reviewed; scope is right.");
    story.after(57 * 60).by(
        "U0PAT",
        Happened::Reviewed {
            review: Kind::Security,
            ground: Ground::Policy,
            content,
            words: Some(words),
        },
    );
    let cause = story.text("Weekend; nobody was named to write it.");
    let remedy = story.text("The on-call handbook names the implementer as the writer.");
    story.after(60 * 60).by(
        "U0MORGAN",
        Happened::ExceptionAnswered {
            exception,
            cause,
            remedy,
            owner: user("U0ALEX"),
        },
    );
    story
}

/// A normal change that two sources told of.
pub(in crate::evidence) fn normal(title: Option<&str>) -> NormalRecord {
    let at = DateTime::parse_from_rfc3339("2026-10-15T10:02:11Z")
        .unwrap()
        .to_utc();
    let title = title.map(|words| Text::new(words, Salt([3; 32])));
    let merge = Deployment {
        title: title.clone(),
        author: Some("kim-r".to_owned()),
        approved_by: title.as_ref().map(|_| "alex-n".to_owned()),
        approval_url: Some("https://github.com/acme/web/pull/1234#pullrequestreview-1".to_owned()),
        url: Some("https://github.com/acme/web/pull/1234".to_owned()),
        commit: Some("8f2c41d0".repeat(5)),
        kind: Some(ChangeKind::Normal),
        marks: if title.is_some() {
            BTreeSet::new()
        } else {
            BTreeSet::from([Mark::Bypassed])
        },
        ..Deployment::new(
            SourceName::new("github"),
            "acme/web#1234",
            Happening::Merge,
            at,
        )
    };
    let run = Deployment {
        system: Some("web".to_owned()),
        commit: Some("8f2c41d0".repeat(5)),
        outcome: Some("success".to_owned()),
        deploy_log_url: Some("https://ci.acme.example/web/deploy/567".to_owned()),
        ..Deployment::new(
            SourceName::new("jenkins"),
            "web/deploy#567",
            Happening::Run,
            at + TimeDelta::minutes(9),
        )
    };
    let told: Vec<Told> = [(merge, 881), (run, 882)]
        .into_iter()
        .map(|(one, leaf)| {
            let heard_at = one.at + TimeDelta::seconds(2);
            Told::new(one, heard_at, Some(leaf))
        })
        .collect();
    let text = |of: Commitment| {
        let is_title = title.as_ref().filter(|title| title.commitment() == of);
        is_title.map_or(Found::Missing, |title| Found::Text(title.clone()))
    };
    let sources = Sources {
        workspace: "T0ACME",
        text: &text,
        person: &person_called,
        group: &|_| None,
        channel: &|_| None,
        as_of: at + TimeDelta::days(50),
    };
    NormalRecord::of("PR 1234", &told, sources).unwrap()
}

fn valid(record: &impl Serialize) -> Result<(), String> {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let value = serde_json::to_value(record).unwrap();
    validator
        .validate(&value)
        .map_err(|fault| fault.to_string())
}

#[test]
fn every_record_is_of_the_form_that_the_schema_describes() {
    let story = the_guides_story();
    assert_eq!(valid(&story.record(&[])), Ok(()));
    assert_eq!(valid(&story.record(&["hunter2", "approved"])), Ok(()));
    assert_eq!(valid(&normal(Some("Add MFA to admin panel"))), Ok(()));
    assert_eq!(valid(&normal(None)), Ok(()));
}

#[test]
fn the_schema_refuses_what_has_another_form() {
    let story = the_guides_story();
    let mut value = serde_json::to_value(story.record(&[])).unwrap();
    value["stage"]["name"] = serde_json::json!(7);
    assert!(valid(&value).is_err());
    let mut value = serde_json::to_value(story.record(&[])).unwrap();
    value["invented"] = serde_json::json!(true);
    assert!(valid(&value).is_err());
    let mut value = serde_json::to_value(normal(None)).unwrap();
    value.as_object_mut().unwrap().remove("tellings");
    assert!(valid(&value).is_err());
    let mut value = serde_json::to_value(story.record(&[])).unwrap();
    value["request"]["at"] = serde_json::json!("yesterday");
    assert!(valid(&value).is_err());
}

#[test]
fn a_record_that_was_read_is_the_one_that_was_written() {
    let record = the_guides_story().record(&["hunter2"]);
    let json = serde_json::to_string_pretty(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
    let normal = normal(None);
    let json = serde_json::to_string(&normal).unwrap();
    assert_eq!(serde_json::from_str::<NormalRecord>(&json).unwrap(), normal);
}

#[test]
fn a_redacted_text_is_nowhere_in_the_record_and_its_commitment_stays() {
    let story = the_guides_story();
    let (whole, redacted) = (story.record(&[]), story.record(&["hunter2"]));
    let json = serde_json::to_string(&redacted).unwrap();
    assert!(
        !json.contains("hunter2") && serde_json::to_string(&whole).unwrap().contains("hunter2")
    );
    let words = |record: &Record| match &record.entry(Field::SecurityImpactWords).unwrap().value {
        Some(Value::Words(words)) => words.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(words(&whole).commitment, words(&redacted).commitment);
    assert_eq!(words(&redacted).text, None);
    let removed = words(&redacted).redacted.unwrap();
    assert_eq!(removed.by.name.as_deref(), Some("Sam Ковальчук"));
}

#[test]
fn the_record_tells_the_guides_trail() {
    let record = the_guides_story().record(&[]);
    let given = record.authorization.as_ref().unwrap();
    assert_eq!(given.by.id, "U0MORGAN");
    let Some(Evidence::Words { text, message }) = &given.evidence else {
        panic!("{given:?}");
    };
    assert_eq!(text.text.as_deref(), Some("approved. Deploy."));
    assert!(message.permalink.as_ref().unwrap().starts_with("https://"));
    assert_eq!(record.authorized_ahead_by_seconds, Some(240));
    assert!(
        record
            .segregation
            .iter()
            .all(|rule| rule.standing.name == "kept")
    );
    let decision = record.decision.as_ref().unwrap();
    assert_eq!(decision.content_hash.as_ref(), Some(&record.content_hash));
    assert_eq!(decision.is_of_present_content, Some(true));
    let ticket = record
        .obligations
        .iter()
        .find(|one| one.duty.name == "ticket")
        .unwrap();
    assert!(ticket.is_missed && ticket.met_at > ticket.due_at);
    assert_eq!(record.exceptions.len(), 1);
    assert_eq!(record.ticket.len(), Field::ALL.len());
    assert_eq!(record.timeline[0].leaf, Some(1200));
    assert_eq!(record.chase.len(), 3);
}

#[test]
fn segregation_is_judged_by_who_did_what() {
    let mut story = the_guides_story();
    let Happened::Authorized { by, .. } = &mut story.history[1].event else {
        unreachable!();
    };
    *by = user("U0DANA");
    let record = story.record(&[]);
    let standings: Vec<&str> = record
        .segregation
        .iter()
        .map(|rule| rule.standing.name.as_str())
        .collect();
    assert_eq!(&standings[..3], ["not_kept", "kept", "kept"]);
}

/// The story so that whoever commanded it asked for it and deployed it, nobody
/// authorized it before, and a second person did later.
fn commanded_by_whoever_deployed_it(authorized_as_second_at: i64) -> Story {
    let mut story = the_guides_story();
    story.history.remove(1);
    for recorded in &mut story.history {
        let actor = domain::Actor::Person(user("U0DANA"));
        match &mut recorded.event {
            Happened::CommanderNamed { commander } => *commander = user("U0DANA"),
            Happened::CommanderAuthorized { .. } => recorded.actor = actor,
            _ => {}
        }
    }
    story.after(authorized_as_second_at).by(
        "U0MORGAN",
        Happened::SecondAuthorized {
            method: Method::Button,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: None,
        },
    );
    story
}

#[test]
fn a_commander_who_deployed_it_is_said_to_be_and_to_be_allowed() {
    let record = commanded_by_whoever_deployed_it(235).record(&[]);
    let told: Vec<String> = record.segregation[..3]
        .iter()
        .map(|one| format!("{}: {}. {}.", one.rule, one.standing.words, one.because))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    Whoever authorized it as second person neither asked for it nor deployed it: kept. Morgan Łukasiewicz authorized it as second person, and neither asked for it nor deployed it.
    Whoever authorized it as incident commander neither asked for it nor deployed it: not so, and allowed. Dana Okafor authorized it as incident commander, and asked for it and deployed it, too. The procedure allows it: the commander's authorization takes the place neither of the authorizer's nor of the approval.
    Whoever decided on it afterwards neither asked for it nor deployed it: kept. Morgan Łukasiewicz decided on it, and neither asked for it nor deployed it.
    ");
}

#[test]
fn what_stands_in_the_place_of_an_authorization_is_told_with_its_time() {
    let mut story = commanded_by_whoever_deployed_it(235);
    let said = |story: &Story| story.record(&[]).without_authorization();
    let mut told = vec![said(&the_guides_story()), said(&story)];
    story.history.pop();
    told.push(said(&story));
    let commanded = |one: &Recorded| matches!(one.event, Happened::CommanderAuthorized { .. });
    story.history.retain(|one| !commanded(one));
    told.push(said(&story));
    story.history.truncate(2);
    told.push(said(&story));
    let told: Vec<String> = told.into_iter().map(Option::unwrap_or_default).collect();
    insta::assert_snapshot!(told.join("\n"), @r"

    Before it was deployed nobody authorized this change but Dana Okafor as incident commander, 2 min before the deployment. Since then: Morgan Łukasiewicz as second person, 3 h 50 min after the deployment.
    Before it was deployed nobody authorized this change but Dana Okafor as incident commander, 2 min before the deployment, and nobody has since.
    Nobody authorized this change before it was deployed, and nobody has since.
    Nobody has authorized this change, and it isn't known to be deployed.
    ");
}

#[test]
fn what_no_source_told_is_nothing_and_the_last_word_counts() {
    let record = normal(Some("Add MFA to admin panel"));
    assert_eq!(record.testing_url, None);
    assert_eq!(record.system.as_deref(), Some("web"));
    assert_eq!(record.outcome.as_deref(), Some("success"));
    assert_eq!(record.approver_is_another, Some(true));
    assert_eq!(record.tellings.len(), 2);
    assert_eq!(normal(None).approver_is_another, None);
    assert_eq!(normal(None).marks[0].name, "bypassed");
}

#[test]
fn each_event_is_told_under_the_name_that_the_log_has_for_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/log/v3");
    let record = the_guides_story().record(&[]);
    let told: BTreeSet<&str> = record
        .timeline
        .iter()
        .map(|one| one.event.name.as_str())
        .collect();
    assert!(told.len() > 10);
    for name in told {
        assert!(
            folder.join(format!("{name}.json")).exists(),
            "the log knows no {name}"
        );
    }
}
