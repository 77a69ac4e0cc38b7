//! Reviews beside the decision, what comes after it, and how a rejection is put
//! right.

use super::*;
use crate::domain::change::{Review, Stage};

const PAT: &str = "U0PAT";
const BEN: &str = "U0BEN";

/// Sam answers for the process, Pat for security, Ben for the databases.
fn staffed(mut story: Story) -> Story {
    story.policy.compliance = vec![person(SAM)];
    story.policy.security = vec![person(PAT)];
    story.policy.database = vec![person(BEN)];
    story
}

fn review(who: &str, review: Review, story: &Story) -> Move {
    by(
        who,
        Command::Review {
            by: full(who),
            review,
            seen: content_hash(&story.change),
            words: Some(text("Looked through the rule and its logs.")),
        },
    )
}

impl Story {
    fn reviews(self, who: &str, which: Review) -> Self {
        let step = review(who, which, &self);
        self.when(step)
    }
}

fn genuineness(who: &str, is_genuine: bool, words: Option<&str>) -> Move {
    by(
        who,
        Command::ReviewGenuineness {
            by: full(who),
            genuine: Genuine {
                is_genuine,
                words: words.map(text),
            },
        },
    )
}

fn meeting(who: &str, held_at: DateTime<Utc>) -> Move {
    by(
        who,
        Command::RecordMeeting {
            by: full(who),
            held_at,
            minutes: Some(text("https://wiki.acme.dev/minutes/12")),
            improvements: Some(text("Rules are kept ready from now on.")),
        },
    )
}

fn fixed(who: &str) -> Move {
    by(
        who,
        Command::RecordPermanentFix {
            by: full(who),
            how: text("https://github.com/acme/api/pull/4800"),
        },
    )
}

fn finish(who: &str, n: u16) -> Move {
    by(
        who,
        Command::FinishFollowUp {
            by: full(who),
            n,
            how: None,
        },
    )
}

fn security_incident() -> Story {
    staffed(documented())
        .when(choose(DANA, Field::Category, "security"))
        .when(document(DANA, OF_A_SECURITY_INCIDENT))
}

/// What a security incident's ticket says besides.
const OF_A_SECURITY_INCIDENT: &[Field] = &[Field::SecurityImpactWords, Field::DataScope];

#[test]
fn a_security_incident_waits_for_the_security_group_to_close_but_not_to_be_approved() {
    let story = security_incident();
    let owed = story.obligation(Duty::SecurityReview).unwrap();
    assert_eq!(owed.owner, Some(person(PAT)));
    assert_eq!(owed.opened_at, story.now);
    assert_eq!(
        owed.due_at,
        Some(story.now + days(1)),
        "a day from when it is known"
    );
    let story = story.at(hours(2)).approves(MORGAN);
    assert_eq!(story.change.stage, Stage::Approved);
    let story = story.at(hours(3)).reviews(PAT, Review::Security);
    assert_eq!(story.events().last(), Some(&Event::Closed));
    let done = story.change.reviews.get(&Review::Security).unwrap();
    assert_eq!(
        (&done.by, done.content),
        (&user(PAT), content_hash(&story.change))
    );
}

