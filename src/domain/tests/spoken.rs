//! Authorization on somebody's word: said on the phone, or given by the most
//! senior engineer at hand. It counts, and somebody else makes it good.

use super::*;
use crate::domain::authorization::{Act, Ground};
use crate::domain::change::{ActOf, Evidence, Stage, Strength, Waiting};

/// `attester` says at `at` that `who` authorized it.
fn attest(attester: &str, who: &str, at: DateTime<Utc>) -> Move {
    by(
        attester,
        Command::Authorize {
            by: full(who),
            given: Given::Spoken {
                attested: ActOf {
                    by: user(attester),
                    at,
                },
                account: Some(text("Called Morgan, who said go.")),
            },
        },
    )
}

fn stand_in(who: &str) -> Move {
    by(who, Command::StandIn { by: full(who) })
}

fn confirm(who: &str) -> Move {
    by(who, Command::ConfirmAttestation)
}

fn dispute(who: &str) -> Move {
    by(who, Command::DisputeAttestation)
}

impl Story {
    /// Dana says now what `who` said so many minutes after the request.
    fn attests(self, who: &str, said: i64) -> Self {
        let said_at = self.began_at + minutes(said);
        let now = self.now;
        self.when_done(said_at, attest(DANA, who, now))
    }
}

/// Morgan said so on the phone a minute after the request; Dana told it two
/// minutes later.
fn attested() -> Story {
    requested().at(minutes(3)).attests(MORGAN, 1)
}

/// Riley commands, and Dana deploys five minutes after the request.
fn attested_and_deployed() -> Story {
    attested()
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(DANA)
}

/// Sam stands in a minute after the request.
fn stood_in() -> Story {
    requested().at(minutes(1)).when(stand_in(SAM))
}

#[test]
fn word_of_mouth_authorizes_from_when_it_was_given_as_attested() {
    let story = attested();
    assert_eq!(
        story.events(),
        [Event::Authorized {
            by: user(MORGAN),
            method: Method::Spoken,
            strength: Strength::Attested,
            ground: Ground::Policy,
            evidence: Some(Evidence::Account {
                text: text("Called Morgan, who said go.").commitment(),
            }),
            attested: Some(ActOf {
                by: user(DANA),
                at: story.began_at + minutes(3),
            }),
        }]
    );
    let given = story.change.authorization.as_ref().unwrap();
    assert_eq!(given.at, story.began_at + minutes(1));
    assert_eq!(story.change.stage, Stage::Authorized);
    assert_eq!(story.change.awaits_confirmation(), Some(&user(MORGAN)));
    let account = text("Called Morgan, who said go.").commitment();
    assert!(story.change.commitments().contains(&account));
}

