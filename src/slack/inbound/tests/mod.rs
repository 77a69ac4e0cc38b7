use chrono::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::domain::change::{Criterion, Exception};
use crate::domain::id::GroupId;
use crate::domain::policy::Party;
use crate::domain::rate::WindowKind;
use crate::domain::ticket::{ContentHash, Field};
use crate::gesture::{Gesture, Which};
use crate::slack::control::{self, Control, Memory};

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            "../../../../tests/fixtures/slack/",
            $name,
            ".json"
        )))
        .unwrap()
    };
}

mod capture;
mod forms;

fn received_at() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 28, 2, 14, 30).unwrap()
}

fn read_one(kind: DeliveryKind, payload: Value) -> Read {
    let mut n = 0;
    let mut salt = || {
        n += 1;
        Salt([n; 32])
    };
    let emoji = ["white_check_mark".to_owned()];
    read(
        &Delivery { kind, payload },
        &emoji,
        received_at(),
        &mut salt,
    )
}

fn heard(kind: DeliveryKind, payload: Value) -> Heard {
    match read_one(kind, payload) {
        Read::Heard(heard) => heard,
        other => panic!("nothing was heard: {other:?}"),
    }
}

fn opened(kind: DeliveryKind, payload: Value) -> OpenModal {
    match read_one(kind, payload) {
        Read::Open(open) => open,
        other => panic!("nothing is opened: {other:?}"),
    }
}

/// The words behind a gesture, in the order in which it commits to them.
fn words(heard: &Heard) -> Vec<&str> {
    heard
        .gesture
        .commitments()
        .iter()
        .map(|text| {
            heard
                .texts
                .iter()
                .find(|one| one.commitment() == *text)
                .unwrap()
                .body()
        })
        .collect()
}

fn commanded(text: &str) -> Value {
    let mut payload = fixture!("command");
    payload["text"] = json!(text);
    payload
}

fn pressed(control: Control, value: &str) -> Value {
    let mut payload = fixture!("block_actions");
    payload["actions"][0]["action_id"] = json!(control.action_id());
    payload["actions"][0]["value"] = json!(value);
    payload
}

fn user(id: &str) -> UserId {
    UserId::new(id)
}

const CHANGE: ChangeNumber = ChangeNumber(1042);

#[test]
fn a_command_is_a_request_at_the_time_of_its_receipt() {
    let heard = heard(DeliveryKind::Command, fixture!("command"));
    let Heard { gesture, .. } = &heard;
    assert_eq!(gesture.key, "13345224609.738474920.8088930838d88f008e0");
    assert_eq!(gesture.actor, user("U2147483697"));
    assert_eq!(
        (gesture.at, gesture.source),
        (received_at(), Source::Receipt)
    );
    assert_eq!(gesture.channel, Some(ChannelId::new("C2147483705")));
    assert_eq!(gesture.thread, None);
    assert_eq!(
        gesture.response_url.as_deref(),
        Some("https://hooks.slack.com/commands/1234/5678")
    );
    assert_eq!(
        words(&heard),
        [
            "Deploy WAF rule to block SQL injection",
            "Deploy WAF rule to block SQL injection @morgan"
        ]
    );
    let Ask::Request {
        asked, criterion, ..
    } = &gesture.ask
    else {
        panic!("{gesture:?}");
    };
    assert_eq!(*asked, [Mention::User(user("U123MORGAN"))]);
    assert_eq!(*criterion, None);
}

#[test]
fn every_text_of_a_gesture_has_its_own_salt() {
    let heard = heard(DeliveryKind::Command, commanded("same"));
    let [one, two] = heard.texts.as_slice() else {
        panic!("{heard:?}");
    };
    assert_eq!(one.body(), two.body());
    assert_ne!(one.commitment(), two.commitment());
}

#[test]
fn a_command_without_words_opens_the_form() {
    let open = opened(DeliveryKind::Command, commanded("  "));
    assert_eq!((open.which, open.change), (Modal::Declare, None));
    assert_eq!(open.prefill, Prefill::default());
    assert_eq!(open.trigger_id, "13345224609.738474920.8088930838d88f008e0");
    assert_eq!(
        open.opened_from().channel,
        Some(&ChannelId::new("C2147483705"))
    );
}

