//! One spelling for each word: hurried thumbs, two Englishes, thirty ways to write
//! yes.
//!
//! Pure; what it doesn't know stays as it was typed.

use crate::slack::inbound::grammar::markup::is_invisible;

/// Returns a word as the rules compare it: in lower case, without apostrophes, in
/// one spelling of several.
pub(super) fn canonical(typed: &str) -> String {
    let mut word = String::with_capacity(typed.len());
    for c in typed.chars().flat_map(char::to_lowercase) {
        if !matches!(c, '\'' | '’' | 'ʼ') && !is_invisible(c) {
            word.push(c);
        } else if matches!(c, '\'' | '’' | 'ʼ')
            && word == "we"
            && typed.to_lowercase().ends_with("ll")
        {
            // `we'll` must not become `well`.
            word.push('i');
        }
    }
    // `yesss`, `gooo`: no word of English has a letter three times.
    let mut kept: Vec<char> = Vec::with_capacity(word.len());
    let stretched = has_thrice(&word) && word.chars().all(char::is_alphabetic);
    for c in word.chars() {
        if !stretched || kept.last() != Some(&c) {
            kept.push(c);
        }
    }
    let word: String = kept.into_iter().collect();
    match one_spelling(&word) {
        Some(spelling) => spelling.to_owned(),
        None => word,
    }
}

fn has_thrice(word: &str) -> bool {
    let (mut last, mut n) = (None, 0);
    word.chars().any(|c| {
        n = if last == Some(c) { n + 1 } else { 1 };
        last = Some(c);
        n > 2
    })
}

/// Returns the spelling that the rules know, for one that they don't.
fn one_spelling(word: &str) -> Option<&'static str> {
    Some(match word {
        "okay" | "okey" | "oki" | "okie" | "kk" | "k" | "okk" => "ok",
        "yeah" | "yep" | "yup" | "yea" | "ya" | "yah" | "yas" | "yess" | "y" | "aye" | "yeh" => {
            "yes"
        }
        "nope" | "nah" | "naw" | "noo" | "nay" => "no",
        "pls" | "plz" | "plse" | "pleas" | "plase" | "pleaes" | "plx" => "please",
        "u" | "yall" => "you",
        "ur" => "your",
        "gonna" => "going",
        "w" => "with",
        "wanna" => "want",
        "thx" | "ty" | "tnx" | "thank" | "cheers" | "tks" | "thnx" => "thanks",
        "goahead" => "go-ahead",
        "nogo" => "no-go",
        "prd" | "prods" => "prod",
        "signoff" => "sign-off",
        "rollbacks" => "rollback",
        "rollin" => "rolling",
        "deployin" => "deploying",
        "deply" | "depoly" | "dpeloy" | "delpoy" | "deloy" | "deplpy" => "deploy",
        "authd" | "authed" => "authorized",
        "apprvd" | "apvd" | "apprvoed" | "approvd" | "aprvd" | "appd" => "approved",
        "apprv" | "aprove" | "approv" => "approve",
        "asap" => "now",
        "cannot" => "cant",
        other => return british(other).or_else(|| misspelt(other)),
    })
}

/// `authorise` and its kin.
fn british(word: &str) -> Option<&'static str> {
    Some(match word {
        "authorise" => "authorize",
        "authorised" => "authorized",
        "authorises" => "authorizes",
        "authorising" => "authorizing",
        "authorisation" | "authorisations" | "authorizations" | "authorizaton" => "authorization",
        "approvals" => "approval",
        "permissions" => "permission",
        _ => return None,
    })
}

/// The words on which all depends, in the slips of a hurried thumb: one letter
/// too many, too few, wrong, or swapped with its neighbour. The first is right.
fn misspelt(word: &str) -> Option<&'static str> {
    const MEANT: [&str; 8] = [
        "approved",
        "authorized",
        "authorization",
        "approval",
        "approve",
        "authorize",
        "permission",
        "rollback",
    ];
    if !(6..=14).contains(&word.len()) {
        return None;
    }
    let is_known = MEANT.contains(&word)
        || matches!(word, "approves" | "authorizes" | "approver" | "approvers");
    if is_known {
        return None;
    }
    MEANT
        .into_iter()
        .find(|meant| meant.as_bytes().first() == word.as_bytes().first() && is_a_slip(word, meant))
}

/// Whether one slip makes `word` of `meant`.
fn is_a_slip(word: &str, meant: &str) -> bool {
    let (word, meant) = (word.as_bytes(), meant.as_bytes());
    let same = word.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let (word, meant) = (word.get(same..), meant.get(same..));
    let (Some(word), Some(meant)) = (word, meant) else {
        return false;
    };
    match (word, meant) {
        ([_, after @ ..], _) if after == meant => true,
        (_, [_, wanted @ ..]) if word == wanted => true,
        ([_, after @ ..], [_, wanted @ ..]) if after == wanted => true,
        ([a, b, after @ ..], [c, d, wanted @ ..]) => a == d && b == c && after == wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(words: &str) -> String {
        let words: Vec<_> = words.split(' ').map(canonical).collect();
        words.join(" ")
    }

    #[test]
    fn one_word_has_one_spelling() {
        assert_eq!(
            spelt("Yessss k plz aproved authorised apporved APPROVED gooo don’t"),
            "yes ok please approved authorized approved approved go dont"
        );
    }

    #[test]
    fn another_word_is_no_slip() {
        let words = "improved proved approves approver disapproved authorizes well";
        assert_eq!(spelt(words), words);
        assert_eq!(spelt("we'll"), "weill");
    }
}
