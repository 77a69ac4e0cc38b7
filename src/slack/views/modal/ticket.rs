//! The form of the ticket, made from the table of its fields: what is asked for
//! now, and behind a button what isn't.
//!
//! Nothing here decides what is asked; `ticket::is_required` does.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{
    SlackBlock, SlackBlockChoiceItem, SlackBlockMultiStaticSelectElement, SlackBlockOptionGroup,
    SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly, SlackBlockStaticSelectElement,
    SlackInputBlockElement, SlackView,
};

use crate::domain::change::LONGEST_TEXT;
use crate::domain::policy::Policy;
use crate::domain::ticket::{Entry, Field, Kind, Known, Part, Value, gaps, is_required};
use crate::slack::control::{Control, Input, Memory, Modal};
use crate::slack::views::blocks::{actions, button, context, plain, section};
use crate::slack::views::{Said, Showing, say};

use super::{LONGEST_OPTION, OpenedFrom, instant, long_text, modal, someone, title};

/// How many options Slack puts into one group of a select.
const MOST_OPTIONS: usize = 100;

/// Returns the form of what the ticket asks for, with what stands in it. The
/// `card` is the address of the declaring card in an incident channel: where no
/// other incident link is known, it is offered as one, and its time as when the
/// incident began.
pub fn document(showing: &Showing<'_>, card: Option<&str>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let due = match (change.documented_at, change.due_at()) {
        (None, Some(due_at)) => format!("The ticket is {}. ", say::due(due_at, showing.now)),
        (Some(_), _) | (None, None) => String::new(),
    };
    let mut form = Form::begun(showing, card, from);
    form.blocks.push(context(&format!(
        "{due}{}Fill in what you can; you can come back for the rest.",
        approved(showing)
    )));
    if gaps(change, showing.policy).contains(&Field::Criterion) {
        form.blocks.push(super::criterion());
    }
    form.fill(|field| is_asked_for(field, showing));
    form.blocks.push(actions(vec![
        button(Control::MoreFields, "More fields…", change.number).into(),
        button(Control::AddFollowUp, "Add a follow-up…", change.number).into(),
    ]));
    let title = title(change, "", " ticket");
    modal(Modal::Document, &title, "Save", &form.memory, form.blocks)
}

/// Returns the form of what the ticket doesn't ask for.
pub fn more_fields(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let mut form = Form::begun(showing, None, from);
    form.blocks.push(context(&format!(
        "{}None of this is needed to close the ticket. What you typed in the form below stays there.",
        approved(showing)
    )));
    form.fill(|field| !is_asked_for(field, showing));
    let title = title(change, "", " more");
    modal(Modal::MoreFields, &title, "Save", &form.memory, form.blocks)
}

/// Whether the ticket asks for a field. When the incident began is asked wherever
/// nothing said so: few think of it, and nobody knows it better than now.
fn is_asked_for(field: Field, showing: &Showing<'_>) -> bool {
    is_required(field, showing.change, showing.policy)
        || (field == Field::IncidentBeganAt && !showing.change.has_first_ticket())
}

const fn approved(showing: &Showing<'_>) -> &'static str {
    if showing.change.approval.is_some() {
        "It is approved: an edit takes the approval back. "
    } else {
        ""
    }
}

/// A form while it is put together.
struct Form<'a> {
    showing: &'a Showing<'a>,
    card: Option<&'a str>,
    memory: Memory,
    blocks: Vec<SlackBlock>,
}

impl<'a> Form<'a> {
    fn begun(showing: &'a Showing<'a>, card: Option<&'a str>, from: OpenedFrom<'_>) -> Self {
        let change = showing.change;
        let mut memory = Memory::at(from.channel, from.thread).about(change.number);
        memory.version = Some(change.version);
        Self {
            showing,
            card,
            memory,
            blocks: vec![super::about(showing)],
        }
    }

    /// Adds the inputs of the fields that are wanted, each part under its heading.
    fn fill(&mut self, is_wanted: impl Fn(Field) -> bool) {
        for part in Part::ALL {
            let fields: Vec<Field> = Field::ALL
                .iter()
                .copied()
                .filter(|field| field.row().part == *part && field.is_written())
                .filter(|field| is_wanted(*field) && self.can_be_filled(*field))
                .collect();
            if !fields.is_empty() {
                let heading = say::capitalised(&part.to_string());
                self.blocks.push(section(&format!("*{heading}*")));
            }
            for field in fields {
                let block = self.input(field);
                self.blocks.push(block);
            }
        }
    }

