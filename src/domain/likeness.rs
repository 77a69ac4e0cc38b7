//! Whether two requests are likely one, told twice.

use std::collections::BTreeSet;

/// Words that say nothing about what is changed.
const FILLERS: [&str; 12] = [
    "a", "an", "and", "the", "to", "of", "in", "on", "for", "please", "now", "with",
];

/// Whether two requests read like the same one told twice: most of the words of
/// each stand in the other, too.
pub fn much_alike(one: &str, other: &str) -> bool {
    let (one, other) = (stems(one), stems(other));
    let shared = one.intersection(&other).count();
    let larger = one.len().max(other.len());
    larger > 0 && shared * 4 >= larger * 3
}

fn stems(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty() && !FILLERS.contains(&word.as_str()))
        .map(|word| {
            let stem = word.strip_suffix("ing").or_else(|| word.strip_suffix('s'));
            stem.filter(|stem| stem.chars().count() >= 3)
                .map_or(word.clone(), str::to_owned)
        })
        .collect()
}
