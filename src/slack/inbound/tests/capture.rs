//! What is overheard, what happens to messages afterwards, and the shortcut.

use super::*;
use crate::domain::change::Verdict;

/// What makes a payload another.
type Twist = fn(&mut Value);

/// Morgan's answer, as a message of its own.
fn answer(text: &str) -> Value {
    let mut payload = fixture!("message");
    payload["event"]["user"] = json!("U123MORGAN");
    payload["event"]["text"] = json!(text);
    payload
}

fn ignored(payload: Value) -> &'static str {
    match read_one(DeliveryKind::Event, payload) {
        Read::Ignored(reason) => reason,
        other => panic!("it was heard: {other:?}"),
    }
}

fn ts(ts: &str) -> MessageTs {
    MessageTs::new(ts)
}

#[test]
fn words_that_answer_are_overheard_at_the_time_of_the_message() {
    let heard = heard(DeliveryKind::Event, answer("approved. Deploy."));
    assert_eq!(words(&heard), ["approved. Deploy."]);
    let Heard { gesture, .. } = heard;
    assert_eq!(gesture.key, "Ev0PV52K21");
    assert_eq!(gesture.actor, user("U123MORGAN"));
    assert_eq!(Some(gesture.at), ts("1774664040.000005").at());
    assert_eq!(gesture.source, Source::Slack);
    assert_eq!(gesture.channel, Some(ChannelId::new("C2147483705")));
    assert!(gesture.is_overheard());
    let Ask::Overhear {
        ts: at, verdict, ..
    } = gesture.ask
    else {
        panic!("{gesture:?}");
    };
    assert_eq!((at, verdict), (ts("1774664040.000005"), Verdict::Grant));
}

#[test]
fn an_answer_in_a_thread_says_in_which() {
    let mut payload = answer("approved");
    payload["event"]["thread_ts"] = json!("1774664000.000001");
    let thread = |payload| heard(DeliveryKind::Event, payload).gesture.thread;
    assert_eq!(thread(payload.clone()), Some(ts("1774664000.000001")));
    payload["event"]["subtype"] = json!("thread_broadcast");
    assert_eq!(thread(payload.clone()), Some(ts("1774664000.000001")));
    // What a thread begins with is said in the channel.
    payload["event"]["thread_ts"] = json!("1774664040.000005");
    assert_eq!(thread(payload), None);
}

#[test]
fn what_people_say_besides_is_kept_nowhere() {
    assert_eq!(ignored(fixture!("message")), "it answers nothing");
    let twists: [(Twist, &str); 8] = [
        (|event| event["bot_id"] = json!("B1"), "a bot's own message"),
        (
            |event| event["user"] = json!("UBREAKGLASS"),
            "a bot's own message",
        ),
        (
            |event| event["subtype"] = json!("channel_join"),
            "what nobody said",
        ),
        (
            |event| event["subtype"] = json!("bot_message"),
            "what nobody said",
        ),
        (
            |event| event["channel_type"] = json!("im"),
            "a direct message",
        ),
        (
            |event| event["channel"] = json!("D024BE91L"),
            "a direct message",
        ),
        (
            |event| event["edited"] = json!({"user": "U1", "ts": "1.000000"}),
            "an edit of something said before",
        ),
        (
            |event| event["text"] = json!("<@UBREAKGLASS> approved"),
            "it is said to the bot, and heard as a mention",
        ),
    ];
    for (twist, reason) in twists {
        let mut payload = answer("approved");
        twist(&mut payload["event"]);
        assert_eq!(ignored(payload), reason);
    }
}

#[test]
fn words_that_speak_of_the_bot_are_still_words() {
    let heard = heard(
        DeliveryKind::Event,
        answer("approved. <@UBREAKGLASS> has the record"),
    );
    assert!(matches!(heard.gesture.ask, Ask::Overhear { .. }));
}

#[test]
fn an_answer_said_to_the_bot_is_an_answer_and_no_request() {
    let mut payload = fixture!("app_mention");
    payload["event"]["text"] = json!("<@UBREAKGLASS> approved");
    let heard = heard(DeliveryKind::Event, payload);
    assert_eq!(words(&heard), ["<@UBREAKGLASS> approved"]);
    assert_eq!(heard.gesture.thread, Some(ts("1774664000.000001")));
    assert!(matches!(
        heard.gesture.ask,
        Ask::Overhear {
            verdict: Verdict::Grant,
            ..
        }
    ));
}

