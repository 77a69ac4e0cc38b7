//! What people said becomes part of a record, once.

use super::*;
use crate::domain::change::{Capture, Criterion, Event, MessageRef, Verdict};

pub(super) const CHANNEL: &str = "C0INCAUTH1";
pub(super) const DANA: &str = "U0DANA0001";
pub(super) const MORGAN: &str = "U0MORGAN01";
pub(super) const ASKED: &str = "1773450840.000100";
pub(super) const ANSWERED: &str = "1773450900.000200";

pub(super) fn seconds(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}

/// A text with a salt of its own.
pub(super) fn text(body: &str, salt: u8) -> Text {
    Text::new(body, Salt([salt; 32]))
}

pub(super) fn message(ts: &str) -> MessageRef {
    MessageRef {
        channel: ChannelId::new(CHANNEL),
        ts: MessageTs::new(ts),
        thread: None,
        permalink: Some(Permalink::new(format!("https://example.slack.com/{ts}"))),
    }
}

pub(super) fn member(who: &str) -> Member {
    Member {
        id: UserId::new(who),
        standing: Standing::Full,
        groups: std::collections::BTreeSet::new(),
    }
}

fn at(ts: &str) -> DateTime<Utc> {
    MessageTs::new(ts).at().unwrap()
}

fn said(who: &str, ts: &str, command: Command) -> Submission {
    Submission {
        actor: Actor::Person(UserId::new(who)),
        at: at(ts),
        source: Source::Slack,
        command,
    }
}

pub(super) fn asks(who: &str, ts: &str, what: &Text) -> Submission {
    let request = Command::Request {
        what: what.clone(),
        verbatim: what.clone(),
        asked: vec![Party::Person(UserId::new(MORGAN))],
        place: Place {
            channel: ChannelId::new(CHANNEL),
            thread: None,
        },
        criterion: None,
        said: Some(message(ts)),
        captured: Some(Capture {
            by: UserId::new(who),
            at: now(),
        }),
        drill: false,
        known: Vec::new(),
    };
    said(who, ts, request)
}

pub(super) fn answers(who: &str, ts: &str, text: &Text) -> Submission {
    let given = Given::Message {
        text: text.clone(),
        message: message(ts),
        read_so: None,
    };
    let by = member(who);
    said(who, ts, Command::Authorize { by, given })
}

/// Keeps a gesture with its texts, as the reception does.
pub(super) async fn hear(store: &Store, gesture: &Gesture, texts: &[Text]) {
    let heard = Heard {
        gesture: gesture.clone(),
        texts: texts.to_vec(),
    };
    store.keep(heard, now()).await.unwrap();
}

pub(super) async fn run(
    store: &Store,
    gesture: &Gesture,
    target: Target,
    submissions: Vec<Submission>,
    texts: Vec<Text>,
) -> (Outcome, Option<ChangeNumber>) {
    let execution = Execution {
        target,
        submissions,
        texts,
        gesture: Some(gesture.clone()),
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    };
    store.execute(execution, rules(), now()).await.unwrap()
}

fn capture_ask() -> Ask {
    Ask::Capture {
        what: None,
        request: Some(MessageTs::new(ASKED)),
        requester: None,
        answer: Some(MessageTs::new(ANSWERED)),
        verdict: Verdict::Grant,
        criterion: None,
        deployed: None,
        shown: None,
    }
}

/// Captures Dana's question and Morgan's answer. The texts are read anew each
/// time, so each capture has salts of its own.
pub(super) async fn capture(store: &Store, key: &str, salt: u8) -> (Outcome, Option<ChangeNumber>) {
    let gesture = gesture(key, "U0RILEY001", capture_ask());
    hear(store, &gesture, &[]).await;
    let what = text("deploying the WAF rule. Authorization?", salt);
    let answer = text("approved. Deploy.", salt + 1);
    let submissions = vec![asks(DANA, ASKED, &what), answers(MORGAN, ANSWERED, &answer)];
    let texts = vec![what, answer];
    run(store, &gesture, Target::New, submissions, texts).await
}