#[test]
fn a_database_change_waits_for_the_administrator() {
    let story = staffed(documented())
        .when(choose(DANA, Field::Category, "database"))
        .when(document(DANA, &[Field::RollbackData]))
        .at(hours(2))
        .approves(MORGAN);
    assert_eq!(story.owed_to_close(), [Duty::DatabaseApproval]);
    let story = story
        .reviews(PAT, Review::Database)
        .refused(&Refusal::NotAnApprover {
            act: Act::ReviewDatabase,
        })
        .reviews(BEN, Review::Database);
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn to_choose_another_category_for_a_while_moves_no_deadline() {
    let story = staffed(documented()).when(choose(DANA, Field::Category, "database"));
    let first = story.obligation(Duty::DatabaseApproval).unwrap();
    let story = story
        .at(hours(20))
        .when(choose(DANA, Field::Category, "hotfix"))
        .at(hours(21))
        .when(choose(DANA, Field::Category, "database"));
    assert_eq!(story.obligation(Duty::DatabaseApproval).unwrap(), first);

    let story = security_incident();
    let first = story.obligation(Duty::SecurityReview).unwrap();
    let story = story
        .at(hours(20))
        .when(choose(DANA, Field::Category, "hotfix"))
        .when(stating(DANA, Criterion::Vulnerability))
        .at(hours(21))
        .when(stating(DANA, Criterion::ProductionDown))
        .when(choose(DANA, Field::Category, "security"));
    assert_eq!(story.obligation(Duty::SecurityReview).unwrap(), first);

    let story = workaround();
    let first = story.obligation(Duty::PermanentFix).unwrap();
    let story = story
        .at(days(20))
        .when(choose(DANA, Field::Permanence, "permanent"))
        .at(days(21))
        .when(choose(DANA, Field::Permanence, "temporary"));
    assert_eq!(story.obligation(Duty::PermanentFix).unwrap(), first);
}

/// Ben, the only administrator, deploys it himself.
fn by_the_only_administrator() -> Story {
    let mut story = staffed(authorized())
        .at(minutes(2))
        .when(take_command(RILEY))
        .at(minutes(5))
        .deploys(BEN);
    story.policy.security = vec![person(BEN)];
    story
        .at(hours(1))
        .when(stating(DANA, Criterion::Vulnerability))
        .when(document(DANA, TICKET))
        .when(choose(DANA, Field::Category, "database"))
        .when(document(DANA, OF_A_SECURITY_INCIDENT))
        .when(document(DANA, &[Field::RollbackData]))
}

#[test]
fn where_the_only_specialist_had_a_part_in_it_the_approvers_review() {
    let story = by_the_only_administrator();
    for duty in [Duty::SecurityReview, Duty::DatabaseApproval] {
        let owed = story.obligation(duty).unwrap();
        assert_eq!(owed.owner, Some(person(MORGAN)), "{duty}");
    }
    let story = story
        .reviews(BEN, Review::Database)
        .refused(&Refusal::OwnDeployment {
            act: Act::ReviewDatabase,
        })
        .reviews(PAT, Review::Database)
        .refused(&Refusal::NotAnApprover {
            act: Act::ReviewDatabase,
        })
        .at(hours(2))
        .approves(ALEX)
        .reviews(MORGAN, Review::Database)
        .reviews(ALEX, Review::Security);
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn a_group_of_specialists_may_hold_somebody_else() {
    let mut story = by_the_only_administrator();
    story.policy.database = vec![person(BEN), group("S0DBAS")];
    let owed = story.obligation(Duty::DatabaseApproval).unwrap();
    assert_eq!(owed.owner, Some(group("S0DBAS")));
    story
        .reviews(MORGAN, Review::Database)
        .refused(&Refusal::NotAnApprover {
            act: Act::ReviewDatabase,
        });
}

#[test]
fn where_the_compliance_lead_decided_another_approver_says_whether_it_was_genuine() {
    let mut story = closed();
    story.policy.compliance = vec![person(MORGAN)];
    let owed = story.obligation(Duty::GenuinenessReview).unwrap();
    assert_eq!(owed.owner, Some(person(ALEX)));
    let story = story.when(genuineness(ALEX, true, None));
    assert!(story.change.genuineness.is_some());
}

#[test]
fn a_review_that_comes_late_is_an_exception() {
    let story = security_incident().until(hours(26));
    assert!(story.exceptions().contains(&Exception::SecurityReviewLate));
    let story = staffed(documented())
        .when(choose(DANA, Field::Category, "database"))
        .until(hours(26));
    assert!(
        story
            .exceptions()
            .contains(&Exception::DatabaseApprovalLate)
    );
}

#[test]
fn a_review_is_given_once_of_what_was_seen_and_where_it_is_owed() {
    let story = security_incident();
    let stale = review(PAT, Review::Security, &documented());
    let number = NUMBER;
    let story = story
        .when(stale)
        .refused(&Refusal::ContentChanged { number })
        .reviews(PAT, Review::Security);
    let at = story.now;
    story
        .at(hours(5))
        .reviews(PAT, Review::Security)
        .refused(&Refusal::AlreadyReviewed {
            number,
            by: user(PAT),
            at,
        })
        .reviews(BEN, Review::Database)
        .refused(&Refusal::NoReviewOwed { number });
    staffed(authorized())
        .reviews(PAT, Review::Security)
        .refused(&Refusal::NotDeployed { number });
}

#[test]
fn a_vulnerability_is_a_security_incident_whatever_its_category() {
    let story = staffed(deployed())
        .at(hours(1))
        .when(stating(DANA, Criterion::Vulnerability));
    let owed = story.obligation(Duty::SecurityReview).unwrap();
    assert_eq!(owed.opened_at, story.now);
}

#[test]
fn who_authorized_and_approved_it_has_the_compliance_lead_asked_too() {
    let story = staffed(closed());
    let owed = story.obligation(Duty::GenuinenessReview).unwrap();
    assert_eq!(owed.owner, Some(person(SAM)));
    assert_eq!(owed.due_at, Some(story.now + days(7)));
    let by_another = staffed(documented()).at(hours(2)).approves(ALEX);
    assert_eq!(by_another.obligation(Duty::GenuinenessReview), None);
    let story = story.when(genuineness(SAM, true, None));
    let owed = story.obligation(Duty::GenuinenessReview).unwrap();
    assert_eq!(owed.met_at, Some(story.now));
    assert_eq!(story.exceptions(), []);
}

#[test]
fn a_no_to_whether_it_was_genuine_says_why_and_stays_as_an_exception() {
    let said_no = |words| Genuine {
        is_genuine: false,
        words,
    };
    let story = staffed(documented()).at(hours(2));
    let approve = |story: &Story, words| {
        by(
            MORGAN,
            Command::Approve {
                by: full(MORGAN),
                seen: content_hash(&story.change),
                conditions: None,
                genuine: said_no(words),
            },
        )
    };
    let without = approve(&story, None);
    let with = approve(&story, Some(text("It could have waited until Monday.")));
    let story = story.when(without).refused(&Refusal::NoReason).when(with);
    assert_eq!(story.change.stage, Stage::Approved, "an answer is owed");
    assert_eq!(story.exceptions(), [Exception::NotGenuine]);
    let genuine = story.change.approval.as_ref().unwrap().genuine.clone();
    assert!(!genuine.unwrap().is_genuine);

    let closed = staffed(closed());
    let story = closed
        .when(genuineness(SAM, false, None))
        .refused(&Refusal::NoReason)
        .when(genuineness(SAM, false, Some("No incident was open then.")));
    assert_eq!(story.exceptions(), [Exception::NotGenuine]);
    assert_eq!(story.change.stage, Stage::Closed);
    let at = story.now;
    story
        .when(genuineness(SAM, true, None))
        .refused(&Refusal::AlreadyReviewed {
            number: NUMBER,
            by: user(SAM),
            at,
        });
    staffed(documented())
        .when(genuineness(SAM, true, None))
        .refused(&Refusal::NotDecided { number: NUMBER });
}

fn rejecting(who: &str, is_genuine: bool, words: Option<&str>) -> Move {
    by(
        who,
        Command::Reject {
            by: full(who),
            reason: text("The rule blocked customers."),
            remedy: Remedy::Redo,
            owner: None,
            due_at: None,
            genuine: Some(Genuine {
                is_genuine,
                words: words.map(text),
            }),
        },
    )
}

#[test]
fn who_rejects_it_says_whether_it_was_genuine_too() {
    let why = "It could have waited until Monday.";
    let story = staffed(documented())
        .at(hours(2))
        .when(rejecting(MORGAN, false, None))
        .refused(&Refusal::NoReason)
        .when(rejecting(MORGAN, false, Some(why)));
    assert_eq!(
        story.exceptions(),
        [Exception::Rejected, Exception::NotGenuine]
    );
    let said = story.change.rejection.as_ref().unwrap().genuine.clone();
    assert_eq!(said.unwrap().words, Some(text(why).commitment()));
    assert!(story.change.commitments().contains(&text(why).commitment()));
    let genuine = staffed(documented())
        .at(hours(2))
        .when(rejecting(MORGAN, true, None));
    assert_eq!(genuine.exceptions(), [Exception::Rejected]);
}

#[test]
fn who_authorized_and_rejected_it_has_the_compliance_lead_asked_too() {
    let story = staffed(rejected());
    let owed = story.obligation(Duty::GenuinenessReview).unwrap();
    assert_eq!(owed.owner, Some(person(SAM)));
    assert_eq!(owed.due_at, Some(story.now + days(7)));
    let by_another = staffed(documented()).at(hours(2)).when(reject(ALEX));
    assert_eq!(by_another.obligation(Duty::GenuinenessReview), None);
    let mut story = story;
    story.policy.compliance = vec![person(MORGAN), person(SAM)];
    let story = story
        .when(genuineness(MORGAN, true, None))
        .refused(&Refusal::OwnDecision {
            act: Act::ReviewGenuineness,
        })
        .when(genuineness(SAM, true, None));
    let owed = story.obligation(Duty::GenuinenessReview).unwrap();
    assert_eq!(owed.met_at, Some(story.now));
}

#[test]
fn an_answer_owed_since_closing_is_chased_weekly() {
    let story = staffed(closed())
        .at(days(1))
        .when(genuineness(SAM, false, Some("No incident was open then.")))
        .until(days(30));
    insta::assert_snapshot!(
        story.reminders(&[Duty::AnswerException(Exception::NotGenuine)]), @r"
    Sun 15 08:00 U0MORGAN: answer_exception:not_genuine opening
    Fri 20 21:30 U0MORGAN: answer_exception:not_genuine before-1440
    Sat 28 21:30 U0MORGAN: answer_exception:not_genuine overdue-1
    Sat 04 21:30 U0MORGAN: answer_exception:not_genuine overdue-2
    Sat 11 21:30 U0MORGAN: answer_exception:not_genuine overdue-3
    ");
    assert_eq!(story.exceptions(), [Exception::NotGenuine], "and no more");
}

#[test]
fn a_team_meeting_reviews_what_was_approved_within_a_fortnight() {
    let story = staffed(closed());
    let owed = story.obligation(Duty::MeetingReview).unwrap();
    assert_eq!(owed.owner, Some(person(SAM)));
    assert_eq!(owed.due_at, Some(story.now + days(14)));
    let nobody_named = closed().obligation(Duty::MeetingReview).unwrap();
    assert_eq!(
        nobody_named.owner,
        Some(person(MORGAN)),
        "else the approver"
    );
    let at = story.now + days(2);
    let story = story
        .when(meeting(SAM, at))
        .refused(&Refusal::MeetingAhead { at })
        .at(days(3))
        .when(meeting(SAM, at));
    let held = story.change.meeting.as_ref().unwrap();
    assert_eq!((held.held_at, held.at), (at, story.now));
    assert!(story.change.commitments().contains(&held.minutes.unwrap()));
    let story = story.when(meeting(MORGAN, at));
    assert!(matches!(
        story.outcome,
        Err(Refusal::AlreadyReviewed { .. })
    ));
    staffed(documented())
        .when(meeting(SAM, berlin("2026-03-14 02:20")))
        .refused(&Refusal::NotApproved { number: NUMBER });
}

#[test]
fn a_meeting_before_the_deployment_has_not_reviewed_it() {
    let story = staffed(closed()).at(days(1));
    let deployed_at = story.change.deployed_at().unwrap();
    let at = deployed_at - minutes(1);
    story
        .when(meeting(SAM, at))
        .refused(&Refusal::MeetingBefore {
            number: NUMBER,
            at,
            deployed_at,
        })
        .when(meeting(SAM, deployed_at))
        .then(&[Event::MeetingHeld {
            held_at: deployed_at,
            minutes: Some(text("https://wiki.acme.dev/minutes/12").commitment()),
            improvements: Some(text("Rules are kept ready from now on.").commitment()),
        }]);
}

fn workaround() -> Story {
    staffed(documented())
        .when(choose(DANA, Field::Permanence, "workaround"))
        .when(document(
            DANA,
            &[Field::PermanentFix, Field::PermanentFixOwner],
        ))
}

#[test]
fn a_workaround_owes_its_permanent_fix_within_a_month_or_by_its_date() {
    let story = workaround();
    let owed = story.obligation(Duty::PermanentFix).unwrap();
    assert_eq!(owed.owner, Some(person(RILEY)), "who is named for it");
    assert_eq!(owed.due_at, Some(story.now + days(30)));
    let date = story.now + days(3);
    let dated = story.when(write(
        DANA,
        vec![(Field::PermanentFixDueAt, Told::Instant(date))],
    ));
    let owed = dated.obligation(Duty::PermanentFix).unwrap();
    assert_eq!(owed.due_at, Some(date));
    let story = dated.at(hours(2)).approves(MORGAN);
    assert_eq!(
        story.change.stage,
        Stage::Closed,
        "closing doesn't wait for it"
    );
    let story = story.at(days(2)).when(fixed(RILEY));
    let owed = story.obligation(Duty::PermanentFix).unwrap();
    assert_eq!(owed.met_at, Some(story.now));
    story
        .when(fixed(RILEY))
        .refused(&Refusal::NoFixOwed { number: NUMBER });
    staffed(closed())
        .when(fixed(RILEY))
        .refused(&Refusal::NoFixOwed { number: NUMBER });
}

fn dated(at: DateTime<Utc>) -> Move {
    write(DANA, vec![(Field::PermanentFixDueAt, Told::Instant(at))])
}

#[test]
fn a_permanent_fix_is_promised_for_a_day_to_come() {
    let story = workaround();
    let past = story.now - minutes(1);
    let date = story.now + days(3);
    let story = story
        .when(dated(past))
        .refused(&Refusal::InThePast { at: past })
        .when(dated(date));
    // A form shows the date again, and it is sent back with the rest.
    let story = story.at(days(5)).when(write(
        DANA,
        vec![
            (Field::PermanentFixDueAt, Told::Instant(date)),
            (Field::CustomerImpact, Told::Words(text("Nobody noticed."))),
        ],
    ));
    assert!(story.change.fields.contains_key(&Field::CustomerImpact));
}

#[test]
fn a_missed_date_of_a_permanent_fix_stays_whatever_is_promised_since() {
    let story = workaround();
    let date = story.now + days(3);
    let story = story.when(dated(date));
    // The sweep hasn't come by yet.
    let promised = date + days(9);
    let story = story.at(days(5)).when(dated(promised));
    let missed = |story: &Story| -> Vec<_> {
        let all = story.misses().into_iter();
        all.filter(|(duty, ..)| *duty == Duty::PermanentFix)
            .map(|(_, due_at, _)| due_at)
            .collect()
    };
    assert_eq!(missed(&story), [date]);
    assert_eq!(
        story.obligation(Duty::PermanentFix).unwrap().due_at,
        Some(date)
    );
    assert_eq!(
        story.change.instant(Field::PermanentFixDueAt),
        Some(promised)
    );
    let story = story.until(days(40));
    assert_eq!(missed(&story), [date], "missed is missed once");
}

#[test]
fn a_date_moved_in_time_was_not_missed() {
    let story = workaround();
    let date = story.now + days(3);
    let promised = date + days(9);
    let story = story
        .when(dated(date))
        .at(days(5))
        .when_done(date - minutes(1), dated(promised));
    assert_eq!(
        story.obligation(Duty::PermanentFix).unwrap().due_at,
        Some(promised)
    );
    assert!(
        story
            .misses()
            .iter()
            .all(|(duty, ..)| *duty != Duty::PermanentFix)
    );
}

#[test]
fn a_date_that_has_passed_is_not_taken_over_from_a_sibling() {
    let story = workaround();
    let mut taken = vec![
        writing(Field::PermanentFixDueAt, Told::Instant(story.began_at)),
        writing(Field::CustomerImpact, Told::Words(text("Nobody noticed."))),
    ];
    for one in &mut taken {
        one.taken_from = Some(ChangeNumber(1041));
    }
    let story = story.when(by(
        DANA,
        Command::Document {
            by: Some(full(DANA)),
            fields: taken,
            standing: Vec::new(),
        },
    ));
    assert!(story.change.fields.contains_key(&Field::CustomerImpact));
    assert_eq!(story.change.instant(Field::PermanentFixDueAt), None);
}

#[test]
fn what_closing_doesnt_need_is_chased_weekly_after_it() {
    let story = workaround().at(hours(2)).approves(MORGAN).until(days(60));
    insta::assert_snapshot!(
        story.reminders(&[Duty::PermanentFix, Duty::MeetingReview]), @r"
    Sat 14 03:14 U0DANA: permanent_fix opening
    Sat 14 08:00 U0SAM: meeting_review opening
    Sat 14 08:00 U0RILEY: permanent_fix opening
    Fri 20 21:30 U0SAM: meeting_review before-10080
    Thu 26 21:30 U0SAM: meeting_review before-1440
    Fri 03 21:30 U0SAM: meeting_review overdue-1
    Sun 05 21:30 U0RILEY: permanent_fix before-10080
    Fri 10 21:30 U0SAM: meeting_review overdue-2
    Sat 11 21:30 U0RILEY: permanent_fix before-1440
    Fri 17 21:30 U0SAM: meeting_review overdue-3
    Sun 19 21:30 U0RILEY: permanent_fix overdue-1
    Fri 24 21:30 U0SAM: meeting_review overdue-4
    Sun 26 21:30 U0RILEY: permanent_fix overdue-2
    Fri 01 21:30 U0SAM: meeting_review overdue-5
    Sun 03 21:30 U0RILEY: permanent_fix overdue-3
    Fri 08 21:30 U0SAM: meeting_review overdue-6
    Sun 10 21:30 U0RILEY: permanent_fix overdue-4
    ");
    let missed: Vec<Duty> = story.misses().iter().map(|(duty, ..)| *duty).collect();
    assert_eq!(
        missed,
        [
            Duty::GenuinenessReview,
            Duty::MeetingReview,
            Duty::PermanentFix
        ]
    );
    assert_eq!(story.exceptions(), [], "and no exception comes of it");
}

#[test]
fn conditions_of_an_approval_are_followed_up() {
    let story = staffed(documented()).at(hours(2));
    let step = by(
        MORGAN,
        Command::Approve {
            by: full(MORGAN),
            seen: content_hash(&story.change),
            conditions: Some(text("Watch the false positives for a week.")),
            genuine: genuine(),
        },
    );
    let story = story.when(step);
    assert_eq!(story.change.stage, Stage::Closed);
    let conditions = text("Watch the false positives for a week.").commitment();
    let approval = story.change.approval.as_ref().unwrap();
    assert_eq!(approval.conditions, Some(conditions));
    let follow_up = story.change.follow_ups.first().unwrap();
    assert_eq!(follow_up.what, conditions);
    let owed = story.obligation(Duty::FollowUp(1)).unwrap();
    assert_eq!(owed.owner, Some(person(DANA)), "the implementer");
    assert_eq!(owed.due_at, Some(story.now + days(7)));
}

#[test]
fn a_follow_up_is_owed_by_its_owner_until_its_date_and_done_once() {
    let number = NUMBER;
    let due_at = berlin("2026-04-01 12:00");
    let add = |due_at| {
        by(
            DANA,
            Command::AddFollowUp {
                by: full(DANA),
                what: text("Keep WAF rules ready."),
                owner: user(ALEX),
                due_at,
            },
        )
    };
    let story = staffed(closed())
        .when(add(due_at))
        .when(add(due_at + days(1)));
    let past = story.now;
    let story = story
        .when(add(past))
        .refused(&Refusal::InThePast { at: past });
    let owed = story.obligation(Duty::FollowUp(2)).unwrap();
    assert_eq!(
        (owed.owner, owed.due_at),
        (Some(person(ALEX)), Some(due_at + days(1)))
    );
    let story = story.at(days(3)).when(finish(ALEX, 2));
    assert_eq!(
        story.obligation(Duty::FollowUp(2)).unwrap().met_at,
        Some(story.now)
    );
    assert_eq!(story.obligation(Duty::FollowUp(1)).unwrap().met_at, None);
    let mut story = story;
    for none in [0, 2, 3] {
        story = story
            .when(finish(ALEX, none))
            .refused(&Refusal::NoFollowUp { number });
    }
}

#[test]
fn what_comes_after_the_decision_takes_no_approval_back() {
    let story = staffed(approved());
    let content = content_hash(&story.change);
    let story = story
        .when(genuineness(SAM, true, None))
        .at(days(1))
        .when(meeting(SAM, berlin("2026-03-14 12:00")));
    assert_eq!(content_hash(&story.change), content);
    assert!(story.change.approval.is_some());
}

#[test]
fn a_rejection_names_remedy_owner_and_date() {
    let date = berlin("2026-03-16 12:00");
    let reject_by = |due_at| {
        by(
            MORGAN,
            Command::Reject {
                by: full(MORGAN),
                reason: text("The rule blocked customers."),
                remedy: Remedy::RollBack,
                owner: Some(full(ALEX)),
                due_at: Some(due_at),
                genuine: Some(genuine()),
            },
        )
    };
    let past = berlin("2026-03-14 02:00");
    let story = given(documented())
        .at(hours(2))
        .when(reject_by(past))
        .refused(&Refusal::InThePast { at: past })
        .when(reject_by(date));
    let owed = story.obligation(Duty::Remediation).unwrap();
    assert_eq!((owed.owner, owed.due_at), (Some(person(ALEX)), Some(date)));
    let refusal = Refusal::OwnRequest {
        act: Act::Remediate,
    };
    let story = story
        .when(remediate(DANA))
        .refused(&refusal)
        .when(remediate(ALEX));
    assert!(story.change.remediation.is_some());
    let rejection = story.change.rejection.as_ref().unwrap();
    assert_eq!(rejection.remedy, Some(Remedy::RollBack));
}

#[test]
fn a_risk_is_accepted_under_the_name_of_somebody_who_didnt_take_it() {
    let owner = || user(DANA);
    let story = given(documented())
        .at(hours(2))
        .when(reject_with(MORGAN, Remedy::AcceptRisk, Some(DANA)))
        .refused(&Refusal::OwnRisk { owner: owner() })
        .when(reject_with(MORGAN, Remedy::AcceptRisk, None))
        .refused(&Refusal::OwnRisk { owner: owner() })
        .when(reject_with(MORGAN, Remedy::AcceptRisk, Some(SAM)));
    let story = story
        .when(remediate(PAT))
        .refused(&Refusal::NotTheirRisk { owner: user(SAM) })
        .when(remediate(DANA))
        .refused(&Refusal::OwnRequest {
            act: Act::AcceptRisk,
        })
        .when(remediate(SAM));
    let accepted = story.change.remediation.as_ref().unwrap();
    assert_eq!(accepted.by, user(SAM));
    let story = story.when(answer(MORGAN, &[Exception::Rejected]));
    assert_eq!(story.change.stage, Stage::Closed);
}

#[test]
fn a_risk_that_nobody_accepts_is_accepted_by_an_approver_under_their_own_name() {
    let story = given(documented())
        .at(hours(2))
        .when(reject_with(MORGAN, Remedy::AcceptRisk, Some(SAM)))
        .at(days(3))
        .when(remediate(ALEX));
    let accepted = story.change.remediation.as_ref().unwrap();
    assert_eq!(accepted.by, user(ALEX));
}

#[test]
fn a_remedy_is_owed_by_nobody_who_could_not_say_that_it_is_done() {
    let gus = user("U0GUS");
    let rejects = |remedy, standing| {
        let owner = Member {
            standing,
            ..full(gus.as_str())
        };
        by(
            MORGAN,
            Command::Reject {
                by: full(MORGAN),
                reason: text("The rule blocked customers."),
                remedy,
                owner: Some(owner),
                due_at: None,
                genuine: Some(genuine()),
            },
        )
    };
    let of_gus = |refusal: Refusal| refusal.of(&gus);
    let (act, other) = (Act::AcceptRisk, Act::Remediate);
    let story = given(documented())
        .at(hours(2))
        .when(rejects(Remedy::AcceptRisk, Standing::Guest))
        .refused(&of_gus(Refusal::Guest { act }))
        .when(rejects(Remedy::AcceptRisk, Standing::Bot))
        .refused(&of_gus(Refusal::Bot { act }))
        .when(rejects(Remedy::RollBack, Standing::Deactivated))
        .refused(&of_gus(Refusal::Left { act: other }))
        .when(rejects(Remedy::Redo, Standing::Foreign))
        .refused(&of_gus(Refusal::Foreign { act: other }));
    let sentence = of_gus(Refusal::Guest { act }).to_string();
    insta::assert_snapshot!(sentence, @"<@U0GUS> can't accept its risk: they are a guest of the workspace. Somebody else has to.");
    assert_eq!(story.change.stage, Stage::Documented);
}

#[test]
fn neither_requester_nor_implementer_answers_an_exception() {
    let story = staffed(requested())
        .at(minutes(5))
        .deploys(RILEY)
        .when(answer(DANA, Exception::ALL))
        .refused(&Refusal::OwnRequest {
            act: Act::AnswerException,
        })
        .when(answer(RILEY, Exception::ALL))
        .refused(&Refusal::OwnDeployment {
            act: Act::AnswerException,
        })
        .when(answer(PAT, Exception::ALL))
        .refused(&Refusal::NotAnApprover {
            act: Act::AnswerException,
        })
        .when(answer(SAM, Exception::ALL));
    assert_eq!(story.change.unanswered().count(), 0);
}

#[test]
fn only_those_who_had_a_part_or_approve_say_who_commands() {
    let commander = RILEY;
    given(requested())
        .when(name_commander(SAM, commander))
        .refused(&Refusal::NotAnApprover {
            act: Act::NameCommander,
        });
    for who in [DANA, MORGAN] {
        let story = given(requested()).when(name_commander(who, commander));
        assert!(story.outcome.is_ok(), "{who}");
    }
}
