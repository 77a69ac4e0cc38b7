//! Several changes at once: which one is meant, the queue of exceptions, the
//! agenda of the next team meeting.

use std::collections::BTreeSet;
use std::sync::Arc;

use breakglass::domain::authorization::{Member, Standing};
use breakglass::domain::change::{Actor, Command, Source, Submission};
use breakglass::domain::id::{ChangeNumber, UserId, WorkspaceId};
use breakglass::domain::policy::PolicyVersion;
use breakglass::domain::text::{Salt, Text};
use breakglass::domain::ticket::{Field, Kind, Told, Writing, content_hash, gaps};
use breakglass::store::{Execution, Options, Rules, Store, Target};
use serde_json::json;

use super::{hours, in_production, minutes, requested};
use crate::world::{CHANNEL, World};

/// Two requests of Dana's, both authorized.
async fn two_authorized() -> World {
    let mut world = World::new().await;
    for what in ["Deploy WAF rule", "Restart the login pods"] {
        world.slash("dana", &format!("{what} @morgan")).await;
        world.press("morgan", CHANNEL, "authorize").await;
    }
    world.skip();
    world
}

/// Presses the button of a change among those whispered to somebody.
async fn press_for(world: &mut World, who: &str, action: &str, number: u64) {
    let seen = world.hand.transcript(who, CHANNEL).await.unwrap();
    let message = seen
        .iter()
        .rev()
        .find(|message| message.to_string().contains("Which change"))
        .unwrap();
    let value = message["usable"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["action_id"] == action)
        .map(|one| one["value"].as_str().unwrap().to_owned())
        .find(|value| value.starts_with(&number.to_string()))
        .unwrap();
    let click = json!({
        "as": who, "channel": CHANNEL, "ts": message["ts"], "action_id": action, "value": value,
    });
    let answer = world.try_act("click", click).await.unwrap();
    crate::world::acknowledged(&answer);
    world.settle().await;
}

