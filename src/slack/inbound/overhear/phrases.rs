//! Looks for phrases among the words of a clause, and knows those that say
//! nothing.

/// Whether the words begin with a phrase.
pub(super) fn starts(words: &[&str], phrase: &[&str]) -> bool {
    words.get(..phrase.len()) == Some(phrase)
}

/// Returns where a phrase begins among the words.
pub(super) fn find(words: &[&str], phrase: &[&str]) -> Option<usize> {
    words
        .windows(phrase.len())
        .position(|window| window == phrase)
}

/// Whether one of the phrases stands among the words.
pub(super) fn any(words: &[&str], phrases: &[&[&str]]) -> bool {
    phrases.iter().any(|phrase| find(words, phrase).is_some())
}

/// Whether a word at the head of a clause only greets, or leads over.
pub(super) fn greets(word: &str) -> bool {
    matches!(
        word,
        "hi" | "hey"
            | "hello"
            | "heya"
            | "yo"
            | "morning"
            | "evening"
            | "afternoon"
            | "all"
            | "team"
            | "folks"
            | "guys"
            | "everyone"
            | "so"
            | "and"
            | "also"
            | "sorry"
            | "quick"
            | "question"
            | "please"
            | "just"
            | "then"
            | "urgent"
            | "emergency"
            | "heads"
            | "but"
            | "now"
            | "or"
            | "again"
            | "fyi"
            | "thanks"
            | "here"
            | "channel"
            | "btw"
            | "alright"
            | "right"
            | "update"
            | "actually"
            | "oh"
            | "ah"
    )
}
