//! Looks at a source on loopback that answers as the providers document.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Mutex;

use axum::Router;
use axum::extract::{Query, Request};
use axum::http::HeaderMap as Headers;
use axum::response::{IntoResponse as _, Json};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::domain::deployment::Mark;
use crate::domain::policy::Counting;
use crate::domain::text::Salt;
use crate::intake::Reading;

/// What a source is asked: its path and what stands behind the `?`.
struct Asked {
    path: String,
    query: HashMap<String, String>,
    headers: Headers,
}

impl Asked {
    fn page(&self) -> usize {
        self.query
            .get("page")
            .map_or(1, |page| page.parse().unwrap())
    }
}

type Answer = (u16, Vec<(&'static str, String)>, Value);

struct Fake {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    async fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        let answer = Arc::new(answer);
        let router = Router::new().fallback(move |request: Request| {
            let heard = Arc::clone(&heard);
            let answer = Arc::clone(&answer);
            async move {
                let uri = request.uri().clone();
                let query = Query::<HashMap<String, String>>::try_from_uri(&uri).unwrap();
                heard.lock().unwrap().push(uri.to_string());
                let (status, headers, body) = answer(&Asked {
                    path: uri.path().to_owned(),
                    query: query.0,
                    headers: request.headers().clone(),
                });
                let mut response = Json(body).into_response();
                *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap();
                for (name, value) in headers {
                    response.headers_mut().append(name, value.parse().unwrap());
                }
                response
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, asked }
    }

    fn github(&self) -> Api {
        let token = Secret::new("ghp_x");
        Api::github(&format!("http://{}", self.address), Some(&token)).unwrap()
    }

    fn gitlab(&self) -> Api {
        let token = Secret::new("glpat-x");
        Api::gitlab(&format!("http://{}/api/v4", self.address), Some(&token)).unwrap()
    }

    fn n_asked(&self, part: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| one.contains(part)).count()
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it stands for a draw that may fail"
)]
fn salt() -> Result<Salt, getrandom::Error> {
    Ok(Salt([7; 32]))
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn now() -> DateTime<Utc> {
    at("2026-11-23T09:00:00Z")
}

fn week_ago() -> Cursor {
    Cursor::from(now() - TimeDelta::days(7))
}

async fn look_github(api: &Api, cursor: &Cursor) -> Result<Look, PollError> {
    github::look(api, "acme/web", cursor, &Counting::default(), &salt, now()).await
}

async fn look_gitlab(api: &Api, cursor: &Cursor) -> Result<Look, PollError> {
    gitlab::look(
        api,
        "pay/billing",
        cursor,
        &Counting::default(),
        &salt,
        now(),
    )
    .await
}

fn fine(body: Value) -> Answer {
    (200, Vec::new(), body)
}

/// One page of a list, with GitHub's link to the next.
fn paged(all: &[Value], asked: &Asked) -> Answer {
    let begin = (asked.page() - 1) * 100;
    let page: Vec<_> = all.iter().skip(begin).take(100).cloned().collect();
    let mut headers = Vec::new();
    if all.len() > begin + 100 {
        // Its address leads elsewhere: only that there is one is believed.
        let link =
            "<http://192.0.2.1/elsewhere?page=2>; rel=\"next\", <http://192.0.2.1/>; rel=\"last\"";
        headers.push(("link", link.to_owned()));
    }
    (200, headers, Value::Array(page))
}

fn sha(n: usize) -> String {
    format!("{:040x}", n + 1)
}

fn hours_ago(hours: usize) -> String {
    written(now() - TimeDelta::hours(hours.try_into().unwrap()))
}

fn repository() -> Value {
    json!({
        "full_name": "acme/web",
        "html_url": "https://github.com/acme/web",
        "default_branch": "main",
    })
}

/// A deployment an hour, the newest first; every third to staging.
fn deployments(n: usize) -> Vec<Value> {
    (0..n)
        .map(|n| {
            json!({
                "id": n,
                "sha": sha(n),
                "ref": "main",
                "environment": if n % 3 == 2 { "staging" } else { "production" },
                "created_at": hours_ago(n),
                "updated_at": hours_ago(n),
                "creator": {"login": "dana-acme"},
            })
        })
        .collect()
}

fn merges(n: usize) -> Vec<Value> {
    (0..n)
        .map(|n| {
            json!({
                "number": n,
                "html_url": format!("https://github.com/acme/web/pull/{n}"),
                "state": "closed",
                "title": format!("fix: number {n}"),
                "user": if n == 3 { Value::Null } else { json!({"login": "dana-acme"}) },
                "updated_at": hours_ago(n),
                // Every fourth was closed and not merged.
                "merged_at": if n % 4 == 1 { Value::Null } else { json!(hours_ago(n)) },
                "merge_commit_sha": sha(n),
                "head": {"ref": "feature"},
                "base": {"ref": "main"},
            })
        })
        .collect()
}

/// GitHub as it stands after a week, in which somebody did much.
fn github_of_a_week(asked: &Asked) -> Answer {
    assert_eq!(asked.headers["authorization"], "Bearer ghp_x");
    assert!(asked.headers.contains_key("user-agent"));
    let path = asked.path.strip_prefix("/repos/acme/web").unwrap();
    let parts: Vec<_> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        [] => fine(repository()),
        ["deployments"] => paged(&deployments(400), asked),
        ["deployments", id, "statuses"] => {
            let id: usize = id.parse().unwrap();
            let state =
                |state: &str, hours: usize| json!({"state": state, "created_at": hours_ago(hours)});
            fine(match id {
                // Still going on, failed, and replaced by a later one.
                0 => json!([state("in_progress", 0)]),
                1 => json!([state("failure", 1), state("in_progress", 1)]),
                3 => json!([state("inactive", 2), state("success", 3)]),
                _ => json!([state("success", id)]),
            })
        }
        ["pulls"] => {
            assert_eq!(asked.query["state"], "closed");
            assert_eq!(asked.query["base"], "main");
            paged(&merges(350), asked)
        }
        ["pulls", number, "reviews"] => {
            let number: usize = number.parse().unwrap();
            let review = |by: &str, state: &str, hours: usize| {
                json!({
                    "user": {"login": by},
                    "state": state,
                    "submitted_at": hours_ago(hours),
                    "html_url": format!("https://github.com/acme/web/pull/{number}#r"),
                })
            };
            fine(match number {
                0 => json!([]),
                2 => json!([review("dana-acme", "APPROVED", 3)]),
                4 => json!([
                    review("morgan-acme", "APPROVED", 6),
                    review("morgan-acme", "DISMISSED", 5)
                ]),
                6 => json!([review("morgan-acme", "APPROVED", 1)]),
                _ => json!([
                    review("morgan-acme", "APPROVED", 300),
                    review("morgan-acme", "COMMENTED", 200)
                ]),
            })
        }
        ["rulesets", "rule-suites"] => {
            assert_eq!(asked.query["rule_suite_result"], "bypass");
            assert_eq!(asked.query["ref"], "refs/heads/main");
            fine(json!([
                {"id": 1, "actor_name": "dana-acme", "before_sha": sha(9), "after_sha": sha(0),
                 "ref": "refs/heads/main", "pushed_at": hours_ago(0), "result": "bypass",
                 "evaluation_result": "fail"},
                {"id": 2, "actor_name": "dana-acme", "before_sha": sha(9), "after_sha": sha(500),
                 "ref": "refs/heads/main", "pushed_at": hours_ago(500), "result": "bypass",
                 "evaluation_result": "fail"},
            ]))
        }
        other => panic!("nobody knows {other:?}"),
    }
}

fn of<'a>(look: &'a Look, id: &str) -> &'a Deployment {
    let found = look.told.iter().find(|told| told.external_id == id);
    found.unwrap_or_else(|| panic!("nothing was told of {id}"))
}

