//! What people type, and what is understood.

use proptest::prelude::*;

use super::*;
use crate::domain::id::GroupId;

fn user(id: &str) -> Mention {
    Mention::User(UserId::new(id))
}

fn group(id: &str) -> Mention {
    Mention::Group(GroupId::new(id))
}

fn handle(name: &str) -> Mention {
    Mention::Handle(name.to_owned())
}

fn wants(what: &str, asked: &[Mention]) -> Slash {
    Slash::Request(Request {
        what: what.to_owned(),
        asked: asked.to_vec(),
        deployed: None,
    })
}

fn drills(what: &str, asked: &[Mention]) -> Slash {
    match wants(what, asked) {
        Slash::Request(request) => Slash::Drill(request),
        other => other,
    }
}

fn deployed(change: Option<u64>, when: Option<&str>) -> Slash {
    Slash::Deployed {
        change: change.map(ChangeNumber),
        when: when.map(str::to_owned),
    }
}

fn status(change: Option<u64>) -> Slash {
    Slash::Status {
        change: change.map(ChangeNumber),
    }
}

fn list(which: Which) -> Slash {
    Slash::List { which }
}

fn rate(count: u16, unit: Unit) -> Slash {
    Slash::Rate {
        window: Some(Window { count, unit }),
    }
}

fn evidence(period: &str) -> Slash {
    Slash::Evidence {
        change: None,
        period: Some(period.to_owned()),
    }
}

fn evidence_of(change: Option<u64>) -> Slash {
    Slash::Evidence {
        change: change.map(ChangeNumber),
        period: None,
    }
}

fn unsure(meant: Verb, what: &str) -> Slash {
    Slash::Unsure {
        meant,
        request: Request {
            deployed: None,
            what: what.to_owned(),
            asked: vec![],
        },
    }
}

#[track_caller]
fn check(table: &[(&str, Slash)]) {
    for (text, expected) in table {
        assert_eq!(parse(text), *expected, "{text:?}");
    }
}

#[test]
fn nothing_but_white_space_opens_the_modal() {
    for text in [
        "",
        " ",
        "\t\n ",
        "\u{a0}\u{3000}",
        "\u{200b}\u{feff}",
        " \u{200f}\u{202c} ",
    ] {
        assert_eq!(parse(text), Slash::Declare, "{text:?}");
    }
}

#[test]
fn a_request_names_who_is_asked() {
    let waf = "Deploy WAF rule to block SQL injection";
    check(&[
        (waf, wants(waf, &[])),
        (
            &format!("{waf} <@U0MORGAN|morgan>"),
            wants(waf, &[user("U0MORGAN")]),
        ),
        (
            &format!("{waf} <@U0MORGAN>"),
            wants(waf, &[user("U0MORGAN")]),
        ),
        (
            &format!("{waf} <@W0MORGAN>"),
            wants(waf, &[user("W0MORGAN")]),
        ),
        (&format!("<@U1|morgan> {waf}"), wants(waf, &[user("U1")])),
        (&format!("<@U1|morgan>: {waf}"), wants(waf, &[user("U1")])),
        (&format!("<@U1|morgan> - {waf}"), wants(waf, &[user("U1")])),
        (&format!("{waf} — <@U1>"), wants(waf, &[user("U1")])),
        (&format!("{waf}, <@U1>"), wants(waf, &[user("U1")])),
        (
            &format!("{waf} <@U1>?"),
            wants(&format!("{waf}?"), &[user("U1")]),
        ),
        (&format!("{waf} <!subteam^S1>"), wants(waf, &[group("S1")])),
        (
            &format!("{waf} <!subteam^S1|@eng-managers>"),
            wants(waf, &[group("S1")]),
        ),
        (&format!("{waf} @morgan"), wants(waf, &[handle("morgan")])),
        (
            &format!("@engineering-manager {waf}. Authorization?"),
            wants(
                &format!("{waf}. Authorization?"),
                &[handle("engineering-manager")],
            ),
        ),
        (
            "<@U1|Morgan Le Fay> reverting",
            wants("reverting", &[user("U1")]),
        ),
        ("<@U1>", wants("", &[user("U1")])),
        ("<@U1> @riley", wants("", &[user("U1"), handle("riley")])),
        ("@morgan.", wants("", &[handle("morgan")])),
        (
            "תיקון דחוף @morgan",
            wants("תיקון דחוף", &[handle("morgan")]),
        ),
        ("热修复 @李雷", wants("热修复", &[handle("李雷")])),
        ("हॉटफिक्स @स्मिता", wants("हॉटफिक्स", &[handle("स्मिता")])),
    ]);
}

