//! Reads `[[policy.category]]`.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::fault::Wrong;
use super::super::value::plain;
use super::keys::{self, other_word, ticked};
use super::{OPTION, OPTIONS, Reading, kind};
use crate::domain::policy::{Category, Risk, Role};

/// Two lines of a form on a phone would be enough; more than this nobody reads.
const TESTING: usize = 300;

impl Reading<'_> {
    pub(super) fn categories(
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
                other => self.unknown(key.span(), other, &keys::of_category()),
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

fn risk_of(word: &str) -> Result<Risk, Wrong> {
    let same = |risk: &&Risk| plain(risk.name()) == plain(word);
    Risk::ALL.iter().find(same).copied().ok_or_else(|| {
        let known: Vec<_> = Risk::ALL.iter().map(|risk| risk.name()).collect();
        Wrong::new(format!("`{word}` is no risk"), other_word(word, &known))
    })
}

fn approving(word: &str) -> Result<Role, Wrong> {
    let approve = Role::ALL.iter().filter(|role| role.approves());
    let known: Vec<_> = approve.map(|role| role.name()).collect();
    match Role::from_name(word) {
        Some(role) if role.approves() => Ok(role),
        Some(_) => Err(Wrong::new(
            format!("`{word}` approves no change"),
            format!("take it out; those who may are {}", ticked(known)),
        )),
        None => Err(Wrong::new(
            format!("`{word}` is no role"),
            other_word(word, &known),
        )),
    }
}