    /// Of no systems, none can be chosen.
    fn can_be_filled(&self, field: Field) -> bool {
        field.row().kind != Kind::Systems || !self.showing.policy.systems.is_empty()
    }

    fn input(&mut self, field: Field) -> SlackBlock {
        let entry = self.showing.change.fields.get(&field);
        let (element, obstacle) = self.element(field, entry);
        let mut hints: Vec<String> = Vec::new();
        hints.extend(obstacle.map(str::to_owned));
        hints.extend(entry.and_then(marked));
        hints.extend(entry.and_then(known));
        hints.extend(advice(self.showing, field));
        let hint = hints.join(" ");
        super::input(
            Input::Field(field),
            &say::field(field),
            element,
            (!hint.is_empty()).then_some(hint.as_str()),
            true,
        )
    }

    /// The element of a field with what stands in it, which is remembered; and why
    /// that can't be shown, if it can't.
    fn element(
        &mut self,
        field: Field,
        entry: Option<&Entry>,
    ) -> (SlackInputBlockElement, Option<&'static str>) {
        let policy = self.showing.policy;
        let value = entry.map(|entry| &entry.value);
        match field.row().kind {
            Kind::Recorded | Kind::Words => self.words(field, value, long_text()),
            Kind::Links => {
                let input = long_text().with_placeholder(plain("https://… one on each line"));
                self.words(field, value, input)
            }
            Kind::Link => {
                let input = SlackBlockPlainTextInputElement::new()
                    .with_max_length(LONGEST_TEXT as u64)
                    .with_placeholder(plain("https://… or why there is none"));
                match (value, self.card) {
                    (None, Some(card)) if field == Field::IncidentLink => {
                        let hint = "I know this one from where it was declared; it is saved with the form.";
                        (input.with_initial_value(card.to_owned()).into(), Some(hint))
                    }
                    (_, _) => self.words(field, value, input),
                }
            }
            Kind::Choice(names) => (self.choice(field, value, names.iter().copied()), None),
            Kind::Category => {
                let names = policy.categories.iter().map(|one| one.id.as_str());
                (self.choice(field, value, names), None)
            }
            Kind::Person => {
                let who = match value {
                    Some(Value::Person(who)) => Some(who),
                    Some(_) | None => None,
                };
                if let Some(who) = who {
                    self.memory.show(field, who.as_str());
                }
                (someone(who), None)
            }
            Kind::Instant => {
                let at = match value {
                    Some(Value::Instant(at)) => Some(*at),
                    Some(_) | None => None,
                };
                if let Some(at) = at {
                    self.memory.show(field, &at.timestamp().to_string());
                    return (instant(Some(at)), None);
                }
                match self
                    .declared_at()
                    .filter(|_| field == Field::IncidentBeganAt)
                {
                    Some(declared_at) => {
                        let hint = "This is when it was declared in the incident's channel; put it right if the incident began earlier. It is saved with the form.";
                        (instant(Some(declared_at)), Some(hint))
                    }
                    None => (instant(None), None),
                }
            }
            Kind::Systems => (self.systems(field, value), None),
        }
    }

    /// When it was declared in an incident channel, unless it was deployed already:
    /// then the incident was older.
    fn declared_at(&self) -> Option<DateTime<Utc>> {
        let change = self.showing.change;
        let declared_at = change.requested_at;
        let is_before = change.deployed_at().is_none_or(|at| declared_at <= at);
        (self.card.is_some() && is_before).then_some(declared_at)
    }

    fn words(
        &mut self,
        field: Field,
        value: Option<&Value>,
        input: SlackBlockPlainTextInputElement,
    ) -> (SlackInputBlockElement, Option<&'static str>) {
        let input = match example(field) {
            Some(example) => input.with_placeholder(plain(example)),
            None => input,
        };
        let Some(text) = value.and_then(Value::commitment) else {
            return (input.into(), None);
        };
        let obstacle = match self.showing.texts.said(&text) {
            Said::Words(words) if say::width(&words) <= LONGEST_TEXT => {
                self.memory.show(field, &words);
                return (input.with_initial_value(words).into(), None);
            }
            Said::Words(_) => {
                "What stands is too long to edit here and stays unless you write anew."
            }
            Said::Redacted | Said::Removed(_) => {
                "What stood here was redacted. It stays so unless you write anew."
            }
            Said::Withheld => {
                "What stands was said in a private channel. It stays unless you write anew."
            }
        };
        (input.into(), Some(obstacle))
    }

