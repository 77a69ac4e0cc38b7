//! The stored form of every event, byte by byte.
//!
//! Each type and version has a file under `tests/fixtures/log`. A released file
//! is never edited: a leaf that was written once is read for ever.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::authorization::Ground;
use crate::domain::change::{
    ActOf, Actor, Attached, Capture, Criterion, Event, Evidence, Exception, Genuineness, Handover,
    MessageRef, Method, NotFetched, NotGenuine, Place, Recorded, Remedy, Review, Source, Strength,
};
use crate::domain::deployment::{Doubt, Explanation};
use crate::domain::id::{
    ChangeNumber, ChannelId, GroupId, MessageTs, Permalink, UserId, WorkspaceId,
};
use crate::domain::obligation::{Duty, Rung};
use crate::domain::policy::{Party, PolicyVersion};
use crate::domain::text::Commitment;
use crate::domain::ticket::{ContentHash, Field, Section, Vague, Value};
use crate::store::Witness;
use crate::store::log::{
    HouseEvent, decode, decode_house_event, encode, encode_house_event, put_event, put_house_event,
};

fn fixtures(version: u64) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/log/v{version}"))
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_773_450_840_000_000 + second * 1_000_000 + 1).unwrap()
}

fn text(n: u8) -> Commitment {
    Commitment([n; 32])
}

fn message() -> MessageRef {
    MessageRef {
        channel: ChannelId::new("C0INCAUTH1"),
        ts: MessageTs::new("1773450800.000100"),
        thread: None,
        permalink: Some(Permalink::new(
            "https://acme.slack.com/archives/C0INCAUTH1/p1773450800000100",
        )),
    }
}

fn morgan() -> UserId {
    UserId::new("U0MORGAN01")
}

