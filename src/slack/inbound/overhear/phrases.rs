//! Looks for words and phrases in a clause, and knows those that say nothing.
//!
//! Lists are written as sentences are: words apart by blanks, phrases by bars.

/// Whether a word stands in a list of words.
pub(super) fn among(word: &str, list: &str) -> bool {
    list.split_ascii_whitespace().any(|listed| listed == word)
}

/// Whether the words begin with a phrase.
pub(super) fn starts(words: &[&str], phrase: &[&str]) -> bool {
    words.get(..phrase.len()) == Some(phrase)
}

/// Returns where a phrase begins among the words.
pub(super) fn find(words: &[&str], phrase: &[&str]) -> Option<usize> {
    words
        .windows(phrase.len().max(1))
        .position(|window| window == phrase)
}

/// Returns where the phrases of a list stand among the words, from and to.
pub(super) fn found(words: &[&str], phrases: &str) -> impl Iterator<Item = (usize, usize)> {
    phrases.split('|').filter_map(|phrase| {
        let phrase: Vec<&str> = phrase.split_ascii_whitespace().collect();
        let at = find(words, &phrase)?;
        Some((at, at + phrase.len()))
    })
}

/// Whether one of the phrases of a list stands among the words.
pub(super) fn any(words: &[&str], phrases: &str) -> bool {
    found(words, phrases).next().is_some()
}

/// Whether the words are one of the phrases of a list, and nothing else.
pub(super) fn are(words: &[&str], phrases: &str) -> bool {
    found(words, phrases).any(|place| place == (0, words.len()))
}

/// Returns how long the first phrase of a list is with which the words begin.
pub(super) fn prefix(words: &[&str], phrases: &str) -> Option<usize> {
    phrases.split('|').find_map(|phrase| {
        let mut rest = words.iter();
        let mut phrase = phrase.split_ascii_whitespace();
        let n_words = phrase.clone().count();
        phrase
            .all(|wanted| rest.next().is_some_and(|word| *word == wanted))
            .then_some(n_words)
    })
}

/// Whether the words begin with one of the phrases of a list.
pub(super) fn starts_with(words: &[&str], phrases: &str) -> bool {
    prefix(words, phrases).is_some()
}

/// Whether a word at the head of a clause only greets, or leads over.
pub(super) fn greets(word: &str) -> bool {
    among(
        word,
        "hi hey hello heya yo morning evening afternoon all team folks \
         guys everyone so and also sorry quick question please just \
         then urgent emergency heads but now or again fyi thanks here \
         channel btw alright right update actually oh ah",
    )
}
