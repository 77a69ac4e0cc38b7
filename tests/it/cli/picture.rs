//! The picture in the README: it shows what the bot says, word for word.

use super::{program, run};

/// Returns the text of an element without the tags in it.
fn text(element: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in element.chars() {
        match c {
            '<' => in_tag = true,
            '>' => in_tag = false,
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    text.replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#x27;", "'")
}

/// Words alone: how they are emphasised and broken into lines is the picture's.
fn words(text: &str) -> String {
    let plain = text.replace(['*', '│'], " ").replace('`', "");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_picture_shows_what_the_story_says() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(program(folder.path()).args(["demo", "--story"]));
    assert_eq!(told.code, Some(0), "{told:#?}");
    let story = words(&told.out);
    let picture = include_str!("../../../packaging/card.svg");
    let said: Vec<_> = picture
        .split("<text class=\"t said\">")
        .skip(1)
        .map(|rest| words(&text(rest.split("</text>").next().unwrap())))
        .collect();
    assert!(said.len() >= 10, "{said:?}");
    for line in said {
        assert!(story.contains(&line), "the story doesn't say {line:?}");
    }
}
