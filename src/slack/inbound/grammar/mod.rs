//! The grammar of what people say to the bot: after `/emergency`, or after its
//! name in a message.
//!
//! Pure: it looks nobody up, reads no clock, knows no change. Its one rule is
//! that the fix is never blocked. A first word is a subcommand only if all words
//! after it are what that subcommand takes; everything else is a request.

pub(in crate::slack::inbound) mod markup;
mod normal;
mod spans;
#[cfg(test)]
mod tests;

use std::fmt;

pub use normal::Normal;
pub use spans::{Unit, Window};

use super::when::When;
use crate::domain::id::{ChangeNumber, UserId};
pub use crate::gesture::{Mention, Which};
use markup::{Reading, Word, is_invisible};

/// What a person asks of the bot in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slash {
    /// Nothing was said: the declare modal.
    Declare,
    /// An emergency change is requested.
    Request(Request),
    /// A change was deployed.
    Deployed {
        /// Which; without one, the person's own.
        change: Option<ChangeNumber>,
        /// When, in the person's words, such as `20 min ago`; without, now.
        when: Option<String>,
    },
    /// How a change stands.
    Status {
        /// Which; without one, the person's own.
        change: Option<ChangeNumber>,
    },
    /// A list of changes.
    List {
        /// Which of them.
        which: Which,
    },
    /// Fill in a change's ticket.
    Document {
        /// Which; without one, the person's own.
        change: Option<ChangeNumber>,
    },
    /// Take words out of a change's record.
    Redact {
        /// Which; without one, the person's own.
        change: Option<ChangeNumber>,
    },
    /// The emergency rate.
    Rate {
        /// Over which span; without one, the report's.
        window: Option<Window>,
    },
    /// What the next change meeting has to talk about.
    Agenda,
    /// The exceptions that wait for an answer.
    Exceptions,
    /// The auditor's pack.
    Evidence {
        /// For which change.
        change: Option<ChangeNumber>,
        /// For when, in the person's words, such as `last october sample 25`.
        period: Option<String>,
    },
    /// A rehearsal that counts nowhere. Its request may be blank: then the modal.
    Drill(Request),
    /// A normal change that no source tells of.
    Normal(Normal),
    /// What the bot understands.
    Help,
    /// One word that looks like a misspelt subcommand. The person is asked, and
    /// may request with one tap what was typed. So are those whose words may list a
    /// normal change and may ask for an emergency.
    Unsure {
        /// What was probably meant.
        meant: Verb,
        /// What was said, if it wasn't.
        request: Request,
    },
}

/// What is requested, and of whom.
///
/// Every person and group that is named is asked, once each and in the order of
/// appearance; the first is the one who should authorize, the rest are those to
/// turn to next. `@here`, `@channel` and `@everyone` are nobody in particular
/// and stay words. Bots, guests and strangers are turned down later, where
/// Slack can be asked who they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// The person's words, readable, without the names at either end that only
    /// say who is asked. A name inside the sentence belongs to the sentence and
    /// stays (`roll back what @sam deployed`), as does one that something leans
    /// on (`reverting the change by @sam`). Blank if there were only names.
    ///
    /// It is for reading and not yet safe to show: escape it, as all that people
    /// wrote. The evidence is the whole text, [`verbatim`].
    pub what: String,
    /// Who is asked to authorize. Empty: the policy's group is.
    pub asked: Vec<Mention>,
    /// When it was deployed already, in the person's words, where the line ends
    /// so: `…, deployed 20 min ago`. They aren't part of `what`.
    pub deployed: Option<String>,
}

/// The subcommands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is documented where it is understood, in Slash"
)]
pub enum Verb {
    Deployed,
    Status,
    List,
    Document,
    Redact,
    Rate,
    Agenda,
    Exceptions,
    Evidence,
    Drill,
    Normal,
    Help,
}

