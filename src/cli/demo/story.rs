//! `breakglass demo --story`: the stories that must always work, played with the
//! clock moved, printed as conversations, each step checked.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::Demo;
use super::transcript::{Handles, News, Seen};
use super::week;
use crate::domain::change::{EmergencyChange, Event, Exception, Recorded, Stage};
use crate::domain::id::{ChangeNumber, WorkspaceId};
use crate::domain::obligation::Duty;
use crate::domain::policy::Party;
use crate::domain::text::Commitment;
use crate::domain::ticket::content_hash;
use crate::report::frozen::thaw;
use crate::sandbox::hand::Hand;
use crate::store::{self, FrozenWeek, Snapshot, Store, resolve};

/// Where the people of the story live.
const ZONE: Tz = Tz::Europe__Berlin;

pub(super) const CHANNEL: &str = "#inc-auth-outage";

/// Where the weekly report stands.
const REPORTS: &str = "#engineering";

const PEOPLE: [&str; 4] = ["dana", "morgan", "riley", "sam"];

/// Tells the stories, each in a workspace of its own.
pub(super) async fn tell(database: Option<PathBuf>) -> anyhow::Result<()> {
    let mut n_steps = 0;
    for story in [
        Story::Good,
        Story::Asleep,
        Story::Abandoned,
        Story::Plain,
        Story::Week,
    ] {
        // The first story is the one to keep.
        let kept = database.clone().filter(|_| story == Story::Good);
        n_steps += story.play(kept).await?;
    }
    print(&format!(
        "All five stories came true: {n_steps} of {n_steps} steps."
    ));
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// Authorized, deployed, documented, approved.
    Good,
    /// The person asked is asleep.
    Asleep,
    /// Nobody documents.
    Abandoned,
    /// Nobody types a command.
    Plain,
    /// A week passes, and is reported.
    Week,
}

impl Story {
    async fn play(self, database: Option<PathBuf>) -> anyhow::Result<usize> {
        let title = match self {
            Self::Good => "1. Authorized, deployed, documented, approved",
            Self::Asleep => "2. The person asked is asleep",
            Self::Abandoned => "3. Nobody documents",
            Self::Plain => "4. Nobody types a command",
            Self::Week => "5. Monday, 09:00, #engineering",
        };
        print(&format!("\n━━━ {title} ━━━\n"));
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let begins = match self {
            Self::Good | Self::Asleep | Self::Abandoned | Self::Plain => saturday(2, 14, 0),
            Self::Week => week::begins(),
        };
        let demo = Demo::start(listen, Some(begins), database).await?;
        let path = demo.database.clone();
        let mut telling = Telling::begin(demo.hand.clone()).await?;
        telling.reads_reports = self == Self::Week;
        let played = match self {
            Self::Good => good(&mut telling).await,
            Self::Asleep => asleep(&mut telling).await,
            Self::Abandoned => abandoned(&mut telling).await,
            Self::Plain => plain(&mut telling).await,
            Self::Week => week::week(&mut telling).await,
        };
        let steps = telling.n_steps;
        // The bot is stopped before its record is read: what counts is the file.
        let kept = demo.thrown_away;
        demo.stopper.stop();
        demo.bot.await.context("the bot ended badly")??;
        demo.sandbox.stop().await;
        played?;
        let record = Record::read(&path).await?;
        record.tell(&telling.handles);
        let proved = self.prove(&record)?;
        drop(kept);
        Ok(steps + proved)
    }

