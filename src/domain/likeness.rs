//! Whether two requests are about the same thing, by their words alone.
//!
//! A guess that only ever asks a person *the same?*: it decides nothing. It
//! would rather stay silent than ask about two different fixes.

use std::collections::BTreeSet;

/// Words that say how something is said, or that every request here says.
const SAY_NOTHING: &str = "\
    a about again all an and any approval approve are as asap at auth authorization \
    authorize be by can change could deploy do emergency fix for from get go going have \
    hi hotfix i immediately in into is it just m me my need needed now of ok on or our \
    please pls prod production push re release right s ship so that the this to urgent \
    want we will with would you your yet";

/// Of all words of both, at least three in four are common to both.
const COMMON: (usize, usize) = (3, 4);

/// Where one says all that the other says and more, at least half are common.
const CONTAINED: (usize, usize) = (1, 2);

/// So many words have to be common before one text can be the other cut short.
const ENOUGH_TO_CONTAIN: usize = 3;

/// Whether two texts ask for much the same, in other words.
///
/// Names and numbers tell like things apart: `db-1` isn't `db-2`, and version
/// 2.3 isn't 2.4, however much is said around them.
pub fn much_alike(a: &str, b: &str) -> bool {
    let (a, b) = (Words::of(a), Words::of(b));
    if !a.numbers.is_empty() && !b.numbers.is_empty() && a.numbers != b.numbers {
        return false;
    }
    let (mut one, mut other) = (a.telling(), b.telling());
    if one.is_empty() || other.is_empty() {
        // Nothing tells; then only the very same words are the same.
        (one, other) = (a.all, b.all);
        return !one.is_empty() && one == other;
    }
    let n_common = one.intersection(&other).count();
    let n_words = one.union(&other).count();
    let contained = n_common == one.len().min(other.len());
    is_part(n_common, n_words, COMMON)
        || (contained && n_common >= ENOUGH_TO_CONTAIN && is_part(n_common, n_words, CONTAINED))
}

fn is_part(n: usize, of: usize, (part, whole): (usize, usize)) -> bool {
    n * whole >= of * part
}

/// The words of a text, as a set: order and repetition say little.
struct Words {
    /// Every word.
    all: BTreeSet<String>,
    /// Those with a digit in them.
    numbers: BTreeSet<String>,
}

impl Words {
    fn of(text: &str) -> Self {
        let all: BTreeSet<String> = without_references(text)
            .to_lowercase()
            .split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-' | '_'))
            .flat_map(parts)
            .map(|word| stem(&word))
            .collect();
        let numbers = all
            .iter()
            .filter(|word| word.chars().any(|c| c.is_ascii_digit()))
            .cloned()
            .collect();
        Self { all, numbers }
    }

    fn telling(&self) -> BTreeSet<String> {
        let silent: BTreeSet<String> = SAY_NOTHING.split_whitespace().map(stem).collect();
        self.all.difference(&silent).cloned().collect()
    }
}

/// Leaves out what Slack puts into angle brackets: people, channels, addresses.
fn without_references(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    for (n, part) in text.split('<').enumerate() {
        let said = match part.split_once('>') {
            Some((_, after)) if n > 0 => after,
            Some(_) | None => part,
        };
        left.push(' ');
        left.push_str(said);
    }
    left
}

