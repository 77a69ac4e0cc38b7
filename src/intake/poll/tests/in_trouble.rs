//! Sources of which something goes wrong, or says what can't be.

use std::collections::BTreeSet;

use super::asking_github::{github_of_a_week, of, repository};
use super::asking_gitlab::gitlab_of_a_week;
use super::*;

#[tokio::test]
async fn what_happened_more_than_an_hour_from_now_is_refused() {
    let in_minutes = |minutes| written(now() + TimeDelta::minutes(minutes));
    let fake = Fake::start(move |asked| {
        let one = |id: i64| json!({"id": id, "sha": sha(1), "ref": "main", "environment": "production", "created_at": hours_ago(1)});
        match asked.path.strip_prefix("/repos/acme/web").unwrap() {
            "" => fine(repository()),
            "/deployments" => fine(json!([one(1), one(2)])),
            "/deployments/1/statuses" => fine(json!([{"state": "success", "created_at": in_minutes(60)}])),
            "/deployments/2/statuses" => fine(json!([{"state": "success", "created_at": in_minutes(61)}])),
            _ => fine(json!([])),
        }
    })
    .await;
    let look = look_github(&fake.github(), &week_ago()).await.unwrap();
    let told = BTreeMap::from([("acme/web/deployments/1", 1)]);
    assert_eq!((tally(&look.told), look.n_refused), (told, 1));
    assert!(look.is_end);
}

/// GitHub of a week in which what is asked for behind this path goes wrong.
fn failing_at(path: &'static str, status: u16) -> impl Fn(&Asked) -> Answer {
    move |asked| {
        if asked.path.ends_with(path) {
            return (status, Vec::new(), json!({"message": "no"}));
        }
        github_of_a_week(asked)
    }
}

#[tokio::test]
async fn one_item_that_always_fails_keeps_nothing_else_from_being_told() {
    let calm = Fake::start(github_of_a_week).await;
    let calm = look_github(&calm.github(), &week_ago()).await.unwrap();
    let look_failing = async |path, status| {
        let fake = Fake::start(failing_at(path, status)).await;
        look_github(&fake.github(), &week_ago()).await
    };
    for status in [404, 500, 502] {
        let look = look_failing("/deployments/4/statuses", status).await;
        let look = look.unwrap();
        let mut all = tally(&calm.told);
        all.remove("acme/web/deployments/4");
        assert_eq!((tally(&look.told), look.n_refused), (all, 1), "{status}");
        assert!(look.is_end);
        // What is down may come back; what isn't there doesn't.
        assert_eq!(look.next.open.contains(&4), status != 404);
        let fake = Fake::start(failing_at("/deployments/4/statuses", status)).await;
        let next = look_github(&fake.github(), &look.next).await.unwrap();
        assert_eq!(next.n_refused, 0, "it is counted once");
        let fake = Fake::start(github_of_a_week).await;
        let next = look_github(&fake.github(), &look.next).await.unwrap();
        let is_told = tally(&next.told).contains_key("acme/web/deployments/4");
        assert_eq!(is_told, status != 404);

        let look = look_failing("/pulls/4/reviews", status).await.unwrap();
        let refused = (tally(&look.told), look.n_refused);
        assert_eq!(refused, (tally(&calm.told), 1), "{status}");
        let unread = of(&look, "acme/web/pull/4");
        assert_eq!((unread.marks.len(), &unread.approved_by), (0, &None));

        let commit = "/commits/0000000000000000000000000000000000002711";
        let look = look_failing(commit, status).await.unwrap();
        assert_eq!(tally(&look.told), tally(&calm.told), "{status}");
        assert_eq!(of(&look, "acme/web/pull/0").author_email, None);
    }
    // Neither a bad token nor a limit is the fault of one item.
    for path in ["/deployments/4/statuses", "/pulls/4/reviews"] {
        let error = look_failing(path, 401).await.unwrap_err();
        assert!(matches!(error, PollError::Token { status: 401 }));
        assert!(!look_failing(path, 429).await.unwrap().is_end);
    }
}

#[tokio::test]
async fn a_deployment_that_was_open_and_fails_keeps_nothing_else_from_being_told() {
    let cursor = Cursor {
        open: BTreeSet::from([4]),
        ..week_ago()
    };
    let fake = Fake::start(failing_at("/deployments/4", 500)).await;
    let look = look_github(&fake.github(), &cursor).await.unwrap();
    assert!(look.is_end && look.next.open.contains(&4));
    assert!(tally(&look.told).contains_key("acme/web/deployments/3"));
}

#[tokio::test]
async fn a_list_of_pushes_whose_next_page_has_no_name_of_its_own_is_over() {
    // What was told is kept after the first page, and a word for a page isn't: the
    // first is asked for twice where there is one.
    for (query, n_pages) in [("per_page=100", 1), ("per_page=100&after=djE6a", 3)] {
        let n_asked = AtomicUsize::new(0);
        let fake = Fake::start(move |asked| {
            if !asked.path.ends_with("/activity") {
                return github_of_a_week(asked);
            }
            let push = json!({
                "id": 1, "after": sha(1), "timestamp": hours_ago(1), "activity_type": "push",
            });
            // So that this comes to an end in any case.
            let is_named = n_asked.fetch_add(1, Ordering::Relaxed) < 9;
            let link = format!("<https://api.github.com/activity?{query}>; rel=\"next\"");
            let headers = is_named.then_some(("link", link));
            (200, headers.into_iter().collect(), json!([push]))
        })
        .await;
        let look = look_github(&fake.github(), &week_ago()).await.unwrap();
        assert!(look.is_end);
        assert_eq!(fake.n_asked("/activity?"), n_pages, "{query}");
    }
}

#[tokio::test]
async fn one_request_of_gitlabs_that_always_fails_keeps_nothing_else_from_being_told() {
    let calm = Fake::start(gitlab_of_a_week).await;
    let calm = look_gitlab(&calm.gitlab(), &week_ago()).await.unwrap();
    let look_failing = async |place: &'static str, status| {
        let fake = Fake::start(move |asked| {
            if asked.path.contains(place) {
                return (status, Vec::new(), json!({"message": "no"}));
            }
            gitlab_of_a_week(asked)
        })
        .await;
        look_gitlab(&fake.gitlab(), &week_ago()).await
    };
    let look = look_failing("/merge_requests/4/approvals", 500).await;
    let look = look.unwrap();
    assert_eq!(tally(&look.told), tally(&calm.told));
    assert_eq!((look.is_end, look.n_refused), (true, 1));
    let look = look_failing("/repository/commits/", 500).await.unwrap();
    assert_eq!(tally(&look.told), tally(&calm.told));
    let limited = look_failing("/merge_requests/4/approvals", 429).await;
    assert!(!limited.unwrap().is_end);
}