    /// Checks the record that the story left.
    fn prove(self, record: &Record) -> anyhow::Result<usize> {
        let change = &record.snapshot.change;
        let mut proof = Proof::default();
        proof.that("the log verifies", record.verified.is_ok());
        match self {
            Self::Good => {
                let ahead = change.authorized_ahead_by().unwrap_or_default();
                proof.that(
                    "the authorization came four minutes before the deployment",
                    ahead.num_minutes() == 4,
                );
                proof.that(
                    "the approval is bound to the content",
                    change.approval.as_ref().map(|one| one.content) == Some(content_hash(change)),
                );
                proof.that("no exception is on record", change.exceptions.is_empty());
                proof.that("the change is closed", change.stage == Stage::Closed);
                proof.that(
                    "the implementer was reminded of the ticket",
                    record.n_reminders(Duty::Ticket) >= 2,
                );
                proof.that(
                    "the approver was reminded of the decision once the ticket was ready",
                    record.n_reminders(Duty::Approval) >= 2,
                );
            }
            Self::Asleep => {
                proof.that(
                    "the request was repeated twice",
                    record.n_reminders(Duty::AnswerRequest) == 2,
                );
                proof.that(
                    "going ahead without authorization is an exception, answered",
                    change
                        .exceptions
                        .get(&Exception::NotAuthorized)
                        .is_some_and(|state| state.answer.is_some()),
                );
                proof.that("a second person authorized it", change.second.is_some());
                proof.that("the change is closed", change.stage == Stage::Closed);
            }
            Self::Abandoned => {
                proof.that("each miss is recorded once", record.misses_are_single());
                proof.that(
                    "the missed ticket is on record",
                    change.exceptions.contains_key(&Exception::DocumentedLate),
                );
                proof.that("the chase goes on", record.n_overdue() >= 3);
            }
            Self::Plain => {
                let said: Vec<Option<&str>> = change
                    .quotes
                    .iter()
                    .map(|quote| record.words(quote.captured))
                    .collect();
                proof.that(
                    "the question and the answer are on record, verbatim",
                    said == [Some(QUESTION), Some(ANSWER)],
                );
                proof.that(
                    "both with their addresses in Slack",
                    change
                        .quotes
                        .iter()
                        .all(|quote| quote.message.permalink.is_some()),
                );
                proof.that(
                    "the authorization came before the deployment",
                    change
                        .authorized_ahead_by()
                        .is_some_and(|ahead| ahead > TimeDelta::zero()),
                );
                proof.that("no exception is on record", change.exceptions.is_empty());
            }
            Self::Week => {
                proof.that(
                    "the week is frozen as it was reported: 3 of 41",
                    record.last_reported() == Some((3, 41)),
                );
                proof.that(
                    "what was documented in time is so on record",
                    change.stage == Stage::Closed,
                );
            }
        }
        proof.that("nobody was woken by a reminder", record.nobody_was_woken());
        proof.that("every reminder reached Slack", record.all_delivered());
        proof.done()
    }
}

/// Dana asks, Morgan authorizes, Riley commands; the day's paperwork; closed.
async fn good(telling: &mut Telling) -> anyhow::Result<()> {
    let words = "Deploy WAF rule to block SQL injection @morgan";
    telling.slash("dana", words).await?;
    telling.expect("channel", "Deploy WAF rule to block SQL injection")?;
    telling
        .press("dana", CHANNEL, "criterion:production_down")
        .await?;
    telling.go_to(saturday(2, 15, 0)).await?;
    telling.press("morgan", CHANNEL, "authorize").await?;
    telling.expect("channel", "Authorized by @morgan")?;
    telling.press("riley", CHANNEL, "take_command").await?;
    telling.go_to(saturday(2, 19, 0)).await?;
    telling.press("dana", CHANNEL, "deployed").await?;
    telling.go_to(saturday(9, 40, 0)).await?;
    telling
        .document(&[
            ("section:what_was_done", "Added WAF rule 4711 in front of auth-api: blocks UNION and stacked queries in the login parameters."),
            ("section:testing", "Replayed 40 attack samples and 2,000 real logins against the rule in staging: all blocked, none falsely. https://ci.example.com/runs/8812"),
        ])
        .await?;
    telling.go_to(saturday(18, 30, 0)).await?;
    telling
        .document(&[
            ("section:rollback_plan", "Disable rule 4711 in the WAF console; takes 30 s. Anyone on call may; watch the login success rate."),
            ("section:outcome", "Attack blocked at 02:20; no customer data exposed; incident resolved at 02:41."),
        ])
        .await?;
    telling.go_to(saturday(19, 30, 0)).await?;
    telling
        .document(
            &[
                &[(
                    "section:lessons_learned",
                    "Keep predefined WAF rules for common attack patterns ready to switch on.",
                )],
                CHOSEN.as_slice(),
            ]
            .concat(),
        )
        .await?;
    telling.expect("morgan", "Approve")?;
    telling.go_to(saturday(20, 5, 0)).await?;
    telling.approve("morgan").await?;
    telling.expect("channel", "Approved in retrospect")?;
    telling.go_to(sunday(12, 0, 0)).await
}

