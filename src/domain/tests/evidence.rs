//! What is attached, and what is taken out of the record again.

use super::*;
use crate::domain::change::{Actor, Attached, MessageRef, NotFetched};
use crate::domain::text::Commitment;
use crate::domain::ticket::Vague;

fn shared_in(ts: &str) -> MessageRef {
    let (channel, _) = message();
    MessageRef {
        channel,
        ts: MessageTs::new(ts),
        thread: None,
        permalink: None,
    }
}

fn file(id: &str) -> Attached {
    Attached::File {
        id: id.to_owned(),
        sha256: [7; 32],
        n_bytes: 7,
    }
}

fn lost(id: &str) -> Attached {
    Attached::Unfetched {
        id: id.to_owned(),
        n_bytes: None,
        why: NotFetched::Unreachable,
    }
}

fn attach(who: &str, ts: &str, attached: Vec<Attached>) -> Move {
    by(
        who,
        Command::Attach {
            by: full(who),
            message: shared_in(ts),
            attached: attached
                .into_iter()
                .map(|one| (text(one.file().unwrap_or("https://ci.example.com/7")), one))
                .collect(),
        },
    )
}

fn redact(who: &str, texts: &[Commitment]) -> Move {
    by(
        who,
        Command::Redact {
            by: full(who),
            administrators: vec![person(SAM)],
            texts: texts.iter().copied().collect(),
            reason: Some(text("a token; revoked")),
        },
    )
}

#[test]
fn what_is_attached_twice_is_kept_once() {
    given(deployed())
        .when(attach(DANA, "1.000001", vec![file("F1"), Attached::Link]))
        .when(attach(RILEY, "1.000002", vec![file("F1")]))
        .refused(&Refusal::NothingAltered { number: NUMBER })
        .when(attach(DANA, "1.000001", vec![Attached::Link]))
        .refused(&Refusal::NothingAltered { number: NUMBER });
}

#[test]
fn a_file_that_was_lost_is_kept_when_it_is_shared_again() {
    let story = given(deployed())
        .when(attach(DANA, "1.000001", vec![lost("F1")]))
        .when(attach(DANA, "1.000002", vec![lost("F1")]))
        .refused(&Refusal::NothingAltered { number: NUMBER })
        .when(attach(DANA, "1.000003", vec![file("F1")]));
    assert_eq!(story.change.attachments.len(), 2);
}

#[test]
fn a_file_makes_good_a_test_without_a_link_and_a_lost_one_does_not() {
    let told = "Replayed forty attack samples in staging";
    let vague = |story: &Story| story.change.fields[&Field::Testing].vague;
    let test = |words| write(DANA, vec![(Field::Testing, Told::Words(text(words)))]);
    let story = given(deployed()).when(test(told));
    assert_eq!(vague(&story), Some(Vague::NoEvidence));
    let story = story.when(attach(DANA, "1.000001", vec![lost("F1")]));
    assert_eq!(vague(&story), Some(Vague::NoEvidence));
    let story = story.when(attach(DANA, "1.000002", vec![file("F2")]));
    assert_eq!(vague(&story), None);
    let attached_first = given(deployed())
        .when(attach(DANA, "1.000001", vec![file("F1")]))
        .when(test(told));
    assert_eq!(vague(&attached_first), None);
    let kept_elsewhere = Attached::Elsewhere {
        id: "F3".to_owned(),
    };
    let story =
        given(deployed())
            .when(test(told))
            .when(attach(DANA, "1.000001", vec![Attached::Link]));
    assert_eq!(
        vague(&story),
        Some(Vague::NoEvidence),
        "any address may come up in a thread"
    );
    let story = story.when(attach(DANA, "1.000002", vec![kept_elsewhere]));
    assert_eq!(vague(&story), None);
    let linked = given(deployed()).when(test(
        "Replayed forty attack samples in staging: https://ci.example.com/7",
    ));
    assert_eq!(vague(&linked), None, "there it was put on purpose");
    // It makes nothing of words that say nothing.
    let said_nothing = attached_first.when(test("ok"));
    assert!(vague(&said_nothing).is_some());
}

#[test]
fn an_approval_speaks_of_what_was_attached_before_it() {
    let before = content_hash(&documented().change);
    let story = given(documented())
        .when(attach(DANA, "1.000001", vec![file("F1")]))
        .when(approving(MORGAN, before))
        .refused(&Refusal::ContentChanged { number: NUMBER });
    assert_ne!(content_hash(&story.change), before);
    let story = given(approved()).when(attach(DANA, "1.000001", vec![file("F1")]));
    let approval = story.change.approval.as_ref().unwrap();
    assert_eq!(approval.content, content_hash(&story.change));
    assert!(story.change.attachments[0].is_later);
    let story = story.when(document_as(DANA, &[Field::Outcome], "rewritten since"));
    assert!(story.change.approval.is_none());
    assert!(
        !story.change.attachments[0].is_later,
        "who decides anew sees it"
    );
}

#[test]
fn a_redaction_leaves_the_approval_as_it_was() {
    let story = given(approved());
    let before = content_hash(&story.change);
    let (what, outcome) = (
        story.change.what,
        story.change.words(Field::Outcome).unwrap(),
    );
    let story = story.when(redact(SAM, &[what, outcome]));
    assert_eq!(story.events().len(), 2);
    let approval = story.change.approval.as_ref().unwrap();
    assert_eq!(approval.content, before);
    assert_eq!(content_hash(&story.change), before);
    assert_eq!(story.change.redactions[&what].by, Actor::Person(user(SAM)));
    story
        .when(redact(SAM, &[what]))
        .refused(&Refusal::NothingToRedact { number: NUMBER });
}

#[test]
fn only_an_administrator_redacts_and_only_what_is_in_the_record() {
    let what = deployed().change.what;
    given(deployed())
        .when(redact(MORGAN, &[what]))
        .refused(&Refusal::NotAnAdministrator {
            administrators: vec![person(SAM)],
        })
        .when(redact(SAM, &[text("said elsewhere").commitment()]))
        .refused(&Refusal::NothingToRedact { number: NUMBER });
}

#[test]
fn a_text_that_was_written_over_is_still_known() {
    let story = given(deployed())
        .when(document_as(DANA, &[Field::Outcome], "the key is hunter2"))
        .when(document_as(DANA, &[Field::Outcome], "all blocked at once"));
    let before = words(Field::Outcome, "the key is hunter2").commitment();
    assert_ne!(story.change.words(Field::Outcome), Some(before));
    let story = story.when(redact(SAM, &[before]));
    assert_eq!(story.events().len(), 1);
}
