//! The count, held against a naive recount over everything that was told.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// What a telling is made of, small enough to collide often.
#[derive(Debug, Clone)]
struct Made {
    source: u8,
    id: u8,
    happening: Happening,
    hours: i64,
    kind: Option<ChangeKind>,
    system: Option<u8>,
    commit: Option<u8>,
    url: Option<u8>,
    reference: Option<u64>,
}

impl Made {
    fn told(&self) -> Deployment {
        let source = ["github", "gitlab", "list"][usize::from(self.source)];
        Deployment {
            source: SourceName::new(source),
            happening: self.happening,
            kind: self.kind,
            system: self.system.map(|n| format!("system {n}")),
            commit: self.commit.map(commit_of),
            url: self.url.map(|n| format!("https://ci.acme.dev/{n}")),
            reference: self.reference.map(ChangeNumber),
            ..told(&self.id.to_string(), -self.hours * 60)
        }
    }
}

prop_compose! {
    fn made()(
        source in 0..3u8,
        id in 0..30u8,
        happening in prop::sample::select(Happening::ALL),
        // Some lie just a week apart, and some just over it.
        hours in prop_oneof![0..900i64, (0..5i64).prop_map(|n| n * 168), (0..5i64).prop_map(|n| n * 169)],
        kind in prop::option::weighted(0.3, prop::sample::select(ChangeKind::ALL)),
        system in prop::option::of(0..4u8),
        commit in prop::option::of(0..12u8),
        url in prop::option::weighted(0.3, 0..12u8),
        reference in prop::option::weighted(0.1, prop::sample::select(vec![1001u64, 1002, 7])),
    ) -> Made {
        Made { source, id, happening, hours, kind, system, commit, url, reference }
    }
}

/// Counts as the words of the design have it, and in no other way: every pair is
/// compared, and groups are found by following them.
fn recount(told: &[Deployment]) -> Vec<(i64, ChangeKind, Option<String>, String)> {
    let mut group: Vec<usize> = (0..told.len()).collect();
    loop {
        let before = group.clone();
        for a in 0..told.len() {
            for b in 0..told.len() {
                if told[a].is_same_as(&told[b]) {
                    let least = group[a].min(group[b]);
                    group[a] = least;
                    group[b] = least;
                }
            }
        }
        if group == before {
            break;
        }
    }
    let is_emergency = |one: &&Deployment| {
        let exists = one.reference == Some(ChangeNumber(1001));
        exists && (one.at - now()).abs() <= TimeDelta::days(7)
    };
    let mut found = Vec::new();
    for leader in 0..told.len() {
        let members: Vec<&Deployment> = (0..told.len())
            .filter(|one| group[*one] == leader)
            .map(|one| &told[one])
            .collect();
        let mut counting: Vec<&&Deployment> = members
            .iter()
            .filter(|one| match one.source.as_str() {
                _ if one.happening == Happening::Listed => true,
                "gitlab" => one.happening == Happening::Merge,
                _ => one.happening == Happening::Deployment,
            })
            .collect();
        counting.sort_by_key(|one| (one.at, one.source.to_string()));
        let Some(first) = counting.first() else {
            continue;
        };
        if members.iter().any(is_emergency) {
            continue;
        }
        let says = |kind| members.iter().any(|one| one.kind == Some(kind));
        let kind = if says(ChangeKind::Emergency) {
            ChangeKind::Emergency
        } else if says(ChangeKind::Standard) {
            ChangeKind::Standard
        } else {
            ChangeKind::Normal
        };
        let system = members
            .iter()
            .filter_map(|one| Some((one.at, one.system.clone()?)))
            .max();
        found.push((
            (first.at - now()).num_minutes(),
            kind,
            system.map(|(_, system)| system),
            first.source.to_string(),
        ));
    }
    found.sort();
    found
}

fn in_any_order(
    made: &[Made],
    order: &[Index],
    batch: usize,
) -> Vec<(i64, ChangeKind, Option<String>, String)> {
    let mut left: Vec<Deployment> = made.iter().map(Made::told).collect();
    let mut told = Vec::new();
    for index in order {
        told.push(left.swap_remove(index.index(left.len())));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let home = Home::new();
        let store = home.open().unwrap();
        request(&store, "one").await;
        for some in told.chunks(batch) {
            take(&store, some.to_vec()).await;
        }
        store.verify().await.unwrap().unwrap();
        let mut found = counted(&store).await;
        store.close().await;
        assert!(found.is_sorted_by_key(|one| one.0));
        found.sort();
        found
    })
}

fn told_in_some_order() -> impl Strategy<Value = (Vec<Made>, Vec<Index>, usize)> {
    prop::collection::vec(made(), 1..60).prop_flat_map(|made| {
        let n = made.len();
        let order = prop::collection::vec(any::<Index>(), n..=n);
        (Just(made), order, 1..8usize)
    })
}

proptest! {
    // Each case writes a database; what fails is shown, and not kept in a file.
    #![proptest_config(ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_count_is_that_of_a_naive_recount_in_whatever_order_it_was_told(
        (made, order, batch) in told_in_some_order()
    ) {
        let told: Vec<Deployment> = made.iter().map(Made::told).collect();
        prop_assert_eq!(in_any_order(&made, &order, batch), recount(&told));
    }
}

/// So many tellings of one link or one name, a minute apart, would take minutes if
/// each looked at all the others.
#[tokio::test]
async fn what_stands_in_every_line_costs_no_more_than_anything_else() {
    let of = |n: i64| told(&n.to_string(), n);
    let with_link = |n: i64| Deployment {
        url: Some("https://github.com/acme".to_owned()),
        ..of(n)
    };
    let with_commit = |n: i64| Deployment {
        commit: Some(commit_of(1)),
        ..of(n)
    };
    let with_name = |n: i64| told("v1", n);
    let all: [&dyn Fn(i64) -> Deployment; 3] = [&with_link, &with_commit, &with_name];
    for made in all {
        let home = Home::new();
        let store = home.open().unwrap();
        for batch in 0..8 {
            let lines = (0..500).map(|n| made(batch * 500 + n));
            take(&store, lines.collect()).await;
        }
        assert_eq!(counted(&store).await.len(), 1);
        store.close().await;
    }
}
