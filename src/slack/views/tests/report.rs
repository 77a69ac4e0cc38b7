//! The weekly report, its thread, the private answer and the Home's line.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a test's numbers are small"
)]

use super::*;
use crate::domain::deployment::{ChangeKind, Doubt, Mark};
use crate::domain::rate::{
    Budget, Corrected, Counted, Coverage, Emergency, Figures, Frozen, Hearing, Offender, Pace,
    Rules, Tally, Window,
};
use crate::slack::views::report::{
    Asked, Details, Picture, Repeated, Report, Unexplained, answer, details, home, weekly,
};

const RULES: Rules = Rules {
    guideline: 100,
    with_standard: true,
};

/// Monday, 23 November 2026, 09:00.
fn monday() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 9, 0, 0).unwrap()
}

/// What happened in a world that is told week by week.
struct Weeks {
    /// (emergencies, changes) of each week, the last one the reported.
    shares: Vec<(u64, u64)>,
    /// How many days before the reports' Monday the source spoke last; nothing:
    /// never.
    heard_until: Option<i64>,
    now: DateTime<Utc>,
}

/// Eleven weeks as they are, and this one.
fn weeks(last: (u64, u64)) -> Weeks {
    let mut shares = vec![
        (2, 38),
        (4, 44),
        (5, 39),
        (0, 31),
        (3, 42),
        (6, 47),
        (4, 40),
        (1, 29),
        (2, 45),
        (4, 43),
        (5, 46),
    ];
    shares.push(last);
    Weeks {
        shares,
        heard_until: Some(1),
        now: monday(),
    }
}

/// All that a report is made of.
struct Told {
    weeks: Vec<Figures>,
    rolling: Figures,
    quarter: Figures,
    budget: Option<Budget>,
}

impl Weeks {
    fn told(&self) -> Told {
        let last = monday() - TimeDelta::days(7);
        let windows = Window::weeks(&Utc, last, self.shares.len() as u64);
        let [rolling, quarter] = [Window::rolling(&Utc, last), Window::quarter(&Utc, last)];
        let mut tally = Tally::new(RULES, windows.iter().chain([&rolling, &quarter]));
        let mut number = 1040;
        for (window, (n_emergencies, n_changes)) in windows.iter().zip(&self.shares) {
            for n in 0..n_changes - n_emergencies {
                tally.count(&Counted {
                    at: window.from + TimeDelta::hours(n as i64),
                    kind: ChangeKind::Normal,
                    system: Some(["auth", "web", "billing"][n as usize % 3]),
                    source: ["github", "gitlab"][n as usize % 2],
                });
            }
            for n in 0..*n_emergencies {
                let at = window.from + TimeDelta::hours(10 * n as i64);
                tally.add(emergency(number, at, n));
                number += 1;
            }
        }
        let hearings = self.hearings();
        let figures = |window: &Window| {
            let coverage = Coverage::of(&Utc, window, hearings.iter().copied(), self.now);
            tally.figures(window, coverage, self.now)
        };
        let [rolling, quarter] = [figures(&rolling), figures(&quarter)];
        let pace = Pace::of(&rolling);
        Told {
            weeks: windows.iter().map(figures).collect(),
            budget: Budget::of(&quarter, pace.as_ref()),
            rolling,
            quarter,
        }
    }

    /// Once a day, from the first week on.
    fn hearings(&self) -> Vec<Hearing<'static>> {
        let n_days = 7 * self.shares.len() as i64;
        let days = self.heard_until.map_or(0..0, |until| until..n_days);
        let noon = monday() + TimeDelta::hours(3);
        days.map(|days| Hearing {
            source: "github",
            at: noon - TimeDelta::days(days),
            is_usual: true,
        })
        .collect()
    }
}

fn emergency(number: u64, deployed_at: DateTime<Utc>, n: u64) -> Emergency {
    Emergency {
        number: ChangeNumber(number),
        requested_at: deployed_at - TimeDelta::minutes(5),
        deployed_at,
        authorized_at: Some(deployed_at - TimeDelta::minutes(4)),
        documented_at: Some(deployed_at + TimeDelta::hours(10 * (n as i64 + 1))),
        documented_in_time: Some(n < 2),
        approved_at: Some(deployed_at + TimeDelta::hours(20)),
        criterion: [
            Some(Criterion::ProductionDown),
            Some(Criterion::Vulnerability),
            None,
        ][n as usize % 3],
        systems: vec![["auth", "web"][n as usize % 2].to_owned()],
        category: Some("configuration".to_owned()),
        is_not_genuine: n == 1,
    }
}

