//! What was said in the channel becomes the same record as what was pressed:
//! answers in words and by emoji, edits and deletions, duplicates, rehearsals.

use super::*;
use crate::domain::authorization::{Act, Ground};
use crate::domain::change::{
    Alteration, Capture, Evidence, MessageRef, NotGenuine, Stage, Strength,
};
use crate::domain::ticket::gaps;

const ASKED: &str = "1773450840.000100";
const ANSWERED: &str = "1773450905.000200";
const CHECK: &str = "white_check_mark";

pub(super) fn message_at(ts: &str) -> MessageRef {
    MessageRef {
        channel: ChannelId::new("C0AUTH"),
        ts: MessageTs::new(ts),
        thread: None,
        permalink: None,
    }
}

fn in_words() -> Given {
    Given::Message {
        text: text("approved. Deploy."),
        message: message_at(ANSWERED),
        read_so: None,
    }
}

fn by_emoji() -> Given {
    Given::Reaction {
        name: CHECK.to_owned(),
        on: message_at(ASKED),
    }
}

fn authorize_by(who: &str, given: Given) -> Move {
    by(
        who,
        Command::Authorize {
            by: full(who),
            given,
        },
    )
}

fn deny_by(who: &str, given: Given) -> Move {
    by(
        who,
        Command::Deny {
            by: full(who),
            given,
        },
    )
}

fn edit(ts: &str, words: &str) -> Move {
    let command = Command::NoteEdit {
        channel: ChannelId::new("C0AUTH"),
        ts: MessageTs::new(ts),
        to: text(words),
    };
    by(MORGAN, command)
}

fn delete(ts: &str) -> Move {
    let command = Command::NoteDeletion {
        channel: ChannelId::new("C0AUTH"),
        ts: MessageTs::new(ts),
    };
    by(MORGAN, command)
}

fn unreact(who: &str, name: &str, ts: &str) -> Move {
    let command = Command::NoteReactionRemoved {
        name: name.to_owned(),
        channel: ChannelId::new("C0AUTH"),
        ts: MessageTs::new(ts),
    };
    by(who, command)
}

fn link(who: &str, of: u64) -> Move {
    let of = ChangeNumber(of);
    by(who, Command::LinkAsDuplicate { of })
}

fn state_reason(who: &str, reason: NotGenuine, words: Option<&str>) -> Move {
    by(
        who,
        Command::StateReason {
            by: full(who),
            reason,
            text: words.map(text),
        },
    )
}

/// The request as it was said in a message, put on record by Sam so long after.
fn said_and_captured(after: TimeDelta) -> Command {
    captured_request(Some(Capture {
        by: user(SAM),
        at: berlin("2026-03-14 02:14") + after,
    }))
}

fn captured_request(captured: Option<Capture>) -> Command {
    let Command::Request {
        what,
        verbatim,
        asked,
        place,
        criterion,
        drill,
        ..
    } = request()
    else {
        unreachable!()
    };
    Command::Request {
        what,
        verbatim,
        asked,
        place,
        criterion,
        said: Some(message_at(ASKED)),
        captured,
        drill,
        known: Vec::new(),
    }
}

fn said(after: TimeDelta) -> Story {
    let began_at = berlin("2026-03-14 02:14");
    let request = said_and_captured(after);
    Story::begin(began_at, written(), Town::berlin(), request).at(after)
}

fn rehearsed() -> Story {
    let mut command = request();
    if let Command::Request { drill, .. } = &mut command {
        *drill = true;
    }
    let began_at = berlin("2026-03-14 02:14");
    Story::begin(began_at, written(), Town::berlin(), command)
}

/// The guide's two lines, captured an hour later.
fn pair() -> Story {
    let story = said(hours(1));
    let answered_at = story.began_at + minutes(1);
    story.when_done(answered_at, authorize_by(MORGAN, in_words()))
}