#[tokio::test]
async fn a_gap_of_a_week_is_made_good_page_by_page() {
    let fake = Fake::start(github_of_a_week).await;
    let look = look_github(&fake.github(), &week_ago()).await.unwrap();
    let count = |prefix: &str| {
        let prefix = format!("acme/web/{prefix}");
        look.told
            .iter()
            .filter(|told| told.external_id.starts_with(&prefix))
            .count()
    };
    // A week and ten minutes have 169 full hours, both ends with them.
    let production = (0..=168)
        .filter(|n| n % 3 != 2 && ![0, 1].contains(n))
        .count();
    assert_eq!(count("deployments/"), production);
    assert_eq!(count("pull/"), (0..=168).filter(|n| n % 4 != 1).count());
    assert_eq!(count("push/"), 1);
    // The page on which the week ends is the last that is asked for.
    assert_eq!(fake.n_asked("/deployments?"), 2);
    assert_eq!(fake.n_asked("/pulls?"), 2);
    assert_eq!((look.again_at, look.n_refused), (None, 0));
    assert_eq!(look.next.since, now());
    assert_eq!(look.next.open, BTreeSet::from([0]));
}

#[tokio::test]
async fn what_github_shows_of_a_change_is_told() {
    let fake = Fake::start(github_of_a_week).await;
    let look = look_github(&fake.github(), &week_ago()).await.unwrap();
    let is_unreviewed = |n| {
        let told = of(&look, &format!("acme/web/pull/{n}"));
        (
            told.marks.contains(&Mark::Unreviewed),
            told.approved_by.as_deref(),
        )
    };
    let morgan = Some("morgan-acme");
    assert_eq!(is_unreviewed(0), (true, None));
    assert_eq!(is_unreviewed(2), (true, None), "one's own word is none");
    assert_eq!(is_unreviewed(4), (true, None), "an approval was taken back");
    assert_eq!(is_unreviewed(6), (true, morgan), "approved after the merge");
    assert_eq!(is_unreviewed(7), (false, morgan));
    assert_eq!(of(&look, "acme/web/pull/3").author, None);
    // What a later deployment made inactive went to production all the same.
    assert_eq!(of(&look, "acme/web/deployments/3").at, at(&hours_ago(3)));
    let bypass = of(&look, &format!("acme/web/push/{}", sha(0)));
    assert_eq!(bypass.marks, BTreeSet::from([Mark::Bypassed]));
    assert!(bypass.is_same_as(of(&look, "acme/web/pull/0")));
}

