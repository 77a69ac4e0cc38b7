//! The world of a test: the real bot, a real database file, a Slack workspace
//! in a box, and a clock that moves only when told.
//!
//! Waits through the sandbox's settling and never by sleeping. A world ends
//! with nothing unread, nothing unsettled, and a log that verifies.

mod news;
#[path = "../../scorecard/kill/port.rs"]
pub(crate) mod port;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use breakglass::cli::serve;
use breakglass::clock::Clock;
use breakglass::config::{self, Config, PolicyFile, Secret, Sources};
use breakglass::domain::id::WorkspaceId;
use breakglass::sandbox::hand::{Hand, HandError};
use breakglass::sandbox::{self, Running};
use breakglass::slack::client::HTTP_TIMEOUT;
use breakglass::stop::{self, Stopper};
use breakglass::store::{Options, Store};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use news::Reader;
pub(crate) use news::{News, shown};
use port::Port;

/// Where the story happens.
pub(crate) const CHANNEL: &str = "#inc-auth-outage";

/// Long enough for the pace of a channel (a message a second) to be through,
/// and too short for anybody to be asked again.
const A_MOMENT: u32 = 20;

/// Through which door Slack delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Socket,
    Http,
}

/// How a world is to be.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) door: Door,
    pub(crate) at: DateTime<Utc>,
    pub(crate) policy: PolicyFile,
    pub(crate) http_timeout: Duration,
    /// A scope that the app wasn't given.
    pub(crate) without: Option<&'static str>,
    pub(crate) sources: Sources,
    pub(crate) witness_url: Option<Secret>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            door: Door::Socket,
            at: berlin("2026-03-14 02:14"),
            policy: PolicyFile {
                approvers: vec!["S0ENGMGRS1".to_owned()],
                commanders: vec!["S0COMMAND1".to_owned()],
                escalation: vec!["U0SAM00001".to_owned()],
                zone: "Europe/Berlin".to_owned(),
                ..PolicyFile::default()
            },
            http_timeout: HTTP_TIMEOUT,
            without: None,
            sources: Sources::default(),
            witness_url: None,
        }
    }
}

/// Reads what a clock on a wall in Berlin shows.
pub(crate) fn berlin(local: &str) -> DateTime<Utc> {
    local_time(local, chrono_tz::Europe::Berlin)
}

pub(crate) fn local_time(local: &str, zone: chrono_tz::Tz) -> DateTime<Utc> {
    chrono::NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M")
        .unwrap()
        .and_local_timezone(zone)
        .unwrap()
        .to_utc()
}

/// The bot at work, on threads of its own, so that a crash takes all of it.
struct AtWork {
    runtime: Option<Runtime>,
    task: JoinHandle<anyhow::Result<()>>,
    stopper: Stopper,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// One recorded fact, as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) change: Option<u64>,
    pub(crate) kind: String,
    pub(crate) actor: String,
    pub(crate) at: DateTime<Utc>,
    pub(crate) data: Value,
}

/// See the module.
pub(crate) struct World {
    pub(crate) hand: Hand,
    pub(crate) sandbox: Running,
    pub(crate) setting: Setting,
    port: Port,
    folder: TempDir,
    bot: Option<AtWork>,
    reader: Reader,
    unread: Vec<News>,
    /// The ledgers of the changes, as they stand.
    ledgers: Vec<News>,
    /// Messages that Slack refused for good; a test that brings that about says so.
    expected_failures: usize,
}

impl World {
    /// A world with the usual policy, over Socket Mode, on Saturday at 02:14.
    pub(crate) async fn new() -> Self {
        Self::of(Setting::default()).await
    }

