//! The buttons and forms about captured messages, times and word of mouth.

use super::*;
use crate::domain::change::{NotGenuine, Verdict};

/// What makes values others.
type Twist = fn(&mut Value);

/// A submission of `modal` with `values` in it.
fn submitted(modal: Modal, metadata: &str, values: Value) -> Value {
    let mut payload = fixture!("view_submission");
    payload["view"]["callback_id"] = json!(modal.callback_id());
    payload["view"]["private_metadata"] = json!(metadata);
    payload["view"]["state"]["values"] = values;
    payload
}

fn text(value: &str) -> Value {
    json!({"input": {"type": "plain_text_input", "value": value}})
}

fn person(id: &str) -> Value {
    json!({"input": {"type": "users_select", "selected_user": id}})
}

fn choice(value: &str) -> Value {
    json!({"input": {"type": "static_select", "selected_option": {"value": value}}})
}

const ABOUT: &str = "{\"change\":1042}";

#[test]
fn messages_are_put_on_record_as_they_were_chosen() {
    let heard = heard(
        DeliveryKind::Interaction,
        fixture!("view_submission_record"),
    );
    assert_eq!(
        words(&heard),
        ["Deploy WAF rule to block SQL injection", "5 min ago"]
    );
    assert_eq!(
        heard.gesture.thread,
        Some(MessageTs::new("1774664040.000005"))
    );
    let Ask::Capture {
        request,
        requester,
        answer,
        verdict,
        ..
    } = heard.gesture.ask
    else {
        panic!("not a capture");
    };
    assert_eq!(request, Some(MessageTs::new("1774664040.000005")));
    assert_eq!(answer, Some(MessageTs::new("1774664050.000100")));
    assert_eq!((requester, verdict), (None, Verdict::Grant));
}

#[test]
fn either_half_may_be_missing() {
    let mut payload = fixture!("view_submission_record");
    payload["view"]["state"]["values"]["answer"] = choice(control::NO_MESSAGE);
    let ask = heard(DeliveryKind::Interaction, payload).gesture.ask;
    assert!(matches!(
        ask,
        Ask::Capture {
            answer: None,
            request: Some(_),
            ..
        }
    ));

    let mut payload = fixture!("view_submission_record");
    payload["view"]["state"]["values"]["request"] = choice(control::NO_MESSAGE);
    payload["view"]["state"]["values"]["verdict"] = choice("refuse");
    let ask = heard(DeliveryKind::Interaction, payload).gesture.ask;
    assert!(matches!(
        ask,
        Ask::Capture {
            request: None,
            answer: Some(_),
            verdict: Verdict::Refuse,
            ..
        }
    ));
}

#[test]
fn a_pair_that_cant_be_one_is_said_beside_the_choice() {
    let twists: [(Twist, &[&str]); 7] = [
        (
            |values| values["answer"] = choice("1774664040.000005"),
            &["answer"],
        ),
        // Dana wrote both.
        (
            |values| values["answer"] = choice("1774664055.000100"),
            &["answer"],
        ),
        (
            |values| {
                values["request"] = choice(control::NO_MESSAGE);
                values["answer"] = choice(control::NO_MESSAGE);
            },
            &["request"],
        ),
        (
            |values| {
                values["request"] = choice(control::NO_MESSAGE);
                values["what"] = text(" ");
            },
            &["what"],
        ),
        (
            |values| {
                values["request"] = choice(control::NO_MESSAGE);
                values["requester"] = person("U123MORGAN");
            },
            &["requester"],
        ),
        (|values| values["what"] = text(&"x".repeat(3001)), &["what"]),
        (|values| values["when"] = text("soon"), &["when"]),
    ];
    for (twist, inputs) in twists {
        let mut payload = fixture!("view_submission_record");
        twist(&mut payload["view"]["state"]["values"]);
        let read = read_one(DeliveryKind::Interaction, payload);
        assert_eq!(errors(read), inputs);
    }
}

#[test]
fn word_of_mouth_names_who_agreed_when_and_how() {
    let values = json!({
        "whom": person("U123MORGAN"),
        "when": text("5 min ago"),
        "account": text("On the phone, while driving"),
    });
    let heard = heard(
        DeliveryKind::Interaction,
        submitted(Modal::Attest, ABOUT, values),
    );
    assert_eq!(words(&heard), ["5 min ago", "On the phone, while driving"]);
    assert!(matches!(
        heard.gesture.ask,
        Ask::Attest { change: CHANGE, who, .. } if who == user("U123MORGAN")
    ));
    for (values, input) in [
        (json!({}), "whom"),
        (json!({"whom": person("U2147483697")}), "whom"),
        (
            json!({"whom": person("U123MORGAN"), "when": text("yesterday")}),
            "when",
        ),
    ] {
        let payload = submitted(Modal::Attest, ABOUT, values);
        assert_eq!(
            errors(read_one(DeliveryKind::Interaction, payload)),
            [input]
        );
    }
}