pub(super) async fn overhear(store: &Store, key: &str, who: &str, salt: u8) -> (Gesture, Text) {
    let words = text("approved", salt);
    let ask = Ask::Overhear {
        ts: MessageTs::new(ANSWERED),
        text: words.commitment(),
        verdict: Verdict::Grant,
        addressed: false,
    };
    let gesture = gesture(key, who, ask);
    hear(store, &gesture, std::slice::from_ref(&words)).await;
    (gesture, words)
}

pub(super) async fn is_kept(store: &Store, text: &Text) -> bool {
    store.text(text.commitment()).await.unwrap().is_some()
}

pub(super) async fn owes_a_reply(store: &Store, key: &str) -> bool {
    let lane = format!("reply:{key}");
    store.parcel(lane, rules(), now()).await.unwrap().is_some()
}

pub(super) fn names(ts: &str) -> (ChannelId, MessageTs) {
    (ChannelId::new(CHANNEL), MessageTs::new(ts))
}

#[tokio::test]
async fn a_captured_pair_is_found_by_either_of_its_messages() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (outcome, number) = capture(&store, "one", 10).await;
    assert_eq!(outcome, Outcome::Done);
    for ts in [ASKED, ANSWERED] {
        let (channel, ts) = names(ts);
        assert_eq!(store.captured(channel, ts).await.unwrap(), number);
    }
    let (channel, ts) = names("1773450900.000201");
    assert_eq!(store.captured(channel, ts).await.unwrap(), None);
    let (channel, ts) = names(ASKED);
    assert_eq!(store.emoji_on(channel, ts).await.unwrap(), None);
    let snapshot = store.change(number.unwrap()).await.unwrap().unwrap();
    let given = snapshot.change.authorization.unwrap();
    assert_eq!(given.at, at(ANSWERED));
    assert_eq!(snapshot.change.requested_at, at(ASKED));
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_pair_captured_twice_is_one_change_and_the_second_time_says_so() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (_, first) = capture(&store, "one", 10).await;
    let n_events = count(&store, "SELECT count(*) FROM event").await;
    let (outcome, second) = capture(&store, "two", 20).await;
    assert_eq!(second, first);
    assert!(
        matches!(&outcome, Outcome::Refused(why) if why.contains("authorized")),
        "{outcome:?}"
    );
    assert!(owes_a_reply(&store, "two").await);
    assert_eq!(count(&store, "SELECT count(*) FROM change").await, 1);
    assert_eq!(count(&store, "SELECT count(*) FROM event").await, n_events);
    // What was read a second time isn't kept a second time.
    assert_eq!(count(&store, "SELECT count(*) FROM text").await, 2);
    store.close().await;
}

#[tokio::test]
async fn a_request_that_is_on_record_is_shown_to_whoever_captures_it_again() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (_, first) = capture(&store, "one", 10).await;
    let ask = Ask::Capture {
        what: None,
        request: Some(MessageTs::new(ASKED)),
        requester: None,
        answer: None,
        verdict: Verdict::Grant,
        criterion: None,
        deployed: None,
        shown: None,
    };
    let again = gesture("two", "U0RILEY001", ask);
    hear(&store, &again, &[]).await;
    let what = text("deploying the WAF rule. Authorization?", 30);
    let request = vec![asks(DANA, ASKED, &what)];
    let (outcome, number) = run(&store, &again, Target::New, request, vec![what]).await;
    assert_eq!((outcome, number), (Outcome::Answered, first));
    let parcel = store
        .parcel("reply:two".to_owned(), rules(), now())
        .await
        .unwrap();
    let parcel = parcel.unwrap();
    assert_eq!(parcel.answer.unwrap().change, first);
    assert!(parcel.changes.contains_key(&first.unwrap()));
    store.close().await;
}

