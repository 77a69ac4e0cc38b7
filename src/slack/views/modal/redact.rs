//! The form that takes words out of the record.

use slack_morphism::prelude::{
    SlackBlockChoiceItem, SlackBlockMultiStaticSelectElement, SlackBlockPlainTextOnly, SlackView,
};

use crate::domain::change::{Actor, going_with};
use crate::domain::text::Commitment;
use crate::slack::control::{Input, Memory, Modal};

use super::super::blocks::{context, paragraphs, plain};
use super::super::{Said, Showing, say};
use super::{LONGEST_OPTION, OpenedFrom, about, input, long_text, modal, title};

/// How many options Slack puts into one select.
const MOST_OPTIONS: usize = 100;

/// Returns the form: every text of the change, the newest first, by what it is
/// and how it begins.
pub fn redact(showing: &Showing<'_>, from: OpenedFrom<'_>) -> SlackView {
    let change = showing.change;
    let mut texts: Vec<_> = change
        .texts
        .iter()
        .filter_map(|(text, stands)| match showing.texts.said(text) {
            Said::Words(words) => Some((text, stands, words)),
            Said::Redacted | Said::Removed(_) | Said::Withheld => None,
        })
        .collect();
    texts.sort_by_key(|(_, stands, _)| std::cmp::Reverse(stands.at));
    let order: Vec<Commitment> = texts.iter().map(|(text, _, _)| **text).collect();
    let along = going_along(showing, &order);
    let n_more = texts.len().saturating_sub(MOST_OPTIONS);
    let options: Vec<SlackBlockChoiceItem<SlackBlockPlainTextOnly>> = texts
        .iter()
        .take(MOST_OPTIONS)
        .zip(1usize..)
        .map(|((text, stands, words), n)| {
            let by = match &stands.by {
                Actor::Person(_) => "",
                Actor::Clock | Actor::Bot => ", by the bot",
            };
            let line: Vec<&str> = words.split_whitespace().collect();
            let label = format!(
                "{n}. {}{by}, {}: {}",
                stands.passage,
                stands.at.format("%d %b %H:%M"),
                line.join(" ")
            );
            SlackBlockChoiceItem::new(plain(&shortened(&label)), text.to_string())
        })
        .collect();
    let mut blocks = vec![
        about(showing),
        context(
            "The words go for good, from here and from every message of mine that shows them. That they were there, who removed them, when and why stays for everybody to see, and the log still verifies. If it is a secret that still works, change it first.",
        ),
    ];
    if options.is_empty() {
        blocks.push(context("Nothing is left that could be removed."));
    } else {
        let select = SlackBlockMultiStaticSelectElement::new()
            .with_placeholder(plain("Choose every text that shows it"))
            .with_options(options);
        blocks.push(input(
            Input::Texts,
            "What has to go?",
            select.into(),
            Some("Times are UTC."),
            false,
        ));
        if along.is_empty() {
            blocks.push(context(
                "Nothing else in this record repeats one of these: just what you choose goes.",
            ));
        } else {
            let lines = format!(
                "*What goes along*, because it says the same words\n{}",
                along.join("\n")
            );
            blocks.extend(paragraphs(&lines));
        }
    }
    if n_more > 0 {
        blocks.push(context(&format!(
            "{n_more} older texts don't fit; they come up once newer ones are gone."
        )));
    }
    blocks.push(input(
        Input::Reason,
        "Why?",
        long_text()
            .with_placeholder(plain("A token was pasted into the ticket; it is revoked"))
            .into(),
        Some("Everybody reads this. Don't repeat the secret."),
        false,
    ));
    let memory = Memory::at(from.channel, from.thread).about(change.number);
    modal(
        Modal::Redact,
        &title(change, "Redact ", ""),
        "Remove",
        &memory,
        blocks,
    )
}

/// What is removed along with each text, by their numbers in the form: nothing
/// goes that wasn't shown before.
fn going_along(showing: &Showing<'_>, order: &[Commitment]) -> Vec<String> {
    let words_of = |text: &Commitment| match showing.texts.said(text) {
        Said::Words(words) => Some(words),
        Said::Redacted | Said::Removed(_) | Said::Withheld => None,
    };
    let numbered = || order.iter().zip(1usize..);
    numbered()
        .take(MOST_OPTIONS)
        .filter_map(|(text, n)| {
            let going = going_with(showing.change, [*text], words_of);
            let others: Vec<String> = numbered()
                .filter(|(other, m)| *m != n && going.contains(*other))
                .map(|(_, m)| m.to_string())
                .collect();
            (!others.is_empty()).then(|| format!("• {n} takes {} along", say::listed(others)))
        })
        .collect()
}

/// As much of a label as an option shows.
fn shortened(label: &str) -> String {
    if say::width(label) <= LONGEST_OPTION {
        label.to_owned()
    } else {
        format!("{}…", say::beginning(label, LONGEST_OPTION - 1))
    }
}
