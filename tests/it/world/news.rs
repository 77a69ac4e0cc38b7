//! What the bot has said that nobody has read yet. Reads conversations raw, so
//! that nothing said anywhere escapes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use breakglass::sandbox::hand::Hand;
use serde_json::Value;

const BOT: &str = "U0BREAKGLS";

/// A message of the bot that is new, or says something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    /// Slack's name of it, which is also its place in time.
    pub(crate) ts: String,
    /// Where, as `World::read` names places.
    pub(crate) place: String,
    /// Its notification text and everything on it, names and times readable.
    pub(crate) words: String,
    /// Whether it stands in a thread.
    pub(crate) threaded: bool,
}

impl News {
    /// Whether it is the ledger of a change. It is kept up with everything that
    /// happens, so a test reads it only where it is about it.
    pub(crate) fn is_ledger(&self) -> bool {
        let first = self.words.lines().next().unwrap_or_default();
        first.ends_with(": what is owed, and what is done")
    }
}

/// Remembers what it has read.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    handles: BTreeMap<String, String>,
    seen: BTreeMap<(String, String), String>,
    numbers: u32,
}

impl Reader {
    /// Learns who everybody is.
    pub(crate) async fn meet(hand: &Hand) -> Self {
        let people = hand.look("people").await.unwrap();
        let groups = hand.look("usergroups").await.unwrap();
        let people = people["people"].as_array().unwrap().iter();
        let groups = groups["usergroups"].as_array().unwrap().iter();
        let handles = people
            .map(|one| (&one["id"], &one["name"]))
            .chain(groups.map(|one| (&one["id"], &one["handle"])))
            .map(|(id, name)| {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                (text(id), text(name))
            })
            .collect();
        Self {
            handles,
            ..Self::default()
        }
    }

    pub(crate) fn id(&self, handle: &str) -> String {
        self.handles
            .iter()
            .find(|(_, known)| *known == handle)
            .map(|(id, _)| id.clone())
            .unwrap()
    }

    /// Counts up, for what must be named once.
    pub(crate) fn next_number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// Reads every conversation and returns what the bot has newly said.
    pub(crate) async fn read(&mut self, hand: &Hand) -> Vec<News> {
        let mut news = Vec::new();
        let channels = hand.look("channels").await.unwrap();
        for channel in channels["channels"].as_array().unwrap() {
            let id = channel["id"].as_str().unwrap();
            let said = hand.look(&format!("messages?channel={id}")).await.unwrap();
            for message in said["messages"].as_array().unwrap() {
                news.extend(self.take(channel, id, message));
            }
        }
        news
    }

    fn take(&mut self, channel: &Value, id: &str, message: &Value) -> Option<News> {
        if message["user"] != BOT {
            return None;
        }
        let ts = message["ts"].as_str().unwrap().to_owned();
        let mut words = message["text"].as_str().unwrap_or_default().to_owned();
        collect(&message["blocks"], &mut words);
        for file in message["files"].as_array().into_iter().flatten() {
            let _ = write!(words, "\nFile: {}", file["title"].as_str().unwrap());
        }
        let words = self.readable(&words);
        let key = (id.to_owned(), ts.clone());
        if self.seen.insert(key, words.clone()).as_ref() == Some(&words) {
            return None;
        }
        let name = |id: &str| self.handles.get(id).cloned().unwrap_or(id.to_owned());
        let kind = channel["kind"].as_str();
        let place = match (&message["ephemeral_to"], channel["name"].as_str()) {
            (Value::String(only), _) => format!("{}, aside", name(only)),
            (_, Some(channel)) if kind != Some("im") => format!("#{channel}"),
            _ => channel["members"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .find(|member| *member != BOT)
                .map(name)
                .unwrap(),
        };
        Some(News {
            threaded: message["thread_ts"].is_string() && message["thread_ts"] != message["ts"],
            ts,
            place,
            words,
        })
    }

    /// Shows people by their handles and instants by their fallback.
    fn readable(&self, markup: &str) -> String {
        let mut out = String::new();
        let mut rest = markup;
        while let Some((before, after)) = rest.split_once('<') {
            out.push_str(before);
            let Some((token, after)) = after.split_once('>') else {
                out.push('<');
                rest = after;
                break;
            };
            let (name, label) = token.split_once('|').unwrap_or((token, token));
            let id = name.trim_start_matches('@').trim_start_matches("!subteam^");
            match self.handles.get(id) {
                Some(handle) => {
                    let _ = write!(out, "@{handle}");
                }
                None => out.push_str(label),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Appends every text of some blocks, each on a line.
fn collect(blocks: &Value, words: &mut String) {
    match blocks {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == "text" => {
                        words.push('\n');
                        words.push_str(text);
                    }
                    _ => collect(value, words),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        _ => {}
    }
}

/// News as a failing test shows them.
pub(crate) fn shown(news: &[News]) -> String {
    news.iter().fold(String::new(), |mut out, one| {
        let words = one.words.replace('\n', "\n      | ");
        let _ = write!(out, "\n  {} ({})\n      | {words}", one.place, one.ts);
        out
    })
}