#[tokio::test]
async fn deployed_without_a_number_offers_the_likely_changes_and_keeps_the_time() {
    let mut world = two_authorized().await;
    world.go(minutes(10)).await;
    let told_at = world.now().await;
    world.slash("dana", "deployed 5 min ago").await;
    world.heard("dana, aside", &["Which change was deployed?"]);
    assert_eq!(world.n_facts("deployed"), 0);
    world.go(minutes(2)).await;
    press_for(&mut world, "dana", "deployed_at", 1001).await;
    let fact = world.fact("deployed");
    assert_eq!(fact.change, Some(1001));
    let at: chrono::DateTime<chrono::Utc> =
        fact.data["deployed_at"].as_str().unwrap().parse().unwrap();
    assert!((told_at - minutes(5) - at).abs() < minutes(1), "{at}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn status_and_document_without_a_number_offer_the_likely_changes() {
    let mut world = two_authorized().await;
    world.slash("dana", "status").await;
    world.heard("dana, aside", &["Which change?"]);
    press_for(&mut world, "dana", "status", 1002).await;
    world.heard("dana, aside", &["Restart the login pods"]);
    world.slash("dana", "document").await;
    world.heard("dana, aside", &["Which change's ticket?"]);
    press_for(&mut world, "dana", "document", 1001).await;
    let modal = world.hand.modal("dana").await.unwrap();
    assert!(modal.to_string().contains("CHG-1001"), "{modal}");
    world.end().await;
}

#[tokio::test]
async fn five_likely_changes_are_enough() {
    let mut world = World::new().await;
    for n in 0..7 {
        world
            .slash("dana", &format!("Fix number {n} @morgan"))
            .await;
    }
    world.skip();
    world.slash("dana", "status").await;
    let read = world.read("dana, aside");
    let [one] = read.as_slice() else {
        panic!("{read:#?}")
    };
    assert_eq!(one.words.matches("CHG-10").count(), 5, "{}", one.words);
    assert!(one.words.contains("CHG-1007"), "{}", one.words);
    world.end().await;
}

#[tokio::test]
async fn the_queue_of_exceptions_is_oldest_first_and_empties_by_answers() {
    let mut world = World::new().await;
    world.slash("sam", "exceptions").await;
    world.heard("sam, aside", &["No exception waits for an answer"]);
    for what in ["Deploy WAF rule", "Restart the login pods"] {
        world.slash("dana", &format!("{what} @morgan")).await;
        world.go(minutes(7)).await;
        world.press("dana", CHANNEL, "go_ahead").await;
        world.press("dana", CHANNEL, "deployed").await;
    }
    world.skip();
    world.go(hours(1)).await;
    world.slash("sam", "exceptions").await;
    let read = world.read("sam, aside");
    let words = &read[0].words;
    assert!(words.contains("(2, of 2 changes)"), "{words}");
    let (first, second) = (words.find("CHG-1001"), words.find("CHG-1002"));
    assert!(first < second, "{words}");
    assert!(words.contains("1 h"), "{words}");
    // Anybody reads it; who deployed can't answer.
    world.skip();
    world.slash("dana", "exceptions").await;
    answer(&mut world, "dana").await;
    assert_eq!(world.n_facts("exception_answered"), 0);
    world.skip();
    world.slash("priya", "exceptions").await;
    answer(&mut world, "priya").await;
    assert_eq!(world.n_facts("exception_answered"), 1);
    world.skip();
    world.slash("sam", "exceptions").await;
    world.heard("sam, aside", &["(1, of 1 change)"]);
    world.skip();
    world.end().await;
}

async fn answer(world: &mut World, who: &str) {
    world.tap(who, CHANNEL, "answer_exceptions").await;
    let answers = [
        ("cause", json!("Nobody with authority was on call.")),
        ("remedy", json!("An approver joins the rota.")),
        ("owner", json!("U0PRIYA001")),
    ];
    world.send_in(who, &answers).await;
}

/// Writes the whole ticket, by hand: this is not about its form.
async fn document_by_hand(world: &mut World, number: ChangeNumber) -> String {
    world.stop().await;
    let now = world.now().await;
    let options = Options::at(world.database());
    let store = Store::open(&options, WorkspaceId::new("T0BREAK01")).unwrap();
    let policy = world.setting.policy.policy(PolicyVersion(1)).unwrap();
    let text = |words: String| Text::new(words, Salt([9; 32]));
    let mut texts = Vec::new();
    let change = store.change(number).await.unwrap().unwrap().change;
    let mut fields = Vec::new();
    for field in gaps(&change, &policy) {
        let told = match field.row().kind {
            Kind::Recorded => continue,
            Kind::Words => Told::Words(text(format!(
                "{field}: rule 4711 blocks all forty samples, see https://ci.example.com/4711"
            ))),
            Kind::Choice(_) if field == Field::Permanence => Told::Choice("permanent".to_owned()),
            Kind::Choice(choices) => Told::Choice(choices[0].to_owned()),
            Kind::Category => Told::Choice(policy.categories[0].id.clone()),
            Kind::Link | Kind::Links => {
                Told::Links(text("https://acme.slack.com/archives/C0/p1".to_owned()))
            }
            Kind::Person => Told::Person(UserId::new("U0DANA0001")),
            Kind::Instant => Told::Instant(now),
            Kind::Systems => Told::Systems(Vec::new()),
        };
        if let Told::Words(text) | Told::Links(text) = &told {
            texts.push(text.clone());
        }
        fields.push(Writing {
            field,
            told,
            base: None,
            taken_from: None,
        });
    }
    let dana = UserId::new("U0DANA0001");
    let by = Member {
        id: dana.clone(),
        standing: Standing::Full,
        groups: BTreeSet::new(),
    };
    let execution = Execution {
        target: Target::Change(number),
        submissions: vec![Submission {
            actor: Actor::Person(dana),
            at: now,
            source: Source::Slack,
            command: Command::Document {
                by: Some(by),
                fields,
                standing: Vec::new(),
            },
        }],
        texts,
        gesture: None,
        met: Vec::new(),
        asks_back: None,
        afterwards: None,
    };
    let rules = Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin));
    store.execute(execution, rules, now).await.unwrap();
    let change = store.change(number).await.unwrap().unwrap().change;
    store.close().await;
    drop(store);
    world.start().await;
    world.settle().await;
    format!("{}:{}", number.0, content_hash(&change))
}

