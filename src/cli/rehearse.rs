//! `breakglass rehearse`: what the quiet offer would have done with conversations
//! of one's own.
//!
//! Reads a file and prints; it needs no token, opens no database and asks Slack
//! nothing.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::config::{Flags, Settings};
use crate::domain::id::{MessageTs, UserId};
use crate::domain::policy::{Policy, PolicyVersion};
use crate::slack::inbound::overhear::{Line, Verdict, pair};

/// What `breakglass rehearse` takes.
#[derive(Debug, Clone, Args)]
pub struct RehearseArgs {
    /// Conversations, one JSON object a line; `-` reads standard input
    #[arg(value_name = "FILE.jsonl")]
    file: PathBuf,
    /// Print each conversation as a line of JSON, and the summary to standard error
    #[arg(long)]
    json: bool,
    /// The configuration file, for the names of incident channels [default: breakglass.toml, if there is one]
    #[arg(long, env = "BREAKGLASS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What the offer is, or ought to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offer {
    Grant,
    Refuse,
    None,
}

impl Offer {
    const fn name(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Refuse => "refuse",
            Self::None => "none",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Grant, Self::Refuse, Self::None]
            .into_iter()
            .find(|offer| offer.name() == name)
    }
}

/// Why a line can't be taken.
#[derive(Debug, thiserror::Error)]
enum Malformed {
    #[error("it isn't UTF-8 text")]
    NotText,
    #[error("it isn't JSON ({0})")]
    NotJson(#[from] serde_json::Error),
    #[error("it isn't a JSON object")]
    NotAnObject,
    #[error("`{0}` is missing or isn't text")]
    NoText(&'static str),
    #[error("`messages` is missing or isn't a list of objects")]
    NoMessages,
    #[error("in message {n}, `{field}` is missing or isn't {wanted}")]
    Message {
        n: usize,
        field: &'static str,
        wanted: &'static str,
    },
    #[error("`expect` is none of grant, refuse and none")]
    UnknownLabel,
}

/// One conversation of the file.
#[derive(Debug)]
struct Conversation {
    id: String,
    channel: String,
    lines: Vec<Line>,
    expect: Option<Offer>,
    fields: Map<String, Value>,
}

impl Conversation {
    fn read(text: &str) -> Result<Self, Malformed> {
        let Value::Object(fields) = serde_json::from_str(text)? else {
            return Err(Malformed::NotAnObject);
        };
        let string = |field: &'static str| {
            fields
                .get(field)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or(Malformed::NoText(field))
        };
        let messages = fields
            .get("messages")
            .and_then(Value::as_array)
            .ok_or(Malformed::NoMessages)?;
        let mut lines = messages
            .iter()
            .enumerate()
            .map(|(n, message)| line(n + 1, message))
            .collect::<Result<Vec<_>, _>>()?;
        // Slack's own history begins with the newest; an export may too.
        lines.sort_by_key(|line| line.ts.at());
        let expect = match fields.get("expect") {
            None | Some(Value::Null) => None,
            Some(label) => Some(
                label
                    .as_str()
                    .and_then(Offer::from_name)
                    .ok_or(Malformed::UnknownLabel)?,
            ),
        };
        Ok(Self {
            id: string("id")?,
            channel: string("channel")?,
            lines,
            expect,
            fields,
        })
    }
}

fn line(n: usize, message: &Value) -> Result<Line, Malformed> {
    let fields = message.as_object().ok_or(Malformed::NoMessages)?;
    let wrong = |field, wanted| Malformed::Message { n, field, wanted };
    let text = |field| {
        fields
            .get(field)
            .and_then(Value::as_str)
            .ok_or_else(|| wrong(field, "text"))
    };
    let timestamp = |field, text: &str| {
        let ts = MessageTs::new(text);
        match ts.at() {
            Some(_) => Ok(ts),
            None => Err(wrong(field, "a timestamp like 1760753640.000100")),
        }
    };
    let flag = |field| match fields.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(is_so)) => Ok(*is_so),
        Some(_) => Err(wrong(field, "true or false")),
    };
    let thread = match fields.get("thread_ts") {
        None | Some(Value::Null) => None,
        Some(_) => Some(timestamp("thread_ts", text("thread_ts")?)?),
    };
    Ok(Line {
        by: UserId::new(text("user")?),
        text: text("text")?.to_owned(),
        ts: timestamp("ts", text("ts")?)?,
        thread,
        bot: flag("bot")?,
        edited: flag("edited")?,
    })
}

