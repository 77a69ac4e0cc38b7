//! Webhooks: signed as each source signs, counted right, and turned away if not
//! genuine.

use std::path::Path;

use breakglass::config::{PolicyFile, Sources};
use breakglass::intake::routes::{Keys, LARGEST_BODY};
use breakglass::intake::seal::{Gitlab, Signing, Token};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{heard, instant, n_counted, world, world_under};
use crate::world::{CHANNEL, Door, World, browser};

const SECRET: &str = "It's a Secret to Everybody";

const DOORS: [&str; 6] = [
    "github",
    "gitlab",
    "bitbucket",
    "jenkins",
    "circleci",
    "changes",
];

fn keyed() -> Sources {
    let signing = || Some(Signing::new(SECRET).unwrap());
    let token = || Some(Token::new(SECRET).unwrap());
    Sources {
        keys: Keys {
            github: signing(),
            gitlab: Some(Gitlab::new(SECRET).unwrap()),
            bitbucket: signing(),
            jenkins: token(),
            circleci: signing(),
            changes: token(),
        },
        ..Sources::default()
    }
}

fn signed(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A delivery as a source sends it.
#[derive(Debug, Clone)]
struct Delivery {
    door: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// The headers by which a source proves itself and names event and delivery.
fn delivery(door: &'static str, event: &str, id: &str, body: Vec<u8>) -> Delivery {
    let own = |value: &str| value.to_owned();
    let bearer = ("authorization", format!("Bearer {SECRET}"));
    let hub = format!("sha256={}", signed(&body));
    let headers = match door {
        "github" => vec![
            ("x-github-event", own(event)),
            ("x-github-delivery", own(id)),
            ("x-hub-signature-256", hub),
        ],
        "gitlab" => vec![
            ("x-gitlab-event", own("System Hook")),
            ("idempotency-key", own(id)),
            ("x-gitlab-token", own(SECRET)),
        ],
        "bitbucket" => vec![
            ("x-event-key", event.replacen('_', ":", 1)),
            ("x-request-uuid", own(id)),
            ("x-hub-signature", hub),
        ],
        "circleci" => vec![
            ("circleci-event-type", own(event)),
            ("circleci-signature", format!("v1={}", signed(&body))),
        ],
        "jenkins" | "changes" => vec![bearer, ("idempotency-key", own(id))],
        other => panic!("nobody is called {other}"),
    };
    Delivery {
        door,
        headers,
        body,
    }
}

/// Every payload of a source under `tests/fixtures/intake`, in order of its name.
fn all_of(door: &'static str, round: &str) -> Vec<Delivery> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/intake")
        .join(door);
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    assert!(names.len() >= 4, "{door}");
    names
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let event = name.split('.').next().unwrap().to_owned();
            let id = format!("{round}-{name}");
            delivery(door, &event, &id, std::fs::read(path).unwrap())
        })
        .collect()
}

