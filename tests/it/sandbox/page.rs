//! The page: its files, what one person has before them, and what the page may and may not do. What it looks like and
//! whether it can be used is tried in a browser by `tests/browser/story.py`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::bench::{BOT, Bench, DANA, INCIDENT, app, bench};
use crate::source::{Kind, Source};

const ASSETS: &str = "src/sandbox/page/assets";

/// The files of the page, by name.
fn assets() -> BTreeMap<String, String> {
    std::fs::read_dir(ASSETS)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// What a file of the page asks for: files of `/page/`, and modules beside it.
fn asked_for(text: &str) -> Vec<String> {
    let after = |mark: &str| -> Vec<String> {
        let pieces = text.split(mark).skip(1);
        let name = |piece: &str| {
            let end = piece.find(|c: char| !(c.is_alphanumeric() || "-._".contains(c)));
            piece[..end.unwrap_or(piece.len())].to_owned()
        };
        pieces.map(name).filter(|name| !name.is_empty()).collect()
    };
    [after("/page/"), after("from \"./")].concat()
}

async fn get(bench: &Bench, path: &str) -> reqwest::Response {
    let url = format!("http://{}{path}", bench.running.address());
    bench.http.get(url).send().await.unwrap()
}

#[tokio::test]
async fn every_file_that_the_page_asks_for_is_served_and_no_other_lies_about() {
    let bench = bench().await;
    let mut reached = BTreeSet::new();
    let mut waiting = vec!["index.html".to_owned()];
    while let Some(name) = waiting.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        let answer = get(&bench, &format!("/page/{name}")).await;
        assert_eq!(answer.status(), 200, "{name}");
        waiting.extend(asked_for(&answer.text().await.unwrap()));
    }
    // The tour comes from whoever started the workspace.
    assert!(reached.remove("tour.json"));
    let lying: BTreeSet<_> = assets().into_keys().collect();
    assert_eq!(reached, lying);
    assert_eq!(get(&bench, "/page/nothing.js").await.status(), 404);
}

#[tokio::test]
async fn the_page_is_told_to_load_nothing_from_elsewhere_and_to_run_nothing_but_its_files() {
    let bench = bench().await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/page/main.js", "text/javascript"),
        ("/page/base.css", "text/css"),
        ("/page/icon.svg", "image/svg+xml"),
        ("/page/tour.json", "application/json"),
    ] {
        let answer = get(&bench, path).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-type").starts_with(kind), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(
            !policy.contains("unsafe") && !policy.contains("http"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
    }
}

#[test]
fn no_file_of_the_page_names_another_host_or_reads_words_as_markup() {
    let harmless = [
        "http://www.w3.org/2000/svg", // a name, not an address
    ];
    for (name, text) in assets() {
        for scheme in ["http://", "https://", "src=\"//", "url(//"] {
            for (at, _) in text.match_indices(scheme) {
                let address = &text[at..];
                assert!(
                    harmless.iter().any(|one| address.starts_with(one)),
                    "{name}: {}",
                    &address[..40.min(address.len())]
                );
            }
        }
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "eval(",
            "new Function",
            "srcdoc",
        ] {
            assert!(!text.contains(way), "{name} uses {way}");
        }
    }
}

/// The names that a table of the page's renderer declares: `export const NAME = {a, b: …}`.
fn declared(file: &str, table: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(ASSETS).join(file)).unwrap();
    let (_, after) = text
        .split_once(&format!("export const {table} = {{"))
        .unwrap();
    let (inside, _) = after.split_once("\n};").unwrap();
    // Names stand at the depth of the table itself, before a comma or a colon.
    let mut depth = 0_i32;
    let mut names = BTreeSet::new();
    let mut word = String::new();
    let mut is_value = false;
    for letter in inside.chars().chain([',']) {
        match letter {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth -= 1,
            ':' if depth == 0 => is_value = true,
            _ => {}
        }
        let ends = depth == 0 && matches!(letter, ',' | ':');
        if ends && !word.is_empty() {
            names.insert(std::mem::take(&mut word));
        }
        if depth == 0 && letter == ',' {
            is_value = false;
        }
        if depth == 0 && !is_value && (letter.is_ascii_lowercase() || letter == '_') {
            word.push(letter);
        }
    }
    names
}