/// Returns a first event, and after each one the next. A new variant doesn't
/// compile until it has its place here.
#[expect(clippy::too_many_lines, reason = "one arm a variant")]
fn following(event: Option<&Event>) -> Option<Event> {
    Some(match event {
        None => Event::Requested {
            what: text(0x0a),
            verbatim: text(0xb0),
            asked: vec![
                Party::Person(morgan()),
                Party::Group(GroupId::new("S0ENGMGRS1")),
            ],
            place: Place {
                channel: ChannelId::new("C0INCAUTH1"),
                thread: Some(MessageTs::new("1773450800.000100")),
            },
            policy: PolicyVersion(3),
            said: Some(message()),
            captured: Some(Capture {
                by: morgan(),
                at: at(60),
            }),
            drill: true,
            documented_within: Some(TimeDelta::hours(36)),
        },
        Some(Event::Requested { .. }) => Event::CriterionStated {
            criterion: Criterion::Vulnerability,
        },
        Some(Event::CriterionStated { .. }) => Event::AskedAnew {
            asked: vec![Party::Person(UserId::new("U0PRIYA001"))],
        },
        Some(Event::AskedAnew { .. }) => Event::Authorized {
            by: morgan(),
            method: Method::Button,
            strength: Strength::Direct,
            ground: Ground::Policy,
            evidence: Some(Evidence::Words {
                text: text(0xa1),
                message: message(),
            }),
            attested: Some(ActOf {
                by: morgan(),
                at: at(61),
            }),
        },
        Some(Event::Authorized { .. }) => Event::Denied {
            ground: Ground::NoPolicy,
            evidence: Some(Evidence::Emoji {
                name: "no_entry".to_owned(),
                on: MessageRef {
                    thread: Some(MessageTs::new("1773450800.000100")),
                    permalink: None,
                    ..message()
                },
            }),
        },
        Some(Event::Denied { .. }) => Event::WentAhead,
        Some(Event::WentAhead) => Event::CommanderNamed {
            commander: UserId::new("U0RILEY001"),
        },
        Some(Event::CommanderNamed { .. }) => Event::CommanderAuthorized {
            method: Method::Button,
            strength: Strength::Direct,
            ground: Ground::Policy,
        },
        Some(Event::CommanderAuthorized { .. }) => Event::SecondAuthorized {
            method: Method::Spoken,
            strength: Strength::Attested,
            ground: Ground::Commander,
            evidence: Some(Evidence::Account { text: text(0xa2) }),
        },
        Some(Event::SecondAuthorized { .. }) => Event::Deployed {
            deployed_at: at(300),
            known_from: Source::Attested,
            implementer: UserId::new("U0DANA0001"),
        },
        Some(Event::Deployed { .. }) => Event::DeploymentCorrected {
            from: at(300),
            to: at(240),
            reason: text(0x03),
        },
        Some(Event::DeploymentCorrected { .. }) => Event::ReasonStated {
            reason: NotGenuine::Other,
            text: Some(text(0x04)),
        },
        Some(Event::ReasonStated { .. }) => Event::LinkedAsDuplicate {
            of: ChangeNumber(1000),
        },
        Some(Event::LinkedAsDuplicate { .. }) => Event::MessageEdited {
            message: message(),
            from: text(0x05),
            to: text(0x06),
        },
        Some(Event::MessageEdited { .. }) => Event::MessageDeleted {
            message: message(),
            from: text(0x06),
        },
        Some(Event::MessageDeleted { .. }) => Event::ReactionRemoved {
            name: "white_check_mark".to_owned(),
            on: message(),
        },
        Some(Event::ReactionRemoved { .. }) => Event::AttestationConfirmed,
        Some(Event::AttestationConfirmed) => Event::AttestationDisputed,
        Some(Event::AttestationDisputed) => Event::Lapsed,
        Some(Event::Lapsed) => Event::Withdrawn,
        Some(Event::Withdrawn) => Event::SectionWritten {
            section: Section::RollbackPlan,
            text: text(0xc0),
        },
        Some(Event::SectionWritten { .. }) => Event::FieldWritten {
            field: Field::Testing,
            value: Value::Words(text(0xc1)),
            vague: Some(Vague::NoEvidence),
            taken_from: Some(ChangeNumber(1001)),
            replaced: Some(Value::Words(text(0xc2))),
        },
        Some(Event::FieldWritten { .. }) => Event::Documented,
        Some(Event::Documented) => Event::TicketReopened {
            missing: vec![Field::PermanentFix, Field::PermanentFixOwner],
        },
        Some(Event::TicketReopened { .. }) => Event::Approved {
            content: ContentHash([0xd0; 32]),
            ground: Ground::Policy,
            conditions: Some(text(0xd1)),
            genuine: Some(Genuineness {
                is_genuine: false,
                words: Some(text(0xd2)),
            }),
            despite: vec![Field::Testing],
        },
        Some(Event::Approved { .. }) => Event::ApprovalTakenBack {
            field: Some(Field::Outcome),
        },
        Some(Event::ApprovalTakenBack { .. }) => Event::Rejected {
            reason: text(0xe0),
            ground: Ground::Policy,
            remedy: Some(Remedy::AcceptRisk),
            owner: Some(morgan()),
            due_at: Some(at(172_800)),
            genuine: Some(Genuineness {
                is_genuine: false,
                words: Some(text(0xe5)),
            }),
        },
        Some(Event::Rejected { .. }) => Event::Reviewed {
            review: Review::Security,
            ground: Ground::Policy,
            content: ContentHash([0xd3; 32]),
            words: Some(text(0xd4)),
        },
        Some(Event::Reviewed { .. }) => Event::GenuinenessReviewed {
            ground: Ground::Policy,
            genuine: Genuineness {
                is_genuine: true,
                words: None,
            },
        },
        Some(Event::GenuinenessReviewed { .. }) => Event::MeetingHeld {
            held_at: at(86_400),
            minutes: Some(text(0xd5)),
            improvements: None,
        },
        Some(Event::MeetingHeld { .. }) => Event::PermanentFixMade { how: text(0xd6) },
        Some(Event::PermanentFixMade { .. }) => Event::FollowUpAdded {
            what: text(0xd7),
            owner: morgan(),
            due_at: at(604_800),
        },
        Some(Event::FollowUpAdded { .. }) => Event::FollowUpDone {
            n: 1,
            how: Some(text(0xd8)),
        },
        Some(Event::FollowUpDone { .. }) => Event::Remediated { how: text(0xf0) },
        Some(Event::Remediated { .. }) => Event::ExceptionRecorded {
            exception: Exception::NotAuthorized,
        },
        Some(Event::ExceptionRecorded { .. }) => Event::ExceptionAnswered {
            exception: Exception::DeployedBeforeAuthorization,
            cause: text(0x01),
            remedy: text(0x02),
            owner: morgan(),
        },
        Some(Event::ExceptionAnswered { .. }) => Event::DeadlineMissed {
            duty: Duty::Ticket,
            owner: Some(Party::Person(UserId::new("U0DANA0001"))),
            due_at: at(86_400),
        },
        Some(Event::DeadlineMissed { .. }) => Event::Reminded {
            duty: Duty::AnswerException(Exception::Rejected),
            owner: None,
            due_at: None,
            rung: Rung::Before(240),
            round: None,
        },
        Some(Event::Reminded { round: Some(_), .. }) => return None,
        Some(Event::Reminded { round: None, .. }) => Event::Delivered {
            key: "note:CHG-1001:7 \"quoted\\\n\u{1}é".to_owned(),
            channel: ChannelId::new("C0INCAUTH1"),
            ts: MessageTs::new("1773450841.000200"),
            payload: [0x0f; 32],
            showed: 7,
        },
        Some(Event::Delivered { .. }) => Event::Undelivered {
            key: "card:CHG-1001".to_owned(),
            error: "message_not_found".to_owned(),
        },
        Some(Event::Undelivered { .. }) => Event::Closed,
        Some(Event::Closed) => Event::AttachmentKept {
            name: text(0xe1),
            attached: Attached::File {
                id: "F0BLOCKED1".to_owned(),
                sha256: [0xe2; 32],
                n_bytes: 40_960,
            },
            message: message(),
        },
        Some(Event::AttachmentKept { .. }) => Event::Redacted {
            text: text(0xe3),
            reason: text(0xe4),
        },
        Some(Event::Redacted { .. }) => Event::Snoozed {
            duty: Duty::Ticket,
            owner: Some(Party::Person(UserId::new("U0DANA0001"))),
            until: at(3600),
        },
        Some(Event::Snoozed { .. }) => Event::HandedOver {
            duty: Duty::Approval,
            from: Some(Party::Person(morgan())),
            to: Party::Group(GroupId::new("S0ENGMGRS1")),
            why: Handover::Away,
        },
        Some(Event::HandedOver { .. }) => Event::Escalated {
            duty: Duty::Ticket,
            due_at: at(86_400),
            to: UserId::new("U0SAM00001"),
            step: 1,
        },
        // What it came by later stands in a golden file of its own.
        Some(Event::Escalated { .. }) => Event::Reminded {
            duty: Duty::Approval,
            owner: Some(Party::Person(morgan())),
            due_at: Some(at(86_400)),
            rung: Rung::Opening,
            round: Some(2),
        },
    })
}