#[tokio::test]
async fn a_deployment_told_with_a_refused_answer_waits_from_the_same_moment_on() {
    for (refused, n_waiting) in [(true, 1), (false, 0)] {
        let home = Home::new();
        let store = home.open().unwrap();
        let riley = gesture("one", "U0RILEY001", capture_ask());
        let words = text("20 min ago", 70);
        hear(&store, &riley, std::slice::from_ref(&words)).await;
        let what = text("deploying the WAF rule. Authorization?", 60);
        let answer = text("approved. Deploy.", 61);
        // Whoever asks can't authorize.
        let by = if refused { DANA } else { MORGAN };
        let execution = Execution {
            target: Target::New,
            submissions: vec![asks(DANA, ASKED, &what), answers(by, ANSWERED, &answer)],
            texts: vec![what, answer],
            gesture: Some(riley.clone()),
            met: Vec::new(),
            asks_back: None,
            afterwards: Some(Afterwards {
                words: words.commitment(),
                by: UserId::new(DANA),
                if_refused: true,
            }),
        };
        // Repeated after a crash, it is still one.
        for _ in 0..2 {
            store
                .execute(execution.clone(), rules(), now())
                .await
                .unwrap();
        }
        let waiting = store.waiting(10).await.unwrap();
        assert_eq!(waiting.len(), n_waiting, "{refused}");
        for one in waiting {
            assert_eq!(
                one.gesture.ask,
                Ask::RecordDeployment {
                    change: Some(ChangeNumber(1001)),
                    when: Some(words.commitment()),
                    at: None,
                    by: Some(UserId::new(DANA)),
                }
            );
        }
        store.close().await;
    }
}

#[tokio::test]
async fn an_answer_that_comes_late_belongs_to_the_change_of_its_request() {
    let home = Home::new();
    let store = home.open().unwrap();
    // The request alone was put on record first.
    let ask = Ask::Capture {
        answer: None,
        what: None,
        request: Some(MessageTs::new(ASKED)),
        requester: None,
        verdict: Verdict::Grant,
        criterion: None,
        deployed: None,
        shown: None,
    };
    let first = gesture("one", DANA, ask);
    hear(&store, &first, &[]).await;
    let what = text("deploying the WAF rule. Authorization?", 40);
    let request = vec![asks(DANA, ASKED, &what)];
    let (_, asked) = run(&store, &first, Target::New, request, vec![what]).await;
    let (outcome, number) = capture(&store, "two", 50).await;
    assert_eq!((outcome, number), (Outcome::Done, asked));
    assert_eq!(count(&store, "SELECT count(*) FROM change").await, 1);
    let snapshot = store.change(number.unwrap()).await.unwrap().unwrap();
    assert!(snapshot.change.authorization.is_some());
    // The answer's words are kept; the request's, read again, are not.
    assert_eq!(count(&store, "SELECT count(*) FROM text").await, 2);
    store.close().await;
}

#[tokio::test]
async fn an_emoji_is_found_by_the_message_it_stands_on() {
    let home = Home::new();
    let store = home.open().unwrap();
    let ask = Ask::React {
        ts: MessageTs::new(ASKED),
        name: "white_check_mark".to_owned(),
    };
    let reacted = gesture("one", MORGAN, ask);
    hear(&store, &reacted, &[]).await;
    let what = text("deploying the WAF rule. Authorization?", 10);
    let given = Given::Reaction {
        name: "white_check_mark".to_owned(),
        on: message(ASKED),
    };
    let by = member(MORGAN);
    let submissions = vec![
        asks(DANA, ASKED, &what),
        said(MORGAN, ANSWERED, Command::Authorize { by, given }),
    ];
    let (outcome, number) = run(&store, &reacted, Target::New, submissions, vec![what]).await;
    assert_eq!(outcome, Outcome::Done);
    let (channel, ts) = names(ASKED);
    assert_eq!(store.emoji_on(channel, ts).await.unwrap(), number);

    let ask = Ask::Unreact {
        ts: MessageTs::new(ASKED),
        name: "white_check_mark".to_owned(),
    };
    let removed = gesture("two", MORGAN, ask);
    hear(&store, &removed, &[]).await;
    let (channel, ts) = names(ASKED);
    let note = Command::NoteReactionRemoved {
        name: "white_check_mark".to_owned(),
        channel,
        ts,
    };
    let note = vec![said(MORGAN, ANSWERED, note)];
    let target = Target::Change(number.unwrap());
    let (outcome, _) = run(&store, &removed, target, note, Vec::new()).await;
    assert_eq!(outcome, Outcome::Done);
    store.verify().await.unwrap().unwrap();
    store.close().await;
}

