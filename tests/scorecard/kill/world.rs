//! One workspace, one bot, one database: acts as people, moves the clock, and
//! kills the bot meanwhile.
//!
//! Knows what people can see and nothing of what the bot has written down.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use breakglass::clock::Stopwatch;
use breakglass::config::PolicyFile;
use breakglass::sandbox::hand::{Hand, HandError};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::dice::Dice;
use crate::port::Port;
use crate::processes::{Door, Sandbox, Serve, Serving};

/// Saturday, 02:14 in Berlin.
const BEGINS_AT: &str = "2026-03-14T01:14:00Z";

/// Where the story happens.
pub(crate) const CHANNEL: &str = "#inc-auth-outage";

/// How long a call to Slack may take: silence must not stop the story for long.
const HTTP_TIMEOUT_MS: u64 = 400;

/// How long the bot may take to come up on a machine that does other things too.
const COMING_UP: Duration = Duration::from_secs(30);

/// How often somebody tries again what wasn't acknowledged.
const TRIES: usize = 40;

/// The house's policy as somebody writes it below `[policy]`: the demo's.
const POLICY: &str = r#"
approvers = ["S0ENGMGRS1"]
commanders = ["S0COMMAND1"]
escalation = "U0SAM00001"
report_channel = "C0ENGINEER"
zone = "Europe/Berlin"
"#;

/// The house's policy.
pub(crate) fn policy() -> anyhow::Result<PolicyFile> {
    PolicyFile::read(POLICY)
}

/// What Slack shows and has delivered, for the audit.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) database: PathBuf,
    /// Every message of every conversation.
    pub(crate) messages: Vec<Value>,
    /// Every delivery, acknowledged or not.
    pub(crate) deliveries: Vec<Value>,
    /// The instants at which the bot had had time and peace to say all it owed.
    pub(crate) calm: Vec<DateTime<Utc>>,
    pub(crate) ended_at: DateTime<Utc>,
}

/// The sandbox with the bot beside it.
pub(crate) struct World {
    pub(crate) hand: Hand,
    pub(crate) dice: Dice,
    serving: Serving,
    serve: Serve,
    calm: Vec<DateTime<Utc>>,
    kills_left: usize,
    pub(crate) n_kills: usize,
    _sandbox: Sandbox,
}

impl World {
    pub(crate) async fn begin(
        folder: PathBuf,
        seed: u64,
        kills: usize,
        door: Door,
        clock_runs: bool,
    ) -> anyhow::Result<Self> {
        let port = Port::take()?;
        let url = format!("http://{}/slack", port.address);
        let url = (door == Door::Http).then_some(url.as_str());
        let sandbox = Sandbox::start((!clock_runs).then_some(BEGINS_AT), url, seed)?;
        let hand = Hand::on(sandbox.said.control.clone())?;
        std::fs::write(
            folder.join(breakglass::config::FILE),
            format!("[policy]{POLICY}"),
        )?;
        let serving = Serving {
            said: sandbox.said.clone(),
            door,
            port,
            folder,
            flags: vec![
                "--clock-from".to_owned(),
                format!("http://{}", sandbox.said.listen),
                "--http-timeout-ms".to_owned(),
                HTTP_TIMEOUT_MS.to_string(),
            ],
        };
        let serve = serving.start()?;
        let mut world = Self {
            hand,
            dice: Dice::new(seed),
            serving,
            serve,
            calm: Vec::new(),
            kills_left: kills,
            n_kills: 0,
            _sandbox: sandbox,
        };
        world.is_up().await?;
        Ok(world)
    }

    // ---- killing ----------------------------------------------------------

    /// Waits until deliveries reach the bot.
    async fn is_up(&mut self) -> anyhow::Result<()> {
        let watch = Stopwatch::start();
        loop {
            if self.serve.has_ended()? {
                bail!("the bot ended by itself; {}", self.last_words());
            }
            let up = match self.serving.door {
                Door::Http => TcpStream::connect(self.serving.port.address).await.is_ok(),
                Door::Socket => self
                    .hand
                    .look("sockets")
                    .await?
                    .get("sockets")
                    .and_then(Value::as_array)
                    .is_some_and(|sockets| !sockets.is_empty()),
            };
            if up {
                return Ok(());
            }
            if watch.elapsed() > COMING_UP {
                bail!("the bot doesn't come up; {}", self.last_words());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.serving.log()).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(5).collect();
        format!(
            "the last words of process {} in {} were:\n{}",
            self.serve.id(),
            self.serving.log().display(),
            last.into_iter().rev().collect::<Vec<_>>().join("\n")
        )
    }

    /// Kills the bot with -9 and starts it again.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        self.serve.kill();
        self.n_kills += 1;
        self.serve = self.serving.start()?;
        self.is_up().await
    }

