//! Conversations in small: who may answer whom, where, and how late.

use proptest::prelude::*;

use super::*;
use crate::domain::id::GroupId;

/// A conversation, told line by line; the seconds run by themselves.
#[derive(Default)]
struct Talk(Vec<Line>);

impl Talk {
    fn at(mut self, second: usize, by: &str, text: &str) -> Self {
        self.0.push(Line {
            by: UserId::new(by),
            text: text.to_owned(),
            ts: ts(second),
            thread: None,
            bot: false,
            edited: false,
        });
        self
    }

    fn says(self, by: &str, text: &str) -> Self {
        let second = self.0.len() * 30;
        self.at(second, by, text)
    }

    /// The last line stands in the thread under the line with this number.
    fn under(mut self, root: usize) -> Self {
        let thread = self.0[root].ts.clone();
        self.0.last_mut().unwrap().thread = Some(thread);
        self
    }

    fn found(&self) -> Option<(usize, usize, Verdict)> {
        let place = |line: &Line| self.0.iter().position(|other| other.ts == line.ts).unwrap();
        pair(&self.0).map(|pair| (place(pair.request), place(pair.answer), pair.verdict))
    }

    fn request_before_last(&self) -> Option<usize> {
        let request = request_before(&self.0, self.0.last().unwrap())?;
        self.0.iter().position(|line| line == request)
    }
}

fn ts(second: usize) -> MessageTs {
    MessageTs::new(format!("{}.000100", 1_760_753_640 + second))
}

fn asked(text: &str) -> Vec<Mention> {
    asks(text).unwrap().asked
}

const GRANTED: Option<(usize, usize, Verdict)> = Some((0, 1, Verdict::Grant));
const ASKS: &str = "<@U2> rolling back checkout. Authorization?";

#[test]
fn the_guides_own_two_lines_are_a_pair() {
    let talk = Talk::default()
        .says(
            "U1",
            "@engineering-manager deploying WAF rule to block SQL injection. Authorization?",
        )
        .says("U2", "@engineering-manager approved. Deploy.");
    assert_eq!(talk.found(), GRANTED);
    let wanted = pair(&talk.0).unwrap().wanted;
    assert_eq!(wanted.what, "deploying WAF rule to block SQL injection");
    assert_eq!(
        wanted.asked,
        [Mention::Handle("engineering-manager".to_owned())]
    );
}

#[test]
fn whoever_was_asked_by_name_answers_and_nobody_else() {
    let ask = || Talk::default().says("U1", ASKS);
    assert_eq!(ask().says("U2", "approved").found(), GRANTED);
    assert_eq!(ask().says("U3", "approved").found(), None);
    assert_eq!(ask().says("U1", "approved").found(), None);
}

#[test]
fn who_stands_in_for_the_one_asked_answers_too() {
    let ask = || Talk::default().says("U1", ASKS);
    let said = "I'm Morgan's deputy tonight. Approved.";
    assert_eq!(ask().says("U3", said).found(), GRANTED);
    assert_eq!(ask().says("U1", said).found(), None);
    let of_another = "Kim is the deputy. Approved.";
    assert_eq!(ask().says("U3", of_another).found(), None);
}

#[test]
fn jokes_and_drills_ask_and_grant_nothing() {
    for said in ["lol go ahead", "approved :upside_down_face:", "sure 😂"] {
        assert_eq!(answers(said), None, "{said}");
    }
    for said in [
        "EXERCISE: <@U2> ok to fail over prod?",
        "<@U2> haha can we just drop the db",
    ] {
        assert_eq!(asks(said), None, "{said}");
    }
    assert!(asks(":rotating_light: this is not a drill. <@U2> ok to fail over prod?").is_some());
    assert!(asks(":warning:\n<@U2> ok to fail over prod?").is_some());
}

