//! The form about a team meeting: which changes it reviewed, when, and what came
//! of it.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::{
    SlackBlockChoiceItem, SlackBlockDateTimePickerElement, SlackBlockMultiStaticSelectElement,
    SlackBlockPlainTextInputElement, SlackBlockPlainTextOnly, SlackDateTime, SlackView,
};

use crate::domain::change::LONGEST_TEXT;
use crate::slack::control::{self, Input, Memory, Modal};
use crate::slack::views::blocks::plain;
use crate::slack::views::{Showing, overview, say};

use super::{LONGEST_OPTION, OpenedFrom, input, long_text, modal};

/// How many options Slack puts into one select.
const MOST_OPTIONS: usize = 100;

/// Returns the question what a team meeting reviewed; nothing where nothing waits
/// for one. All of it is chosen to begin with: that is how meetings go.
pub fn record_meeting(
    changes: &[Showing<'_>],
    from: OpenedFrom<'_>,
    now: DateTime<Utc>,
) -> Option<SlackView> {
    let found = overview::to_review(changes);
    if found.is_empty() {
        return None;
    }
    let options: Vec<SlackBlockChoiceItem<SlackBlockPlainTextOnly>> = found
        .iter()
        .take(MOST_OPTIONS)
        .map(|(showing, _)| {
            // An option knows no reader, so it holds no word of anybody's.
            let change = showing.change;
            let why = change.criterion.map_or_else(String::new, |criterion| {
                format!(" · {}", say::criterion_label(criterion))
            });
            let label = say::beginning(&format!("{}{why}", say::title(change)), LONGEST_OPTION);
            SlackBlockChoiceItem::new(plain(&label), control::value(change.number))
        })
        .collect();
    let which = SlackBlockMultiStaticSelectElement::new()
        .with_placeholder(plain("Choose changes"))
        .with_options(options.clone())
        .with_initial_options(options);
    // Its own kind of instant is read from seconds, and from nothing else of ours.
    let begins_with: Option<SlackDateTime> = serde_json::from_value(now.timestamp().into()).ok();
    let held_at = SlackBlockDateTimePickerElement::new().opt_initial_date_time(begins_with);
    let blocks = vec![
        input(
            Input::Reviewed,
            "Which changes were reviewed?",
            which.into(),
            None,
            false,
        ),
        input(
            Input::HeldAt,
            "When was the meeting?",
            held_at.into(),
            None,
            false,
        ),
        input(
            Input::Minutes,
            "Where are its minutes?",
            SlackBlockPlainTextInputElement::new()
                .with_max_length(LONGEST_TEXT as u64)
                .with_placeholder(plain("https://wiki.example.com/minutes/2026-03-16"))
                .into(),
            Some("A link, if there is one."),
            true,
        ),
        input(
            Input::Improvements,
            "What will you do differently?",
            long_text()
                .with_placeholder(plain(
                    "WAF rules for common attacks go through the normal process now",
                ))
                .into(),
            Some("Improvements of the process, if any were found. They stand with each change."),
            true,
        ),
    ];
    let memory = Memory::at(from.channel, from.thread);
    Some(modal(
        Modal::RecordMeeting,
        "Team meeting",
        "Mark as reviewed",
        &memory,
        blocks,
    ))
}