#[tokio::test]
async fn a_meeting_reviews_what_was_approved_in_one_go() {
    let mut world = in_production().await;
    world.slash("sam", "agenda").await;
    world.heard("sam, aside", &["no emergency change to review"]);
    world.slash("dana", "Restart the login pods @morgan").await;
    for (who, action) in [
        ("dana", "criterion:production_down"),
        ("morgan", "authorize"),
        ("riley", "take_command"),
        ("dana", "deployed"),
    ] {
        world.press(who, CHANNEL, action).await;
    }
    for number in [1001, 1002] {
        let seen = document_by_hand(&mut world, ChangeNumber(number)).await;
        world.deliver_press("morgan", "approve", &seen).await;
        world.settle().await;
    }
    assert_eq!(world.n_facts("approved"), 2);
    world.skip();
    world.slash("morgan", "agenda").await;
    world.heard("morgan, aside", &["For the next team meeting"]);
    world.tap("morgan", CHANNEL, "record_meeting").await;
    let tomorrow = (world.now().await + hours(24)).timestamp();
    let early = world
        .submit("morgan", &[("held_at", json!(tomorrow))])
        .await;
    assert_eq!(early["outcome"], "errors", "{early}");
    let held_at = world.now().await.timestamp();
    world
        .send_in(
            "morgan",
            &[
                ("held_at", json!(held_at)),
                ("minutes", json!("https://wiki.example.com/minutes/1")),
                (
                    "improvements",
                    json!("Such rules are ready to switch on now."),
                ),
            ],
        )
        .await;
    let mut facts = world.facts();
    facts.retain(|fact| fact.kind == "meeting_held");
    let held: Vec<_> = facts.iter().map(|fact| fact.change).collect();
    assert_eq!(held, [Some(1001), Some(1002)]);
    for fact in &facts {
        assert_eq!(fact.actor, "user:U0MORGAN01");
        assert_eq!(fact.data, facts[0].data);
    }
    let told = world.read("morgan, aside");
    assert!(told[0].words.contains("CHG-1001 and CHG-1002"), "{told:#?}");
    world.skip();
    world.slash("morgan", "agenda").await;
    world.heard("morgan, aside", &["no emergency change to review"]);
    world.end().await;
}

#[tokio::test]
async fn a_list_shows_what_is_due_and_when() {
    let mut world = in_production().await;
    world.slash("dana", "list mine").await;
    world.heard("dana, aside", &["the ticket, due"]);
    world.slash("dana", "list overdue").await;
    world.heard("dana, aside", &["Nothing is overdue"]);
    world.end().await;
}

/// Goes on, and reads what the list of the overdue says then.
async fn overdue_after(world: &mut World, time: chrono::TimeDelta) -> String {
    world.go(time).await;
    world.skip();
    world.slash("sam", "list overdue").await;
    world.read("sam, aside").pop().unwrap().words
}

