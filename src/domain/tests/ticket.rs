//! Writing the ticket: what people type, what the bot fills, who saves when.

use super::*;
use crate::domain::change::Stage;
use crate::domain::effect::{Effect, effects};
use crate::domain::policy::Role;
use crate::domain::ticket::{Known, Timeliness, Vague};

/// Dana's plain hotfix was said in an incident channel, so that the bot knows
/// the incident and when it began.
fn said_in_an_incident_channel() -> Story {
    let mut command = request();
    if let Command::Request { known, .. } = &mut command {
        *known = vec![
            (Field::IncidentLink, told(Field::IncidentLink, "")),
            (
                Field::IncidentBeganAt,
                Told::Instant(berlin("2026-03-14 02:01")),
            ),
        ];
    }
    Story::begin(
        berlin("2026-03-14 02:14"),
        written(),
        Town::berlin(),
        command,
    )
}

fn hotfix() -> Story {
    said_in_an_incident_channel()
        .at(minutes(1))
        .when(authorize(MORGAN))
        .at(minutes(2))
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(DANA)
        .at(hours(1))
        .when(state_criterion(DANA))
}

fn chosen() -> Vec<(Field, Told)> {
    TICKET
        .iter()
        .filter(|field| matches!(field.row().kind, Kind::Choice(_) | Kind::Category))
        .map(|field| (*field, told(*field, "")))
        .collect()
}

fn typed() -> Vec<(Field, Told)> {
    let say = |field, words: &str| (field, Told::Words(text(words)));
    vec![
        say(
            Field::WhatWasDone,
            "Deployed WAF rule 1042 on the load balancer",
        ),
        say(Field::Testing, "https://ci.acme.dev/runs/81 is green"),
        say(Field::RollbackPlan, "Disable rule 1042"),
        say(Field::Outcome, "Attack blocked, no customer data exposed"),
        say(
            Field::LessonsLearned,
            "Need predefined WAF rules for common patterns",
        ),
    ]
}

#[test]
fn a_plain_hotfix_closes_with_five_things_typed_and_none_of_them_vague() {
    let both = [chosen(), typed()].concat();
    let n_typed = both.iter().filter(|(_, told)| told.text().is_some());
    assert_eq!(n_typed.count(), 5);
    let story = hotfix().when(write(DANA, both));
    assert_eq!(story.events().last(), Some(&Event::Documented));
    assert_eq!(story.change.vague().count(), 0);
    let story = story.at(hours(2)).approves(MORGAN);
    assert_eq!(story.change.stage, Stage::Closed);
    assert_eq!(story.exceptions(), []);
    assert_eq!(story.change.approval.as_ref().unwrap().despite, []);
}

#[test]
fn five_times_ok_closes_nothing_quietly() {
    let ok = typed()
        .into_iter()
        .map(|(field, _)| (field, Told::Words(text("ok"))));
    let story = hotfix()
        .when(write(DANA, chosen()))
        .when(write(DANA, ok.collect()));
    let fields: Vec<Field> = story.change.vague().map(|(field, _)| field).collect();
    let five = [
        Field::WhatWasDone,
        Field::Testing,
        Field::RollbackPlan,
        Field::Outcome,
        Field::LessonsLearned,
    ];
    assert_eq!(fields, five, "accepted, and marked");
    assert_eq!(story.change.stage, Stage::Documented);
    // Who decides approves the marks with the words: without them it is another
    // content.
    let mut unmarked = story.change.clone();
    for entry in unmarked.fields.values_mut() {
        entry.vague = None;
    }
    let story = story
        .at(hours(2))
        .when(approving(MORGAN, content_hash(&unmarked)))
        .refused(&Refusal::ContentChanged { number: NUMBER })
        .approves(MORGAN);
    assert_eq!(story.change.approval.as_ref().unwrap().despite, five);
    let Some(Event::Approved { despite, .. }) = story.events().first().cloned() else {
        panic!("{:?}", story.events());
    };
    assert_eq!(despite, five, "and the record says so for ever");
}