#[test]
fn a_captured_pair_keeps_both_messages_as_they_stood_with_their_own_times() {
    let story = pair().then(&[Event::Authorized {
        by: user(MORGAN),
        method: Method::Message,
        strength: Strength::Direct,
        ground: Ground::Policy,
        evidence: Some(Evidence::Words {
            text: text("approved. Deploy.").commitment(),
            message: message_at(ANSWERED),
        }),
        attested: None,
    }]);
    let change = &story.change;
    assert_eq!(change.stage, Stage::Authorized);
    assert_eq!(change.requested_at, berlin("2026-03-14 02:14"));
    let given = change.authorization.as_ref().unwrap();
    assert_eq!(given.at, berlin("2026-03-14 02:15"));
    let quotes: Vec<_> = change
        .quotes
        .iter()
        .map(|one| (one.by.as_str(), one.message.ts.as_str(), one.captured))
        .collect();
    assert_eq!(
        quotes,
        [
            (DANA, ASKED, change.verbatim),
            (MORGAN, ANSWERED, text("approved. Deploy.").commitment()),
        ]
    );
    assert_eq!(story.exceptions(), []);
    for quote in &change.quotes {
        assert!(change.commitments().contains(&quote.captured));
    }
}

#[test]
fn every_way_of_answering_ends_in_the_same_event_but_for_how() {
    for (given, method, evidence) in [
        (Given::Button, Method::Button, None),
        (
            in_words(),
            Method::Message,
            Some(Evidence::Words {
                text: text("approved. Deploy.").commitment(),
                message: message_at(ANSWERED),
            }),
        ),
        (
            by_emoji(),
            Method::Reaction,
            Some(Evidence::Emoji {
                name: CHECK.to_owned(),
                on: message_at(ASKED),
            }),
        ),
    ] {
        let story = said(minutes(1)).when(authorize_by(MORGAN, given.clone()));
        story.then(&[Event::Authorized {
            by: user(MORGAN),
            method,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: evidence.clone(),
            attested: None,
        }]);
        let story = said(minutes(1)).when(deny_by(MORGAN, given));
        story.then(&[Event::Denied {
            ground: Ground::Policy,
            evidence,
        }]);
    }
}

#[test]
fn segregation_of_duties_holds_however_the_answer_is_given() {
    for given in [Given::Button, in_words(), by_emoji()] {
        let act = Act::Authorize;
        said(minutes(1))
            .when(authorize_by(DANA, given.clone()))
            .refused(&Refusal::OwnRequest { act })
            .when(authorize_by(SAM, given.clone()))
            .refused(&Refusal::NotAnApprover { act })
            .when(deny_by(DANA, given.clone()))
            .refused(&Refusal::OwnRequest { act: Act::Deny })
            .when(deny_by(SAM, given.clone()))
            .refused(&Refusal::NotAnApprover { act: Act::Deny })
            .when(go_ahead(ALEX))
            .when(authorize_by(ALEX, given.clone()))
            .refused(&Refusal::OwnGoingAhead { act })
            .at(minutes(5))
            .deploys(MORGAN)
            .at(minutes(6))
            .when(authorize_by(MORGAN, given))
            .refused(&Refusal::OwnDeployment {
                act: Act::SecondAuthorize,
            });
    }
}

#[test]
fn pressed_after_the_captured_answer_it_is_authorized_already() {
    let story = pair();
    let refusal = Refusal::AlreadyAuthorized {
        number: NUMBER,
        by: user(MORGAN),
        at: berlin("2026-03-14 02:15"),
    };
    story
        .when(authorize(MORGAN))
        .refused(&refusal)
        .when(authorize(ALEX))
        .refused(&refusal)
        .when(deny_by(ALEX, in_words()))
        .refused(&Refusal::DeniedTooLate {
            number: NUMBER,
            by: user(MORGAN),
            at: berlin("2026-03-14 02:15"),
        });
}