    /// Kills it for good.
    pub(crate) fn end(&mut self) {
        self.serve.kill();
    }

    /// Whether the dice want a kill now.
    fn strikes(&mut self) -> bool {
        self.kills_left > 0 && self.dice.one_in(4)
    }

    /// Does something; meanwhile, as the dice fall, the bot is killed and comes
    /// back.
    async fn amid<T>(&mut self, act: impl Future<Output = T>) -> anyhow::Result<T> {
        if !self.strikes() {
            return Ok(act.await);
        }
        let (done, killed) = tokio::join!(act, async {
            self.strike().await?;
            self.come_back().await
        });
        killed?;
        Ok(done)
    }

    /// Waits a moment and kills the bot.
    async fn strike(&mut self) -> anyhow::Result<()> {
        let soon = self.dice.moment();
        tokio::time::sleep(soon).await;
        if self.serve.has_ended()? {
            bail!("the bot ended by itself; {}", self.last_words());
        }
        self.serve.kill();
        self.n_kills += 1;
        self.kills_left -= 1;
        Ok(())
    }

    /// Starts the bot again. Starting, it may be killed too.
    async fn come_back(&mut self) -> anyhow::Result<()> {
        if self.dice.one_in(3) {
            let while_away = self.dice.moment();
            tokio::time::sleep(while_away).await;
        }
        self.serve = self.serving.start()?;
        while self.strikes() {
            self.strike().await?;
            self.serve = self.serving.start()?;
        }
        self.is_up().await
    }

    // ---- people -----------------------------------------------------------

    /// Posts to a control route that the bot must acknowledge, until it does.
    async fn insist(&mut self, route: &str, body: Value) -> anyhow::Result<Value> {
        for _ in 0..TRIES {
            let (hand, body) = (self.hand.clone(), body.clone());
            let answer = self
                .amid(async move { hand.act(route, body).await })
                .await?
                .with_context(|| format!("{route} isn't possible"))?;
            if answer.get("ok") == Some(&Value::Bool(true)) {
                return Ok(answer);
            }
        }
        bail!("the bot acknowledges no {route}; {}", self.last_words());
    }

    /// Types a slash command, again if the bot didn't take it.
    pub(crate) async fn slash(&mut self, who: &str, words: &str) -> anyhow::Result<()> {
        let body = json!({"as": who, "channel": CHANNEL, "command": "/emergency", "text": words});
        self.insist("slash", body).await.map(|_| ())
    }

    /// The newest button of this name about a change that somebody sees, in the
    /// channel or in their conversation with the bot: where, and which.
    async fn sees(
        &self,
        who: &str,
        action: &str,
        change: u64,
    ) -> anyhow::Result<Option<(String, Value)>> {
        let mut found: Option<(String, String, Value)> = None;
        for place in [CHANNEL, "@breakglass"] {
            // Nobody has a conversation with the bot before the first word.
            let Ok(seen) = self.hand.transcript(who, place).await else {
                continue;
            };
            for message in seen.iter().flat_map(with_thread) {
                let ts = text(message, "ts").to_owned();
                for button in list(message, "usable") {
                    let about = text(button, "value").split(':').next().unwrap_or_default();
                    if text(button, "action_id") == action
                        && about == change.to_string()
                        && found.as_ref().is_none_or(|(newest, ..)| *newest < ts)
                    {
                        let body = json!({
                            "as": who, "channel": place, "ts": ts, "action_id": action,
                            "block_id": button.get("block_id"),
                        });
                        found = Some((ts.clone(), "click".to_owned(), body));
                    }
                }
            }
        }
        Ok(found.map(|(_, route, body)| (route, body)))
    }

    /// Presses a button about a change. Whoever doesn't see it waits a little;
    /// whoever doesn't see it then either, has no more to press: false.
    pub(crate) async fn press(
        &mut self,
        who: &str,
        action: &str,
        change: u64,
    ) -> anyhow::Result<bool> {
        for patience in [0, 5, 60, 600] {
            if let Some((route, body)) = self.sees(who, action, change).await? {
                // Between the look and the press it may have gone.
                return match self.insist(&route, body).await {
                    Ok(_) => Ok(true),
                    Err(error) if is_refusal(&error) => Ok(false),
                    Err(error) => Err(error),
                };
            }
            self.settle(patience).await?;
        }
        Ok(false)
    }