/// What the ticket asks for beside words.
pub(super) const CHOSEN: [(&str, &str); 7] = [
    ("section:category", "configuration"),
    ("section:security_impact", "reduced"),
    ("section:rollback_executed", "not_needed"),
    ("section:outcome_code", "successful"),
    ("section:incident_resolved", "yes"),
    ("section:data_exposed", "no"),
    ("section:permanence", "permanent"),
];

/// Morgan sleeps; Dana goes ahead; Priya stands in, in the morning.
async fn asleep(telling: &mut Telling) -> anyhow::Result<()> {
    telling
        .slash("dana", "Fail over the payments database @morgan")
        .await?;
    telling
        .press("dana", CHANNEL, "criterion:production_down")
        .await?;
    telling.go_to(saturday(2, 17, 10)).await?;
    telling.expect("morgan", "Authorize")?;
    telling.go_to(saturday(2, 20, 10)).await?;
    telling.press("dana", CHANNEL, "go_ahead").await?;
    telling.go_to(saturday(2, 23, 0)).await?;
    telling.press("dana", CHANNEL, "deployed").await?;
    telling.press("riley", CHANNEL, "take_command").await?;
    telling.go_to(saturday(8, 30, 0)).await?;
    telling.press("morgan", "@breakglass", "authorize").await?;
    telling
        .document(&[&[
            ("section:what_was_done", "Promoted the replica payments-db-2 and pointed payments-api at it."),
            ("section:testing", "Smoke test of a card payment before and after: passed. https://ci.example.com/runs/8813"),
            ("section:rollback_plan", "Promote payments-db-1 again once its disk is replaced; the runbook is https://wiki.example.com/db-failover."),
            ("section:outcome", "Payments back at 02:24; no payment lost; incident resolved."),
            ("section:lessons_learned", "Nobody with authority was awake: put an approver on the rota."),
        ][..], CHOSEN.as_slice()].concat())
        .await?;
    telling.go_to(saturday(9, 0, 0)).await?;
    telling.approve("morgan").await?;
    telling
        .answer_exceptions(
            "morgan",
            "Nobody with authority was on call at night.",
            "An approver joins the on-call rota from Monday.",
        )
        .await?;
    telling.expect("channel", "Closed")
}

/// Morgan authorizes, Dana deploys, and then nobody does anything.
async fn abandoned(telling: &mut Telling) -> anyhow::Result<()> {
    telling
        .slash("dana", "Roll back release 2026.11 of auth-api @morgan")
        .await?;
    telling.go_to(saturday(2, 15, 0)).await?;
    telling.press("morgan", CHANNEL, "authorize").await?;
    telling.go_to(saturday(2, 19, 0)).await?;
    telling.press("dana", CHANNEL, "deployed").await?;
    telling.go_to(sunday(2, 30, 0)).await?;
    telling.expect("channel", "missed")?;
    telling.go_to(sunday(9, 0, 0)).await?;
    telling.expect("sam", "missed")?;
    telling.go_to(sunday(9, 0, 0) + TimeDelta::days(2)).await
}

/// The guide's own two lines.
const QUESTION: &str =
    "@engineering-manager deploying WAF rule to block SQL injection. Authorization?";
const ANSWER: &str = "@engineering-manager approved. Deploy.";

/// Dana asks and Morgan answers as people do; the offer to record it is one tap.
async fn plain(telling: &mut Telling) -> anyhow::Result<()> {
    telling.say("dana", QUESTION).await?;
    telling.go_to(saturday(2, 15, 0)).await?;
    telling.say("morgan", ANSWER).await?;
    telling.expect("channel", "approved. Deploy.")?;
    telling.press("dana", CHANNEL, "take_offer").await?;
    telling.expect("channel", "The card is in #inc-auth-outage.")?;
    telling
        .press("dana", CHANNEL, "criterion:vulnerability")
        .await?;
    telling.go_to(saturday(2, 19, 0)).await?;
    telling.press("dana", CHANNEL, "deployed").await?;
    telling.press("riley", CHANNEL, "take_command").await?;
    telling.go_to(saturday(2, 30, 0)).await
}