/// The versions of the form, with the newest last.
const VERSIONS: [u64; 3] = [1, 2, 3];
const NEWEST: u64 = 3;

/// Returns the event as it could be written in the second version; nothing if
/// that didn't know it.
fn in_the_second_version(event: Event) -> Option<Event> {
    match event {
        Event::FieldWritten { .. }
        | Event::AttachmentKept { .. }
        | Event::Redacted { .. }
        | Event::Snoozed { .. }
        | Event::HandedOver { .. }
        | Event::Escalated { .. }
        | Event::Reminded { round: Some(_), .. }
        | Event::TicketReopened { .. }
        | Event::Reviewed { .. }
        | Event::GenuinenessReviewed { .. }
        | Event::MeetingHeld { .. }
        | Event::PermanentFixMade { .. }
        | Event::FollowUpAdded { .. }
        | Event::FollowUpDone { .. } => None,
        Event::Requested {
            what,
            verbatim,
            asked,
            place,
            policy,
            said,
            captured,
            drill,
            documented_within: _,
        } => Some(Event::Requested {
            what,
            verbatim,
            asked,
            place,
            policy,
            said,
            captured,
            drill,
            documented_within: None,
        }),
        Event::Approved {
            content, ground, ..
        } => Some(Event::Approved {
            content,
            ground,
            conditions: None,
            genuine: None,
            despite: Vec::new(),
        }),
        Event::Rejected { reason, ground, .. } => Some(Event::Rejected {
            reason,
            ground,
            remedy: None,
            owner: None,
            due_at: None,
            genuine: None,
        }),
        other => Some(other),
    }
}

