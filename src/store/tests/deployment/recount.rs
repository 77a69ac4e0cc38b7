//! The count, held against a naive recount over everything that was told.

use proptest::prelude::*;
use proptest::sample::Index;

use super::emergency::{act, write_links_at};
use super::tied::{emergencies, request_as};
use super::*;

/// A change that counts, as [`counted`] has it.
type One = (i64, ChangeKind, Option<String>, String);

/// When all is told: the emergencies were asked for two weeks before.
const TOLD_AT: TimeDelta = TimeDelta::days(14);

/// The first record, and the second of the same, which are one; and a rehearsal.
const FIRST: ChangeNumber = ChangeNumber::FIRST;
const SECOND: ChangeNumber = ChangeNumber(1002);
const DRILL: ChangeNumber = ChangeNumber(1003);

/// What a telling is made of, small enough to collide often.
#[derive(Debug, Clone)]
struct Made {
    source: u8,
    id: u8,
    happening: Happening,
    hours: i64,
    kind: Option<ChangeKind>,
    system: Option<u8>,
    commit: Option<(u8, bool)>,
    url: Option<u8>,
    reference: Option<u64>,
}

/// A commit, in full or not.
fn commit_in((n, is_short): (u8, bool)) -> String {
    let full = commit_of(n);
    if is_short {
        full[..12].to_owned()
    } else {
        full
    }
}

fn url_of(n: u8) -> String {
    format!("https://ci.acme.dev/{n}")
}

/// What happens to the register while sources tell.
#[derive(Debug, Clone)]
enum Deed {
    /// Somebody writes into a ticket, the second's or the first's.
    Ticket(bool, Vec<(u8, bool)>, Vec<u8>),
    /// The second turns out to be the same as the first.
    Linked,
}

impl Deed {
    /// Whether it is written in the end that a telling belongs to it.
    fn names(&self, one: &Deployment) -> bool {
        let Self::Ticket(_, commits, urls) = self else {
            return false;
        };
        let told = one.commit.as_deref().unwrap_or("none");
        let of_commit = |it: &(u8, bool)| {
            let named = commit_in(*it);
            told.starts_with(&named) || named.starts_with(told)
        };
        let of_url = |n: &u8| one.url == Some(url_of(*n));
        commits.iter().any(of_commit) || urls.iter().any(of_url)
    }

    async fn done(&self, store: &Store, salt: u8) {
        let at = now() + TOLD_AT;
        match self {
            Self::Ticket(second, commits, urls) => {
                let commits = commits.iter().map(|it| commit_in(*it));
                let links = commits.map(|it| format!("https://ci.acme.dev/commit/{it}"));
                let urls = urls.iter().map(|n| url_of(*n));
                // Nobody takes out of a ticket what they don't replace.
                let other = "https://wiki.acme.dev/1".to_owned();
                let links: Vec<String> = links.chain(urls).chain([other]).collect();
                let number = if *second { SECOND } else { FIRST };
                write_links_at(store, number, &links.join("\n"), salt, at).await;
            }
            Self::Linked => {
                let stage = store.change(SECOND).await.unwrap().unwrap().change.stage;
                // What is in production stands for itself.
                if stage == crate::domain::change::Stage::Requested {
                    let command = Command::LinkAsDuplicate { of: FIRST };
                    act(store, Target::Change(SECOND), command, Vec::new(), at).await;
                }
            }
        }
    }
}

impl Made {
    fn told(&self) -> Deployment {
        let source = ["github", "gitlab", "list"][usize::from(self.source)];
        Deployment {
            source: SourceName::new(source),
            happening: self.happening,
            kind: self.kind,
            system: self.system.map(|n| format!("system {n}")),
            commit: self.commit.map(commit_in),
            url: self.url.map(url_of),
            reference: self.reference.map(ChangeNumber),
            ..told(
                &self.id.to_string(),
                TOLD_AT.num_minutes() - self.hours * 60,
            )
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
        commit in prop::option::of((0..12u8, prop::bool::weighted(0.3))),
        url in prop::option::weighted(0.3, 0..12u8),
        reference in prop::option::weighted(0.1, prop::sample::select(vec![1001u64, 1002, 1003, 7])),
    ) -> Made {
        Made { source, id, happening, hours, kind, system, commit, url, reference }
    }
}

fn ticket(second: bool) -> impl Strategy<Value = Deed> {
    let commits = prop::collection::vec((0..12u8, any::<bool>()), 0..2);
    let urls = prop::collection::vec(0..12u8, 0..2);
    (commits, urls).prop_map(move |(commits, urls)| Deed::Ticket(second, commits, urls))
}

/// Counts as the words of the design have it, and in no other way: every pair is
/// compared, and groups are found by following them.
fn recount(told: &[Deployment], tickets: &[Deed]) -> (Vec<One>, Option<i64>) {
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
        let since = (one.at - now()).num_minutes();
        let is_numbered = [Some(FIRST), Some(SECOND)].contains(&one.reference);
        let is_named = tickets.iter().any(|ticket| ticket.names(one));
        // An approval is of no time: what it approves may wait for weeks.
        one.happening != Happening::Review
            && (is_numbered && (-2..=24 * 60).contains(&since)
                || is_named && (-2..=7 * 24 * 60).contains(&since))
    };
    let mut deployed: Option<i64> = None;
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
            let minutes = counting.iter().map(|one| (one.at - now()).num_minutes());
            deployed = minutes.filter(|at| *at >= -2).chain(deployed).min();
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
    (found, deployed)
}