#[tokio::test]
async fn a_deployment_that_goes_on_is_asked_for_until_it_ends() {
    let fake = Fake::start(|asked| {
        let one = |id: usize| json!({"id": id, "sha": sha(id), "ref": "main", "environment": "production", "created_at": hours_ago(20 + id)});
        match asked.path.strip_prefix("/repos/acme/web").unwrap() {
            "" => fine(repository()),
            "/deployments/1" => fine(one(1)),
            "/deployments/2" => fine(one(2)),
            "/deployments/300" => fine(one(300)),
            "/deployments/4" => (404, Vec::new(), json!({"message": "Not Found"})),
            "/deployments/1/statuses" => fine(json!([{"state": "success", "created_at": hours_ago(1)}])),
            "/deployments/2/statuses" => fine(json!([{"state": "queued"}])),
            // The third is older than anybody waits for, and has no state at all.
            "/rulesets/rule-suites" => (403, Vec::new(), json!({"message": "Resource not accessible by personal access token"})),
            _ => fine(json!([])),
        }
    })
    .await;
    let cursor = Cursor {
        since: now() - TimeDelta::hours(1),
        open: BTreeSet::from([1, 2, 300, 4]),
    };
    let look = look_github(&fake.github(), &cursor).await.unwrap();
    assert_eq!(look.told.len(), 1);
    assert_eq!(look.told[0].at, at(&hours_ago(1)));
    assert_eq!(look.next.open, BTreeSet::from([2]));
    assert_eq!(look.next.to_string().parse(), Ok(look.next));
}

