//! The one place that reads a clock.
//!
//! Civil time drives deadlines, the ladder, `Retry-After` and grace; it is the
//! system's, or a sandbox's that can be moved. Monotonic time measures how long
//! things take and never jumps.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How long a sandbox may hold our wait before it answers (20 s), with room.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long the system's clock isn't looked at: one that was set forward is noticed.
/// Longer than a minute, after which the bot is woken anyway: what it looks at when it
/// wakes is most of what it does while nothing happens.
const LONGEST_NAP: Duration = Duration::from_secs(90);

/// From when on a clock that is off its even pace has jumped: it was set, or the
/// machine slept. Less is what the reading of two clocks one after the other may
/// take on a busy machine.
const STEP: TimeDelta = TimeDelta::seconds(2);

/// Civil time. Clones read the same clock.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System {
        pace: Mutex<Pace>,
    },
    Followed {
        http: reqwest::Client,
        wait: String,
        sleeper: String,
        told: Mutex<Told>,
    },
}

/// What the system's clock is held against.
#[derive(Debug)]
struct Pace {
    since: Instant,
    even: Even,
}

/// Where a clock would stand that goes evenly.
#[derive(Debug)]
struct Even {
    began: DateTime<Utc>,
}

impl Even {
    fn from(began: DateTime<Utc>) -> Self {
        Self { began }
    }

    /// Returns by how much a clock that shows `now` has jumped within `elapsed`
    /// since the beginning; the jumps before this one are accounted for.
    fn stepped(&mut self, now: DateTime<Utc>, elapsed: Duration) -> Option<TimeDelta> {
        let elapsed = TimeDelta::from_std(elapsed).unwrap_or_default();
        let by = now - (self.began + elapsed);
        if by.abs() < STEP {
            return None;
        }
        self.began += by;
        Some(by)
    }
}

/// What a followed clock said last, and when we heard it.
#[derive(Debug)]
struct Told {
    now: DateTime<Utc>,
    heard_at: Instant,
    frozen: bool,
    version: u64,
}

#[derive(Deserialize)]
struct Reading {
    now: DateTime<Utc>,
    version: u64,
    frozen: bool,
}

#[derive(Serialize)]
struct Wait<'a> {
    sleeper: &'a str,
    seen: u64,
    wake_at: Option<DateTime<Utc>>,
}

/// A followed clock can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// The sandbox doesn't answer.
    #[error("the sandbox's clock can't be read")]
    Silent(#[from] reqwest::Error),
    /// The HTTP client can't be made.
    #[error("no HTTP client can be made to read the sandbox's clock")]
    Tls(#[from] rustls::Error),
}

/// A sandbox is on this machine and speaks plain HTTP; a machine without
/// certificate authorities can follow its clock too.
fn no_authorities() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth())
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        let pace = Mutex::new(Pace {
            since: Instant::now(),
            even: Even::from(Utc::now()),
        });
        Self(Arc::new(Source::System { pace }))
    }

    /// Returns where the system's clock stands now and by how much it has jumped
    /// against monotonic time since this was last asked, if it has. A sandbox's
    /// clock moves as it is told, and never jumps.
    pub fn stepped(&self) -> Option<(DateTime<Utc>, TimeDelta)> {
        match &*self.0 {
            Source::System { pace } => {
                let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
                let (now, elapsed) = (self.now(), pace.since.elapsed());
                pace.even.stepped(now, elapsed).map(|by| (now, by))
            }
            Source::Followed { .. } => None,
        }
    }

    /// The clock of the sandbox at `base`, such as `http://127.0.0.1:8417`.
    pub async fn following(base: &str) -> Result<Self, ClockError> {
        let base = base.trim_end_matches('/');
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(no_authorities()?)
            .no_proxy()
            .timeout(LONGEST_WAIT)
            .build()?;
        let reading: Reading = http
            .get(format!("{base}/sandbox/clock"))
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        Ok(Self(Arc::new(Source::Followed {
            http,
            wait: format!("{base}/sandbox/clock/await"),
            sleeper: format!("breakglass-{}", std::process::id()),
            // Version 0 is never current: the first wait answers at once, and
            // nothing that happened before it goes unseen.
            told: Mutex::new(Told::from_reading(&reading, 0)),
        })))
    }

    /// Whether this is a sandbox's clock, which moves when it is told.
    pub fn is_followed(&self) -> bool {
        matches!(&*self.0, Source::Followed { .. })
    }

    /// Returns the present instant, to the microsecond.
    pub fn now(&self) -> DateTime<Utc> {
        match &*self.0 {
            Source::System { .. } => Utc::now().trunc_subsecs(6),
            Source::Followed { told, .. } => lock(told).now(),
        }
    }

    /// Sleeps until `wake_at`; for ever without one.
    ///
    /// To a followed clock this also says that the bot has settled: everything
    /// that it was told of before is done. It returns when the sandbox has news,
    /// which may be long before `wake_at`.
    pub async fn idle_until(&self, wake_at: Option<DateTime<Utc>>) -> Result<(), ClockError> {
        match &*self.0 {
            Source::System { .. } => {
                let left = wake_at.map(|at| (at - Utc::now()).to_std().unwrap_or_default());
                tokio::time::sleep(left.unwrap_or(LONGEST_NAP).min(LONGEST_NAP)).await;
                Ok(())
            }
            Source::Followed {
                http,
                wait,
                sleeper,
                told,
            } => {
                let seen = lock(told).version;
                let reading: Reading = http
                    .post(wait)
                    .json(&Wait {
                        sleeper,
                        seen,
                        wake_at,
                    })
                    .send()
                    .await?
                    .error_for_status()?
                    .json()
                    .await?;
                *lock(told) = Told::from_reading(&reading, reading.version);
                Ok(())
            }
        }
    }
}

impl Told {
    fn from_reading(reading: &Reading, version: u64) -> Self {
        Self {
            now: reading.now,
            heard_at: Instant::now(),
            frozen: reading.frozen,
            version,
        }
    }

    fn now(&self) -> DateTime<Utc> {
        if self.frozen {
            return self.now;
        }
        let since = TimeDelta::from_std(self.heard_at.elapsed()).unwrap_or_default();
        (self.now + since).trunc_subsecs(6)
    }
}

/// A reading is replaced whole, so a poisoned lock still holds a good one.
fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Measures how long something takes, in monotonic time.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_of_two_seconds_is_seen_once_in_either_direction_and_less_is_not() {
        let began = DateTime::from_timestamp(1_773_450_840, 0).unwrap();
        let mut even = Even::from(began);
        let mut at = |civil: i64, monotonic: u64| {
            let now = began + TimeDelta::milliseconds(civil);
            even.stepped(now, Duration::from_millis(monotonic))
        };
        assert_eq!(at(60_000, 60_000), None);
        assert_eq!(at(121_999, 120_000), None);
        assert_eq!(at(182_000, 180_000), Some(TimeDelta::seconds(2)));
        assert_eq!(at(242_000, 240_000), None);
        let hours = TimeDelta::hours(-26);
        let back = 300_000 + 2000 + hours.num_milliseconds();
        assert_eq!(at(back, 300_000), Some(hours));
        assert_eq!(at(back + 60_000, 360_000), None);
        // Small ones add up.
        assert_eq!(at(back + 121_500, 420_000), None);
        assert_eq!(at(back + 183_000, 480_000), Some(TimeDelta::seconds(3)));
    }

    #[test]
    fn the_systems_clock_goes_evenly() {
        let clock = Clock::system();
        assert_eq!(clock.stepped(), None);
    }
}