#[tokio::test]
async fn an_edit_is_noted_in_every_record_that_the_message_is_part_of() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (_, first) = capture(&store, "one", 10).await;
    // Morgan's one answer served a second request, too.
    let second = gesture("two", "U0RILEY001", capture_ask());
    hear(&store, &second, &[]).await;
    let what = text("restarting the gateway. Authorization?", 20);
    let answer = text("approved. Deploy.", 21);
    let submissions = vec![
        asks(DANA, "1773450850.000100", &what),
        answers(MORGAN, ANSWERED, &answer),
    ];
    let texts = vec![what, answer];
    let (_, other) = run(&store, &second, Target::New, submissions, texts).await;
    assert_ne!(first, other);

    let edited = text("approved, both", 30);
    let ask = Ask::NoteEdit {
        ts: MessageTs::new(ANSWERED),
        text: edited.commitment(),
    };
    let edit = gesture("three", MORGAN, ask);
    hear(&store, &edit, std::slice::from_ref(&edited)).await;
    let (channel, ts) = names(ANSWERED);
    let to = edited.clone();
    let note = vec![said(
        MORGAN,
        "1773450990.000100",
        Command::NoteEdit { channel, ts, to },
    )];
    let target = Target::Change(first.unwrap());
    let (outcome, _) = run(&store, &edit, target, note, Vec::new()).await;
    assert_eq!(outcome, Outcome::Done);
    for number in [first, other] {
        let snapshot = store.change(number.unwrap()).await.unwrap().unwrap();
        let noted = |one: &&crate::domain::change::Recorded| {
            matches!(one.event, Event::MessageEdited { .. })
        };
        assert_eq!(
            snapshot.history.iter().filter(noted).count(),
            1,
            "{number:?}"
        );
    }
    assert!(is_kept(&store, &edited).await);
    store.close().await;
}

#[tokio::test]
async fn a_captured_message_that_was_altered_in_the_table_is_found() {
    let home = Home::new();
    let store = home.open().unwrap();
    capture(&store, "one", 10).await;
    store.close().await;
    drop(store);
    for sql in [
        "UPDATE quote SET ts = '1773450840.000101' WHERE half = 'request'",
        "DELETE FROM quote WHERE half = 'answer'",
    ] {
        let copy = Home::new();
        std::fs::copy(home.path(), copy.path()).unwrap();
        copy.tamper(sql).unwrap();
        let found = copy.verdict().await.unwrap_err();
        assert!(found.contains("CHG-1001"), "{sql}: {found}");
    }
    home.verdict().await.unwrap();
}

#[tokio::test]
async fn what_was_overheard_and_comes_to_nothing_leaves_no_words() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (gesture, words) = overhear(&store, "one", MORGAN, 10).await;
    assert!(is_kept(&store, &words).await);
    store.let_go(gesture.clone()).await.unwrap();
    assert!(!is_kept(&store, &words).await);
    assert!(!owes_a_reply(&store, "one").await);
    assert_eq!(
        store.became("one".to_owned()).await.unwrap(),
        Some((Outcome::Done, None))
    );
    // A redelivery is known and brings the words back no more.
    hear(&store, &gesture, std::slice::from_ref(&words)).await;
    assert!(!is_kept(&store, &words).await);
    store.close().await;
}

