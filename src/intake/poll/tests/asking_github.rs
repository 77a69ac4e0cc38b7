//! GitHub.

use std::collections::BTreeSet;

use super::*;
use crate::domain::id::ChangeNumber;
use crate::domain::text::Text;

pub(super) fn repository() -> Value {
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
                "id": 60_000 + n,
                "number": n,
                "html_url": format!("https://github.com/acme/web/pull/{n}"),
                "state": "closed",
                "title": format!("fix: number {n}"),
                "user": if n == 3 { Value::Null } else { json!({"login": "dana-acme"}) },
                "updated_at": hours_ago(n),
                // Every fourth was closed and not merged.
                "merged_at": if n % 4 == 1 { Value::Null } else { json!(hours_ago(n)) },
                "merge_commit_sha": sha(n),
                "head": {"ref": "feature", "sha": sha(10_000 + n)},
                "base": {"ref": "main"},
            })
        })
        .collect()
}

/// GitHub as it stands after a week, in which somebody did much.
pub(super) fn github_of_a_week(asked: &Asked) -> Answer {
    assert_eq!(asked.headers["authorization"], "Bearer ghp_x");
    assert!(asked.headers.contains_key("user-agent"));
    let path = asked.path.strip_prefix("/repos/acme/web").unwrap();
    let parts: Vec<_> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        [] => fine(repository()),
        ["deployments"] => paged(&deployments(400), asked),
        ["deployments", id] => fine(deployments(400)[id.parse::<usize>().unwrap()].clone()),
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
            assert_eq!(
                (&*asked.query["state"], &*asked.query["sort"]),
                ("all", "updated")
            );
            assert!(!asked.query.contains_key("base"));
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
                8 => json!([
                    review("morgan-acme", "APPROVED", 9),
                    review("alex-acme", "APPROVED", 2),
                    review("morgan-acme", "APPROVED", 1)
                ]),
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
        ["activity"] => {
            assert_eq!(asked.query["ref"], "refs/heads/main");
            activity(asked)
        }
        ["commits", hash] => fine(json!({
            "sha": hash,
            "commit": {
                "author": {"name": "Dana", "email": "Dana@Acme.example"},
                "message": format!("hotfix: CHG-1042 at last\n\nIn {hash}"),
            },
            "author": null,
        })),
        other => panic!("nobody knows {other:?}"),
    }
}

/// What was pushed to the default branch, the newest first; pages have no number.
fn activity(asked: &Asked) -> Answer {
    let one = |n: usize, kind: &str, hours: usize| {
        json!({
            "id": 70_000 + n, "before": sha(0), "after": sha(20_000 + n), "ref": "refs/heads/main",
            "timestamp": hours_ago(hours), "activity_type": kind,
            "actor": if n == 3 { Value::Null } else { json!({"login": "dana-acme"}) },
        })
    };
    if asked.query.get("after").is_none_or(String::is_empty) {
        let link = "<https://api.github.com/repositories/5/activity?per_page=100&after=djE6a%3D&ref=x>; rel=\"next\"";
        let page = [
            one(1, "push", 1),
            one(2, "pr_merge", 2),
            one(3, "force_push", 3),
            one(4, "merge_queue_merge", 4),
        ];
        return (200, vec![("link", link.to_owned())], json!(page));
    }
    assert_eq!(asked.query["after"], "djE6a=");
    fine(json!([
        one(5, "push", 100),
        one(6, "branch_creation", 101),
        one(7, "push", 500)
    ]))
}

pub(super) fn of<'a>(look: &'a Look, id: &str) -> &'a Deployment {
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
    assert_eq!(count("push/"), 1 + 3);
    // The page on which the week ends is the last that is asked for; those before it
    // are asked for until there is nothing new on them.
    assert_eq!(fake.n_asked("/deployments?"), 3);
    assert_eq!(fake.n_asked("/pulls?"), 2);
    assert_eq!((look.again_at, look.n_refused), (None, 0));
    assert_eq!(look.next.since, now());
    assert_eq!(look.next.open, BTreeSet::from([0, 1]));
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
    assert_eq!(is_unreviewed(8), (false, morgan), "the one in time holds");
    assert_eq!(of(&look, "acme/web/pull/3").author, None);
    // What a later deployment made inactive went to production all the same.
    assert_eq!(of(&look, "acme/web/deployments/3").at, at(&hours_ago(3)));
    let bypass = of(&look, &format!("acme/web/push/{}", sha(0)));
    assert_eq!(bypass.marks, BTreeSet::from([Mark::Bypassed, Mark::Hotfix]));
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
        open: BTreeSet::from([1, 2, 300, 4]),
        ..Cursor::from(now() - TimeDelta::hours(1))
    };
    let look = look_github(&fake.github(), &cursor).await.unwrap();
    assert_eq!(look.told.len(), 1);
    assert_eq!(look.told[0].at, at(&hours_ago(1)));
    assert_eq!(look.next.open, BTreeSet::from([2]));
    assert_eq!(look.next.to_string().parse(), Ok(look.next));
}