#[test]
fn a_security_incident_with_a_workaround_opens_exactly_the_extra_obligations() {
    let plain = hotfix().when(write(DANA, [chosen(), typed()].concat()));
    let names = |story: &Story| -> Vec<String> {
        let open = story.owed().into_iter().filter(|one| one.met_at.is_none());
        open.map(|one| one.duty.name()).collect()
    };
    assert_eq!(names(&plain), ["approval"]);
    let asked_for_besides = [
        Field::SecurityImpactWords,
        Field::DataScope,
        Field::PermanentFix,
        Field::PermanentFixOwner,
    ];
    let story = plain.when(write(
        DANA,
        vec![
            (Field::Category, Told::Choice("security".to_owned())),
            (Field::Permanence, Told::Choice("workaround".to_owned())),
        ],
    ));
    assert_eq!(
        story.events().last(),
        Some(&Event::TicketReopened {
            missing: asked_for_besides.to_vec()
        })
    );
    assert_eq!(
        names(&story),
        ["ticket", "approval", "security_review", "permanent_fix"]
    );
    let story = story.when(document(DANA, &asked_for_besides));
    assert_eq!(story.events().last(), Some(&Event::Documented));
    assert_eq!(
        names(&story),
        ["approval", "security_review", "permanent_fix"]
    );
    let story = story.at(hours(2)).approves(MORGAN);
    assert_eq!(
        names(&story),
        [
            "security_review",
            "genuineness_review",
            "meeting_review",
            "permanent_fix"
        ]
    );
    assert_eq!(
        story.change.stage,
        Stage::Approved,
        "security is waited for"
    );
}

#[test]
fn a_category_brings_its_risk_until_somebody_judges_that() {
    let risk = |story: &Story| story.change.choice(Field::RiskLevel).map(str::to_owned);
    let story = given(deployed()).when(choose(DANA, Field::Category, "infrastructure"));
    assert_eq!(risk(&story).as_deref(), Some("medium_high"));
    let entry = story.change.fields.get(&Field::RiskLevel).unwrap();
    assert_eq!(entry.source, Known::Bot(Source::Slack));
    assert_eq!(entry.by, Actor::Bot);
    let story = story.when(choose(DANA, Field::Category, "code"));
    assert_eq!(risk(&story).as_deref(), Some("medium"));
    let story = story
        .when(choose(RILEY, Field::RiskLevel, "high"))
        .when(choose(DANA, Field::Category, "configuration"));
    assert_eq!(risk(&story).as_deref(), Some("high"), "Riley judged it");
}

#[test]
fn what_the_bot_knows_is_filled_with_its_source_and_anybody_knows_better() {
    let story = said_in_an_incident_channel();
    let entry = story.change.fields.get(&Field::IncidentLink).unwrap();
    assert_eq!(entry.source, Known::Bot(Source::Receipt));
    assert_eq!(entry.by, Actor::Bot);
    let other = vec![(
        Field::IncidentLink,
        Told::Links(text("https://acme.pagerduty.com/incidents/Q1")),
    )];
    let story = story.blind().when(write(DANA, other));
    let entry = story.change.fields.get(&Field::IncidentLink).unwrap();
    assert_eq!(entry.source, Known::Person);
    assert_eq!(entry.replaced, None, "nobody's typing was lost");
}

fn bot(fields: Vec<(Field, Told)>) -> Move {
    Move {
        actor: Actor::Bot,
        command: Command::Document {
            by: None,
            fields: fields
                .into_iter()
                .map(|(field, told)| writing(field, told))
                .collect(),
            standing: Vec::new(),
        },
    }
}