#[tokio::test]
async fn words_that_another_gesture_waits_for_are_not_let_go() {
    let home = Home::new();
    let store = home.open().unwrap();
    let (first, words) = overhear(&store, "one", MORGAN, 10).await;
    let (second, _) = overhear(&store, "two", MORGAN, 10).await;
    store.let_go(first).await.unwrap();
    assert!(is_kept(&store, &words).await);
    store.let_go(second).await.unwrap();
    assert!(!is_kept(&store, &words).await);
    store.close().await;
}

#[tokio::test]
async fn overheard_words_that_authorize_are_kept_and_those_refused_are_not() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let target = Target::Change(ChangeNumber::FIRST);
    // Priya may not: she is told, and her words aren't kept.
    let (refused, words) = overhear(&store, "two", "U0PRIYA001", 10).await;
    let answer = vec![answers("U0PRIYA001", ANSWERED, &words)];
    let (outcome, _) = run(&store, &refused, target, answer, Vec::new()).await;
    assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    assert!(owes_a_reply(&store, "two").await);
    assert!(!is_kept(&store, &words).await);

    let (heeded, words) = overhear(&store, "three", MORGAN, 11).await;
    let answer = vec![answers(MORGAN, ANSWERED, &words)];
    let (outcome, _) = run(&store, &heeded, target, answer, Vec::new()).await;
    assert_eq!(outcome, Outcome::Done);
    assert!(!owes_a_reply(&store, "three").await);
    assert!(is_kept(&store, &words).await);
    store.close().await;
}

#[tokio::test]
async fn who_only_talks_is_not_told_off() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let target = Target::Change(ChangeNumber::FIRST);
    // The requester says yes to herself.
    let (own, words) = overhear(&store, "own", DANA, 10).await;
    let answer = vec![answers(DANA, ANSWERED, &words)];
    let (outcome, _) = run(&store, &own, target, answer, Vec::new()).await;
    assert!(matches!(outcome, Outcome::Refused(_)));
    assert!(!owes_a_reply(&store, "own").await);

    // Somebody says what Morgan has said.
    authorize(&store, "press", MORGAN).await;
    let (late, words) = overhear(&store, "late", "U0PRIYA001", 11).await;
    let answer = vec![answers("U0PRIYA001", ANSWERED, &words)];
    let (outcome, _) = run(&store, &late, target, answer, Vec::new()).await;
    assert!(matches!(outcome, Outcome::Refused(_)));
    assert!(!owes_a_reply(&store, "late").await);

    // An edit, a deletion and an emoji taken away of what is no part of it.
    let (channel, ts) = names("1773459999.000100");
    let edited = text("never mind", 12);
    let unrelated = [
        (
            Ask::NoteEdit {
                ts: ts.clone(),
                text: edited.commitment(),
            },
            Command::NoteEdit {
                channel: channel.clone(),
                ts: ts.clone(),
                to: edited.clone(),
            },
        ),
        (
            Ask::NoteDeletion { ts: ts.clone() },
            Command::NoteDeletion {
                channel: channel.clone(),
                ts: ts.clone(),
            },
        ),
        (
            Ask::Unreact {
                ts: ts.clone(),
                name: "white_check_mark".to_owned(),
            },
            Command::NoteReactionRemoved {
                name: "white_check_mark".to_owned(),
                channel,
                ts,
            },
        ),
    ];
    for (n, (ask, command)) in unrelated.into_iter().enumerate() {
        let key = format!("unrelated {n}");
        let gesture = gesture(&key, MORGAN, ask);
        let words = gesture.commitments().contains(&edited.commitment());
        let words = words.then(|| edited.clone());
        hear(&store, &gesture, words.as_slice()).await;
        let note = vec![said(MORGAN, "1773459999.000200", command)];
        let (outcome, _) = run(&store, &gesture, target, note, Vec::new()).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{key}: {outcome:?}");
        assert!(!owes_a_reply(&store, &key).await, "{key}");
    }
    assert!(!is_kept(&store, &edited).await);
    // Who presses is told as ever.
    let (outcome, _) = authorize(&store, "again", MORGAN).await;
    assert!(matches!(outcome, Outcome::Refused(_)));
    assert!(owes_a_reply(&store, "again").await);
    store.close().await;
}