impl Verb {
    /// All subcommands, in the order in which help tells of them.
    pub const ALL: [Self; 12] = [
        Self::Deployed,
        Self::Status,
        Self::Document,
        Self::List,
        Self::Rate,
        Self::Agenda,
        Self::Exceptions,
        Self::Evidence,
        Self::Redact,
        Self::Drill,
        Self::Normal,
        Self::Help,
    ];

    /// Returns the word that people type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Status => "status",
            Self::List => "list",
            Self::Document => "document",
            Self::Redact => "redact",
            Self::Rate => "rate",
            Self::Agenda => "agenda",
            Self::Exceptions => "exceptions",
            Self::Evidence => "evidence",
            Self::Drill => "drill",
            Self::Normal => "normal",
            Self::Help => "help",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == word)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads what follows `/emergency`, as Slack delivers it.
pub fn parse(text: &str) -> Slash {
    let reading = Reading::of(text);
    let words = reading.words();
    let Some((_, after)) = words.split_first() else {
        return Slash::Declare;
    };
    let bare: Vec<String> = words.iter().map(|word| bare(reading.text(word))).collect();
    let bare: Vec<&str> = bare.iter().map(String::as_str).collect();
    let Some((first, rest)) = bare.split_first() else {
        return Slash::Declare;
    };
    match Verb::parse(first) {
        // `drill into the logs` is work, and must not be counted as a rehearsal.
        Some(Verb::Drill) if !matches!(rest, ["into" | "down" | "through" | "in", ..]) => {
            return Slash::Drill(request(&reading, after));
        }
        // Who names somebody asks them.
        Some(Verb::Normal) if reading.spots.is_empty() && !rest.is_empty() => {
            return match normal::read(&reading, &words) {
                Some((normal, true)) => Slash::Normal(normal),
                Some((_, false)) | None => Slash::Unsure {
                    meant: Verb::Normal,
                    request: request(&reading, &words),
                },
            };
        }
        Some(verb) if reading.spots.is_empty() => {
            if let Some(command) = command(verb, rest, &reading, after) {
                return command;
            }
        }
        Some(_) | None => {}
    }
    let request = request(&reading, &words);
    if rest.is_empty() && reading.spots.is_empty() {
        if is_call_for_help(first, &reading) {
            return Slash::Help;
        }
        if let Some(meant) = did_you_mean(first) {
            return Slash::Unsure { meant, request };
        }
    }
    Slash::Request(request)
}

/// Reads a whole text as a request, whatever its first word.
pub fn as_request(text: &str) -> Request {
    let reading = Reading::of(text);
    request(&reading, &reading.words())
}

/// Reads `normal …` as a normal change that is listed, whether or not it is certain
/// that this was meant; nothing if it says nothing.
pub fn as_normal(text: &str) -> Option<Normal> {
    let reading = Reading::of(text);
    let (normal, _) = normal::read(&reading, &reading.words())?;
    Some(normal)
}

/// Reads a message that names the bot, as Slack delivers it, or returns nothing
/// if it speaks about the bot rather than to it.
///
/// It speaks to the bot if it begins with its name, alone or among others.
/// A word of thanks at the end of a sentence must not declare an emergency.
pub fn parse_mention(text: &str, bot: &UserId) -> Option<Slash> {
    let opening = format!("<@{bot}");
    let (before, after) = text.match_indices(&opening).find_map(|(at, _)| {
        let (label, after) = text.get(at + opening.len()..)?.split_once('>')?;
        (label.is_empty() || label.starts_with('|')).then_some((text.get(..at)?, after))
    })?;
    if !Reading::of(before).words().iter().all(|word| word.names) {
        return None;
    }
    let after = after.trim_start_matches([',', ':']);
    let mut slash = parse(&format!("{before}{after}"));
    match &mut slash {
        Slash::Request(request) | Slash::Drill(request) | Slash::Unsure { request, .. } => {
            request.asked.retain(|asked| match asked {
                Mention::User(user) => user != bot,
                Mention::Group(_) | Mention::Handle(_) => true,
            });
        }
        Slash::Declare
        | Slash::Deployed { .. }
        | Slash::Status { .. }
        | Slash::List { .. }
        | Slash::Document { .. }
        | Slash::Redact { .. }
        | Slash::Rate { .. }
        | Slash::Agenda
        | Slash::Exceptions
        | Slash::Evidence { .. }
        | Slash::Normal(_)
        | Slash::Help => {}
    }
    Some(slash)
}