#[test]
fn a_group_and_a_plain_handle_are_answered_by_anybody_but_the_asker() {
    for who in ["<!subteam^S1|@eng-managers>", "@morgan"] {
        let ask = || Talk::default().says("U1", &format!("{who} ok to roll back checkout?"));
        assert_eq!(ask().says("U3", "yes").found(), GRANTED, "{who}");
        assert_eq!(ask().says("U1", "yes").found(), None, "{who}");
    }
}

#[test]
fn where_nobody_is_asked_only_a_direct_or_a_clear_answer_counts() {
    let ask = || Talk::default().says("U1", "ok to roll back checkout?");
    assert_eq!(ask().says("U3", "yes").found(), GRANTED);
    assert_eq!(ask().says("U3", "+1 from me").found(), None);
    let chatter = || ask().says("U4", "seeing errors too");
    assert_eq!(chatter().says("U3", "yes").found(), None);
    assert_eq!(
        chatter().says("U3", "approved").found(),
        Some((0, 2, Verdict::Grant))
    );
}

#[test]
fn an_answer_half_an_hour_later_still_counts_and_no_later_one() {
    let ask = || Talk::default().at(0, "U1", ASKS);
    assert_eq!(ask().at(1_800, "U2", "approved").found(), GRANTED);
    assert_eq!(ask().at(1_801, "U2", "approved").found(), None);
}

#[test]
fn an_answer_belongs_to_its_thread_or_to_the_message_above_it() {
    let ask = || Talk::default().says("U1", ASKS);
    assert_eq!(ask().says("U2", "approved").under(0).found(), GRANTED);
    let in_thread = || Talk::default().says("U3", "so").says("U1", ASKS).under(0);
    assert_eq!(in_thread().says("U2", "approved").found(), None);
    assert_eq!(
        in_thread().says("U2", "approved").under(0).found(),
        Some((1, 2, Verdict::Grant))
    );
}

#[test]
fn the_root_of_a_thread_still_stands_in_the_channel() {
    let mut talk = Talk::default().says("U1", ASKS).says("U2", "approved");
    talk.0[0].thread = Some(talk.0[0].ts.clone());
    assert_eq!(talk.found(), GRANTED);
}

#[test]
fn what_a_program_says_and_what_was_edited_is_no_half_of_a_pair() {
    for n in 0..2 {
        let mut talk = Talk::default().says("U1", ASKS).says("U2", "approved");
        talk.0[n].bot = true;
        assert_eq!(talk.found(), None);
        talk.0[n].bot = false;
        talk.0[n].edited = true;
        assert_eq!(talk.found(), None);
    }
}

#[test]
fn of_two_open_requests_none_is_guessed() {
    let both = || {
        Talk::default()
            .says("U1", "<@U2> ok to roll back checkout?")
            .says("U3", "<@U2> can I restart redis?")
    };
    assert_eq!(both().says("U2", "approved").found(), None);
    assert_eq!(both().says("U2", "approved").request_before_last(), None);
    // Unless the answer says which.
    assert_eq!(
        both().says("U2", "<@U3> approved").found(),
        Some((1, 2, Verdict::Grant))
    );
    assert_eq!(
        both().says("U2", "rollback approved").found(),
        Some((0, 2, Verdict::Grant))
    );
    // The first is answered, the second isn't.
    assert_eq!(
        Talk::default()
            .says("U1", "<@U2> ok to roll back checkout?")
            .says("U2", "approved")
            .says("U3", "<@U2> can I restart redis?")
            .says("U2", "not yet")
            .found(),
        Some((2, 3, Verdict::Refuse))
    );
}

#[test]
fn who_asks_again_has_asked_once() {
    let talk = Talk::default()
        .says("U1", ASKS)
        .says(
            "U1",
            "<@U2> rolling back checkout now, authorization please?",
        )
        .says("U2", "approved");
    assert_eq!(talk.found(), Some((1, 2, Verdict::Grant)));
}