/// The story as it goes on.
pub(super) struct Telling {
    pub(super) hand: Hand,
    seen: Seen,
    handles: Handles,
    /// What came since the last act, by where it was read.
    latest: Vec<News>,
    pub(super) n_steps: usize,
    /// Whether only the channel of the reports is read, and no other.
    reads_reports: bool,
}

impl Telling {
    async fn begin(hand: Hand) -> anyhow::Result<Self> {
        let people = hand.look("people").await?;
        let groups = hand.look("usergroups").await?;
        let channels = hand.look("channels").await?;
        let named = |value: &Value, list: &str, mark: char| -> Vec<(String, String)> {
            value
                .get(list)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|one| {
                    let handle = one.get("handle").or_else(|| one.get("name"))?.as_str()?;
                    Some((
                        one.get("id")?.as_str()?.to_owned(),
                        format!("{mark}{handle}"),
                    ))
                })
                .collect()
        };
        let mut handles: Handles = named(&people, "people", '@').into_iter().collect();
        handles.extend(named(&groups, "usergroups", '@'));
        handles.extend(named(&channels, "channels", '#'));
        Ok(Self {
            hand,
            seen: Seen::default(),
            handles,
            latest: Vec::new(),
            n_steps: 0,
            reads_reports: false,
        })
    }

    /// Reads every conversation and prints what is new.
    async fn catch_up(&mut self) -> anyhow::Result<()> {
        let mut news = Vec::new();
        let (place, channel, people) = if self.reads_reports {
            ("engineering", REPORTS, &[][..])
        } else {
            ("channel", CHANNEL, &PEOPLE[..])
        };
        let said = self.hand.transcript("dana", channel).await?;
        news.extend(self.seen.take(place, &said, &self.handles, ZONE));
        for who in people {
            // Nobody has a conversation with the bot before the first word.
            if let Ok(said) = self.hand.transcript(who, "@breakglass").await {
                news.extend(self.seen.take(who, &said, &self.handles, ZONE));
            }
        }
        news.sort();
        for one in &news {
            let mut lines = one.lines.iter();
            if let Some(head) = lines.next() {
                let edited = if one.edited { "  (edited)" } else { "" };
                print(&format!("{head}{edited}"));
            }
            lines.for_each(|line| print(&format!("    │ {line}")));
            print("");
        }
        self.latest = news;
        Ok(())
    }

    /// Lets a few seconds pass, in which what was caused is done.
    pub(super) async fn settle(&mut self) -> anyhow::Result<()> {
        self.hand.settle(20).await?;
        self.n_steps += 1;
        self.catch_up().await
    }

    pub(super) async fn go_to(&mut self, at: DateTime<Utc>) -> anyhow::Result<()> {
        self.hand.move_to(at).await?;
        self.n_steps += 1;
        self.catch_up().await
    }

    pub(super) async fn slash(&mut self, who: &str, words: &str) -> anyhow::Result<()> {
        print(&format!("▸ @{who} types: /emergency {words}\n"));
        let body = json!({"as": who, "channel": CHANNEL, "command": "/emergency", "text": words});
        acknowledged(&self.hand.act("slash", body).await?)?;
        self.settle().await
    }

    async fn say(&mut self, who: &str, words: &str) -> anyhow::Result<()> {
        print(&format!("▸ @{who} writes: {words}\n"));
        let body = json!({"as": who, "channel": CHANNEL, "text": words});
        self.hand.act("say", body).await?;
        self.settle().await
    }

    pub(super) async fn press(
        &mut self,
        who: &str,
        place: &str,
        action: &str,
    ) -> anyhow::Result<()> {
        print(&format!("▸ @{who} presses: {}\n", action.replace('_', " ")));
        acknowledged(&self.hand.press(who, place, action).await?)?;
        self.settle().await
    }

    /// Dana opens the ticket from her reminder and writes into it.
    pub(super) async fn document(&mut self, sections: &[(&str, &str)]) -> anyhow::Result<()> {
        print("▸ @dana opens the ticket and writes:");
        for (section, words) in sections {
            let name = section.trim_start_matches("section:").replace('_', " ");
            print(&format!("    {name}: {words}"));
        }
        print("");
        acknowledged(&self.hand.press("dana", "@breakglass", "document").await?)?;
        let values = sections
            .iter()
            .map(|(block, words)| ((*block).to_owned(), json!({"input": words})))
            .collect();
        self.submit("dana", values).await
    }

    /// Approves, and says that it was a genuine emergency.
    pub(super) async fn approve(&mut self, who: &str) -> anyhow::Result<()> {
        acknowledged(&self.hand.press(who, "@breakglass", "approve").await?)?;
        print(&format!("▸ @{who} approves: yes, a genuine emergency.\n"));
        let values = [("genuine".to_owned(), json!({"input": "genuine"}))];
        self.submit(who, values.into_iter().collect()).await
    }

    async fn answer_exceptions(
        &mut self,
        who: &str,
        cause: &str,
        remedy: &str,
    ) -> anyhow::Result<()> {
        print(&format!(
            "▸ @{who} answers the exception:\n    cause: {cause}\n    remedy: {remedy}\n"
        ));
        acknowledged(
            &self
                .hand
                .press(who, "@breakglass", "answer_exceptions")
                .await?,
        )?;
        let values = [
            ("cause".to_owned(), json!({"input": cause})),
            ("remedy".to_owned(), json!({"input": remedy})),
            ("owner".to_owned(), json!({"input": "U0MORGAN01"})),
        ];
        self.submit(who, values.into_iter().collect()).await
    }

    async fn submit(
        &mut self,
        who: &str,
        values: serde_json::Map<String, Value>,
    ) -> anyhow::Result<()> {
        self.hand.modal(who).await?;
        let sent = self
            .hand
            .act("submit", json!({"as": who, "values": values}))
            .await?;
        if sent.get("outcome").and_then(Value::as_str) != Some("closed") {
            bail!("the form was not taken: {sent}");
        }
        self.settle().await
    }

    /// Checks that words stand in what came last.
    pub(super) fn expect(&mut self, place: &str, words: &str) -> anyhow::Result<()> {
        let said = self
            .latest
            .iter()
            .filter(|news| news.place == place)
            .flat_map(|news| &news.lines)
            .any(|line| line.contains(words));
        if !said {
            bail!("the story breaks here: {place} should have said “{words}”");
        }
        self.n_steps += 1;
        Ok(())
    }
}