/// What slack-morphism's type of a block or an element is called on the wire; nothing for its unions.
fn kind_of(name: &str) -> Option<(&'static str, String)> {
    let bare = name.strip_prefix("Slack")?;
    let snake = |camel: &str| -> String {
        camel
            .char_indices()
            .flat_map(|(at, letter)| {
                let line = (at > 0 && letter.is_ascii_uppercase()).then_some('_');
                line.into_iter().chain([letter.to_ascii_lowercase()])
            })
            .collect()
    };
    if let Some(element) = bare
        .strip_prefix("Block")
        .and_then(|rest| rest.strip_suffix("Element"))
    {
        let kind = snake(element);
        return Some((
            "ELEMENTS",
            match kind.as_str() {
                "date_picker" | "time_picker" | "date_time_picker" => kind.replace('_', ""),
                _ => kind,
            },
        ));
    }
    let block = bare.strip_suffix("Block").filter(|rest| !rest.is_empty())?;
    Some(("BLOCKS", snake(block)))
}

/// The kinds of blocks and elements that the bot's views are made of.
fn used() -> BTreeSet<(&'static str, String)> {
    fn read(folder: &Path, found: &mut BTreeSet<(&'static str, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
                continue;
            }
            let source = Source::rust(
                path.to_str().unwrap(),
                &std::fs::read_to_string(&path).unwrap(),
            );
            let words = source
                .without_tests()
                .tokens
                .into_iter()
                .filter(|token| token.kind == Kind::Word);
            found.extend(words.filter_map(|token| kind_of(&token.text)));
        }
    }
    let mut found = BTreeSet::new();
    read(Path::new("src/slack/views"), &mut found);
    found
}

#[test]
fn the_page_shows_every_block_and_element_that_the_bot_sends() {
    let kinds = |table: &'static str, file: &str| {
        declared(file, table)
            .into_iter()
            .map(move |name| (table, name))
    };
    let shown: BTreeSet<_> = kinds("BLOCKS", "blocks.js")
        .chain(kinds("ELEMENTS", "elements.js"))
        .collect();
    let used = used();
    assert!(
        used.contains(&("ELEMENTS", "datetimepicker".to_owned())),
        "{used:?}"
    );
    assert!(used.contains(&("BLOCKS", "section".to_owned())), "{used:?}");
    let unshown: Vec<_> = used.difference(&shown).collect();
    assert!(unshown.is_empty(), "{unshown:?}");
    // The table in the page's own documentation has a row for each, and says which the bot sends.
    let words = std::fs::read_to_string("src/sandbox/page/mod.rs").unwrap();
    let rows: Vec<(String, bool)> = words
        .lines()
        .filter_map(|line| line.strip_prefix("//! | `")?.split_once('`'))
        .map(|(name, rest)| (name.to_owned(), rest.ends_with("| yes |")))
        .collect();
    let bare = |of: &BTreeSet<(&str, String)>| -> BTreeSet<String> {
        of.iter().map(|(_, name)| name.clone()).collect()
    };
    let named: BTreeSet<_> = rows.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(named, bare(&shown));
    let sent: BTreeSet<_> = rows
        .into_iter()
        .filter_map(|(name, is_sent)| is_sent.then_some(name))
        .collect();
    assert_eq!(sent, bare(&used));
}

#[test]
fn what_is_read_from_the_renderer_is_what_it_declares() {
    assert_eq!(
        kind_of("SlackBlockMultiStaticSelectElement"),
        Some(("ELEMENTS", "multi_static_select".to_owned()))
    );
    assert_eq!(
        kind_of("SlackDataVisualizationBlock"),
        Some(("BLOCKS", "data_visualization".to_owned()))
    );
    assert_eq!(kind_of("SlackActionBlockElement"), None);
    assert_eq!(kind_of("SlackBlock"), None);
    let elements = declared("elements.js", "ELEMENTS");
    assert!(
        elements.contains("button")
            && elements.contains("users_select")
            && elements.contains("datepicker"),
        "{elements:?}"
    );
    assert!(
        !elements.contains("element") && !elements.contains("choices"),
        "{elements:?}"
    );
}

