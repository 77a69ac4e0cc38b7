//! A lean sender of signed slash commands and webhooks: keeps so many in flight, each
//! on a connection of its own, and writes down how long each acknowledgement took.
//!
//! Shares the machine with what it measures, so it does nothing twice and reads
//! no more of an answer than it must.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use breakglass::clock::{Clock, Stopwatch};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// Who commands: the people of the sandbox who can.
const PEOPLE: [(&str, &str); 5] = [
    ("U0DANA0001", "dana"),
    ("U0MORGAN01", "morgan"),
    ("U0RILEY001", "riley"),
    ("U0SAM00001", "sam"),
    ("U0PRIYA001", "priya"),
];

/// What they ask for; longer than most.
const TEXT: &str = "Deploy+WAF+rule+to+block+SQL+injection+in+front+of+auth-api+%40morgan";

/// A deployment as GitHub tells of it, the change that it names, and what in it is
/// another one's each time.
const TOLD: &str =
    include_str!("../../tests/fixtures/intake/github/deployment_status.production.json");
const TOLD_ID: &str = "\"id\": 901,";
const TOLD_OF: &str = "CHG-1042";
const TOLD_COMMIT: &str = "2f22765d04931a078909145ca628d2264c852d7d";

/// What stands in the answer to a deployment that was taken in and counts.
const COUNTED: &[u8] = b"\"counted\":1";

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Slash commands, as Slack sends them.
    Commands,
    /// Deployments, as GitHub sends them.
    Webhooks,
}

/// What a run yielded.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// How long each acknowledgement took.
    latencies: Vec<Duration>,
    span: Duration,
}

impl Measured {
    /// Adds another run of the same.
    pub(crate) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
        self.span += other.span;
    }

    /// How many acknowledgements there were.
    pub(crate) fn n(&self) -> u32 {
        u32::try_from(self.latencies.len()).unwrap_or(u32::MAX)
    }

    /// Acknowledgements a second.
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.span.as_secs_f64()
    }

    /// The latency that this share of all stays under.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in a list"
    )]
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        let place = (last as f64 * share).ceil() as usize;
        self.latencies.get(place).copied().unwrap_or_default()
    }
}

/// Sends to one bot.
pub(crate) struct Sender {
    bot: SocketAddr,
    mac: Hmac<Sha256>,
    sent: Sent,
    told: Rc<str>,
    /// Names what is sent; no two of a bot's life are alike.
    next: Rc<Cell<u64>>,
    pub(crate) n_acknowledged: usize,
}

impl Sender {
    pub(crate) fn new(bot: SocketAddr, secret: &str, sent: Sent) -> anyhow::Result<Self> {
        Ok(Self {
            bot,
            sent,
            told: TOLD.replace(TOLD_OF, "a change").into(),
            mac: Hmac::new_from_slice(secret.as_bytes())?,
            next: Rc::default(),
            n_acknowledged: 0,
        })
    }

    fn line(&self) -> Line {
        Line {
            mac: self.mac.clone(),
            sent: self.sent,
            told: Rc::clone(&self.told),
            next: Rc::clone(&self.next),
            request: Vec::with_capacity(2048),
        }
    }

    /// Keeps `in_flight` commands in flight for `span`.
    pub(crate) async fn run(
        &mut self,
        in_flight: usize,
        span: Duration,
    ) -> anyhow::Result<Measured> {
        let mut connections = Vec::with_capacity(in_flight);
        for _ in 0..in_flight {
            connections.push(connect(self.bot).await?);
        }
        let tasks = LocalSet::new();
        let watch = Stopwatch::start();
        let running: Vec<_> = connections
            .into_iter()
            .map(|mut connection| {
                let mut line = self.line();
                tasks.spawn_local(async move {
                    let mut latencies = Vec::with_capacity(4096);
                    while watch.elapsed() < span {
                        line.compose()?;
                        let sent = Stopwatch::start();
                        line.send(&mut connection).await?;
                        latencies.push(sent.elapsed());
                    }
                    anyhow::Ok(latencies)
                })
            })
            .collect();
        tasks.await;
        let span = watch.elapsed();
        let mut latencies = Vec::new();
        for ran in running {
            latencies.extend(ran.await??);
        }
        latencies.sort_unstable();
        self.n_acknowledged += latencies.len();
        ensure!(!latencies.is_empty(), "nothing was acknowledged");
        Ok(Measured { latencies, span })
    }