#[test]
fn the_bot_writes_over_nobody_and_disturbs_no_approval() {
    let link = |words: &str| (Field::Links, Told::Links(text(words)));
    let story = given(deployed())
        .when(bot(vec![link("https://github.com/acme/api/pull/1")]))
        .when(bot(vec![link("https://github.com/acme/api/pull/2")]));
    let pull = text("https://github.com/acme/api/pull/2").commitment();
    let stands = |story: &Story| {
        story
            .change
            .fields
            .get(&Field::Links)
            .unwrap()
            .value
            .clone()
    };
    assert_eq!(stands(&story), Value::Links(pull), "it learned better");
    let story = story
        .when(write(
            DANA,
            vec![link("https://github.com/acme/api/pull/3")],
        ))
        .when(bot(vec![link("https://github.com/acme/api/pull/4")]))
        .then(&[]);
    let pull = text("https://github.com/acme/api/pull/3").commitment();
    assert_eq!(stands(&story), Value::Links(pull));
    let story = given(approved()).when(bot(vec![link("https://github.com/acme/api/pull/5")]));
    assert_eq!(story.events(), []);
    assert!(story.change.approval.is_some());
}

#[test]
fn without_an_incident_link_the_reason_stands_in_its_place_and_is_an_exception() {
    let why = "Found in review before anybody was hit, so there was no incident";
    let story = given(deployed()).when(write(
        DANA,
        vec![(Field::IncidentLink, Told::Words(text(why)))],
    ));
    assert_eq!(
        story.events().last(),
        Some(&Event::ExceptionRecorded {
            exception: Exception::NoIncident
        })
    );
    assert_eq!(story.change.vague().count(), 0);
    let link = vec![(Field::IncidentLink, told(Field::IncidentLink, ""))];
    let story = story.when(write(DANA, link));
    assert_eq!(story.exceptions(), [Exception::NoIncident], "never erased");
}

#[test]
fn different_fields_saved_at_once_are_both_kept() {
    let story = given(deployed())
        .blind()
        .when(document(DANA, &[Field::Testing]))
        .when(document(RILEY, &[Field::Outcome]))
        .then(&[wrote(Field::Outcome, "as it was")]);
    assert!(story.change.words(Field::Testing).is_some());
    assert!(story.change.words(Field::Outcome).is_some());
}

#[test]
fn the_later_of_two_who_save_the_same_field_is_told_and_both_texts_are_kept() {
    let before = given(deployed()).when(document_as(DANA, &[Field::Testing], "Dana's words"));
    let after = before
        .blind()
        .when(document_as(RILEY, &[Field::Testing], "Riley's words"));
    let (dana, riley) = (
        words(Field::Testing, "Dana's words").commitment(),
        words(Field::Testing, "Riley's words").commitment(),
    );
    let entry = after.change.fields.get(&Field::Testing).unwrap();
    assert_eq!(entry.value, Value::Words(riley));
    assert_eq!(entry.replaced, Some(Value::Words(dana)));
    let kept = after.change.commitments();
    assert!(kept.contains(&dana) && kept.contains(&riley));
    let recorded = after.outcome.as_ref().unwrap();
    let owed = effects(None, &after.change, recorded, &after.policy);
    let tell =
        |effect: &Effect| matches!(effect, Effect::Tell { person, .. } if *person == user(RILEY));
    assert_eq!(owed.iter().filter(|one| tell(one)).count(), 1);
}

#[test]
fn whoever_saw_what_stands_is_told_nothing_and_to_save_the_same_again_is_nothing() {
    let story = given(deployed())
        .when(document(DANA, &[Field::Testing]))
        .when(document_as(RILEY, &[Field::Testing], "better"))
        .then(&[wrote(Field::Testing, "better")])
        .when(document_as(RILEY, &[Field::Testing], "better"))
        .then(&[]);
    assert_eq!(
        story.change.fields.get(&Field::Testing).unwrap().replaced,
        None
    );
}

