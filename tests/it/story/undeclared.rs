//! Questions about changes that other systems told of. What they tell is put into
//! the store by hand here: these are the promises of what follows.

use std::collections::BTreeSet;
use std::sync::Arc;

use breakglass::domain::deployment::{Deployment, Happening, Mark, SourceName};
use breakglass::domain::id::WorkspaceId;
use breakglass::domain::policy::Counting;
use breakglass::domain::policy::{Policy, PolicyVersion};
use breakglass::domain::text::{Salt, Text};
use breakglass::store::{Intake, Options, Rules, Store};
use serde_json::json;

use super::{hours, minutes};
use crate::world::{Setting, World, berlin};

const DANA: &str = "dana@northwind.example";
const TITLE: &str = "Skip the session check";

/// A world on a Monday at ten in the morning.
async fn by_day() -> World {
    let mut setting = Setting {
        at: berlin("2026-03-16 10:00"),
        ..Setting::default()
    };
    setting.policy.report_channel = Some("C0ENGINEER".to_owned());
    World::of(setting).await
}

/// What GitHub tells of a merge that nobody reviewed.
fn merged(id: &str, by: Option<&str>) -> Deployment {
    let source = SourceName::new("github");
    let n = u8::try_from(id.len()).unwrap();
    Deployment {
        system: Some("auth-api".to_owned()),
        author: Some("dana-dev".to_owned()),
        author_email: by.map(str::to_owned),
        url: Some(format!("https://github.com/acme/auth-api/pull/{id}")),
        marks: BTreeSet::from([Mark::Unreviewed]),
        title: Some(Text::new(TITLE, Salt([n; 32]))),
        ..Deployment::new(
            source,
            id,
            Happening::Deployment,
            chrono::DateTime::UNIX_EPOCH,
        )
    }
}

fn rules() -> Arc<Rules> {
    let policy = Policy::unwritten(PolicyVersion(1));
    Arc::new(Rules::new(policy, [], chrono_tz::Europe::Berlin))
}

/// Tells of changes that went to production just now, and lets them settle.
async fn told(world: &mut World, told: Vec<Deployment>) {
    world.stop().await;
    let now = world.now().await;
    let options = Options::at(world.database());
    let store = Store::open(&options, WorkspaceId::new("T0BREAK01")).unwrap();
    let told = told.into_iter().map(|one| Deployment { at: now, ..one });
    let intake = Intake::new(SourceName::new("github"), told.collect());
    let counting = Arc::new(Counting::default());
    store.take_in(intake, counting, rules(), now).await.unwrap();
    store.close().await;
    drop(store);
    world.start().await;
    world.go(minutes(12)).await;
}

/// Dana is asked about one change, by day.
async fn asked() -> World {
    let mut world = by_day().await;
    told(&mut world, vec![merged("7", Some(DANA))]).await;
    world.heard("dana", &["Was this an emergency? “Skip the session check”"]);
    world
}

/// What the first question came to: its answer, and who gave it.
fn answer(world: &World) -> String {
    world.text("SELECT coalesce(answer, 'none') || ' ' || coalesce(answered_by, '-') FROM question")
}

