//! What a person types, as Slack's composer turns it into text: mentions, channels, links, escapes.
//! Pure: it looks names up and changes nothing.

use serde_json::{Value, json};

use super::workspace::{Kind, Workspace};

/// A stretch of what was typed, with the words as they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece<'a> {
    typed: &'a str,
    meaning: Meaning,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    Words,
    Person {
        id: String,
        handle: String,
    },
    Group {
        id: String,
        handle: String,
    },
    Channel {
        id: String,
        name: String,
    },
    /// `here`, `channel` or `everyone`.
    Everybody(String),
    Link(String),
}

/// Something typed by a person, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed<'a> {
    pieces: Vec<Piece<'a>>,
}

/// Slack escapes exactly these three.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Reads what was typed. Words already in Slack's own form (`<@U…>`) are taken as that.
pub(super) fn read<'a>(workspace: &Workspace, typed: &'a str) -> Typed<'a> {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    let mut rest = typed;
    let mut words_from = typed;
    let mut at_word_start = true;
    while let Some(first) = rest.chars().next() {
        let found = match first {
            '<' => tag(workspace, rest),
            '@' | '#' | 'h' if at_word_start => name_or_link(workspace, rest),
            _ => None,
        };
        let length = found
            .as_ref()
            .map_or(first.len_utf8(), |(length, _)| *length);
        let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if let Some((_, meaning)) = found {
            let words = words_from
                .get(..words_from.len() - rest.len())
                .unwrap_or_default();
            if !words.is_empty() {
                pieces.push(Piece {
                    typed: words,
                    meaning: Meaning::Words,
                });
            }
            pieces.push(Piece {
                typed: head,
                meaning,
            });
            words_from = tail;
            at_word_start = false;
        } else {
            at_word_start = !(first.is_alphanumeric() || first == '_');
        }
        rest = tail;
    }
    if !words_from.is_empty() {
        pieces.push(Piece {
            typed: words_from,
            meaning: Meaning::Words,
        });
    }
    Typed { pieces }
}

/// A tag in Slack's own form at the beginning of `rest`, if it names something that exists.
fn tag(workspace: &Workspace, rest: &str) -> Option<(usize, Meaning)> {
    let inner = rest.strip_prefix('<')?.split_once('>')?.0;
    let length = inner.len() + 2;
    let name = inner.split_once('|').map_or(inner, |(name, _)| name);
    let meaning = if let Some(id) = name.strip_prefix('@') {
        let person = workspace.people.get(id)?;
        Meaning::Person {
            id: person.id.clone(),
            handle: person.handle.clone(),
        }
    } else if let Some(id) = name.strip_prefix("!subteam^") {
        let group = workspace.groups.get(id)?;
        Meaning::Group {
            id: group.id.clone(),
            handle: group.handle.clone(),
        }
    } else if let Some(id) = name.strip_prefix('#') {
        let channel = workspace.channels.get(id)?;
        Meaning::Channel {
            id: channel.id.clone(),
            name: channel.name.clone(),
        }
    } else if let Some(word) = name.strip_prefix('!') {
        Meaning::Everybody(everybody(word)?)
    } else if name.starts_with("http://") || name.starts_with("https://") {
        Meaning::Link(name.to_owned())
    } else {
        return None;
    };
    Some((length, meaning))
}

fn everybody(word: &str) -> Option<String> {
    ["here", "channel", "everyone"]
        .contains(&word)
        .then(|| word.to_owned())
}

/// `@handle`, `#channel` or a link at the beginning of `rest`.
fn name_or_link(workspace: &Workspace, rest: &str) -> Option<(usize, Meaning)> {
    if rest.starts_with("http://") || rest.starts_with("https://") {
        let end = rest
            .find(|c: char| c.is_whitespace() || "<>\"".contains(c))
            .unwrap_or(rest.len());
        let link = rest
            .get(..end)?
            .trim_end_matches(['.', ',', ')', ';', ':', '!', '?']);
        return Some((link.len(), Meaning::Link(link.to_owned())));
    }
    let sigil = rest.chars().next()?;
    let body = rest.strip_prefix(sigil)?;
    let end = body
        .find(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))
        .unwrap_or(body.len());
    let mut name = body.get(..end)?;
    // A full stop after a name belongs to the sentence, unless the name really ends in one.
    loop {
        if let Some(meaning) = named(workspace, sigil, name) {
            return Some((name.len() + sigil.len_utf8(), meaning));
        }
        name = name.strip_suffix(['.', '-', '_'])?;
    }
}

fn named(workspace: &Workspace, sigil: char, name: &str) -> Option<Meaning> {
    if name.is_empty() {
        return None;
    }
    if sigil == '#' {
        let channel = workspace.channels.values().find(|channel| {
            channel.name == name && matches!(channel.kind, Kind::Public | Kind::Private)
        })?;
        return Some(Meaning::Channel {
            id: channel.id.clone(),
            name: channel.name.clone(),
        });
    }
    if let Some(word) = everybody(name) {
        return Some(Meaning::Everybody(word));
    }
    let person = workspace
        .people
        .values()
        .find(|person| person.handle == name);
    if let Some(person) = person {
        return Some(Meaning::Person {
            id: person.id.clone(),
            handle: person.handle.clone(),
        });
    }
    let group = workspace
        .groups
        .values()
        .find(|group| group.handle == name)?;
    Some(Meaning::Group {
        id: group.id.clone(),
        handle: group.handle.clone(),
    })
}

