//! What holds whatever people do, in whatever order, however late it is heard.

use super::capture::message_at;
use super::*;
use crate::domain::change::{ActOf, Capture, Given, NotGenuine, Review, Stage, Strength};
use crate::domain::obligation::needs_second_person;
use chrono::Timelike;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const PEOPLE: [&str; 6] = [DANA, MORGAN, RILEY, ALEX, SAM, KIM];

/// Far apart, with half hours, and with clocks that go forward and back.
const ZONES: [Tz; 6] = [
    chrono_tz::Europe::Berlin,
    chrono_tz::America::Los_Angeles,
    chrono_tz::Asia::Kathmandu,
    chrono_tz::Pacific::Auckland,
    chrono_tz::Australia::Lord_Howe,
    chrono_tz::Tz::UTC,
];

/// Something that somebody does, or time that passes.
#[derive(Debug, Clone)]
struct Step {
    /// How long after the step before.
    after: i64,
    /// How many minutes later than it was done it is heard.
    late: i64,
    /// Whether the sweep runs in between, or sleeps.
    swept: bool,
    who: &'static str,
    whom: &'static str,
    standing: Standing,
    kind: usize,
    field: Field,
    back: i64,
    stale: bool,
    /// Whether somebody does it whose part it is; else anybody does.
    apt: bool,
}

/// What people do, as often as it takes for some changes to be closed.
const KINDS: [usize; 58] = [
    0, 0, 1, 2, 3, 3, 3, 3, 4, 5, 6, 6, 6, 7, 8, 8, 8, 10, 11, 12, 13, 13, 13, 15, 15, 15, 15, 15,
    17, 18, 19, 19, 19, 20, 20, 21, 21, 22, 22, 22, 23, 24, 24, 25, 25, 26, 27, 28, 29, 29, 30, 31,
    32, 33, 34, 12, 12, 29,
];

/// The messages that may be captured, edited and deleted.
const MESSAGES: [&str; 2] = ["1773450840.000100", "1773450905.000200"];

fn step() -> impl Strategy<Value = Step> {
    (
        (
            prop_oneof![0..20_i64, 0..600_i64, 0..9000_i64],
            prop_oneof![3 => Just(0), 1 => 0..2000_i64],
            any::<bool>(),
        ),
        (
            select(&PEOPLE[..]),
            select(&PEOPLE[..]),
            prop_oneof![9 => Just(Standing::Full), 1 => select(Standing::ALL)],
        ),
        select(&KINDS[..]),
        select(TICKET),
        prop_oneof![Just(0), -2..60_i64, 0..3000_i64],
        (prop::bool::weighted(0.1), prop::bool::weighted(0.8)),
    )
        .prop_map(
            |((after, late, swept), (who, whom, standing), kind, field, back, (stale, apt))| Step {
                after,
                late,
                swept,
                who,
                whom,
                standing,
                kind,
                field,
                back,
                stale,
                apt,
            },
        )
}

impl Step {
    /// How an answer is given follows from what else was drawn.
    fn kind_of_given(&self) -> usize {
        usize::try_from(self.after % 3).unwrap()
    }
}

fn answered(step: &Step) -> Given {
    match step.kind_of_given() {
        0 => Given::Button,
        1 => Given::Message {
            text: text("approved"),
            message: message_at(MESSAGES[1]),
            read_so: None,
        },
        _ => Given::Reaction {
            name: "white_check_mark".to_owned(),
            on: message_at(MESSAGES[0]),
        },
    }
}

/// A request as typed, or as said and captured later; in earnest or rehearsed.
fn begun(began_at: DateTime<Utc>, late: Option<i64>, rehearsed: bool) -> Command {
    let mut command = request();
    if let Command::Request {
        said,
        captured,
        drill,
        ..
    } = &mut command
    {
        *drill = rehearsed;
        *said = late.map(|_| message_at(MESSAGES[0]));
        *captured = late.map(|late| Capture {
            by: user(SAM),
            at: began_at + minutes(late),
        });
    }
    command
}

