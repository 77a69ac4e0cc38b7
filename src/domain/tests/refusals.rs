//! What is refused, and the sentence that says what to do instead.

use super::*;
use crate::domain::authorization::Act;
use crate::domain::change::{LONGEST_TEXT, Stage, Waiting};

#[test]
fn a_request_says_something_and_fits_a_field() {
    let blank = declared(saying(" \n\u{a0}"), &written());
    assert_eq!(blank, Err(Refusal::NothingSaid));
    let fits = "ü".repeat(LONGEST_TEXT);
    assert!(declared(saying(&fits), &written()).is_ok());
    let long = declared(saying(&format!("{fits}!")), &written());
    assert_eq!(
        long,
        Err(Refusal::TooLong {
            length: LONGEST_TEXT + 1
        })
    );
}

#[test]
fn a_deployment_lies_no_further_ahead_than_clocks_differ() {
    let story = given(authorized()).at(minutes(5));
    let at = story.now + minutes(2) + TimeDelta::microseconds(1);
    let story = story
        .when(deployed_at(DANA, at))
        .refused(&Refusal::InTheFuture { at });
    let at = story.now + minutes(2);
    assert_eq!(
        story.when(deployed_at(DANA, at)).change.stage,
        Stage::Deployed
    );
}

#[test]
fn each_refusal_says_what_to_do_instead() {
    let story = given(authorized()).at(minutes(2));
    let given_at = story.change.authorization.as_ref().unwrap().at;
    let authorized = Refusal::AlreadyAuthorized {
        number: NUMBER,
        by: user(MORGAN),
        at: given_at,
    };
    let story = story
        .when(authorize(ALEX))
        .refused(&authorized)
        .when(deny(ALEX))
        .refused(&Refusal::DeniedTooLate {
            number: NUMBER,
            by: user(MORGAN),
            at: given_at,
        })
        .when(go_ahead(DANA))
        .refused(&authorized)
        .when(ask(DANA, &[person(ALEX)]))
        .refused(&authorized)
        .approves(MORGAN)
        .refused(&Refusal::NotDeployed { number: NUMBER })
        .when(reject(MORGAN))
        .refused(&Refusal::NotDeployed { number: NUMBER })
        .when(remediate(DANA))
        .refused(&Refusal::NotRejected { number: NUMBER })
        .when(answer(MORGAN, Exception::ALL))
        .refused(&Refusal::NothingToAnswer { number: NUMBER })
        .when(by(DANA, request()))
        .refused(&Refusal::NothingSaid);
    story
        .when(take_command(RILEY))
        .when(take_command(RILEY))
        .refused(&Refusal::AlreadyCommanded {
            number: NUMBER,
            by: user(RILEY),
        })
        .when(name_commander(DANA, ALEX))
        .refused(&Refusal::AlreadyCommanded {
            number: NUMBER,
            by: user(RILEY),
        });
    given(requested())
        .when(name_commander(DANA, RILEY))
        .when(name_commander(DANA, RILEY))
        .refused(&Refusal::AlreadyStated { number: NUMBER })
        .when(ask(DANA, &[]))
        .refused(&Refusal::NobodyAsked)
        .when(ask(DANA, &[person(ALEX), person(DANA)]))
        .refused(&Refusal::AskedThemselves)
        .when(by(DANA, Command::Lapse))
        .refused(&Refusal::NotPermitted { number: NUMBER })
        .when(state_criterion(DANA))
        .when(state_criterion(RILEY))
        .refused(&Refusal::AlreadyStated { number: NUMBER })
        .when(go_ahead(DANA))
        .when(go_ahead(RILEY))
        .refused(&Refusal::AlreadyWentAhead { number: NUMBER });
    let denied = given(requested()).at(minutes(1)).when(deny(MORGAN));
    let refusal = Refusal::AlreadyDenied {
        number: NUMBER,
        by: user(MORGAN),
        at: denied.now,
    };
    denied
        .at(minutes(2))
        .when(deny(ALEX))
        .refused(&refusal)
        .when(by(DANA, Command::Withdraw))
        .refused(&refusal);
}