#[test]
fn words_that_stand_elsewhere_are_noticed_across_sittings() {
    let repeated = text("Deployed WAF rule 1042 on the load balancer");
    let move_with = |standing: Vec<(Field, Text)>| {
        by(
            DANA,
            Command::Document {
                by: Some(full(DANA)),
                fields: vec![writing(Field::Outcome, Told::Words(repeated.clone()))],
                standing,
            },
        )
    };
    let story = || given(deployed()).when(write(DANA, typed()[..1].to_vec()));
    let mark = |story: Story| story.change.fields.get(&Field::Outcome).unwrap().vague;
    let stands = vec![(Field::WhatWasDone, repeated.clone())];
    assert_eq!(mark(story().when(move_with(stands))), Some(Vague::Copied));
    assert_eq!(
        mark(story().when(move_with(Vec::new()))),
        None,
        "nobody looked"
    );
    // Words that have been replaced since accuse nobody.
    let gone = vec![(Field::Testing, repeated.clone())];
    assert_eq!(mark(story().when(move_with(gone))), None);
}

#[test]
fn a_value_that_isnt_the_fields_is_refused_with_what_would_fit() {
    let mut story = given(deployed());
    story.policy.systems = vec!["waf".to_owned()];
    let wrong = [
        (Field::Requester, Told::Person(user(DANA))),
        (Field::Criterion, Told::Choice("vulnerability".to_owned())),
        (Field::OutcomeCode, Told::Choice("splendid".to_owned())),
        (Field::OutcomeCode, Told::Words(text("successful"))),
        (Field::Category, Told::Choice("cosmetics".to_owned())),
        (
            Field::Systems,
            Told::Systems(vec!["waf".to_owned(), "mainframe".to_owned()]),
        ),
        (Field::IncidentLink, Told::Links(text("the channel"))),
        (Field::IncidentLink, Told::Words(text("https://acme.dev"))),
        (
            Field::Links,
            Told::Links(text("https://acme.dev and so on")),
        ),
        (Field::ExternalTicket, Told::Links(text("ftp://acme.dev/1"))),
        (Field::ExternalTicket, Told::Links(text("https:///"))),
        (Field::ValidatedBy, Told::Words(text("Riley"))),
    ];
    for (field, told) in wrong {
        story = story
            .when(write(DANA, vec![(field, told)]))
            .refused(&Refusal::Unfit { field });
    }
    let (field, at) = (Field::ValidatedAt, story.now + minutes(1));
    let story = story
        .when(write(DANA, vec![(field, Told::Instant(at))]))
        .refused(&Refusal::NotYet { field, at });
    let plan = (Field::PermanentFixDueAt, Told::Instant(at));
    let story = story.when(write(DANA, vec![plan]));
    assert_eq!(story.change.instant(Field::PermanentFixDueAt), Some(at));
}

#[test]
fn one_value_that_doesnt_fit_saves_none_of_the_form() {
    let story = given(deployed()).when(write(
        DANA,
        vec![
            (Field::Testing, told(Field::Testing, "fine")),
            (Field::OutcomeCode, Told::Choice("splendid".to_owned())),
        ],
    ));
    assert!(story.outcome.is_err());
    assert!(story.change.fields.is_empty());
}

#[test]
fn any_full_member_writes_and_no_guest_does() {
    let mut story = given(deployed()).when(document(SAM, &[Field::Testing]));
    assert!(story.outcome.is_ok());
    for (standing, refusal) in [
        (Standing::Guest, Refusal::Guest { act: Act::Document }),
        (Standing::Foreign, Refusal::Foreign { act: Act::Document }),
    ] {
        story = story
            .when(by(
                SAM,
                Command::Document {
                    by: Some(Member {
                        standing,
                        ..full(SAM)
                    }),
                    fields: vec![writing(Field::Outcome, told(Field::Outcome, ""))],
                    standing: Vec::new(),
                },
            ))
            .refused(&refusal);
    }
}