#[tokio::test]
async fn after_a_limit_a_look_goes_on_where_it_was() {
    let over_at = now() + TimeDelta::minutes(40);
    let spent = move |asked: &Asked| {
        let (status, mut headers, body) = github_of_a_week(asked);
        if asked.path.ends_with("/deployments/7/statuses") {
            headers.push(("x-ratelimit-remaining", "0".to_owned()));
            headers.push(("x-ratelimit-reset", over_at.timestamp().to_string()));
        }
        (status, headers, body)
    };
    let fake = Fake::start(spent).await;
    let cursor = week_ago();
    let first = look_github(&fake.github(), &cursor).await.unwrap();
    assert_eq!((first.again_at, first.is_end), (Some(over_at), false));
    assert_eq!(first.next.since, cursor.since);
    // Those before it, and it: the answer itself was good.
    let ids: Vec<_> = first.told.iter().map(|told| &*told.external_id).collect();
    assert_eq!(
        ids,
        [3, 4, 6, 7].map(|id| format!("acme/web/deployments/{id}"))
    );
    assert_eq!(fake.n_asked("/deployments/9/"), 0);
    assert_eq!(fake.n_asked("/pulls"), 0);

    // When the limit is over, the rest of the week is seen.
    let fake = Fake::start(github_of_a_week).await;
    let rest = look_github(&fake.github(), &first.next).await.unwrap();
    assert_eq!(fake.n_asked("/deployments/7/"), 0);
    assert_eq!((rest.is_end, rest.next.since), (true, now()));
    let all = look_github(&fake.github(), &cursor).await.unwrap();
    let (mut seen, mut all) = ([first.told, rest.told].concat(), all.told);
    for told in [&mut seen, &mut all] {
        told.sort_by(|one, other| {
            (&one.external_id, &one.marks).cmp(&(&other.external_id, &other.marks))
        });
    }
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_week_is_seen_whole_though_every_second_page_brings_a_limit() {
    let is_list = |asked: &Asked| {
        let lists = ["/deployments", "/pulls", "/rule-suites", "/activity"];
        lists.iter().any(|list| asked.path.ends_with(list))
    };
    let fake = Fake::start(limited(is_list, github_of_a_week)).await;
    let api = fake.github();
    let look = async |cursor: &Cursor| look_github(&api, cursor).await;
    let (told, next, n_limits) = in_spite_of_limits(week_ago(), look).await;
    let calm = Fake::start(github_of_a_week).await;
    let all = look_github(&calm.github(), &week_ago()).await.unwrap();
    assert_eq!(
        tally(&told),
        tally(&all.told),
        "all of it, and nothing twice"
    );
    assert_eq!(next, all.next);
    assert!(n_limits >= 4, "{n_limits}");
    for part in ["/statuses", "/reviews"] {
        assert_eq!(fake.n_asked(part), calm.n_asked(part), "{part}");
    }
}

#[tokio::test]
async fn a_request_that_is_commented_on_while_pages_are_read_is_told() {
    let commented = Arc::new(Mutex::new(None));
    let when = Arc::clone(&commented);
    let fake = Fake::start(move |asked| {
        if !asked.path.ends_with("/pulls") {
            return github_of_a_week(asked);
        }
        let mut all = merges(160);
        let mut commented = when.lock().unwrap();
        if commented.is_some() {
            let mut one = all.remove(120);
            one["updated_at"] = json!(written(now()));
            all.insert(0, one);
        }
        // It stands on the second page, and goes before the first when that is read.
        *commented = Some(());
        paged(&all, asked)
    })
    .await;
    let first = look_github(&fake.github(), &week_ago()).await.unwrap();
    let is_told = |look: &Look| tally(&look.told).contains_key("acme/web/pull/120");
    assert!(commented.lock().unwrap().is_some() && !is_told(&first));
    let later = now() + TimeDelta::minutes(5);
    let second = look_github_at(&fake.github(), &first.next, later).await;
    let second = second.unwrap();
    assert!(is_told(&second));
    // What was merged before anybody looked stays untold, whoever comments on it.
    let late = Cursor::from(now() - TimeDelta::hours(1));
    let third = look_github(&fake.github(), &late).await.unwrap();
    assert!(!is_told(&third) && tally(&third.told).contains_key("acme/web/pull/0"));
}

#[tokio::test]
async fn a_deployment_that_failed_is_asked_for_again_for_a_day() {
    let works = Arc::new(Mutex::new(false));
    let now_works = Arc::clone(&works);
    let fake = Fake::start(move |asked| {
        let one = json!({"id": 1, "sha": sha(1), "ref": "main", "environment": "production", "created_at": hours_ago(1)});
        match asked.path.strip_prefix("/repos/acme/web").unwrap() {
            "" => fine(repository()),
            "/deployments" => fine(json!([one])),
            "/deployments/1" => fine(one),
            "/deployments/1/statuses" if *works.lock().unwrap() => fine(json!([
                {"state": "success", "created_at": written(now() + TimeDelta::hours(2))},
                {"state": "error", "created_at": hours_ago(0)}
            ])),
            "/deployments/1/statuses" => fine(json!([{"state": "error", "created_at": hours_ago(0)}])),
            _ => fine(json!([])),
        }
    })
    .await;
    let api = fake.github();
    let look = async |cursor: &Cursor, hours| {
        let at = now() + TimeDelta::hours(hours);
        look_github_at(&api, cursor, at).await.unwrap()
    };
    let failed = look(&week_ago(), 0).await;
    assert_eq!((failed.told.len(), failed.next.open.len()), (0, 1));
    let given_up = look(&look(&failed.next, 23).await.next, 24).await;
    assert_eq!((given_up.told.len(), given_up.next.open.len()), (0, 0));
    *now_works.lock().unwrap() = true;
    let done = look(&failed.next, 2).await;
    assert_eq!(
        tally(&done.told),
        BTreeMap::from([("acme/web/deployments/1", 1)])
    );
    assert_eq!(done.next.open.len(), 0);
}

#[tokio::test]
async fn what_has_ended_is_not_asked_for_again() {
    let fake = Fake::start(|asked| {
        let minutes_ago = |n| written(now() - TimeDelta::minutes(n));
        let one = |id: i64| json!({"id": id, "sha": sha(1), "ref": "main", "environment": "production", "created_at": minutes_ago(id)});
        match asked.path.strip_prefix("/repos/acme/web").unwrap() {
            "" => fine(repository()),
            "/deployments" => fine(json!([one(1), one(2), one(3)])),
            "/deployments/2/statuses" => fine(json!([{"state": "inactive"}])),
            path if path.ends_with("/statuses") => fine(json!([{"state": "success", "created_at": minutes_ago(1)}])),
            _ => fine(json!([])),
        }
    })
    .await;
    let mut cursor = week_ago();
    for minutes in [0, 5, 10, 15] {
        let at = now() + TimeDelta::minutes(minutes);
        let look = look_github_at(&fake.github(), &cursor, at).await.unwrap();
        assert_eq!(look.told.len(), if minutes == 0 { 2 } else { 0 });
        cursor = look.next;
    }
    assert_eq!(fake.n_asked("/statuses"), 3);
    assert_eq!(cursor.ended, BTreeMap::new(), "nor remembered for ever");
}

#[tokio::test]
async fn a_deployment_that_moves_up_while_pages_are_read_is_told() {
    let n_pages = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| {
        if !asked.path.ends_with("/deployments") {
            return github_of_a_week(asked);
        }
        // Somebody deletes ten of the first page when that was read.
        let gone = if n_pages.fetch_add(1, Ordering::Relaxed) == 0 {
            0
        } else {
            10
        };
        paged(&deployments(160)[gone..], asked)
    })
    .await;
    let look = look_github(&fake.github(), &week_ago()).await.unwrap();
    let seen = tally(&look.told);
    let production = (3..160).filter(|n| n % 3 != 2);
    for n in production {
        assert_eq!(
            seen.get(&*format!("acme/web/deployments/{n}")),
            Some(&1),
            "{n}"
        );
    }
}

