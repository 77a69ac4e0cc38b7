//! Each rule by an example that breaks it and, where the limit is a number, one that just keeps it.

use serde_json::{Value, json};

use super::{Code, Surface, are_too_long, validate, validate_view};

fn faults(block: &Value) -> Vec<(String, String)> {
    validate(std::slice::from_ref(block), Surface::Message)
        .into_iter()
        .map(|fault| (fault.pointer, fault.message))
        .collect()
}

fn plain(n: usize) -> Value {
    json!({"type": "plain_text", "text": "x".repeat(n)})
}

fn mrkdwn(n: usize) -> Value {
    json!({"type": "mrkdwn", "text": "x".repeat(n)})
}

fn button(n: usize) -> Value {
    json!({"type": "button", "action_id": format!("a{n}"), "text": plain(3)})
}

fn option(value: &str) -> Value {
    json!({"text": plain(3), "value": value})
}

fn actions(elements: &[Value]) -> Value {
    json!({"type": "actions", "elements": elements})
}

fn input(element: &Value) -> Value {
    json!({"type": "input", "block_id": "b", "label": plain(3), "element": element})
}

/// The limit itself is taken, one more is refused.
fn limit(at: usize, make: impl Fn(usize) -> Value) {
    assert_eq!(faults(&make(at)), [], "{at} should pass");
    assert_ne!(faults(&make(at + 1)), [], "{} should not pass", at + 1);
}

#[test]
fn every_limit_holds_at_its_figure_and_not_one_beyond() {
    limit(3000, |n| json!({"type": "section", "text": mrkdwn(n)}));
    limit(2000, |n| json!({"type": "section", "fields": [mrkdwn(n)]}));
    limit(
        10,
        |n| json!({"type": "section", "fields": vec![mrkdwn(1); n]}),
    );
    limit(150, |n| json!({"type": "header", "text": plain(n)}));
    limit(
        10,
        |n| json!({"type": "context", "elements": vec![mrkdwn(1); n]}),
    );
    limit(25, |n| actions(&(0..n).map(button).collect::<Vec<_>>()));
    limit(75, |n| {
        actions(&[json!({"type": "button", "action_id": "a", "text": plain(n)})])
    });
    limit(2000, |n| {
        actions(&[json!({"type": "button", "text": plain(1), "value": "v".repeat(n)})])
    });
    limit(255, |n| {
        actions(&[json!({"type": "button", "text": plain(1), "action_id": "v".repeat(n)})])
    });
    limit(
        255,
        |n| json!({"type": "divider", "block_id": "v".repeat(n)}),
    );
    limit(150, |n| {
        actions(&[json!({"type": "static_select", "options": [option(&"v".repeat(n))]})])
    });
    limit(100, |n| {
        let options: Vec<_> = (0..n).map(|n| option(&n.to_string())).collect();
        actions(&[json!({"type": "static_select", "options": options})])
    });
    limit(5, |n| {
        let options: Vec<_> = (0..n).map(|n| option(&n.to_string())).collect();
        actions(&[json!({"type": "overflow", "options": options})])
    });
    limit(10, |n| {
        let options: Vec<_> = (0..n).map(|n| option(&n.to_string())).collect();
        actions(&[json!({"type": "checkboxes", "options": options})])
    });
    limit(
        12_000,
        |n| json!({"type": "markdown", "text": "x".repeat(n)}),
    );
    limit(3000, |n| {
        input(&json!({"type": "plain_text_input", "max_length": n}))
    });
}

#[test]
fn fifty_blocks_are_a_message_and_a_hundred_a_view() {
    let dividers = |n| vec![json!({"type": "divider"}); n];
    assert_eq!(validate(&dividers(50), Surface::Message), []);
    assert_ne!(validate(&dividers(51), Surface::Message), []);
    assert_eq!(validate(&dividers(100), Surface::Modal), []);
    assert_ne!(validate(&dividers(101), Surface::Modal), []);
}

