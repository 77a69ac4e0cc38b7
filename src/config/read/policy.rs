//! Reads `[policy]` and `[policy.due]`.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::fault::Wrong;
use super::super::policy::PolicyFile;
use super::super::value::{self, plain};
use super::keys::{self, other_word};
use super::{OPTIONS, Reading, kind};
use crate::domain::deployment::{Happening, SourceName};
use crate::domain::policy::{Counting, Framework, Party, Role, Term};

impl Reading<'_> {
    pub(super) fn policy(&mut self, table: &DeTable<'_>) -> PolicyFile {
        let mut policy = PolicyFile::default();
        let mut demands = Vec::new();
        let mut written = BTreeSet::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if let Some(role) = Role::from_name(name) {
                written.insert(role);
                *policy.role_mut(role) = self.role(role, value);
                continue;
            }
            match name {
                "escalation" => {
                    let read = |name: &str| value::person(name).map(|_| name.to_owned());
                    policy.escalation = match value.get_ref() {
                        DeValue::Array(_) => self.texts_as(name, "U0123ABCD", value, read),
                        _ => self
                            .text_as(name, "U0123ABCD", value, read)
                            .into_iter()
                            .collect(),
                    };
                }
                "report_channel" => {
                    let read = |id: &str| value::channel(id).map(|_| id.to_owned());
                    policy.report_channel = self.text_as(name, "C0123ABCD", value, read);
                }
                "report_at" => {
                    if let Some(at) = self.text_as(name, "Monday 09:00", value, value::report_time)
                    {
                        policy.report_at = at;
                    }
                }
                "undeclared" => {
                    let read = |name: &str| value::person(name).map(|_| name.to_owned());
                    policy.undeclared = self.text_as(name, "U0123ABCD", value, read);
                }
                "production" => policy.production = self.names(name, "production", value),
                "jobs" => policy.jobs = self.names(name, "*deploy*", value),
                "branches" => policy.branches = self.names(name, "main", value),
                "standard_changes" => {
                    if let Some(are_counted) = self.yes_or_no(name, value) {
                        policy.standard_changes = are_counted;
                    }
                }
                "counts" => policy.counts = self.counts(value),
                "teams" => policy.teams = self.teams(value),
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
                "keep_texts" => policy.keep_texts = self.keep_texts(value),
                "due" => self.due(value, &mut policy),
                "category" => {
                    if let Some(categories) = self.categories(value, &mut demands) {
                        policy.categories = categories;
                    }
                }
                other => self.unknown(key.span(), other, &keys::of_policy()),
            }
        }
        for (span, role) in demands {
            let is_third = match role {
                Role::Security | Role::Database => true,
                // For the first two any full member may act; the others are
                // refused where they stand.
                Role::Approvers
                | Role::Commanders
                | Role::Compliance
                | Role::Administrators
                | Role::Evidence => false,
            };
            // One that is written and empty is told at its own place.
            if is_third && !written.contains(&role) {
                let role = role.name();
                let wrong = Wrong::new(
                    format!("`{role}` has to approve, and nobody is named for it"),
                    format!("name somebody in [policy], such as `{role} = [\"S0123ABCD\"]`"),
                );
                self.nonsense(span, wrong);
            }
        }
        policy
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

    /// Reads for how many months words are kept.
    fn keep_texts(&mut self, value: &Spanned<DeValue<'_>>) -> Option<u16> {
        let what = match value.get_ref() {
            DeValue::Integer(n) => match n.as_str().parse() {
                Ok(months) if months > 0 => return Some(months),
                Ok(_) | Err(_) => "`keep_texts` is no number of months".to_owned(),
            },
            other => format!("`keep_texts` is {}, and a number is wanted", kind(other)),
        };
        let mend = "write for how many months words and files are kept, such as `keep_texts = 36`, or leave it out to keep them for good";
        self.fault(value.span(), what, mend);
        None
    }

    /// Reads names with stars. None at all would silently count nothing.
    fn names(&mut self, key: &str, example: &str, value: &Spanned<DeValue<'_>>) -> Vec<String> {
        let names = self.texts_as(key, example, value, value::named_so);
        let is_list = matches!(value.get_ref(), DeValue::Array(_));
        if is_list && !names.iter().any(|name| !name.starts_with('!')) {
            let wrong = Wrong::new(
                format!("`{key}` lets nothing in"),
                format!(
                    "name what counts, such as `{key} = [\"{example}\"]`, or leave the key out"
                ),
            );
            self.nonsense(value.span(), wrong);
        }
        names
    }

    fn yes_or_no(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<bool> {
        if let DeValue::Boolean(yes) = value.get_ref() {
            return Some(*yes);
        }
        self.fault(
            value.span(),
            format!("`{key}` is {}", kind(value.get_ref())),
            format!("write `{key} = true` or `{key} = false`"),
        );
        None
    }

    fn counts(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<SourceName, Happening> {
        let mut counts = Counting::default().happenings;
        let mend =
            "write one source a line below `[policy.counts]`, such as `github = \"deployment\"`";
        let Some(table) = self.table("counts", value, mend) else {
            return counts;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some((_, usual)) = Counting::USUAL.iter().find(|(known, _)| *known == name) else {
                self.unknown(key.span(), name, &keys::of_counts());
                continue;
            };
            let source = SourceName::new(name);
            let read = |word: &str| counted(&source, word);
            if let Some(happening) = self.text_as(name, usual.name(), value, read) {
                counts.insert(source, happening);
            }
        }
        counts
    }

    fn teams(&mut self, value: &Spanned<DeValue<'_>>) -> BTreeMap<String, Vec<String>> {
        let mut teams = BTreeMap::new();
        let mend =
            "write one team a line below `[policy.teams]`, such as `payments = [\"billing\"]`";
        let Some(table) = self.table("teams", value, mend) else {
            return teams;
        };
        for (key, value) in table {
            let Some(name) = self.option("a team's name", key.get_ref(), key.span()) else {
                continue;
            };
            let texts = self.texts(&name, "billing", value);
            let systems: Vec<String> = texts
                .into_iter()
                .filter_map(|(system, span)| self.option("a system's name", system, span))
                .collect();
            teams.insert(name, systems);
        }
        teams
    }

    fn due(&mut self, value: &Spanned<DeValue<'_>>, policy: &mut PolicyFile) {
        let mend = "write one time a line below `[policy.due]`, such as `ticket = \"24 h\"`";
        let Some(table) = self.table("due", value, mend) else {
            return;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some(term) = Term::from_name(name) else {
                self.unknown(key.span(), name, &keys::of_due());
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
}

/// Reads what has to happen at a source for a change to count.
fn counted(source: &SourceName, word: &str) -> Result<Happening, Wrong> {
    let told = Counting::told_by(source);
    let same = |happening: &&Happening| plain(happening.name()) == plain(word);
    if let Some(happening) = told.iter().find(same) {
        return Ok(*happening);
    }
    let known: Vec<_> = told.iter().map(|one| one.name()).collect();
    let what = if Happening::ALL.iter().any(|one| same(&one)) {
        format!("{source} doesn't tell of a `{word}`")
    } else {
        format!("`{word}` is nothing that can count")
    };
    Err(Wrong::new(what, other_word(word, &known)))
}

fn framework(word: &str) -> Result<Framework, Wrong> {
    let same = |framework: &&Framework| plain(framework.name()) == plain(word);
    Framework::ALL.iter().find(same).copied().ok_or_else(|| {
        let known: Vec<_> = Framework::ALL.iter().map(|one| one.name()).collect();
        Wrong::new(
            format!("`{word}` is no framework that this program knows"),
            other_word(word, &known),
        )
    })
}