fn taken(step: &Step, story: &Story) -> Move {
    let named = story.change.awaits_confirmation().cloned();
    let who = match step.kind {
        3 | 4 | 20 | 15 | 17 if step.apt && [DANA, RILEY, SAM].contains(&step.who) => KIM,
        6 if step.apt => RILEY,
        8 | 24 | 26 if step.apt => DANA,
        22 if step.apt => *PEOPLE
            .iter()
            .find(|who| named.as_ref().is_some_and(|named| named.as_str() == **who))
            .unwrap_or(&step.who),
        _ => step.who,
    };
    let member = Member {
        standing: step.standing,
        ..full(who)
    };
    let command = match step.kind {
        0 => Command::StateCriterion {
            by: member,
            criterion: Criterion::Vulnerability,
        },
        1 => Command::StateCriterion {
            by: member,
            criterion: Criterion::DataLoss,
        },
        2 => Command::AskSomeoneElse {
            asked: vec![person(step.whom)],
        },
        3 => Command::Authorize {
            by: member,
            given: answered(step),
        },
        4 => Command::Deny {
            by: member,
            given: answered(step),
        },
        5 => Command::GoAhead { by: member },
        6 => Command::TakeCommand { by: member },
        7 => Command::NameCommander {
            by: member,
            commander: user(step.whom),
        },
        8 => Command::RecordDeployment {
            at: story.now - minutes(step.back),
            source: Source::Webhook,
            by: user(who),
        },
        10 => Command::Lapse,
        11 => Command::Withdraw,
        12 => return varied(step, story, member),
        13 => return document_as(who, TICKET, &story.change.version.to_string()),
        15 => Command::Approve {
            by: member,
            seen: if step.stale {
                content_hash(&requested().change)
            } else {
                content_hash(&story.change)
            },
            conditions: (step.back % 5 == 1).then(|| text("Watch it for a day.")),
            genuine: Genuine {
                is_genuine: step.back % 7 != 1,
                words: Some(text("By what the channel says.")),
            },
        },
        17 => Command::Reject {
            by: member,
            reason: text("No."),
            remedy: select_one(Remedy::ALL, step.after),
            owner: (step.back % 2 == 1).then(|| full(step.whom)),
            due_at: (step.back % 3 == 1).then(|| story.now + minutes(step.after + 1)),
            genuine: (step.back % 5 > 1).then(|| Genuine {
                is_genuine: step.back % 5 > 2,
                words: Some(text("By what the channel says.")),
            }),
        },
        18 => Command::Remediate {
            by: member,
            how: text("So."),
        },
        29..=34 => return afterwards(step, story, member),
        kind => return captured(kind, step, story, who),
    };
    by(who, command)
}

/// What comes beside the decision and after it.
fn afterwards(step: &Step, story: &Story, member: Member) -> Move {
    let who = member.id.as_str().to_owned();
    let command = match step.kind {
        29 => Command::Review {
            by: member,
            review: select_one(Review::ALL, step.after),
            seen: content_hash(&story.change),
            words: None,
        },
        30 => Command::ReviewGenuineness {
            by: member,
            genuine: genuine(),
        },
        31 => Command::RecordMeeting {
            by: member,
            held_at: story.now - minutes(step.back),
            minutes: None,
            improvements: Some(text("Rules kept ready.")),
        },
        32 => Command::RecordPermanentFix {
            by: member,
            how: text("Prepared statements everywhere."),
        },
        33 => Command::AddFollowUp {
            by: member,
            what: text("Keep rules ready."),
            owner: user(step.whom),
            due_at: story.now + minutes(step.after),
        },
        _ => Command::FinishFollowUp {
            by: member,
            n: 1,
            how: None,
        },
    };
    by(&who, command)
}

fn select_one<T: Copy>(all: &[T], by: i64) -> T {
    all[usize::try_from(by).unwrap() % all.len()]
}

/// One field, in any of the ways in which it may be filled; sometimes by somebody
/// who hasn't seen what stands.
fn varied(step: &Step, story: &Story, member: Member) -> Move {
    let said = story.change.version.to_string();
    let told = match (step.field.row().kind, step.field) {
        (Kind::Choice(choices), _) => Told::Choice(select_one(choices, step.after).to_owned()),
        (Kind::Category, _) => {
            let categories = &story.policy.categories;
            let nth = usize::try_from(step.after).unwrap() % categories.len();
            Told::Choice(categories[nth].id.clone())
        }
        (Kind::Words, _) if step.stale => Told::Words(text("ok")),
        (_, field) => told(field, &said),
    };
    let who = member.id.as_str().to_owned();
    by(
        &who,
        Command::Document {
            by: Some(member),
            fields: vec![writing(step.field, told)],
            standing: Vec::new(),
        },
    )
}

