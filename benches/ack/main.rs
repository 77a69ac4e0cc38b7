//! How fast the bot acknowledges what it has made durable.
//!
//! `cargo bench --bench ack` starts the real `breakglass serve` beside a real
//! `breakglass sandbox`, sends it signed slash commands over HTTP, then webhooks, and
//! prints what that cost beside the cost of one `fdatasync` on the same disk. It exits
//! with 1 if a promise isn't kept. `-- --short` takes a few seconds, for machines
//! that do other things too: it prints the same, and fails only where the promise
//! is missed by far. Touches nothing but its own folder under `target/tmp`.
#![allow(
    clippy::print_stdout,
    reason = "the figures are what the benchmark is for"
)]

mod disk;
mod load;
#[path = "../../tests/scorecard/kill/port.rs"]
mod port;
#[path = "../../tests/scorecard/kill/processes.rs"]
mod processes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use breakglass::clock::Stopwatch;

use load::{Measured, Sender, Sent};
use port::Port;
use processes::{Door, Sandbox, Serve, Serving, folder};

/// Where a flush takes this long or longer, sharing one must pay tenfold; where
/// it is nearly free, what remains to share is the work around it.
const SLOW_FLUSH: Duration = Duration::from_millis(1);

/// How many commands are in flight where the promises are made.
const MANY: usize = 64;

/// What is promised, and what is let pass.
struct Promises {
    over_slow_flush: f64,
    over_fast_flush: f64,
    p99_9: Duration,
    resident_kib: u64,
    start: Duration,
}

const PROMISED: Promises = Promises {
    over_slow_flush: 10.0,
    over_fast_flush: 3.0,
    p99_9: Duration::from_millis(500),
    resident_kib: 40 * 1024,
    start: Duration::from_millis(100),
};

/// On a machine that does other things too, only what lies far off says anything.
const FAR_OFF: Promises = Promises {
    over_slow_flush: 4.0,
    over_fast_flush: 1.2,
    p99_9: Duration::from_secs(3),
    resident_kib: 60 * 1024,
    start: Duration::from_secs(1),
};

fn main() -> ExitCode {
    let short = std::env::args().any(|argument| argument == "--short");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let measured = runtime
        .context("the system starts no runtime")
        .and_then(|runtime| runtime.block_on(measure(short)));
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Measures all and prints it; whether every promise is kept.
#[expect(
    clippy::too_many_lines,
    reason = "one measurement after the other, as they are read"
)]
async fn measure(short: bool) -> anyhow::Result<bool> {
    let promises = if short { FAR_OFF } else { PROMISED };
    let span = Duration::from_millis(if short { 500 } else { 3000 });
    let (n_rounds, n_starts) = if short { (1, 3) } else { (3, 15) };
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let sandbox = Sandbox::start(None, None, 1)?;
    let bench = |name: &str, flags: &[&str]| -> anyhow::Result<Bench> {
        Bench::new(&sandbox, folder(place, name)?, flags)
    };

    let before = disk::one_fdatasync(place)?;
    println!("acknowledgements of signed slash commands, each durable (synchronous=FULL) first\n");
    println!("in flight    acks/s       p50       p99     p99.9       max");

    let grouped = bench("ack-grouped", &[])?;
    let mut serve = grouped.start().await?.0;
    let mut sender = grouped.sender(Sent::Commands)?;
    sender.run(MANY, span / 3).await?;
    for in_flight in [1, 8] {
        print(in_flight, &sender.run(in_flight, span).await?);
    }
    // The two are measured in turns: what else the machine does hits both.
    let alone = bench("ack-alone", &["--largest-group", "1"])?;
    let mut serve_alone = alone.start().await?.0;
    let mut sender_alone = alone.sender(Sent::Commands)?;
    sender_alone.run(MANY, span / 3).await?;
    let mut pair = Pair {
        together: &mut serve,
        alone: &mut serve_alone,
    };
    let commands = pair
        .measure((&mut sender, &mut sender_alone), n_rounds, span)
        .await?;
    print(MANY, &commands.together);
    println!("\none commit a command:");
    print(MANY, &commands.one_by_one);
    let (resident, _) = pair.together.resident()?;
    let mut hooks = grouped.sender(Sent::Webhooks)?;
    let mut hooks_alone = alone.sender(Sent::Webhooks)?;
    let webhooks = pair
        .measure((&mut hooks, &mut hooks_alone), n_rounds, span)
        .await?;
    println!("\ndeployments of GitHub's, each signed, of 7 KB and durable first:");
    print(MANY, &webhooks.together);
    println!("\none commit a webhook:");
    print(MANY, &webhooks.one_by_one);
    let after = disk::one_fdatasync(place)?;
    let (with_webhooks, at_most) = serve.resident()?;
    let n_acknowledged = sender.n_acknowledged;
    serve.kill();
    serve_alone.kill();

    let mut starts = Vec::new();
    for _ in 0..n_starts {
        let fresh = bench("ack-start", &[])?;
        starts.push(fresh.start().await?.1);
    }
    starts.sort();
    let start = *starts.get(starts.len() / 2).context("nothing started")?;
    let slowest = *starts.last().context("nothing started")?;

    let flush = before.min(after);
    let wanted = if flush >= SLOW_FLUSH {
        promises.over_slow_flush
    } else {
        promises.over_fast_flush
    };
    println!(
        "\none fdatasync on this disk: {} before, {} after (median of {})",
        millis(before),
        millis(after),
        disk::N_FLUSHES
    );
    println!(
        "acknowledged over all levels: {n_acknowledged}; processor time an acknowledgement at {MANY} in flight: {}, answering included; resident after the webhooks {} MB, at most {} MB\n",
        millis(commands.worked / commands.together.n()),
        mib(with_webhooks),
        mib(at_most)
    );
    let p99_9 = commands.together.quantile(0.999);
    let ratio = commands.ratio();
    let hooks_ratio = webhooks.ratio();
    let kept = [
        (
            format!(
                "{ratio:.1} times one commit a command at {MANY} in flight (at least {wanted:.1}, as a flush takes {} 1 ms)",
                if flush >= SLOW_FLUSH {
                    "at least"
                } else {
                    "less than"
                }
            ),
            ratio >= wanted,
        ),
        (
            format!(
                "{hooks_ratio:.1} times one commit a webhook at {MANY} in flight (at least {wanted:.1})"
            ),
            hooks_ratio >= wanted,
        ),
        (
            format!(
                "p99.9 at {MANY} in flight {} (under {})",
                millis(p99_9),
                millis(promises.p99_9)
            ),
            p99_9 < promises.p99_9,
        ),
        (
            format!(
                "resident after the commands {} MB (at most {})",
                mib(resident),
                promises.resident_kib / 1024
            ),
            resident <= promises.resident_kib,
        ),
        (
            format!(
                "process start to first acknowledgement {} (median of {n_starts}, slowest {}; at most {})",
                millis(start),
                millis(slowest),
                millis(promises.start)
            ),
            start <= promises.start,
        ),
    ];
    for (claim, holds) in &kept {
        println!("{}  {claim}", if *holds { "PASS" } else { "FAIL" });
    }
    Ok(kept.iter().all(|(_, holds)| *holds))
}