/// Returns a text as it was typed: Slack's escapes undone exactly once, names,
/// channels and links as they read. A name without a label stays `<@U123>`.
pub fn verbatim(text: &str) -> String {
    Reading::of(text).plain
}

/// Returns the subcommand that a word nearly is: one slip of a finger away, two
/// in a long word.
pub fn did_you_mean(word: &str) -> Option<Verb> {
    if word.eq_ignore_ascii_case("test") {
        return Some(Verb::Drill);
    }
    let word: Vec<char> = word.to_lowercase().chars().take(16).collect();
    Verb::ALL
        .into_iter()
        .map(|verb| (slips(&word, verb.as_str()), verb))
        .filter(|(slips, verb)| *slips <= if verb.as_str().len() > 5 { 2 } else { 1 })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, verb)| verb)
}

/// Returns how many slips turn one word into the other: a letter too many, too
/// few, wrong, or swapped with its neighbour.
fn slips(word: &[char], meant: &str) -> usize {
    let meant: Vec<char> = meant.chars().collect();
    let mut two_up: Vec<usize> = Vec::new();
    let mut row_above: Vec<usize> = (0..=meant.len()).collect();
    let mut left_of_word = None;
    for (n, letter) in word.iter().enumerate() {
        let mut this_row = vec![n + 1];
        let mut left_of_meant = None;
        for (m, wanted) in meant.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let mut fewest = (cell(&row_above, m) + usize::from(letter != wanted))
                .min(cell(&row_above, m + 1) + 1)
                .min(cell(&this_row, m) + 1);
            if left_of_word == Some(wanted) && left_of_meant == Some(letter) && m > 0 {
                fewest = fewest.min(cell(&two_up, m - 1) + 1);
            }
            this_row.push(fewest);
            left_of_meant = Some(wanted);
        }
        two_up = std::mem::replace(&mut row_above, this_row);
        left_of_word = Some(letter);
    }
    row_above.last().copied().unwrap_or_default()
}

fn is_call_for_help(word: &str, reading: &Reading) -> bool {
    matches!(word, "-h" | "--help" | "hello" | "hi" | "hey" | "thanks")
        || (word.is_empty() && reading.plain.contains('?'))
}

/// Returns a word as a subcommand knows it: in lower case, without what can't be
/// seen and without the punctuation after it.
pub(in crate::slack::inbound) fn bare(word: &str) -> String {
    let mut bare = word.to_lowercase();
    bare.retain(|c| !is_invisible(c));
    bare.truncate(bare.trim_end_matches([',', '.', ':', ';', '!', '?']).len());
    bare
}