/// Dana's request by command, asked `late` after now.
async fn types(
    store: &Store,
    key: &str,
    what: &Text,
    late: TimeDelta,
    drill: bool,
) -> ChangeNumber {
    let ask = Ask::Request {
        what: what.commitment(),
        verbatim: what.commitment(),
        asked: Vec::new(),
        criterion: Some(Criterion::Vulnerability),
        said: None,
        deployed: None,
        drill,
    };
    let mut typed = gesture(key, DANA, ask);
    typed.at = now() + late;
    hear(store, &typed, std::slice::from_ref(what)).await;
    let command = Command::Request {
        what: what.clone(),
        verbatim: what.clone(),
        asked: Vec::new(),
        place: Place {
            channel: ChannelId::new(CHANNEL),
            thread: None,
        },
        criterion: None,
        said: None,
        captured: None,
        drill,
        known: Vec::new(),
    };
    let submission = Submission {
        actor: Actor::Person(UserId::new(DANA)),
        at: typed.at,
        source: Source::Receipt,
        command,
    };
    let (outcome, number) = run(store, &typed, Target::New, vec![submission], Vec::new()).await;
    assert_eq!(outcome, Outcome::Done);
    number.unwrap()
}

async fn twin_of(store: &Store, key: &str) -> Option<ChangeNumber> {
    let parcel = store
        .parcel(format!("reply:{key}"), rules(), now())
        .await
        .unwrap()?;
    let answer = parcel.answer.unwrap();
    let twin = answer.twin?;
    assert!(parcel.changes.contains_key(&twin));
    assert!(parcel.changes.contains_key(&answer.change.unwrap()));
    Some(twin)
}

#[tokio::test]
async fn a_request_much_like_an_open_one_is_declared_and_asked_about() {
    let home = Home::new();
    let store = home.open().unwrap();
    let one = text("Deploy WAF rule to block SQL injection", 10);
    let first = types(&store, "one", &one, seconds(0), false).await;
    assert_eq!(twin_of(&store, "one").await, None);
    let same = text("deploy the WAF rule to block SQL injection", 11);
    let second = types(&store, "two", &same, seconds(540), false).await;
    assert_ne!(first, second);
    assert_eq!(twin_of(&store, "two").await, Some(first));

    // Another thing, a rehearsal, and the same again after eleven minutes more.
    let other = text("Restart the payment gateway", 12);
    types(&store, "other", &other, seconds(541), false).await;
    assert_eq!(twin_of(&store, "other").await, None);
    let drill = text("Deploy WAF rule to block SQL injection", 13);
    types(&store, "drill", &drill, seconds(542), true).await;
    assert_eq!(twin_of(&store, "drill").await, None);
    let later = text("Deploy WAF rule to block SQL injection", 14);
    types(&store, "later", &later, seconds(540 + 660), false).await;
    assert_eq!(twin_of(&store, "later").await, None);
    store.close().await;
}

#[tokio::test]
async fn the_twin_that_was_asked_about_stays_the_same() {
    let home = Home::new();
    let store = home.open().unwrap();
    let one = text("Deploy WAF rule to block SQL injection", 10);
    let first = types(&store, "one", &one, seconds(0), false).await;
    let same = text("Deploy WAF rule to block SQL injection", 11);
    types(&store, "two", &same, seconds(60), false).await;
    // The first is withdrawn before the reply is rendered.
    let withdraw = gesture("three", DANA, Ask::Withdraw { change: first });
    hear(&store, &withdraw, &[]).await;
    let (outcome, _) = run(
        &store,
        &withdraw,
        Target::Change(first),
        vec![said(DANA, ANSWERED, Command::Withdraw)],
        Vec::new(),
    )
    .await;
    assert_eq!(outcome, Outcome::Done);
    assert_eq!(twin_of(&store, "two").await, Some(first));
    store.close().await;
}