#[test]
fn several_are_asked_once_each_in_order_of_appearance() {
    check(&[
        (
            "restart db <@U1|morgan> <@U2|riley>",
            wants("restart db", &[user("U1"), user("U2")]),
        ),
        (
            "<@U2|riley> restart db <@U1|morgan> <@U2|riley>",
            wants("restart db", &[user("U2"), user("U1")]),
        ),
        (
            "roll back what <@U3|sam> deployed <@U1|morgan>",
            wants("roll back what @sam deployed", &[user("U3"), user("U1")]),
        ),
        (
            "<@U1|morgan> and <@U2|riley> restart db",
            wants("@morgan and @riley restart db", &[user("U1"), user("U2")]),
        ),
        (
            "restart db @morgan or @riley",
            wants(
                "restart db @morgan or @riley",
                &[handle("morgan"), handle("riley")],
            ),
        ),
        (
            "restart db @morgan/@riley",
            wants(
                "restart db @morgan/@riley",
                &[handle("morgan"), handle("riley")],
            ),
        ),
        (
            "reverting the change by @sam",
            wants("reverting the change by @sam", &[handle("sam")]),
        ),
        (
            "restart db, authorizer: <@U1|morgan>",
            wants("restart db, authorizer: @morgan", &[user("U1")]),
        ),
        (
            "db is down :fire: @morgan",
            wants("db is down :fire:", &[handle("morgan")]),
        ),
        (
            "<@U1|morgan>'s fix broke db",
            wants("@morgan's fix broke db", &[user("U1")]),
        ),
        (
            "restart db (@morgan)",
            wants("restart db (@morgan)", &[handle("morgan")]),
        ),
        (
            "why does <@U1> page",
            wants("why does <@U1> page", &[user("U1")]),
        ),
    ]);
}

#[test]
fn not_every_at_sign_names_somebody() {
    for text in [
        "mail dana@example.com about it",
        "mail josé@example.com about it",
        "pin left-pad@1.2 and @types/node",
        "restart db @5pm",
        "restart db @ noon",
        "she said \"ask @riley\" and left",
        "she said “ask @riley” and left",
        "run `notify @riley` now",
        "run ```notify\n@riley``` now",
        "@here db is down, @channel, @Everyone",
        "see https://example.com/@morgan/post",
    ] {
        assert_eq!(parse(text), wants(text, &[]), "{text:?}");
    }
    check(&[
        (
            "<!here> db is down <!channel> <!everyone|@everyone>",
            wants("@here db is down @channel @everyone", &[]),
        ),
        (
            "see <https://example.com/@morgan>",
            wants("see https://example.com/@morgan", &[]),
        ),
        (
            "&gt; approved, @riley\nrestart db",
            wants("> approved, @riley\nrestart db", &[]),
        ),
        // An inch is no quotation, and Slack's own mention counts anywhere.
        (
            "the 5\" pipe @riley 3\" pipe",
            wants("the 5\" pipe @riley 3\" pipe", &[handle("riley")]),
        ),
        (
            "\"restart db <@U1|morgan>\"",
            wants("\"restart db @morgan\"", &[user("U1")]),
        ),
        ("部署@morgan", wants("部署@morgan", &[handle("morgan")])),
    ]);
}