#[tokio::test]
async fn a_push_that_no_request_brought_is_told_with_its_author() {
    let fake = Fake::start(github_of_a_week).await;
    let look = look_github(&fake.github(), &week_ago()).await.unwrap();
    let pushes: Vec<_> = look
        .told
        .iter()
        .filter(|told| told.marks.contains(&Mark::DirectPush))
        .collect();
    let of = |n: usize| format!("acme/web/push/{}", sha(20_000 + n));
    let ids: Vec<_> = pushes.iter().map(|told| told.external_id.clone()).collect();
    assert_eq!(ids, [of(1), of(3), of(5)]);
    let authors: Vec<_> = pushes.iter().map(|told| told.author.as_deref()).collect();
    assert_eq!(authors, [Some("dana-acme"), None, Some("dana-acme")]);
    for told in pushes {
        assert_eq!(told.author_email.as_deref(), Some("dana@acme.example"));
        assert_eq!(told.marks, BTreeSet::from([Mark::DirectPush, Mark::Hotfix]));
        assert_eq!(told.reference, Some(ChangeNumber(1042)));
        let title = told.title.as_ref().map(Text::body);
        assert_eq!(title, Some("hotfix: CHG-1042 at last"));
    }
}

#[tokio::test]
async fn the_author_is_looked_up_once_where_somebody_may_ask_for_them() {
    let fake = Fake::start(github_of_a_week).await;
    let look = look_github(&fake.github(), &week_ago()).await.unwrap();
    let address = |n| {
        of(&look, &format!("acme/web/pull/{n}"))
            .author_email
            .as_deref()
    };
    assert_eq!(address(0), Some("dana@acme.example"), "unreviewed");
    assert_eq!(address(7), None, "nobody will ask");
    // Of the branch's last commit: that of the merge is by whoever pressed the button.
    assert_eq!(fake.n_asked(&format!("/commits/{}", sha(10_000))), 1);
    assert_eq!(fake.n_asked(&format!("/commits/{}", sha(10_007))), 0);
    let marked = look.told.iter().filter(|told| !told.marks.is_empty());
    assert_eq!(fake.n_asked("/commits/"), marked.count());
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