#[test]
fn nothing_undoes_a_deployment() {
    for (what, step) in [
        ("denied", deny(ALEX)),
        ("gone ahead with", go_ahead(DANA)),
        ("withdrawn", by(DANA, Command::Withdraw)),
        ("marked as never deployed", by(DANA, Command::Lapse)),
    ] {
        given(deployed_without())
            .at(minutes(9))
            .when(step)
            .refused(&Refusal::Deployed {
                number: NUMBER,
                what,
            });
    }
}

#[test]
fn what_waits_is_named_in_the_order_of_the_ticket() {
    given(deployed_without())
        .at(hours(1))
        .when(document(DANA, &[Field::Testing]))
        .approves(MORGAN)
        .refused(&Refusal::NotReady {
            number: NUMBER,
            waiting: Waiting(vec![
                "category".to_owned(),
                "why it was an emergency".to_owned(),
                "incident link".to_owned(),
                "what was done".to_owned(),
                "security impact".to_owned(),
                "rollback plan".to_owned(),
                "whether it was rolled back".to_owned(),
                "outcome".to_owned(),
                "outcome code".to_owned(),
                "whether the incident is resolved".to_owned(),
                "whether data was exposed".to_owned(),
                "whether it is permanent".to_owned(),
                "lessons learned".to_owned(),
                "the incident commander's authorization".to_owned(),
                "a second person's authorization".to_owned(),
            ]),
        });
}

#[test]
fn a_decision_is_made_once() {
    let approved = given(approved());
    let refusal = Refusal::AlreadyApproved {
        number: NUMBER,
        by: user(MORGAN),
        at: approved.now,
    };
    approved
        .at(hours(3))
        .approves(ALEX)
        .refused(&refusal)
        .when(reject(ALEX))
        .refused(&refusal)
        .when(stating(DANA, Criterion::DataLoss))
        .refused(&refusal);
    let rejected = given(rejected());
    let refusal = Refusal::AlreadyRejected {
        number: NUMBER,
        by: user(MORGAN),
        at: rejected.now,
    };
    rejected
        .at(hours(3))
        .approves(ALEX)
        .refused(&refusal)
        .when(reject(ALEX))
        .refused(&refusal);
}

#[test]
fn a_reason_is_owed_wherever_one_is_asked_for() {
    let blank = || text(" ");
    given(documented())
        .at(hours(2))
        .when(by(
            MORGAN,
            Command::Reject {
                by: full(MORGAN),
                reason: blank(),
                remedy: Remedy::Redo,
                owner: None,
                due_at: None,
                genuine: Some(genuine()),
            },
        ))
        .refused(&Refusal::NoReason)
        .when(reject(MORGAN))
        .when(by(
            DANA,
            Command::Remediate {
                by: full(DANA),
                how: blank(),
            },
        ))
        .refused(&Refusal::NoReason)
        .when(by(
            MORGAN,
            Command::AnswerExceptions {
                by: full(MORGAN),
                exceptions: BTreeSet::from([Exception::Rejected]),
                cause: text("Haste."),
                remedy: blank(),
                owner: user(DANA),
            },
        ))
        .refused(&Refusal::NoReason)
        .when(write(
            DANA,
            vec![(
                Field::Testing,
                Told::Words(text(&"x".repeat(LONGEST_TEXT + 1))),
            )],
        ))
        .refused(&Refusal::TooLong {
            length: LONGEST_TEXT + 1,
        });
}