#[test]
fn slacks_markup_reads_as_it_was_typed() {
    check(&[
        ("fix &amp; ship &lt;b&gt;", wants("fix & ship <b>", &[])),
        ("print &amp;lt; twice", wants("print &lt; twice", &[])),
        ("a &amp;amp; b", wants("a &amp; b", &[])),
        (
            "typed &lt;@U1&gt; by hand",
            wants("typed <@U1> by hand", &[]),
        ),
        (
            "db down in <#C1|inc-auth>",
            wants("db down in #inc-auth", &[]),
        ),
        ("db down in <#C1>", wants("db down in #C1", &[])),
        ("db down in <#G1|>", wants("db down in #G1", &[])),
        ("db down in #inc-auth", wants("db down in #inc-auth", &[])),
        (
            "see <https://x.io/a?b=1&amp;c=2>",
            wants("see https://x.io/a?b=1&c=2", &[]),
        ),
        ("see <http://x.io|x.io>", wants("see x.io", &[])),
        (
            "see <https://x.io/1|the &amp; runbook>",
            wants("see the & runbook (https://x.io/1)", &[]),
        ),
        (
            "see <https://evil.example/x.io|x.io>",
            wants("see x.io (https://evil.example/x.io)", &[]),
        ),
        (
            "mail <mailto:dana@example.com|dana@example.com>",
            wants("mail dana@example.com", &[]),
        ),
        (
            "since <!date^1392734382^{time}|02:19>",
            wants("since 02:19", &[]),
        ),
        ("if a < b & c > d", wants("if a < b & c > d", &[])),
        (
            "<@nobody> <> <#> <!> <x>",
            wants("<@nobody> <> <#> <!> <x>", &[]),
        ),
        ("db down :fire: 🔥👩‍🚒", wants("db down :fire: 🔥👩‍🚒", &[])),
        (
            "  restart\u{a0}db\nand cache  ",
            wants("restart\u{a0}db\nand cache", &[]),
        ),
        (
            "\u{200f}תיקון\u{200e} db\u{200b} \u{200f}<@U1|morgan>\u{200f}",
            wants("\u{200f}תיקון\u{200e} db\u{200b}", &[user("U1")]),
        ),
    ]);
}

#[test]
fn a_subcommand_is_one_only_with_words_of_its_own() {
    check(&[
        ("help", Slash::Help),
        ("HELP!", Slash::Help),
        ("?", Slash::Help),
        ("hello", Slash::Help),
        ("\u{200b}help\u{feff}", Slash::Help),
        (
            "help wanted on db @riley",
            wants("help wanted on db", &[handle("riley")]),
        ),
        ("help @riley", wants("help", &[handle("riley")])),
        ("status", status(None)),
        ("Status CHG-1042", status(Some(1042))),
        ("status chg-7?", status(Some(7))),
        ("status #1042", status(Some(1042))),
        ("status 1042", status(Some(1042))),
        ("status 500", wants("status 500", &[])),
        (
            "status page is down @morgan",
            wants("status page is down", &[handle("morgan")]),
        ),
        (
            "status CHG-1042 CHG-1043",
            wants("status CHG-1042 CHG-1043", &[]),
        ),
        (
            "status CHG-1042 <@U1>",
            wants("status CHG-1042", &[user("U1")]),
        ),
        ("list", list(Which::Open)),
        ("list open", list(Which::Open)),
        ("list MINE", list(Which::Mine)),
        ("list overdue", list(Which::Overdue)),
        (
            "list of hosts is wrong",
            wants("list of hosts is wrong", &[]),
        ),
        ("document", Slash::Document { change: None }),
        (
            "document CHG-1042",
            Slash::Document {
                change: Some(ChangeNumber(1042)),
            },
        ),
        (
            "document store is down",
            wants("document store is down", &[]),
        ),
        ("agenda", Slash::Agenda),
        (
            "agenda service is down",
            wants("agenda service is down", &[]),
        ),
        ("exceptions", Slash::Exceptions),
        ("exceptions in auth", wants("exceptions in auth", &[])),
        ("drill", drills("", &[])),
        (
            "drill db is gone <@U1>",
            drills("db is gone", &[user("U1")]),
        ),
        ("Drill: db is gone", drills("db is gone", &[])),
        (
            "drill into the logs @sam",
            wants("drill into the logs", &[handle("sam")]),
        ),
    ]);
}