    pub(crate) async fn of(setting: Setting) -> Self {
        let port = Port::take().unwrap();
        let request_url = format!("http://{}/slack", port.address);
        let sandbox = sandbox::start(sandbox::Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            manifest: include_str!("../../../manifest.yml")
                .lines()
                .filter(|line| {
                    setting
                        .without
                        .is_none_or(|scope| line.trim() != format!("- {scope}"))
                })
                .fold(String::new(), |whole, line| whole + line + "\n"),
            frozen_at: Some(setting.at),
            request_url: (setting.door == Door::Http).then_some(request_url),
            seed: 1,
            tour: None,
        })
        .await
        .unwrap();
        let hand = Hand::on(sandbox.control_url()).unwrap();
        let reader = Reader::meet(&hand).await;
        let mut world = Self {
            hand,
            sandbox,
            setting,
            port,
            folder: tempfile::tempdir().unwrap(),
            bot: None,
            reader,
            unread: Vec::new(),
            ledgers: Vec::new(),
            expected_failures: 0,
        };
        world.start().await;
        world
    }

    // ---- the bot ----------------------------------------------------------

    pub(crate) fn config(&self) -> Config {
        let credentials = self.sandbox.credentials();
        Config {
            database: self.database(),
            listen: self.port.address,
            metrics_listen: None,
            slack_api_url: self.sandbox.slack_api_url(),
            http_timeout: self.setting.http_timeout,
            largest_group: breakglass::store::LARGEST_GROUP,
            policy: self.setting.policy.clone(),
            door: match self.setting.door {
                Door::Socket => config::Door::Socket {
                    app_token: Secret::new(&credentials.app_token),
                },
                Door::Http => config::Door::Http {
                    signing_secret: Secret::new(&credentials.signing_secret),
                },
            },
            bot_token: Secret::new(&credentials.bot_token),
            sources: self.setting.sources.clone(),
            witness_url: self.setting.witness_url.clone(),
            backup: None,
        }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("breakglass.db")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address
    }

    /// Starts the bot and waits until it has nothing left to do.
    pub(crate) async fn start(&mut self) {
        self.start_without_waiting();
        let bot = self.bot.as_mut().unwrap();
        tokio::select! {
            settled = self.hand.settle(A_MOMENT) => { settled.unwrap(); }
            ended = &mut bot.task => panic!("the bot ended: {ended:?}"),
        }
        self.connected().await;
        self.catch_up().await;
    }

    /// Looks until the bot has a socket open. That takes real time, of which the
    /// sandbox's clock knows nothing.
    pub(crate) async fn connected(&self) {
        if self.setting.door == Door::Socket {
            self.connected_anew(&[]).await;
        }
    }

    /// Looks until the bot has sockets open, and none of those that it had before.
    pub(crate) async fn connected_anew(&self, before: &[Value]) {
        for _ in 0..50_000 {
            let open = self.sockets().await;
            if !open.is_empty() && open.iter().all(|one| !before.contains(one)) {
                return;
            }
        }
        panic!("the bot opened no socket");
    }

    /// The ids of the bot's open sockets.
    pub(crate) async fn sockets(&self) -> Vec<Value> {
        let seen = self.hand.look("sockets").await.unwrap();
        let sockets = seen["sockets"].as_array().unwrap();
        sockets.iter().map(|one| one["id"].clone()).collect()
    }

    pub(crate) fn start_without_waiting(&mut self) {
        assert!(self.bot.is_none(), "it runs already");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = self.config();
        let base = format!("http://{}", self.sandbox.address());
        let (stopper, stop) = stop::pair();
        let task = runtime.spawn(async move {
            let clock = Clock::following(&base).await?;
            serve::work(&config, clock, stop).await
        });
        self.bot = Some(AtWork {
            runtime: Some(runtime),
            task,
            stopper,
        });
    }

    /// Stops the bot as SIGTERM does, and waits until it has ended.
    pub(crate) async fn stop(&mut self) {
        let mut bot = self.bot.take().unwrap();
        bot.stopper.stop();
        (&mut bot.task).await.unwrap().unwrap();
        self.forget_sleeper().await;
    }

    /// Ends the bot wherever it stands; nothing is finished.
    pub(crate) async fn crash(&mut self) {
        let mut bot = self.bot.take().unwrap();
        let runtime = bot.runtime.take().unwrap();
        // A runtime may not be waited for on a thread that runs tasks.
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(Duration::from_secs(10)))
            .await
            .unwrap();
        drop(bot);
        self.forget_sleeper().await;
    }

    /// The bot of this process follows the clock under this name.
    async fn forget_sleeper(&self) {
        let url = format!(
            "{}/clock/sleepers/breakglass-{}",
            self.sandbox.control_url(),
            std::process::id()
        );
        browser().delete(url).send().await.unwrap();
    }

    // ---- acting -----------------------------------------------------------

    /// Lets what was caused be done; a few seconds may pass.
    pub(crate) async fn settle(&mut self) {
        self.hand.settle(A_MOMENT).await.unwrap();
        self.catch_up().await;
    }

    /// Moves the clock through everything that becomes due on the way.
    pub(crate) async fn go_to(&mut self, at: DateTime<Utc>) {
        self.hand.move_to(at).await.unwrap();
        self.catch_up().await;
    }

    pub(crate) async fn go(&mut self, time: TimeDelta) {
        let now = self.now().await;
        self.go_to(now + time).await;
    }

    pub(crate) async fn now(&self) -> DateTime<Utc> {
        self.hand.now().await.unwrap()
    }

    /// Types a command in the incident's channel.
    pub(crate) async fn slash(&mut self, who: &str, words: &str) {
        self.slash_in(who, CHANNEL, words).await;
    }

    pub(crate) async fn slash_in(&mut self, who: &str, channel: &str, words: &str) {
        let answer = self.type_in(who, channel, words).await;
        acknowledged(&answer);
        self.settle().await;
    }

    /// Types a command and waits only for the acknowledgement.
    pub(crate) async fn type_in(&self, who: &str, channel: &str, words: &str) -> Value {
        let body = json!({"as": who, "channel": channel, "command": "/emergency", "text": words});
        self.hand.act("slash", body).await.unwrap()
    }

    /// Presses the newest button of this name that somebody sees there.
    pub(crate) async fn press(&mut self, who: &str, place: &str, action: &str) {
        self.tap(who, place, action).await;
        self.settle().await;
    }

    /// Presses and waits only for the acknowledgement.
    pub(crate) async fn tap(&self, who: &str, place: &str, action: &str) {
        acknowledged(&self.hand.press(who, place, action).await.unwrap());
    }

    /// Whether somebody sees such a button there.
    pub(crate) async fn sees(&self, who: &str, place: &str, action: &str) -> bool {
        let seen = self.hand.transcript(who, place).await.unwrap();
        json!(seen).to_string().contains(&format!("\"{action}\""))
    }

    /// Delivers the press of a button that isn't shown any more, as a client does
    /// whose screen is behind.
    pub(crate) async fn deliver_press(&mut self, who: &str, action: &str, value: &str) -> Value {
        let who = self.reader.id(who);
        let n = self.reader.next_number();
        let at = self.now().await;
        let payload = json!({
            "type": "block_actions",
            "team": {"id": "T0BREAK01", "domain": "northwind"},
            "user": {"id": who, "team_id": "T0BREAK01"},
            "api_app_id": "A0BREAKGLS",
            "trigger_id": format!("9{n}.1.late"),
            "container": {"type": "message", "channel_id": "C0INCAUTH1", "message_ts": "1.000001"},
            "channel": {"id": "C0INCAUTH1", "name": "inc-auth-outage"},
            "actions": [{
                "type": "button",
                "action_id": action,
                "block_id": "b",
                "value": value,
                "action_ts": format!("{}.{:06}", at.timestamp(), n),
            }],
        });
        let body = json!({"kind": "interactive", "payload": payload});
        self.hand.act("deliver_raw", body).await.unwrap()
    }

    /// Chooses in a menu.
    pub(crate) async fn choose(&mut self, who: &str, place: &str, action: &str, value: &str) {
        let (ts, block_id) = self.newest_control(who, place, action).await;
        let body = json!({
            "as": who, "channel": place, "ts": ts, "block_id": block_id,
            "action_id": action, "value": value,
        });
        acknowledged(&self.hand.act("select", body).await.unwrap());
        self.settle().await;
    }

    async fn newest_control(&self, who: &str, place: &str, action: &str) -> (String, Value) {
        let seen = self.hand.transcript(who, place).await.unwrap();
        let all = seen.iter().flat_map(|message| {
            let thread = message["thread"].as_array();
            std::iter::once(message).chain(thread.into_iter().flatten())
        });
        let mut found: Vec<(String, Value)> = all
            .flat_map(|message| {
                let ts = message["ts"].as_str().unwrap();
                let usable = message["usable"].as_array();
                usable.into_iter().flatten().map(move |one| (ts, one))
            })
            .filter(|(_, one)| one["action_id"] == action)
            .map(|(ts, one)| (ts.to_owned(), one["block_id"].clone()))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
            .pop()
            .unwrap_or_else(|| panic!("{who} sees no `{action}` in {place}"))
    }

    /// Fills the open modal in and submits it; returns what Slack was told.
    pub(crate) async fn submit(&mut self, who: &str, values: &[(&str, Value)]) -> Value {
        self.hand.modal(who).await.unwrap();
        let values: Map<String, Value> = values
            .iter()
            .map(|(block, value)| ((*block).to_owned(), json!({"input": value})))
            .collect();
        let sent = self
            .hand
            .act("submit", json!({"as": who, "values": values}))
            .await
            .unwrap();
        self.settle().await;
        sent
    }

    /// Fills the open modal in, submits it, and is done with it.
    pub(crate) async fn send_in(&mut self, who: &str, values: &[(&str, Value)]) {
        let sent = self.submit(who, values).await;
        assert_eq!(sent["outcome"], "closed", "{sent}");
    }

    /// Approves from the newest *Approve* button that asks first, and says that it
    /// was a genuine emergency.
    pub(crate) async fn approve(&mut self, who: &str, place: &str) {
        self.tap(who, place, "approve").await;
        self.send_in(who, &[("genuine", json!("genuine"))]).await;
    }

    /// Fills in fields of the ticket from the newest *Document* button.
    pub(crate) async fn document(&mut self, who: &str, place: &str, sections: &[(&str, &str)]) {
        self.tap(who, place, "document").await;
        let values: Vec<_> = sections
            .iter()
            .map(|(section, words)| (format!("section:{section}"), json!(words)))
            .collect();
        let values: Vec<_> = values
            .iter()
            .map(|(block, words)| (block.as_str(), words.clone()))
            .collect();
        self.send_in(who, &values).await;
    }

    pub(crate) async fn say(&mut self, who: &str, channel: &str, words: &str) -> String {
        let body = json!({"as": who, "channel": channel, "text": words});
        let said = self.hand.act("say", body).await.unwrap();
        self.settle().await;
        said["ts"].as_str().unwrap().to_owned()
    }

    /// Shares files in a thread, with a few words.
    pub(crate) async fn share(
        &mut self,
        who: &str,
        channel: &str,
        thread: &str,
        words: &str,
        files: Value,
    ) -> String {
        let body = json!({
            "as": who, "channel": channel, "text": words, "thread_ts": thread, "files": files,
        });
        let said = self.hand.act("say", body).await.unwrap();
        self.settle().await;
        said["ts"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn misbehave(&self, order: Value) {
        self.hand.act("misbehave", order).await.unwrap();
    }

    pub(crate) async fn behave(&self) {
        self.hand.behave().await.unwrap();
    }

    pub(crate) async fn deliver_again(&mut self, n: u32) {
        self.hand
            .act("deliver_again", json!({"n": n}))
            .await
            .unwrap();
        self.settle().await;
    }

    pub(crate) async fn try_act(&self, route: &str, body: Value) -> Result<Value, HandError> {
        self.hand.act(route, body).await
    }

    /// The calls of one method so far, oldest first.
    pub(crate) async fn calls(&self, method: &str) -> Vec<Value> {
        let seen = self.hand.look(&format!("calls?method={method}")).await;
        seen.unwrap()["calls"].as_array().unwrap().clone()
    }

    // ---- reading ----------------------------------------------------------

    async fn catch_up(&mut self) {
        let news = self.reader.read(&self.hand).await;
        let (ledgers, news): (Vec<_>, Vec<_>) = news.into_iter().partition(News::is_ledger);
        for one in ledgers {
            self.ledgers.retain(|old| old.ts != one.ts);
            self.ledgers.push(one);
        }
        for one in news {
            // Of a message that was edited since, only the newest words can be read.
            self.unread
                .retain(|old| old.ts != one.ts || old.place != one.place);
            self.unread.push(one);
        }
        self.unread.sort_by(|a, b| a.ts.cmp(&b.ts));
    }

    /// Reads what is new in one place, oldest first. A place is a channel
    /// (`#name`), a direct conversation with the bot (`dana`), or what only one
    /// person sees in a channel (`dana, aside`).
    pub(crate) fn read(&mut self, place: &str) -> Vec<News> {
        let (read, left) = std::mem::take(&mut self.unread)
            .into_iter()
            .partition(|one| one.place == place);
        self.unread = left;
        read
    }

    /// The ledgers that stand in a place, the first first.
    pub(crate) fn ledgers(&self, place: &str) -> Vec<News> {
        let there = self.ledgers.iter().filter(|one| one.place == place);
        there.cloned().collect()
    }

    /// Reads a place and checks that exactly these messages came, by some of
    /// their words.
    #[track_caller]
    pub(crate) fn heard(&mut self, place: &str, expected: &[&str]) {
        let read = self.read(place);
        let fits = read.len() == expected.len()
            && read
                .iter()
                .zip(expected)
                .all(|(one, words)| one.words.contains(words));
        assert!(
            fits,
            "{place} should have read {expected:#?}\nand read {}\nunread elsewhere {}",
            news::shown(&read),
            news::shown(&self.unread)
        );
    }

    /// Reads everything that nobody has read.
    pub(crate) fn read_all(&mut self) -> Vec<News> {
        std::mem::take(&mut self.unread)
    }

    /// Waives what is unread: another test reads it.
    pub(crate) fn skip(&mut self) {
        self.unread.clear();
    }

    // ---- the record -------------------------------------------------------

    fn look<T>(&self, look: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>) -> T {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let file = rusqlite::Connection::open_with_flags(self.database(), flags).unwrap();
        look(&file).unwrap()
    }

    /// Every fact on record, oldest first.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let leaves: Vec<Vec<u8>> = self.look(|file| {
            file.prepare("SELECT leaf FROM event ORDER BY seq")?
                .query_map([], |row| row.get(0))?
                .collect()
        });
        leaves
            .iter()
            .map(|leaf| {
                let leaf: Value = serde_json::from_slice(leaf).unwrap();
                Fact {
                    change: leaf["change"].as_u64(),
                    kind: leaf["type"].as_str().unwrap().to_owned(),
                    actor: leaf["actor"].as_str().unwrap().to_owned(),
                    at: leaf["at"].as_str().unwrap().parse().unwrap(),
                    data: leaf["data"].clone(),
                }
            })
            .collect()
    }

    /// The kinds of the facts that somebody brought about, deliveries, reminders
    /// and what the bot filled in by itself left out.
    pub(crate) fn deeds(&self) -> Vec<String> {
        let asides = [
            "delivered",
            "undelivered",
            "reminded",
            "policy_adopted",
            "key_adopted",
            "checkpoint_shown",
        ];
        self.facts()
            .into_iter()
            .filter(|fact| fact.kind != "field_written" || fact.actor != "bot")
            .map(|fact| fact.kind)
            .filter(|kind| !asides.contains(&kind.as_str()))
            .collect()
    }

    pub(crate) fn n_facts(&self, kind: &str) -> usize {
        self.facts().iter().filter(|fact| fact.kind == kind).count()
    }

    /// The one fact of a kind.
    #[track_caller]
    pub(crate) fn fact(&self, kind: &str) -> Fact {
        let mut facts = self.facts();
        facts.retain(|fact| fact.kind == kind);
        assert_eq!(facts.len(), 1, "{kind}: {facts:#?}");
        facts.pop().unwrap()
    }

    /// The stage in which a change stands.
    pub(crate) fn stage(&self, number: u64) -> String {
        self.look(|file| {
            file.query_row(
                "SELECT stage FROM change WHERE number = ?1",
                [number],
                |row| row.get(0),
            )
        })
    }

    pub(crate) fn count(&self, sql: &str) -> u64 {
        self.look(|file| file.query_row(sql, [], |row| row.get(0)))
    }

    /// One text of the database.
    pub(crate) fn text(&self, sql: &str) -> String {
        self.look(|file| file.query_row(sql, [], |row| row.get(0)))
    }

    /// Messages that are on their way, with their keys and states.
    fn unsettled(&self, now: DateTime<Utc>) -> Vec<String> {
        self.look(|file| {
            file.prepare(
                "SELECT key || ' is ' || state || coalesce(': ' || error, '') FROM outbox
                 WHERE state = 'claimed' AND batch IS NULL OR state = 'owed' AND not_before <= ?1
                 UNION ALL SELECT 'gesture ' || key || ' waits' FROM inbox WHERE state = 'waiting'",
            )?
            .query_map([now.timestamp_micros()], |row| row.get(0))?
            .collect()
        })
    }

    fn failed(&self) -> Vec<String> {
        self.look(|file| {
            file.prepare(
                "SELECT key || ': ' || coalesce(error, '') FROM outbox WHERE state = 'failed'",
            )?
            .query_map([], |row| row.get(0))?
            .collect()
        })
    }

    /// Slack refuses so many messages of this test for good.
    pub(crate) fn expect_failures(&mut self, n: usize) {
        self.expected_failures = n;
    }

    /// Ends the world: nothing unread, nothing unsettled, and the log verifies.
    pub(crate) async fn end(mut self) {
        self.settle().await;
        assert!(
            self.unread.is_empty(),
            "nobody has read {}",
            news::shown(&self.unread)
        );
        let now = self.now().await;
        assert_eq!(self.unsettled(now), Vec::<String>::new());
        let failed = self.failed();
        assert_eq!(failed.len(), self.expected_failures, "{failed:#?}");
        self.stop().await;
        let workspace = WorkspaceId::new("T0BREAK01");
        let store = Store::open(&Options::at(self.database()), workspace).unwrap();
        store.verify().await.unwrap().unwrap();
        store.close().await;
        self.sandbox.stop().await;
    }
}

/// Panics unless the bot acknowledged in time.
#[track_caller]
pub(crate) fn acknowledged(answer: &Value) {
    assert_eq!(answer["status"], "acknowledged", "{answer}");
}

/// A client that makes no TLS, and so needs no certificates on the machine.
pub(crate) fn browser() -> reqwest::Client {
    // Fails from the second test on, when it is there already.
    let _present = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .tls_certs_only([])
        .no_proxy()
        .build()
        .unwrap()
}