/// What sources tell and what people do meanwhile, in some order.
#[derive(Debug, Clone)]
struct Life {
    made: Vec<Made>,
    order: Vec<Index>,
    batch: usize,
    /// Before how many batches each is done.
    deeds: Vec<(usize, Deed)>,
}

impl Life {
    fn told(&self) -> Vec<Deployment> {
        self.made.iter().map(Made::told).collect()
    }

    /// What the tickets name in the end.
    fn tickets(&self) -> Vec<Deed> {
        let last = |wanted: bool| {
            let of = |deed: &&Deed| matches!(deed, Deed::Ticket(second, ..) if *second == wanted);
            self.deeds.iter().map(|(_, deed)| deed).rfind(of).cloned()
        };
        [last(false), last(true)].into_iter().flatten().collect()
    }

    /// Whether all that is tied to the emergency was tied to the first record from
    /// when it was told: what is in production stays there.
    fn is_plain(&self) -> bool {
        let n_tickets = self
            .deeds
            .iter()
            .filter(|(_, it)| matches!(it, Deed::Ticket(..)));
        let linked = self.deeds.iter().find(|(_, it)| matches!(it, Deed::Linked));
        n_tickets.count() == 2 && linked.is_some_and(|(before, _)| *before == 0)
    }

    /// Lives it; returns what counts and when the emergencies went into production.
    fn live(&self) -> (Vec<One>, Vec<(u64, i64)>) {
        let mut left = self.told();
        let mut told = Vec::new();
        for index in &self.order {
            told.push(left.swap_remove(index.index(left.len())));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let home = Home::new();
            let store = home.open().unwrap();
            for number in [FIRST, SECOND, DRILL] {
                request_as(&store, number == DRILL).await;
            }
            let n_batches = told.len().div_ceil(self.batch);
            for step in 0..=n_batches {
                for (n, (before, deed)) in self.deeds.iter().enumerate() {
                    if (*before).min(n_batches) == step {
                        deed.done(&store, u8::try_from(n).unwrap()).await;
                    }
                }
                let some = told.iter().skip(step * self.batch).take(self.batch);
                take_at(&store, some.cloned().collect(), now() + TOLD_AT).await;
            }
            store.verify().await.unwrap().unwrap();
            let mut found = counted(&store).await;
            let emergencies = emergencies(&store).await;
            store.close().await;
            assert!(found.is_sorted_by_key(|one| one.0));
            found.sort();
            (found, emergencies)
        })
    }
}

/// The second's ticket is written before the two are linked: nobody writes into one
/// that stands for another.
fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let early = prop_oneof![Just(0usize), 0..20usize];
    let tickets = (ticket(true), early, ticket(false), 0..20usize);
    let replaced = prop::option::weighted(0.3, ticket(false));
    (tickets, replaced, 0..10usize).prop_map(|((second, at, first, later), replaced, n)| {
        let mut deeds = vec![(at.saturating_sub(n), second), (at, Deed::Linked)];
        deeds.extend(replaced.map(|it| (later.saturating_sub(n), it)));
        deeds.push((later, first));
        deeds
    })
}

fn life() -> impl Strategy<Value = Life> {
    let made = prop::collection::vec(made(), 1..60);
    (made, 1..8usize, deeds()).prop_flat_map(|(made, batch, deeds)| {
        let order = prop::collection::vec(any::<Index>(), made.len());
        order.prop_map(move |order| Life {
            made: made.clone(),
            order,
            batch,
            deeds: deeds.clone(),
        })
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
        life in life()
    ) {
        let (counted, emergencies) = life.live();
        let (wanted, deployed) = recount(&life.told(), &life.tickets());
        prop_assert_eq!(counted, wanted);
        if life.is_plain() {
            let deployed: Vec<(u64, i64)> = deployed.map(|at| (FIRST.0, at)).into_iter().collect();
            prop_assert_eq!(emergencies, deployed);
        }
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
