//! Which obligations exist when, who owes them, by when, and what meets them.

use super::*;

fn duties(story: &Story) -> Vec<(String, Option<Party>)> {
    story
        .owed()
        .into_iter()
        .filter(|one| one.met_at.is_none())
        .map(|one| (one.duty.name(), one.owner))
        .collect()
}

fn owes(duty: &str, owner: Party) -> (String, Option<Party>) {
    (duty.to_owned(), Some(owner))
}

#[test]
fn a_request_owes_an_answer_by_the_first_who_was_asked() {
    let story = given(requested());
    assert_eq!(duties(&story), [owes("answer_request", person(MORGAN))]);
    assert_eq!(story.obligation(Duty::AnswerRequest).unwrap().due_at, None);
}

#[test]
fn a_request_to_nobody_under_no_policy_owes_an_answer_by_nobody_in_particular() {
    let Command::Request {
        what,
        verbatim,
        place,
        criterion,
        ..
    } = request()
    else {
        unreachable!()
    };
    let story = Story::begin(
        berlin("2026-03-14 02:14"),
        Policy::unwritten(PolicyVersion(1)),
        Town::berlin(),
        Command::Request {
            what,
            verbatim,
            asked: Vec::new(),
            place,
            criterion,
            said: None,
            captured: None,
            drill: false,
            known: Vec::new(),
        },
    );
    assert_eq!(duties(&story), [("answer_request".to_owned(), None)]);
    let story = story.until(minutes(10));
    assert_eq!(
        story.reminders(&[Duty::AnswerRequest]),
        "Sat 14 02:17 nobody in particular: answer_request again-1\n\
         Sat 14 02:20 nobody in particular: answer_request again-2"
    );
}

#[test]
fn once_permitted_the_requester_owes_word_of_the_deployment() {
    let asked = [owes("confirm_deployment", person(DANA))];
    let authorized = authorized();
    assert_eq!(duties(&authorized), asked);
    assert_eq!(
        authorized
            .obligation(Duty::ConfirmDeployment)
            .unwrap()
            .opened_at,
        authorized.now
    );
    assert_eq!(duties(&requested().when(go_ahead(DANA))), asked);
}

#[test]
fn a_denied_withdrawn_or_lapsed_change_owes_nothing_and_wakes_nobody() {
    for story in [
        requested().when(deny(MORGAN)),
        requested().when(by(DANA, Command::Withdraw)),
        authorized().when(by(DANA, Command::Lapse)),
        requested()
            .when(go_ahead(DANA))
            .when(by(DANA, Command::Lapse)),
    ] {
        assert_eq!(duties(&story), []);
        assert_eq!(story.next_due_at(), None, "{:?}", story.change.stage);
    }
}

#[test]
fn while_no_deployment_is_known_there_is_no_deadline_and_no_miss() {
    for story in [requested(), authorized(), requested().when(go_ahead(DANA))] {
        assert_eq!(story.change.due_at(), None);
        let story = story.until(days(30));
        assert_eq!(story.misses(), []);
    }
}

#[test]
fn a_deployment_opens_the_ticket_and_the_decision_for_a_day() {
    let story = given(deployed());
    assert_eq!(
        duties(&story),
        [
            owes("ticket", person(DANA)),
            owes("approval", person(MORGAN))
        ]
    );
    let due_at = Some(berlin("2026-03-15 02:19"));
    for one in story.owed() {
        assert_eq!(one.due_at, due_at);
    }
    let commander = story.obligation(Duty::CommanderAuthorization).unwrap();
    assert_eq!(commander.met_at, Some(berlin("2026-03-14 02:16")));
}

#[test]
fn a_deployment_without_authorization_owes_everything_at_once() {
    let story = given(requested()).at(minutes(5)).deploys(DANA);
    assert_eq!(
        duties(&story),
        [
            owes("ticket", person(DANA)),
            owes("commander_authorization", person(DANA)),
            owes("second_authorization", person(MORGAN)),
            owes("approval", person(MORGAN)),
            owes(
                "answer_exception:deployed_before_authorization",
                person(MORGAN)
            ),
        ]
    );
}

#[test]
fn the_requester_says_who_commands_until_somebody_is_known() {
    let story = given(authorized()).at(minutes(5)).deploys(ALEX);
    let owner = |story: &Story| {
        let one = story.obligation(Duty::CommanderAuthorization).unwrap();
        one.owner
    };
    assert_eq!(owner(&story), Some(person(DANA)));
    let story = story.when(name_commander(DANA, RILEY));
    assert_eq!(owner(&story), Some(person(RILEY)));
    assert_eq!(
        story
            .obligation(Duty::CommanderAuthorization)
            .unwrap()
            .met_at,
        None,
        "named is not authorized"
    );
}

#[test]
fn the_implementer_owes_the_ticket_even_if_somebody_else_asked() {
    let story = given(authorized()).at(minutes(5)).deploys(ALEX);
    assert_eq!(
        story.obligation(Duty::Ticket).unwrap().owner,
        Some(person(ALEX))
    );
}