/// Reads the words after a subcommand, or returns nothing if they aren't its.
fn command(verb: Verb, rest: &[&str], reading: &Reading, words: &[Word]) -> Option<Slash> {
    let one_change = |rest: &[&str]| match *rest {
        [] => Some(None),
        [word] => change(word).map(Some),
        _ => None,
    };
    match verb {
        Verb::Deployed => deployed(rest, reading, words),
        Verb::Status => one_change(rest).map(|change| Slash::Status { change }),
        Verb::Document => one_change(rest).map(|change| Slash::Document { change }),
        Verb::Redact => one_change(rest).map(|change| Slash::Redact { change }),
        Verb::List => {
            let which = match *rest {
                ["mine" | "my" | "me"] => Which::Mine,
                [] | ["open" | "all"] => Which::Open,
                ["overdue" | "late"] => Which::Overdue,
                _ => return None,
            };
            Some(Slash::List { which })
        }
        Verb::Rate if rest.is_empty() => Some(Slash::Rate { window: None }),
        Verb::Rate => spans::window(rest).map(|window| Slash::Rate {
            window: Some(window),
        }),
        Verb::Agenda => rest.is_empty().then_some(Slash::Agenda),
        Verb::Exceptions => rest.is_empty().then_some(Slash::Exceptions),
        Verb::Evidence => {
            // `2026` is a year.
            if spans::is_period(rest) {
                let (change, period) = (None, as_typed(reading, words));
                return Some(Slash::Evidence { change, period });
            }
            let period = None;
            one_change(rest).map(|change| Slash::Evidence { change, period })
        }
        // A drill's words are a request's, and `normal` alone says nothing; all else of
        // them is read before it gets here.
        Verb::Drill | Verb::Normal => None,
        Verb::Help => rest.is_empty().then_some(Slash::Help),
    }
}

fn is_time(words: &[&str]) -> bool {
    When::of(words).is_some()
}

fn deployed(rest: &[&str], reading: &Reading, words: &[Word]) -> Option<Slash> {
    if rest.is_empty() || is_time(rest) {
        return Some(Slash::Deployed {
            change: None,
            when: as_typed(reading, words),
        });
    }
    let (first, after) = rest.split_first()?;
    // `in 5 min` and `25:99` can't be right, and are answered as the times that
    // they are meant to be.
    if is_ahead(rest) || is_of_a_clock(rest) {
        return Some(Slash::Deployed {
            change: None,
            when: as_typed(reading, words),
        });
    }
    let change = change(first)?;
    // Whoever names a change by its full name states a time, readable or not.
    let is_named = first
        .get(..4)
        .is_some_and(|it| it.eq_ignore_ascii_case("chg-"));
    (is_named || after.is_empty() || is_time(after)).then(|| Slash::Deployed {
        change: Some(change),
        when: as_typed(reading, words.get(1..).unwrap_or_default()),
    })
}