#[test]
fn a_command_that_only_names_somebody_opens_the_form_with_them() {
    let open = opened(DeliveryKind::Command, commanded("<@U123MORGAN>"));
    assert_eq!(open.which, Modal::Declare);
    assert_eq!(open.prefill.asked, Some(user("U123MORGAN")));
}

#[test]
fn subcommands_are_heard_as_what_they_ask() {
    let ask = |text: &str| heard(DeliveryKind::Command, commanded(text)).gesture.ask;
    assert_eq!(
        ask("deployed"),
        Ask::RecordDeployment {
            change: None,
            when: None,
            at: None,
            by: None,
        }
    );
    assert_eq!(
        ask("status CHG-1042"),
        Ask::Status {
            change: Some(CHANGE)
        }
    );
    assert_eq!(
        ask("list overdue"),
        Ask::List {
            which: Which::Overdue
        }
    );
    assert_eq!(ask("help"), Ask::Help);
    assert_eq!(ask("agenda"), Ask::Agenda);
    assert_eq!(ask("exceptions"), Ask::Exceptions);
    for (line, window) in [
        ("rate", None),
        ("rate week", Some(WindowKind::Week)),
        ("rate last month", Some(WindowKind::Rolling)),
        ("rate 4 weeks", Some(WindowKind::Rolling)),
        ("rate quarter", Some(WindowKind::Quarter)),
        ("rate 12 weeks", Some(WindowKind::Quarter)),
    ] {
        assert_eq!(ask(line), Ask::Rate { window }, "{line}");
    }
    for (line, change) in [("evidence", None), ("evidence CHG-1042", Some(CHANGE))] {
        let period = None;
        assert_eq!(ask(line), Ask::Evidence { change, period }, "{line}");
    }
    let said = heard(DeliveryKind::Command, commanded("evidence last quarter"));
    let Ask::Evidence {
        change: None,
        period: Some(period),
    } = said.gesture.ask
    else {
        panic!("{said:?}");
    };
    assert_eq!(said.texts.len(), 1);
    assert_eq!(said.texts[0].commitment(), period);
    assert_eq!(said.texts[0].body(), "last quarter");
    let open = opened(DeliveryKind::Command, commanded("document CHG-1042"));
    assert_eq!((open.which, open.change), (Modal::Document, Some(CHANGE)));
}

#[test]
fn who_opens_the_home_wants_to_see_it() {
    let payload = json!({"type": "event_callback", "event_id": "E", "event": {
        "type": "app_home_opened", "user": "U1", "tab": "home", "channel": "D1",
        "event_ts": "1760753640.000100",
    }});
    let Heard { gesture, .. } = heard(DeliveryKind::Event, payload);
    assert_eq!(
        (gesture.ask, gesture.actor),
        (Ask::OpenHome, UserId::new("U1"))
    );
}

#[test]
fn a_meetings_form_names_what_it_reviewed_and_when() {
    let mut payload = fixture!("view_submission_answer_exceptions");
    payload["view"]["callback_id"] = json!("record_meeting");
    let options = |numbers: &[&str]| -> Value {
        numbers
            .iter()
            .map(|number| json!({"value": number}))
            .collect()
    };
    let held_at = received_at() - chrono::TimeDelta::hours(1);
    let filled = |numbers: &[&str], seconds: Value| {
        let mut payload = payload.clone();
        payload["view"]["state"]["values"] = json!({
            "reviewed": {"input": {"selected_options": options(numbers)}},
            "held_at": {"input": {"selected_date_time": seconds}},
            "minutes": {"input": {"value": "https://wiki.example.com/1"}},
            "improvements": {"input": {"value": null}},
        });
        read_one(DeliveryKind::Interaction, payload)
    };
    let Read::Heard(sent) = filled(&["1043", "1042"], json!(held_at.timestamp())) else {
        panic!("it says all there is to say")
    };
    let Ask::RecordMeeting {
        changes,
        improvements,
        ..
    } = &sent.gesture.ask
    else {
        panic!("{:?}", sent.gesture.ask)
    };
    assert_eq!(changes, &[ChangeNumber(1042), ChangeNumber(1043)]);
    assert_eq!(improvements, &None);
    assert_eq!(words(&sent), ["https://wiki.example.com/1"]);
    let ahead = received_at().timestamp() + 60;
    for (numbers, seconds) in [
        (&[][..], json!(held_at.timestamp())),
        (&["1042"][..], Value::Null),
        (&["1042"][..], json!(ahead)),
    ] {
        assert!(matches!(filled(numbers, seconds), Read::Invalid(_)));
    }
}

