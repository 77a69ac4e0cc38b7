//! Slack's blocks, as few kinds as the views need, kept within Slack's limits.

use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement,
    SlackBlockButtonStyle, SlackBlockChoiceItem, SlackBlockId, SlackBlockMarkDownText,
    SlackBlockOverflowElement, SlackBlockPlainText, SlackBlockPlainTextOnly,
    SlackBlockUsersSelectElement, SlackContextBlock, SlackContextBlockElement, SlackSectionBlock,
};

use super::{Message, say};
use crate::domain::id::ChangeNumber;
use crate::slack::control::{self, Control};

/// The longest text of one block.
pub(super) const LONGEST_TEXT: usize = 3000;

/// All blocks of a message together: Slack was seen to refuse from about 13,200
/// characters, and doesn't say how it counts. Ours are counted as JSON, which is
/// more than any text in them.
const LONGEST_MESSAGE: usize = 13_000;

/// How many blocks a message may have.
const MOST_BLOCKS: usize = 50;

/// The longest fallback text; a notification shows far less.
const LONGEST_FALLBACK: usize = 1000;

/// Text with Slack's markup, which Slack shall not search for names.
fn markdown(text: &str) -> SlackBlockMarkDownText {
    let text = if say::width(text) > LONGEST_TEXT {
        // Views cut what people wrote before it comes here. Should their own
        // words ever run over, a cut is better than a refused message.
        shortened(text, LONGEST_TEXT)
    } else {
        text.to_owned()
    };
    SlackBlockMarkDownText::new(text).with_verbatim(true)
}

/// Cuts our own words, at a line's end where possible, so that no markup is torn.
fn shortened(text: &str, room: usize) -> String {
    let mut kept = String::new();
    let mut used = 1;
    for line in text.split_inclusive('\n') {
        used += say::width(line);
        if used > room {
            break;
        }
        kept.push_str(line);
    }
    format!("{kept}…")
}

/// A paragraph.
pub(super) fn section(text: &str) -> SlackBlock {
    SlackSectionBlock::new()
        .with_text(markdown(text).into())
        .into()
}

/// Paragraphs of a text that may be longer than one block holds.
pub(super) fn paragraphs(text: &str) -> Vec<SlackBlock> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while say::width(rest) > LONGEST_TEXT {
        let (head, tail) = rest.split_at(breaking_point(rest));
        blocks.push(section(head.trim_end()));
        rest = tail.trim_start();
    }
    blocks.push(section(rest));
    blocks
}

/// Where a long text is broken: after its last blank that fits, else before what
/// no longer fits, and never inside an escape or a name.
fn breaking_point(text: &str) -> usize {
    let mut used = 0;
    let mut whole = 0;
    let mut blank = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '&' => rest.find(';'),
            '<' => rest.find('>'),
            _ => None,
        };
        let length = end.map_or(first.len_utf8(), |end| end + 1);
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        used += say::width(piece);
        if used > LONGEST_TEXT {
            break;
        }
        whole += piece.len();
        if first.is_whitespace() {
            blank = Some(whole);
        }
        rest = after;
    }
    // Should even the first piece not fit, a letter of it does: the text always
    // gets shorter.
    let letter = text.chars().next().map_or(0, char::len_utf8);
    blank.unwrap_or(whole).max(letter)
}

/// A paragraph with a button beside it.
pub(super) fn section_with(text: &str, button: SlackBlockButtonElement) -> SlackBlock {
    SlackSectionBlock::new()
        .with_text(markdown(text).into())
        .with_accessory(button.into())
        .into()
}

/// A button about nothing in particular.
pub(super) fn plain_button(control: Control, label: &str) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain(label)).with_action_id(control.action_id().into())
}

/// A line in small print.
pub(super) fn context(text: &str) -> SlackBlock {
    SlackContextBlock::new(vec![SlackContextBlockElement::MarkDown(markdown(text))]).into()
}