#[tokio::test]
async fn a_time_in_words_is_echoed_and_a_press_is_not() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    authorize(&store, "two", MORGAN).await;
    let change = Some(ChangeNumber::FIRST);
    let words = text("20 min ago", 10);
    let ask = Ask::RecordDeployment {
        change,
        when: Some(words.commitment()),
        at: None,
        by: None,
    };
    let stated = gesture("stated", DANA, ask);
    hear(&store, &stated, std::slice::from_ref(&words)).await;
    let deployed = |minutes: i64| Command::RecordDeployment {
        at: now() - TimeDelta::minutes(minutes),
        source: Source::Attested,
        by: UserId::new(DANA),
    };
    let target = Target::Change(ChangeNumber::FIRST);
    let deploy = vec![said(DANA, ANSWERED, deployed(20))];
    let (outcome, _) = run(&store, &stated, target, deploy, Vec::new()).await;
    assert_eq!(outcome, Outcome::Done);
    assert!(owes_a_reply(&store, "stated").await);

    let ask = Ask::RecordDeployment {
        change,
        when: None,
        at: None,
        by: None,
    };
    let pressed = gesture("pressed", DANA, ask);
    hear(&store, &pressed, &[]).await;
    let deploy = vec![said(DANA, ANSWERED, deployed(0))];
    let (outcome, _) = run(&store, &pressed, target, deploy, Vec::new()).await;
    assert_eq!(outcome, Outcome::Done);
    assert!(!owes_a_reply(&store, "pressed").await);
    store.close().await;
}

#[tokio::test]
async fn a_time_that_is_asked_back_is_kept_with_its_question() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let asked_back = Outcome::AskedBack {
        at: now() - TimeDelta::microseconds(43_200_000_001),
        sentence: "Yesterday: at 14:13? That is long ago.".to_owned(),
    };
    let change = Some(ChangeNumber::FIRST);
    let ask = Ask::RecordDeployment {
        change,
        when: None,
        at: None,
        by: None,
    };
    let asked = gesture("two", DANA, ask);
    hear(&store, &asked, &[]).await;
    let answered = store.answer(asked, asked_back.clone(), change, now()).await;
    answered.unwrap();
    let kept = store.became("two".to_owned()).await.unwrap();
    assert_eq!(kept, Some((asked_back.clone(), change)));
    let parcel = store
        .parcel("reply:two".to_owned(), rules(), now())
        .await
        .unwrap();
    assert_eq!(parcel.unwrap().answer.unwrap().outcome, asked_back);

    // A request whose deployment is asked back stands all the same.
    let what = text("Deploy it", 10);
    let capture = gesture("three", DANA, capture_ask());
    hear(&store, &capture, &[]).await;
    let (at, sentence) = match asked_back.clone() {
        Outcome::AskedBack { at, sentence } => (at, sentence),
        other => panic!("{other:?}"),
    };
    let execution = Execution {
        target: Target::New,
        submissions: vec![asks(DANA, ASKED, &what)],
        texts: vec![what],
        gesture: Some(capture),
        met: Vec::new(),
        asks_back: Some((at, sentence)),
        afterwards: None,
    };
    let (outcome, number) = store.execute(execution, rules(), now()).await.unwrap();
    assert_eq!(outcome, asked_back);
    assert_eq!(number, Some(ChangeNumber::FIRST.next()));
    assert!(owes_a_reply(&store, "three").await);
    store.close().await;
}