#[tokio::test]
async fn a_limit_ends_the_look_and_nothing_is_lost() {
    let reset = now() + TimeDelta::minutes(40);
    let spent = move |asked: &Asked| {
        let (status, mut headers, body) = github_of_a_week(asked);
        if asked.path.ends_with("/deployments/7/statuses") {
            headers.push(("x-ratelimit-remaining", "0".to_owned()));
            headers.push(("x-ratelimit-reset", reset.timestamp().to_string()));
        }
        (status, headers, body)
    };
    let fake = Fake::start(spent).await;
    let cursor = week_ago();
    let look = look_github(&fake.github(), &cursor).await.unwrap();
    assert_eq!(look.again_at, Some(reset));
    assert_eq!(look.next, cursor);
    // Those before it, and it: the answer itself was good.
    let ids: Vec<_> = look.told.iter().map(|told| &*told.external_id).collect();
    assert_eq!(
        ids,
        [3, 4, 6, 7].map(|id| format!("acme/web/deployments/{id}"))
    );
    assert_eq!(fake.n_asked("/deployments/9/"), 0);
    assert_eq!(fake.n_asked("/pulls"), 0);

    // When the limit is over, the whole week is seen.
    let fake = Fake::start(github_of_a_week).await;
    let again = look_github(&fake.github(), &look.next).await.unwrap();
    assert!(look.told.iter().all(|told| again.told.contains(told)));
}

