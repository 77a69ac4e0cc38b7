//! How fast the bot acknowledges what it has made durable.
//!
//! `cargo bench --bench ack` starts the real `breakglass serve` beside a real
//! `breakglass sandbox`, sends it signed slash commands over HTTP, and prints
//! what that cost beside the cost of one `fdatasync` on the same disk. It exits
//! with 1 if a promise isn't kept. `-- --short` takes a few seconds, for machines
//! that do other things too: it prints the same, and fails only where the promise
//! is missed by far. Touches nothing but its own folder under `target/tmp`.
#![allow(
    clippy::print_stdout,
    reason = "the figures are what the benchmark is for"
)]

mod disk;
mod load;
#[path = "../../tests/kill/processes.rs"]
mod processes;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use breakglass::clock::Stopwatch;

use load::{Measured, Sender};
use processes::{Door, Sandbox, Serve, Serving, folder, free_address};

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
async fn measure(short: bool) -> anyhow::Result<bool> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let sandbox = Sandbox::start(None, None, 1)?;
    println!("acknowledgements of signed slash commands, each durable (synchronous=FULL) first\n");
    let loaded = load(&sandbox, place, short).await?;

    let mut starts = Vec::new();
    for _ in 0..if short { 3 } else { 15 } {
        let fresh = Bench::new(&sandbox, folder(place, "ack-start")?, &[])?;
        starts.push(fresh.start().await?.1);
    }
    starts.sort();
    let promises = if short { FAR_OFF } else { PROMISED };
    Ok(judge(&loaded, &starts, &promises))
}

/// What the load yielded.
struct Loaded {
    together: Measured,
    one_by_one: Measured,
    /// What each flush of this disk took, measured between the rounds.
    flushes: Vec<Duration>,
    resident_kib: u64,
}

/// Loads two bots, one that shares commits and one that doesn't, and prints what
/// each acknowledges.
async fn load(sandbox: &Sandbox, place: &Path, short: bool) -> anyhow::Result<Loaded> {
    let span = Duration::from_millis(if short { 500 } else { 3000 });
    let n_rounds = if short { 1 } else { 3 };
    let before = disk::flushes(place)?;
    println!("in flight    acks/s       p50       p99     p99.9       max");

    let grouped = Bench::new(sandbox, folder(place, "ack-grouped")?, &[])?;
    let mut serve = grouped.start().await?.0;
    let mut sender = Sender::new(grouped.serving.listen, &sandbox.said.signing_secret)?;
    sender.run(MANY, span / 3).await?;
    for in_flight in [1, 8] {
        print(in_flight, &sender.run(in_flight, span).await?);
    }
    let flags = ["--largest-group", "1"];
    let alone = Bench::new(sandbox, folder(place, "ack-alone")?, &flags)?;
    let mut serve_alone = alone.start().await?.0;
    let mut sender_alone = Sender::new(alone.serving.listen, &sandbox.said.signing_secret)?;
    sender_alone.run(MANY, span / 3).await?;

    // The two are measured in turns, and a flush in between: what else the
    // machine does hits all three.
    let mut worked = Duration::ZERO;
    let mut together = Measured::default();
    let mut one_by_one = Measured::default();
    let mut flushes = before.clone();
    for _ in 0..n_rounds {
        serve.rest(false)?;
        serve_alone.rest(true)?;
        let worked_before = serve.worked()?;
        together.add(sender.run(MANY, span).await?);
        worked += serve.worked()?.saturating_sub(worked_before);
        serve.rest(true)?;
        flushes.extend(disk::flushes(place)?);
        serve_alone.rest(false)?;
        one_by_one.add(sender_alone.run(MANY, span).await?);
    }
    serve.rest(false)?;
    print(MANY, &together);
    println!("\none commit a command:");
    print(MANY, &one_by_one);
    let after = disk::flushes(place)?;
    let (resident_kib, at_most_kib) = serve.resident()?;
    serve.kill();
    serve_alone.kill();
    println!(
        "\none fdatasync on this disk: {} before, {} after (median of {} each)",
        millis(disk::median(&before)),
        millis(disk::median(&after)),
        disk::N_FLUSHES
    );
    println!(
        "acknowledged over all levels: {}; processor time an acknowledgement at {MANY} in flight: {}, answering included; resident at most {} MB\n",
        sender.n_acknowledged,
        millis(worked / together.n()),
        mib(at_most_kib)
    );
    flushes.extend(after);
    Ok(Loaded {
        together,
        one_by_one,
        flushes,
        resident_kib,
    })
}

/// Prints what was promised and whether it was kept; whether all was.
fn judge(loaded: &Loaded, starts: &[Duration], promises: &Promises) -> bool {
    let flush = disk::median(&loaded.flushes);
    let (wanted, takes) = if flush >= SLOW_FLUSH {
        (promises.over_slow_flush, "1 ms or more")
    } else {
        (promises.over_fast_flush, "less than 1 ms")
    };
    let ratio = loaded.together.per_second() / loaded.one_by_one.per_second();
    let p99_9 = loaded.together.quantile(0.999);
    let start = disk::median(starts);
    let slowest = starts.last().copied().unwrap_or_default();
    let kept = [
        (
            format!(
                "{ratio:.1} times one commit a command at {MANY} in flight (at least {wanted:.1}, as a flush takes {takes}: {} amid it all)",
                millis(flush)
            ),
            ratio >= wanted,
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
                "resident after it {} MB (at most {})",
                mib(loaded.resident_kib),
                promises.resident_kib / 1024
            ),
            loaded.resident_kib <= promises.resident_kib,
        ),
        (
            format!(
                "process start to first acknowledgement {} (median of {}, slowest {}; at most {})",
                millis(start),
                starts.len(),
                millis(slowest),
                millis(promises.start)
            ),
            start <= promises.start,
        ),
    ];
    for (claim, holds) in &kept {
        println!("{}  {claim}", if *holds { "PASS" } else { "FAIL" });
    }
    kept.iter().all(|(_, holds)| *holds)
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
                listen: free_address()?,
                folder,
                flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            },
            secret: sandbox.said.signing_secret.clone(),
        })
    }

    /// Starts the bot, and returns how long its first acknowledgement took from
    /// before the process existed.
    async fn start(&self) -> anyhow::Result<(Serve, Duration)> {
        let mut sender = Sender::new(self.serving.listen, &self.secret)?;
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