/// Those that came with capture and with the fields of the ticket.
fn refusals_since_capture() -> Vec<Refusal> {
    let (at, number) = (berlin("2026-03-14 02:15"), NUMBER);
    let (by, of) = (user(MORGAN), ChangeNumber(1041));
    let owner = user(DANA);
    let mut all = vec![
        Refusal::OwnDecision {
            act: Act::ReviewGenuineness,
        },
        Refusal::OwnRisk {
            owner: owner.clone(),
        },
        Refusal::NotTheirRisk { owner },
        Refusal::NotApproved { number },
        Refusal::NotDecided { number },
        Refusal::AlreadyReviewed {
            number,
            by: by.clone(),
            at,
        },
        Refusal::NoReviewOwed { number },
        Refusal::NoFixOwed { number },
        Refusal::NoFollowUp { number },
        Refusal::NotYet {
            field: Field::ValidatedAt,
            at,
        },
        Refusal::MeetingAhead { at },
        Refusal::MeetingBefore {
            number,
            at,
            deployed_at: at + minutes(4),
        },
        Refusal::InThePast { at },
        Refusal::NotTheOneNamed {
            number,
            by: by.clone(),
        },
        Refusal::DeniedByWord { number, by },
        Refusal::Duplicate { number, of },
        Refusal::CameAfter {
            number: of,
            of: number,
        },
    ];
    all.extend(
        [
            Field::Requester,
            Field::Testing,
            Field::SecurityImpact,
            Field::Category,
            Field::IncidentLink,
            Field::Links,
            Field::ValidatedBy,
            Field::ValidatedAt,
            Field::Systems,
        ]
        .map(|field| Refusal::Unfit { field }),
    );
    all
}

fn every_refusal() -> Vec<Refusal> {
    let at = berlin("2026-03-14 02:15");
    let by = user(MORGAN);
    let number = NUMBER;
    let requester = user(DANA);
    let stage = Stage::Withdrawn;
    let mut all = vec![
        Refusal::NothingSaid,
        Refusal::TooLong { length: 3001 },
        Refusal::NoSuchChange(number),
        Refusal::NotACommander,
        Refusal::AlreadyAuthorized {
            number,
            by: by.clone(),
            at,
        },
        Refusal::AlreadyDenied {
            number,
            by: by.clone(),
            at,
        },
        Refusal::AlreadyCommanded {
            number,
            by: by.clone(),
        },
        Refusal::AlreadyDeployed {
            number,
            by: by.clone(),
            at,
        },
        Refusal::AlreadyApproved {
            number,
            by: by.clone(),
            at,
        },
        Refusal::AlreadyRejected { number, by, at },
        Refusal::AlreadyWentAhead { number },
        Refusal::AlreadyStated { number },
        Refusal::Over { number, stage },
        Refusal::NotTheRequester {
            number,
            requester,
            what: "withdraw it",
        },
        Refusal::NotPermitted { number },
        Refusal::NotDeployed { number },
        Refusal::Deployed {
            number,
            what: "withdrawn",
        },
        Refusal::NotRejected { number },
        Refusal::NotReady {
            number,
            waiting: Waiting(vec!["testing".to_owned(), "outcome".to_owned()]),
        },
        Refusal::ContentChanged { number },
        Refusal::InTheFuture { at },
        Refusal::AskedThemselves,
        Refusal::NobodyAsked,
        Refusal::NoReason,
        Refusal::NothingToAnswer { number },
        Refusal::NotAnApprover { act: Act::Approve },
        Refusal::Guest {
            act: Act::Authorize,
        },
        Refusal::Bot { act: Act::Deny },
        Refusal::Left { act: Act::Reject },
        Refusal::Foreign { act: Act::Command },
        Refusal::OwnDeployment {
            act: Act::SecondAuthorize,
        },
        Refusal::OwnGoingAhead {
            act: Act::SecondAuthorize,
        },
        Refusal::OwnStandIn { act: Act::Approve },
        Refusal::OwnWord { number },
        Refusal::SpokenTooLate { number },
        Refusal::NothingToConfirm { number },
        Refusal::NoSuchDeployment { number, at },
        Refusal::NotInvolved { number },
        Refusal::OwnDuplicate { number },
        Refusal::NothingAltered { number },
    ];
    all.extend(refusals_since_capture());
    all.extend(Act::ALL.iter().map(|act| Refusal::OwnRequest { act: *act }));
    all
}