#[test]
fn deployed_takes_a_change_and_words_for_a_time() {
    check(&[
        ("deployed", deployed(None, None)),
        ("Deployed.", deployed(None, None)),
        ("deployed CHG-1042", deployed(Some(1042), None)),
        ("deployed 1042", deployed(Some(1042), None)),
        (
            "deployed CHG-1042, 20 min ago",
            deployed(Some(1042), Some("20 min ago")),
        ),
        (
            "deployed CHG-1042 at 02:19",
            deployed(Some(1042), Some("at 02:19")),
        ),
    ]);
    for when in [
        "20 min ago",
        "20min ago",
        "1h20m ago",
        "1 h 20 min ago",
        "an hour ago",
        "half an hour ago",
        "an hour and a half ago",
        "1.5 hours ago",
        "~5m ago",
        "just now",
        "now",
        "02:19",
        "at 2:19am",
        "2 am",
        "02:19:05Z",
        "02:19 UTC",
        "02:19 Europe/Berlin",
        "yesterday 23:50 CET",
        "Yesterday at 23:50",
        "last night",
        "Friday 23:50",
        "2026-11-21 02:19",
        "2026-11-21T02:19:00+01:00",
        "Nov 21 at 02:19",
        "21 nov 2026 02:19 +0100",
        "20\u{a0}min\u{a0}ago",
    ] {
        assert_eq!(
            parse(&format!("deployed {when}")),
            deployed(None, Some(when)),
            "{when}"
        );
        assert_eq!(
            parse(&format!("deployed CHG-1042 {when}")),
            deployed(Some(1042), Some(when)),
            "{when}"
        );
    }
    for request in [
        "deployed wrong config, reverting",
        "deployed 20 hosts ago",
        "deployed at",
        "deployed and",
        "deployed half",
        "deployed 500",
        "deployed to a and b",
        "deployed on friday and broke it",
        "deployed in eu-west is broken",
    ] {
        assert_eq!(parse(request), wants(request, &[]), "{request}");
    }
    // Nothing else can be meant by these; that they say no time is answered.
    assert_eq!(
        parse("deployed CHG-1042 to prod"),
        deployed(Some(1042), Some("to prod"))
    );
    for when in ["25:00", "02:60", "in 5 min", "tomorrow"] {
        assert_eq!(
            parse(&format!("deployed {when}")),
            deployed(None, Some(when)),
            "{when}"
        );
    }
    check(&[(
        "deployed wrong config, reverting @morgan",
        wants("deployed wrong config, reverting", &[handle("morgan")]),
    )]);
}

#[test]
fn rate_and_evidence_take_words_for_a_span() {
    check(&[
        ("rate", Slash::Rate { window: None }),
        ("rate 12 weeks", rate(12, Unit::Weeks)),
        ("rate 12w", rate(12, Unit::Weeks)),
        ("rate for the past 90 days", rate(90, Unit::Days)),
        ("rate last month", rate(1, Unit::Months)),
        ("rate this quarter", rate(1, Unit::Quarters)),
        (
            "rate limit raised on api @morgan",
            wants("rate limit raised on api", &[handle("morgan")]),
        ),
        ("rate 0 weeks", wants("rate 0 weeks", &[])),
        ("rate 99999 weeks", wants("rate 99999 weeks", &[])),
        ("evidence", evidence_of(None)),
        ("evidence last october", evidence("last october")),
        ("evidence 2026-10", evidence("2026-10")),
        ("Evidence Q3 2026", evidence("Q3 2026")),
        (
            "evidence from 2026-10-01 to 2026-10-31 sample 25 seed 7",
            evidence("from 2026-10-01 to 2026-10-31 sample 25 seed 7"),
        ),
        (
            "evidence --from 2026-10-01 --to 2026-10-31",
            evidence("--from 2026-10-01 --to 2026-10-31"),
        ),
        ("evidence CHG-1042", evidence_of(Some(1042))),
        ("evidence 1042", evidence_of(Some(1042))),
        ("evidence 2026", evidence("2026")),
        ("evidence this quarter", evidence("this quarter")),
        ("evidence 2026-02-30", evidence("2026-02-30")),
        (
            "evidence 2026-09-30 2026-07-01",
            evidence("2026-09-30 2026-07-01"),
        ),
        (
            "evidence of intrusion on db",
            wants("evidence of intrusion on db", &[]),
        ),
        ("evidence of the", wants("evidence of the", &[])),
        ("evidence 25", wants("evidence 25", &[])),
    ]);
}