/// A conversation of somebody's desk.
fn conversation<'a>(looked: &'a Value, id: &str) -> &'a Value {
    let channels = looked["desk"]["channels"].as_array().unwrap();
    channels.iter().find(|one| one["id"] == id).unwrap()
}

#[tokio::test]
async fn a_desk_shows_what_its_owner_sees_and_nothing_else() {
    let bench = bench().await;
    bench.say("morgan", "#inc-secret", "psst").await;
    bench
        .done(
            "chat.postEphemeral",
            json!({"channel": INCIDENT, "user": DANA, "text": "only you"}),
        )
        .await;
    let dana = bench.look("desk?as=dana").await;
    let riley = bench.look("desk?as=riley").await;
    assert_eq!(
        conversation(&dana, INCIDENT)["messages"][0]["ephemeral"],
        true
    );
    assert_eq!(conversation(&riley, INCIDENT)["messages"], json!([]));
    assert!(conversation(&dana, "G0PRIVATE1")["messages"][0]["text"] == "psst");
    let places = riley["desk"]["channels"].to_string();
    assert!(!places.contains("inc-secret"), "{places}");
    let cast = &riley["desk"]["cast"];
    assert_eq!(cast[0], DANA);
    assert!(
        !cast.to_string().contains(BOT) && !cast.to_string().contains("U0XAVIER01"),
        "{cast}"
    );
}

#[tokio::test]
async fn what_others_wrote_is_unread_until_it_was_read() {
    let bench = bench().await;
    let first = bench.say("morgan", "#inc-auth-outage", "look @dana").await;
    let seen = |looked: &Value| {
        let place = conversation(looked, INCIDENT);
        (
            place["n_unread"].as_u64().unwrap(),
            place["n_mentions"].as_u64().unwrap(),
        )
    };
    assert_eq!(seen(&bench.look("desk?as=dana").await), (1, 1));
    assert_eq!(seen(&bench.look("desk?as=riley").await), (1, 0));
    assert_eq!(seen(&bench.look("desk?as=morgan").await), (0, 0));
    let read = bench
        .control(
            "read",
            json!({"as": "dana", "channel": INCIDENT, "ts": first}),
        )
        .await;
    assert_eq!(read["ok"], true);
    assert_eq!(seen(&bench.look("desk?as=dana").await), (0, 0));
    assert_eq!(seen(&bench.look("desk?as=riley").await), (1, 0));
}

#[tokio::test]
async fn a_live_desk_tells_everything_at_once_and_then_every_change() {
    let bench = bench().await;
    let live = get(&bench, "/sandbox/desk/live?as=dana").await;
    let mut stream = live.bytes_stream();
    let mut heard = String::new();
    let mut hear = async |wanted: &str| {
        while !heard.contains(wanted) {
            let more = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next());
            let more = more.await.expect("nothing is told").unwrap().unwrap();
            heard.push_str(std::str::from_utf8(&more).unwrap());
        }
    };
    hear("inc-auth-outage").await;
    bench.say("morgan", "#inc-auth-outage", "it burns").await;
    hear("it burns").await;
    bench.control("clock/move", json!({"by_s": 3600})).await;
    hear("2026-11-21T03:14:00Z").await;
    assert_eq!(
        get(&bench, "/sandbox/desk/live?as=nobody").await.status(),
        400
    );
}

#[tokio::test]
async fn another_page_may_not_act_here() {
    let bench = bench().await;
    let host = bench.running.address().to_string();
    let asked = async |origin: &str| {
        let say = json!({"as": "dana", "channel": "#general", "text": "hi"});
        let request = bench
            .http
            .post(format!("http://{host}/sandbox/say"))
            .header("origin", origin);
        request.json(&say).send().await.unwrap().status().as_u16()
    };
    assert_eq!(asked("http://elsewhere.example").await, 403);
    assert_eq!(asked("null").await, 403);
    assert_eq!(asked(&format!("http://{host}")).await, 200);
}