#[test]
fn the_words_of_a_deployments_time_are_kept() {
    let heard = heard(
        DeliveryKind::Command,
        commanded("deployed CHG-1042 20 min ago"),
    );
    assert_eq!(words(&heard), ["20 min ago"]);
    assert!(matches!(
        heard.gesture.ask,
        Ask::RecordDeployment {
            change: Some(CHANGE),
            when: Some(_),
            at: None,
            by: None,
        }
    ));
}

#[test]
fn a_command_of_nobody_is_broken() {
    let mut payload = fixture!("command");
    payload["user_id"] = json!(null);
    assert!(matches!(
        read_one(DeliveryKind::Command, payload),
        Read::Broken(_)
    ));
    let mut payload = fixture!("command");
    payload.as_object_mut().unwrap().remove("trigger_id");
    assert!(matches!(
        read_one(DeliveryKind::Command, payload),
        Read::Broken(_)
    ));
}

#[test]
fn a_press_carries_the_instant_that_slack_gave_it() {
    let Heard { gesture, texts } = heard(DeliveryKind::Interaction, fixture!("block_actions"));
    assert_eq!(
        gesture,
        Gesture {
            key: "12466734323.1395872398".to_owned(),
            actor: user("U123MORGAN"),
            at: MessageTs::new("1774664101.123456").at().unwrap(),
            source: Source::Slack,
            channel: Some(ChannelId::new("C2147483705")),
            thread: None,
            response_url: Some(
                "https://hooks.slack.com/actions/T0001/1232321423432/D09sSasdasdAS9091209"
                    .to_owned()
            ),
            ask: Ask::Authorize { change: CHANGE },
        }
    );
    assert_eq!(texts, []);
}

#[test]
fn every_button_asks_what_it_says() {
    let ask = |control| {
        heard(DeliveryKind::Interaction, pressed(control, "1042"))
            .gesture
            .ask
    };
    let change = CHANGE;
    assert_eq!(ask(Control::Authorize), Ask::Authorize { change });
    assert_eq!(ask(Control::Deny), Ask::Deny { change });
    assert_eq!(ask(Control::TakeCommand), Ask::TakeCommand { change });
    assert_eq!(ask(Control::GoAhead), Ask::GoAhead { change });
    assert_eq!(
        ask(Control::Deployed),
        Ask::RecordDeployment {
            change: Some(change),
            when: None,
            at: None,
            by: None,
        }
    );
    assert_eq!(ask(Control::NeverDeployed), Ask::Lapse { change });
    assert_eq!(ask(Control::Withdraw), Ask::Withdraw { change });
    for criterion in Criterion::ALL.iter().copied() {
        assert_eq!(
            ask(Control::Criterion(criterion)),
            Ask::StateCriterion { change, criterion }
        );
    }
    let open = |control| opened(DeliveryKind::Interaction, pressed(control, "1042"));
    for (control, modal) in [
        (Control::Document, Modal::Document),
        (Control::Reject, Modal::Reject),
        (Control::Remediate, Modal::Remediate),
        (Control::AnswerExceptions, Modal::AnswerExceptions),
        (Control::AskSomeoneElse, Modal::AskSomeoneElse),
    ] {
        let open = open(control);
        assert_eq!((open.which, open.change), (modal, Some(change)));
    }
    let declare = opened(
        DeliveryKind::Interaction,
        pressed(Control::Declare, "satus"),
    );
    assert_eq!(
        (declare.which, declare.prefill.what.as_str()),
        (Modal::Declare, "satus")
    );
}

#[test]
fn approve_names_exactly_what_was_seen() {
    let seen = ContentHash([7; 32]);
    let value = control::approval_value(CHANGE, seen);
    let heard = heard(DeliveryKind::Interaction, pressed(Control::Approve, &value));
    assert_eq!(
        heard.gesture.ask,
        Ask::Approve {
            change: CHANGE,
            seen,
            genuine: None,
            conditions: None,
        }
    );
    let without = read_one(DeliveryKind::Interaction, pressed(Control::Approve, "1042"));
    assert!(matches!(without, Read::Broken(_)));
}

#[test]
fn the_menu_asks_what_was_chosen() {
    let heard = heard(
        DeliveryKind::Interaction,
        fixture!("block_actions_overflow"),
    );
    assert_eq!(heard.gesture.ask, Ask::Withdraw { change: CHANGE });
}

