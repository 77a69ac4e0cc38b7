//! Reads the file's text and finds every fault in it at once.
//!
//! The one reader: of `breakglass.toml`, and of policies that were adopted. It
//! walks the parsed text instead of deserializing it, because that would end at
//! the first fault.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Wrong};
use super::policy::PolicyFile;
use super::value::{self, nearest};
use crate::domain::policy::{Category, Framework, Party, Risk, Role, Term};

mod syntax;

/// What stands in `breakglass.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// The database file.
    pub database: Option<PathBuf>,
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// Where Slack's Web API is.
    pub slack_api_url: Option<String>,
    /// The organisation's rules.
    pub policy: PolicyFile,
}

/// The keys of a table, and how the table is named in the file.
struct Keys {
    header: &'static str,
    keys: &'static [&'static str],
}

const FILE: Keys = Keys {
    header: "the first table",
    keys: &["database", "listen", "slack_api_url", "policy"],
};

const POLICY: Keys = Keys {
    header: "[policy]",
    keys: &[
        "approvers",
        "commanders",
        "security",
        "database",
        "compliance",
        "administrators",
        "escalation",
        "report_channel",
        "incident_channels",
        "emoji",
        "zone",
        "systems",
        "frameworks",
        "guideline",
        "due",
        "category",
    ],
};

const CATEGORY: Keys = Keys {
    header: "[[policy.category]]",
    keys: &["id", "label", "risk", "testing", "approval"],
};

/// The keys of `[policy.due]` are the terms.
fn due_keys() -> Vec<&'static str> {
    Term::ALL.iter().map(|term| term.name()).collect()
}

/// Slack shows at most so many options in a menu, and so many characters of each.
const OPTIONS: usize = 100;
const OPTION: usize = 75;

/// Two lines of a form on a phone would be enough; more than this nobody reads.
const TESTING: usize = 300;

/// Reads the file, or says everything that is wrong with it.
pub(super) fn file(bytes: &[u8]) -> Result<File, Vec<Fault>> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let sound = String::from_utf8_lossy(bytes.get(..at).unwrap_or_default());
            let wrong = Wrong::new("it isn't UTF-8 text from here on", "save the file as UTF-8");
            return Err(vec![Fault::at(&sound, &(at..at), &wrong, true)]);
        }
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reading = Reading::of(text, Reader::Check);
    let file = reading.file(table.get_ref());
    reading.finish(syntax::faults(text, table.get_ref(), &errors), file)
}

/// Reads a policy that was adopted: a table without its header.
pub(super) fn adopted(text: &str) -> Result<PolicyFile, Fault> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reading = Reading::of(text, Reader::Adopted);
    let policy = reading.policy(table.get_ref());
    reading
        .finish(syntax::faults(text, table.get_ref(), &errors), policy)
        .map_err(|faults| {
            let none = || Fault::at(text, &(0..0), &Wrong::new("it is torn", ""), true);
            faults.into_iter().next().unwrap_or_else(none)
        })
}

/// For whom a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// For somebody who can mend it.
    Check,
    /// For the record. It was judged by the rules of its day, and nobody can
    /// mend it any more.
    Adopted,
}

/// A fault while the text is read: where it begins and ends, and what it is.
type Found = (Range<usize>, Wrong);

/// A text being read.
struct Reading<'t> {
    text: &'t str,
    reader: Reader,
    found: Vec<Found>,
}

impl<'t> Reading<'t> {
    fn of(text: &'t str, reader: Reader) -> Self {
        Self {
            text,
            reader,
            found: Vec::new(),
        }
    }