/// What came with capture; whoever does none of it answers exceptions.
fn captured(kind: usize, step: &Step, story: &Story, who: &str) -> Move {
    let member = Member {
        standing: step.standing,
        ..full(who)
    };
    let command = match kind {
        20 => Command::Authorize {
            by: member,
            given: Given::Spoken {
                attested: ActOf {
                    by: user(step.whom),
                    at: story.now,
                },
                account: None,
            },
        },
        21 => Command::StandIn { by: member },
        22 if step.stale => Command::DisputeAttestation,
        22 => Command::ConfirmAttestation,
        23 => Command::StateReason {
            by: member,
            reason: NotGenuine::Other,
            text: Some(text("because")),
        },
        24 => Command::CorrectDeployment {
            from: story.change.deployed_at().unwrap_or(story.now),
            to: story.now - minutes(step.back),
            reason: text("The pipeline says so."),
        },
        25 => Command::NoteEdit {
            channel: message_at(MESSAGES[0]).channel,
            ts: MessageTs::new(MESSAGES[step.kind_of_given() % 2]),
            to: text(&story.change.version.to_string()),
        },
        26 if step.stale => Command::LinkAsDuplicate {
            of: ChangeNumber(1041),
        },
        27 => Command::NoteDeletion {
            channel: message_at(MESSAGES[0]).channel,
            ts: MessageTs::new(MESSAGES[step.kind_of_given() % 2]),
        },
        28 => Command::NoteReactionRemoved {
            name: "white_check_mark".to_owned(),
            channel: message_at(MESSAGES[0]).channel,
            ts: MessageTs::new(MESSAGES[0]),
        },
        _ => return answer(who, Exception::ALL),
    };
    by(who, command)
}

fn check_reminders(story: &Story, from: usize) {
    let mut seen = BTreeSet::new();
    for one in story.history.iter().skip(from) {
        let Event::Reminded {
            duty, owner, rung, ..
        } = &one.event
        else {
            continue;
        };
        assert!(
            seen.insert((*duty, owner.clone(), one.at)),
            "{duty:?} twice at {}",
            one.at
        );
        let who = match owner {
            Some(Party::Person(who)) => Some(who),
            Some(Party::Group(_)) | None => None,
        };
        let hour = story.town.local(who, one.at).hour();
        let night = !(8..22).contains(&hour);
        let awake = who
            .and_then(|who| story.town.active_at(who))
            .is_some_and(|active_at| one.at - active_at <= minutes(30));
        assert!(
            !night || awake || *duty == Duty::AnswerRequest,
            "{who:?} is woken at {} for {duty:?} {rung:?}",
            one.at
        );
    }
}

fn check_authorization(story: &Story) {
    let change = &story.change;
    if let Some(given) = &change.authorization {
        assert_ne!(given.by, change.requester);
        assert_eq!(
            given.strength == Strength::Attested,
            given.attested.is_some()
        );
        assert_eq!(given.method == Method::Spoken, {
            let attested = given.attested.as_ref();
            attested.is_some_and(|attested| attested.by != given.by)
        });
    }
    if let Some(by) = change.stood_in() {
        assert_ne!(change.second.as_ref().map(|act| &act.by), Some(by));
        assert!(needs_second_person(change));
    }
    for quote in &change.quotes {
        assert!(change.commitments().contains(&quote.captured));
    }
}