#[test]
fn a_correction_is_about_the_deployment_that_the_form_showed() {
    let at = MessageTs::new("1774664040.000005").at().unwrap();
    let metadata = format!(
        "{{\"change\":1042,\"deployed_at\":{}}}",
        at.timestamp_micros()
    );
    let values = json!({"when": text("02:19"), "reason": text("The pipeline says so")});
    let heard = heard(
        DeliveryKind::Interaction,
        submitted(Modal::CorrectDeployment, &metadata, values),
    );
    assert_eq!(words(&heard), ["02:19", "The pipeline says so"]);
    assert!(matches!(
        heard.gesture.ask,
        Ask::CorrectDeployment { change: CHANGE, from, .. } if from == at
    ));
    let blank = submitted(Modal::CorrectDeployment, &metadata, json!({}));
    assert_eq!(
        errors(read_one(DeliveryKind::Interaction, blank)),
        ["reason", "when"]
    );
    let values = json!({"when": text("02:19"), "reason": text("x")});
    let lost = submitted(Modal::CorrectDeployment, ABOUT, values);
    let read = read_one(DeliveryKind::Interaction, lost);
    assert!(matches!(read, Read::Broken(_)), "{read:?}");
}

#[test]
fn another_reason_is_one_of_those_named_or_said_in_words() {
    let stated = |values| submitted(Modal::StateReason, ABOUT, values);
    let heard = heard(
        DeliveryKind::Interaction,
        stated(json!({"stated": choice("deadline_today")})),
    );
    assert!(matches!(
        heard.gesture.ask,
        Ask::StateReason {
            change: CHANGE,
            reason: NotGenuine::DeadlineToday,
            text: None,
        }
    ));
    for (values, input) in [
        (json!({}), "stated"),
        (json!({"stated": choice("other")}), "account"),
    ] {
        let read = read_one(DeliveryKind::Interaction, stated(values));
        assert_eq!(errors(read), [input]);
    }
}

#[test]
fn the_form_of_a_request_may_say_that_it_is_deployed_already() {
    let mut payload = fixture!("view_submission_declare");
    payload["view"]["state"]["values"]["when"] = text("02:10 UTC");
    let asked = heard(DeliveryKind::Interaction, payload.clone());
    assert_eq!(words(&asked).last(), Some(&"02:10 UTC"));
    payload["view"]["state"]["values"]["when"] = text("before lunch");
    let read = read_one(DeliveryKind::Interaction, payload.clone());
    assert_eq!(errors(read), ["when"]);

    payload["view"]["state"]["values"] =
        json!({"what": text("Restart auth, deployed 20 min ago @morgan")});
    let asked = heard(DeliveryKind::Interaction, payload.clone());
    assert_eq!(words(&asked).first(), Some(&"Restart auth"));
    assert_eq!(words(&asked).last(), Some(&"20 min ago"));

    payload["view"]["private_metadata"] = json!("{\"drill\":true}");
    let ask = heard(DeliveryKind::Interaction, payload).gesture.ask;
    assert!(matches!(ask, Ask::Request { drill: true, .. }));
}

#[test]
fn a_button_about_a_time_hands_exactly_that_time_back() {
    let at = MessageTs::new("1774664040.000005").at().unwrap();
    let value = control::time_value(CHANGE, at, None);
    let pressed_at = pressed(Control::DeployedAt, &value);
    assert_eq!(
        heard(DeliveryKind::Interaction, pressed_at).gesture.ask,
        Ask::RecordDeployment {
            change: Some(CHANGE),
            when: None,
            at: Some(at),
            by: None,
        }
    );
    let open = opened(
        DeliveryKind::Interaction,
        pressed(Control::CorrectDeployment, &value),
    );
    assert_eq!(open.which, Modal::CorrectDeployment);
    assert_eq!((open.change, open.deployed_at), (Some(CHANGE), Some(at)));
    // In a menu no time can stand.
    let mut menu = fixture!("block_actions_overflow");
    menu["actions"][0]["selected_option"]["value"] =
        json!(control::menu_value(Control::CorrectDeployment, CHANGE));
    let open = opened(DeliveryKind::Interaction, menu);
    assert_eq!(open.which, Modal::CorrectDeployment);
    assert_eq!((open.change, open.deployed_at), (Some(CHANGE), None));
}

#[test]
fn two_of_one_are_told_apart_by_their_numbers() {
    let value = control::same_value(ChangeNumber(1043), CHANGE);
    let ask = |control| {
        heard(DeliveryKind::Interaction, pressed(control, &value))
            .gesture
            .ask
    };
    assert_eq!(
        ask(Control::Same),
        Ask::LinkAsDuplicate {
            change: ChangeNumber(1043),
            of: CHANGE,
        }
    );
    assert_eq!(
        ask(Control::NotSame),
        Ask::Status {
            change: Some(ChangeNumber(1043))
        }
    );
}

#[test]
fn an_offer_is_answered_by_its_number() {
    let value = control::offer_value(7);
    let ask = |control| {
        heard(DeliveryKind::Interaction, pressed(control, &value))
            .gesture
            .ask
    };
    assert_eq!(ask(Control::TakeOffer), Ask::TakeOffer { offer: 7 });
    assert_eq!(ask(Control::DeclineOffer), Ask::DeclineOffer { offer: 7 });
}

#[test]
fn a_press_that_names_nothing_does_nothing() {
    for control in [
        Control::DeployedAt,
        Control::CorrectDeployment,
        Control::Same,
        Control::NotSame,
        Control::TakeOffer,
        Control::DeclineOffer,
        Control::StandIn,
    ] {
        let read = read_one(DeliveryKind::Interaction, pressed(control, "x"));
        assert!(matches!(read, Read::Broken(_)), "{control:?}");
    }
}