#[test]
fn the_choice_of_a_commander_is_read_from_the_action_or_the_state() {
    let payload = fixture!("block_actions_users_select");
    let expected = Ask::NameCommander {
        change: CHANGE,
        commander: user("U123RILEY"),
    };
    let gesture = heard(DeliveryKind::Interaction, payload.clone()).gesture;
    assert_eq!(gesture.ask, expected);
    assert_eq!(gesture.thread, Some(MessageTs::new("1774669999.000100")));
    let mut only_state = payload.clone();
    only_state["actions"][0]
        .as_object_mut()
        .unwrap()
        .remove("selected_user");
    assert_eq!(
        heard(DeliveryKind::Interaction, only_state.clone())
            .gesture
            .ask,
        expected
    );
    only_state["state"] = json!(null);
    assert!(matches!(
        read_one(DeliveryKind::Interaction, only_state),
        Read::Ignored(_)
    ));
}

#[test]
fn a_press_without_a_trigger_is_still_told_from_another() {
    let mut payload = fixture!("block_actions");
    payload.as_object_mut().unwrap().remove("trigger_id");
    let heard = heard(DeliveryKind::Interaction, payload.clone());
    assert_eq!(
        heard.gesture.key,
        "1774664040.000100/1774664101.123456/U123MORGAN"
    );
    payload["actions"][0]["action_id"] = json!("document");
    assert!(matches!(
        read_one(DeliveryKind::Interaction, payload),
        Read::Broken("a form without a trigger")
    ));
}

#[test]
fn buttons_of_others_and_unknown_interactions_are_ignored() {
    let mut payload = fixture!("block_actions");
    payload["actions"][0]["action_id"] = json!("launch_rocket");
    assert!(matches!(
        read_one(DeliveryKind::Interaction, payload),
        Read::Ignored(_)
    ));
    for kind in [
        "view_closed",
        "shortcut",
        "message_action",
        "block_suggestion",
    ] {
        let read = read_one(DeliveryKind::Interaction, json!({"type": kind}));
        assert!(matches!(read, Read::Ignored(_)), "{kind}");
    }
}

#[test]
fn a_ticket_in_several_sittings_takes_what_was_written() {
    let heard = heard(DeliveryKind::Interaction, fixture!("view_submission"));
    assert_eq!(heard.gesture.at, received_at());
    assert_eq!(heard.gesture.source, Source::Receipt);
    assert_eq!(heard.gesture.channel, Some(ChannelId::new("C2147483705")));
    assert_eq!(
        heard.gesture.thread,
        Some(MessageTs::new("1774664040.000100"))
    );
    assert_eq!(
        words(&heard),
        ["curl shows 403\nfor the pattern", "Disable rule 1042"]
    );
    let Ask::Document {
        change: CHANGE,
        sections,
        ..
    } = &heard.gesture.ask
    else {
        panic!("{heard:?}");
    };
    let which: Vec<Field> = sections.iter().map(|(field, _)| *field).collect();
    assert_eq!(which, [Field::Testing, Field::RollbackPlan]);
}

/// The submission of a ticket of which `shown` stood when it was opened.
fn resubmitted(shown: &[(Field, &str)]) -> Value {
    let mut memory = Memory::default().about(CHANGE);
    for (section, words) in shown {
        memory.show(*section, words);
    }
    let mut payload = fixture!("view_submission");
    payload["view"]["private_metadata"] = json!(memory.to_metadata());
    payload
}

#[test]
fn what_nobody_touched_is_not_written_anew() {
    let testing = (Field::Testing, "curl shows 403\nfor the pattern");
    let heard = heard(DeliveryKind::Interaction, resubmitted(&[testing]));
    assert_eq!(words(&heard), ["Disable rule 1042"]);
    let all = [testing, (Field::RollbackPlan, "Disable rule 1042")];
    assert_eq!(
        read_one(DeliveryKind::Interaction, resubmitted(&all)),
        Read::Ignored("nothing new was written")
    );
}