#[test]
fn a_fault_says_where_and_why_as_slack_does() {
    let block = json!({"type": "section", "text": mrkdwn(3001)});
    assert_eq!(
        faults(&block),
        [(
            "/0/text/text".to_owned(),
            "must be less than 3001 characters".to_owned()
        )]
    );
    let fault = validate(&[json!({"type": "header"})], Surface::Message).remove(0);
    assert_eq!(fault.code, Code::MissingField);
    assert_eq!(
        fault.line("/blocks"),
        "[ERROR] missing required field: text [json-pointer:/blocks/0]"
    );
}

#[test]
fn what_is_malformed_is_refused() {
    for block in [
        json!("text"),
        json!({"text": plain(1)}),
        json!({"type": "sektion", "text": plain(1)}),
        json!({"type": "section"}),
        json!({"type": "section", "text": "words"}),
        json!({"type": "section", "text": mrkdwn(0)}),
        json!({"type": "section", "text": mrkdwn(1), "colour": "red"}),
        json!({"type": "header", "text": mrkdwn(1)}),
        json!({"type": "image", "image_url": "https://x.example/i.png"}),
        json!({"type": "image", "alt_text": "a"}),
        json!({"type": "image", "alt_text": "a", "image_url": "javascript:x"}),
        actions(&[]),
        actions(&[json!({"type": "button", "text": mrkdwn(1)})]),
        actions(&[json!({"type": "button", "text": plain(1), "style": "loud"})]),
        actions(&[json!({"type": "button", "text": plain(1), "value": 7})]),
        actions(&[json!({"type": "static_select", "placeholder": plain(1)})]),
        actions(&[json!({"type": "overflow", "options": [option("1")]})]),
        actions(&[json!({"type": "plain_text_input"})]),
        actions(&[json!({"type": "datepicker", "initial_date": "21.11.2026"})]),
        actions(&[json!({"type": "button", "text": plain(1), "confirm": {"title": plain(1)}})]),
        input(&json!({"type": "button", "text": plain(1)})),
        input(&json!({"type": "number_input"})),
        input(&json!({"type": "plain_text_input", "min_length": 9, "max_length": 3})),
        input(&json!({"type": "plain_text_input", "initial_value": "long", "max_length": 3})),
        input(&json!({"type": "file_input"})),
    ] {
        assert_ne!(faults(&block), [], "{block}");
    }
}

#[test]
fn what_is_well_formed_passes() {
    let day = json!({"type": "datepicker", "initial_date": "2026-11-21"});
    for block in [
        json!({"type": "section", "text": mrkdwn(5), "accessory": button(1)}),
        json!({"type": "context", "elements": [mrkdwn(1), {"type": "image", "image_url": "https://x.example/i", "alt_text": "i"}]}),
        json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}),
        json!({"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}),
        json!({"type": "image", "slack_file": {"id": "F1"}, "alt_text": "chart"}),
        actions(&[
            json!({"type": "users_select", "placeholder": plain(3)}),
            day,
        ]),
        input(&json!({"type": "number_input", "is_decimal_allowed": false})),
        json!({"type": "section", "text": {"type": "plain_text", "text": "a", "emoji": true}, "block_id": null}),
    ] {
        assert_eq!(faults(&block), [], "{block}");
    }
}

#[test]
fn names_may_not_be_used_twice() {
    let twice = [
        json!({"type": "divider", "block_id": "b"}),
        json!({"type": "divider", "block_id": "b"}),
    ];
    assert_eq!(
        validate(&twice, Surface::Message).remove(0).pointer,
        "/1/block_id"
    );
    assert_ne!(faults(&actions(&[button(1), button(1)])), []);
    // The same action in two blocks is legal; the block tells them apart.
    let apart = [actions(&[button(1)]), actions(&[button(1)])];
    assert_eq!(validate(&apart, Surface::Message), []);
}

