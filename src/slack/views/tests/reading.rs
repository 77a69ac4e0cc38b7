//! Blocks as plain lines, held against Slack's limits as they are read.

use std::collections::BTreeSet;

use serde_json::Value;
use slack_morphism::prelude::SlackView;

use crate::slack::views::{Message, say};

/// Returns a message as lines: its notification first, then what is seen.
pub(super) fn message(message: &Message) -> String {
    let blocks = serde_json::to_value(&message.blocks).unwrap();
    hold(
        say::width(&message.text) <= 4000 && !message.text.is_empty(),
        &"fallback",
    );
    let length = say::width(&blocks.to_string());
    hold(length <= 13_200, &format!("all blocks: {length}"));
    let blocks = blocks.as_array().unwrap();
    hold(!blocks.is_empty() && blocks.len() <= 50, &"blocks");
    let seen = lines(blocks);
    format!("» {}\n{seen}", inline(&message.text))
}

/// Returns a modal as lines: its title first, its submit button last.
pub(super) fn view(view: &SlackView) -> String {
    let view = serde_json::to_value(view).unwrap();
    let blocks = view["blocks"].as_array().unwrap();
    hold(blocks.len() <= 100, &"blocks of a view");
    for (pointer, most) in [
        ("/title/text", 24),
        ("/submit/text", 24),
        ("/close/text", 24),
        ("/private_metadata", 3000),
        ("/callback_id", 255),
    ] {
        let text = view.pointer(pointer).and_then(Value::as_str);
        hold(text.is_none_or(|text| say::width(text) <= most), &pointer);
    }
    hold(view.to_string().len() <= 250_000, &"view");
    let title = view.get("title").map_or_else(|| "Home".to_owned(), text);
    let submit = view.get("submit").map_or_else(
        || "nothing to send".to_owned(),
        |one| format!("[{}]", text(one)),
    );
    format!("# {title}\n{}\n{submit}", lines(blocks))
}

#[track_caller]
fn hold(holds: bool, what: &dyn std::fmt::Display) {
    assert!(holds, "Slack would refuse: {what}");
}