#[test]
fn an_answer_may_come_before_the_question() {
    let story = said(hours(1));
    let answered_at = story.began_at - minutes(1);
    let story = story.when_done(answered_at, authorize_by(MORGAN, in_words()));
    assert_eq!(story.change.stage, Stage::Authorized);
    let story = story.at(hours(2)).deploys(DANA);
    assert_eq!(story.exceptions(), []);
    assert_eq!(
        story.change.authorized_ahead_by(),
        Some(hours(2) + minutes(1))
    );
}

#[test]
fn an_answer_from_after_the_deployment_is_a_second_persons() {
    let story = said(hours(1));
    let deployed_at_ = story.began_at + minutes(5);
    let answered_at = story.began_at + minutes(8);
    let story = story
        .when(deployed_at(DANA, deployed_at_))
        .when_done(answered_at, authorize_by(MORGAN, in_words()))
        .then(&[Event::SecondAuthorized {
            method: Method::Message,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: Some(Evidence::Words {
                text: text("approved. Deploy.").commitment(),
                message: message_at(ANSWERED),
            }),
        }]);
    assert_eq!(story.exceptions(), [Exception::DeployedBeforeAuthorization]);
    let second = story.obligation(Duty::SecondAuthorization).unwrap();
    assert_eq!(second.met_at, Some(answered_at));
    let quoted = story
        .change
        .quote(&ChannelId::new("C0AUTH"), &MessageTs::new(ANSWERED));
    assert_eq!(quoted.map(|quote| &quote.by), Some(&user(MORGAN)));
}

#[test]
fn an_answer_from_before_the_deployment_and_heard_after_it_authorized_it() {
    let story = said(hours(1));
    let deployed_at_ = story.began_at + minutes(5);
    let answered_at = story.began_at + minutes(1);
    let story = story
        .when(deployed_at(DANA, deployed_at_))
        .when_done(answered_at, authorize_by(MORGAN, in_words()));
    assert_eq!(story.change.authorized_ahead_by(), Some(minutes(4)));
    assert_eq!(story.change.stage, Stage::Deployed);
    assert_eq!(story.obligation(Duty::SecondAuthorization), None);
    assert_eq!(
        story.exceptions(),
        [Exception::DeployedBeforeAuthorization],
        "what was recorded stays"
    );
}

#[test]
fn captured_a_day_late_is_an_exception_and_a_microsecond_less_is_none() {
    assert_eq!(said(hours(24)).exceptions(), []);
    let late = hours(24) + TimeDelta::microseconds(1);
    let story = said(late);
    assert_eq!(story.exceptions(), [Exception::CapturedLate]);
    let recorded = story.history.get(1).unwrap();
    assert_eq!(recorded.actor, Actor::Person(user(SAM)));
    assert_eq!(recorded.at, story.began_at + late);
    assert_eq!(story.change.requester, user(DANA), "though Sam captured it");
}