/// Plain text, such as a label.
pub(super) fn plain(text: &str) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(text.to_owned()).into()
}

/// A button about a change.
pub(super) fn button(
    control: Control,
    label: &str,
    change: ChangeNumber,
) -> SlackBlockButtonElement {
    button_of(control, label, &control::value(change))
}

/// A button whose value says more than a change, or something else.
pub(super) fn button_of(control: Control, label: &str, value: &str) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain(label))
        .with_action_id(control.action_id().into())
        .with_value(value.to_owned())
}

/// The button that is most likely wanted.
pub(super) fn primary(button: SlackBlockButtonElement) -> SlackBlockButtonElement {
    button.with_style(SlackBlockButtonStyle::Primary)
}

/// The button that ends something.
pub(super) fn danger(button: SlackBlockButtonElement) -> SlackBlockButtonElement {
    button.with_style(SlackBlockButtonStyle::Danger)
}

/// The menu of moves that are rarely wanted.
pub(super) fn menu(change: ChangeNumber, moves: &[(Control, &str)]) -> SlackBlockOverflowElement {
    let options = moves
        .iter()
        .map(|(control, label)| {
            SlackBlockChoiceItem::new(plain(label), control::menu_value(*control, change))
        })
        .collect();
    SlackBlockOverflowElement::new(options).with_action_id(Control::More.action_id().into())
}

/// The choice of a person. It has no value: which change it is about stands in
/// the block that holds it, see [`actions_about`].
pub(super) fn choose_person(control: Control, label: &str) -> SlackBlockUsersSelectElement {
    SlackBlockUsersSelectElement::new()
        .with_action_id(control.action_id().into())
        .with_placeholder(plain(label))
}

/// A row of buttons.
pub(super) fn actions(elements: Vec<SlackActionBlockElement>) -> SlackBlock {
    SlackActionsBlock::new(elements).into()
}

/// A row of buttons whose select is about a change.
pub(super) fn actions_about(
    control: Control,
    change: ChangeNumber,
    elements: Vec<SlackActionBlockElement>,
) -> SlackBlock {
    SlackActionsBlock::new(elements)
        .with_block_id(SlackBlockId(control::select_block(control, change)))
        .into()
}

/// A message of `blocks`; `text` is already safe to show.
pub(super) fn message(text: &str, blocks: Vec<SlackBlock>) -> Message {
    Message {
        text: if say::width(text) > LONGEST_FALLBACK {
            shortened(text, LONGEST_FALLBACK)
        } else {
            text.to_owned()
        },
        blocks,
    }
}

/// A message of one paragraph, which is also its fallback.
pub(super) fn one_line(text: &str) -> Message {
    message(text, vec![section(text)])
}

/// Whether Slack takes these blocks as one message.
pub(super) fn fits(blocks: &[SlackBlock]) -> bool {
    // What can't be written can't be sent either.
    let length = serde_json::to_string(blocks).map_or(usize::MAX, |json| say::width(&json));
    blocks.len() <= MOST_BLOCKS && length <= LONGEST_MESSAGE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(blocks: &[SlackBlock]) -> Vec<String> {
        let blocks = serde_json::to_value(blocks).unwrap();
        blocks
            .as_array()
            .unwrap()
            .iter()
            .map(|block| block["text"]["text"].as_str().unwrap().to_owned())
            .collect()
    }

    proptest! {
        #[test]
        fn paragraphs_keep_every_word_within_slacks_limit(
            words in "([a-z]{0,900}|&amp;|<@U1>|😀|<|&| |\n){0,40}",
        ) {
            let texts = texts(&paragraphs(&words));
            for text in &texts {
                prop_assert!(say::width(text) <= LONGEST_TEXT);
            }
            let bare = |text: &str| -> String { text.split_whitespace().collect() };
            prop_assert_eq!(bare(&texts.concat()), bare(&words));
        }
    }
}