#[test]
fn what_is_taken_over_from_a_sibling_says_so_and_is_part_of_what_is_approved() {
    let sibling = ChangeNumber(1041);
    let mut one = writing(Field::Testing, told(Field::Testing, "as it was"));
    one.taken_from = Some(sibling);
    let story = given(deployed()).when(by(
        DANA,
        Command::Document {
            by: Some(full(DANA)),
            fields: vec![one],
            standing: Vec::new(),
        },
    ));
    let entry = story.change.fields.get(&Field::Testing).unwrap();
    assert_eq!(entry.source, Known::TakenFrom(sibling));
    let own = given(deployed()).when(document(DANA, &[Field::Testing]));
    assert_ne!(content_hash(&story.change), content_hash(&own.change));
}

#[test]
fn every_kind_of_value_changes_the_content() {
    let base = documented();
    let mut hashes = BTreeSet::from([content_hash(&base.change)]);
    for (field, told) in [
        (Field::OutcomeCode, Told::Choice("with_issues".to_owned())),
        (Field::Links, Told::Links(text("https://acme.dev/1"))),
        (Field::ValidatedBy, Told::Person(user(RILEY))),
        (
            Field::ValidatedAt,
            Told::Instant(berlin("2026-03-14 03:00")),
        ),
        (Field::CustomerImpact, Told::Words(text("none"))),
        (Field::Systems, Told::Systems(vec!["waf".to_owned()])),
        (
            Field::Systems,
            Told::Systems(vec!["waf".to_owned(), "api".to_owned()]),
        ),
    ] {
        let mut story = documented();
        story.policy.systems = vec!["waf".to_owned(), "api".to_owned()];
        let story = story.when(write(DANA, vec![(field, told)]));
        assert!(hashes.insert(content_hash(&story.change)), "{field}");
    }
}

#[test]
fn an_edit_after_approval_names_the_field_that_took_it_back() {
    let story = given(approved()).when(choose(DANA, Field::OutcomeCode, "with_issues"));
    assert!(story.events().contains(&Event::ApprovalTakenBack {
        field: Some(Field::OutcomeCode)
    }));
    let story = given(approved()).when(choose(DANA, Field::OutcomeCode, "successful"));
    assert_eq!(story.events(), [], "the same choice is no edit");
}

#[test]
fn a_circumstance_that_comes_to_light_reopens_the_ticket_for_a_day() {
    let story =
        given(documented())
            .at(hours(30))
            .when(choose(DANA, Field::Permanence, "temporary"));
    let ticket = story.obligation(Duty::Ticket).unwrap();
    assert_eq!(ticket.met_at, None);
    assert_eq!(ticket.due_at, Some(story.now + days(1)));
    assert_eq!(
        story.change.due_at(),
        deployed().change.due_at(),
        "it had passed"
    );
    assert_eq!(story.change.stage, Stage::Deployed);
    let story = story.approves(MORGAN).refused(&Refusal::NotReady {
        number: NUMBER,
        waiting: crate::domain::change::Waiting(vec![
            "the permanent fix".to_owned(),
            "who makes the permanent fix".to_owned(),
        ]),
    });
    let story = story.when(choose(DANA, Field::Permanence, "permanent"));
    assert_eq!(story.events().last(), Some(&Event::Documented));
    assert!(!story.exceptions().contains(&Exception::DocumentedLate));
    assert_eq!(
        crate::domain::ticket::documented(&story.change, story.now),
        Some(Timeliness::InTime {
            by: hours(23) + minutes(5)
        })
    );
}

/// The history of a change of before there were fields.
fn first_form(story: &Story) -> Vec<Recorded> {
    let mut history = story.history.clone();
    if let Event::Requested {
        documented_within, ..
    } = &mut history[0].event
    {
        *documented_within = None;
    }
    history
}

fn of_the_first_form() -> Story {
    let mut story = deployed();
    story.history = first_form(&story);
    let sections = crate::domain::ticket::Section::ALL.iter();
    story.history.extend(sections.map(|section| Recorded {
        at: berlin("2026-03-14 03:00"),
        source: Source::Slack,
        actor: Actor::Person(user(DANA)),
        event: Event::SectionWritten {
            section: *section,
            text: text(section.name()).commitment(),
        },
    }));
    story.change = EmergencyChange::replay(NUMBER, &story.history).unwrap();
    story
}