fn lines(blocks: &[Value]) -> String {
    let ids: Vec<&str> = blocks
        .iter()
        .filter_map(|block| block["block_id"].as_str())
        .collect();
    let unique: BTreeSet<&&str> = ids.iter().collect();
    hold(unique.len() == ids.len(), &"two blocks of one name");
    hold(ids.iter().all(|id| id.len() <= 255), &"block_id");
    blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn block(block: &Value) -> String {
    match block["type"].as_str().unwrap() {
        "section" => {
            let words = text(&block["text"]);
            hold(say::width(raw(&block["text"])) <= 3000, &"section");
            hold(!words.trim().is_empty(), &"empty section");
            match block.get("accessory") {
                Some(beside) => format!("{words} {}", element(beside)),
                None => words,
            }
        }
        "context" => {
            let elements = block["elements"].as_array().unwrap();
            hold(elements.len() <= 10, &"context");
            let words: Vec<String> = elements.iter().map(text).collect();
            hold(
                elements.iter().all(|one| say::width(raw(one)) <= 3000),
                &"context",
            );
            format!("· {}", words.join(" "))
        }
        "actions" => {
            let elements = block["elements"].as_array().unwrap();
            hold((1..=25).contains(&elements.len()), &"actions");
            let ids: BTreeSet<&str> = elements
                .iter()
                .map(|one| one["action_id"].as_str().unwrap())
                .collect();
            hold(ids.len() == elements.len(), &"two buttons of one name");
            elements.iter().map(element).collect::<Vec<_>>().join(" ")
        }
        "input" => {
            let optional = if block["optional"] == true {
                " (optional)"
            } else {
                ""
            };
            let label = text(&block["label"]);
            hold(say::width(&label) <= 2000, &"label");
            let hint = block
                .get("hint")
                .map_or_else(String::new, |hint| format!("\n  {}", text(hint)));
            format!("{label}{optional}\n  {}{hint}", element(&block["element"]))
        }
        "image" => {
            let alt = block["alt_text"].as_str().unwrap();
            hold(!alt.is_empty() && say::width(alt) <= 2000, &"alt_text");
            let file = block["slack_file"]["id"].as_str().unwrap();
            hold(block.get("image_url").is_none(), &"two sources");
            format!("[{file}: {alt}]")
        }
        "data_visualization" => chart(block),
        other => panic!("no view uses a {other}"),
    }
}

/// Slack's own chart, a line a series.
fn chart(block: &Value) -> String {
    let title = block["title"].as_str().unwrap();
    hold((1..=50).contains(&say::width(title)), &"title of a chart");
    let categories = block["chart"]["axis_config"]["categories"]
        .as_array()
        .unwrap();
    hold((1..=20).contains(&categories.len()), &"categories");
    let unique: BTreeSet<&str> = categories.iter().map(|one| one.as_str().unwrap()).collect();
    hold(
        unique.len() == categories.len(),
        &"two categories of one name",
    );
    hold(
        unique.iter().all(|one| (1..=20).contains(&say::width(one))),
        &"category",
    );
    let series = block["chart"]["series"].as_array().unwrap();
    hold((1..=12).contains(&series.len()), &"series");
    let lines = series.iter().map(|one| {
        let name = one["name"].as_str().unwrap();
        hold((1..=20).contains(&say::width(name)), &"series");
        let points = one["data"].as_array().unwrap();
        let labels: Vec<&Value> = points.iter().map(|point| &point["label"]).collect();
        hold(labels == categories.iter().collect::<Vec<_>>(), &"points");
        let points = points
            .iter()
            .map(|point| format!("{} {}", raw_label(point), point["value"]));
        format!("  {name}: {}", points.collect::<Vec<_>>().join(", "))
    });
    format!("[{title}\n{}]", lines.collect::<Vec<_>>().join("\n"))
}

fn raw_label(point: &Value) -> &str {
    point["label"].as_str().unwrap()
}

fn element(element: &Value) -> String {
    let limit = |pointer: &str, most: usize| {
        let text = element.pointer(pointer).and_then(Value::as_str);
        hold(text.is_none_or(|text| say::width(text) <= most), &pointer);
    };
    limit("/action_id", 255);
    limit("/value", 2000);
    limit("/placeholder/text", 150);
    limit("/confirm/title/text", 100);
    limit("/confirm/text/text", 300);
    limit("/confirm/confirm/text", 30);
    limit("/confirm/deny/text", 30);
    let placeholder = || text(&element["placeholder"]);
    match element["type"].as_str().unwrap() {
        "button" => {
            limit("/text/text", 75);
            let style = match element["style"].as_str() {
                Some("primary") => "+",
                Some("danger") => "!",
                _ => "",
            };
            let confirm = element.get("confirm").map_or_else(String::new, |confirm| {
                format!(" ({})", text(&confirm["text"]))
            });
            format!("[{style}{}{confirm}]", text(&element["text"]))
        }
        "overflow" => {
            let options = options(element, 5);
            hold(options.len() >= 2, &"a menu of one");
            format!("[… {}]", options.join(" | "))
        }
        "users_select" => match element["initial_user"].as_str() {
            Some(user) => format!("[{} ▾]", inline(&format!("<@{user}>"))),
            None => format!("[{} ▾]", placeholder()),
        },
        "plain_text_input" => {
            limit("/initial_value", 3000);
            let most = element["max_length"].as_u64();
            hold(most.is_some_and(|most| most <= 3000), &"max_length");
            match element["initial_value"].as_str() {
                Some(words) => format!("[{words}]"),
                None if element["placeholder"].is_null() => "[ ]".to_owned(),
                None => format!("[ ] {}", placeholder()),
            }
        }
        "radio_buttons" => {
            let chosen = initial(element);
            let options = options(element, 10).into_iter().map(|option| {
                let dot = if chosen.as_ref() == Some(&option) {
                    "(•)"
                } else {
                    "( )"
                };
                format!("{dot} {option}")
            });
            options.collect::<Vec<_>>().join("\n  ")
        }
        "static_select" => {
            let chosen = initial(element);
            let options = options(element, 100).into_iter().map(|option| {
                if chosen.as_ref() == Some(&option) {
                    format!("▸ {option}")
                } else {
                    format!("  {option}")
                }
            });
            format!("[▾]\n  {}", options.collect::<Vec<_>>().join("\n  "))
        }
        "multi_static_select" => several(element),
        "datetimepicker" => match element["initial_date_time"].as_i64() {
            Some(at) => {
                let at = chrono::DateTime::from_timestamp(at, 0).unwrap();
                format!("[{} ▾]", at.format("%a %H:%M UTC"))
            }
            None => "[When ▾]".to_owned(),
        },
        "checkboxes" => {
            let initial = element["initial_options"].as_array();
            let tick = if initial.is_some() { "[x] " } else { "[ ] " };
            if let Some(initial) = initial {
                hold(
                    Some(initial) == element["options"].as_array(),
                    &"initial options",
                );
            }
            let options: Vec<String> = options(element, 10)
                .iter()
                .map(|option| format!("{tick}{option}"))
                .collect();
            options.join("\n  ")
        }
        other => panic!("no view uses a {other}"),
    }
}

/// A choice of several, by their numbers.
fn several(element: &Value) -> String {
    let groups = element["option_groups"].as_array();
    let n_groups = groups.map_or(0, Vec::len);
    hold(n_groups <= 100, &"groups of options");
    let n: usize = match groups {
        Some(groups) => groups.iter().map(|group| options(group, 100).len()).sum(),
        None => options(element, 100).len(),
    };
    let chosen = element["initial_options"].as_array().map_or(0, Vec::len);
    format!("[{chosen} of {n} ▾]")
}

/// What is chosen at first; Slack refuses what isn't one of the options.
fn initial(element: &Value) -> Option<String> {
    let initial = element.get("initial_option")?;
    let options = element["options"].as_array().unwrap();
    hold(options.contains(initial), &"initial option");
    Some(text(&initial["text"]))
}

fn options(element: &Value, most: usize) -> Vec<String> {
    let options = element["options"].as_array().unwrap();
    hold((1..=most).contains(&options.len()), &"options");
    options
        .iter()
        .map(|option| {
            hold(say::width(raw(&option["text"])) <= 75, &"option");
            hold(
                option["value"].as_str().unwrap().len() <= 150,
                &"option value",
            );
            text(&option["text"])
        })
        .collect()
}

fn raw(object: &Value) -> &str {
    object["text"].as_str().unwrap()
}

/// Markup is shown as Slack shows it; what Slack would search for names isn't
/// ours.
fn text(object: &Value) -> String {
    if object["type"] == "mrkdwn" {
        hold(
            object["verbatim"] == true,
            &"a text that Slack searches for names",
        );
        inline(raw(object))
    } else {
        hold(
            !raw(object).contains("<@") && !raw(object).contains("<!"),
            &"markup in plain text",
        );
        raw(object).to_owned()
    }
}

/// Shows dates, people and groups as their readers see them.
fn inline(markup: &str) -> String {
    let mut out = String::new();
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let (inner, after) = after.split_once('>').unwrap();
        if let Some(date) = inner.strip_prefix("!date^") {
            out.push_str(date.split_once('|').unwrap().1);
        } else if let Some((address, label)) = inner.split_once('|') {
            hold(address.starts_with("https://"), &"a link to nowhere");
            out.extend([label, "↗"]);
        } else if let Some(channel) = inner.strip_prefix('#') {
            out.extend(["#", &channel.to_lowercase()]);
        } else if let Some(group) = inner.strip_prefix("!subteam^S") {
            out.extend(["@", &group.to_lowercase(), "s"]);
        } else {
            let name = inner.strip_prefix("@U").unwrap().to_lowercase();
            let (first, others) = name.split_at(1);
            out.extend(["@", &first.to_uppercase(), others]);
        }
        rest = after;
    }
    out.push_str(rest);
    out.replace("2026-03-28", "Sat")
        .replace("2026-03-29", "Sun")
}