fn genuine(door: &'static str) -> Delivery {
    let (event, name) = match door {
        "github" => ("deployment_status", "deployment_status.production"),
        "gitlab" => ("", "deployment.success"),
        "bitbucket" => ("pullrequest_fulfilled", "pullrequest_fulfilled.approved"),
        "jenkins" => ("", "completed"),
        "circleci" => ("workflow-completed", "workflow-completed.deploy"),
        other => (other, "whole"),
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/intake")
        .join(door)
        .join(format!("{name}.json"));
    delivery(door, event, "d-1", std::fs::read(path).unwrap())
}

async fn post(world: &World, sent: &Delivery) -> (u16, Value) {
    let url = format!("http://{}/hooks/{}", world.address(), sent.door);
    let mut request = browser().post(url).body(sent.body.clone());
    for (name, value) in &sent.headers {
        request = request.header(*name, value);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn what_each_source_sends_is_counted_right_through_either_door() {
    for door in [Door::Socket, Door::Http] {
        let mut world = world(door, keyed()).await;
        let mut before = 0;
        // Of GitHub, three deployments of one commit, two of them told anew as runs; of
        // GitLab, three of which one came twice; of Bitbucket, four merges; of Jenkins,
        // one commit rolled out by two jobs, another one, and a build without one; of CircleCI, one
        // commit; of lists, three lines that are three changes.
        for (source, n) in DOORS.into_iter().zip([1, 3, 4, 3, 1, 3]) {
            for sent in all_of(source, "first") {
                let (status, answer) = post(&world, &sent).await;
                let is_fine = status == 200 || (source == "changes" && status == 422);
                assert!(is_fine, "{status} {answer} {:?}", sent.headers);
            }
            assert_eq!(n_counted(&world) - before, n, "{source}");
            before = n_counted(&world);
        }
        // Sent once more, under other names, it is all known.
        for source in DOORS {
            for sent in all_of(source, "second") {
                let (_, answer) = post(&world, &sent).await;
                let is_new = answer["counted"].as_u64().unwrap_or(0) > 0
                    || answer["counted"]
                        .as_array()
                        .is_some_and(|all| !all.is_empty());
                assert!(!is_new, "{source}: {answer}");
            }
        }
        assert_eq!(n_counted(&world), before);
        assert_eq!(heard(&world, "github")[2], 2, "the star, twice");
        world.skip();
        world.end().await;
    }
}

#[tokio::test]
async fn the_policy_says_what_of_a_source_is_a_change() {
    use breakglass::domain::deployment::{Happening, SourceName};
    let mut policy = PolicyFile::default();
    let merges = (SourceName::new("github"), Happening::Merge);
    policy.counts.extend([merges]);
    let world = world_under(policy, keyed()).await;
    for sent in all_of("github", "first") {
        assert_eq!(post(&world, &sent).await.0, 200);
    }
    assert_eq!(n_counted(&world), 3, "three requests were merged");
    world.end().await;
}

#[tokio::test]
async fn what_was_tampered_with_is_refused_with_the_reason_and_counted_nowhere() {
    let world = world(Door::Socket, keyed()).await;
    for door in DOORS {
        let sent = genuine(door);
        let unsigned = Delivery {
            headers: Vec::new(),
            ..sent.clone()
        };
        let (status, answer) = post(&world, &unsigned).await;
        assert_eq!(status, 401, "{door}");
        assert!(answer["error"].as_str().unwrap().contains("no signature"));
        let mut touched = sent.clone();
        if matches!(door, "gitlab" | "jenkins" | "changes") {
            for (_, value) in &mut touched.headers {
                *value = value.replace("Secret", "secret");
            }
        } else {
            let middle = touched.body.len() / 2;
            touched.body[middle] ^= 1;
        }
        let (status, answer) = post(&world, &touched).await;
        assert_eq!(status, 401, "{door}: {answer}");
        assert!(answer["error"].is_string(), "{door}");
        assert_eq!(heard(&world, door), [0; 4]);
    }
    assert_eq!(world.count("SELECT count(*) FROM deployment"), 0);
    // The same untouched: the refusals above were no refusals of everything.
    for door in DOORS {
        assert_eq!(post(&world, &genuine(door)).await.0, 200, "{door}");
    }
    assert_eq!(n_counted(&world), 6);
    world.end().await;
}

#[tokio::test]
async fn a_replay_changes_nothing_and_is_told_to_be_one() {
    let mut world = world(Door::Http, keyed()).await;
    for door in DOORS {
        post(&world, &genuine(door)).await;
    }
    let n_leaves = world.count("SELECT count(*) FROM event");
    world.stop().await;
    world.start().await;
    for door in DOORS {
        let (status, answer) = post(&world, &genuine(door)).await;
        assert_eq!(status, 200, "{door}");
        let duplicate = if door == "changes" {
            json!([0])
        } else {
            json!(1)
        };
        assert_eq!(answer["duplicate"], duplicate, "{door}: {answer}");
    }
    assert_eq!(n_counted(&world), 6);
    assert_eq!(world.count("SELECT count(*) FROM event"), n_leaves);
    assert_eq!(heard(&world, "jenkins"), [2, 1, 0, 0]);
    world.end().await;
}

#[tokio::test]
async fn garbage_is_refused_with_the_reason_even_if_it_is_signed() {
    let world = world(Door::Socket, keyed()).await;
    for door in DOORS {
        let event = match door {
            "bitbucket" => "pullrequest_fulfilled",
            "circleci" => "workflow-completed",
            _ => "push",
        };
        let garbage = delivery(door, event, "g-1", b"payload=%7B%22".to_vec());
        let (status, answer) = post(&world, &garbage).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!("the body isn't JSON"))
        );
        assert_eq!(heard(&world, door), [0, 0, 0, 1], "{door}");
    }
    let hollow = delivery("github", "deployment_status", "g-2", b"{}".to_vec());
    let (status, answer) = post(&world, &hollow).await;
    assert_eq!(status, 422);
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("the payload has no")
    );
    assert_eq!(world.count("SELECT count(*) FROM deployment"), 0);
    world.end().await;
}