#[test]
fn what_was_declared_before_there_were_fields_closes_by_the_rules_of_then() {
    let story = of_the_first_form()
        .at(hours(1))
        .when(stating(DANA, Criterion::Vulnerability))
        .at(hours(2))
        .approves(MORGAN);
    assert_eq!(story.change.stage, Stage::Closed);
    assert_eq!(story.next_due_at(), None, "nothing new is owed to it");
}

#[test]
fn a_ticket_of_the_first_form_keeps_its_hash() {
    use sha2::{Digest, Sha256};

    let change = of_the_first_form().change;
    // The form of before there were fields, part by part.
    let at = |local: &str| berlin(local).timestamp_micros().to_be_bytes().to_vec();
    let words = |words: &str| text(words).commitment().0.to_vec();
    let mut parts: Vec<(&str, Vec<u8>)> = vec![
        ("form", b"breakglass-ticket-v1".to_vec()),
        ("number", 1042_u64.to_be_bytes().to_vec()),
        ("policy", 1_u32.to_be_bytes().to_vec()),
        ("requester", b"U0DANA".to_vec()),
        ("requested_at", at("2026-03-14 02:14")),
        ("what", words("Deploy WAF rule to block SQL injection")),
        (
            "verbatim",
            words("Deploy WAF rule to block SQL injection @morgan"),
        ),
        ("authorizer", b"U0MORGAN".to_vec()),
        ("authorized_at", at("2026-03-14 02:15")),
        ("commander", b"U0RILEY".to_vec()),
        ("commander_authorized_at", at("2026-03-14 02:16")),
        ("deployed_at", at("2026-03-14 02:19")),
        ("implementer", b"U0DANA".to_vec()),
    ];
    for section in [
        "what_was_done",
        "testing",
        "rollback_plan",
        "outcome",
        "lessons_learned",
    ] {
        parts.push(("section", section.as_bytes().to_vec()));
        parts.push(("text", words(section)));
    }
    let mut sha = Sha256::new();
    for (name, value) in parts {
        for part in [name.as_bytes(), &value] {
            sha.update((part.len() as u64).to_be_bytes());
            sha.update(part);
        }
    }
    let expected: [u8; 32] = sha.finalize().into();
    assert_eq!(content_hash(&change).0, expected);
}

#[test]
fn the_policy_sets_when_the_ticket_is_due() {
    let mut policy = written();
    policy
        .due
        .set(crate::domain::policy::Term::Ticket, hours(12));
    policy
        .due
        .set(crate::domain::policy::Term::Approval, hours(48));
    let story = Story::begin(
        berlin("2026-03-14 02:14"),
        policy,
        Town::berlin(),
        request(),
    )
    .at(minutes(5))
    .deploys(DANA);
    let due = |duty| story.obligation(duty).unwrap().due_at.unwrap() - story.now;
    assert_eq!(due(Duty::Ticket), hours(12));
    assert_eq!(due(Duty::CommanderAuthorization), hours(24));
    assert_eq!(due(Duty::Approval), hours(48));
    assert_eq!(story.change.due_at(), Some(story.now + hours(12)));
    let story = story.until(hours(13));
    assert_eq!(
        story.exceptions(),
        [
            Exception::DeployedBeforeAuthorization,
            Exception::DocumentedLate
        ]
    );
}

#[test]
fn a_review_is_asked_of_whoever_the_policy_names_for_it() {
    let mut story = given(deployed());
    story.policy.database = vec![person(DANA), person("U0BEN")];
    let story = story.when(choose(DANA, Field::Category, "database"));
    let owner = story.obligation(Duty::DatabaseApproval).unwrap().owner;
    assert_eq!(owner, Some(person("U0BEN")), "Dana deployed it");
    assert_eq!(story.policy.holders(Role::Database).len(), 2);
}