#[test]
fn a_request_by_mention_names_its_message() {
    let ask = heard(DeliveryKind::Event, fixture!("app_mention"))
        .gesture
        .ask;
    let Ask::Request { said, drill, .. } = ask else {
        panic!("{ask:?}");
    };
    assert_eq!(said, Some(ts("1774664040.000010")));
    assert!(!drill);
}

#[test]
fn a_redelivery_is_the_same_gesture() {
    for payload in [
        answer("approved"),
        fixture!("message_changed"),
        fixture!("message_deleted"),
        fixture!("reaction_added"),
        fixture!("reaction_removed"),
        fixture!("app_mention"),
    ] {
        let first = heard(DeliveryKind::Event, payload.clone()).gesture;
        let mut again = payload;
        again["authorizations"] = json!([{"user_id": "UBREAKGLASS"}]);
        again["event_context"] = json!("4-other");
        assert_eq!(heard(DeliveryKind::Event, again).gesture, first);
    }
}

#[test]
fn an_event_without_an_id_cant_be_told_from_another() {
    let mut payload = answer("approved");
    payload["event_id"] = json!("");
    assert!(matches!(
        read_one(DeliveryKind::Event, payload),
        Read::Broken(_)
    ));
}

#[test]
fn an_edit_says_who_made_it_and_what_stands_now() {
    let heard = heard(DeliveryKind::Event, fixture!("message_changed"));
    assert_eq!(words(&heard), ["Hello, world!"]);
    assert_eq!(heard.gesture.actor, user("U2147483697"));
    assert_eq!(Some(heard.gesture.at), ts("1774664050.000001").at());
    assert!(matches!(
        heard.gesture.ask,
        Ask::NoteEdit { ts: at, .. } if at == ts("1774664040.000005")
    ));
}

#[test]
fn a_message_that_changed_otherwise_than_by_its_words_is_not_edited() {
    let mut unfurled = fixture!("message_changed");
    unfurled["event"]["previous_message"]["text"] = json!("Hello, world!");
    unfurled["event"]["message"]["attachments"] = json!([{"id": 1}]);
    assert_eq!(ignored(unfurled), "a message that still says the same");
    let mut counted = fixture!("message_changed");
    counted["event"]["message"]["edited"] = Value::Null;
    assert_eq!(ignored(counted), "a change that nobody made");
    let mut ours = fixture!("message_changed");
    ours["event"]["message"]["bot_id"] = json!("B1");
    assert_eq!(ignored(ours), "a bot's own message");
}

#[test]
fn a_deletion_names_the_message_and_its_author() {
    let gesture = heard(DeliveryKind::Event, fixture!("message_deleted")).gesture;
    assert_eq!(gesture.actor, user("U2147483697"));
    let deleted = Ask::NoteDeletion {
        ts: ts("1774664040.000005"),
    };
    assert_eq!(gesture.ask, deleted);
    // With replies under it, a deleted message stays as a stone.
    let mut stone = fixture!("message_changed");
    stone["event"]["message"]["subtype"] = json!("tombstone");
    stone["event"]["message"]["user"] = json!("USLACKBOT");
    let gesture = heard(DeliveryKind::Event, stone).gesture;
    assert_eq!(gesture.actor, user("U2147483697"));
    assert_eq!(gesture.ask, deleted);
    let mut ours = fixture!("message_deleted");
    ours["event"]["previous_message"]["bot_id"] = json!("B1");
    assert_eq!(ignored(ours), "a bot's own message");
}

#[test]
fn the_policys_emoji_is_heard_and_no_other() {
    let gesture = heard(DeliveryKind::Event, fixture!("reaction_added")).gesture;
    assert_eq!(gesture.actor, user("U123MORGAN"));
    assert_eq!(gesture.channel, Some(ChannelId::new("C2147483705")));
    assert_eq!(Some(gesture.at), ts("1774664060.000100").at());
    let (on, name) = (ts("1774664040.000005"), "white_check_mark".to_owned());
    assert_eq!(
        gesture.ask,
        Ask::React {
            ts: on.clone(),
            name: name.clone()
        }
    );
    let removed = heard(DeliveryKind::Event, fixture!("reaction_removed")).gesture;
    assert_eq!(removed.ask, Ask::Unreact { ts: on, name });

    let twists: [(Twist, &str); 3] = [
        (
            |event| event["reaction"] = json!("tada"),
            "an emoji that authorizes nothing",
        ),
        (
            |event| event["user"] = json!("UBREAKGLASS"),
            "a bot's own emoji",
        ),
        (
            |event| event["item"]["type"] = json!("file"),
            "an emoji on something else than a message",
        ),
    ];
    for (twist, reason) in twists {
        let mut payload = fixture!("reaction_added");
        payload["authorizations"] = json!([{"user_id": "UBREAKGLASS"}]);
        twist(&mut payload["event"]);
        assert_eq!(ignored(payload), reason);
    }
}