/// `v2.3.1` and `db-1` are one word each; `sql-injection.` is two.
fn parts(token: &str) -> Vec<String> {
    let token = token.trim_matches(['.', '-', '_']);
    if token.chars().any(|c| c.is_ascii_digit()) {
        // A version is the same with and without its letter.
        let bare = token.strip_prefix('v').filter(|rest| {
            rest.chars()
                .next()
                .is_some_and(|first| first.is_ascii_digit())
        });
        return vec![bare.unwrap_or(token).to_owned()];
    }
    token
        .split(['.', '-', '_'])
        .filter(|word| !word.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

/// Cuts off what English hangs onto a verb or a noun. Crude, and the same for
/// both texts, which is all that is needed.
fn stem(word: &str) -> String {
    /// A shorter rest isn't the same word any more: `ring`, `bus`.
    const REST: usize = 3;
    if word.chars().any(|c| c.is_ascii_digit()) {
        return word.to_owned();
    }
    for ending in ["ing", "ment", "ed", "es", "s"] {
        let Some(rest) = word.strip_suffix(ending) else {
            continue;
        };
        let is_plural_only = ending == "s" && (rest.ends_with('s') || rest.ends_with('u'));
        if rest.chars().count() < REST || is_plural_only {
            continue;
        }
        return whole(rest);
    }
    whole(word)
}

/// `rolled` and `rolling` leave `roll`, but `stopped` leaves `stopp`; `release`
/// loses the same `e` as `releasing` did.
fn whole(stem: &str) -> String {
    let stem = stem.strip_suffix('e').unwrap_or(stem);
    let mut letters = stem.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(last), Some(before)) if last == before && !matches!(last, 'l' | 's') => {
            letters.rev().chain([last]).collect()
        }
        _ => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ways round, because neither request is the first by its words.
    fn alike(a: &str, b: &str) -> bool {
        let answer = much_alike(a, b);
        assert_eq!(answer, much_alike(b, a), "{a} / {b}");
        answer
    }

    #[test]
    fn the_same_fix_in_other_words_is_alike() {
        for (a, b) in [
            (
                "Deploy WAF rule to block SQL injection",
                "deploying the WAF rule, blocks SQL injection",
            ),
            (
                "Deploy WAF rule to block SQL injection",
                "WAF rule for SQL injection",
            ),
            (
                "Deploy WAF rule to block SQL injection",
                "<@U0MORGAN01> deploying WAF rule to block SQL injection. Authorization?",
            ),
            (
                "Roll back payments to v2.3.1",
                "rolling back payments 2.3.1",
            ),
            ("restart payments-api", "Restarting Payments API now"),
            ("fail over db-1", "failing over db-1, please"),
            ("Releasing the cache patch", "release cache patches"),
        ] {
            assert!(alike(a, b), "{a} / {b}");
        }
    }

    #[test]
    fn another_fix_is_not_alike_however_much_is_said_around_it() {
        for (a, b) in [
            (
                "Deploy WAF rule to block SQL injection",
                "Deploy WAF rule to block XSS in search",
            ),
            (
                "Deploy WAF rule to block SQL injection",
                "Deploy WAF rule to block XSS injection",
            ),
            ("restart payments-api", "restart checkout-api"),
            ("enable the checkout flag", "disable the checkout flag"),
            ("fail over db-1", "fail over db-2"),
            (
                "Roll back payments to v2.3.1",
                "Roll back payments to v2.3.2",
            ),
            ("scale search to 3 replicas", "scale search to 30 replicas"),
            ("restart payments", "restart payments database primary"),
        ] {
            assert!(!alike(a, b), "{a} / {b}");
        }
    }

    #[test]
    fn short_texts_are_alike_only_word_for_word() {
        assert!(alike("Rollback!", "rollback"));
        assert!(alike("deploy now", "Deploy. Now."));
        assert!(!alike("rollback", "restart"));
        assert!(!alike("deploy now", "deploy it"));
        assert!(!alike("deploy", "deploy the cache patch"));
        assert!(!alike("", ""));
        assert!(!alike("<@U0MORGAN01>", "!?"));
    }

    #[test]
    fn letters_of_every_language_are_words() {
        assert!(alike(
            "Заблокировать доступ к API",
            "заблокировать доступ к api!"
        ));
        assert!(!alike("データベースを再起動", "キャッシュを再起動"));
    }

    #[test]
    fn order_and_repetition_say_nothing() {
        assert!(alike(
            "cache patch, cache patch for eu",
            "for EU: the cache patch"
        ));
    }

    #[test]
    fn a_word_that_says_nothing_says_nothing_in_any_of_its_forms() {
        assert!(alike("Releasing the cache patch", "deploys cache patch"));
        assert!(alike(
            "need approval: cache patch",
            "please approve cache patch"
        ));
    }
}