#[test]
fn whoever_hands_in_what_another_did_reads_what_stands_against_the_other() {
    let act = Act::Authorize;
    let told: Vec<String> = [
        Refusal::Guest { act },
        Refusal::Bot { act },
        Refusal::Left { act },
        Refusal::Foreign { act },
        Refusal::OwnRequest { act },
        Refusal::OwnDeployment { act },
        Refusal::OwnGoingAhead { act },
        Refusal::OwnStandIn { act },
        Refusal::NotAnApprover { act },
        Refusal::OwnRequest { act: Act::Deny },
    ]
    .into_iter()
    .map(|refusal| refusal.of(&user(SAM)).to_string())
    .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    <@U0SAM> can't authorize it: they are a guest of the workspace. Somebody else has to.
    <@U0SAM> can't authorize it: that is a bot. Somebody else has to.
    <@U0SAM> can't authorize it: their account is deactivated. Somebody else has to.
    <@U0SAM> can't authorize it: they are of another organisation. Somebody else has to.
    <@U0SAM> can't authorize it: they asked for it. Somebody else has to.
    <@U0SAM> can't authorize it: they deployed it. Somebody else has to.
    <@U0SAM> can't authorize it: they went ahead with it. Somebody else has to.
    <@U0SAM> can't authorize it: they authorized it as the most senior engineer available. Somebody else has to.
    <@U0SAM> can't authorize it: the policy doesn't name them. Somebody else has to.
    <@U0SAM> can't deny it: they asked for it. Somebody else has to.
    ");
    let of_nobody = Refusal::NoReason;
    assert_eq!(of_nobody.clone().of(&user(SAM)), of_nobody);
    let once = Refusal::NotAnApprover { act }.of(&user(SAM));
    assert_eq!(once.clone().of(&user(KIM)), once);
}

