//! The machine: what each stage lets happen.

use super::*;
use crate::domain::authorization::Ground;
use crate::domain::change::{Stage, Strength};
use crate::domain::effect::{Effect, effects};

/// The refusal's name says enough in a table.
fn outcome(story: &Story, before: Stage) -> String {
    match &story.outcome {
        Ok(_) if story.change.stage == before => "done, stays".to_owned(),
        Ok(_) => format!("becomes {}", story.change.stage.name()),
        Err(refusal) => {
            let name = format!("{refusal:?}");
            name.split([' ', '(']).next().unwrap().to_owned()
        }
    }
}

type Step = fn(Story) -> Story;

fn steps() -> [(&'static str, Step); 16] {
    [
        ("state another criterion", |story| {
            let criterion = Criterion::DataLoss;
            story.when(stating(DANA, criterion))
        }),
        ("ask Alex", |story| story.when(ask(DANA, &[person(ALEX)]))),
        ("Alex authorizes", |story| story.when(authorize(ALEX))),
        ("Alex denies", |story| story.when(deny(ALEX))),
        ("Dana goes ahead", |story| story.when(go_ahead(DANA))),
        ("Riley takes command", |story| {
            story.when(take_command(RILEY))
        }),
        ("Dana names Riley", |story| {
            story.when(name_commander(DANA, RILEY))
        }),
        ("Dana deploys", |story| story.deploys(DANA)),
        ("Dana lets it lapse", |story| {
            story.when(by(DANA, Command::Lapse))
        }),
        ("Dana withdraws", |story| {
            story.when(by(DANA, Command::Withdraw))
        }),
        ("Dana documents", |story| {
            story.when(document_as(DANA, TICKET, "more exactly"))
        }),
        ("Morgan approves", |story| story.approves(MORGAN)),
        ("Morgan rejects", |story| story.when(reject(MORGAN))),
        ("Dana remedies", |story| story.when(remediate(DANA))),
        ("Morgan answers", |story| {
            story.when(answer(MORGAN, Exception::ALL))
        }),
        ("time passes", Story::ticks),
    ]
}

#[test]
fn every_stage_answers_every_command() {
    let mut table = Vec::new();
    for (name, step) in steps() {
        let mut outcomes: Vec<(String, Vec<&str>)> = Vec::new();
        for story in stages() {
            let before = story.change.stage;
            let said = outcome(&step(story.at(hours(3))), before);
            match outcomes.iter_mut().find(|(known, _)| *known == said) {
                Some((_, stages)) => stages.push(before.name()),
                None => outcomes.push((said, vec![before.name()])),
            }
        }
        table.push(name.to_owned());
        for (said, stages) in outcomes {
            table.push(format!("  {said}: {}", stages.join(", ")));
        }
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    state another criterion
      done, stays: requested, authorized, denied, deployed, documented, rejected
      Over: withdrawn, lapsed, closed
      AlreadyApproved: approved
    ask Alex
      done, stays: requested
      AlreadyAuthorized: authorized, deployed, documented, approved, rejected
      becomes requested: denied
      Over: withdrawn, lapsed, closed
    Alex authorizes
      becomes authorized: requested, denied
      AlreadyAuthorized: authorized, deployed, documented, approved, rejected
      Over: withdrawn, lapsed, closed
    Alex denies
      becomes denied: requested
      DeniedTooLate: authorized, deployed, documented, approved, rejected
      AlreadyDenied: denied
      Over: withdrawn, lapsed, closed
    Dana goes ahead
      done, stays: requested, denied
      AlreadyAuthorized: authorized, deployed, documented, approved, rejected
      Over: withdrawn, lapsed, closed
    Riley takes command
      done, stays: requested, authorized, denied
      Over: withdrawn, lapsed, closed
      AlreadyCommanded: deployed, documented, approved, rejected
    Dana names Riley
      done, stays: requested, authorized, denied
      Over: withdrawn, lapsed, closed
      AlreadyCommanded: deployed, documented, approved, rejected
    Dana deploys
      becomes deployed: requested, authorized, denied, withdrawn, lapsed
      done, stays: deployed, documented, rejected
      becomes documented: approved
      Over: closed
    Dana lets it lapse
      NotPermitted: requested, denied
      becomes lapsed: authorized
      Over: withdrawn, lapsed, closed
      Deployed: deployed, documented, approved, rejected
    Dana withdraws
      becomes withdrawn: requested, authorized
      AlreadyDenied: denied
      Over: withdrawn, lapsed, closed
      Deployed: deployed, documented, approved, rejected
    Dana documents
      done, stays: requested, authorized, denied, deployed, documented, rejected
      Over: withdrawn, lapsed, closed
      becomes documented: approved
    Morgan approves
      NotDeployed: requested, authorized, denied
      Over: withdrawn, lapsed
      NotReady: deployed
      becomes closed: documented
      AlreadyApproved: approved, closed
      AlreadyRejected: rejected
    Morgan rejects
      NotDeployed: requested, authorized, denied
      Over: withdrawn, lapsed
      becomes rejected: deployed, documented
      AlreadyApproved: approved, closed
      AlreadyRejected: rejected
    Dana remedies
      NotRejected: requested, authorized, denied, deployed, documented, approved
      Over: withdrawn, lapsed, closed
      done, stays: rejected
    Morgan answers
      NothingToAnswer: requested, authorized, denied, withdrawn, lapsed, deployed, documented, closed
      becomes closed: approved
      done, stays: rejected
    time passes
      done, stays: requested, authorized, denied, withdrawn, lapsed, deployed, documented, approved, rejected, closed
    ");
}

#[test]
fn a_request_becomes_the_first_events_of_a_change() {
    given(requested()).then(&[Event::Requested {
        what: text("Deploy WAF rule to block SQL injection").commitment(),
        verbatim: text("Deploy WAF rule to block SQL injection @morgan").commitment(),
        asked: vec![person(MORGAN)],
        place: Place {
            channel: ChannelId::new("C0AUTH"),
            thread: None,
        },
        policy: PolicyVersion(1),
        said: None,
        captured: None,
        drill: false,
        documented_within: Some(hours(24)),
    }]);
}

fn asked_of(recorded: &[Recorded]) -> Vec<Party> {
    match &recorded.first().unwrap().event {
        Event::Requested { asked, .. } => asked.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_names_nobody_asks_whom_the_policy_names_but_never_themselves() {
    let mut policy = written();
    policy.approvers.insert(0, person(DANA));
    let others = vec![person(MORGAN), person(ALEX), group(LEADS)];
    assert_eq!(
        asked_of(&declared(asking(&[]), &policy).unwrap()),
        others,
        "nobody named"
    );
    assert_eq!(
        asked_of(&declared(asking(&[person(DANA)]), &policy).unwrap()),
        others,
        "only themselves named"
    );
    assert_eq!(
        asked_of(&declared(asking(&[person(DANA), person(KIM)]), &policy).unwrap()),
        vec![person(KIM)]
    );
}

#[test]
fn a_criterion_said_at_once_is_recorded_with_the_request() {
    let recorded = declared(saying("Restart the cache"), &written()).unwrap();
    assert_eq!(
        recorded.last().unwrap().event,
        Event::CriterionStated {
            criterion: Criterion::ProductionDown
        }
    );
}

#[test]
fn nothing_but_a_person_s_request_begins_a_change() {
    let tick = declared(Command::Tick, &written());
    assert_eq!(tick, Err(Refusal::NoSuchChange(NUMBER)));
    let submission = Submission {
        actor: Actor::Bot,
        at: berlin("2026-03-14 02:14"),
        source: Source::Webhook,
        command: request(),
    };
    assert!(matches!(
        declare(NUMBER, &submission, &written()),
        Err(Refusal::Bot { .. })
    ));
    let deployed = deployed();
    let rest = deployed.history.get(1..).unwrap();
    assert_eq!(EmergencyChange::replay(NUMBER, rest), None);
    assert_eq!(EmergencyChange::replay(NUMBER, &[]), None);
}

#[test]
fn an_authorization_keeps_who_when_how_and_on_what_ground() {
    let story = given(requested())
        .at(minutes(1))
        .when(authorize(MORGAN))
        .then(&[Event::Authorized {
            by: user(MORGAN),
            method: Method::Button,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: None,
            attested: None,
        }]);
    let given = story.change.authorization.as_ref().unwrap();
    assert_eq!(given.at, berlin("2026-03-14 02:15"));
    assert_eq!(story.change.ticket_opened_at(), Some(given.at));
    let story = story.at(minutes(5)).deploys(DANA);
    assert_eq!(story.change.authorized_ahead_by(), Some(minutes(4)));
}

#[test]
fn an_authorization_carries_the_instant_of_its_gesture() {
    let pressed_at = berlin("2026-03-14 02:15");
    let story = given(requested())
        .at(minutes(4))
        .when_done(pressed_at, authorize(MORGAN));
    assert_eq!(
        story.change.authorization.as_ref().unwrap().at,
        pressed_at,
        "not of its lookup"
    );
}

#[test]
fn an_authorization_looked_up_after_the_deployment_is_still_the_permission() {
    let pressed_at = berlin("2026-03-14 02:15");
    let story = given(requested())
        .at(minutes(5))
        .deploys(DANA)
        .at(minutes(6))
        .when_done(pressed_at, authorize(MORGAN));
    assert_eq!(story.change.authorized_ahead_by(), Some(minutes(4)));
    assert_eq!(story.change.second, None);
    assert_eq!(story.change.stage, Stage::Deployed);
    assert_eq!(story.obligation(Duty::SecondAuthorization), None);
    assert_eq!(
        story.exceptions(),
        [Exception::DeployedBeforeAuthorization],
        "what was recorded isn't erased"
    );
}

#[test]
fn an_act_handed_in_by_another_is_recorded_as_its_author_s() {
    let story = given(deployed_without())
        .at(minutes(9))
        .when(Move {
            actor: Actor::Person(user(DANA)),
            ..authorize(MORGAN)
        })
        .then(&[Event::SecondAuthorized {
            method: Method::Button,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: None,
        }]);
    assert_eq!(story.change.second.as_ref().unwrap().by, user(MORGAN));
}

#[test]
fn commander_and_authorizer_in_one_person_act_once() {
    let mut story = requested();
    story.policy.commanders.push(person(MORGAN));
    let story = story
        .at(minutes(1))
        .when(name_commander(DANA, MORGAN))
        .at(minutes(2))
        .when(authorize(MORGAN))
        .then(&[
            Event::Authorized {
                by: user(MORGAN),
                method: Method::Button,
                strength: Strength::Direct,
                ground: Ground::Policy,
                evidence: None,
                attested: None,
            },
            Event::CommanderAuthorized {
                method: Method::Button,
                strength: Strength::Direct,
                ground: Ground::Commander,
            },
        ]);
    let commander = story.change.commander.as_ref().unwrap();
    assert_eq!(commander.authorized_at, Some(story.now));
}

#[test]
fn the_requester_s_word_makes_nobody_a_commander_whom_the_policy_does_not_name() {
    let story = given(requested())
        .at(minutes(1))
        .when(name_commander(DANA, MORGAN))
        .at(minutes(2))
        .when(authorize(MORGAN));
    let commander = story.change.commander.as_ref().unwrap();
    assert_eq!(commander.authorized_at, None);
    story
        .when(take_command(MORGAN))
        .refused(&Refusal::NotACommander);
}

#[test]
fn whoever_takes_command_replaces_whom_the_requester_named() {
    let story = given(requested())
        .when(name_commander(DANA, ALEX))
        .when(take_command(RILEY));
    assert_eq!(story.change.commander.as_ref().unwrap().who, user(RILEY));
}

#[test]
fn a_denied_change_can_be_asked_of_somebody_else_and_authorized() {
    let story = given(requested())
        .at(minutes(1))
        .when(deny(MORGAN))
        .then(&[Event::Denied {
            ground: Ground::Policy,
            evidence: None,
        }])
        .at(minutes(2))
        .when(ask(DANA, &[person(ALEX)]));
    assert_eq!(story.change.stage, Stage::Requested);
    assert_eq!(
        story.obligation(Duty::AnswerRequest).unwrap().owner,
        Some(person(ALEX))
    );
    let again = given(requested())
        .when(deny(MORGAN))
        .when(ask(DANA, &[person(ALEX)]))
        .when(deny(ALEX));
    assert_eq!(again.change.denial.as_ref().unwrap().by, user(ALEX));
    let story = story.at(minutes(3)).when(authorize(ALEX));
    assert_eq!(story.change.stage, Stage::Authorized);
}

#[test]
fn the_requester_withdraws_and_nobody_else() {
    given(requested())
        .when(by(RILEY, Command::Withdraw))
        .refused(&Refusal::NotTheRequester {
            number: NUMBER,
            requester: user(DANA),
            what: "withdraw it",
        })
        .when(by(DANA, Command::Withdraw))
        .then(&[Event::Withdrawn]);
}

#[test]
fn the_requester_lets_a_permitted_change_lapse_and_nobody_else() {
    given(authorized())
        .when(by(RILEY, Command::Lapse))
        .refused(&Refusal::NotTheRequester {
            number: NUMBER,
            requester: user(DANA),
            what: "say that it was never deployed",
        })
        .when(by(DANA, Command::Lapse))
        .then(&[Event::Lapsed]);
    given(requested().when(go_ahead(DANA)))
        .when(by(DANA, Command::Lapse))
        .then(&[Event::Lapsed]);
}

#[test]
fn a_withdrawn_or_lapsed_change_that_was_deployed_after_all_is_told() {
    let story = given(authorized().when(by(DANA, Command::Lapse)))
        .at(hours(9))
        .deploys(DANA);
    assert_eq!(story.change.stage, Stage::Deployed);
    assert_eq!(story.exceptions(), []);
    let story = given(requested().when(by(DANA, Command::Withdraw)))
        .at(hours(9))
        .deploys(DANA);
    assert_eq!(story.change.stage, Stage::Deployed);
    assert_eq!(story.exceptions(), [Exception::NotAuthorized]);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.met_at, None);
}

#[test]
fn a_delivery_is_evidence_and_changes_nothing_else() {
    let (channel, ts) = message();
    let story = given(requested()).when(Move {
        actor: Actor::Bot,
        command: Command::RecordDelivery {
            key: "card".to_owned(),
            channel: channel.clone(),
            ts: ts.clone(),
            payload: [9; 32],
            showed: 1,
        },
    });
    let mut unlike = story.change.clone();
    unlike.version -= 1;
    assert_eq!(unlike, requested().change);
    story.then(&[Event::Delivered {
        key: "card".to_owned(),
        channel,
        ts,
        payload: [9; 32],
        showed: 1,
    }]);
    given(requested())
        .when(Move {
            actor: Actor::Bot,
            command: Command::RecordFailure {
                key: "card".to_owned(),
                error: "channel_not_found".to_owned(),
            },
        })
        .then(&[Event::Undelivered {
            key: "card".to_owned(),
            error: "channel_not_found".to_owned(),
        }]);
}

#[test]
fn who_deployed_twice_hears_of_the_decision_once() {
    let before = documented().at(hours(2)).deploys(DANA).at(hours(3));
    let first = before.change.clone();
    let story = before.when(reject(MORGAN));
    let recorded = story.outcome.as_ref().unwrap();
    let told = effects(Some(&first), &story.change, recorded, &story.policy)
        .into_iter()
        .filter(|effect| matches!(effect, Effect::Tell { person, .. } if *person == user(DANA)))
        .count();
    assert_eq!(told, 1);
}

#[test]
fn a_deployment_told_twice_is_known_once() {
    let story = given(deployed());
    let known = story.change.deployed_at().unwrap();
    let refusal = Refusal::AlreadyDeployed {
        number: NUMBER,
        by: user(DANA),
        at: known,
    };
    let story = story
        .at(minutes(6))
        .deploys(DANA)
        .refused(&refusal)
        .when(deployed_at(DANA, known - minutes(3)))
        .refused(&refusal)
        .at(minutes(10))
        .deploys(DANA);
    assert_eq!(story.change.deployments.len(), 2, "a second one");
    let story = story.at(minutes(11)).deploys(RILEY);
    assert_eq!(story.change.deployments.len(), 3, "somebody else's");
}

#[test]
fn a_second_telling_never_hides_that_the_deployment_came_before_the_authorization() {
    let story = given(requested())
        .at(minutes(4))
        .when(authorize(MORGAN))
        .at(minutes(5))
        .deploys(DANA);
    assert_eq!(story.exceptions(), []);
    let at = story.began_at + minutes(3);
    let story = story.at(minutes(6)).when(deployed_at(DANA, at));
    assert_eq!(story.exceptions(), [Exception::DeployedBeforeAuthorization]);
}