impl Typed<'_> {
    /// The text of a message.
    pub(super) fn message_text(&self) -> String {
        let pieces = self.pieces.iter().map(|piece| match &piece.meaning {
            Meaning::Words => escaped(piece.typed),
            Meaning::Person { id, .. } => format!("<@{id}>"),
            Meaning::Group { id, .. } => format!("<!subteam^{id}>"),
            Meaning::Channel { id, .. } => format!("<#{id}|>"),
            Meaning::Everybody(word) => format!("<!{word}>"),
            Meaning::Link(link) => format!("<{link}>"),
        });
        pieces.collect()
    }

    /// The text of a slash command: with names beside the ids if the manifest wants them escaped, else as typed.
    pub(super) fn command_text(&self, should_escape: bool) -> String {
        let pieces = self.pieces.iter().map(|piece| match &piece.meaning {
            _ if !should_escape => escaped(piece.typed),
            Meaning::Words => escaped(piece.typed),
            Meaning::Person { id, handle } => format!("<@{id}|{handle}>"),
            Meaning::Group { id, handle } => format!("<!subteam^{id}|@{handle}>"),
            Meaning::Channel { id, name } => format!("<#{id}|{name}>"),
            Meaning::Everybody(word) => format!("<!{word}>"),
            Meaning::Link(link) => format!("<{link}>"),
        });
        pieces.collect()
    }

    /// The `rich_text` block that Slack's clients send along.
    pub(super) fn rich_text(&self, block_id: &str) -> Value {
        let elements: Vec<_> = self
            .pieces
            .iter()
            .map(|piece| match &piece.meaning {
                Meaning::Words => json!({"type": "text", "text": piece.typed}),
                Meaning::Person { id, .. } => json!({"type": "user", "user_id": id}),
                Meaning::Group { id, .. } => json!({"type": "usergroup", "usergroup_id": id}),
                Meaning::Channel { id, .. } => json!({"type": "channel", "channel_id": id}),
                Meaning::Everybody(word) => json!({"type": "broadcast", "range": word}),
                Meaning::Link(link) => json!({"type": "link", "url": link}),
            })
            .collect();
        json!({
            "type": "rich_text",
            "block_id": block_id,
            "elements": [{"type": "rich_text_section", "elements": elements}],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cast;

    fn both(typed: &str) -> (String, String) {
        let workspace = cast::workspace(chrono::DateTime::default(), "Breakglass");
        let read = read(&workspace, typed);
        (read.message_text(), read.command_text(true))
    }

    #[test]
    fn people_groups_and_channels_become_ids() {
        let (message, command) = both("ask @morgan, @eng-managers in #engineering.");
        assert_eq!(
            message,
            "ask <@U0MORGAN01>, <!subteam^S0ENGMGRS1> in <#C0ENGINEER|>."
        );
        assert_eq!(
            command,
            "ask <@U0MORGAN01|morgan>, <!subteam^S0ENGMGRS1|@eng-managers> in <#C0ENGINEER|engineering>."
        );
    }

    #[test]
    fn what_names_nobody_stays_words_and_is_escaped() {
        assert_eq!(both("a < b && @nobody").0, "a &lt; b &amp;&amp; @nobody");
        assert_eq!(both("mail dana@morgan").0, "mail dana@morgan");
    }

    #[test]
    fn tags_in_slacks_own_form_are_kept_if_they_name_somebody() {
        assert_eq!(both("<@U0DANA0001> ok").1, "<@U0DANA0001|dana> ok");
        assert_eq!(both("<@U0NOBODY>").0, "&lt;@U0NOBODY&gt;");
    }

    #[test]
    fn links_and_broadcasts_are_marked() {
        assert_eq!(
            both("see https://x.example/a?b=1. @here").0,
            "see <https://x.example/a?b=1>. <!here>"
        );
    }

    #[test]
    fn text_of_any_script_survives() {
        for typed in ["日本語 @dana", "مرحبا بالعالم", "🔥🔥", "", "   "] {
            let (message, _) = both(typed);
            assert_eq!(message.replace("<@U0DANA0001>", "@dana"), typed);
        }
    }

    #[test]
    fn without_escaping_a_command_gets_what_was_typed() {
        let workspace = cast::workspace(chrono::DateTime::default(), "Breakglass");
        assert_eq!(
            read(&workspace, "fix @morgan").command_text(false),
            "fix @morgan"
        );
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_typed_is_lost(typed in ".{0,60}") {
            let workspace = cast::workspace(chrono::DateTime::default(), "Breakglass");
            let read = read(&workspace, &typed);
            let kept: String = read.pieces.iter().map(|piece| piece.typed).collect();
            proptest::prop_assert_eq!(kept, typed);
        }
    }
}