#[test]
fn a_slip_of_the_finger_is_asked_about_only_when_alone() {
    check(&[
        ("satus", unsure(Verb::Status, "satus")),
        ("hlep", unsure(Verb::Help, "hlep")),
        ("Deploy", unsure(Verb::Deployed, "Deploy")),
        ("documnet", unsure(Verb::Document, "documnet")),
        ("test", unsure(Verb::Drill, "test")),
        ("satus page is down", wants("satus page is down", &[])),
        ("satus @morgan", wants("satus", &[handle("morgan")])),
        ("outage", wants("outage", &[])),
        ("rollback", wants("rollback", &[])),
    ]);
    assert_eq!(did_you_mean("supercalifragilistic"), None);
    assert_eq!(did_you_mean(""), None);
    for verb in Verb::ALL {
        assert_eq!(did_you_mean(verb.as_str()), Some(verb));
    }
}

#[test]
fn a_message_to_the_bot_is_read_as_its_command() {
    let bot = UserId::new("U0BOT");
    let to_bot = |text: &str| parse_mention(text, &bot);
    assert_eq!(to_bot("<@U0BOT>"), Some(Slash::Declare));
    assert_eq!(to_bot("<@U0BOT> status CHG-1042"), Some(status(Some(1042))));
    assert_eq!(to_bot("<@U0BOT|breakglass>: help"), Some(Slash::Help));
    assert_eq!(
        to_bot("<@U0BOT> restart db <@U1>"),
        Some(wants("restart db", &[user("U1")]))
    );
    assert_eq!(
        to_bot("<@U1> <@U0BOT> restart db"),
        Some(wants("restart db", &[user("U1")]))
    );
    assert_eq!(
        to_bot("<@U0BOTANY> <@U0BOT> restart db <@U0BOT>"),
        Some(wants("restart db", &[user("U0BOTANY")]))
    );
    assert_eq!(
        to_bot("<@U0BOT> drill db gone"),
        Some(drills("db gone", &[]))
    );
    for text in [
        "thanks <@U0BOT>!",
        "restart db",
        "ask <@U0BOT> to do it",
        "<@U0BOTANY> hi",
    ] {
        assert_eq!(to_bot(text), None, "{text}");
    }
}

#[test]
fn three_thousand_characters_are_read_quickly_and_whole() {
    for filler in [
        "word ",
        "<",
        "@a ",
        "\"",
        "`",
        "<@U1> ",
        "“",
        "&amp;",
        ":",
        "é\u{301} ",
    ] {
        let text = format!("deploy {}", filler.repeat(3000 / filler.len()));
        match parse(&text) {
            Slash::Request(request) => assert!(request.what.starts_with("deploy"), "{filler}"),
            Slash::Unsure { .. } if filler == ":" => {}
            other => panic!("{filler}: {other:?}"),
        }
    }
    let words = "restart the database ".repeat(143);
    assert_eq!(parse(&words), wants(words.trim(), &[]));
}

/// Escapes as Slack does.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A piece of a line: what Slack delivers, and the word that must be kept of it.
fn piece() -> impl Strategy<Value = (String, Option<String>)> {
    prop_oneof![
        4 => "[a-zA-Zéß漢א0-9]{1,9}".prop_map(|word| (word.clone(), Some(word))),
        1 => Just(("&lt;&amp;&gt;x".to_owned(), Some("<&>x".to_owned()))),
        1 => Just(("<#C1|inc-auth>".to_owned(), Some("#inc-auth".to_owned()))),
        1 => Just(("<https://x.io|runbook>".to_owned(), Some("(https://x.io)".to_owned()))),
        1 => Just(("<!here>".to_owned(), Some("@here".to_owned()))),
        1 => Just((":fire:".to_owned(), Some(":fire:".to_owned()))),
        1 => Just(("and".to_owned(), Some("and".to_owned()))),
        1 => "<@U[0-9]\\|someone>,?".prop_map(|mention| (mention, None)),
        1 => "<!subteam\\^S[0-9]\\|@team>".prop_map(|mention| (mention, None)),
        1 => "@[a-z]{3,6}\\??".prop_map(|mention| (mention, None)),
        1 => "[-,—\u{200b}\u{200f}]".prop_map(|mark| (mark, None)),
    ]
}