#[test]
fn the_last_word_on_a_request_counts() {
    let refused = Talk::default().says("U1", ASKS).says("U2", "not yet");
    assert_eq!(refused.found(), Some((0, 1, Verdict::Refuse)));
    let then = refused.says("U2", "ok, approved");
    assert_eq!(then.found(), Some((0, 2, Verdict::Grant)));
    // A second yes adds nothing, and thanks take nothing back.
    let again = then.says("U2", "yes").says("U1", "thanks");
    assert_eq!(again.found(), Some((0, 2, Verdict::Grant)));
}

#[test]
fn a_request_that_was_taken_back_is_not_open() {
    let talk = Talk::default()
        .says("U1", ASKS)
        .says("U1", "never mind, it recovered")
        .says("U2", "approved");
    assert_eq!(talk.found(), None);
}

#[test]
fn a_short_answer_after_somebody_elses_question_may_be_for_them() {
    let ask = || {
        Talk::default()
            .says("U1", ASKS)
            .says("U3", "is search down too?")
    };
    assert_eq!(ask().says("U2", "yes").found(), None);
    assert_eq!(ask().says("U2", "go ahead").found(), None);
    assert_eq!(
        ask().says("U2", "approved").found(),
        Some((0, 2, Verdict::Grant))
    );
    assert_eq!(
        ask().says("U2", "<@U1> go ahead").found(),
        Some((0, 2, Verdict::Grant))
    );
}

#[test]
fn a_mere_yes_to_a_question_that_turns_it_round_is_nothing() {
    let mind = || Talk::default().says("U1", "<@U2> mind if I restart redis?");
    assert_eq!(mind().says("U2", "yes").found(), None);
    assert_eq!(mind().says("U2", "no").found(), None);
    assert_eq!(mind().says("U2", "go ahead").found(), GRANTED);
    let objections = || Talk::default().says("U1", "<@U2> any objections to restarting redis?");
    assert_eq!(objections().says("U2", "no").found(), GRANTED);
    assert_eq!(objections().says("U2", "yes").found(), None);
}

#[test]
fn another_plan_is_no_answer() {
    let ask = || Talk::default().says("U1", "<@U2> ok to deploy the hotfix?");
    assert_eq!(ask().says("U2", "roll it back").found(), None);
    assert_eq!(ask().says("U2", "deploy it").found(), GRANTED);
}

#[test]
fn the_change_may_stand_in_the_line_before_the_question() {
    let talk = Talk::default()
        .says("U1", "rolling back checkout to 4.11")
        .says("U1", "<@U2> authorization?")
        .says("U2", "approved");
    assert_eq!(talk.found(), Some((1, 2, Verdict::Grant)));
    let wanted = pair(&talk.0).unwrap().wanted;
    assert_eq!(wanted.what, "rolling back checkout to 4.11");
    assert_eq!(wanted.asked, [Mention::User(UserId::new("U2"))]);
    assert_eq!(asks("<@U2> authorization?"), None);
}

#[test]
fn a_person_may_say_that_a_line_answers_whatever_its_words() {
    let talk = Talk::default()
        .says("U1", ASKS)
        .says("U2", "hm, alright then");
    assert_eq!(talk.found(), None);
    assert_eq!(talk.request_before_last(), Some(0));
    let by_the_asker = Talk::default().says("U1", ASKS).says("U1", "hm");
    assert_eq!(by_the_asker.request_before_last(), None);
    // The line needn't be among those that were fetched.
    let line = Talk::default().at(60, "U2", "approved").0;
    let before = Talk::default().says("U1", ASKS).0;
    assert_eq!(request_before(&before, &line[0]), before.first());
}

#[test]
fn the_change_is_told_without_greeting_names_and_question() {
    for (text, what) in [
        (
            "<@U2> can I push the hotfix to prod?",
            "push the hotfix to prod",
        ),
        (
            "hey <@U2>, rolling back `api` to v2.31.0, ok?",
            "rolling back `api` to v2.31.0",
        ),
        (
            "need approval to restart payments-worker, <@U2>",
            "restart payments-worker",
        ),
        ("<@U2> pls approve redis restart", "redis restart"),
        (
            "A &amp; B fail. <@U2> safe to re-enable writes on db?",
            "A & B fail. re-enable writes on db",
        ),
    ] {
        assert_eq!(asks(text).unwrap().what, what, "{text}");
    }
}