/// Whether words are hours and minutes, of whatever clock.
fn is_of_a_clock(words: &[&str]) -> bool {
    let [word] = words else {
        return false;
    };
    word.split_once(':').is_some_and(|(hours, minutes)| {
        [hours, minutes].iter().all(|part| {
            (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// Whether words name a time that is still to come.
fn is_ahead(words: &[&str]) -> bool {
    match words {
        ["tomorrow"] => true,
        ["in", n, ..] if n.starts_with(|c: char| c.is_ascii_digit()) => words
            .get(1..)
            .is_some_and(|span| is_time(&[span, &["ago"]].concat())),
        _ => false,
    }
}

/// Reads a change's number. Bare digits must be a number that a change can
/// have: `status 500` is about a server.
fn change(word: &str) -> Option<ChangeNumber> {
    let number = ChangeNumber::parse(word)?;
    let is_bare = word.starts_with(|c: char| c.is_ascii_digit());
    (!is_bare || number >= ChangeNumber::FIRST).then_some(number)
}

/// Returns the words as they were typed, from the first to the last.
fn as_typed(reading: &Reading, words: &[Word]) -> Option<String> {
    let (first, last) = (words.first()?, words.last()?);
    Some(reading.part(first.at.start..last.at.end).to_owned())
}

/// Reads words as a request.
fn request(reading: &Reading, words: &[Word]) -> Request {
    let start = words.first().map_or(reading.plain.len(), |w| w.at.start);
    let mut asked: Vec<Mention> = Vec::new();
    for spot in reading.spots.iter().filter(|spot| spot.at.start >= start) {
        if !asked.contains(&spot.who) {
            asked.push(spot.who.clone());
        }
    }
    match deployed_already(reading, words) {
        Some((before, when)) => {
            let mut what = what(reading, before);
            let end = what.trim_end_matches([',', ';', ':', '-', '–', '—', ' ']);
            what.truncate(end.len());
            Request {
                what,
                asked,
                deployed: Some(when),
            }
        }
        None => Request {
            what: what(reading, words),
            asked,
            deployed: None,
        },
    }
}

/// Splits `, deployed 20 min ago` off the end of a request, before the names of
/// those asked. It has to be set off: `roll back what @sam deployed yesterday
/// 23:50` says what is rolled back.
fn deployed_already<'w>(reading: &Reading, words: &'w [Word]) -> Option<(&'w [Word], String)> {
    let n_names = words.iter().rev().take_while(|word| word.names).count();
    let (said, _) = words.split_at_checked(words.len() - n_names)?;
    let is = |word: &Word, wanted: &str| bare(reading.text(word)) == wanted;
    let at = said.iter().rposition(|word| is(word, "deployed"))?;
    let (before, rest) = said.split_at_checked(at)?;
    let (_, when) = rest.split_first()?;
    let stated = as_typed(reading, when)?;
    When::parse(&stated)?;
    let before = match before.split_last() {
        Some((last, earlier)) if is(last, "already") => earlier,
        _ => before,
    };
    let is_set_off = before.last().is_some_and(|word| {
        reading
            .text(word)
            .ends_with([',', ';', '.', ':', '!', '?', '-', '–', '—'])
    });
    let says_what = before.iter().any(|word| !word.names);
    (is_set_off && says_what).then_some((before, stated))
}

/// Returns the words between the names that stand at either end.
fn what(reading: &Reading, words: &[Word]) -> String {
    let text = |word: &Word| reading.text(word);
    let only_names =
        |word: &Word| word.names || matches!(text(word), "-" | "–" | "—" | ":" | "," | ";" | "|");

    let mut kept = words;
    let n_before = kept.iter().take_while(|word| only_names(word)).count();
    if let Some((before, after)) = kept.split_at_checked(n_before)
        && before.iter().any(|word| word.names)
        && !after.first().is_some_and(|word| joins_names(reading, word))
    {
        kept = after;
    }

    let n_after = kept
        .iter()
        .rev()
        .take_while(|word| only_names(word))
        .count();
    if let Some((before, after)) = kept.split_at_checked(kept.len() - n_after)
        && let Some(last_name) = after.iter().rfind(|word| word.names)
        && !before
            .last()
            .is_some_and(|word| leans_on_a_name(reading, word))
    {
        let mut what = as_typed(reading, before).unwrap_or_default();
        what.truncate(what.trim_end_matches([',', ';']).len());
        // The mark that ends the sentence stood after the name.
        if let Some(mark @ ('.' | '!' | '?')) = text(last_name).chars().next_back()
            && what.ends_with(char::is_alphanumeric)
        {
            what.push(mark);
        }
        return what;
    }
    as_typed(reading, kept).unwrap_or_default()
}

/// Whether a sentence that begins with this word needs the name before it.
fn joins_names(reading: &Reading, word: &Word) -> bool {
    matches!(
        &*bare(reading.text(word)),
        "and" | "or" | "&" | "+" | "/" | "cc" | "is" | "has"
    )
}

/// Whether a sentence that ends with this word needs the name that follows.
fn leans_on_a_name(reading: &Reading, word: &Word) -> bool {
    const LEANING: [&str; 25] = [
        "&", "+", "/", "a", "and", "as", "ask", "asked", "asking", "at", "by", "cc", "fao", "for",
        "from", "is", "of", "on", "or", "per", "plus", "the", "to", "via", "with",
    ];
    let text = reading.text(word);
    let is_emoji = text.len() > 2 && text.starts_with(':');
    LEANING.contains(&&*bare(reading.text(word)))
        || (text.ends_with(':') && !is_emoji && text != ":")
}
