//! Rules that concern several fields or blocks at once: names used twice, initial options that are not on offer.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Fault;
use crate::sandbox::json::{flag, list, text};

/// Every element of a block, with its pointer.
fn elements<'a>(block: &'a Value, pointer: &str) -> Vec<(&'a Value, String)> {
    let single = |place: &'static str| {
        block
            .get(place)
            .map(|element| (element, format!("{pointer}/{place}")))
    };
    let several = list(block, "elements")
        .iter()
        .enumerate()
        .map(|(index, element)| (element, format!("{pointer}/elements/{index}")));
    single("element")
        .into_iter()
        .chain(single("accessory"))
        .chain(several)
        .collect()
}

/// What is wrong with these blocks as a whole.
pub(super) fn faults(blocks: &[Value]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut block_ids = BTreeSet::new();
    let mut focused = 0;
    let mut charts = 0;
    for (index, block) in blocks.iter().enumerate() {
        let pointer = format!("/{index}");
        if let Some(id) = text(block, "block_id")
            && !block_ids.insert(id)
        {
            let at = format!("{pointer}/block_id");
            faults.push(Fault::new(
                &at,
                json!({"type": "unique", "got": id}),
                format!("`block_id` {id} already exists"),
            ));
        }
        if text(block, "type") == Some("data_visualization") {
            charts += 1;
            if charts > 2 {
                let constraint = json!({"type": "max_items", "expected": 2, "got": charts});
                faults.push(Fault::new(
                    &pointer,
                    constraint,
                    "no more than 2 data_visualization blocks allowed".to_owned(),
                ));
            }
        }
        let mut action_ids = BTreeSet::new();
        for (element, at) in elements(block, &pointer) {
            if let Some(id) = text(element, "action_id")
                && !action_ids.insert(id)
            {
                let constraint = json!({"type": "unique", "got": id});
                let message = format!("`action_id` {id} already exists");
                faults.push(Fault::new(&format!("{at}/action_id"), constraint, message));
            }
            if flag(element, "focus_on_load") {
                focused += 1;
                if focused > 1 {
                    let constraint = json!({"type": "unique", "got": "focus_on_load"});
                    let message = "only one element may have focus_on_load".to_owned();
                    faults.push(Fault::new(
                        &format!("{at}/focus_on_load"),
                        constraint,
                        message,
                    ));
                }
            }
            faults.extend(initial_faults(element, &at));
            faults.extend(length_faults(element, &at));
        }
    }
    faults
}

/// What an element holds at the beginning must be one of its options.
fn initial_faults(element: &Value, pointer: &str) -> Vec<Fault> {
    let grouped = list(element, "option_groups")
        .iter()
        .flat_map(|group| list(group, "options"));
    let options: Vec<_> = list(element, "options").iter().chain(grouped).collect();
    if options.is_empty() {
        return Vec::new();
    }
    let single = element
        .get("initial_option")
        .filter(|option| !option.is_null());
    let several = list(element, "initial_options");
    let named = single
        .map(|option| (option, format!("{pointer}/initial_option")))
        .into_iter()
        .chain(
            several
                .iter()
                .enumerate()
                .map(|(n, option)| (option, format!("{pointer}/initial_options/{n}"))),
        );
    named
        .filter(|(initial, _)| !options.iter().any(|option| same_option(option, initial)))
        .map(|(_, at)| {
            let message = "must exactly match one of the provided options".to_owned();
            Fault::new(&at, json!({"type": "one_of_options"}), message)
        })
        .collect()
}

/// Options are the same if their text and value are; Slack fills in `emoji` by itself.
fn same_option(one: &Value, other: &Value) -> bool {
    one.get("value") == other.get("value")
        && one.pointer("/text/text") == other.pointer("/text/text")
}

/// A text input's least length may not be over its greatest, nor over or under what it holds at the beginning.
fn length_faults(element: &Value, pointer: &str) -> Vec<Fault> {
    let number = |key| element.get(key).and_then(Value::as_u64);
    let mut faults = Vec::new();
    if let (Some(least), Some(most)) = (number("min_length"), number("max_length"))
        && least > most
    {
        let constraint = json!({"type": "range", "min": least, "max": most});
        let message = "min_length must not be more than max_length".to_owned();
        faults.push(Fault::new(
            &format!("{pointer}/min_length"),
            constraint,
            message,
        ));
    }
    if let (Some(initial), Some(most)) = (text(element, "initial_value"), number("max_length"))
        && initial.chars().count() as u64 > most
    {
        let constraint = json!({"type": "max_length", "expected": most});
        let message = format!("must be less than {} characters", most + 1);
        faults.push(Fault::new(
            &format!("{pointer}/initial_value"),
            constraint,
            message,
        ));
    }
    faults
}

/// A series has one point for each category, in no particular order, and a name of its own.
pub(super) fn chart_faults(chart: &Value) -> Vec<&'static str> {
    let categories: Vec<_> = chart
        .pointer("/axis_config/categories")
        .and_then(Value::as_array)
        .map(|categories| categories.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut names = BTreeSet::new();
    let mut faults = Vec::new();
    for series in list(chart, "series") {
        if !names.insert(text(series, "name")) {
            faults.push("series names must be unique");
        }
        let labels: BTreeSet<_> = list(series, "data")
            .iter()
            .filter_map(|point| text(point, "label"))
            .collect();
        let as_many = list(series, "data").len() == categories.len();
        if !as_many || !categories.iter().all(|category| labels.contains(category)) {
            faults.push("every series must have one data point for each category");
        }
    }
    faults
}