/// Returns the event as it could be written in the first version; nothing if
/// that didn't know it.
fn in_the_first_version(event: Event) -> Option<Event> {
    match in_the_second_version(event)? {
        Event::AttestationConfirmed
        | Event::AttestationDisputed
        | Event::DeploymentCorrected { .. }
        | Event::ReasonStated { .. }
        | Event::LinkedAsDuplicate { .. }
        | Event::MessageEdited { .. }
        | Event::MessageDeleted { .. }
        | Event::ReactionRemoved { .. } => None,
        Event::Requested {
            what,
            verbatim,
            asked,
            place,
            policy,
            ..
        } => Some(Event::Requested {
            what,
            verbatim,
            asked,
            place,
            policy,
            said: None,
            captured: None,
            drill: false,
            documented_within: None,
        }),
        Event::Authorized {
            by,
            method,
            strength,
            ground,
            ..
        } => Some(Event::Authorized {
            by,
            method,
            strength,
            ground,
            evidence: None,
            attested: None,
        }),
        Event::Denied { ground, .. } => Some(Event::Denied {
            ground,
            evidence: None,
        }),
        Event::SecondAuthorized {
            method,
            strength,
            ground,
            ..
        } => Some(Event::SecondAuthorized {
            method,
            strength,
            ground,
            evidence: None,
        }),
        other => Some(other),
    }
}

fn samples(version: u64) -> Vec<Recorded> {
    std::iter::successors(following(None), |event| following(Some(event)))
        .filter_map(|event| match version {
            1 => in_the_first_version(event),
            2 => in_the_second_version(event),
            _ => Some(event),
        })
        .zip(0..)
        .map(|(event, n)| Recorded {
            at: at(n),
            source: match n % 3 {
                0 => Source::Receipt,
                1 => Source::Slack,
                _ => Source::Clock,
            },
            actor: match n % 3 {
                0 => Actor::Person(UserId::new("U0DANA0001")),
                1 => Actor::Clock,
                _ => Actor::Bot,
            },
            event,
        })
        .collect()
}

fn house() -> (WorkspaceId, ChangeNumber) {
    (WorkspaceId::new("T0BREAK01"), ChangeNumber(1042))
}

/// The name of an event's golden file: its kind, or what it came by later.
fn file_of(event: &Event) -> &'static str {
    match event {
        Event::Reminded { round: Some(_), .. } => "reminded_in_a_round",
        other => put_event(other).0,
    }
}

fn golden(version: u64, kind: &str) -> Vec<u8> {
    let file = fixtures(version).join(format!("{kind}.json"));
    std::fs::read(&file).unwrap_or_else(|_| panic!("{} is missing", file.display()))
}