#[tokio::test]
async fn more_than_25_mb_are_refused_and_a_large_body_is_not() {
    let world = world(Door::Socket, keyed()).await;
    let sent = genuine("github");
    let padded = |length: usize| {
        let mut body = sent.body.clone();
        body.resize(length, b' ');
        delivery("github", "deployment_status", "large", body)
    };
    // Whose length is told is refused unread; this one is read as far as it may be.
    let large = padded(LARGEST_BODY + 1);
    let parts: Vec<_> = large.body.chunks(1 << 20).map(<[u8]>::to_vec).collect();
    let parts = parts.into_iter().map(Ok::<_, std::io::Error>);
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(parts));
    let url = format!("http://{}/hooks/github", world.address());
    let mut request = browser().post(url).body(stream);
    for (name, value) in &large.headers {
        request = request.header(*name, value);
    }
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status(), 413);
    let answer: Value = refused.json().await.unwrap();
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("larger than 25 MB")
    );
    assert_eq!(world.count("SELECT count(*) FROM deployment"), 0);
    let (status, answer) = post(&world, &padded(LARGEST_BODY)).await;
    assert_eq!((status, &answer["counted"]), (200, &json!(1)));
    world.end().await;
}

#[tokio::test]
async fn without_a_key_there_is_no_door() {
    let world = world(Door::Socket, Sources::default()).await;
    for door in DOORS {
        assert_eq!(post(&world, &genuine(door)).await.0, 404, "{door}");
    }
    let health = format!("http://{}/healthz", world.address());
    assert_eq!(browser().get(health).send().await.unwrap().status(), 200);
    world.end().await;
}

#[tokio::test]
async fn a_deployment_that_names_an_emergency_is_its_deployment_and_counts_there() {
    let mut world = world(Door::Socket, keyed()).await;
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world.press("morgan", CHANNEL, "authorize").await;
    world.skip();
    let at = world.now().await + TimeDelta::minutes(4);
    world.go_to(at + TimeDelta::minutes(1)).await;
    let list = json!([{
        "deployed_at": at.to_rfc3339(), "source": "ops", "external_id": "w-1",
        "title": "CHG-1001: WAF rule", "author": "dana@acme.example",
    }]);
    let sent = delivery("changes", "", "x-1", list.to_string().into_bytes());
    let (status, answer) = post(&world, &sent).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["belongs"],
        json!([{"index": 0, "change": "CHG-1001"}])
    );
    let fact = world.fact("deployed");
    assert_eq!(fact.data["known_from"], "webhook");
    assert_eq!(instant(fact.data["deployed_at"].as_str().unwrap()), at);
    assert_eq!(n_counted(&world), 0);
    world.go(TimeDelta::minutes(1)).await;
    world.settle().await;
    world.heard(
        CHANNEL,
        &[
            "*Deployed* by @dana",
            "as the pipeline says, 4 min after the authorization",
        ],
    );
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn who_deployed_an_emergency_is_found_by_their_address() {
    let mut world = world(Door::Socket, keyed()).await;
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world.press("morgan", CHANNEL, "authorize").await;
    let at = world.now().await + TimeDelta::minutes(4);
    world.go_to(at + TimeDelta::minutes(1)).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/intake/gitlab/deployment.success.json");
    let mut body: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    body["status_changed_at"] = json!(at.format("%Y-%m-%d %H:%M:%S UTC").to_string());
    body["ref"] = json!("hotfix/chg-1001-waf");
    body["user"]["email"] = json!("priya@northwind.example");
    let sent = delivery("gitlab", "", "x-1", body.to_string().into_bytes());
    let (status, answer) = post(&world, &sent).await;
    assert_eq!((status, &answer["belongs"]), (200, &json!(["CHG-1001"])));
    let fact = world.fact("deployed");
    assert_eq!(fact.data["implementer"], "U0PRIYA001");
    world.go(TimeDelta::minutes(1)).await;
    world.settle().await;
    world.skip();
    world.end().await;
}