proptest! {
    #[test]
    fn whatever_is_typed_is_understood_somehow(text in "\\PC{0,200}") {
        let _ = parse(&text);
        let _ = parse_mention(&text, &UserId::new("U1"));
    }

    #[test]
    fn markup_gone_wrong_is_understood_somehow(
        text in "([<>@#!|&;:\"`“”/ \\n.-]|<@U1|&lt;|&amp;|subteam\\^S1|status|deployed|ago|\u{200b}|é|[0-9a-z]){0,60}"
    ) {
        let _ = parse(&text);
        let _ = parse_mention(&text, &UserId::new("U1"));
    }

    #[test]
    fn the_verbatim_text_is_exactly_what_was_typed(text in "\\PC{0,200}") {
        prop_assert_eq!(verbatim(&escaped(&text)), text);
    }

    #[test]
    fn no_word_of_a_request_is_lost(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" ");
        if let Slash::Request(request) = parse(&text) {
            let mut rest = request.what.as_str();
            for kept in pieces.iter().filter_map(|(_, kept)| kept.as_deref()) {
                let found = rest.split_once(kept);
                prop_assert!(found.is_some(), "{:?} lost {:?}: {:?}", text, kept, request.what);
                rest = found.map_or("", |(_, after)| after);
            }
        }
    }

    #[test]
    fn what_is_wanted_reads_the_same_when_said_again(pieces in prop::collection::vec(piece(), 0..12)) {
        let text = pieces.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" ");
        if let Slash::Request(first) = parse(&text)
            && let Slash::Request(again) = parse(&escaped(&first.what))
        {
            prop_assert_eq!(&again.what, &first.what);
        }
    }

    #[test]
    fn a_person_who_is_named_is_asked(
        before in "[a-z]{1,8}( [a-z]{1,8}){0,5}",
        after in "( [a-z]{1,8}){0,5}",
        id in "[UW][A-Z0-9]{4,10}",
    ) {
        // A drill asks too; only the name of the variant differs.
        match parse(&format!("{before} <@{id}|someone>{after}")) {
            Slash::Request(request) | Slash::Drill(request) => {
                prop_assert_eq!(request.asked, vec![user(&id)]);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

fn already(what: &str, asked: &[Mention], when: &str) -> Slash {
    match wants(what, asked) {
        Slash::Request(request) => Slash::Request(Request {
            deployed: Some(when.to_owned()),
            ..request
        }),
        other => other,
    }
}

#[test]
fn what_is_deployed_already_says_when_at_its_end() {
    for typed in [
        "Deploy WAF rule, deployed 20 min ago",
        "Deploy WAF rule; already deployed 20 min ago",
        "Deploy WAF rule – deployed 20 min ago",
    ] {
        assert_eq!(
            parse(typed),
            already("Deploy WAF rule", &[], "20 min ago"),
            "{typed}"
        );
    }
    assert_eq!(
        parse("Deploy WAF rule, deployed 02:19 UTC <@U123MORGAN>"),
        already("Deploy WAF rule", &[user("U123MORGAN")], "02:19 UTC")
    );
    assert_eq!(
        parse("Deploy WAF rule @morgan, deployed yesterday 23:50"),
        already("Deploy WAF rule", &[handle("morgan")], "yesterday 23:50")
    );
    assert_eq!(
        parse("drill Deploy WAF rule, deployed 20 min ago"),
        match already("Deploy WAF rule", &[], "20 min ago") {
            Slash::Request(request) => Slash::Drill(request),
            other => other,
        }
    );
}

#[test]
fn a_deployment_that_is_part_of_the_sentence_stays_in_it() {
    for typed in [
        "Roll back what was deployed yesterday 23:50",
        "Roll back the build that we deployed 20 min ago",
        "Restart auth, deployed by the wrong pipeline",
        "Restart auth, deployed",
        "Restart auth, deployed 20 min ago by sam",
    ] {
        assert_eq!(parse(typed), wants(typed, &[]), "{typed}");
    }
}

#[test]
fn a_whole_text_is_a_request_whatever_its_first_word() {
    let request = as_request("status page is down, help <@U123MORGAN>");
    assert_eq!(request.what, "status page is down, help");
    assert_eq!(request.asked, [user("U123MORGAN")]);
    assert_eq!(as_request("help").what, "help");
}