    /// Returns what was read, if nothing is wrong with it.
    fn finish<T>(self, syntax: syntax::Torn, read: T) -> Result<T, Vec<Fault>> {
        // What a torn passage seems to say is no fault of its own.
        let mut found: Vec<Found> = self
            .found
            .into_iter()
            .filter(|(span, _)| !syntax.covers(span))
            .collect();
        found.extend(syntax.found);
        if found.is_empty() {
            return Ok(read);
        }
        found.sort_by_key(|(span, _)| span.start);
        Err(found
            .into_iter()
            .map(|(span, wrong)| {
                let hides = !is_known(key_on_line(self.text, span.start));
                Fault::at(self.text, &span, &wrong, hides)
            })
            .collect())
    }

    fn fault(&mut self, span: Range<usize>, what: impl Into<String>, mend: impl Into<String>) {
        self.found.push((span, Wrong::new(what, mend)));
    }

    /// Something that reads and makes no sense.
    fn nonsense(&mut self, span: Range<usize>, wrong: Wrong) {
        match self.reader {
            Reader::Check => self.found.push((span, wrong)),
            Reader::Adopted => {}
        }
    }

    fn keep<T>(&mut self, span: Range<usize>, read: Result<T, Wrong>) -> Option<T> {
        read.map_err(|wrong| self.found.push((span, wrong))).ok()
    }