    fn choice<'n>(
        &mut self,
        field: Field,
        value: Option<&Value>,
        names: impl Iterator<Item = &'n str>,
    ) -> SlackInputBlockElement {
        let policy = self.showing.policy;
        let options: Vec<_> = names
            .take(MOST_OPTIONS)
            .map(|name| option(&label(policy, field, name), name))
            .collect();
        let chosen = match value {
            Some(Value::Choice(name)) => options.iter().find(|one| one.value == *name).cloned(),
            Some(_) | None => None,
        };
        let select = SlackBlockStaticSelectElement::new()
            .with_placeholder(plain("Choose"))
            .with_options(options);
        match chosen {
            Some(chosen) => {
                self.memory.show(field, &chosen.value);
                select.with_initial_option(chosen).into()
            }
            None => select.into(),
        }
    }

    fn systems(&mut self, field: Field, value: Option<&Value>) -> SlackInputBlockElement {
        let options: Vec<_> = self
            .showing
            .policy
            .systems
            .iter()
            .map(|name| option(name, name))
            .collect();
        let mut select =
            SlackBlockMultiStaticSelectElement::new().with_placeholder(plain("Choose"));
        if let Some(Value::Systems(names)) = value {
            let chosen: Vec<_> = options
                .iter()
                .filter(|one| names.contains(&one.value))
                .cloned()
                .collect();
            if !chosen.is_empty() {
                let mut names = names.clone();
                names.sort();
                self.memory.show(field, &names.join("\n"));
                select = select.with_initial_options(chosen);
            }
        }
        if options.len() <= MOST_OPTIONS {
            return select.with_options(options).into();
        }
        // More than one group holds: in the order of the policy, by the hundred.
        let groups = options
            .chunks(MOST_OPTIONS)
            .zip(1usize..)
            .map(|(some, n)| SlackBlockOptionGroup {
                label: plain(&format!("Systems, part {n}")),
                options: some.to_vec(),
            })
            .collect();
        select.with_option_groups(groups).into()
    }
}

fn option(label: &str, value: &str) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
    let label = say::beginning(label, LONGEST_OPTION);
    SlackBlockChoiceItem::new(plain(&label), value.to_owned())
}

/// A choice; a category with its risk.
fn label(policy: &Policy, field: Field, name: &str) -> String {
    let label = say::choice(policy, field, name);
    match policy.category(name) {
        Some(category) if field == Field::Category => {
            format!("{label} ({} risk)", category.risk)
        }
        Some(_) | None => label,
    }
}

/// Why what stands says too little.
fn marked(entry: &Entry) -> Option<String> {
    let vague = entry.vague?;
    Some(format!(
        "Marked: it {vague}. It is kept, and the approver sees the mark."
    ))
}

/// Where what stands comes from, unless somebody wrote it.
fn known(entry: &Entry) -> Option<String> {
    match entry.source {
        Known::Person => None,
        Known::Bot(_) => {
            Some("I know this from what was said and done; put it right if it isn't.".to_owned())
        }
        Known::TakenFrom(number) => Some(format!("Taken over from {number}.")),
    }
}

/// What makes a good answer.
fn advice(showing: &Showing<'_>, field: Field) -> Option<String> {
    let advice = match field {
        Field::WhatWasDone => "What was changed, and where: system, rule, version.",
        Field::Testing => {
            let category = showing.change.choice(Field::Category);
            let wanted = category
                .and_then(|id| showing.policy.category(id))
                .map_or_else(String::new, |category| {
                    format!(" {}: {}.", category.label, category.testing)
                });
            return Some(format!(
                "Even if minimal: what you checked and what you saw, with a link, or why there is none.{wanted}"
            ));
        }
        Field::RollbackPlan => "How to go back, and how to tell that going back worked.",
        Field::Outcome => "What came of it: the incident, customers, data.",
        Field::LessonsLearned => "What would make the next one unnecessary, or calmer.",
        Field::Permanence => "A workaround or something temporary owes a permanent fix.",
        Field::PermanentFix => "What takes its place through the normal process.",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// Good answers, after the guide's example.
const fn example(field: Field) -> Option<&'static str> {
    match field {
        Field::WhatWasDone => Some("Deployed WAF rule 1042 on the production load balancer"),
        Field::Testing => Some("Rule blocks the attack pattern without false positives: https://…"),
        Field::RollbackPlan => {
            Some("Disable rule 1042 in the console; requests pass again within a minute")
        }
        Field::Outcome => Some("Attack blocked, no customer data exposed"),
        Field::LessonsLearned => Some("Need predefined WAF rules for common attack patterns"),
        _ => None,
    }
}
