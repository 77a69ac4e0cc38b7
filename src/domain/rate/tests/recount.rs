//! Every figure beside a recount that knows nothing of how it is counted.

use super::*;

/// What happened, for the recount: everything in one list.
#[derive(Debug, Clone)]
struct Thing {
    at: DateTime<Utc>,
    kind: ChangeKind,
    systems: Vec<&'static str>,
    source: &'static str,
    /// Whether it is one of the register's, and found not genuine.
    register: Option<bool>,
}

const SYSTEMS: [&str; 4] = ["auth", "web", "billing", "search"];
const SOURCES: [&str; 4] = ["github", "gitlab", "jenkins", "list"];

fn things() -> impl Strategy<Value = Vec<Thing>> {
    let thing = (
        // Half a year around the autumn of 2026, edges of weeks among them.
        prop_oneof![
            1_785_000_000i64..1_801_000_000,
            (0i64..26).prop_map(|n| at("2026-08-02T22:00:00Z").timestamp() + n * 7 * 86_400),
        ],
        prop::sample::select(ChangeKind::ALL.to_vec()),
        prop::collection::vec(prop::sample::select(SYSTEMS.to_vec()), 0..3),
        prop::sample::select(SOURCES.to_vec()),
        prop::option::weighted(0.15, any::<bool>()),
    )
        .prop_map(|(seconds, kind, systems, source, register)| Thing {
            at: DateTime::from_timestamp(seconds, 0).unwrap(),
            kind,
            systems,
            source,
            register,
        });
    prop::collection::vec(thing, 0..300)
}

impl Thing {
    fn is_emergency(&self) -> bool {
        self.register.is_some() || self.kind == ChangeKind::Emergency
    }

    fn counts(&self, rules: Rules) -> bool {
        self.register.is_some() || self.kind != ChangeKind::Standard || rules.with_standard
    }

    fn is_of(&self, system: &str) -> bool {
        if self.register.is_some() {
            self.systems.contains(&system)
        } else {
            self.systems.first() == Some(&system)
        }
    }
}

proptest! {
    #[test]
    fn every_figure_equals_a_naive_recount(
        things in things(),
        with_standard in any::<bool>(),
        is_in_order in any::<bool>(),
    ) {
        let rules = Rules { guideline: 100, with_standard };
        let now = at("2026-11-23T08:00:00Z");
        let mut windows = Window::weeks(&BERLIN, now, 12);
        windows.push(Window::rolling(&BERLIN, now));
        windows.push(Window::quarter(&BERLIN, now));
        let mut arriving = things.clone();
        if is_in_order {
            arriving.sort_by_key(|thing| thing.at);
        }
        let mut tally = Tally::new(rules, &windows);
        for (n, thing) in arriving.iter().enumerate() {
            match thing.register {
                None => tally.count(&Counted {
                    at: thing.at,
                    kind: thing.kind,
                    system: thing.systems.first().copied(),
                    source: thing.source,
                }),
                Some(is_not_genuine) => tally.add(Emergency {
                    systems: thing.systems.iter().map(|&one| one.to_owned()).collect(),
                    is_not_genuine,
                    ..emergency(n as u64, thing.at)
                }),
            }
        }
        for window in &windows {
            let figures = tally.figures(window, Coverage::default(), now);
            let zone_days = |thing: &Thing| thing.at.with_timezone(&BERLIN).date_naive();
            // By the calendar's days, where the tally goes by instants.
            let within: Vec<&Thing> = things
                .iter()
                .filter(|thing| (window.first_day..window.end_day).contains(&zone_days(thing)))
                .collect();
            let n = |is: &dyn Fn(&Thing) -> bool| within.iter().filter(|one| is(one)).count() as u64;
            prop_assert_eq!(figures.n_changes, n(&|one| one.counts(rules)));
            prop_assert_eq!(figures.n_emergencies, n(&|one| one.is_emergency()));
            prop_assert_eq!(figures.n_not_genuine, n(&|one| one.register == Some(true)));
            prop_assert_eq!(
                figures.n_standard,
                n(&|one| one.register.is_none() && one.kind == ChangeKind::Standard)
            );
            for system in SYSTEMS {
                let part = figures.by_system.iter().find(|part| part.name == system);
                let counted = part.map_or((0, 0), |part| (part.n_changes, part.n_emergencies));
                let recount = (
                    n(&|one| one.is_of(system) && one.counts(rules)),
                    n(&|one| one.is_of(system) && one.is_emergency()),
                );
                prop_assert_eq!(counted, recount, "{}", system);
            }
            for source in SOURCES {
                let part = figures.by_source.iter().find(|part| part.name == source);
                let recount = n(&|one| {
                    one.register.is_none() && one.source == source && one.counts(rules)
                });
                prop_assert_eq!(part.map_or(0, |part| part.n_changes), recount);
            }
            let by_criterion: u64 = figures.by_criterion.iter().map(|(_, n)| n).sum();
            prop_assert_eq!(by_criterion, figures.n_emergencies);
            let tenth = within.iter().filter(|one| one.is_emergency()).count() * 10;
            let all = within.iter().filter(|one| one.counts(rules)).count();
            let others = || within.iter().filter(|one| !one.is_emergency());
            let is_known = others().any(|one| one.counts(rules))
                || (tenth == 0 && others().next().is_some());
            prop_assert_eq!(
                figures.verdict(),
                match (is_known, all) {
                    (false, _) => Verdict::Unknown,
                    (true, 0..10) => Verdict::TooFew,
                    (true, _) if tenth <= all => Verdict::Within,
                    (true, _) => Verdict::Over,
                }
            );
        }
    }
}