    /// Opens a form with a button, fills it in and sends it; false if the button
    /// isn't there.
    pub(crate) async fn fill_in(
        &mut self,
        who: &str,
        action: &str,
        change: u64,
        values: &Value,
    ) -> anyhow::Result<bool> {
        for _ in 0..TRIES {
            if !self.press(who, action, change).await? {
                return Ok(false);
            }
            self.settle(0).await?;
            let open = self.hand.look(&format!("views?as={who}")).await?;
            if list(&open, "views").next().is_none() {
                // It was too late for the form; another press opens it.
                continue;
            }
            let body = json!({"as": who, "values": values});
            let hand = self.hand.clone();
            let sent = self
                .amid(async move { hand.act("submit", body).await })
                .await??;
            if text(&sent, "outcome") == "closed" {
                return Ok(true);
            }
            // Whoever sees an error closes the form and begins anew.
            self.hand
                .act("close", json!({"as": who, "all": true}))
                .await?;
        }
        bail!("no form is taken; {}", self.last_words());
    }

    // ---- time -------------------------------------------------------------

    /// Lets up to so many seconds pass, in which what was caused is done.
    pub(crate) async fn settle(&mut self, within_s: u32) -> anyhow::Result<()> {
        let hand = self.hand.clone();
        self.amid(async move { hand.settle(within_s).await })
            .await?
            .with_context(|| self.last_words())
            .map(|_| ())
    }

    /// Lets time pass, with every wake-up on the way. Whom the kill takes on that
    /// way stays away for the rest of it: the sandbox moves its clock past a bot
    /// that has only just begun to follow it, and what that bot sends would be
    /// applied later, by its own clock, than anyone promises.
    pub(crate) async fn pass(&mut self, span: TimeDelta) -> anyhow::Result<()> {
        // It listens before it follows.
        self.hand
            .settle(0)
            .await
            .with_context(|| self.last_words())?;
        let hand = self.hand.clone();
        let to = hand.now().await? + span;
        let moved = async move { hand.move_to(to).await };
        let moved = if self.strikes() {
            let (moved, killed) = tokio::join!(moved, self.strike());
            killed?;
            self.come_back().await?;
            moved
        } else {
            moved.await
        };
        moved.with_context(|| self.last_words()).map(|_| ())
    }

    /// Gives the bot time and peace for all that it owes, and notes when it had.
    pub(crate) async fn calm(&mut self) -> anyhow::Result<()> {
        self.hand.behave().await?;
        let before = self.hand.settle(0).await?;
        // The longest pause after a failure is five minutes, and there are two.
        self.hand
            .move_to(before + TimeDelta::minutes(11))
            .await
            .with_context(|| self.last_words())?;
        let now = self.hand.settle(0).await?;
        self.calm.push(now);
        Ok(())
    }

    /// Whether kills are left.
    pub(crate) fn is_in_danger(&self) -> bool {
        self.kills_left > 0
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.serving.database()
    }

    // ---- looking ----------------------------------------------------------

    /// Every message of every conversation.
    pub(crate) async fn messages(&self) -> anyhow::Result<Vec<Value>> {
        let channels = self.hand.look("channels").await?;
        let mut messages = Vec::new();
        for channel in list(&channels, "channels") {
            let id = text(channel, "id");
            let seen = self.hand.look(&format!("messages?channel={id}")).await?;
            messages.extend(list(&seen, "messages").cloned().map(|mut message| {
                if let Some(fields) = message.as_object_mut() {
                    fields.insert("in".to_owned(), id.into());
                }
                message
            }));
        }
        Ok(messages)
    }

    /// Ends the bot and takes down all that Slack knows.
    pub(crate) async fn testify(mut self) -> anyhow::Result<Evidence> {
        self.end();
        let deliveries = self.hand.look("deliveries").await?;
        Ok(Evidence {
            database: self.database(),
            messages: self.messages().await?,
            deliveries: list(&deliveries, "deliveries").cloned().collect(),
            calm: self.calm.clone(),
            ended_at: self.hand.now().await?,
        })
    }
}

/// Whether the sandbox said that a person could not do that.
fn is_refusal(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<HandError>()
        .is_some_and(|error| matches!(error, HandError::Refused { .. }))
}

fn with_thread(message: &Value) -> impl Iterator<Item = &Value> {
    std::iter::once(message).chain(list(message, "thread"))
}

/// A list in a JSON object; nothing where there is none.
pub(crate) fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// A text in a JSON object; nothing where there is none.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