impl Told {
    fn week(&self) -> &Figures {
        self.weeks.last().unwrap()
    }

    /// The week, with nothing in its thread.
    fn details(&self) -> Details<'_> {
        Details {
            week: self.week(),
            changes: &[],
            offenders: &[],
            unexplained: &[],
            undeclared: &[],
            corrections: &[],
            skipped: &[],
            has_policy: true,
        }
    }

    fn report<'a>(&'a self, details: &'a Details<'a>) -> Report<'a> {
        Report {
            details,
            rolling: &self.rolling,
            quarter: &self.quarter,
            budget: self.budget.as_ref(),
            weeks: &self.weeks,
        }
    }

    fn with(&self, picture: Picture<'_>) -> String {
        reading::message(&weekly(&self.report(&self.details()), picture))
    }

    fn read(&self) -> String {
        self.with(Picture::Nothing)
    }
}

#[test]
fn nothing_deployed_is_no_rate() {
    insta::assert_snapshot!(weeks((0, 0)).told().read(), @r"
    » No changes were deployed, so there is no emergency rate. Week of 16–22 Nov.
    *No changes were deployed, so there is no emergency rate.*
    Week of 16–22 Nov: the sources were heard from and had nothing to tell.
    *Four weeks:* 11 of 134 (8.2 %), within the guideline.
    *Q4 2026:* 22 of 250 (8.8 %), within the guideline.
    *Budget:* room for 3 more emergencies in Q4 2026 as it stands; the present pace keeps to it: about 37 of 435 (8.5 %) by its end.
    · Nothing is overdue, unanswered or undeclared. `/emergency rate` says how it stands now.
    ");
}

#[test]
fn one_of_three_has_no_verdict() {
    insta::assert_snapshot!(weeks((1, 3)).told().read(), @r"
    » 1 of 3 changes was an emergency (33.3 %): too few for a verdict. Week of 16–22 Nov.
    *1 of 3 changes was an emergency (33.3 %): too few for a verdict.*
    Week of 16–22 Nov: a verdict takes at least 10 changes; one emergency more or less would turn it.
    *Four weeks:* 12 of 137 (8.8 %), within the guideline.
    *Q4 2026:* 23 of 253 (9.1 %), within the guideline.
    *Budget:* room for 2 more emergencies in Q4 2026 as it stands; the present pace keeps to it: about 40 of 442 (9.0 %) by its end.
    *By system:* auth 1 of 2.
    *Documented in time:* 1 of 1.
    · Nothing is overdue, unanswered or undeclared. `/emergency rate` says how it stands now.
    ");
}

#[test]
fn four_of_forty_one_keep_to_the_guideline() {
    insta::assert_snapshot!(weeks((4, 41)).told().read(), @r"
    » 4 of 41 changes were emergencies (9.8 %; guideline 10 %). Week of 16–22 Nov.
    *4 of 41 changes were emergencies (9.8 %; guideline 10 %).*
    Week of 16–22 Nov: within the guideline. Likely range (95 %): 3.9–22.5 %.
    One of them was found to be no genuine emergency; it stays counted.
    *Four weeks:* 15 of 175 (8.6 %), within the guideline.
    *Q4 2026:* 26 of 291 (8.9 %), within the guideline.
    *Budget:* room for 3 more emergencies in Q4 2026 as it stands; the present pace keeps to it: about 47 of 532 (8.8 %) by its end.
    *By system:* auth 2 of 15, web 2 of 14.
    *Documented in time:* 2 of 4.
    · Nothing is overdue, unanswered or undeclared. `/emergency rate` says how it stands now.
    ");
}

#[test]
fn five_of_fifty_are_exactly_the_guideline_and_within_it() {
    insta::assert_snapshot!(weeks((5, 50)).told().read(), @r"
    » 5 of 50 changes were emergencies (10.0 %; guideline 10 %). Week of 16–22 Nov.
    *5 of 50 changes were emergencies (10.0 %; guideline 10 %).*
    Week of 16–22 Nov: exactly the guideline, which is within it. Likely range (95 %): 4.3–21.4 %.
    One of them was found to be no genuine emergency; it stays counted.
    *Four weeks:* 16 of 184 (8.7 %), within the guideline.
    *Q4 2026:* 27 of 300 (9.0 %), within the guideline.
    *Budget:* room for 3 more emergencies in Q4 2026 as it stands; the present pace keeps to it: about 49 of 554 (8.8 %) by its end.
    *By system:* auth 3 of 18, web 2 of 17.
    *Documented in time:* 2 of 5.
    · Nothing is overdue, unanswered or undeclared. `/emergency rate` says how it stands now.
    ");
}

#[test]
fn nine_of_forty_one_are_over_it() {
    insta::assert_snapshot!(weeks((9, 41)).told().read(), @r"
    » 9 of 41 changes were emergencies (22.0 %; guideline 10 %). Week of 16–22 Nov.
    *9 of 41 changes were emergencies (22.0 %; guideline 10 %).*
    Week of 16–22 Nov: over the guideline; of 41 changes it allows 4. Likely range (95 %): 12.0–36.7 %. What of it could have been planned? `/emergency agenda` has the list for the next meeting.
    One of them was found to be no genuine emergency; it stays counted.
    *Four weeks:* 20 of 175 (11.4 %), over the guideline.
    *Q4 2026:* 31 of 291 (10.7 %), over the guideline.
    *Budget:* 2 more emergencies in Q4 2026 than the guideline allows; the present pace doesn't make that good: about 59 of 532 (11.1 %) by its end.
    *By system:* auth 5 of 16, web 4 of 15.
    *Documented in time:* 2 of 9.
    · Nothing is overdue, unanswered or undeclared. `/emergency rate` says how it stands now.
    ");
}

#[test]
fn the_first_week_ever_says_that_it_is_the_first() {
    let first = Weeks {
        shares: vec![(1, 14)],
        ..weeks((0, 0))
    };
    insta::assert_snapshot!(first.told().read(), @r"
    » 1 of 14 changes was an emergency (7.1 %; guideline 10 %). Week of 16–22 Nov.
    *1 of 14 changes was an emergency (7.1 %; guideline 10 %).*
    Week of 16–22 Nov: within the guideline. Likely range (95 %): 1.3–31.5 %.
    github was first heard from 2026-11-17 12:00 UTC; what it deployed before may be missing.
    *Four weeks:* 1 of 14 (7.1 %), within the guideline.
    *Q4 2026:* 1 of 14 (7.1 %), within the guideline.
    *Budget:* no room for another emergency in Q4 2026 as it stands; the present pace keeps to it: about 7 of 91 (7.7 %) by its end.
    *By system:* auth 1 of 6.
    *Documented in time:* 1 of 1.
    · Nothing is overdue, unanswered or undeclared. `/emergency rate` says how it stands now.
    ");
}

#[test]
fn a_source_silent_for_six_days_is_named() {
    let silent = Weeks {
        heard_until: Some(7),
        ..weeks((3, 22))
    };
    insta::assert_snapshot!(silent.told().read(), @r"
    » 3 of 22 changes were emergencies (13.6 %; guideline 10 %). Week of 16–22 Nov.
    *3 of 22 changes were emergencies (13.6 %; guideline 10 %).*
    Week of 16–22 Nov: over the guideline; of 22 changes it allows 2. Likely range (95 %): 4.7–33.3 %. What of it could have been planned? `/emergency agenda` has the list for the next meeting.
    One of them was found to be no genuine emergency; it stays counted.
    github hasn't been heard from since 2026-11-16 12:00 UTC: changes may be missing, and the rate may look too high. `breakglass doctor` says what hinders it.
    *Four weeks:* 14 of 156 (9.0 %), within the guideline.
    *Q4 2026:* 25 of 272 (9.2 %), within the guideline.
    *Budget:* room for 2 more emergencies in Q4 2026 as it stands; the present pace keeps to it: about 44 of 487 (9.0 %) by its end.
    *By system:* auth 2 of 9, web 1 of 7.
    *Documented in time:* 2 of 3.
    · Nothing is overdue, unanswered or undeclared. `/emergency rate` says how it stands now.
    ");
}

#[test]
fn with_nobody_heard_from_the_rate_is_unknown_and_what_to_do_is_said() {
    let unheard = Weeks {
        shares: vec![(2, 2)],
        heard_until: None,
        ..weeks((0, 0))
    };
    let told = unheard.told();
    let details = Details {
        has_policy: false,
        ..told.details()
    };
    let message = weekly(&told.report(&details), Picture::Native);
    insta::assert_snapshot!(reading::message(&message), @r"
    » The emergency rate is unknown: no source of changes was heard from. Week of 16–22 Nov.
    *The emergency rate is unknown: no source of changes was heard from.*
    Week of 16–22 Nov: 2 emergencies are on record, but not how many changes there were in all. Connect GitHub or GitLab, or hand in a list with `breakglass import FILE.csv`; `breakglass doctor` says what is connected and what hinders it.
    One of them was found to be no genuine emergency; it stays counted.
    *Four weeks:* unknown; 2 emergencies on record, and no source of changes was heard from.
    *Q4 2026:* unknown; 2 emergencies on record, and no source of changes was heard from.
    *By system:* auth 1, web 1.
    *Documented in time:* 2 of 2.
    · No policy says yet who may authorize and approve: any full member may, but for whoever asked or deployed. `approvers` in `breakglass.toml` names them; `breakglass check-config` explains the rest.
    · Nothing is overdue, unanswered or undeclared. `/emergency rate` says how it stands now.
    ");
}

#[test]
fn the_picture_stands_under_the_verdict_with_its_words() {
    let told = weeks((3, 41)).told();
    let picture = Picture::File {
        id: "F0CHART",
        alt: "Bar chart: …",
    };
    let read = told.with(picture);
    let lines: Vec<&str> = read.lines().take(4).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    » 3 of 41 changes were emergencies (7.3 %; guideline 10 %). Week of 16–22 Nov.
    *3 of 41 changes were emergencies (7.3 %; guideline 10 %).*
    Week of 16–22 Nov: within the guideline. Likely range (95 %): 2.5–19.4 %.
    One of them was found to be no genuine emergency; it stays counted.
    ");
    let long = "é".repeat(5000);
    let picture = Picture::File {
        id: "F0CHART",
        alt: &long,
    };
    told.with(picture);
}

#[test]
fn where_no_file_can_be_uploaded_slack_draws_the_weeks_that_are_known() {
    let mut some = weeks((3, 41));
    some.shares[10] = (1, 3);
    some.shares[9] = (0, 0);
    let told = some.told();
    let read = told.with(Picture::Native);
    let chart: Vec<&str> = read
        .lines()
        .skip_while(|line| !line.starts_with("[Emergencies"))
        .take(3)
        .collect();
    insta::assert_snapshot!(chart.join("\n"), @r"
    [Emergencies in % of all changes, by week
      Emergencies, %: 31 Aug 5.3, 7 Sep 9.1, 14 Sep 12.8, 21 Sep 0.0, 28 Sep 7.1, 5 Oct 12.8, 12 Oct 10.0, 19 Oct 3.4, 26 Oct 4.4, 9 Nov (1 of 3) 33.3, 16 Nov 7.3
      Guideline, %: 31 Aug 10.0, 7 Sep 10.0, 14 Sep 10.0, 21 Sep 10.0, 28 Sep 10.0, 5 Oct 10.0, 12 Oct 10.0, 19 Oct 10.0, 26 Oct 10.0, 9 Nov (1 of 3) 10.0, 16 Nov 10.0]
    ");
    // More weeks than Slack's chart has room for.
    let many = Weeks {
        shares: vec![(1, 20); 30],
        ..weeks((0, 0))
    };
    many.told().with(Picture::Native);
}

#[test]
fn who_asks_for_the_rate_reads_more_of_it() {
    let told = weeks((3, 41)).told();
    let [.., before, week] = &told.weeks[..] else {
        panic!()
    };
    let message = answer(&Asked {
        before: Some(before),
        ..asked(week)
    });
    insta::assert_snapshot!(reading::message(&message), @r"
    » 3 of 41 changes were emergencies (7.3 %; guideline 10 %).
    *3 of 41 changes were emergencies (7.3 %; guideline 10 %).*
    Week of 16–22 Nov: within the guideline. Likely range (95 %): 2.5–19.4 %.
    One of them was found to be no genuine emergency; it stays counted.
    *Week of 9–15 Nov:* 5 of 46 (10.9 %), over the guideline.
    *By system:* auth 2 of 15, web 1 of 14.
    *Why:* Vulnerability 1, Production down 1, not stated 1.
    *Documented in time:* 2 of 3.
    *Median time:* 1 min to authorization, 20 h to the complete ticket, 20 h to approval.
    · Counted: github 19, gitlab 19, the register of emergencies 3. Rate: emergency changes ÷ all changes deployed to production, each counted once; standard changes counted among all; drills left out; emergencies found not genuine counted as emergencies.
    · As of 2026-11-23 09:00 UTC. `/emergency rate month` and `/emergency rate quarter` look further.
    ");
    let message = answer(&Asked {
        budget: told.budget.as_ref(),
        has_policy: false,
        ..asked(&told.quarter)
    });
    insta::assert_snapshot!(reading::message(&message), @r"
    » 25 of 291 changes were emergencies (8.6 %; guideline 10 %).
    *25 of 291 changes were emergencies (8.6 %; guideline 10 %).*
    Q4 2026 so far: within the guideline. Likely range (95 %): 5.9–12.4 %.
    6 of them were found to be no genuine emergencies; they stay counted.
    *Budget:* room for 4 more emergencies in Q4 2026 as it stands; the present pace keeps to it: about 44 of 532 (8.3 %) by its end.
    *By system:* auth 14 of 105, web 11 of 100.
    *Why:* Vulnerability 8, Production down 11, not stated 6.
    *Documented in time:* 13 of 25.
    *Median time:* 1 min to authorization, 20 h to the complete ticket, 20 h to approval.
    · Counted: github 135, gitlab 131, the register of emergencies 25. Rate: emergency changes ÷ all changes deployed to production, each counted once; standard changes counted among all; drills left out; emergencies found not genuine counted as emergencies.
    · No policy says yet who may authorize and approve: any full member may, but for whoever asked or deployed. `approvers` in `breakglass.toml` names them; `breakglass check-config` explains the rest.
    · As of 2026-11-23 09:00 UTC. `/emergency rate week` and `/emergency rate month` say the rest.
    ");
    reading::message(&answer(&asked(&told.rolling)));
}

#[test]
fn a_week_that_isnt_over_is_said_to_be_none() {
    let running = Weeks {
        now: monday() - TimeDelta::days(2),
        ..weeks((1, 12))
    };
    let told = running.told();
    let read = reading::message(&answer(&asked(told.week())));
    let lines: Vec<&str> = read.lines().take(3).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    » 1 of 12 changes was an emergency (8.3 %; guideline 10 %).
    *1 of 12 changes was an emergency (8.3 %; guideline 10 %).*
    This week so far, 16–22 Nov: within the guideline. Likely range (95 %): 1.5–35.4 %.
    ");
}

#[test]
fn the_home_says_the_last_week_and_the_budget() {
    let told = weeks((3, 41)).told();
    let block = home(told.week(), None, told.budget.as_ref());
    let message = Message {
        text: "Home".to_owned(),
        blocks: vec![block],
    };
    insta::assert_snapshot!(reading::message(&message), @r"
    » Home
    *Emergency rate*
    Week of 16–22 Nov: 3 of 41 (7.3 %), within the guideline.
    *Budget:* room for 4 more emergencies in Q4 2026 as it stands; the present pace keeps to it: about 44 of 532 (8.3 %) by its end.
    `/emergency rate` says more.
    ");
}

fn corrected() -> Vec<Corrected> {
    let [then, now] = [weeks((3, 41)), weeks((4, 44))].map(|one| one.told());
    let frozen = Frozen::of(then.week());
    frozen.corrected(now.week(), 0).into_iter().collect()
}

/// Somebody asks for these figures alone.
fn asked(figures: &Figures) -> Asked<'_> {
    Asked {
        figures,
        before: None,
        corrections: &[],
        budget: None,
        has_policy: true,
    }
}

/// What a thread has at most, so many times each.
fn thread(changes: &[Showing<'_>], n: usize) -> Message {
    let told = weeks((3, 41)).told();
    let alex = user("alex");
    let marks = [Mark::Unreviewed, Mark::Hotfix].into();
    let worst = "&😀<".repeat(100);
    let system = worst.repeat(5);
    let unexplained = vec![
        Unexplained {
            at: monday() - TimeDelta::days(3),
            system: Some(if n > 1 { &system } else { "web" }),
            author: Some(alex.clone()),
            doubt: Doubt::Undeclared,
            emergency: None,
            marks: &marks,
            title: Some(Said::Words(if n > 1 {
                worst.clone()
            } else {
                "Fix login\nnow".to_owned()
            })),
            url: Some("https://github.example/acme/web/pull/7"),
        };
        n
    ];
    let offender = Offender {
        category: "configuration".to_owned(),
        system: if n > 1 {
            system.clone()
        } else {
            "auth".to_owned()
        },
        changes: (1..=3 * n as u64).map(|n| ChangeNumber(1000 + n)).collect(),
    };
    let repeated = Repeated {
        offender: &offender,
        is_private: changes.iter().any(Showing::is_withheld),
    };
    details(&Details {
        week: told.week(),
        changes,
        offenders: &vec![repeated; n],
        unexplained: &unexplained,
        undeclared: &[],
        corrections: &vec![corrected().remove(0); n],
        skipped: &[],
        has_policy: true,
    })
}

#[test]
fn the_thread_has_what_is_late_unanswered_unexplained_repeated_and_corrected() {
    let late = Story::deployed().hours(30);
    let ahead = Story::asked()
        .minutes(9)
        .goes_ahead("dana")
        .minutes(9)
        .deploys("dana");
    let changes = [late.showing(), ahead.showing()];
    insta::assert_snapshot!(reading::message(&thread(&changes, 1)), @r"
    » The details of this week's report
    *Week of 16–22 Nov*
    *Emergencies:* CHG-1076, CHG-1077 and CHG-1078.
    *By system:* auth 2 of 15, web 1 of 14.
    *Why:* Vulnerability 1, Production down 1, not stated 1.
    *Median time:* 1 min to authorization, 20 h to the complete ticket, 20 h to approval.
    *Overdue* (1)
    • *CHG-1001*  Deploy WAF rule to block SQL injection
       the ticket and the retrospective decision, overdue since Sun 02:19 UTC
    `/emergency list overdue` has them all.
    *Exceptions without an answer* (2)
    • *CHG-1001*  Deploy WAF rule to block SQL injection
       ticket not complete by its deadline and not decided by its deadline
    • *CHG-1001*  Deploy WAF rule to block SQL injection
       went ahead without authorization
    `/emergency exceptions` has the form.
    *Changes that nobody has explained* (1)
    • Fix login now (look↗)
       2026-11-20 09:00 UTC on web, by @Alex: merged without a review and a hotfix by its name
    Whoever can say is asked what each was: an emergency to declare, part of one, a normal change with its review, or not production.
    *Could be standard changes* (1)
    • configuration on auth: 3 times in 90 days (CHG-1003, CHG-1002 and CHG-1001)
    What comes again can be approved once, in advance, with its steps and its limits; then it is no emergency.
    *Earlier weeks, known better now* (1)
    • 16–22 Nov: reported 3 of 41 (7.3 %), now 4 of 44 (9.1 %); 2 changes were told of later and 1 emergency was declared later
    · Counted: github 19, gitlab 19, the register of emergencies 3. Rate: emergency changes ÷ all changes deployed to production, each counted once; standard changes counted among all; drills left out; emergencies found not genuine counted as emergencies.
    ");
}

#[test]
fn what_may_belong_to_an_emergency_is_said_so_and_ascribed_to_nobody() {
    let told = weeks((3, 41)).told();
    let tied = |marks| Unexplained {
        at: monday() - TimeDelta::days(3),
        system: Some("web"),
        author: None,
        doubt: Doubt::Belongs,
        emergency: Some(ChangeNumber(1042)),
        marks,
        title: Some(Said::Words("Fix login".to_owned())),
        url: None,
    };
    let (none, near) = ([].into(), [Mark::DuringIncident].into());
    let read = reading::message(&details(&Details {
        unexplained: &[tied(&none), tied(&near)],
        ..told.details()
    }));
    let doubts: Vec<_> = read
        .lines()
        .skip_while(|line| !line.contains("nobody has explained"))
        .take(6)
        .collect();
    insta::assert_snapshot!(doubts.join("\n"), @r"
    *Changes that nobody has explained* (2)
    • Fix login
       2026-11-20 09:00 UTC on web: may belong to CHG-1042
    • Fix login
       2026-11-20 09:00 UTC on web: deployed during an incident on its system and may belong to CHG-1042
    Whoever can say is asked what each was: an emergency to declare, part of one, a normal change with its review, or not production.
    ");
}

#[test]
fn a_thread_with_nothing_to_say_says_that() {
    let told = weeks((0, 41)).told();
    let nothing = details(&told.details());
    insta::assert_snapshot!(reading::message(&nothing), @r"
    » The details of this week's report
    Nothing is overdue, no exception waits for an answer, and nothing is undeclared.
    · Counted: github 21, gitlab 20, the register of emergencies 0. Rate: emergency changes ÷ all changes deployed to production, each counted once; standard changes counted among all; drills left out; emergencies found not genuine counted as emergencies.
    ");
}

#[test]
fn the_report_says_what_its_thread_has() {
    let late = Story::deployed().hours(30);
    let changes = [late.showing()];
    let corrections = corrected();
    let told = weeks((3, 41)).told();
    let details = Details {
        changes: &changes,
        corrections: &corrections,
        ..told.details()
    };
    let read = reading::message(&weekly(&told.report(&details), Picture::Nothing));
    insta::assert_snapshot!(read.lines().last().unwrap(), @"· In the thread: 1 overdue, 1 with an exception unanswered and 1 earlier week corrected. `/emergency rate` says how it stands now.");
}

#[test]
fn what_was_reported_stands_and_what_is_known_now_stands_beside_it() {
    let [reported, now] = [weeks((3, 41)), weeks((4, 44))].map(|one| one.told());
    let frozen = Frozen::of(reported.week());
    let corrected = frozen.corrected(now.week(), 3).unwrap();
    let shown = frozen.put_into(now.week().clone());
    let corrections = [&corrected];
    let read = reading::message(&answer(&Asked {
        corrections: &corrections,
        ..asked(&shown)
    }));
    assert!(read.contains("3 of 41 changes were emergencies"), "{read}");
    let beside = "*Known better now:* 16–22 Nov: reported 3 of 41 (7.3 %), now 4 of 44 (9.1 %); 3 changes were told of later, 1 change turned out to be told of twice, to be an emergency's or of another week and 1 emergency was declared later.";
    assert!(read.contains(beside), "{read}");
    let on_the_home = Message {
        text: "Home".to_owned(),
        blocks: vec![home(&shown, Some(&corrected), None)],
    };
    let read = reading::message(&on_the_home);
    assert!(
        read.contains("3 of 41 (7.3 %)") && read.contains(beside),
        "{read}"
    );
}

#[test]
fn weeks_without_a_report_of_their_own_are_named_by_the_next() {
    let told = weeks((3, 41)).told();
    let skipped: Vec<Frozen> = told.weeks.iter().map(Frozen::of).collect();
    let read = |n: usize| {
        let details = Details {
            skipped: &skipped[11 - n..11],
            ..told.details()
        };
        reading::message(&weekly(&told.report(&details), Picture::Nothing))
    };
    let two =
        "*Not posted, because I was away:* 2–8 Nov 4 of 43 (9.3 %); 9–15 Nov 5 of 46 (10.9 %).";
    assert!(read(2).contains(two), "{}", read(2));
    let more = "*Not posted, because I was away:* 3 before; 21–27 Sep";
    assert!(read(11).contains(more), "{}", read(11));
    assert!(!read(0).contains("Not posted"), "{}", read(0));
}

#[test]
fn a_private_channels_change_is_there_by_number_and_system_alone() {
    let late = Story::deployed().hours(30);
    let changes = [late.showing().seen_from_outside()];
    let read = reading::message(&thread(&changes, 1));
    assert!(!read.contains("WAF"), "{read}");
    assert!(read.contains("*CHG-1001*  in a private channel"), "{read}");
    // Nor is it said what sort of thing comes again there.
    assert!(!read.contains("configuration"), "{read}");
    let numbers = "• auth, some of it in private: 3 times in 90 days (CHG-1003,";
    assert!(read.contains(numbers), "{read}");
}

#[test]
fn however_much_there_is_the_thread_fits() {
    let worst = "&😀".repeat(1000);
    let stories: Vec<Story> = (0..60)
        .map(|_| {
            Story::asking(&worst, vec![person("morgan")])
                .goes_ahead("dana")
                .minutes(9)
                .deploys("dana")
                .hours(30)
        })
        .collect();
    let changes: Vec<Showing<'_>> = stories.iter().map(Story::showing).collect();
    let read = reading::message(&thread(&changes, 60));
    assert!(read.contains("*Overdue* (60)"), "{read}");
    assert!(read.contains("more. `/emergency list overdue` has them all."));
}