#[test]
fn an_emoji_in_another_skin_is_the_same_gesture() {
    let mut payload = fixture!("reaction_added");
    payload["event"]["reaction"] = json!("white_check_mark::skin-tone-3");
    let ask = heard(DeliveryKind::Event, payload).gesture.ask;
    assert!(matches!(ask, Ask::React { name, .. } if name == "white_check_mark"));
}

#[test]
fn the_shortcut_opens_the_form_about_its_message() {
    let open = opened(DeliveryKind::Interaction, fixture!("message_action"));
    assert_eq!(open.which, Modal::Record);
    assert_eq!(open.actor, user("U2147483697"));
    assert_eq!(
        open.opened_from().channel,
        Some(&ChannelId::new("C2147483705"))
    );
    assert_eq!(open.opened_from().thread, Some(&ts("1774664040.000005")));
    assert!(open.response_url.is_some());
    let message = open.message.unwrap();
    assert_eq!(message.by, Some(user("U123MORGAN")));
    assert_eq!(message.text, "approved. Deploy.");
    assert_eq!(message.ts, ts("1774664050.000100"));

    let mut foreign = fixture!("message_action");
    foreign["callback_id"] = json!("make_ticket");
    let mut joined = fixture!("message_action");
    joined["message"]["subtype"] = json!("channel_join");
    for payload in [foreign, joined] {
        let read = read_one(DeliveryKind::Interaction, payload);
        assert!(matches!(read, Read::Ignored(_)), "{read:?}");
    }
    let mut late = fixture!("message_action");
    late["trigger_id"] = Value::Null;
    let read = read_one(DeliveryKind::Interaction, late);
    assert!(matches!(read, Read::Broken(_)), "{read:?}");
}

#[test]
fn a_drill_is_a_request_that_says_so() {
    let heard = heard(
        DeliveryKind::Command,
        commanded("drill Restart auth @morgan"),
    );
    assert_eq!(words(&heard).first(), Some(&"Restart auth"));
    assert!(matches!(
        heard.gesture.ask,
        Ask::Request { drill: true, .. }
    ));
    let open = opened(DeliveryKind::Command, commanded("drill"));
    assert!(open.prefill.drill && open.which == Modal::Declare);
}

#[test]
fn a_request_that_is_deployed_already_says_since_when() {
    let typed = "Deploy WAF rule, deployed 20 min ago @morgan";
    let heard = heard(DeliveryKind::Command, commanded(typed));
    assert_eq!(words(&heard), ["Deploy WAF rule", typed, "20 min ago"]);
}

#[test]
fn what_may_have_been_a_request_is_given_back() {
    let heard = heard(DeliveryKind::Command, commanded("satus"));
    assert_eq!(words(&heard), ["satus"]);
    assert!(matches!(
        heard.gesture.ask,
        Ask::Unsure { meant, .. } if meant == "status"
    ));
}

#[test]
fn a_request_to_the_bot_that_sounds_like_a_go_ahead_is_a_request() {
    let ask = |text: &str| {
        let mut payload = fixture!("app_mention");
        payload["event"]["text"] = json!(text);
        heard(DeliveryKind::Event, payload).gesture.ask
    };
    for text in [
        "<@UBREAKGLASS> Deploy WAF rule",
        "<@UBREAKGLASS> Deploy WAF rule <@U123MORGAN>",
        "<@UBREAKGLASS> ship the hotfix",
        "<@U123MORGAN> <@UBREAKGLASS> yes, deploy the rule",
    ] {
        assert!(matches!(ask(text), Ask::Request { .. }), "{text}");
    }
    for text in [
        "<@UBREAKGLASS> deploy it",
        "<@UBREAKGLASS> yes",
        "<@UBREAKGLASS> denied",
    ] {
        assert!(matches!(ask(text), Ask::Overhear { .. }), "{text}");
    }
}