#[tokio::test]
async fn a_file_opens_as_what_it_is_and_can_do_nothing() {
    let bench = bench().await;
    let files = json!([{"name": "plan.pdf", "content": "%PDF-1.7"}, {"name": "x.svg", "content": "<svg><script/></svg>"}]);
    let said = bench
        .control(
            "say",
            json!({"as": "dana", "channel": "#general", "text": "see", "files": files}),
        )
        .await;
    assert_eq!(said["ok"], true, "{said}");
    let looked = bench.look("desk?as=dana").await;
    let shared = &conversation(&looked, "C0GENERAL1")["messages"][0]["files"];
    for (n, kind, boxed) in [(0, "application/pdf", false), (1, "image/svg+xml", true)] {
        let url = shared[n]["url_private"]
            .as_str()
            .unwrap()
            .replace("/files/", "/sandbox/files/");
        let answer = bench.http.get(url).send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], kind);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let policy = answer.headers().get("content-security-policy");
        assert_eq!(
            policy.is_some_and(|policy| policy.to_str().unwrap().starts_with("sandbox;")),
            boxed
        );
    }
}

#[tokio::test]
async fn what_the_build_server_says_reaches_the_app_by_its_own_door() {
    let bench = bench().await;
    let refused = bench.control("webhook", json!([])).await;
    assert_eq!(refused["error"], "no webhook is connected");
    let mut app = app().await;
    let door = json!({"url": format!("{}/deployments", app.url), "token": "word"});
    bench.control("webhook/connect", door).await;
    let told = bench
        .control("webhook", json!([{"system": "search"}]))
        .await;
    assert_eq!(told["ok"], true, "{told}");
    let heard = app.received.recv().await.unwrap();
    assert_eq!(heard.path, "deployments");
    assert_eq!(heard.headers["authorization"], "Bearer word");
    assert_eq!(heard.body, r#"[{"system":"search"}]"#);
}

#[tokio::test]
async fn the_clock_finds_what_the_app_will_say_next() {
    let bench = bench().await;
    let none = bench
        .control("clock/move", json!({"until_posted": true}))
        .await;
    assert!(
        none["error"].as_str().unwrap().contains("no next wake-up"),
        "{none}"
    );
    // An app that sleeps twice before it has something to say.
    let running = bench.running.control_url();
    let (http, api, token) = (
        bench.http.clone(),
        bench.running.slack_api_url(),
        bench.running.credentials().bot_token.clone(),
    );
    tokio::spawn(async move {
        let mut seen = json!(0);
        for hour in [3, 4, 5, 6] {
            let wake = format!("2026-11-21T0{hour}:14:00Z");
            loop {
                let poll = json!({"sleeper": "app", "seen": seen, "wake_at": wake});
                let woken = http
                    .post(format!("{running}/clock/await"))
                    .json(&poll)
                    .send()
                    .await
                    .unwrap();
                let woken: Value = woken.json().await.unwrap();
                seen = woken["version"].clone();
                if woken["now"].as_str().unwrap() >= wake.as_str() {
                    break;
                }
            }
            if hour == 5 {
                let said = json!({"channel": INCIDENT, "text": "due"});
                http.post(format!("{api}/chat.postMessage"))
                    .bearer_auth(&token)
                    .json(&said)
                    .send()
                    .await
                    .unwrap();
            }
        }
    });
    bench
        .control("clock/settle", json!({"n_sleepers": 1}))
        .await;
    let moved = bench
        .control("clock/move", json!({"until_posted": true}))
        .await;
    assert_eq!(moved["now"], "2026-11-21T05:14:00Z", "{moved}");
    let both = bench
        .control("clock/move", json!({"until_posted": true, "next": true}))
        .await;
    assert!(
        both["error"]
            .as_str()
            .unwrap()
            .starts_with("say exactly one"),
        "{both}"
    );
}
