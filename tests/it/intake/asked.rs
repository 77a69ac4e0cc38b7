//! Sources that are asked: pages, limits, faults, and a week in which nobody asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Query, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Json, Response};
use breakglass::config::{Polled, Secret, Sources};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{heard, n_counted, saturday, world};
use crate::world::{Door, World};

/// What a source has, and how it behaves.
#[derive(Default)]
struct State {
    /// When something was deployed, in order; its place is its name.
    deployed: Vec<DateTime<Utc>>,
    /// What it answers in place of what it was asked: a status and how many seconds
    /// to wait.
    trouble: Option<(u16, u64)>,
    /// Whether every second page of deployments asks to wait for an hour.
    every_second_page: bool,
    n_pages: usize,
    /// A repository that isn't shown.
    hidden: Option<&'static str>,
    /// What stands in each deployment.
    described: Option<&'static str>,
    asked: Vec<String>,
}

/// GitHub and GitLab as they document themselves.
#[derive(Clone, Default)]
struct Api(Arc<Mutex<State>>);

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Api {
    async fn start(&self) -> String {
        let api = self.clone();
        let routes = Router::new().fallback(move |request: Request| {
            let api = api.clone();
            async move { api.answer(&request) }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}")
    }

    fn answer(&self, request: &Request) -> Response {
        let mut state = self.0.lock().unwrap();
        state.asked.push(request.uri().to_string());
        if let Some((status, wait)) = state.trouble {
            let mut answer = Json(json!({"message": "no"})).into_response();
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            if wait > 0 {
                let wait = wait.to_string().parse().unwrap();
                answer.headers_mut().insert("retry-after", wait);
            }
            return answer;
        }
        let query = Query::<HashMap<String, String>>::try_from_uri(request.uri()).unwrap();
        let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
        let path = request.uri().path();
        let parts: Vec<_> = path.split('/').skip(1).collect();
        if let ["repos", _, name, ..] = parts.as_slice()
            && state.hidden == Some(name)
        {
            return (StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))).into_response();
        }
        let list = match parts.as_slice() {
            ["repos", _, _, "commits", _] => {
                return Json(json!({"commit": {
                    "author": {"email": "priya@northwind.example"}, "message": "WAF rule",
                }}))
                .into_response();
            }
            ["repos", _, name] => {
                return Json(json!({
                    "full_name": format!("acme/{name}"),
                    "html_url": format!("https://github.com/acme/{name}"),
                    "default_branch": "main",
                }))
                .into_response();
            }
            ["repos", _, _, "deployments"] => {
                state.n_pages += 1;
                if state.every_second_page && state.n_pages.is_multiple_of(2) {
                    let mut answer = Json(json!({"message": "later"})).into_response();
                    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                    answer.headers_mut().insert("retry-after", 3_500.into());
                    return answer;
                }
                state.of_github()
            }
            ["repos", _, _, "deployments", id, "statuses"] => {
                let at = state.deployed[id.parse::<usize>().unwrap()];
                vec![json!({"state": "success", "created_at": written(at)})]
            }
            ["projects", _] => {
                return Json(json!({
                    "path_with_namespace": "pay/billing",
                    "web_url": "https://gitlab.acme.example/pay/billing",
                    "default_branch": "main",
                }))
                .into_response();
            }
            ["projects", _, "deployments"] => {
                let since = query["updated_after"].parse().unwrap();
                state.of_gitlab(since)
            }
            _ => Vec::new(),
        };
        let begin = (page - 1) * 100;
        let on_page: Vec<_> = list.iter().skip(begin).take(100).cloned().collect();
        let mut answer = Json(on_page).into_response();
        if list.len() > begin + 100 {
            let link = "<http://192.0.2.1/next>; rel=\"next\"".parse().unwrap();
            answer.headers_mut().insert("link", link);
        }
        answer
    }

    fn deploy(&self, at: DateTime<Utc>) {
        self.0.lock().unwrap().deployed.push(at);
    }

    fn behave(&self, trouble: Option<(u16, u64)>) {
        self.0.lock().unwrap().trouble = trouble;
    }

    fn n_asked(&self) -> usize {
        self.0.lock().unwrap().asked.len()
    }

    fn n_asked_for(&self, part: &str) -> usize {
        let state = self.0.lock().unwrap();
        state.asked.iter().filter(|one| one.contains(part)).count()
    }
}