    /// Whether one command is acknowledged now.
    pub(crate) async fn is_acknowledged(&mut self) -> bool {
        let Ok(mut connection) = connect(self.bot).await else {
            return false;
        };
        let mut line = self.line();
        line.compose().is_ok() && line.send(&mut connection).await.is_ok()
    }
}

async fn connect(bot: SocketAddr) -> anyhow::Result<TcpStream> {
    let connection = TcpStream::connect(bot).await?;
    connection.set_nodelay(true)?;
    Ok(connection)
}

/// One of the commands in flight, and the next on the same connection.
struct Line {
    mac: Hmac<Sha256>,
    sent: Sent,
    told: Rc<str>,
    next: Rc<Cell<u64>>,
    request: Vec<u8>,
}

impl Line {
    /// Writes down the next thing to send.
    fn compose(&mut self) -> anyhow::Result<()> {
        let n = self.next.get();
        self.next.set(n + 1);
        match self.sent {
            Sent::Commands => self.command(n),
            Sent::Webhooks => {
                self.webhook(n);
                Ok(())
            }
        }
    }

    /// Writes down a deployment, signed as GitHub signs.
    fn webhook(&mut self, n: u64) {
        let commit = format!("{n:040x}");
        let body = self
            .told
            .replace(TOLD_ID, &format!("\"id\": {n},"))
            .replace(TOLD_COMMIT, &commit);
        let mut mac = self.mac.clone();
        mac.update(body.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        self.request.clear();
        self.request.extend_from_slice(
            format!(
                "POST /hooks/github HTTP/1.1\r\nhost: bot\r\nuser-agent: GitHub-Hookshot/1\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\
                 x-github-event: deployment_status\r\nx-github-delivery: {n}\r\n\
                 x-hub-signature-256: sha256={signature}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        );
    }

    /// Writes down a command, signed as Slack signs.
    fn command(&mut self, n: u64) -> anyhow::Result<()> {
        let place = usize::try_from(n)? % PEOPLE.len();
        let (id, name) = PEOPLE.get(place).context("nobody is there")?;
        let body = format!(
            "token=verification&team_id=T0BREAK01&team_domain=northwind&channel_id=C0INCAUTH1\
             &channel_name=inc-auth-outage&user_id={id}&user_name={name}&command=%2Femergency\
             &text={TEXT}&api_app_id=A0BREAKGLS&is_enterprise_install=false\
             &response_url=http%3A%2F%2F127.0.0.1%3A1%2Frespond%2F{n}\
             &trigger_id={n}.1795227240.8f742231b10e8888abcd99yyyzzz85a5"
        );
        let now = Clock::system().now().timestamp();
        let mut mac = self.mac.clone();
        mac.update(format!("v0:{now}:").as_bytes());
        mac.update(body.as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        self.request.clear();
        self.request.extend_from_slice(
            format!(
                "POST /slack/commands HTTP/1.1\r\nhost: bot\r\n\
                 user-agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
                 x-slack-request-timestamp: {now}\r\nx-slack-signature: v0={signature}\r\n\r\n{body}",
                body.len()
            )
            .as_bytes(),
        );
        Ok(())
    }

    /// Sends it and waits for the acknowledgement.
    async fn send(&self, connection: &mut TcpStream) -> anyhow::Result<()> {
        connection.write_all(&self.request).await?;
        let mut answer = [0; 1024];
        let mut n_read = 0;
        loop {
            let room = answer.get_mut(n_read..).unwrap_or_default();
            let n = connection.read(room).await?;
            ensure!(n > 0, "the bot hung up");
            n_read += n;
            let so_far = answer.get(..n_read).unwrap_or_default();
            // A command's acknowledgement is a head alone, a webhook's says in one
            // object what was counted.
            let ends = match self.sent {
                Sent::Commands => so_far.ends_with(b"\r\n\r\n"),
                Sent::Webhooks => so_far.ends_with(b"}"),
            };
            if !ends {
                continue;
            }
            let is_counted = self.sent == Sent::Commands
                || so_far.windows(COUNTED.len()).any(|part| part == COUNTED);
            if !so_far.starts_with(b"HTTP/1.1 200 ") || !is_counted {
                bail!("not acknowledged: {}", String::from_utf8_lossy(so_far));
            }
            return Ok(());
        }
    }
}