fn errors(read: Read) -> Vec<String> {
    match read {
        Read::Invalid(answer) => {
            assert_eq!(answer["response_action"], "errors");
            answer["errors"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect()
        }
        other => panic!("nothing is wrong with it: {other:?}"),
    }
}

#[test]
fn what_was_written_cant_be_emptied() {
    let payload = resubmitted(&[(Field::Outcome, "Attack blocked")]);
    let read = read_one(DeliveryKind::Interaction, payload);
    assert_eq!(errors(read), ["section:outcome"]);
}

#[test]
fn the_form_of_a_request_is_heard_whole() {
    let heard = heard(
        DeliveryKind::Interaction,
        fixture!("view_submission_declare"),
    );
    assert_eq!(
        words(&heard),
        ["Restart <auth> & the cache", "Restart <auth> & the cache"]
    );
    let Ask::Request {
        asked, criterion, ..
    } = heard.gesture.ask
    else {
        panic!("not a request");
    };
    assert_eq!(criterion, Some(Criterion::ProductionDown));
    assert_eq!(
        asked,
        [
            Mention::User(user("U123MORGAN")),
            Mention::Group(GroupId::new("S123ENG"))
        ]
    );
}

#[test]
fn whoever_is_named_in_the_form_by_habit_is_asked() {
    let mut payload = fixture!("view_submission_declare");
    payload["view"]["state"]["values"] = json!({
        "what": {"input": {"type": "plain_text_input", "value": "Restart <auth> @morgan"}},
        "whom": {"input": {"type": "users_select", "selected_user": null}},
    });
    let heard = heard(DeliveryKind::Interaction, payload.clone());
    assert_eq!(words(&heard), ["Restart <auth>", "Restart <auth> @morgan"]);
    let Ask::Request { asked, .. } = heard.gesture.ask else {
        panic!("not a request");
    };
    assert_eq!(asked, [Mention::Handle("morgan".to_owned())]);
    payload["view"]["state"]["values"]["what"]["input"]["value"] = json!("help");
    let heard = self::heard(DeliveryKind::Interaction, payload);
    assert_eq!(words(&heard), ["help", "help"]);
}

#[test]
fn a_form_that_cant_be_right_says_what_is_wrong_with_it() {
    let mut payload = fixture!("view_submission_declare");
    payload["view"]["state"]["values"]["what"]["input"]["value"] = json!(" \n ");
    payload["view"]["state"]["values"]["whom"]["input"]["selected_user"] = json!("U2147483697");
    let read = read_one(DeliveryKind::Interaction, payload);
    assert_eq!(errors(read), ["what", "whom"]);

    let mut payload = fixture!("view_submission_declare");
    payload["view"]["state"]["values"]["what"]["input"]["value"] = json!("x".repeat(3001));
    assert_eq!(
        errors(read_one(DeliveryKind::Interaction, payload)),
        ["what"]
    );

    for (callback_id, inputs) in [
        ("reject", &["genuine", "reason"][..]),
        ("remediate", &["how"]),
        ("ask_someone_else", &["whom"]),
    ] {
        let mut payload = fixture!("view_submission");
        payload["view"]["callback_id"] = json!(callback_id);
        assert_eq!(errors(read_one(DeliveryKind::Interaction, payload)), inputs);
    }

    let mut payload = fixture!("view_submission_answer_exceptions");
    payload["view"]["state"]["values"] = json!({});
    assert_eq!(
        errors(read_one(DeliveryKind::Interaction, payload)),
        ["cause", "exceptions", "owner", "remedy"]
    );
}

#[test]
fn the_forms_of_the_decision_carry_their_words() {
    for (callback_id, block_id) in [("reject", "reason"), ("remediate", "how")] {
        let mut payload = fixture!("view_submission");
        payload["view"]["callback_id"] = json!(callback_id);
        payload["view"]["state"]["values"] = json!({
            block_id: {"input": {"type": "plain_text_input", "value": "No test"}},
            "genuine": {"input": {"type": "radio_buttons", "selected_option": {"value": "genuine"}}},
        });
        let heard = heard(DeliveryKind::Interaction, payload);
        assert_eq!(words(&heard), ["No test"]);
        assert_eq!(
            matches!(heard.gesture.ask, Ask::Reject { change: CHANGE, .. }),
            callback_id == "reject"
        );
        assert_eq!(
            matches!(heard.gesture.ask, Ask::Remediate { change: CHANGE, .. }),
            callback_id == "remediate"
        );
    }
}

#[test]
fn exceptions_are_answered_by_name() {
    let payload = fixture!("view_submission_answer_exceptions");
    let heard = heard(DeliveryKind::Interaction, payload);
    assert_eq!(words(&heard), ["Nobody was on call", "A rota"]);
    let Ask::AnswerExceptions {
        change: CHANGE,
        exceptions,
        owner,
        ..
    } = heard.gesture.ask
    else {
        panic!("not an answer");
    };
    assert_eq!(
        exceptions,
        [Exception::NotAuthorized, Exception::DocumentedLate]
    );
    assert_eq!(owner, user("U2147483697"));
}

#[test]
fn somebody_else_may_be_a_person_and_groups() {
    let mut payload = fixture!("view_submission_declare");
    payload["view"]["callback_id"] = json!("ask_someone_else");
    payload["view"]["private_metadata"] = json!("{\"change\":1042}");
    let heard = heard(DeliveryKind::Interaction, payload);
    assert_eq!(
        heard.gesture.ask,
        Ask::AskSomeoneElse {
            change: CHANGE,
            asked: vec![
                Party::Person(user("U123MORGAN")),
                Party::Group(GroupId::new("S123ENG"))
            ],
        }
    );
}

#[test]
fn forms_of_others_and_forms_about_nothing_do_nothing() {
    let mut payload = fixture!("view_submission");
    payload["view"]["callback_id"] = json!("survey");
    assert!(matches!(
        read_one(DeliveryKind::Interaction, payload),
        Read::Ignored(_)
    ));
    for metadata in ["", "{}", "not json", "{\"change\":\"1042\"}"] {
        let mut payload = fixture!("view_submission");
        payload["view"]["private_metadata"] = json!(metadata);
        let read = read_one(DeliveryKind::Interaction, payload);
        assert!(matches!(read, Read::Broken(_)), "{metadata}");
    }
}

#[test]
fn a_mention_is_heard_at_the_time_of_the_message_in_its_thread() {
    let heard = heard(DeliveryKind::Event, fixture!("app_mention"));
    let Heard { gesture, .. } = &heard;
    assert_eq!(gesture.key, "Ev0MDYGDKJ");
    assert_eq!(gesture.actor, user("U2147483697"));
    assert_eq!(
        (gesture.at, gesture.source),
        (
            MessageTs::new("1774664040.000010").at().unwrap(),
            Source::Slack
        )
    );
    assert_eq!(gesture.channel, Some(ChannelId::new("C2147483705")));
    assert_eq!(gesture.thread, Some(MessageTs::new("1774664000.000001")));
    assert_eq!(gesture.response_url, None);
    assert_eq!(
        words(&heard).first(),
        Some(&"Deploy WAF rule to block SQL injection")
    );
    let Ask::Request { asked, .. } = &gesture.ask else {
        panic!("{gesture:?}");
    };
    assert_eq!(*asked, [Mention::User(user("U123MORGAN"))]);
}

#[test]
fn a_mention_that_would_need_a_form_is_answered_in_words() {
    let ask = |text: &str| {
        let mut payload = fixture!("app_mention");
        payload["event"]["text"] = json!(text);
        heard(DeliveryKind::Event, payload).gesture.ask
    };
    assert_eq!(ask("<@UBREAKGLASS>"), Ask::Help);
    assert_eq!(
        ask("<@UBREAKGLASS> document CHG-1042"),
        Ask::Status {
            change: Some(CHANGE)
        }
    );
}

#[test]
fn the_bot_answers_no_bot_and_no_edit() {
    type Twist = fn(&mut Value);
    let twists: [(Twist, &str); 5] = [
        (|event| event["bot_id"] = json!("B1"), "a bot's own message"),
        (
            |event| event["subtype"] = json!("bot_message"),
            "a bot's own message",
        ),
        (
            |event| event["user"] = json!("UBREAKGLASS"),
            "a bot's own message",
        ),
        (
            |event| event["edited"] = json!({"user": "U1", "ts": "1774664041.000000"}),
            "an edit of something said before",
        ),
        (
            |event| event["text"] = json!("thanks to <@UBREAKGLASS> for that"),
            "it speaks of the bot, not to it",
        ),
    ];
    for (twist, reason) in twists {
        let mut payload = fixture!("app_mention");
        twist(&mut payload["event"]);
        assert_eq!(
            read_one(DeliveryKind::Event, payload),
            Read::Ignored(reason)
        );
    }
}

#[test]
fn what_isnt_listened_to_is_ignored_with_its_reason() {
    for (payload, reason) in [
        (fixture!("message"), "it answers nothing"),
        (fixture!("unknown_event"), "an event of an unknown type"),
        (
            json!({"type": "url_verification", "challenge": "x"}),
            "a check of the address",
        ),
        (
            json!({"type": "event_callback", "event_id": "E",
                   "event": {"type": "app_home_opened", "user": "U1", "tab": "messages"}}),
            "a tab that isn't the Home",
        ),
        (
            json!({"type": "tokens_revoked"}),
            "a delivery of an unknown type",
        ),
    ] {
        assert_eq!(
            read_one(DeliveryKind::Event, payload),
            Read::Ignored(reason)
        );
    }
    assert!(matches!(
        read_one(DeliveryKind::Event, json!({})),
        Read::Broken(_)
    ));
    assert!(matches!(
        read_one(DeliveryKind::Event, json!([1])),
        Read::Broken(_)
    ));
}

#[test]
fn a_missing_instant_is_that_of_the_receipt() {
    let mut payload = fixture!("app_mention");
    payload["event"]["ts"] = json!("soon");
    let gesture = heard(DeliveryKind::Event, payload).gesture;
    assert_eq!(
        (gesture.at, gesture.source),
        (received_at(), Source::Receipt)
    );
}

/// Arbitrary JSON, with the names that are looked for.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop_oneof![
            Just("block_actions"),
            Just("view_submission"),
            Just("event_callback"),
            Just("app_mention"),
            Just("message"),
            Just("message_changed"),
            Just("message_deleted"),
            Just("tombstone"),
            Just("reaction_added"),
            Just("white_check_mark"),
            Just("approved"),
            Just("message_action"),
            Just("record_authorization"),
            Just("record"),
            Just("none"),
            Just("1774664040.000005"),
            Just("document"),
            Just("approve"),
            Just("more"),
            Just("1042"),
            Just("withdraw/1042"),
        ]
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("type"),
        Just("user"),
        Just("id"),
        Just("event"),
        Just("text"),
        Just("actions"),
        Just("action_id"),
        Just("value"),
        Just("view"),
        Just("state"),
        Just("values"),
        Just("callback_id"),
        Just("private_metadata"),
        Just("trigger_id"),
        Just("user_id"),
        Just("authorizations"),
        Just("event_id"),
        Just("selected_option"),
        Just("subtype"),
        Just("message"),
        Just("previous_message"),
        Just("edited"),
        Just("item"),
        Just("reaction"),
        Just("request"),
        Just("answer"),
        Just("what"),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Puts `value` where the `n`-th leaf or branch of `payload` was.