#[tokio::test]
async fn the_author_is_asked_and_declares_the_emergency_with_one_tap() {
    let mut world = asked().await;
    let deployed_at = world.count("SELECT at FROM deployment");
    world.press("dana", "@breakglass", "explain:declared").await;
    assert_eq!(answer(&world), "declared U0DANA0001");
    assert!(!world.sees("dana", "@breakglass", "explain:declared").await);
    // It is an emergency of the register, deployed when the source says.
    assert_eq!(
        world.count("SELECT deployed_at FROM change WHERE number = 1001"),
        deployed_at
    );
    assert_eq!(world.count("SELECT emergency FROM deployment"), 1001);
    assert_eq!(world.n_facts("question_answered"), 1);
    let how = "SELECT CAST(leaf AS TEXT) FROM event WHERE CAST(leaf AS TEXT) LIKE '%\"deployed\"%'";
    assert!(
        world.text(how).contains("\"source\":\"webhook\""),
        "{}",
        world.text(how)
    );
    // Its card stands where whoever is needed now can see it.
    let card = world.read("#engineering");
    assert!(
        card[0]
            .words
            .contains("deployed before anybody authorized it"),
        "{}",
        crate::world::shown(&card)
    );
    let read = world.read("dana");
    assert!(
        read[0].words.contains("Declared by @dana as CHG-1001"),
        "{}",
        crate::world::shown(&read)
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_review_s_link_makes_it_a_normal_change() {
    let mut world = asked().await;
    world.tap("dana", "@breakglass", "explain:normal").await;
    let link = "https://github.com/acme/auth-api/pull/7";
    let refused = world
        .submit("dana", &[("proof", json!("see the ticket"))])
        .await;
    assert_eq!(refused["outcome"], "errors", "{refused}");
    world.send_in("dana", &[("proof", json!(link))]).await;
    assert_eq!(answer(&world), "normal U0DANA0001");
    world.heard("dana", &["On record as a normal change"]);
    assert!(!world.sees("dana", "@breakglass", "explain:normal").await);
    let proof =
        world.text("SELECT body FROM text JOIN question ON question.proof = text.commitment");
    assert_eq!(proof, link);
    world.end().await;
}

#[tokio::test]
async fn a_second_person_s_word_counts_when_it_is_given_and_not_before() {
    let mut world = asked().await;
    world.tap("dana", "@breakglass", "explain:normal").await;
    let sent = world.submit("dana", &[("whom", json!("U0MORGAN01"))]).await;
    assert_eq!(sent["outcome"], "closed", "{sent}");
    assert_eq!(answer(&world), "none -");
    world.heard("dana", &["@morgan is asked to confirm"]);
    world.heard("morgan", &["@dana says that this was a normal change"]);
    // Dana can't give it in Morgan's place.
    let id = world.count("SELECT id FROM question").to_string();
    world.deliver_press("dana", "vouch", &id).await;
    world.settle().await;
    assert_eq!(answer(&world), "none -");
    world.skip();
    world.press("morgan", "@breakglass", "vouch").await;
    assert_eq!(answer(&world), "normal U0MORGAN01");
    world.heard("dana", &["@dana said so, and @morgan confirmed it"]);
    world.heard("morgan", &["@dana said so, and @morgan confirmed it"]);
    assert!(!world.sees("morgan", "@breakglass", "vouch").await);
    world.end().await;
}

#[tokio::test]
async fn a_word_that_is_not_given_leaves_the_question_open() {
    let mut world = asked().await;
    world.tap("dana", "@breakglass", "explain:normal").await;
    world
        .send_in("dana", &[("whom", json!("U0MORGAN01"))])
        .await;
    world.skip();
    world.press("morgan", "@breakglass", "vouch_not").await;
    assert_eq!(answer(&world), "none -");
    assert!(!world.sees("morgan", "@breakglass", "vouch").await);
    world.skip();
    world
        .press("dana", "@breakglass", "explain:not_production")
        .await;
    assert_eq!(answer(&world), "not_production U0DANA0001");
    assert_eq!(
        world.count("SELECT count(*) FROM deployment WHERE counted_at IS NOT NULL"),
        0
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_double_click_answers_once_and_the_first_answer_stands() {
    let mut world = asked().await;
    world
        .tap("dana", "@breakglass", "explain:not_production")
        .await;
    world
        .tap("dana", "@breakglass", "explain:not_production")
        .await;
    world.settle().await;
    assert_eq!(world.n_facts("question_answered"), 1);
    world.heard("dana", &["Not counted"]);
    let id = world.count("SELECT id FROM question").to_string();
    world.deliver_press("dana", "explain:declared", &id).await;
    world.settle().await;
    assert_eq!(answer(&world), "not_production U0DANA0001");
    assert_eq!(world.count("SELECT count(*) FROM change"), 0);
    world.heard("dana, aside", &["You answered that before"]);
    world.end().await;
}

#[tokio::test]
async fn two_taps_declare_one_emergency() {
    let mut world = asked().await;
    world.tap("dana", "@breakglass", "explain:declared").await;
    let id = world.count("SELECT id FROM question").to_string();
    world.deliver_press("dana", "explain:declared", &id).await;
    world.settle().await;
    assert_eq!(world.count("SELECT count(*) FROM change"), 1);
    assert_eq!(world.n_facts("question_answered"), 1);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn nobody_is_asked_by_night_and_several_questions_are_one_message() {
    // Saturday, 02:14.
    let mut world = World::new().await;
    told(
        &mut world,
        vec![merged("7", Some(DANA)), merged("17", Some(DANA))],
    )
    .await;
    assert!(world.read_all().is_empty());
    world.go_to(berlin("2026-03-14 07:59")).await;
    assert!(world.read_all().is_empty());
    world.go_to(berlin("2026-03-14 08:01")).await;
    let read = world.read("dana");
    assert_eq!(read.len(), 1, "{}", crate::world::shown(&read));
    assert!(read[0].words.contains("pull/7") || read[0].words.matches(TITLE).count() >= 2);
    world.end().await;
}

#[tokio::test]
async fn an_author_whom_slack_does_not_know_is_stood_in_for_by_the_policy_s_choice() {
    let mut world = by_day().await;
    let told_of = vec![
        merged("7", Some("dana@users.noreply.github.example")),
        merged("17", None),
    ];
    told(&mut world, told_of).await;
    let read = world.read("sam");
    assert_eq!(read.len(), 1, "{}", crate::world::shown(&read));
    assert_eq!(
        world.count("SELECT count(*) FROM question WHERE asked_of = 'U0SAM00001'"),
        2
    );
    world.end().await;
}

#[tokio::test]
async fn an_unanswered_question_comes_once_more_and_then_stays_unexplained() {
    let mut world = asked().await;
    world.go(hours(25)).await;
    world.heard("dana", &["I won't ask again"]);
    world.go(hours(72)).await;
    assert!(world.read_all().is_empty());
    assert_eq!(answer(&world), "none -");
    // A late answer is welcome, and both messages show it.
    world
        .press("dana", "@breakglass", "explain:not_production")
        .await;
    world.heard("dana", &["Not counted", "Not counted"]);
    assert!(!world.sees("dana", "@breakglass", "explain:declared").await);
    world.end().await;
}

#[tokio::test]
async fn whoever_left_before_the_morning_is_stood_in_for() {
    let mut world = World::new().await;
    told(&mut world, vec![merged("7", Some(DANA))]).await;
    assert_eq!(world.text("SELECT asked_of FROM question"), "U0DANA0001");
    let left = json!({"person": "dana", "deleted": true});
    world.try_act("person", left).await.unwrap();
    world.go(hours(7)).await;
    assert_eq!(world.text("SELECT asked_of FROM question"), "U0SAM00001");
    world.heard("sam", &["Was this an emergency?"]);
    world.end().await;
}

#[tokio::test]
async fn a_restart_in_the_middle_asks_once() {
    let mut world = World::new().await;
    told(&mut world, vec![merged("7", Some(DANA))]).await;
    world.crash().await;
    world.start().await;
    world.go(hours(7)).await;
    world.heard("dana", &["Was this an emergency?"]);
    world
        .tap("dana", "@breakglass", "explain:not_production")
        .await;
    world.crash().await;
    world.start().await;
    world.settle().await;
    assert_eq!(answer(&world), "not_production U0DANA0001");
    world.heard("dana", &["Not counted"]);
    assert_eq!(world.n_facts("question_answered"), 1);
    world.end().await;
}

/// Dana is at work on an emergency of auth-api.
async fn at_work(world: &mut World) {
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world
        .press("morgan", crate::world::CHANNEL, "authorize")
        .await;
    world.tap("dana", crate::world::CHANNEL, "document").await;
    let systems = [("section:systems", json!(["auth-api"]))];
    world.send_in("dana", &systems).await;
    world.skip();
}

/// Dana is at work on an emergency of auth-api, and something goes to auth-api in
/// production that names no change.
async fn proposed() -> World {
    let mut setting = Setting {
        at: berlin("2026-03-16 10:00"),
        ..Setting::default()
    };
    setting.policy.systems = vec!["auth-api".to_owned()];
    let mut world = World::of(setting).await;
    at_work(&mut world).await;
    let other = Deployment {
        marks: BTreeSet::new(),
        ..merged("7", None)
    };
    told(&mut world, vec![other]).await;
    world
}

#[tokio::test]
async fn yes_puts_the_deployment_of_an_emergency_on_record() {
    let mut world = proposed().await;
    world.heard("dana", &["Is this the deployment of CHG-1001?"]);
    world.press("dana", "@breakglass", "explain:yes").await;
    assert_eq!(answer(&world), "yes U0DANA0001");
    assert_eq!(
        world.count("SELECT deployed_at FROM change WHERE number = 1001"),
        world.count("SELECT at FROM deployment")
    );
    assert!(!world.sees("dana", "@breakglass", "explain:yes").await);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn no_asks_whether_it_was_an_emergency_of_its_own() {
    let mut world = proposed().await;
    world.skip();
    world.press("dana", "@breakglass", "explain:no").await;
    let first = "SELECT answer FROM question WHERE kind = 'belongs'";
    assert_eq!(world.text(first), "no");
    world.go(minutes(2)).await;
    assert_eq!(world.stage(1001), "authorized");
    world.heard("sam", &["Was this an emergency?"]);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_listed_change_counts_and_keeps_its_words() {
    let mut world = by_day().await;
    world
        .slash(
            "dana",
            "normal Rotated the certificates at 09:30 system auth-api",
        )
        .await;
    world.heard("dana, aside", &["Recorded as a normal change"]);
    assert_eq!(
        world.text(
            "SELECT source.name || ' ' || kind || ' ' || system.name || ' ' || author
             FROM deployment JOIN source ON source.id = source
             JOIN system ON system.id = deployment.system",
        ),
        "person normal auth-api U0DANA0001"
    );
    let at = berlin("2026-03-16 09:30").timestamp_micros();
    assert_eq!(
        world.count("SELECT counted_at FROM deployment"),
        at.unsigned_abs()
    );
    assert_eq!(
        world.text("SELECT body FROM text WHERE telling IS NOT NULL"),
        "Rotated the certificates"
    );
    // Nor does it say that whoever else deploys was heard from.
    let spoke = "SELECT count(*) FROM hearing WHERE spoke_at IS NOT NULL";
    assert_eq!(world.count(spoke), 0);
    world.end().await;
}

#[tokio::test]
async fn a_listed_change_that_names_what_another_told_of_counts_once() {
    let mut world = by_day().await;
    let page = "https://github.com/acme/api/pull/7";
    for (who, words) in [
        ("dana", format!("normal Merged <{page}> at 09:30")),
        (
            "morgan",
            format!("normal Raised the limit, {page}/#issuecomment-1 at 09:40"),
        ),
    ] {
        world.slash(who, &words).await;
        world.skip();
    }
    assert_eq!(world.count("SELECT count(*) FROM deployment"), 2);
    assert_eq!(world.count("SELECT count(counted_at) FROM deployment"), 1);
    world.end().await;
}

#[tokio::test]
async fn a_time_that_can_not_be_is_refused_and_what_was_typed_comes_back() {
    let mut world = by_day().await;
    for typed in [
        "normal Rotated the certificates at 25:99",
        "normal Rotated the certificates at tomorrow",
    ] {
        world.slash("dana", typed).await;
        let read = world.read("dana, aside");
        let said = crate::world::shown(&read);
        assert!(said.contains("nothing was recorded"), "{said}");
        assert!(said.contains("Rotated the certificates"), "{said}");
    }
    assert_eq!(world.count("SELECT count(*) FROM deployment"), 0);
    world.end().await;
}

#[tokio::test]
async fn what_may_be_an_emergency_is_asked_back_and_either_tap_does_it() {
    let mut world = by_day().await;
    world.slash("dana", "normal Rotated the certificates").await;
    world.heard("dana, aside", &["Did you mean to record a normal change?"]);
    assert_eq!(world.count("SELECT count(*) FROM deployment"), 0);
    world
        .press("dana", crate::world::CHANNEL, "list_normal")
        .await;
    world.heard("dana, aside", &["Recorded as a normal change"]);
    assert_eq!(
        world.text("SELECT body FROM text WHERE telling IS NOT NULL"),
        "Rotated the certificates"
    );
    world
        .slash("dana", "normal operation is broken @morgan")
        .await;
    world.heard(
        crate::world::CHANNEL,
        &["@dana asks @morgan for authorization"],
    );
    assert_eq!(world.count("SELECT count(*) FROM deployment"), 1);
    world.end().await;
}

/// Panics if what stands there holds a word of the private channel.
#[track_caller]
fn kept(read: &[crate::world::News]) -> String {
    let shown = crate::world::shown(read);
    assert!(!shown.contains("leaked"), "{shown}");
    shown
}

/// Panics if the channel that all read, or the direct messages of anybody but Morgan,
/// hold the link that Morgan listed a change with.
async fn keeps_its_links(world: &World) {
    let channels = world.hand.look("channels").await.unwrap();
    let morgan = json!("U0MORGAN01");
    let mut n_read = 0;
    for channel in channels["channels"].as_array().unwrap() {
        let id = channel["id"].as_str().unwrap();
        let is_im = channel["kind"] == "im";
        let is_another_s = !channel["members"].as_array().unwrap().contains(&morgan);
        if id == "C0ENGINEER" || is_im && is_another_s {
            let said = world.hand.look(&format!("messages?channel={id}")).await;
            let said = said.unwrap().to_string();
            assert!(!said.contains("vault.example"), "{id}: {said}");
            n_read += 1;
        }
    }
    assert!(n_read > 1, "{channels}");
}

/// The report ascribes a change to nobody who was only asked whether it is part of
/// their emergency, nor to whoever is asked in an author's place.
#[tokio::test]
async fn the_report_names_as_author_nobody_who_is_asked_for_another_reason() {
    let mut setting = Setting {
        at: berlin("2026-03-13 10:00"),
        ..Setting::default()
    };
    setting.policy.systems = vec!["auth-api".to_owned()];
    setting.policy.report_channel = Some("C0ENGINEER".to_owned());
    let mut world = World::of(setting).await;
    at_work(&mut world).await;
    let near = Deployment {
        marks: BTreeSet::new(),
        ..merged("7", None)
    };
    let nobody_s = Deployment {
        system: Some("billing".to_owned()),
        ..merged("17", None)
    };
    let dana_s = Deployment {
        system: Some("billing".to_owned()),
        ..merged("117", Some(DANA))
    };
    told(&mut world, vec![near, nobody_s, dana_s]).await;
    let asked =
        "SELECT group_concat(kind || ' ' || asked_of, ', ' ORDER BY kind, asked_of) FROM question";
    assert_eq!(
        world.text(asked),
        "belongs U0DANA0001, undeclared U0DANA0001, undeclared U0SAM00001"
    );
    world.skip();
    world.go_to(berlin("2026-03-16 09:05")).await;
    let report = crate::world::shown(&world.read("#engineering"));
    let by = |system: &str, rest: &str| {
        let line = format!(" on {system}{rest}");
        report.lines().filter(|one| one.ends_with(&line)).count()
    };
    let near = ": deployed during an incident on its system and may belong to CHG-1001";
    assert_eq!(by("auth-api", near), 1, "{report}");
    let unreviewed = ": merged without a review";
    assert_eq!(by("billing", unreviewed), 1, "{report}");
    assert_eq!(
        by("billing", &format!(", by @dana{unreviewed}")),
        1,
        "{report}"
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_change_that_was_listed_in_private_is_asked_about_without_its_words() {
    // In the channel it is declared where it was said.
    listed_in("#inc-secret", "G0PRIVATE1").await;
    listed_in("@breakglass", "C0ENGINEER").await;
}

async fn listed_in(private: &str, declared_in: &str) {
    let mut setting = Setting {
        at: berlin("2026-03-13 10:00"),
        ..Setting::default()
    };
    setting.policy.systems = vec!["auth-api".to_owned()];
    setting.policy.report_channel = Some("C0ENGINEER".to_owned());
    let mut world = World::of(setting).await;
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world
        .press("morgan", crate::world::CHANNEL, "authorize")
        .await;
    let listed =
        "normal Rotated the leaked acme key https://vault.example/leaked 5 min ago system auth-api";
    world.slash_in("morgan", private, listed).await;
    // Only afterwards Dana says on which system she works.
    world.tap("dana", crate::world::CHANNEL, "document").await;
    let systems = [("section:systems", json!(["auth-api"]))];
    world.send_in("dana", &systems).await;
    world.skip();
    world.go(minutes(2)).await;
    let asked = kept(&world.read("dana"));
    assert!(
        asked.contains("Is this the deployment of CHG-1001? A change that somebody listed"),
        "{asked}"
    );
    assert!(asked.contains("made by @morgan"), "{asked}");
    keeps_its_links(&world).await;
    world.press("dana", "@breakglass", "explain:no").await;
    kept(&world.read("dana"));
    world.go(minutes(2)).await;
    // Whoever said it reads their own words.
    let read = crate::world::shown(&world.read("morgan"));
    assert!(read.contains("Rotated the leaked acme key"), "{read}");
    world.go_to(berlin("2026-03-16 09:05")).await;
    let report = kept(&world.read("#engineering"));
    assert!(
        report.contains("said in a private channel, and kept there"),
        "{report}"
    );
    keeps_its_links(&world).await;
    world
        .press("morgan", "@breakglass", "explain:declared")
        .await;
    kept(&world.read("#engineering"));
    keeps_its_links(&world).await;
    // What is declared where all read it has no link out of those words either.
    let links =
        "SELECT count(*) FROM text WHERE telling IS NULL AND body = 'https://vault.example/leaked'";
    let is_said = declared_in == "G0PRIVATE1";
    assert_eq!(world.count(links) > 0, is_said, "{declared_in}");
    assert_eq!(
        world.text("SELECT channel FROM change WHERE number = 1002"),
        declared_in
    );
    world.skip();
    world.end().await;
}