/// A delivery of GitHub's about pull request `number`.
fn about(number: u64, event: &str, action: &str, more: &Value) -> Delivery {
    let mut body = json!({
        "action": action,
        "repository": {
            "full_name": "acme/web", "default_branch": "main",
            "html_url": "https://github.com/acme/web",
        },
        "pull_request": {
            "number": number, "title": "Passkeys", "merged_at": null,
            "html_url": format!("https://github.com/acme/web/pull/{number}"),
            "user": {"login": "dana-acme"}, "head": {"ref": "passkeys"}, "base": {"ref": "main"},
            "merge_commit_sha": format!("{number:040x}"),
        },
    });
    for (name, value) in more.as_object().unwrap() {
        if let Some(fields) = value.as_object().filter(|_| !body[name].is_null()) {
            for (field, value) in fields {
                body[name][field] = value.clone();
            }
        } else {
            body[name] = value.clone();
        }
    }
    let id = format!("{event}-{number}");
    delivery("github", event, &id, body.to_string().into_bytes())
}

#[tokio::test]
async fn an_approval_before_the_merge_is_kept_and_a_merge_without_one_is_asked_about() {
    let mut world = world(Door::Socket, keyed()).await;
    let now = world.now().await.to_rfc3339();
    let approval = json!({"review": {
        "state": "approved", "submitted_at": now, "user": {"login": "morgan-acme"},
        "html_url": "https://github.com/acme/web/pull/7#pullrequestreview-1",
    }});
    let (_, answer) = post(
        &world,
        &about(7, "pull_request_review", "submitted", &approval),
    )
    .await;
    assert_eq!(answer["not_counted"], 1, "{answer}");
    for number in [7, 8] {
        let merge = json!({"pull_request": {"merged_at": now}});
        let deployment = json!({
            "deployment": {
                "id": number, "sha": format!("{number:040x}"), "ref": "main",
                "environment": "production",
            },
            "deployment_status": {"state": "success", "created_at": now},
        });
        let (_, merged) = post(&world, &about(number, "pull_request", "closed", &merge)).await;
        assert_eq!(merged["not_counted"], 1, "{merged}");
        let (_, deployed) = post(
            &world,
            &about(number, "deployment_status", "created", &deployment),
        )
        .await;
        assert_eq!(deployed["counted"], 1, "{deployed}");
    }
    // Whoever approves it now has reviewed nothing that went out.
    let late = (world.now().await + TimeDelta::seconds(1)).to_rfc3339();
    let too_late = json!({
        "pull_request": {"merged_at": now},
        "review": {"state": "approved", "submitted_at": late, "user": {"login": "alex-acme"}},
    });
    post(
        &world,
        &about(8, "pull_request_review", "submitted", &too_late),
    )
    .await;
    let n_asked = "SELECT count(*) FROM question";
    world.go(TimeDelta::minutes(9)).await;
    assert_eq!(world.count(n_asked), 0, "its review may be told of late");
    world.go(TimeDelta::minutes(2)).await;
    assert_eq!(world.count(n_asked), 1);
    let about = "SELECT external_id FROM deployment WHERE id IN (
        SELECT leader FROM deployment WHERE id = (SELECT deployment FROM question))";
    assert_eq!(world.text(about), "acme/web/pull/8");
    let approved = "SELECT group_concat(approved_by ORDER BY external_id) FROM deployment";
    assert_eq!(world.text(approved), "morgan-acme,alex-acme");
    world.skip();
    world.end().await;
}