#[tokio::test]
async fn each_way_to_ask_for_a_pause_is_understood() {
    let pause = |status, headers: Vec<(&'static str, String)>, words: &'static str| async move {
        let answer = move |_: &Asked| (status, headers.clone(), json!({"message": words}));
        let fake = Fake::start(answer).await;
        look_github(&fake.github(), &week_ago()).await
    };
    let header = |name, value: &str| vec![(name, value.to_owned())];
    let until =
        |look: Result<Look, PollError>| (look.unwrap().again_at.unwrap() - now()).num_seconds();
    assert_eq!(until(pause(429, header("retry-after", "90"), "").await), 90);
    assert_eq!(until(pause(403, header("retry-after", "5"), "").await), 5);
    let words = "You have exceeded a secondary rate limit";
    assert_eq!(until(pause(403, Vec::new(), words).await), 60);
    assert_eq!(until(pause(429, Vec::new(), "").await), 60);
    let spent = vec![
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", (now().timestamp() + 1_800).to_string()),
    ];
    assert_eq!(
        until(pause(403, spent, "API rate limit exceeded").await),
        1_800
    );
    // A clock that is far off isn't waited for.
    let torn = vec![
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", "99999999999".to_owned()),
    ];
    assert_eq!(until(pause(403, torn, "").await), 60);
}

#[tokio::test]
async fn what_waiting_doesnt_mend_is_told() {
    let ask = |status| async move {
        let fake = Fake::start(move |_| (status, Vec::new(), json!({"message": "no"}))).await;
        look_github(&fake.github(), &week_ago()).await.unwrap_err()
    };
    assert!(matches!(ask(401).await, PollError::Token { status: 401 }));
    assert!(matches!(ask(403).await, PollError::Token { status: 403 }));
    assert!(matches!(ask(404).await, PollError::NotFound));
    assert!(ask(502).await.is_transient() && !ask(404).await.is_transient());
    let odd = Fake::start(|_| fine(json!(["not", "a", "repository"]))).await;
    let error = look_github(&odd.github(), &week_ago()).await.unwrap_err();
    assert!(matches!(error, PollError::Malformed(_)));
    let gone = Api::github("http://127.0.0.1:1", None).unwrap();
    let error = look_github(&gone, &week_ago()).await.unwrap_err();
    assert!(matches!(error, PollError::Unreachable(_)) && error.is_transient());
}

#[tokio::test]
async fn a_token_follows_to_no_other_address() {
    let other = Fake::start(|_| fine(repository())).await;
    let place = format!("http://{}/", other.address);
    let fake = Fake::start(move |_| (307, vec![("location", place.clone())], json!({}))).await;
    let error = look_github(&fake.github(), &week_ago()).await.unwrap_err();
    assert!(matches!(error, PollError::Status { status: 307 }));
    assert_eq!(other.n_asked(""), 0);
    // A new name at home is followed.
    let renamed = Fake::start(|asked| match &*asked.path {
        "/repos/acme/web" => (
            301,
            vec![("location", "/repositories/5".to_owned())],
            json!({}),
        ),
        "/repositories/5" => fine(repository()),
        _ => fine(json!([])),
    })
    .await;
    let look = look_github(&renamed.github(), &week_ago()).await.unwrap();
    assert_eq!(look.told, []);
}

#[tokio::test]
async fn the_webhook_and_the_look_tell_of_one_change() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/intake");
    let read = |path: &str| std::fs::read(folder.join(path)).unwrap();
    let rules = Counting::default();
    let one = |reading: Reading| match reading {
        Reading::Told(mut told) => told.remove(0),
        other => panic!("{other:?}"),
    };

    let body = read("github/pull_request.merged.json");
    let hook = crate::intake::github::read("pull_request", &body, &rules, &salt, now());
    let hook = one(hook.unwrap());
    let whole: Value = serde_json::from_slice(&body).unwrap();
    let fake =
        Fake::start(
            move |asked| match asked.path.strip_prefix("/repos/acme/web").unwrap() {
                "" => fine(whole["repository"].clone()),
                "/pulls" => fine(json!([whole["pull_request"]])),
                _ => fine(json!([])),
            },
        )
        .await;
    let look = look_github(&fake.github(), &week_ago()).await.unwrap();
    let seen = Deployment {
        marks: BTreeSet::new(),
        ..look.told[0].clone()
    };
    assert_eq!(seen, hook);

    let body = read("gitlab/deployment.success.json");
    let hook = crate::intake::gitlab::read("Deployment Hook", &body, &rules, &salt, now());
    let hook = one(hook.unwrap());
    let whole: Value = serde_json::from_slice(&body).unwrap();
    let commit = hook.commit.clone();
    let fake = Fake::start(move |asked| {
        let path = asked.path.strip_prefix("/api/v4/projects/pay%2Fbilling").unwrap();
        match path {
            "" => fine(whole["project"].clone()),
            "/deployments" => fine(json!([{
                "id": 88, "iid": 2, "ref": "main", "sha": commit, "status": "success",
                "created_at": "2026-11-21T11:50:00.000Z", "updated_at": "2026-11-21T12:30:00.000Z",
                "user": {"id": 41, "username": "dana", "name": "Dana Weber"},
                "environment": {"id": 9, "name": "production", "external_url": "https://production.acme.example"},
                "deployable": {
                    "id": 857, "name": "deploy", "status": "success", "ref": "main",
                    "finished_at": "2026-11-21T12:00:00.000Z",
                    "commit": {"id": commit, "title": "Add invoices", "message": "Add invoices\n",
                        "author_name": "Dana Weber", "author_email": "dana@acme.example"},
                },
            }])),
            _ => fine(json!([])),
        }
    })
    .await;
    let look = look_gitlab(&fake.gitlab(), &week_ago()).await.unwrap();
    assert_eq!(look.told, [hook]);
}

