use super::reading::view;
use super::*;
use crate::slack::views::modal::{OpenedFrom, redact};

#[test]
fn the_form_says_by_numbers_what_goes_along_before_anything_goes() {
    let story = Story::deployed().documents(&[
        (Section::Testing, "ok"),
        (
            Section::Outcome,
            "Deploy WAF rule to block SQL injection: it works, ok",
        ),
    ]);
    insta::assert_snapshot!(view(&redact(&story.showing(), OpenedFrom::default())), @r"
    # Redact CHG-1001
    *CHG-1001*  Deploy WAF rule to block SQL injection
    · The words go for good, from here and from every message of mine that shows them. That they were there, who removed them, when and why stays for everybody to see, and the log still verifies. If it is a secret that still works, change it first.
    What has to go?
      [0 of 3 ▾]
      Times are UTC.
    *What goes along*, because it says the same words
    • 3 takes 1 along
    Why?
      [ ] A token was pasted into the ticket; it is revoked
      Everybody reads this. Don't repeat the secret.
    [Remove]
    ");
}

#[test]
fn where_nothing_repeats_anything_the_form_says_so() {
    let story =
        Story::deployed().documents(&[(Section::Testing, "ok"), (Section::Outcome, "ok, all up")]);
    let seen = view(&redact(&story.showing(), OpenedFrom::default()));
    assert!(seen.contains("just what you choose goes"), "{seen}");
    assert!(!seen.contains("What goes along"), "{seen}");
}