#[test]
fn the_approver_is_the_authorizer_else_the_second_person_else_whom_the_policy_names() {
    let approver = |story: &Story| story.obligation(Duty::Approval).unwrap().owner;
    assert_eq!(approver(&deployed()), Some(person(MORGAN)));
    let alone = requested().at(minutes(5)).deploys(DANA);
    assert_eq!(approver(&alone), Some(person(MORGAN)), "who was asked");
    let second = alone.at(minutes(6)).when(authorize(ALEX));
    assert_eq!(approver(&second), Some(person(ALEX)));
    let involved = requested().at(minutes(5)).deploys(MORGAN);
    assert_eq!(
        approver(&involved),
        Some(person(ALEX)),
        "whom the policy names"
    );
    let all = involved.at(minutes(15)).deploys(ALEX);
    assert_eq!(approver(&all), Some(group(LEADS)));
}

#[test]
fn the_decision_is_ready_when_everything_it_needs_is_there() {
    let ready_at = |story: &Story| story.obligation(Duty::Approval).unwrap().ready_at;
    let story = given(requested())
        .at(minutes(5))
        .deploys(DANA)
        .at(hours(1))
        .when(document(DANA, TICKET))
        .at(hours(2))
        .when(state_criterion(DANA));
    assert_eq!(ready_at(&story), None);
    let story = story.at(hours(3)).when(authorize(MORGAN));
    assert_eq!(ready_at(&story), None);
    let story = story.at(hours(4)).when(take_command(RILEY));
    assert_eq!(ready_at(&story), Some(story.now));
}

#[test]
fn a_ticket_written_ahead_is_ready_with_the_deployment_and_never_late() {
    let story = given(authorized())
        .at(minutes(2))
        .when(take_command(RILEY))
        .at(minutes(3))
        .when(document(DANA, TICKET))
        .when(state_criterion(DANA));
    assert_eq!(story.events().last(), Some(&Event::Documented));
    let deployed = story.began_at + minutes(5);
    let story = story.at(hours(30)).when(deployed_at(DANA, deployed));
    assert_eq!(story.change.stage.name(), "documented");
    assert_eq!(story.exceptions(), [Exception::ApprovedLate]);
    assert_eq!(
        story.obligation(Duty::Approval).unwrap().ready_at,
        Some(story.now)
    );
}

#[test]
fn the_remedy_and_the_answers_are_owed_within_a_week() {
    let story = given(rejected());
    let remedy = story.obligation(Duty::Remediation).unwrap();
    assert_eq!(remedy.owner, Some(person(DANA)));
    assert_eq!(remedy.due_at, Some(story.now + days(7)));
    let answer = story
        .obligation(Duty::AnswerException(Exception::Rejected))
        .unwrap();
    assert_eq!(answer.owner, Some(person(MORGAN)));
    assert_eq!(answer.due_at, Some(story.now + days(7)));
    let story = story.at(hours(5)).when(remediate(DANA));
    assert_eq!(
        story.obligation(Duty::Remediation).unwrap().met_at,
        Some(story.now)
    );
}

#[test]
fn the_answer_to_an_exception_is_not_late_before_anybody_asks_for_it() {
    let story = given(requested()).when(go_ahead(DANA));
    let duty = Duty::AnswerException(Exception::NotAuthorized);
    assert_eq!(story.obligation(duty), None);
    let story = story.at(days(10)).deploys(DANA);
    let one = story.obligation(duty).unwrap();
    assert_eq!(one.opened_at, story.now);
    assert_eq!(one.due_at, Some(story.now + days(7)));
}

#[test]
fn a_rejection_is_a_decision_too() {
    let story = given(rejected());
    assert_eq!(
        story.obligation(Duty::Approval).unwrap().met_at,
        Some(story.now)
    );
    let story = story.until(days(3));
    assert_eq!(story.misses(), []);
}

#[test]
fn an_approval_taken_back_is_owed_anew_within_a_day_of_the_edit() {
    let story =
        given(approved())
            .at(hours(30))
            .when(document_as(DANA, &[Field::Outcome], "rewritten"));
    let approval = story.obligation(Duty::Approval).unwrap();
    assert_eq!(approval.met_at, None);
    assert_eq!(approval.ready_at, Some(story.now));
    assert_eq!(approval.due_at, Some(story.now + days(1)));
}

#[test]
fn a_duty_keeps_its_name_in_the_record() {
    let duties = [
        Duty::AnswerRequest,
        Duty::ConfirmDeployment,
        Duty::Ticket,
        Duty::CommanderAuthorization,
        Duty::SecondAuthorization,
        Duty::Approval,
        Duty::Remediation,
    ];
    let answers = Exception::ALL.iter().copied().map(Duty::AnswerException);
    let names: BTreeSet<String> = duties
        .into_iter()
        .chain(answers)
        .map(|duty| {
            assert_eq!(Duty::from_name(&duty.name()), Some(duty));
            duty.name()
        })
        .collect();
    assert_eq!(names.len(), 7 + Exception::ALL.len());
    for unknown in ["", "tickets", "answer_exception", "answer_exception:late"] {
        assert_eq!(Duty::from_name(unknown), None, "{unknown}");
    }
}