    fn file(&mut self, table: &DeTable<'_>) -> File {
        let mut file = File::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "database" => file.database = self.path(value),
                "listen" => {
                    file.listen = self.text_as("listen", "127.0.0.1:8417", value, value::address);
                }
                "slack_api_url" => {
                    let example = "https://slack.com/api";
                    file.slack_api_url =
                        self.text_as("slack_api_url", example, value, value::api_url);
                }
                "policy" => match value.get_ref() {
                    DeValue::Table(table) => file.policy = self.policy(table),
                    other => self.fault(
                        value.span(),
                        format!("`policy` is {}", kind(other)),
                        "write its keys below the line `[policy]`",
                    ),
                },
                other => self.unknown(key.span(), other, &FILE),
            }
        }
        file
    }

    fn path(&mut self, value: &Spanned<DeValue<'_>>) -> Option<PathBuf> {
        if let DeValue::Array(_) = value.get_ref() {
            self.fault(
                value.span(),
                "`database` is the name of a file here",
                "if you mean those who approve database changes, move the line below `[policy]`",
            );
            return None;
        }
        self.text_as("database", "breakglass.db", value, |path| {
            if path.is_empty() {
                Err(Wrong::new(
                    "`database` names no file",
                    "write one such as `breakglass.db`, or leave the key out",
                ))
            } else {
                Ok(PathBuf::from(path))
            }
        })
    }

    fn policy(&mut self, table: &DeTable<'_>) -> PolicyFile {
        let mut policy = PolicyFile::default();
        let mut demands = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if let Some(role) = Role::from_name(name) {
                *policy.role_mut(role) = self.role(role, value);
                continue;
            }
            match name {
                "escalation" => {
                    let read = |name: &str| value::person(name).map(|_| name.to_owned());
                    policy.escalation = self.text_as(name, "U0123ABCD", value, read);
                }
                "report_channel" => {
                    let read = |id: &str| value::channel(id).map(|_| id.to_owned());
                    policy.report_channel = self.text_as(name, "C0123ABCD", value, read);
                }
                "incident_channels" => policy.incident_channels = self.channels(value),
                "emoji" => {
                    policy.emoji = self.texts_as(name, "white_check_mark", value, |name| {
                        value::emoji(name).map(|_| name.to_owned())
                    });
                }
                "zone" => {
                    let read = |zone: &str| value::zone(zone).map(|_| zone.to_owned());
                    if let Some(zone) = self.text_as(name, "Europe/Berlin", value, read) {
                        policy.zone = zone;
                    }
                }
                "systems" => policy.systems = self.systems(value),
                "frameworks" => {
                    let named = self.texts_as(name, "pci_dss", value, framework);
                    // SOC 2 is what the ticket is for.
                    policy.frameworks = [Framework::Soc2].into_iter().chain(named).collect();
                }
                "guideline" => {
                    if let Some(share) = self.guideline(value) {
                        policy.guideline = share;
                    }
                }
                "due" => self.due(value, &mut policy),
                "category" => {
                    if let Some(categories) = self.categories(value, &mut demands) {
                        policy.categories = categories;
                    }
                }
                other => self.unknown(key.span(), other, &POLICY),
            }
        }
        for (span, role) in demands {
            self.filled(span, role, &mut policy);
        }
        policy
    }

    /// Somebody must be named whose approval a category asks for.
    fn filled(&mut self, span: Range<usize>, role: Role, policy: &mut PolicyFile) {
        let is_third = match role {
            Role::Security | Role::Database => true,
            // Where none is named, any full member may.
            Role::Approvers | Role::Commanders => false,
            // Refused where it stands.
            Role::Compliance | Role::Administrators => false,
        };
        if is_third && policy.role_mut(role).is_empty() {
            let role = role.name();
            self.nonsense(
                span,
                Wrong::new(
                    format!("`{role}` has to approve, and nobody is named for it"),
                    format!("name somebody in [policy], such as `{role} = [\"S0123ABCD\"]`"),
                ),
            );
        }
    }

    fn role(&mut self, role: Role, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let key = role.name();
        if let (Role::Database, DeValue::String(path)) = (role, value.get_ref())
            && path.contains(['.', '/'])
        {
            self.fault(
                value.span(),
                "`policy.database` is who approves database changes",
                "if you mean the bot's file, move the line above `[policy]`",
            );
            return Vec::new();
        }
        let mut stand = BTreeSet::<Party>::new();
        let mut names = Vec::new();
        for (name, span) in self.texts(key, "S0123ABCD", value) {
            let Some(party) = self.keep(span.clone(), value::party(name)) else {
                continue;
            };
            if !stand.insert(party) {
                let wrong = Wrong::new(format!("`{name}` stands twice in `{key}`"), "take one out");
                self.nonsense(span, wrong);
            }
            names.push(name.to_owned());
        }
        if matches!(value.get_ref(), DeValue::Array(array) if array.is_empty()) {
            self.nonsense(
                value.span(),
                Wrong::new(
                    format!("`{key}` names nobody"),
                    "name somebody, such as `U0123ABCD`, or leave the key out",
                ),
            );
        }
        names
    }

    fn channels(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let mut patterns = Vec::new();
        for (pattern, span) in self.texts("incident_channels", "inc-*", value) {
            if let Err(wrong) = value::pattern(pattern) {
                self.nonsense(span, wrong);
            }
            patterns.push(pattern.to_owned());
        }
        patterns
    }

    fn systems(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let mut systems: Vec<String> = Vec::new();
        for (name, span) in self.texts("systems", "auth", value) {
            let Some(name) = self.option("a system's name", name, span.clone()) else {
                continue;
            };
            if systems
                .iter()
                .any(|known| known.to_lowercase() == name.to_lowercase())
            {
                self.fault(
                    span,
                    format!("`{name}` stands twice in `systems`"),
                    "take one out",
                );
            } else {
                systems.push(name);
            }
        }
        if systems.len() > OPTIONS {
            self.fault(
                value.span(),
                format!(
                    "{} systems don't fit into one of Slack's menus",
                    systems.len()
                ),
                format!("name {OPTIONS} at most; put the small ones together"),
            );
        }
        systems
    }

    /// Reads what Slack will show in a menu.
    fn option(&mut self, what: &str, words: &str, span: Range<usize>) -> Option<String> {
        let words = words.trim();
        let n = words.chars().count();
        if n == 0 {
            self.fault(span, format!("{what} is empty"), "write it, or take it out");
            None
        } else if n > OPTION {
            self.fault(
                span,
                format!("{what} has {n} characters, and Slack shows {OPTION}"),
                "shorten it",
            );
            None
        } else {
            Some(words.to_owned())
        }
    }

    fn guideline(&mut self, value: &Spanned<DeValue<'_>>) -> Option<u16> {
        let read = match value.get_ref() {
            DeValue::Float(figure) => value::share(figure.as_str()),
            DeValue::Integer(figure) if figure.radix() == 10 => value::share(figure.as_str()),
            DeValue::String(words) => match value::share(words) {
                Ok(_) => Err(Wrong::new(
                    "`guideline` is a text",
                    format!(
                        "write it without quotation marks: `guideline = {}`",
                        words.trim()
                    ),
                )),
                Err(wrong) => Err(wrong),
            },
            other @ (DeValue::Integer(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_)) => Err(Wrong::new(
                format!("`guideline` is {}", kind(other)),
                "write a share of 1, such as `0.10` for 10 %",
            )),
        };
        self.keep(value.span(), read)
    }

    fn due(&mut self, value: &Spanned<DeValue<'_>>, policy: &mut PolicyFile) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.fault(
                value.span(),
                format!("`due` is {}", kind(value.get_ref())),
                "write one time a line below `[policy.due]`, such as `ticket = \"24 h\"`",
            );
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some(term) = Term::from_name(name) else {
                let keys = Keys {
                    header: "[policy.due]",
                    keys: &[],
                };
                self.unknown(key.span(), name, &keys);
                continue;
            };
            let read = match value.get_ref() {
                DeValue::String(words) => value::duration(words),
                DeValue::Integer(figure) => match value::duration(figure.as_str()) {
                    Err(wrong) => Err(wrong),
                    // A bare figure never is one: it doesn't say of what.
                    Ok(_) => continue,
                },
                other @ (DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_)
                | DeValue::Table(_)) => Err(Wrong::new(
                    format!("`{name}` is {}", kind(other)),
                    format!("write hours or days, such as `{name} = \"24 h\"`"),
                )),
            };
            if let Some(within) = self.keep(value.span(), read) {
                policy.due.set(term, within);
            }
        }
    }

    fn categories(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        demands: &mut Vec<(Range<usize>, Role)>,
    ) -> Option<Vec<Category>> {
        const MEND: &str = "begin each category with a line `[[policy.category]]`";
        let DeValue::Array(array) = value.get_ref() else {
            let what = match value.get_ref() {
                DeValue::Table(_) => "`category` is one table, and there are several".to_owned(),
                other => format!("`category` is {}", kind(other)),
            };
            self.fault(value.span(), what, MEND);
            return None;
        };
        let mut categories: Vec<Category> = Vec::new();
        let mut ids = BTreeSet::new();
        for one in array {
            let DeValue::Table(table) = one.get_ref() else {
                let what = format!("a category is {}", kind(one.get_ref()));
                self.fault(one.span(), what, MEND);
                continue;
            };
            categories.extend(self.category(one.span(), table, &mut ids, demands));
        }
        if array.is_empty() {
            self.fault(
                value.span(),
                "no category is left to choose",
                "leave the key out for the guide's categories",
            );
        } else if array.len() > OPTIONS {
            self.fault(
                value.span(),
                format!(
                    "{} categories don't fit into one of Slack's menus",
                    array.len()
                ),
                "most teams get by with five to eight",
            );
        }
        Some(categories)
    }

    fn category(
        &mut self,
        span: Range<usize>,
        table: &DeTable<'_>,
        ids: &mut BTreeSet<String>,
        demands: &mut Vec<(Range<usize>, Role)>,
    ) -> Option<Category> {
        let (mut id, mut label, mut risk, mut testing) = (None, None, None, None);
        let mut besides = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let at = value.span();
            match name {
                "id" => {
                    id = self.text_as(name, "hotfix", value, id_of_category);
                    if let Some(id) = &id
                        && !ids.insert(id.clone())
                    {
                        self.fault(
                            at,
                            format!("there is a category `{id}` already"),
                            "give this one another `id`, or take it out",
                        );
                    }
                }
                "label" => {
                    let words = self.words(name, "Hotfix", value);
                    label = words.and_then(|words| self.option("a label", words, at));
                }
                "risk" => risk = self.text_as(name, "high", value, risk_of),
                "testing" => {
                    testing = self.text_as(name, "Staging test", value, |words| {
                        let words = words.trim();
                        if words.is_empty() {
                            Err(Wrong::new(
                                "`testing` is empty",
                                "say what is tested at least, such as `Minimal, documented`",
                            ))
                        } else if words.chars().count() > TESTING {
                            Err(Wrong::new(
                                "`testing` is longer than a form can show",
                                format!("say it in {TESTING} characters"),
                            ))
                        } else {
                            Ok(words.to_owned())
                        }
                    });
                }
                "approval" => {
                    for (role, span) in self.texts(name, "database", value) {
                        let read = approving(role);
                        if let Some(role) = self.keep(span.clone(), read) {
                            besides.push(role);
                            demands.push((span, role));
                        }
                    }
                }
                other => self.unknown(key.span(), other, &CATEGORY),
            }
        }
        let keys: BTreeSet<&str> = table.keys().map(|key| key.get_ref().as_ref()).collect();
        for (key, example) in [
            ("id", "hotfix"),
            ("label", "Hotfix"),
            ("risk", "high"),
            ("testing", "Minimal, documented"),
        ] {
            if !keys.contains(key) {
                self.fault(
                    span.clone(),
                    format!("this category has no `{key}`"),
                    format!("add a line such as `{key} = \"{example}\"`"),
                );
            }
        }
        Some(Category::new(id?, label?, risk?, testing?, besides))
    }

    /// Reads a text.
    fn words<'v>(
        &mut self,
        key: &str,
        example: &str,
        value: &'v Spanned<DeValue<'_>>,
    ) -> Option<&'v str> {
        if let DeValue::String(words) = value.get_ref() {
            return Some(words);
        }
        self.fault(
            value.span(),
            format!("`{key}` is {}, and a text is wanted", kind(value.get_ref())),
            format!("write `{key} = \"{example}\"`"),
        );
        None
    }

    /// Reads a text that means something.
    fn text_as<T>(
        &mut self,
        key: &str,
        example: &str,
        value: &Spanned<DeValue<'_>>,
        read: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let words = self.words(key, example, value)?;
        self.keep(value.span(), read(words))
    }

    /// Reads a list of texts, each with its place.
    fn texts<'v>(
        &mut self,
        key: &str,
        example: &str,
        value: &'v Spanned<DeValue<'_>>,
    ) -> Vec<(&'v str, Range<usize>)> {
        let DeValue::Array(array) = value.get_ref() else {
            let mend = match value.get_ref() {
                DeValue::String(one) => format!("write `{key} = [\"{one}\"]`"),
                _ => format!("write `{key} = [\"{example}\"]`"),
            };
            let what = format!("`{key}` is {}, and a list is wanted", kind(value.get_ref()));
            self.fault(value.span(), what, mend);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for one in array {
            if let DeValue::String(words) = one.get_ref() {
                texts.push((words.as_ref(), one.span()));
            } else {
                self.fault(
                    one.span(),
                    format!("{} stands in `{key}`, a list of texts", kind(one.get_ref())),
                    format!("write texts such as `\"{example}\"`"),
                );
            }
        }
        texts
    }

    fn texts_as<T>(
        &mut self,
        key: &str,
        example: &str,
        value: &Spanned<DeValue<'_>>,
        read: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Vec<T> {
        let texts = self.texts(key, example, value);
        texts
            .into_iter()
            .filter_map(|(words, span)| self.keep(span, read(words)))
            .collect()
    }

    fn unknown(&mut self, span: Range<usize>, key: &str, table: &Keys) {
        let due = due_keys();
        let keys = if table.keys.is_empty() {
            &due
        } else {
            table.keys
        };
        let at_home = [&FILE, &POLICY, &CATEGORY]
            .into_iter()
            .find(|other| other.keys.contains(&key))
            .map(|other| other.header)
            .or_else(|| due.contains(&key).then_some("[policy.due]"));
        let what = format!("unknown key `{key}` in {}", table.header);
        let mend = if is_for_secrets(key) {
            "no secret stands in this file; set SLACK_BOT_TOKEN, SLACK_APP_TOKEN or SLACK_SIGNING_SECRET in the environment".to_owned()
        } else if let Some(header) = at_home {
            if header == FILE.header {
                "it belongs at the head of the file; move it above the first `[`".to_owned()
            } else {
                format!("it belongs to {header}; move it there")
            }
        } else if let Some(meant) = nearest(key, keys.iter().copied()) {
            format!("did you mean `{meant}`?")
        } else {
            let known: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
            format!("known are {}", known.join(", "))
        };
        self.fault(span, what, mend);
    }
}

/// Whether a key of this name would hold a secret.
fn is_for_secrets(key: &str) -> bool {
    let key = key.to_lowercase();
    ["token", "secret", "password", "api_key"]
        .iter()
        .any(|word| key.contains(word))
}

/// The key of the line on which a byte stands; nothing where the line goes on
/// with a value of the line before.
fn key_on_line(text: &str, at: usize) -> Option<&str> {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text.get(begin..).unwrap_or_default().lines().next()?;
    let (key, _) = line.split_once(['=', ':'])?;
    Some(key.trim().rsplit('.').next().unwrap_or(key))
}

/// Whether what stands beside this key may be shown.
fn is_known(key: Option<&str>) -> bool {
    key.is_none_or(|key| {
        let key = key.trim_matches(['"', '\'']);
        [&FILE, &POLICY, &CATEGORY]
            .iter()
            .any(|table| table.keys.contains(&key))
            || Term::from_name(key).is_some()
    })
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn id_of_category(id: &str) -> Result<String, Wrong> {
    let is_id = |id: &str| {
        let mut chars = id.chars();
        chars.next().is_some_and(|first| first.is_ascii_lowercase())
            && id.len() <= OPTION
            && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if is_id(id) {
        return Ok(id.to_owned());
    }
    let meant = id.trim().to_lowercase().replace([' ', '-'], "_");
    Err(Wrong::new(
        format!("`{id}` can't name a category in the record"),
        if is_id(&meant) {
            format!("write `{meant}`")
        } else {
            "write small letters, digits and `_`, such as `hotfix`".to_owned()
        },
    ))
}

/// Proposes the word that was meant, or tells those that are known.
fn other_word<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    nearest(word, known.clone()).map_or_else(
        || {
            let known: Vec<_> = known.map(|word| format!("`{word}`")).collect();
            format!("known are {}", known.join(", "))
        },
        |meant| format!("did you mean `{meant}`?"),
    )
}

fn risk_of(word: &str) -> Result<Risk, Wrong> {
    Risk::from_name(word).ok_or_else(|| {
        let known = Risk::ALL.iter().map(|risk| risk.name());
        Wrong::new(format!("`{word}` is no risk"), other_word(word, known))
    })
}

fn framework(word: &str) -> Result<Framework, Wrong> {
    Framework::from_name(word).ok_or_else(|| {
        let known = Framework::ALL.iter().map(|framework| framework.name());
        Wrong::new(
            format!("`{word}` is no framework that this program knows"),
            other_word(word, known),
        )
    })
}

fn approving(word: &str) -> Result<Role, Wrong> {
    let approve = Role::ALL.iter().filter(|role| role.approves());
    let known = approve.map(|role| role.name());
    match Role::from_name(word) {
        Some(role) if role.approves() => Ok(role),
        Some(_) => Err(Wrong::new(
            format!("`{word}` approves no change"),
            format!(
                "take it out; those who may are {}",
                known
                    .map(|role| format!("`{role}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )),
        None => Err(Wrong::new(
            format!("`{word}` is no role"),
            other_word(word, known),
        )),
    }
}