impl State {
    /// The newest first.
    fn of_github(&self) -> Vec<Value> {
        let all = self.deployed.iter().enumerate().rev();
        all.map(|(n, at)| {
            json!({
                "id": n,
                "sha": format!("{:040x}", n + 1),
                "ref": "main",
                "environment": "production",
                "created_at": written(*at),
                "updated_at": written(*at),
                "creator": {"login": "dana-acme"},
                "description": self.described,
            })
        })
        .collect()
    }

    fn of_gitlab(&self, since: DateTime<Utc>) -> Vec<Value> {
        let all = self.deployed.iter().enumerate();
        all.filter(|(_, at)| **at > since)
            .map(|(n, at)| {
                json!({
                    "id": n,
                    "sha": format!("{:040x}", 0x1_0000 + n),
                    "ref": "main",
                    "status": "success",
                    "updated_at": written(*at),
                    "environment": {"name": "production", "tier": "production"},
                    "user": {"username": "dana"},
                })
            })
            .collect()
    }
}

fn polled(url: &str, paths: &[&str]) -> Polled {
    Polled {
        api_url: url.to_owned(),
        token: Some(Secret::new("a-token")),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    }
}

async fn asking_github(api: &Api, paths: &[&str]) -> World {
    let url = api.start().await;
    let sources = Sources {
        github: Some(polled(&url, paths)),
        ..Sources::default()
    };
    world(Door::Socket, sources).await
}

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

#[tokio::test]
async fn the_first_look_goes_back_four_weeks_page_by_page_and_the_next_is_in_five_minutes() {
    let api = Api::default();
    // One every three hours, for forty days; the oldest first.
    for n in (0..320).rev() {
        // Just beyond the ten minutes by which a look overlaps the one before.
        api.deploy(saturday() - TimeDelta::hours(3 * n) - minutes(11));
    }
    let mut world = asking_github(&api, &["acme/web"]).await;
    assert_eq!(n_counted(&world), 28 * 8);
    // Each page but the last once more, until there is nothing new on it.
    assert_eq!(api.n_asked_for("/deployments?"), 2 * 2 + 1);
    assert_eq!(heard(&world, "github"), [28 * 8, 0, 0, 0]);
    let n_asked = api.n_asked();
    world.go(minutes(4)).await;
    assert_eq!(api.n_asked(), n_asked, "five minutes aren't over");
    api.deploy(world.now().await);
    world.go(minutes(1)).await;
    assert_eq!(n_counted(&world), 28 * 8 + 1);
    // A look in which nothing happened is a hearing, too, and no record in the log.
    let n_leaves = world.count("SELECT count(*) FROM event");
    world.go(minutes(30)).await;
    assert_eq!(world.count("SELECT count(*) FROM event"), n_leaves);
    assert_eq!(n_counted(&world), 28 * 8 + 1);
    world.end().await;
}

#[tokio::test]
async fn a_limit_is_obeyed_and_what_it_kept_back_is_told_afterwards() {
    let api = Api::default();
    let mut world = asking_github(&api, &["acme/web", "acme/api"]).await;
    api.behave(Some((429, 3_600)));
    api.deploy(saturday() + minutes(2));
    world.go(minutes(5)).await;
    let n_asked = api.n_asked();
    api.behave(None);
    world.go(minutes(55)).await;
    assert_eq!(
        api.n_asked(),
        n_asked,
        "nothing is asked before the hour is over"
    );
    assert_eq!(n_counted(&world), 0);
    world.go(minutes(6)).await;
    // Both repositories list it, each as its own, and of one commit.
    assert_eq!(n_counted(&world), 1);
    assert!(api.n_asked() > n_asked);
    world.end().await;
}