fn replace(payload: &mut Value, n: &mut usize, value: &Value) {
    if *n == 0 {
        *payload = value.clone();
    }
    *n = n.wrapping_sub(1);
    match payload {
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, n, value)),
        Value::Object(fields) => fields.values_mut().for_each(|item| replace(item, n, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

proptest! {
    #[test]
    fn nothing_that_arrives_makes_the_bot_fail(payload in any_json()) {
        for kind in [DeliveryKind::Command, DeliveryKind::Interaction, DeliveryKind::Event] {
            read_one(kind, payload.clone());
        }
    }

    #[test]
    fn a_payload_with_one_part_askew_makes_nothing_fail(n in 0usize..60, value in any_json()) {
        for (kind, mut payload) in [
            (DeliveryKind::Command, fixture!("command")),
            (DeliveryKind::Interaction, fixture!("block_actions")),
            (DeliveryKind::Interaction, fixture!("block_actions_users_select")),
            (DeliveryKind::Interaction, fixture!("view_submission")),
            (DeliveryKind::Interaction, fixture!("view_submission_declare")),
            (DeliveryKind::Interaction, fixture!("view_submission_answer_exceptions")),
            (DeliveryKind::Interaction, fixture!("view_submission_record")),
            (DeliveryKind::Interaction, fixture!("message_action")),
            (DeliveryKind::Event, fixture!("app_mention")),
            (DeliveryKind::Event, fixture!("message")),
            (DeliveryKind::Event, fixture!("message_changed")),
            (DeliveryKind::Event, fixture!("message_deleted")),
            (DeliveryKind::Event, fixture!("reaction_added")),
        ] {
            replace(&mut payload, &mut n.clone(), &value);
            read_one(kind, payload);
        }
    }
}