#[test]
fn every_event_has_the_bytes_that_its_newest_golden_file_holds() {
    let (workspace, number) = house();
    for (recorded, seq) in samples(NEWEST).iter().zip(0..) {
        let kind = file_of(&recorded.event);
        let leaf = encode(&workspace, seq, number, recorded);
        assert_eq!(
            String::from_utf8(leaf).unwrap(),
            String::from_utf8(golden(NEWEST, kind)).unwrap(),
            "{kind}"
        );
    }
}

#[test]
fn every_golden_file_of_every_version_reads_back_as_the_event_that_it_is() {
    for version in VERSIONS {
        for recorded in samples(version) {
            let kind = file_of(&recorded.event);
            assert_eq!(decode(&golden(version, kind)), Some(recorded), "{kind}");
        }
    }
}

/// Returns a first event of the house, and after each one the next. A new variant
/// doesn't compile until it has its place here.
fn following_of_the_house(event: Option<&HouseEvent>) -> Option<HouseEvent> {
    Some(match event {
        None => HouseEvent::PolicyAdopted {
            version: 2,
            bytes: "approvers = [\"S0ENGMGRS1\"]\n".to_owned(),
        },
        Some(HouseEvent::PolicyAdopted { .. }) => HouseEvent::DeploymentsTakenIn {
            source: "github".to_owned(),
            n: 3,
            rows: [0xf1; 32],
        },
        Some(HouseEvent::DeploymentsTakenIn { .. }) => HouseEvent::QuestionAnswered {
            question: 7,
            doubt: Doubt::Undeclared,
            source: "github".to_owned(),
            external_id: "acme/api/deployments/1".to_owned(),
            answer: Explanation::Declared,
            change: Some(ChangeNumber(1043)),
            by: UserId::new("U0DANA0001"),
            proof: Some(text(0xf2)),
        },
        Some(HouseEvent::QuestionAnswered { .. }) => HouseEvent::KeyAdopted {
            key: "breakglass/T0BREAK01+0c8d7be4+AT2tF7Tov+23kkyJ8xa3OlLH3MNNU2nnBcCrYhMEhx5k"
                .to_owned(),
        },
        Some(HouseEvent::KeyAdopted { .. }) => HouseEvent::KeyRotated {
            from: "breakglass/T0BREAK01+0c8d7be4+AT2tF7Tov+23kkyJ8xa3OlLH3MNNU2nnBcCrYhMEhx5k"
                .to_owned(),
            to: "breakglass/T0BREAK01+1d9e8cf5+AT2tF7Tov+23kkyJ8xa3OlLH3MNNU2nnBcCrYhMEhx5l"
                .to_owned(),
            note: Some("a\n\n— b AAAA\n".to_owned()),
        },
        Some(HouseEvent::KeyRotated { .. }) => HouseEvent::CheckpointShown {
            size: 7,
            root: [0xf3; 32],
            made_at: at(60),
            witness: Witness::Report,
            place: "C0ENGINEER 1773450900.000100".to_owned(),
        },
        Some(HouseEvent::CheckpointShown { .. }) => HouseEvent::PackDelivered {
            to: UserId::new("U0SAM00001"),
            first_day: "2026-01-01".to_owned(),
            last_day: "2026-03-31".to_owned(),
            about: None,
            size: 7,
            root: [0xf3; 32],
            sha256: [0xf4; 32],
            place: "D0SAM00001 F0000000001".to_owned(),
        },
        Some(HouseEvent::PackDelivered { .. }) => return None,
    })
}

fn samples_of_the_house(version: u64) -> Vec<HouseEvent> {
    let all = std::iter::successors(following_of_the_house(None), |event| {
        following_of_the_house(Some(event))
    });
    all.filter(|event| match event {
        HouseEvent::PolicyAdopted { .. } => true,
        HouseEvent::DeploymentsTakenIn { .. }
        | HouseEvent::QuestionAnswered { .. }
        | HouseEvent::KeyAdopted { .. }
        | HouseEvent::KeyRotated { .. }
        | HouseEvent::CheckpointShown { .. }
        | HouseEvent::PackDelivered { .. } => version >= 3,
    })
    .collect()
}