#[test]
fn what_is_captured_late_is_chased_from_when_it_was_captured() {
    let story = pair().until(hours(12));
    insta::assert_snapshot!(story.reminders(&[Duty::ConfirmDeployment]), @r"
    Sat 14 08:00 U0DANA: confirm_deployment again-2
    Sat 14 11:14 U0DANA: confirm_deployment again-3
    ");
    let unanswered = said(hours(9)).until(hours(10));
    insta::assert_snapshot!(unanswered.reminders(&[Duty::AnswerRequest]), @r"
    Sat 14 11:17 U0MORGAN: answer_request again-1
    Sat 14 11:20 U0MORGAN: answer_request again-2
    ");
}

#[test]
fn a_denial_captured_late_is_judged_by_when_it_was_said() {
    let story = said(hours(1));
    let deployed_at_ = story.began_at + minutes(5);
    let denied_at = story.began_at + minutes(1);
    let against = story
        .when(deployed_at(DANA, deployed_at_))
        .when_done(denied_at, deny_by(MORGAN, in_words()));
    assert_eq!(
        against.exceptions(),
        [
            Exception::DeployedBeforeAuthorization,
            Exception::DeployedAgainstDenial
        ]
    );
    let story = said(hours(1));
    let afterwards = story.began_at + minutes(9);
    story
        .when(deployed_at(DANA, deployed_at_))
        .when_done(afterwards, deny_by(MORGAN, in_words()))
        .refused(&Refusal::Deployed {
            number: NUMBER,
            what: "denied",
        });
}

#[test]
fn edits_and_deletions_are_recorded_and_what_was_captured_stays() {
    let before = pair();
    let hash = content_hash(&before.change);
    let story = before
        .at(hours(2))
        .when(edit(ANSWERED, "approved, if the canary is green"))
        .then(&[Event::MessageEdited {
            message: message_at(ANSWERED),
            from: text("approved. Deploy.").commitment(),
            to: text("approved, if the canary is green").commitment(),
        }])
        .when(edit(ANSWERED, "never said so"))
        .then(&[Event::MessageEdited {
            message: message_at(ANSWERED),
            from: text("approved, if the canary is green").commitment(),
            to: text("never said so").commitment(),
        }])
        .when(delete(ANSWERED))
        .then(&[Event::MessageDeleted {
            message: message_at(ANSWERED),
            from: text("never said so").commitment(),
        }])
        .when(delete(ANSWERED))
        .refused(&Refusal::NothingAltered { number: NUMBER })
        .when(edit(ASKED, "deploying something else"));
    let change = &story.change;
    let answer = change
        .quote(&ChannelId::new("C0AUTH"), &MessageTs::new(ANSWERED))
        .unwrap();
    assert_eq!(answer.captured, text("approved. Deploy.").commitment());
    assert_eq!(answer.stands, text("never said so").commitment());
    assert!(answer.is_deleted);
    assert_eq!(change.stage, Stage::Authorized, "it takes nothing back");
    assert_eq!(change.verbatim, change.quotes.first().unwrap().captured);
    assert_eq!(change.altered.len(), 4);
    assert_eq!(content_hash(change), hash, "what is approved is the same");
    for altered in &change.altered {
        if let Alteration::Edited { text } = altered.alteration {
            assert!(change.commitments().contains(&text), "each wording is kept");
        }
    }
}

#[test]
fn an_edit_after_the_end_is_still_evidence() {
    let story = pair()
        .when(take_command(RILEY))
        .deploys(DANA)
        .at(hours(2))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
        .approves(MORGAN);
    assert_eq!(story.change.stage, Stage::Closed);
    let story = story
        .at(days(40))
        .when(edit(ANSWERED, "not me"))
        .when(delete(ASKED));
    assert_eq!(story.change.altered.len(), 2);
    assert_eq!(story.change.stage, Stage::Closed);
    assert!(story.change.approval.is_some());
    assert_eq!(story.owed_to_close(), []);
}

#[test]
fn messages_that_nobody_captured_alter_nothing() {
    let nothing = Refusal::NothingAltered { number: NUMBER };
    pair()
        .when(edit("1773450999.000300", "unrelated"))
        .refused(&nothing)
        .when(delete("1773450999.000300"))
        .refused(&nothing);
    requested()
        .when(edit(ASKED, "a command has no message"))
        .refused(&nothing);
}

#[test]
fn an_emoji_taken_away_is_recorded_once_and_takes_nothing_back() {
    let nothing = Refusal::NothingAltered { number: NUMBER };
    let story = said(minutes(1))
        .when(authorize_by(MORGAN, by_emoji()))
        .at(minutes(2))
        .when(unreact(ALEX, CHECK, ASKED))
        .refused(&nothing)
        .when(unreact(MORGAN, "eyes", ASKED))
        .refused(&nothing)
        .when(unreact(MORGAN, CHECK, ANSWERED))
        .refused(&nothing)
        .when(unreact(MORGAN, CHECK, ASKED))
        .then(&[Event::ReactionRemoved {
            name: CHECK.to_owned(),
            on: message_at(ASKED),
        }])
        .when(unreact(MORGAN, CHECK, ASKED))
        .refused(&nothing);
    assert_eq!(story.change.stage, Stage::Authorized);
    assert!(story.change.authorization.is_some());
    assert_eq!(
        story.change.altered.first().unwrap().alteration,
        Alteration::ReactionRemoved
    );
}

#[test]
fn the_second_persons_emoji_is_evidence_too() {
    let story = said(minutes(5))
        .deploys(DANA)
        .at(minutes(9))
        .when(authorize_by(MORGAN, by_emoji()));
    assert!(story.change.second.is_some());
    story
        .when(unreact(MORGAN, CHECK, ASKED))
        .then(&[Event::ReactionRemoved {
            name: CHECK.to_owned(),
            on: message_at(ASKED),
        }]);
}

#[test]
fn a_duplicate_is_withdrawn_and_names_the_first() {
    let story = authorized().at(minutes(2)).when(link(DANA, 1041));
    assert_eq!(story.change.stage, Stage::Withdrawn);
    assert_eq!(story.change.duplicate_of, Some(ChangeNumber(1041)));
    assert_eq!(story.next_due_at(), None, "nobody is chased for it");
    let elsewhere = Refusal::Duplicate {
        number: NUMBER,
        of: ChangeNumber(1041),
    };
    story
        .at(minutes(5))
        .deploys(DANA)
        .refused(&elsewhere)
        .when(authorize(ALEX))
        .refused(&elsewhere)
        .when(link(DANA, 1040))
        .refused(&elsewhere);
}

#[test]
fn only_the_requester_says_so_before_the_deployment_and_of_an_earlier_change() {
    let story = requested()
        .when(link(MORGAN, 1041))
        .refused(&Refusal::NotTheRequester {
            number: NUMBER,
            requester: user(DANA),
            what: "say that it is the same as another",
        })
        .when(link(DANA, NUMBER.0))
        .refused(&Refusal::OwnDuplicate { number: NUMBER })
        .when(link(DANA, 1043))
        .refused(&Refusal::CameAfter {
            number: NUMBER,
            of: ChangeNumber(1043),
        });
    story
        .at(minutes(5))
        .deploys(DANA)
        .when(link(DANA, 1041))
        .refused(&Refusal::Deployed {
            number: NUMBER,
            what: "linked as a duplicate",
        });
    let denied = requested().at(minutes(1)).when(deny(MORGAN));
    let refusal = Refusal::AlreadyDenied {
        number: NUMBER,
        by: user(MORGAN),
        at: denied.now,
    };
    denied.when(link(DANA, 1041)).refused(&refusal);
}

#[test]
fn a_rehearsal_ends_at_any_time_and_then_owes_nothing() {
    let withdraw = || by(DANA, Command::Withdraw);
    let stories: Vec<Story> = vec![
        rehearsed(),
        rehearsed().when(authorize(MORGAN)),
        rehearsed().when(deny(MORGAN)),
        rehearsed()
            .when(go_ahead(DANA))
            .at(minutes(5))
            .deploys(DANA),
        rehearsed().at(minutes(5)).deploys(DANA).until(hours(30)),
        rehearsed()
            .at(minutes(5))
            .deploys(DANA)
            .when(reject(MORGAN)),
    ];
    for story in stories {
        let story = story.when(withdraw());
        assert_eq!(story.events(), [Event::Withdrawn]);
        assert_eq!(story.owed(), []);
        assert_eq!(story.next_due_at(), None);
        let over = Refusal::Over {
            number: NUMBER,
            stage: Stage::Withdrawn,
        };
        story
            .deploys(DANA)
            .refused(&over)
            .when(authorize(MORGAN))
            .refused(&over)
            .when(withdraw())
            .refused(&over);
    }
    rehearsed()
        .when(by(MORGAN, Command::Withdraw))
        .refused(&Refusal::NotTheRequester {
            number: NUMBER,
            requester: user(DANA),
            what: "withdraw it",
        });
}

#[test]
fn a_rehearsal_rehearses_everything() {
    let story = rehearsed()
        .when(authorize(MORGAN))
        .when(take_command(RILEY))
        .deploys(DANA)
        .at(hours(1))
        .when(state_criterion(DANA))
        .when(document(DANA, TICKET))
        .approves(MORGAN);
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn a_reason_that_is_no_emergency_is_kept_as_stated_and_flagged() {
    let story = deployed()
        .at(hours(1))
        .when(document(DANA, TICKET))
        .when(state_reason(
            DANA,
            NotGenuine::Other,
            Some("the demo is at noon"),
        ));
    assert_eq!(
        story.events(),
        [
            Event::ReasonStated {
                reason: NotGenuine::Other,
                text: Some(text("the demo is at noon").commitment()),
            },
            Event::ExceptionRecorded {
                exception: Exception::NotGenuine,
            },
            Event::Documented,
        ]
    );
    assert_eq!(
        gaps(&story.change, &story.policy),
        [],
        "the ticket says why"
    );
    let stated = story.change.reason.as_ref().unwrap();
    assert_eq!(
        (&stated.by, stated.reason),
        (&user(DANA), NotGenuine::Other)
    );
    let story = story.at(hours(2)).approves(MORGAN);
    assert_eq!(story.change.stage, Stage::Approved, "its answer is owed");
    let story = story.when(answer(MORGAN, &[Exception::NotGenuine]));
    assert_eq!(story.change.stage, Stage::Closed);
    assert_eq!(story.exceptions(), [Exception::NotGenuine], "it stays");
}

#[test]
fn a_criterion_tapped_afterwards_stands_beside_the_reason_that_was_stated() {
    let story = deployed()
        .at(hours(1))
        .when(state_reason(DANA, NotGenuine::DeadlineToday, None))
        .when(state_criterion(DANA));
    let criterion = story.change.criterion;
    assert_eq!(criterion, Some(Criterion::ProductionDown));
    assert!(story.change.reason.is_some());
    assert_eq!(story.exceptions(), [Exception::NotGenuine]);
}

#[test]
fn a_reason_is_stated_once_in_words_where_it_has_no_name_and_never_after_the_approval() {
    let story = requested()
        .when(state_reason(DANA, NotGenuine::Other, None))
        .refused(&Refusal::NoReason)
        .when(state_reason(DANA, NotGenuine::Other, Some(" ")))
        .refused(&Refusal::NoReason)
        .when(state_reason(DANA, NotGenuine::SkippingProcess, Some(" ")))
        .when(state_reason(DANA, NotGenuine::SkippingProcess, None))
        .refused(&Refusal::AlreadyStated { number: NUMBER });
    assert_eq!(story.change.reason.as_ref().unwrap().text, None);
    let story = story.when(state_reason(RILEY, NotGenuine::FasterLaunch, Some("sales")));
    assert_eq!(
        story.events(),
        [Event::ReasonStated {
            reason: NotGenuine::FasterLaunch,
            text: Some(text("sales").commitment()),
        }],
        "one exception is enough"
    );
    let approved = approved();
    let refusal = Refusal::AlreadyApproved {
        number: NUMBER,
        by: user(MORGAN),
        at: approved.now,
    };
    approved
        .when(state_reason(DANA, NotGenuine::FasterLaunch, None))
        .refused(&refusal);
}

#[test]
fn the_reason_is_part_of_what_is_approved() {
    let story = documented();
    let seen = content_hash(&story.change);
    story
        .at(hours(2))
        .when(state_reason(DANA, NotGenuine::FasterLaunch, None))
        .when(approving(MORGAN, seen))
        .refused(&Refusal::ContentChanged { number: NUMBER });
}