/// One database and the bot that writes it.
struct Bench {
    serving: Serving,
    secret: String,
}

impl Bench {
    fn new(sandbox: &Sandbox, folder: PathBuf, flags: &[&str]) -> anyhow::Result<Self> {
        Ok(Self {
            serving: Serving {
                said: sandbox.said.clone(),
                door: Door::Http,
                port: Port::take()?,
                folder,
                flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            },
            secret: sandbox.said.signing_secret.clone(),
        })
    }

    fn sender(&self, sent: Sent) -> anyhow::Result<Sender> {
        Sender::new(self.serving.port.address, &self.secret, sent)
    }

    /// Starts the bot, and returns how long its first acknowledgement took from
    /// before the process existed.
    async fn start(&self) -> anyhow::Result<(Serve, Duration)> {
        let mut sender = self.sender(Sent::Commands)?;
        let watch = Stopwatch::start();
        let mut serve = self.serving.start()?;
        while !sender.is_acknowledged().await {
            if serve.has_ended()? {
                bail!(
                    "the bot ended; it says why in {}",
                    self.serving.log().display()
                );
            }
            if watch.elapsed() > Duration::from_secs(20) {
                bail!("the bot doesn't acknowledge anything");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok((serve, watch.elapsed()))
    }
}

/// Two bots: one commits what waits together, the other each thing by itself.
struct Pair<'a> {
    together: &'a mut Serve,
    alone: &'a mut Serve,
}

/// What the two came to.
struct Compared {
    together: Measured,
    one_by_one: Measured,
    /// The processor time of the first.
    worked: Duration,
}

impl Pair<'_> {
    /// Measures the two in turns.
    async fn measure(
        &mut self,
        (together, alone): (&mut Sender, &mut Sender),
        n_rounds: u32,
        span: Duration,
    ) -> anyhow::Result<Compared> {
        let mut compared = Compared {
            together: Measured::default(),
            one_by_one: Measured::default(),
            worked: Duration::ZERO,
        };
        for _ in 0..n_rounds {
            self.together.rest(false)?;
            self.alone.rest(true)?;
            let before = self.together.worked()?;
            compared.together.add(together.run(MANY, span).await?);
            compared.worked += self.together.worked()?.saturating_sub(before);
            self.together.rest(true)?;
            self.alone.rest(false)?;
            compared.one_by_one.add(alone.run(MANY, span).await?);
        }
        self.together.rest(false)?;
        Ok(compared)
    }
}

impl Compared {
    fn ratio(&self) -> f64 {
        self.together.per_second() / self.one_by_one.per_second()
    }
}

fn print(in_flight: usize, measured: &Measured) {
    println!(
        "{in_flight:9}  {:8.0}  {:>8}  {:>8}  {:>8}  {:>8}",
        measured.per_second(),
        millis(measured.quantile(0.5)),
        millis(measured.quantile(0.99)),
        millis(measured.quantile(0.999)),
        millis(measured.quantile(1.0)),
    );
}

fn millis(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1000.0)
}

fn mib(kib: u64) -> String {
    format!("{}.{}", kib / 1024, kib % 1024 * 10 / 1024)
}