#[tokio::test]
async fn a_miss_that_was_made_good_is_no_longer_overdue() {
    let mut world = super::deployed().await;
    let early = overdue_after(&mut world, hours(23)).await;
    assert!(early.contains("Nothing is overdue"), "{early}");
    let late = overdue_after(&mut world, hours(2)).await;
    assert!(late.contains("Overdue emergency changes* (1)"), "{late}");
    assert!(late.contains("the ticket, overdue since"), "{late}");
    world.document("dana", CHANNEL, &super::SECTIONS).await;
    // The decision is late, too, and still owed.
    let still = overdue_after(&mut world, minutes(1)).await;
    assert!(
        still.contains("the retrospective decision, overdue"),
        "{still}"
    );
    world.approve("morgan", "@breakglass").await;
    assert_ne!(world.stage(1001), "closed", "the misses wait for answers");
    assert!(world.n_facts("deadline_missed") > 1);
    let none = overdue_after(&mut world, minutes(1)).await;
    assert!(none.contains("Nothing is overdue"), "{none}");
    // Nobody answers for the misses: that is overdue in its turn.
    let unanswered = overdue_after(&mut world, hours(7 * 24)).await;
    assert!(unanswered.contains("(1)"), "{unanswered}");
    assert!(
        unanswered.contains("the answer to an exception, overdue"),
        "{unanswered}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn what_is_chased_on_after_the_closing_can_be_overdue() {
    let mut world = super::documented().await;
    world.approve("morgan", "@breakglass").await;
    assert_eq!(world.stage(1001), "closed");
    let soon = overdue_after(&mut world, hours(6 * 24)).await;
    assert!(soon.contains("Nothing is overdue"), "{soon}");
    let late = overdue_after(&mut world, hours(48)).await;
    assert!(late.contains("*CHG-1001*"), "{late}");
    assert!(
        late.contains("word on whether it was genuine, overdue"),
        "{late}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn no_change_is_left_out_of_a_list_without_a_word() {
    let mut world = World::new().await;
    for n in 0..23 {
        world
            .slash("dana", &format!("Fix number {n} @morgan"))
            .await;
    }
    world.skip();
    world.slash("dana", "list open").await;
    let list = world.read("dana, aside").pop().unwrap().words;
    assert!(list.contains("Open emergency changes* (23)"), "{list}");
    assert_eq!(list.matches("*CHG-").count(), 20, "{list}");
    assert!(list.contains("And 3 more."), "{list}");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn who_has_nothing_likely_sees_what_is_open() {
    let mut world = requested().await;
    world.slash_in("riley", "#engineering", "status").await;
    world.heard("riley, aside", &["Open emergency changes"]);
    world.end().await;
}

#[tokio::test]
async fn what_is_overdue_is_listed_however_many_younger_changes_are_open() {
    let mut world = in_production().await;
    world.go(hours(30)).await;
    for n in 0..21 {
        let words = format!("Fix number {n} @morgan");
        crate::world::acknowledged(&world.type_in("dana", CHANNEL, &words).await);
    }
    world.settle().await;
    world.skip();
    world.slash("sam", "list overdue").await;
    world.heard("sam, aside", &["CHG-1001"]);
    world.slash("riley", "list mine").await;
    world.heard("riley, aside", &["CHG-1001"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_guest_reads_of_other_channels_nothing_but_what_they_have_a_part_in() {
    let mut world = World::new().await;
    world.slash("dana", "Deploy WAF rule @morgan").await;
    world.go(minutes(7)).await;
    world.press("dana", CHANNEL, "go_ahead").await;
    world.press("dana", CHANNEL, "deployed").await;
    world.skip();
    for (line, empty) in [
        ("status CHG-1001", "isn't shown here"),
        ("status", "No emergency change is open"),
        ("list open", "No emergency change is open"),
        ("exceptions", "No exception waits"),
        ("agenda", "no emergency change to review"),
    ] {
        world.slash_in("gus", "#engineering", line).await;
        let read = world.read("gus, aside");
        let [one] = read.as_slice() else {
            panic!("{line}: {read:#?}")
        };
        assert!(one.words.contains(empty), "{line}: {}", one.words);
        assert!(!one.words.contains("WAF"), "{line}: {}", one.words);
    }
    // In the channel itself they see what everybody there sees.
    world.slash("gus", "status CHG-1001").await;
    world.heard("gus, aside", &["Deploy WAF rule"]);
    world.slash("gus", "list open").await;
    world.heard("gus, aside", &["Deploy WAF rule"]);
    world.end().await;
}

#[tokio::test]
async fn the_agenda_holds_no_private_channels_words_even_where_they_were_said() {
    let mut world = World::new().await;
    world
        .slash_in("dana", "#inc-secret", "Rotate the leaked key @morgan")
        .await;
    for (who, action, value) in [
        ("dana", "criterion:production_down", "1001"),
        ("morgan", "authorize", "1001"),
        ("riley", "take_command", "1001"),
        ("dana", "deployed", "1001"),
    ] {
        world.deliver_press(who, action, value).await;
        world.settle().await;
    }
    let seen = document_by_hand(&mut world, ChangeNumber(1001)).await;
    world.deliver_press("morgan", "approve", &seen).await;
    world.settle().await;
    assert_eq!(world.n_facts("approved"), 1);
    world.skip();
    world.slash_in("morgan", "#inc-secret", "agenda").await;
    let read = world.read("morgan, aside");
    let words = &read[0].words;
    assert!(words.contains("CHG-1001"), "{words}");
    assert!(words.contains("in a private channel"), "{words}");
    assert!(!words.contains("leaked key"), "{words}");
    world.skip();
    world.end().await;
}