#[tokio::test]
async fn a_week_in_which_nobody_asked_is_made_good_once() {
    let api = Api::default();
    let url = api.start().await;
    let sources = Sources {
        github: Some(polled(&url, &["acme/web"])),
        gitlab: Some(polled(&url, &["pay/billing"])),
        ..Sources::default()
    };
    let mut world = world(Door::Socket, sources).await;
    world.stop().await;
    for n in 0..150 {
        api.deploy(saturday() + TimeDelta::hours(n) + minutes(7));
    }
    world.go(TimeDelta::days(7)).await;
    assert_eq!(n_counted(&world), 0);
    world.start().await;
    assert_eq!(n_counted(&world), 300);
    world.crash().await;
    world.start().await;
    assert_eq!(n_counted(&world), 300);
    assert_eq!(heard(&world, "gitlab")[0], 150);
    world.end().await;
}

#[tokio::test]
async fn faults_of_a_source_end_nothing_and_lose_nothing() {
    let api = Api::default();
    let mut world = asking_github(&api, &["acme/web"]).await;
    for (n, status) in [500, 401, 404, 502].into_iter().enumerate() {
        api.behave(Some((status, 0)));
        api.deploy(world.now().await);
        world.go(minutes(6)).await;
        assert_eq!(n_counted(&world), 0, "after {} faults", n + 1);
    }
    // Somebody declares meanwhile, and is answered as ever.
    world
        .slash("dana", "Restart the payments API @morgan")
        .await;
    assert_eq!(world.stage(1001), "requested");
    world.skip();
    api.behave(None);
    world.go(minutes(5)).await;
    assert_eq!(n_counted(&world), 4);
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_source_of_which_a_part_cant_be_read_isnt_heard_and_says_of_which() {
    let api = Api::default();
    api.0.lock().unwrap().hidden = Some("odd");
    let mut world = asking_github(&api, &["acme/web", "acme/odd"]).await;
    let days = "SELECT count(*) FROM hearing";
    assert_eq!(world.count(days), 0);
    let fault = "SELECT fault FROM cursor WHERE path = 'acme/odd' AND read_at IS NULL";
    assert_eq!(
        world.text(fault),
        "it knows nothing of this name, or the token may not see it"
    );
    let read = "SELECT count(*) FROM cursor WHERE path = 'acme/web' AND read_at IS NOT NULL";
    assert_eq!(world.count(read), 1);
    api.0.lock().unwrap().hidden = None;
    world.go(minutes(5)).await;
    assert_eq!(world.count(days), 1);
    assert_eq!(
        world.count("SELECT count(*) FROM cursor WHERE fault IS NOT NULL"),
        0
    );
    world.end().await;
}

#[tokio::test]
async fn who_deployed_an_emergency_is_looked_up_where_they_are_asked_for() {
    let api = Api::default();
    let mut world = asking_github(&api, &["acme/web"]).await;
    world
        .slash("dana", "Restart the payments API @morgan")
        .await;
    world.go(minutes(2)).await;
    api.0.lock().unwrap().described = Some("Restart, as in CHG-1001");
    api.deploy(world.now().await);
    world.go(minutes(5)).await;
    let fact = world.fact("deployed");
    assert_eq!(fact.data["implementer"], "U0PRIYA001");
    assert_eq!(api.n_asked_for("/commits/"), 1, "and not at every look");
    world.skip();
    world.end().await;
}

#[tokio::test]
async fn a_large_repository_is_seen_whole_though_every_second_page_brings_a_limit() {
    let api = Api::default();
    for n in (0..450).rev() {
        api.deploy(saturday() - TimeDelta::hours(n) - minutes(11));
    }
    api.0.lock().unwrap().every_second_page = true;
    let mut world = asking_github(&api, &["acme/web"]).await;
    let mut n_before = 0;
    let mut n_waits = 0;
    while n_counted(&world) < 450 {
        n_waits += 1;
        assert!(n_waits < 10, "it comes to no end");
        world.go(minutes(60)).await;
        let n = n_counted(&world);
        assert!(n > n_before, "each look brings more");
        n_before = n;
        world.crash().await;
        world.start().await;
    }
    assert!(n_waits >= 3, "{n_waits}");
    assert_eq!(api.n_asked_for("/statuses"), 450, "nothing is asked twice");
    world.end().await;
}