#[test]
fn an_initial_option_must_be_on_offer() {
    let select = |initial: &str| {
        actions(&[
            json!({"type": "static_select", "options": [option("1")], "initial_option": option(initial)}),
        ])
    };
    assert_eq!(faults(&select("1")), []);
    assert_eq!(
        faults(&select("2")).remove(0).0,
        "/0/elements/0/initial_option"
    );
}

#[test]
fn only_one_element_may_take_the_focus() {
    let field = |name: &str| {
        let element = json!({"type": "plain_text_input", "action_id": "a", "focus_on_load": true});
        json!({"type": "input", "block_id": name, "label": plain(1), "element": element})
    };
    assert_eq!(validate(&[field("a")], Surface::Modal), []);
    assert_ne!(validate(&[field("a"), field("b")], Surface::Modal), []);
}

fn modal(more: &Value) -> Value {
    let mut view = json!({"type": "modal", "title": plain(24), "blocks": [{"type": "divider"}]});
    crate::sandbox::json::merge(&mut view, more.clone());
    view
}

#[test]
fn a_modal_keeps_its_own_limits() {
    assert_eq!(validate_view(&modal(&json!({}))), []);
    for more in [
        json!({"title": plain(25)}),
        json!({"title": mrkdwn(3)}),
        json!({"submit": plain(25)}),
        json!({"close": plain(25)}),
        json!({"private_metadata": "x".repeat(3001)}),
        json!({"callback_id": "x".repeat(256)}),
        json!({"external_id": "x".repeat(256)}),
        json!({"blocks": [input(&json!({"type": "plain_text_input"}))]}),
        json!({"blocks": [{"type": "markdown", "text": "x"}]}),
        json!({"type": "dialog"}),
    ] {
        assert_ne!(validate_view(&modal(&more)), [], "{more}");
    }
    let submitted =
        json!({"submit": plain(3), "blocks": [input(&json!({"type": "plain_text_input"}))]});
    assert_eq!(validate_view(&modal(&submitted)), []);
}

#[test]
fn a_chart_needs_a_point_for_each_category() {
    let chart = |labels: &[&str]| {
        let data: Vec<_> = labels
            .iter()
            .map(|label| json!({"label": label, "value": 3}))
            .collect();
        json!({"type": "data_visualization", "title": "Rate", "chart": {
            "type": "line",
            "series": [{"name": "rate", "data": data}],
            "axis_config": {"categories": ["w1", "w2"]},
        }})
    };
    assert_eq!(faults(&chart(&["w1", "w2"])), []);
    assert_ne!(faults(&chart(&["w1"])), []);
    let three = vec![chart(&["w1", "w2"]); 3];
    assert_ne!(validate(&three, Surface::Message), []);
    assert_ne!(validate(&three[..1], Surface::Home), []);
}

#[test]
fn all_words_of_a_message_together_have_a_limit() {
    let sections = |n| vec![json!({"type": "section", "text": mrkdwn(3000)}); n];
    assert!(!are_too_long(&sections(4)));
    assert!(are_too_long(&sections(5)));
}

fn any_json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let word = prop_oneof![
        Just("section"),
        Just("actions"),
        Just("input"),
        Just("button"),
        Just("static_select"),
        Just("plain_text"),
        Just("mrkdwn"),
        Just("text"),
        Just("type"),
        Just("element"),
        Just("elements"),
        Just("options"),
        Just("block_id"),
        Just("action_id"),
        Just("data_visualization"),
        Just("chart"),
        Just("pie"),
        Just("")
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, move |inner| {
        let key = word.clone().prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

proptest::proptest! {
    /// No input brings the validator down, and what is no object is never a block.
    #[test]
    fn any_json_is_judged(block in any_json()) {
        let faults = validate(std::slice::from_ref(&block), Surface::Message);
        proptest::prop_assert!(block.get("type").is_some() || !faults.is_empty());
        validate_view(&block);
    }
}