#[test]
fn who_is_only_spoken_of_is_not_asked() {
    let user = |id: &str| Mention::User(UserId::new(id));
    assert_eq!(
        asked("<@U2> ok to roll back what <@U5> deployed?"),
        [user("U2")]
    );
    assert_eq!(
        asked("<@U2> ok to revert <@U5>'s deploy? cc <@U6>"),
        [user("U2")]
    );
    assert_eq!(asked("<@U2> is it ok if I restart redis?"), [user("U2")]);
    assert_eq!(
        asked("<!subteam^S1> <@U2> ok to restart redis?"),
        [Mention::Group(GroupId::new("S1")), user("U2")]
    );
}

#[test]
fn other_questions_ask_for_no_authorization() {
    for text in [
        "<@U2> did that deploy?",
        "<@U2> is the deploy done?",
        "<@U2> who approved the rollback?",
        "<@U2> can you restart the replica?",
        "<@U2> do we need approval to restart a replica?",
        "<@U2> can you approve my PR?",
        "<@U2> is it ok if I take Friday off?",
        "<@U2> can we deploy the redesign on monday?",
        "<@U2> ok to deploy to staging?",
        "<@U2> authorization errors are spiking on the api",
        "once the snapshot is done, can we restore it? <@U2>",
        "can we roll back if this fails?",
        "permission to deploy is granted by the IC, see runbook",
        "we got approval for the restart",
        "&gt; <@U2> ok to deploy?\nhe asked",
        "<@U2> `ok to deploy?` is what it prints",
    ] {
        assert_eq!(asks(text), None, "{text}");
    }
}

/// What people write in incident channels, sentence by sentence, under headings
/// that say what each does.
const SENTENCES: &str = include_str!("../../../../tests/fixtures/rehearse/sentences.txt");

#[test]
fn each_sentence_does_what_its_heading_says() {
    let mut heading = "";
    let mut n_read = 0;
    let mut wrong = Vec::new();
    for line in SENTENCES.lines() {
        if let Some(next) = line.strip_prefix("== ") {
            heading = next;
            continue;
        }
        let is_so = match heading {
            "asks" => asks(line).is_some(),
            "asks nothing" => asks(line).is_none(),
            "grants" => answers(line) == Some(Verdict::Grant),
            "refuses" => answers(line) == Some(Verdict::Refuse),
            "decides nothing" => answers(line).is_none(),
            other => panic!("no such heading: {other}"),
        };
        n_read += 1;
        if !is_so {
            wrong.push(format!("{heading}: {line}"));
        }
    }
    assert!(n_read > 500, "{n_read}");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Pieces of which hostile messages are made.
const PIECES: &str =
    "[<>@#!|&;:`~'\"*_.,?\\-\n ]|<@U2>|&gt;|```|approved|deploy|ok|no|:\\+1:|👍🏽|\u{200d}|é|\\PC";

proptest! {
    #[test]
    fn no_text_breaks_the_rules(pieces in prop::collection::vec(PIECES, 0..60)) {
        let text = pieces.concat();
        let _ = (asks(&text), answers(&text));
        let talk = Talk::default().says("U1", ASKS).says("U2", &text).says("U3", &text);
        let _ = (talk.found(), talk.request_before_last());
    }
}

#[test]
fn the_longest_message_of_slacks_is_read_whatever_it_is_made_of() {
    for piece in [
        "a",
        "ok to deploy? ",
        "approved ",
        "`",
        "\"",
        "“",
        "'",
        "~",
        "<",
        "<@U2> ",
        "@a ",
        "`@",
        ":",
        ":a",
        "://",
        "\n",
        "&gt;\n",
        "&",
        "👍",
        "'a",
        "x.",
        "rolling ",
        "if ",
    ] {
        let text = piece.repeat(12_000 / piece.len());
        let _ = (asks(&text), answers(&text));
    }
}