fn acknowledged(answer: &Value) -> anyhow::Result<()> {
    if answer.get("ok") != Some(&Value::Bool(true)) {
        bail!("the bot did not acknowledge it: {answer}");
    }
    Ok(())
}

/// The record that a story left in the file.
struct Record {
    snapshot: Snapshot,
    verified: Result<u64, String>,
    frozen: Vec<FrozenWeek>,
}

impl Record {
    async fn read(path: &std::path::Path) -> anyhow::Result<Self> {
        let workspace = WorkspaceId::new("T0BREAK01");
        let store = Store::open(&store::Options::at(path), workspace)?;
        let verified = store.verify().await?;
        let snapshot = store
            .change(ChangeNumber::FIRST)
            .await?
            .context("the story left no change")?;
        let frozen = store.frozen_weeks(on(1, 0, 0, 0), on(31, 0, 0, 0)).await?;
        store.close().await;
        Ok(Self {
            snapshot,
            verified,
            frozen,
        })
    }

    fn reminders(&self) -> impl Iterator<Item = (&Recorded, Duty, &Option<Party>, String)> {
        self.snapshot
            .history
            .iter()
            .filter_map(|one| match &one.event {
                Event::Reminded {
                    duty, owner, rung, ..
                } => Some((one, *duty, owner, rung.name())),
                _ => None,
            })
    }

    /// How many emergencies of how many changes the newest report told of.
    fn last_reported(&self) -> Option<(u64, u64)> {
        let week = thaw(self.frozen.last()?)?;
        Some((week.n_emergencies, week.n_changes))
    }

    /// The words that a commitment stands for.
    fn words(&self, text: Commitment) -> Option<&str> {
        self.snapshot.words.get(&text)?.as_deref()
    }

    fn n_reminders(&self, wanted: Duty) -> usize {
        self.reminders()
            .filter(|(_, duty, ..)| *duty == wanted)
            .count()
    }

    fn n_overdue(&self) -> usize {
        self.reminders()
            .filter(|(.., rung)| rung.starts_with("overdue"))
            .count()
    }