#[tokio::test]
async fn the_requests_that_wait_in_a_channel_are_those_without_an_answer() {
    let home = Home::new();
    let store = home.open().unwrap();
    let what = |n: u8| text(&format!("Change number {n}, unlike the others"), n);
    let first = types(&store, "one", &what(1), seconds(0), false).await;
    let second = types(&store, "two", &what(2), seconds(1), false).await;
    let third = types(&store, "three", &what(3), seconds(2), false).await;
    let asking = |limit: usize| {
        let store = store.clone();
        async move {
            let asking = store.asking_in(ChannelId::new(CHANNEL), limit).await;
            let numbers = asking.unwrap().into_iter().map(|one| one.change.number);
            numbers.collect::<Vec<_>>()
        }
    };
    assert_eq!(asking(5).await, [third, second, first]);
    assert_eq!(asking(2).await, [third, second]);
    authorize(&store, "four", MORGAN).await;
    let ahead = gesture("five", DANA, Ask::GoAhead { change: third });
    hear(&store, &ahead, &[]).await;
    let by = member(DANA);
    let command = vec![said(DANA, ANSWERED, Command::GoAhead { by })];
    run(&store, &ahead, Target::Change(third), command, Vec::new()).await;
    let deny = gesture("six", MORGAN, Ask::Deny { change: second });
    hear(&store, &deny, &[]).await;
    let (by, given) = (member(MORGAN), Given::Button);
    let command = vec![said(MORGAN, ANSWERED, Command::Deny { by, given })];
    run(&store, &deny, Target::Change(second), command, Vec::new()).await;
    // Denied, it can still be granted; authorized or gone ahead, it asks no more.
    assert_eq!(asking(5).await, [second]);
    let elsewhere = store.asking_in(ChannelId::new("C0OTHER001"), 5).await;
    assert!(elsewhere.unwrap().is_empty());
    store.close().await;
}

#[tokio::test]
async fn a_card_is_found_by_where_it_stands() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let parcel = store
        .parcel(CHANNEL.to_owned(), rules(), now())
        .await
        .unwrap();
    let owed = parcel.unwrap().owed;
    let claim = Claim {
        keys: owed.iter().map(|one| one.key.clone()).collect(),
        revision: owed[0].revision,
        channel: Some(ChannelId::new(CHANNEL)),
        payload: [7; 32],
        showed: 1,
    };
    assert!(store.claim(claim.clone(), now()).await.unwrap());
    let stands = names("1773450841.000900");
    let settled = store.settle(owed, claim, Some(stands.clone()), rules(), now());
    settled.await.unwrap();
    let (channel, ts) = stands;
    let found = store.card_at(channel.clone(), ts).await.unwrap();
    assert_eq!(found, Some(ChangeNumber::FIRST));
    let other = MessageTs::new("1773450841.000901");
    assert_eq!(store.card_at(channel, other).await.unwrap(), None);
    store.close().await;
}

#[tokio::test]
async fn people_who_can_not_see_the_card_are_asked_directly_once() {
    let home = Home::new();
    let store = home.open().unwrap();
    request(&store, "one").await;
    let people = vec![UserId::new(MORGAN), UserId::new("U0RILEY001")];
    for _ in 0..2 {
        let asked = store.ask_directly(ChangeNumber::FIRST, people.clone(), now());
        asked.await.unwrap();
    }
    assert_eq!(
        count(
            &store,
            "SELECT count(*) FROM outbox WHERE kind = 'reminder'"
        )
        .await,
        2
    );
    let parcel = store
        .parcel(MORGAN.to_owned(), rules(), now())
        .await
        .unwrap();
    let kind = parcel.unwrap().owed.remove(0).kind;
    assert!(
        matches!(
            &kind,
            Kind::Reminder {
                duty: Duty::AnswerRequest,
                rung: Rung::Opening,
                ..
            }
        ),
        "{kind:?}"
    );
    store.close().await;
}
