//! GitLab.

use super::*;

/// One page of what was changed after an instant, the oldest change first.
fn after(mut all: Vec<Value>, asked: &Asked) -> Answer {
    let since = &asked.query["updated_after"];
    all.retain(|one| at(one["updated_at"].as_str().unwrap()) > at(since));
    all.sort_by_key(|one| at(one["updated_at"].as_str().unwrap()));
    let n = asked.page();
    let is_last = all.len() <= n * 100;
    let page: Vec<_> = all.into_iter().skip((n - 1) * 100).take(100).collect();
    let next = if is_last {
        String::new()
    } else {
        (n + 1).to_string()
    };
    (200, vec![("x-next-page", next)], Value::Array(page))
}

pub(super) fn gitlab_of_a_week(asked: &Asked) -> Answer {
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
            "id": 500 + n, "iid": n, "state": "merged", "title": format!("Number {n}"), "labels": ["standard", "bug"],
            "source_branch": "x", "target_branch": "main", "web_url": format!("https://gitlab.acme.example/pay/billing/-/merge_requests/{n}"),
            "author": if n == 5 { Value::Null } else { json!({"username": "dana"}) },
            // The first was merged long ago, and only commented on since.
            "merged_at": if n == 0 { hours_ago(900) } else { hours_ago(1) },
            "updated_at": hours_ago(1), "merge_commit_sha": null, "squash_commit_sha": null, "sha": sha(n),
        })
    };
    // GitLab counts pages in a header, empty on the last.
    let listed = |all: Vec<Value>| {
        assert!(at(&asked.query["updated_after"]) >= since);
        assert_eq!(
            (&*asked.query["order_by"], &*asked.query["sort"]),
            ("updated_at", "asc")
        );
        after(all, asked)
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
        path if path.starts_with("/repository/commits/") => {
            fine(json!({"id": sha(4), "author_email": "dana@acme.example"}))
        }
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
    assert_eq!((look.again_at, look.is_end), (None, true));
    assert_eq!(
        (look.next.since, look.next.horizon),
        (now(), week_ago().since)
    );
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
    let address = |n| {
        let id = format!("pay/billing/merge_requests/{n}");
        let told = look.told.iter().find(|told| told.external_id == id);
        told.unwrap().author_email.as_deref()
    };
    assert_eq!((address(1), address(4)), (None, Some("dana@acme.example")));
}

#[tokio::test]
async fn a_week_of_gitlabs_is_seen_whole_though_every_second_page_brings_a_limit() {
    let is_list = |asked: &Asked| asked.query.contains_key("updated_after");
    let fake = Fake::start(limited(is_list, gitlab_of_a_week)).await;
    let api = fake.gitlab();
    let look = async |cursor: &Cursor| look_gitlab(&api, cursor).await;
    let (told, next, n_limits) = in_spite_of_limits(week_ago(), look).await;
    let calm = Fake::start(gitlab_of_a_week).await;
    let all = look_gitlab(&calm.gitlab(), &week_ago()).await.unwrap();
    assert_eq!(
        tally(&told),
        tally(&all.told),
        "all of it, and nothing twice"
    );
    assert_eq!(next, all.next);
    assert!(n_limits >= 2, "{n_limits}");
    assert_eq!(fake.n_asked("/approvals"), calm.n_asked("/approvals"));
}

#[tokio::test]
async fn requests_that_change_while_pages_are_read_are_all_told() {
    let n_asked = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| {
        if !asked.path.ends_with("/merge_requests") {
            return gitlab_of_a_week(asked);
        }
        // Two minutes between each and the next; 150 in one second, so that they
        // are more than a page holds together with what comes twice.
        let one = |n: usize| {
            let minutes = i64::try_from(if (100..250).contains(&n) { 100 } else { n }).unwrap();
            let at = now() - TimeDelta::days(3) + TimeDelta::minutes(2 * minutes);
            json!({
                "id": n, "iid": n, "state": "merged", "title": "x", "source_branch": "x",
                "target_branch": "main", "author": {"username": "dana"}, "sha": sha(n),
                "merged_at": written(at), "updated_at": written(at),
            })
        };
        let mut all: Vec<_> = (0..400).map(one).collect();
        // Whatever is asked, somebody comments on a request that was listed before.
        let n_commented = n_asked.fetch_add(1, Ordering::Relaxed);
        for one in all.iter_mut().take(n_commented) {
            one["updated_at"] = json!(written(now() - TimeDelta::hours(1)));
        }
        after(all, asked)
    })
    .await;
    let look = look_gitlab(&fake.gitlab(), &week_ago()).await.unwrap();
    let seen = tally(&look.told);
    for n in 0..400 {
        let id = format!("pay/billing/merge_requests/{n}");
        assert!(seen.contains_key(&*id), "{n}");
    }
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
    assert_eq!((look.next.since, look.is_end), (week_ago().since, false));
}