#[test]
fn an_event_of_the_house_has_its_golden_files_too() {
    let (workspace, _) = house();
    for event in samples_of_the_house(NEWEST) {
        let (kind, _) = put_house_event(&event);
        let leaf = encode_house_event(&workspace, 0, at(0), &event);
        assert_eq!(
            String::from_utf8(leaf).unwrap(),
            String::from_utf8(golden(NEWEST, kind)).unwrap(),
            "{kind}"
        );
    }
    for version in VERSIONS {
        for event in samples_of_the_house(version) {
            let (kind, _) = put_house_event(&event);
            let leaf = golden(version, kind);
            assert_eq!(decode_house_event(&leaf), Some(event));
            assert_eq!(decode(&leaf), None);
        }
    }
}

#[test]
fn no_golden_file_stands_for_nothing() {
    for version in VERSIONS {
        let known: BTreeSet<String> = samples(version)
            .iter()
            .map(|recorded| file_of(&recorded.event))
            .chain(
                samples_of_the_house(version)
                    .iter()
                    .map(|event| put_house_event(event).0),
            )
            .map(|kind| format!("{kind}.json"))
            .collect();
        let found: BTreeSet<String> = std::fs::read_dir(fixtures(version))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(found, known, "version {version}");
    }
}

#[test]
fn a_leaf_of_an_unknown_version_or_type_is_not_guessed_at() {
    let leaf = String::from_utf8(golden(NEWEST, "lapsed")).unwrap();
    assert!(decode(leaf.as_bytes()).is_some());
    for (from, to) in [
        ("\"v\":3", "\"v\":4"),
        ("\"v\":3", "\"v\":0"),
        ("\"lapsed\"", "\"slammed\""),
        ("\"user:", "\"ghost:"),
    ] {
        let other = leaf.replace(from, to);
        assert_ne!(other, leaf, "{from} stands in the file");
        assert_eq!(decode(other.as_bytes()), None, "{to}");
    }
    assert_eq!(decode(b"{\"v\":3"), None);
}

#[test]
fn every_kind_of_value_reads_back_as_what_it_was() {
    for value in [
        Value::Words(text(1)),
        Value::Choice("hotfix".to_owned()),
        Value::Links(text(2)),
        Value::Person(morgan()),
        Value::Instant(at(3)),
        Value::Systems(vec!["waf".to_owned(), "api".to_owned()]),
    ] {
        let recorded = Recorded {
            at: at(0),
            source: Source::Slack,
            actor: Actor::Person(morgan()),
            event: Event::FieldWritten {
                field: Field::Systems,
                value,
                vague: None,
                taken_from: None,
                replaced: None,
            },
        };
        let (workspace, number) = house();
        let leaf = encode(&workspace, 0, number, &recorded);
        assert_eq!(decode(&leaf), Some(recorded));
    }
}

#[test]
fn everything_attached_reads_back_as_what_it_was() {
    for attached in [
        Attached::Link,
        Attached::Elsewhere {
            id: "F0DOCUMENT".to_owned(),
        },
        Attached::Unfetched {
            id: "F0LARGE".to_owned(),
            n_bytes: None,
            why: NotFetched::TooLarge,
        },
        Attached::Unfetched {
            id: "F0GONE".to_owned(),
            n_bytes: Some(7),
            why: NotFetched::Gone,
        },
    ] {
        let recorded = Recorded {
            at: at(1),
            source: Source::Slack,
            actor: Actor::Person(morgan()),
            event: Event::AttachmentKept {
                name: text(0xe1),
                attached,
                message: message(),
            },
        };
        let (workspace, change) = house();
        let leaf = encode(&workspace, 1, change, &recorded);
        assert_eq!(decode(&leaf), Some(recorded));
    }
}
