//! `breakglass rehearse` from outside: its figures on the labelled sets, and what
//! it does with a file that isn't as it should be.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::{Ended, finish, program, run};

/// Rehearses these lines, in a folder in which nothing else stands.
fn rehearsed(lines: &str, flags: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("some.jsonl"), lines).unwrap();
    run(program(folder.path())
        .args(["rehearse", "some.jsonl"])
        .args(flags))
}

fn fixture(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/rehearse/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}

fn lines_of(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A conversation of two lines, by two people.
fn conversation(id: &str, channel: &str, request: &str, answer: &str) -> Value {
    let message = |user: &str, text: &str, ts: &str| json!({"user": user, "text": text, "ts": ts, "thread_ts": null, "bot": false, "edited": false});
    json!({"id": id, "channel": channel, "messages": [
        message("U1", request, "1760753640.000100"),
        message("U2", answer, "1760753700.000200"),
    ]})
}

fn labelled(mut conversation: Value, expect: &str) -> Value {
    conversation["expect"] = expect.into();
    conversation
}

const ASKS: &str = "<@U2> rolling back checkout. Authorization?";

/// The figures of a labelled set, each conversation with its label and its offer.
#[track_caller]
fn figures(name: &str) -> (Vec<Value>, Value) {
    let ended = rehearsed(&fixture(name), &["--json"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let summary: Value = serde_json::from_str(&ended.err).unwrap();
    (lines_of(&ended.out), summary)
}

fn n_where(told: &[Value], counts: impl Fn(&str, &str) -> bool) -> usize {
    told.iter()
        .filter(|line| {
            counts(
                line["expect"].as_str().unwrap(),
                line["offer"].as_str().unwrap(),
            )
        })
        .count()
}

/// What came of a labelled set: how many conversations had a pair, in how many it was
/// found, and how many offers were wrong.
#[derive(Debug, PartialEq, Eq)]
struct Tally {
    due: usize,
    found: usize,
    wrong: usize,
}

#[track_caller]
fn tally(name: &str) -> (Tally, Value) {
    let (told, summary) = figures(name);
    let tally = Tally {
        due: n_where(&told, |expect, _| expect != "none"),
        found: n_where(&told, |expect, offer| expect != "none" && offer == expect),
        wrong: n_where(&told, |expect, offer| offer != "none" && offer != expect),
    };
    assert!(
        told.len() >= 60 && tally.due > 0 && tally.due < told.len(),
        "{tally:?} of {}",
        told.len()
    );
    (tally, summary)
}

#[test]
fn no_negative_of_the_labelled_set_gets_an_offer_and_nearly_all_others_do() {
    let (told, summary) = tally("labelled.jsonl");
    let expected = Tally {
        due: 167,
        found: 164,
        wrong: 0,
    };
    assert_eq!(told, expected, "{summary}");
}

/// Written apart from the rules, and used to tune them since.
#[test]
fn no_negative_of_the_first_held_out_set_gets_an_offer_either() {
    let (told, summary) = tally("first_held_out.jsonl");
    let expected = Tally {
        due: 61,
        found: 60,
        wrong: 0,
    };
    assert_eq!(told, expected, "{summary}");
}

/// This set was written apart from the rules and is never used to tune them, so that
/// its figures say what they are worth in channels that nobody has seen.
#[test]
fn the_set_that_the_rules_never_saw_gets_one_false_offer_at_most() {
    let (told, summary) = tally("held_out.jsonl");
    eprintln!("held out: {told:?}, {summary}");
    assert!(told.wrong <= 1, "{summary}");
    assert!(told.found * 100 >= told.due * 75, "{summary}");
}

#[test]
fn the_labelled_set_holds_no_conversation_twice() {
    let set = lines_of(&fixture("labelled.jsonl"));
    let mut ids: Vec<_> = set
        .iter()
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), set.len());
    let guide = [
        "@engineering-manager deploying WAF rule to block SQL injection. Authorization?",
        "@engineering-manager approved. Deploy.",
    ];
    let is_the_guides = |line: &&Value| {
        guide
            .iter()
            .enumerate()
            .all(|(n, said)| line["messages"][n]["text"] == *said)
    };
    let its_own = set.iter().find(is_the_guides).unwrap();
    assert_eq!(its_own["expect"], "grant");
}

#[test]
fn each_line_comes_back_as_it_was_with_the_offer_and_its_two_timestamps() {
    let granted = conversation("a", "inc-auth", ASKS, "approved");
    let refused = conversation("b", "inc-auth", ASKS, "not yet");
    let elsewhere = conversation("c", "general", ASKS, "approved");
    // Fields that mean nothing here, in an order and of a form of their own.
    let odd = r#"{"zeta": 1.50, "id": "d", "channel": "inc-auth", "messages": [], "alpha": {"b": 1, "a": 2} }"#;
    let ended = rehearsed(
        &format!("{granted}\n\n{refused}\n{elsewhere}\n{odd}\n"),
        &["--json"],
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told = lines_of(&ended.out);
    let both = ["1760753640.000100", "1760753700.000200"];
    for (n, (before, offer, ts)) in [
        (&granted, "grant", Some(both)),
        (&refused, "refuse", Some(both)),
        (&elsewhere, "none", None),
    ]
    .into_iter()
    .enumerate()
    {
        let mut expected = before.clone();
        expected["offer"] = offer.into();
        expected["request_ts"] = json!(ts.map(|ts| ts[0]));
        expected["answer_ts"] = json!(ts.map(|ts| ts[1]));
        assert_eq!(told[n], expected);
    }
    let as_it_was = odd.trim_end_matches(['}', ' ']);
    let last = ended.out.lines().last().unwrap();
    assert!(last.starts_with(&format!("{as_it_was}}}")), "{last}");
    assert!(
        last.ends_with(r#""request_ts": null, "answer_ts": null}"#),
        "{last}"
    );
    let summary: Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!(summary["conversations"], 4);
    assert_eq!(summary["offers"], 2);
    assert_eq!(summary["labelled"], 0);
    assert_eq!(summary["precision"], Value::Null);
}

#[test]
fn what_was_rehearsed_can_be_rehearsed_again() {
    let first = rehearsed(
        &conversation("a", "inc-auth", ASKS, "approved").to_string(),
        &["--json"],
    );
    let changed = first.out.replace("approved", "denied");
    let second = rehearsed(&changed, &["--json"]);
    assert_eq!(second.out.matches("\"offer\"").count(), 1, "{second:?}");
    assert_eq!(lines_of(&second.out)[0]["offer"], "refuse");
}

#[test]
fn a_malformed_line_is_told_by_its_number_and_the_rest_is_taken() {
    let good = conversation("a", "inc-auth", ASKS, "approved");
    let mut without_text = good.clone();
    without_text["messages"][1]["text"] = Value::Null;
    let mut without_time = good.clone();
    without_time["messages"][0]["ts"] = "yesterday".into();
    let unlabelled = labelled(good.clone(), "perhaps");
    let lines = format!(
        "{good}\n{{\"id\": \n[]\n{{\"id\": \"x\"}}\n{without_text}\n{without_time}\n{unlabelled}\n{good}\n"
    );
    let ended = rehearsed(&lines, &["--json"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(lines_of(&ended.out).len(), 2, "{ended:?}");
    ended.says(&[
        "line 2: it isn't JSON",
        "line 3: it isn't a JSON object",
        "line 4: `messages` is missing",
        "line 5: in message 2, `text` is missing or isn't text",
        "line 6: in message 1, `ts` is missing or isn't a timestamp",
        "line 7: `expect` is none of",
        "breakglass: 6 lines couldn't be read",
    ]);
    let summary = ended
        .err
        .lines()
        .find(|line| line.starts_with('{'))
        .unwrap();
    let summary: Value = serde_json::from_str(summary).unwrap();
    assert_eq!(
        (&summary["conversations"], &summary["malformed"]),
        (&json!(2), &json!(6))
    );
}

#[test]
fn bytes_that_are_no_text_are_a_malformed_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = b"{\"id\": \"\xff\"}\n".to_vec();
    bytes.extend(
        conversation("a", "inc-auth", ASKS, "approved")
            .to_string()
            .bytes(),
    );
    std::fs::write(folder.path().join("some.jsonl"), bytes).unwrap();
    let ended = run(program(folder.path()).args(["rehearse", "some.jsonl"]));
    assert_eq!(ended.code, Some(1));
    ended.says(&["line 1: it isn't UTF-8 text", "one line couldn't be read"]);
    assert!(
        ended.out.starts_with("a  grant  1760753640.000100"),
        "{ended:?}"
    );
}

#[test]
fn a_person_reads_one_line_an_offer_and_the_figures_where_there_are_labels() {
    let lines = [
        labelled(conversation("right", "inc-auth", ASKS, "approved"), "grant"),
        labelled(conversation("missed", "inc-auth", ASKS, "hm"), "grant"),
        labelled(conversation("false", "inc-auth", ASKS, "approved"), "none"),
        labelled(conversation("turned", "inc-auth", ASKS, "denied"), "grant"),
        labelled(conversation("quiet", "inc-auth", "hi", "hello"), "none"),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let lines = lines.join("\n");
    let ended = rehearsed(&lines, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        ended.out,
        "\
right  grant  1760753640.000100 \"<@U2> rolling back checkout. Authorization?\"  ->  1760753700.000200 \"approved\"
false  grant  1760753640.000100 \"<@U2> rolling back checkout. Authorization?\"  ->  1760753700.000200 \"approved\"
turned  refuse  1760753640.000100 \"<@U2> rolling back checkout. Authorization?\"  ->  1760753700.000200 \"denied\"
3 of 5 conversations would have got an offer: 2 to record a grant, 1 a refusal.
Of 5 labelled: precision 33.3 % (1 of 3 offers right), recall 33.3 % (1 of 3 found).
Missed: missed, turned
False offers: false, turned
"
    );
    assert_eq!(ended.err, "");
}

#[test]
fn an_unlabelled_file_has_no_figures() {
    let long = "deploy ".repeat(40);
    let request = format!("<@U2> {long}\nauthorization?");
    let ended = rehearsed(
        &conversation("a\u{1b}[2J", "inc-auth", &request, "approved").to_string(),
        &[],
    );
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out.lines().count(), 2, "{ended:?}");
    assert!(
        ended.out.contains('…') && !ended.out.contains('\u{1b}'),
        "{ended:?}"
    );
    assert!(ended.out.ends_with(
        "1 of 1 conversations would have got an offer: 1 to record a grant, 0 a refusal.\n"
    ));
}

#[test]
fn the_channels_are_those_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let lines = format!(
        "{}\n{}\n",
        conversation("a", "inc-auth", ASKS, "approved"),
        conversation("b", "Sev-1", ASKS, "approved"),
    );
    std::fs::write(folder.path().join("some.jsonl"), lines).unwrap();
    let offers = |folder: &std::path::Path| -> Vec<String> {
        let ended = run(program(folder).args(["rehearse", "--json", "some.jsonl"]));
        lines_of(&ended.out)
            .iter()
            .map(|line| line["offer"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(offers(folder.path()), ["grant", "none"]);
    std::fs::write(
        folder.path().join("breakglass.toml"),
        "[policy]\nincident_channels = [\"sev-*\"]\n",
    )
    .unwrap();
    assert_eq!(offers(folder.path()), ["none", "grant"]);
}

#[test]
fn the_newest_may_stand_first_in_a_conversation() {
    let mut turned = conversation("a", "inc-auth", ASKS, "approved");
    turned["messages"].as_array_mut().unwrap().reverse();
    let ended = rehearsed(&turned.to_string(), &["--json"]);
    assert_eq!(lines_of(&ended.out)[0]["offer"], "grant");
}

#[test]
fn a_dash_reads_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = program(folder.path())
        .args(["rehearse", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = conversation("a", "inc-auth", ASKS, "approved").to_string();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(line.as_bytes())
        .unwrap();
    let ended = finish(child);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(lines_of(&ended.out)[0]["offer"], "grant");
}

#[test]
fn a_file_that_isnt_there_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(program(folder.path()).args(["rehearse", "none.jsonl"]));
    ended.failed_saying(&["none.jsonl can't be read"]);
}