    fn misses_are_single(&self) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        let mut misses = 0;
        for one in &self.snapshot.history {
            if let Event::DeadlineMissed { duty, due_at, .. } = &one.event {
                misses += 1;
                seen.insert((*duty, *due_at));
            }
        }
        misses > 0 && misses == seen.len()
    }

    /// Whether each direct message about paperwork came by day, or within half
    /// an hour of something that its reader did.
    fn nobody_was_woken(&self) -> bool {
        let mut acted: Vec<(&crate::domain::id::UserId, DateTime<Utc>)> = Vec::new();
        for one in &self.snapshot.history {
            if let crate::domain::change::Actor::Person(who) = &one.actor {
                acted.push((who, one.at));
            }
            let Event::Reminded { duty, owner, .. } = &one.event else {
                continue;
            };
            let hour = one.at.with_timezone(&ZONE).time();
            let night = hour >= crate::domain::policy::Policy::NIGHT_FROM
                || hour < crate::domain::policy::Policy::NIGHT_TO;
            let awake = acted.iter().any(|(who, at)| {
                *owner == Some(Party::Person((*who).clone()))
                    && one.at - *at <= TimeDelta::minutes(30)
            });
            if night && !duty.may_wake() && !awake {
                return false;
            }
        }
        true
    }

    fn all_delivered(&self) -> bool {
        let keys: Vec<&String> = self
            .snapshot
            .history
            .iter()
            .filter_map(|one| match &one.event {
                Event::Delivered { key, .. } => Some(key),
                _ => None,
            })
            .collect();
        self.reminders().all(|(_, duty, owner, rung)| {
            let Some(Party::Person(who)) = owner else {
                return true;
            };
            let begins = format!(
                "reminder:{}:{}:{who}:",
                self.snapshot.change.number,
                duty.name()
            );
            keys.iter()
                .any(|key| key.starts_with(&begins) && key.ends_with(&format!(":{rung}")))
        })
    }

    /// Prints who was reminded when of what.
    fn tell(&self, handles: &Handles) {
        print("Who was reminded, on which rung, of what:\n");
        let name_of = |id: &str| handles.get(id).map_or(id, String::as_str).to_owned();
        for (one, duty, owner, rung) in self.reminders() {
            let at = one.at.with_timezone(&ZONE).format("%a %H:%M");
            let owner = match owner {
                Some(Party::Person(id)) => name_of(id.as_str()),
                Some(Party::Group(id)) => name_of(id.as_str()),
                None => "the thread".to_owned(),
            };
            print(&format!("  {at}  {owner:<12} {rung:<12} {duty}"));
        }
        print("");
        if let Some(missed) = missed(&self.snapshot.change) {
            print(&missed);
        }
    }
}

/// The deadlines that passed, in a line.
fn missed(change: &EmergencyChange) -> Option<String> {
    let missed: Vec<String> = change
        .missed
        .iter()
        .map(|(duty, due_at)| {
            format!(
                "{duty}, due {}",
                due_at.with_timezone(&ZONE).format("%a %H:%M")
            )
        })
        .collect();
    (!missed.is_empty()).then(|| format!("Missed, once and for ever: {}\n", missed.join("; ")))
}

/// What a story claims, checked.
#[derive(Default)]
struct Proof {
    n_held: usize,
    failed: Vec<&'static str>,
}

impl Proof {
    fn that(&mut self, claim: &'static str, holds: bool) {
        print(&format!("  {} {claim}", if holds { "✓" } else { "✗" }));
        if holds {
            self.n_held += 1;
        } else {
            self.failed.push(claim);
        }
    }

    fn done(self) -> anyhow::Result<usize> {
        if self.failed.is_empty() {
            return Ok(self.n_held);
        }
        bail!("not true: {}", self.failed.join("; "))
    }
}

fn saturday(hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    on(14, hour, minute, second)
}

fn sunday(hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    on(15, hour, minute, second)
}

/// March 2026: the 14th is a Saturday.
pub(super) fn on(day: u32, hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
    let local = NaiveDate::from_ymd_opt(2026, 3, day)
        .and_then(|date| date.and_hms_opt(hour, minute, second))
        .unwrap_or_default();
    resolve(ZONE, local)
}

pub(super) fn print(line: &str) {
    // The story goes on, whoever listens: what it comes to is checked at its end.
    let _ = crate::cli::say(line);
}