#[test]
fn the_sentences_of_the_refusals() {
    let sentences: Vec<String> = every_refusal().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(sentences.join("\n"), @r"
    Say what you're changing, for example: `/emergency Deploy WAF rule to block SQL injection @morgan`.
    That's 3001 characters; up to 3000 fit. Shorten it, or put the rest in a link.
    There is no CHG-1042 here. `/emergency list` shows the open ones.
    The policy doesn't name you among the incident commanders. If you command this incident, ask your compliance lead to add you; the requester can say who commands.
    CHG-1042 is already authorized: <@U0MORGAN> did that at <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC>. Nothing is left to do here.
    CHG-1042 is already denied: <@U0MORGAN> did that at <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC>.
    <@U0MORGAN> already authorized CHG-1042 as the incident's commander.
    CHG-1042 is already recorded as deployed at <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC> by <@U0MORGAN>. Nothing was added.
    CHG-1042 is already approved: <@U0MORGAN> did that at <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC>.
    CHG-1042 is already rejected: <@U0MORGAN> did that at <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC>.
    CHG-1042: going ahead without authorization is already on record.
    CHG-1042 is already marked so.
    CHG-1042 is withdrawn, so that can't be done any more. For something new, `/emergency` starts the next change.
    <@U0DANA> asked for CHG-1042, so only they can withdraw it.
    CHG-1042 isn't authorized, so there is nothing to let lapse. Withdraw it if it isn't needed any more.
    CHG-1042 isn't recorded as deployed yet. Press *Deployed now* or say `/emergency deployed CHG-1042` first.
    CHG-1042 is deployed, so it can't be withdrawn any more. Its paperwork is owed either way.
    CHG-1042 wasn't rejected, so there is nothing to put right.
    CHG-1042 can't be approved yet. Still missing: testing, outcome.
    CHG-1042 was edited after this message was shown. Read it again, then approve; the message now shows the newest.
    <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC> is in the future. Say when it was deployed, for example `20 min ago`.
    You can't ask yourself. Choose somebody who may authorize.
    Choose whom to ask.
    Say why; a few words are enough.
    CHG-1042 has no exception that waits for an answer.
    The policy doesn't name you among those who may approve it. Whose it is stands in the thread under the card.
    Guests can't authorize it. Ask a full member of the workspace; the request stays open.
    A bot can't deny it. A person has to.
    That account is deactivated, so it can't reject it. Somebody else has to.
    Only people of this organisation can authorize it as commander. The request stays open.
    You deployed this change, so somebody else has to authorize it.
    You went ahead with this change, so somebody else has to authorize it.
    You authorized this change as the most senior engineer available, so somebody else has to approve it.
    You can authorize CHG-1042 yourself: press *Authorize*. Word of mouth is for what somebody else said.
    CHG-1042 is deployed, so what was agreed to by word of mouth since then doesn't authorize it. Whoever agreed presses *Authorize afterwards* on the card.
    CHG-1042 has no authorization that waits to be confirmed.
    CHG-1042 has no deployment at <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC> any more; somebody has put that right before you. The card shows the newest.
    Only the requester and whoever deployed CHG-1042 can correct its time. Tell one of them; nothing was changed.
    CHG-1042 can't be a duplicate of itself.
    Nothing in CHG-1042's record has changed by that.
    You decided on this change and said so then, so somebody else has to say whether it was a genuine emergency.
    <@U0DANA> asked for this change or deployed it, so somebody else has to accept its risk.
    The risk stands under <@U0DANA>'s name, so only they can accept it, or somebody who may approve and puts their own name to it.
    CHG-1042 isn't approved yet; that comes first.
    CHG-1042 is neither approved nor rejected yet; that comes first.
    That is already on record for CHG-1042: <@U0MORGAN>, <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC>.
    CHG-1042 needs no such review: neither its category nor its reason asks for one.
    CHG-1042 waits for no permanent fix.
    CHG-1042 has no such follow-up that is still open.
    <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC> is in the future, and “when it was validated” tells of the past.
    <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC> is in the future. Record the meeting once it was held.
    A meeting held <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC> can't have reviewed CHG-1042: that was deployed only <!date^1773451140^{date_short_pretty} {time}|2026-03-14 01:19 UTC>. Say which later meeting did.
    <!date^1773450900^{date_short_pretty} {time}|2026-03-14 01:15 UTC> is in the past. Say by when it is to be done.
    <@U0MORGAN> is said to have authorized CHG-1042, so only they can say whether they did.
    Only <@U0MORGAN> can say that they refuse CHG-1042. Ask them to press *Deny* on the card.
    CHG-1042 is a duplicate of CHG-1041. Say it of CHG-1041; nothing was changed.
    CHG-1042 came after CHG-1041. Say that CHG-1042 is the same as CHG-1041, not the other way round.
    That doesn't fit “requester”. The bot keeps that as it happens; nobody writes it.
    That doesn't fit “testing”. Write it in your own words.
    That doesn't fit “security impact”. Choose one of: none, reduced, increased, unknown.
    That doesn't fit “category”. Choose one of the policy's categories.
    That doesn't fit “incident link”. Give one address that starts with https://, or say why there is none.
    That doesn't fit “pull request, commit, deployment”. Give addresses that start with https://, one a line.
    That doesn't fit “who validated it in production”. Choose a person.
    That doesn't fit “when it was validated”. Give a date and a time.
    That doesn't fit “systems”. Choose among the policy's systems.
    You asked for this change, so somebody else has to authorize it. *Ask someone else*, or go ahead without: that is recorded, and a second person makes it good afterwards.
    You asked for this change, so you can't deny it. Withdraw it if it isn't needed any more.
    You asked for this change, so somebody else has to authorize it as commander.
    You asked for this change, so somebody else has to authorize it.
    You asked for this change, so somebody else has to approve it.
    You asked for this change, so somebody else has to reject it.
    You asked for this change, so somebody else has to authorize it as the most senior engineer available.
    You asked for this change, so somebody else has to go ahead with it.
    You asked for this change, so somebody else has to say who commands the incident.
    You asked for this change, so somebody else has to write into its ticket.
    You asked for this change, so somebody else has to review it for the security group.
    You asked for this change, so somebody else has to approve it as the database's administrator.
    You asked for this change, so somebody else has to say whether it was a genuine emergency.
    You asked for this change, so somebody else has to record the meeting that reviewed it.
    You asked for this change, so somebody else has to answer its exceptions.
    You asked for this change, so somebody else has to say how it was put right.
    You asked for this change, so somebody else has to remove words from its record.
    You asked for this change, so somebody else has to accept its risk.
    You asked for this change, so somebody else has to hand on what is owed to it.
    ");
}