#[test]
fn the_one_who_is_said_to_have_given_it_is_asked_by_day_until_they_confirm() {
    let story = attested_and_deployed().until(hours(10));
    insta::assert_snapshot!(story.reminders(&[Duty::Confirmation]), @r"
    Sat 14 08:00 U0MORGAN: confirmation opening
    Sat 14 10:19 U0MORGAN: confirmation before-960
    ");
    let owed = story.obligation(Duty::Confirmation).unwrap();
    assert_eq!(owed.owner, Some(person(MORGAN)));
    assert_eq!(owed.due_at, story.change.due_at());
    let story = story
        .when(confirm(MORGAN))
        .then(&[Event::AttestationConfirmed]);
    let given = story.change.authorization.as_ref().unwrap();
    assert_eq!(given.strength, Strength::Attested, "it stays what it was");
    assert_eq!(given.confirmed_at, Some(story.now));
    let owed = story.obligation(Duty::Confirmation).unwrap();
    assert_eq!(owed.met_at, Some(story.now));
    assert_eq!(story.exceptions(), []);
}

#[test]
fn neither_approval_nor_closing_does_without_the_confirmation() {
    let story = attested_and_deployed()
        .at(hours(1))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
        .approves(MORGAN)
        .refused(&Refusal::NotReady {
            number: NUMBER,
            waiting: Waiting(vec![
                "the confirmation of an attested authorization".to_owned(),
            ]),
        })
        .when(confirm(MORGAN))
        .approves(MORGAN);
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn unconfirmed_at_the_deadline_is_a_miss_and_an_exception() {
    let story = attested_and_deployed().until(hours(25));
    let due_at = berlin("2026-03-15 02:19");
    assert!(
        story
            .misses()
            .contains(&(Duty::Confirmation, due_at, due_at))
    );
    let story = story.when(confirm(MORGAN));
    assert!(story.exceptions().contains(&Exception::ConfirmedLate));
}

#[test]
fn nobody_but_the_one_named_says_whether_they_did_and_once() {
    let named = Refusal::NotTheOneNamed {
        number: NUMBER,
        by: user(MORGAN),
    };
    let nothing = Refusal::NothingToConfirm { number: NUMBER };
    attested()
        .when(confirm(DANA))
        .refused(&named)
        .when(dispute(ALEX))
        .refused(&named)
        .when(confirm(MORGAN))
        .when(confirm(MORGAN))
        .refused(&nothing)
        .when(dispute(MORGAN))
        .refused(&nothing);
    authorized().when(confirm(MORGAN)).refused(&nothing);
    stood_in().when(confirm(SAM)).refused(&nothing);
}

#[test]
fn disputed_before_the_deployment_it_was_never_authorized() {
    let story = attested()
        .at(minutes(4))
        .when(dispute(MORGAN))
        .then(&[Event::AttestationDisputed]);
    assert_eq!(story.change.stage, Stage::Requested);
    assert_eq!(story.change.authorization, None);
    assert_eq!(story.obligation(Duty::Confirmation), None);
    let asked = story.obligation(Duty::AnswerRequest).unwrap();
    assert_eq!(asked.opened_at, story.now, "it is asked anew");
    let story = story.at(minutes(6)).deploys(DANA);
    assert_eq!(story.exceptions(), [Exception::DeployedBeforeAuthorization]);
}

#[test]
fn disputed_after_the_deployment_it_went_out_unauthorized() {
    let story = attested_and_deployed()
        .at(hours(7))
        .when(dispute(MORGAN))
        .then(&[
            Event::AttestationDisputed,
            Event::ExceptionRecorded {
                exception: Exception::NotAuthorized,
            },
        ]);
    assert_eq!(story.change.stage, Stage::Deployed);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!((second.owner, second.met_at), (Some(person(MORGAN)), None));
    let story = story.at(hours(8)).when(authorize(ALEX));
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.met_at, Some(story.now));
    assert_eq!(story.exceptions(), [Exception::NotAuthorized]);
}

#[test]
fn disputed_after_a_denial_the_denial_stood_all_the_time() {
    let denied = || requested().at(minutes(1)).when(deny(ALEX)).at(minutes(3));
    let before = denied().attests(MORGAN, 2).when(dispute(MORGAN));
    assert_eq!(before.change.stage, Stage::Denied);
    let after = denied()
        .attests(MORGAN, 2)
        .at(minutes(5))
        .deploys(DANA)
        .when(dispute(MORGAN));
    assert_eq!(after.exceptions(), [Exception::DeployedAgainstDenial]);
}

#[test]
fn going_ahead_is_its_own_exception_and_a_dispute_adds_none() {
    let story = requested()
        .at(minutes(1))
        .when(go_ahead(DANA))
        .at(minutes(3))
        .attests(MORGAN, 2)
        .at(minutes(5))
        .deploys(DANA)
        .when(dispute(MORGAN));
    assert_eq!(story.exceptions(), [Exception::NotAuthorized]);
}

#[test]
fn attested_again_after_a_dispute_they_are_asked_again() {
    let story = requested().at(hours(8)).attests(MORGAN, 1);
    let story = story.when(dispute(MORGAN)).at(hours(9)).attests(MORGAN, 2);
    assert_eq!(story.change.awaits_confirmation(), Some(&user(MORGAN)));
    insta::assert_snapshot!(story.reminders(&[Duty::Confirmation]), @r"
    Sat 14 10:14 U0MORGAN: confirmation opening
    Sat 14 11:14 U0MORGAN: confirmation opening
    ");
}

#[test]
fn ones_own_act_beats_what_others_say_of_one() {
    let before = attested().at(minutes(4)).when(authorize(MORGAN));
    let given = before.change.authorization.as_ref().unwrap();
    assert_eq!(given.strength, Strength::Direct);
    assert_eq!(before.change.awaits_confirmation(), None);
    let after = attested_and_deployed()
        .at(minutes(9))
        .when(authorize(MORGAN))
        .then(&[Event::AttestationConfirmed]);
    assert_eq!(after.exceptions(), []);
    let another = attested().at(minutes(4)).when(authorize(ALEX));
    let given = another.change.authorization.as_ref().unwrap();
    assert_eq!((&given.by, given.strength), (&user(ALEX), Strength::Direct));
    assert_eq!(another.obligation(Duty::Confirmation), None);
    let denied = attested().at(minutes(4)).when(deny(MORGAN));
    assert_eq!(denied.change.stage, Stage::Denied);
    assert_eq!(denied.change.authorization, None);
}

#[test]
fn what_others_say_beats_nothing_that_stands() {
    let refusal = |by, at| Refusal::AlreadyAuthorized {
        number: NUMBER,
        by: user(by),
        at,
    };
    let story = attested().at(minutes(4)).attests(ALEX, 2);
    let at = story.began_at + minutes(1);
    story
        .refused(&refusal(MORGAN, at))
        .when(deny(ALEX))
        .refused(&Refusal::DeniedTooLate {
            number: NUMBER,
            by: user(MORGAN),
            at,
        });
    let story = authorized().at(minutes(4)).attests(ALEX, 2);
    story.refused(&refusal(MORGAN, at));
    let story = attested_and_deployed().at(minutes(9)).when(authorize(ALEX));
    story.refused(&refusal(MORGAN, at));
}

#[test]
fn nobody_attests_their_own_word() {
    let now = requested().at(minutes(3)).now;
    requested()
        .at(minutes(3))
        .when(attest(MORGAN, MORGAN, now))
        .refused(&Refusal::OwnWord { number: NUMBER })
        .when(attest(DANA, DANA, now))
        .refused(&Refusal::OwnRequest {
            act: Act::Authorize,
        });
}

#[test]
fn the_rules_for_the_one_named_are_told_to_the_one_who_names_them() {
    let told = |refusal: Refusal, who| refusal.of(&user(who));
    let act = Act::Authorize;
    requested()
        .at(minutes(3))
        .attests(SAM, 1)
        .refused(&told(Refusal::NotAnApprover { act }, SAM))
        .when(attest(RILEY, DANA, berlin("2026-03-14 02:17")))
        .refused(&told(Refusal::OwnRequest { act }, DANA))
        .when(go_ahead(ALEX))
        .attests(ALEX, 2)
        .refused(&told(Refusal::OwnGoingAhead { act }, ALEX))
        .at(minutes(6))
        .deploys(MORGAN)
        .attests(MORGAN, 1)
        .refused(&told(Refusal::OwnDeployment { act }, MORGAN));
    let guest = Member {
        standing: Standing::Guest,
        ..full(MORGAN)
    };
    let command = Command::Authorize {
        by: guest,
        given: Given::Spoken {
            attested: ActOf {
                by: user(DANA),
                at: berlin("2026-03-14 02:17"),
            },
            account: None,
        },
    };
    requested()
        .at(minutes(3))
        .when(by(DANA, command))
        .refused(&told(Refusal::Guest { act }, MORGAN));
}

#[test]
fn what_was_said_after_the_deployment_authorizes_nothing() {
    deployed_without()
        .at(minutes(9))
        .attests(MORGAN, 6)
        .refused(&Refusal::SpokenTooLate { number: NUMBER });
    let in_time = deployed_without().at(minutes(9)).attests(MORGAN, 4);
    assert_eq!(in_time.change.authorized_ahead_by(), Some(minutes(1)));
    assert_eq!(in_time.change.awaits_confirmation(), Some(&user(MORGAN)));
}

#[test]
fn nobodys_no_is_taken_from_anothers_mouth() {
    let command = Command::Deny {
        by: full(MORGAN),
        given: Given::Spoken {
            attested: ActOf {
                by: user(DANA),
                at: berlin("2026-03-14 02:17"),
            },
            account: None,
        },
    };
    requested()
        .at(minutes(3))
        .when(by(DANA, command))
        .refused(&Refusal::DeniedByWord {
            number: NUMBER,
            by: user(MORGAN),
        });
}

#[test]
fn word_of_mouth_makes_nobody_the_commander() {
    let story = requested()
        .when(name_commander(DANA, MORGAN))
        .at(minutes(3))
        .attests(MORGAN, 1);
    let commander = story.change.commander.as_ref().unwrap();
    assert_eq!(commander.authorized_at, None);
}

#[test]
fn the_most_senior_engineer_authorizes_as_attested_and_a_second_person_is_owed() {
    let story = stood_in();
    assert_eq!(
        story.events(),
        [Event::Authorized {
            by: user(SAM),
            method: Method::Button,
            strength: Strength::Attested,
            ground: Ground::MostSenior,
            evidence: None,
            attested: Some(ActOf {
                by: user(SAM),
                at: story.now,
            }),
        }]
    );
    assert_eq!(
        story.obligation(Duty::Confirmation),
        None,
        "it is their own"
    );
    let story = story.at(minutes(5)).deploys(DANA);
    assert_eq!(story.exceptions(), [], "it was authorized");
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.owner, Some(person(MORGAN)));
    assert_eq!(second.due_at, story.change.due_at());
    assert_eq!(
        story.obligation(Duty::Approval).unwrap().owner,
        Some(person(MORGAN))
    );
    let story = story.at(hours(7)).when(authorize(MORGAN));
    assert!(story.change.second.is_some());
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.met_at, Some(story.now));
}