/// What the offer would have been, and of which two messages.
#[derive(Debug)]
struct Rehearsed<'a> {
    offer: Offer,
    lines: Option<(&'a Line, &'a Line)>,
}

fn rehearse<'a>(conversation: &'a Conversation, policy: &Policy) -> Rehearsed<'a> {
    let found = policy
        .is_incident_channel(conversation.channel.trim_start_matches('#'))
        .then(|| pair(&conversation.lines))
        .flatten();
    match found {
        None => Rehearsed {
            offer: Offer::None,
            lines: None,
        },
        Some(pair) => Rehearsed {
            offer: match pair.verdict {
                Verdict::Grant => Offer::Grant,
                Verdict::Refuse => Offer::Refuse,
            },
            lines: Some((pair.request, pair.answer)),
        },
    }
}

/// What came of the whole file.
#[derive(Debug, Default)]
struct Tally {
    n_conversations: usize,
    n_malformed: usize,
    n_grants: usize,
    n_refusals: usize,
    n_labelled: usize,
    /// Offers that ought to be made, where that is known.
    n_expected: usize,
    /// Offers that were made, where it is known whether they ought to be.
    n_judged: usize,
    n_right: usize,
    missed: Vec<String>,
    false_offers: Vec<String>,
}

impl Tally {
    fn count(&mut self, conversation: &Conversation, offer: Offer) {
        self.n_conversations += 1;
        match offer {
            Offer::Grant => self.n_grants += 1,
            Offer::Refuse => self.n_refusals += 1,
            Offer::None => {}
        }
        let Some(expect) = conversation.expect else {
            return;
        };
        let (is_made, is_due) = (offer != Offer::None, expect != Offer::None);
        let is_right = offer == expect;
        self.n_labelled += 1;
        self.n_expected += usize::from(is_due);
        self.n_judged += usize::from(is_made);
        self.n_right += usize::from(is_right && is_made);
        // The wrong verdict is both: what was offered is false, what was due is missing.
        if is_due && !is_right {
            self.missed.push(conversation.id.clone());
        }
        if is_made && !is_right {
            self.false_offers.push(conversation.id.clone());
        }
    }

    /// Of the offers made, the share that was right; nothing where none was made.
    fn precision(&self) -> Option<f64> {
        share(self.n_right, self.n_judged)
    }

    /// Of the offers due, the share that was made; nothing where none was due.
    fn recall(&self) -> Option<f64> {
        share(self.n_right, self.n_expected)
    }

    fn json(&self) -> Value {
        json!({
            "conversations": self.n_conversations,
            "malformed": self.n_malformed,
            "offers": self.n_grants + self.n_refusals,
            "grants": self.n_grants,
            "refusals": self.n_refusals,
            "labelled": self.n_labelled,
            "expected": self.n_expected,
            "right": self.n_right,
            "missed": self.missed,
            "false_offers": self.false_offers,
            "precision": self.precision(),
            "recall": self.recall(),
        })
    }