fn check_state(story: &Story) {
    let change = &story.change;
    let ended_rehearsal = change.drill && change.stage == Stage::Withdrawn;
    assert!(
        ended_rehearsal || change.is_before_deployment() == change.deployments.is_empty(),
        "{:?}",
        change.stage
    );
    if ended_rehearsal || change.duplicate_of.is_some() {
        assert!(story.owed().iter().all(|one| one.met_at.is_some()));
        assert_eq!(story.next_due_at(), None);
    }
    check_authorization(story);
    assert_eq!(change.stage == Stage::Closed, change.closed_at.is_some());
    if let Some(approval) = &change.approval {
        assert_eq!(approval.content, content_hash(change));
        assert_ne!(approval.by, change.requester);
        assert_ne!(Some(&approval.by), change.stood_in());
        assert_eq!(change.awaits_confirmation(), None);
        assert!(change.implementers().all(|one| *one != approval.by));
    }
    if change.stage == Stage::Closed {
        // Only a later *no* to whether it was genuine is still to be answered.
        let no = change.genuineness.as_ref();
        let no = no.is_some_and(|one| !one.genuine.is_genuine);
        let answer = Duty::AnswerException(Exception::NotGenuine);
        for duty in story.owed_to_close() {
            assert!(no && duty == answer, "{duty:?} is owed by a closed change");
        }
    }
    if let Some(second) = &change.second
        && needs_second_person(change)
        && story
            .obligation(Duty::SecondAuthorization)
            .is_some_and(|one| one.met_at == Some(second.at))
    {
        assert!(
            change
                .went_ahead
                .as_ref()
                .is_none_or(|act| act.by != second.by)
        );
    }
    let mut missed = BTreeSet::new();
    for (duty, due_at, noticed_at) in story.misses() {
        assert!(missed.insert((duty, due_at)), "{duty:?} is missed twice");
        assert!(noticed_at >= due_at);
    }
    assert_eq!(missed, change.missed);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_the_rules_hold(
        steps in prop::collection::vec(step(), 1..40),
        began in 0..525_600_i64,
        zones in prop::collection::vec(any::<Index>(), PEOPLE.len()),
        is_written in any::<bool>(),
        captured in prop::option::of(0..3000_i64),
        rehearsed in prop::bool::weighted(0.1),
    ) {
        let mut town = Town::berlin();
        for (who, zone) in PEOPLE.iter().zip(&zones) {
            town.zones.insert(user(who), *zone.get(&ZONES));
        }
        let policy = if is_written { written() } else { Policy::unwritten(PolicyVersion(1)) };
        let began_at = berlin("2026-01-01 00:00") + minutes(began);
        let request = begun(began_at, captured, rehearsed);
        let mut story = Story::begin(began_at, policy, town, request);
        story.now += minutes(captured.unwrap_or_default());
        for step in &steps {
            let seen = story.history.len();
            let since = story.now + minutes(step.after) - story.began_at;
            story = if step.swept { story.until(since) } else { story.at(since) };
            check_reminders(&story, seen);

            let seen = story.history.len();
            let version = story.change.version;
            let exceptions = story.exceptions();
            let missed = story.change.missed.clone();
            let due_at = story.change.due_at();
            let done_at = (story.now - minutes(step.late)).max(story.began_at);
            let what = taken(step, &story);
            story = story.when_done(done_at, what);
            if story.outcome.is_err() {
                prop_assert_eq!(story.change.version, version);
            }
            for exception in exceptions {
                prop_assert!(story.change.exceptions.contains_key(&exception));
            }
            prop_assert!(story.change.missed.is_superset(&missed));
            if let Some(due_at) = due_at.filter(|due_at| *due_at <= done_at) {
                let due_now = story.change.due_at();
                prop_assert!(due_now.is_some_and(|due_now| due_now <= due_at));
            }
            story = story.ticks();
            check_reminders(&story, seen);
            check_state(&story);
            let next = story.next_due_at();
            prop_assert!(next.is_none_or(|next| next > story.now), "{next:?} at {}", story.now);
        }
        let seen = story.history.len();
        let end = story.now + days(12) - story.began_at;
        let story = story.until(end);
        check_reminders(&story, seen);
        check_state(&story);
    }

    #[test]
    fn a_second_tick_in_the_same_instant_brings_nothing(
        steps in prop::collection::vec(step(), 1..12),
    ) {
        let mut story = requested();
        for step in &steps {
            let since = story.now + minutes(step.after) - story.began_at;
            let what = taken(step, &story);
            story = story.at(since).when(what).ticks();
            let n = story.history.len();
            story = story.ticks();
            prop_assert_eq!(story.history.len(), n);
        }
    }
}