#[test]
fn who_stood_in_is_never_the_second_person_nor_the_approver_though_named_since() {
    let mut story = stood_in().at(minutes(5)).deploys(DANA);
    story.policy.approvers.insert(0, person(SAM));
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.owner, Some(person(MORGAN)));
    story
        .at(minutes(9))
        .when(authorize(SAM))
        .refused(&Refusal::OwnStandIn {
            act: Act::SecondAuthorize,
        })
        .approves(SAM)
        .refused(&Refusal::OwnStandIn { act: Act::Approve });
}

#[test]
fn who_is_asked_and_stands_in_is_not_asked_to_make_that_good() {
    let asked = asking(&[person(SAM)]);
    let story = Story::begin(berlin("2026-03-14 02:14"), written(), Town::berlin(), asked)
        .when(stand_in(SAM))
        .at(minutes(5))
        .deploys(DANA);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.owner, Some(person(MORGAN)));
}

#[test]
fn whoever_has_the_authority_uses_that() {
    let story = requested().at(minutes(1)).when(stand_in(MORGAN));
    let given = story.change.authorization.as_ref().unwrap();
    assert_eq!(
        (given.ground, given.strength),
        (Ground::Policy, Strength::Direct)
    );
    assert_eq!(given.attested, None);
    let mut story = requested();
    story.policy = Policy::unwritten(PolicyVersion(1));
    let story = story.when(stand_in(SAM));
    let given = story.change.authorization.as_ref().unwrap();
    assert_eq!(given.ground, Ground::NoPolicy);
}