    fn words(&self) -> String {
        let mut words = format!(
            "{} of {} conversations would have got an offer: {} to record a grant, {} a refusal.\n",
            self.n_grants + self.n_refusals,
            self.n_conversations,
            self.n_grants,
            self.n_refusals,
        );
        if self.n_labelled > 0 {
            let percent = |share: Option<f64>| {
                share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
            };
            // Writing to a String can't fail.
            let _ = writeln!(
                words,
                "Of {} labelled: precision {} ({} of {} offers right), recall {} ({} of {} found).",
                self.n_labelled,
                percent(self.precision()),
                self.n_right,
                self.n_judged,
                percent(self.recall()),
                self.n_right,
                self.n_expected,
            );
        }
        for (what, ids) in [
            ("Missed", &self.missed),
            ("False offers", &self.false_offers),
        ] {
            if !ids.is_empty() {
                let _ = writeln!(words, "{what}: {}", printable(&ids.join(", ")));
            }
        }
        words
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a file has no 2^52 conversations"
)]
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Reads, rehearses, prints; fails at the end if a line couldn't be taken.
pub fn run(args: RehearseArgs) -> anyhow::Result<()> {
    let policy = Settings::load(&Flags {
        config: args.config,
        ..Flags::default()
    })?
    .policy
    .policy(PolicyVersion(1))?;
    let tally = match rehearse_all(open(&args.file)?, &policy, args.json) {
        Ok(tally) => tally,
        // Whoever closed the pipe (`| head`) has read enough.
        Err(error) if is_closed_pipe(&error) => return Ok(()),
        Err(error) => return Err(error),
    };
    match tally.n_malformed {
        0 => Ok(()),
        1 => bail!("one line couldn't be read"),
        n => bail!("{n} lines couldn't be read"),
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn open(file: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let opened = File::open(file).with_context(|| format!("{} can't be read", file.display()))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// Takes one line after the other, so that a year's export needs no more memory
/// than its longest conversation.
fn rehearse_all(
    mut input: Box<dyn BufRead>,
    policy: &Policy,
    as_json: bool,
) -> anyhow::Result<Tally> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut tally = Tally::default();
    let mut bytes = Vec::new();
    for n in 1_usize.. {
        bytes.clear();
        let n_read = input
            .read_until(b'\n', &mut bytes)
            .with_context(|| format!("line {n} can't be read"))?;
        if n_read == 0 {
            break;
        }
        let text = str::from_utf8(&bytes).map_err(|_| Malformed::NotText);
        let text = text.map(|text| text.trim_start_matches('\u{feff}').trim());
        if text.as_ref().is_ok_and(|text| text.is_empty()) {
            continue;
        }
        match text.and_then(|text| Ok((text, Conversation::read(text)?))) {
            Ok((text, conversation)) => {
                let rehearsed = rehearse(&conversation, policy);
                tally.count(&conversation, rehearsed.offer);
                if as_json {
                    writeln!(out, "{}", with_offer(text, &conversation, &rehearsed))?;
                } else if let Some(line) = in_words(&conversation, &rehearsed) {
                    writeln!(out, "{line}")?;
                }
            }
            Err(why) => {
                tally.n_malformed += 1;
                eprintln!("line {n}: {why}");
            }
        }
    }
    if !as_json {
        write!(out, "{}", tally.words())?;
    }
    out.flush()?;
    if as_json {
        eprintln!("{}", tally.json());
    }
    Ok(tally)
}

/// Returns the line as it was, with the offer added.
fn with_offer(text: &str, conversation: &Conversation, rehearsed: &Rehearsed<'_>) -> String {
    let (request, answer) = rehearsed.lines.unzip();
    let added = [
        ("offer", json!(rehearsed.offer.name())),
        ("request_ts", json!(request.map(|line| line.ts.as_str()))),
        ("answer_ts", json!(answer.map(|line| line.ts.as_str()))),
    ];
    let is_ours = |field: &str| added.iter().any(|(ours, _)| *ours == field);
    if let Some(open) = text.strip_suffix('}')
        && !conversation.fields.keys().any(|field| is_ours(field))
    {
        // The order of the fields and the digits of their numbers stay as they were.
        let mut line = open.trim_end().to_owned();
        for (field, value) in added {
            let _ = write!(line, ", \"{field}\": {value}");
        }
        line.push('}');
        return line;
    }
    let mut fields = conversation.fields.clone();
    fields.extend(added.map(|(field, value)| (field.to_owned(), value)));
    Value::Object(fields).to_string()
}

/// Returns the line for a person, if there is an offer to tell of.
fn in_words(conversation: &Conversation, rehearsed: &Rehearsed<'_>) -> Option<String> {
    let (request, answer) = rehearsed.lines?;
    Some(format!(
        "{}  {}  {} {}  ->  {} {}",
        printable(&conversation.id),
        rehearsed.offer.name(),
        request.ts,
        shortened(&request.text),
        answer.ts,
        shortened(&answer.text),
    ))
}

/// Returns the words on one line, short enough that both halves fit one.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let words = printable(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let mut shown: String = words.chars().take(SHOWN).collect();
    if shown.len() < words.len() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// Leaves out what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