fn gitlab_of_a_week(asked: &Asked) -> Answer {
    assert_eq!(asked.headers["private-token"], "glpat-x");
    let path = asked
        .path
        .strip_prefix("/api/v4/projects/pay%2Fbilling")
        .unwrap();
    let since = at("2026-11-16T08:50:00Z");
    let deployments = |n: usize| {
        json!({
            "id": n, "sha": sha(n), "ref": "main", "status": "success",
            "updated_at": hours_ago(160 - n % 160),
            "environment": {"name": if n.is_multiple_of(2) { "production" } else { "review/x" }},
            "deployable": null, "user": null,
        })
    };
    let merges = |n: usize| {
        json!({
            "iid": n, "state": "merged", "title": format!("Number {n}"), "labels": ["standard", "bug"],
            "source_branch": "x", "target_branch": "main", "web_url": format!("https://gitlab.acme.example/pay/billing/-/merge_requests/{n}"),
            "author": if n == 5 { Value::Null } else { json!({"username": "dana"}) },
            // The first was merged long ago, and only commented on since.
            "merged_at": if n == 0 { hours_ago(900) } else { hours_ago(1) },
            "updated_at": hours_ago(1), "merge_commit_sha": null, "squash_commit_sha": null, "sha": sha(n),
        })
    };
    // GitLab counts pages in a header, empty on the last.
    let listed = |all: Vec<Value>| {
        assert_eq!(at(&asked.query["updated_after"]), since);
        assert_eq!(
            (&*asked.query["order_by"], &*asked.query["sort"]),
            ("updated_at", "asc")
        );
        let n = asked.page();
        let is_last = all.len() <= n * 100;
        let page: Vec<_> = all.into_iter().skip((n - 1) * 100).take(100).collect();
        let next = if is_last {
            String::new()
        } else {
            (n + 1).to_string()
        };
        (200, vec![("x-next-page", next)], Value::Array(page))
    };
    match path {
        "" => fine(json!({
            "path_with_namespace": "pay/billing", "default_branch": "main",
            "web_url": "https://gitlab.acme.example/pay/billing",
        })),
        "/deployments" => listed((0..250).map(deployments).collect()),
        "/merge_requests" => listed((0..7).map(merges).collect()),
        "/merge_requests/1/approvals" => {
            fine(json!({"approved": true, "approved_by": [{"user": {"username": "morgan"}}]}))
        }
        "/merge_requests/2/approvals" => {
            fine(json!({"approved": true, "approved_by": [{"user": {"username": "dana"}}]}))
        }
        "/merge_requests/3/approvals" => (404, Vec::new(), json!({"message": "404 Not found"})),
        _ => fine(json!({"approved": false, "approved_by": []})),
    }
}

#[tokio::test]
async fn gitlab_is_looked_through_page_by_page() {
    let fake = Fake::start(gitlab_of_a_week).await;
    let look = look_gitlab(&fake.gitlab(), &week_ago()).await.unwrap();
    let n = |part: &str| {
        look.told
            .iter()
            .filter(|told| told.external_id.contains(part))
            .count()
    };
    assert_eq!((n("/deployments/"), n("/merge_requests/")), (125, 6));
    assert_eq!(fake.n_asked("/deployments?"), 3);
    assert_eq!((look.again_at, look.next), (None, Cursor::from(now())));
    let approved = |n| {
        let id = format!("pay/billing/merge_requests/{n}");
        let told = look
            .told
            .iter()
            .find(|told| told.external_id == id)
            .unwrap();
        (
            told.marks.contains(&Mark::Unreviewed),
            told.approved_by.as_deref(),
        )
    };
    assert_eq!(approved(1), (false, Some("morgan")));
    assert_eq!(approved(2), (true, None), "one's own word is none");
    assert_eq!(approved(3), (false, None), "what isn't shown isn't told");
    assert_eq!(approved(4), (true, None));
}

#[tokio::test]
async fn gitlabs_limit_ends_the_look() {
    let limited = |asked: &Asked| {
        if asked.path.ends_with("/merge_requests") {
            let reset = (now().timestamp() + 30).to_string();
            (
                429,
                vec![
                    ("ratelimit-remaining", "0".to_owned()),
                    ("ratelimit-reset", reset),
                ],
                json!({}),
            )
        } else {
            gitlab_of_a_week(asked)
        }
    };
    let fake = Fake::start(limited).await;
    let look = look_gitlab(&fake.gitlab(), &week_ago()).await.unwrap();
    assert_eq!(look.told.len(), 125);
    assert_eq!(look.again_at, Some(now() + TimeDelta::seconds(30)));
    assert_eq!(look.next, week_ago());
}

#[test]
fn a_cursor_is_read_as_it_was_written() {
    for text in ["", "soon", "2026-11-21T12:00:00Z x", "2026-11-21"] {
        assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
    }
    let cursor: Cursor = "2026-11-21T12:00:00Z 7 3".parse().unwrap();
    assert_eq!(cursor.open, BTreeSet::from([3, 7]));
    assert!(
        !format!(
            "{:?}",
            Api::github("https://x.example", Some(&Secret::new("ghp_x"))).unwrap()
        )
        .contains("ghp_x")
    );
}
