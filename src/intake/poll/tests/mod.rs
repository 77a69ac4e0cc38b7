//! Looks at a source on loopback that answers as the providers document.

mod asking_github;
mod asking_gitlab;
mod in_trouble;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Query, Request};
use axum::http::HeaderMap as Headers;
use axum::response::{IntoResponse as _, Json};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::domain::deployment::{Deployment, Mark};
use crate::domain::policy::Counting;
use crate::intake::Reading;
use crate::intake::tests::salt;

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

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn now() -> DateTime<Utc> {
    at("2026-11-23T09:00:00Z")
}

fn week_ago() -> Cursor {
    Cursor::from(now() - TimeDelta::days(7))
}

/// Looks step by step, to the end or to a limit.
async fn to_the_end(
    mut cursor: Cursor,
    look: impl AsyncFn(Cursor) -> Result<Look, PollError>,
) -> Result<Look, PollError> {
    let (mut told, mut n_refused) = (Vec::new(), 0);
    loop {
        let step = look(cursor).await?;
        told.extend(step.told);
        n_refused += step.n_refused;
        if step.is_end || step.again_at.is_some() {
            return Ok(Look {
                told,
                n_refused,
                ..step
            });
        }
        // As it is after a restart.
        cursor = step.next.to_string().parse().unwrap();
    }
}

async fn look_github(api: &Api, cursor: &Cursor) -> Result<Look, PollError> {
    look_github_at(api, cursor, now()).await
}

async fn look_github_at(api: &Api, cursor: &Cursor, now: DateTime<Utc>) -> Result<Look, PollError> {
    let rules = Counting::default();
    let look = async |cursor| github::look(api, "acme/web", cursor, &rules, &salt, now).await;
    to_the_end(cursor.clone(), look).await
}

async fn look_gitlab(api: &Api, cursor: &Cursor) -> Result<Look, PollError> {
    let rules = Counting::default();
    let look = async |cursor| gitlab::look(api, "pay/billing", cursor, &rules, &salt, now()).await;
    to_the_end(cursor.clone(), look).await
}

/// Looks again and again, as often as limits want it.
async fn in_spite_of_limits(
    mut cursor: Cursor,
    look: impl AsyncFn(&Cursor) -> Result<Look, PollError>,
) -> (Vec<Deployment>, Cursor, usize) {
    let (mut told, mut n_limits) = (Vec::new(), 0);
    loop {
        let seen = look(&cursor).await.unwrap();
        told.extend(seen.told);
        cursor = seen.next;
        if seen.is_end {
            return (told, cursor, n_limits);
        }
        n_limits += 1;
        assert!(n_limits < 100, "it never comes to an end");
    }
}

/// How often each thing was told.
fn tally(told: &[Deployment]) -> BTreeMap<&str, usize> {
    let mut tally = BTreeMap::new();
    for one in told {
        *tally.entry(&*one.external_id).or_default() += 1;
    }
    tally
}

/// Answers every second list with a limit, of both kinds: one that refuses, and one
/// that lets no more pass.
fn limited(
    is_list: impl Fn(&Asked) -> bool + Send + Sync + 'static,
    answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    let n_lists = AtomicUsize::new(0);
    move |asked| {
        if !is_list(asked) {
            return answer(asked);
        }
        match n_lists.fetch_add(1, Ordering::Relaxed) % 4 {
            1 => (
                429,
                vec![("retry-after", "60".to_owned())],
                json!({"message": "later"}),
            ),
            3 => {
                let (status, mut headers, body) = answer(asked);
                headers.push(("x-ratelimit-remaining", "0".to_owned()));
                (status, headers, body)
            }
            _ => answer(asked),
        }
    }
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
    assert_eq!(look.told, [hook]);

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
