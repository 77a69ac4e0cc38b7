//! Markup: escaping, tables, lists. What isn't made here is escaped before it comes in.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::domain::rate::grouped;

/// Text as it stands between tags and in quoted attributes. Control characters, which
/// HTML has no place for, are shown by their numbers.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            // Marks that turn the direction of what follows could make it read as
            // something else.
            letter if letter.is_control() || is_turning(letter) => {
                let _ = write!(out, "⟨U+{:04X}⟩", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out
}

fn is_turning(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text for a cell; nothing is a dash.
pub(super) fn cell(text: Option<&str>) -> String {
    text.map_or_else(|| "<span class=\"soft\">–</span>".to_owned(), escaped)
}

/// An instant for a cell.
pub(super) fn time(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(
        || "<span class=\"soft\">–</span>".to_owned(),
        |at| {
            format!(
                "<span class=\"t\">{}</span>",
                at.format("%Y-%m-%d %H:%M:%S")
            )
        },
    )
}

/// A count for a cell.
pub(super) fn number(n: u64) -> String {
    format!("<span class=\"n\">{}</span>", grouped(n))
}

/// A link to a file of the pack.
pub(super) fn link(path: &str, words: &str) -> String {
    let mut to = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                to.push(char::from(byte));
            }
            byte => {
                let _ = write!(to, "%{byte:02X}");
            }
        }
    }
    format!("<a href=\"{to}\">{}</a>", escaped(words))
}

/// A link to somewhere else, where it is one that can be followed.
pub(super) fn address(url: &str) -> String {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web {
        format!("<a rel=\"noreferrer\" href=\"{0}\">{0}</a>", escaped(url))
    } else {
        escaped(url)
    }
}

/// A table or a list in the making.
pub(super) struct Markup {
    out: String,
    end: &'static str,
    is_empty: bool,
}

impl Markup {
    pub(super) fn table(headings: &[&str]) -> Self {
        let mut out = "<div class=\"wide\"><table>\n<tr>".to_owned();
        for heading in headings {
            let _ = write!(out, "<th>{heading}</th>");
        }
        out.push_str("</tr>\n");
        Self {
            out,
            end: "</table></div>\n",
            is_empty: true,
        }
    }

    pub(super) fn list() -> Self {
        Self {
            out: "<dl>\n".to_owned(),
            end: "</dl>\n",
            is_empty: true,
        }
    }

    /// Adds a row of cells, each escaped already.
    pub(super) fn row(&mut self, cells: &[String]) {
        self.is_empty = false;
        self.out.push_str("<tr>");
        for cell in cells {
            let _ = write!(self.out, "<td>{cell}</td>");
        }
        self.out.push_str("</tr>\n");
    }

    /// Adds a label with plain text.
    pub(super) fn pair(&mut self, label: &str, text: &str) {
        self.marked(label, &escaped(text));
    }

    /// Adds a label with a hash or the like.
    pub(super) fn code(&mut self, label: &str, text: &str) {
        self.marked(label, &format!("<code>{}</code>", escaped(text)));
    }

    /// Adds a label with what is markup already.
    pub(super) fn marked(&mut self, label: &str, markup: &str) {
        self.is_empty = false;
        let _ = writeln!(self.out, "<dt>{}</dt><dd>{markup}</dd>", escaped(label));
    }

    /// Returns the markup; of nothing, nothing.
    pub(super) fn end(mut self) -> String {
        if self.is_empty {
            return String::new();
        }
        self.out.push_str(self.end);
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_never_markup() {
        let wrote = "<img src=x onerror=\"a\">&'\u{202e}\u{1b}";
        assert_eq!(
            escaped(wrote),
            "&lt;img src=x onerror=&quot;a&quot;&gt;&amp;&#39;⟨U+202E⟩⟨U+001B⟩"
        );
        assert_eq!(address("javascript:alert(1)"), "javascript:alert(1)");
        assert!(
            address("https://a.example/\"><b>").starts_with(
                "<a rel=\"noreferrer\" href=\"https://a.example/&quot;&gt;&lt;b&gt;\""
            )
        );
    }

    #[test]
    fn a_link_names_a_file_whatever_it_is_called() {
        let made = link("Sample 1 - 2026-10-15 PR #7/a&b.pdf", "a&b.pdf");
        assert_eq!(
            made,
            "<a href=\"Sample%201%20-%202026-10-15%20PR%20%237/a%26b.pdf\">a&amp;b.pdf</a>"
        );
    }
}