#[test]
fn authority_that_comes_before_the_deployment_takes_the_place_of_seniority() {
    let story = stood_in().at(minutes(3)).when(authorize(MORGAN));
    let given = story.change.authorization.as_ref().unwrap();
    assert_eq!((&given.by, given.ground), (&user(MORGAN), Ground::Policy));
    let story = story.at(minutes(5)).deploys(DANA);
    assert_eq!(story.obligation(Duty::SecondAuthorization), None);
    assert_eq!(story.exceptions(), []);
    let denied = stood_in().at(minutes(3)).when(deny(MORGAN));
    assert_eq!(denied.change.stage, Stage::Denied);
    let denied = denied.at(minutes(5)).deploys(DANA);
    assert_eq!(denied.exceptions(), [Exception::DeployedAgainstDenial]);
    let asked = stood_in().when(ask(DANA, &[person(ALEX)]));
    assert_eq!(asked.change.asked, [person(ALEX)]);
    let spoken = stood_in().at(minutes(3)).attests(MORGAN, 2);
    assert_eq!(spoken.change.awaits_confirmation(), Some(&user(MORGAN)));
}

#[test]
fn nobody_stands_in_for_somebody_who_was_at_hand() {
    let denied = requested().at(minutes(1)).when(deny(MORGAN));
    let refusal = Refusal::AlreadyDenied {
        number: NUMBER,
        by: user(MORGAN),
        at: denied.now,
    };
    denied
        .when(stand_in(SAM))
        .refused(&refusal)
        .when(ask(DANA, &[person(ALEX)]))
        .when(stand_in(SAM))
        .refused(&refusal);
    let authorized = authorized();
    let refusal = Refusal::AlreadyAuthorized {
        number: NUMBER,
        by: user(MORGAN),
        at: authorized.now,
    };
    let story = authorized.when(stand_in(SAM)).refused(&refusal);
    let self_authorized = story.at(minutes(5)).deploys(MORGAN);
    let pressed_at = self_authorized.began_at + minutes(2);
    self_authorized
        .when_done(pressed_at, stand_in(SAM))
        .refused(&refusal);
}

#[test]
fn nobody_stands_in_who_has_a_part_in_it_or_after_the_deployment() {
    let act = Act::StandIn;
    requested()
        .when(stand_in(DANA))
        .refused(&Refusal::OwnRequest { act })
        .when(go_ahead(SAM))
        .when(stand_in(SAM))
        .refused(&Refusal::OwnGoingAhead { act });
    deployed_without()
        .at(minutes(9))
        .when(stand_in(SAM))
        .refused(&Refusal::Deployed {
            number: NUMBER,
            what: "authorized by the most senior engineer",
        });
    stood_in()
        .when(stand_in(SAM))
        .refused(&Refusal::OwnStandIn { act });
    let by_riley = stood_in().when(stand_in(RILEY));
    let at = by_riley.began_at + minutes(1);
    by_riley.refused(&Refusal::AlreadyAuthorized {
        number: NUMBER,
        by: user(SAM),
        at,
    });
}

#[test]
fn the_commander_who_stands_in_commands_by_the_same_act() {
    let story = requested()
        .when(name_commander(DANA, RILEY))
        .at(minutes(1))
        .when(stand_in(RILEY));
    let commander = story.change.commander.as_ref().unwrap();
    assert_eq!(commander.authorized_at, Some(story.now));
}
