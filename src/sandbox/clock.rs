//! The sandbox's clock, and the only place in the sandbox that reads real time.
//! Real instants are read here and handed on; no other file of the sandbox may ask the system what time it is.

use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::message::Ts;

/// Real wall time, to the microsecond that Slack's timestamps carry.
fn real_now() -> DateTime<Utc> {
    truncated(Utc::now())
}

/// A reading of monotonic real time, for what Slack measures in real seconds: acknowledgements and triggers.
pub(super) fn stopwatch() -> Instant {
    Instant::now()
}

fn truncated(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant
        .duration_trunc(TimeDelta::microseconds(1))
        .unwrap_or(instant)
}

/// What time it is in the workspace.
///
/// Either frozen, and then it moves only when told; or it runs with real time plus what moves have added.
#[derive(Debug)]
pub(super) struct Clock {
    frozen: Option<DateTime<Utc>>,
    offset: TimeDelta,
    version: u64,
    last_stamp: i64,
}

impl Clock {
    pub(super) fn new(frozen_at: Option<DateTime<Utc>>) -> Self {
        Self {
            frozen: frozen_at.map(truncated),
            offset: TimeDelta::zero(),
            version: 1,
            last_stamp: 0,
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.frozen.unwrap_or_else(|| real_now() + self.offset)
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Grows whenever something happened that a sleeper must know of before it may be called asleep.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Something happened that sleepers must see.
    pub(super) fn tick(&mut self) {
        self.version += 1;
    }

    /// Moves the clock and tells the sleepers. Backwards is allowed; who steps and who jumps is decided elsewhere.
    pub(super) fn set(&mut self, instant: DateTime<Utc>) {
        let instant = truncated(instant);
        match &mut self.frozen {
            Some(frozen) => *frozen = instant,
            None => self.offset = instant - real_now(),
        }
        self.tick();
    }

    /// Stops the clock where it stands, or lets it run on from there.
    pub(super) fn freeze(&mut self, frozen: bool) {
        let now = self.now();
        self.frozen = frozen.then_some(now);
        self.offset = now - real_now();
        self.tick();
    }

    /// How long in real time until the workspace's clock shows `instant`; `None` if it will not get there by itself.
    pub(super) fn real_time_until(&self, instant: DateTime<Utc>) -> Option<Duration> {
        if self.is_frozen() {
            return None;
        }
        Some((instant - self.now()).to_std().unwrap_or(Duration::ZERO))
    }

    /// A message timestamp: now, and strictly later than every one before, as Slack's identify their messages.
    pub(super) fn stamp(&mut self) -> Ts {
        let micros = self.now().timestamp_micros().max(self.last_stamp + 1);
        self.last_stamp = micros;
        Ts::from_micros(micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let start = at("2026-11-21T02:14:00Z");
        let mut clock = Clock::new(Some(start));
        assert_eq!(clock.now(), start);
        clock.set(start + TimeDelta::hours(1));
        assert_eq!(clock.now(), at("2026-11-21T03:14:00Z"));
        assert_eq!(clock.real_time_until(start), None);
    }

    #[test]
    fn a_running_clock_runs_on_from_where_it_was_moved_to() {
        let mut clock = Clock::new(None);
        let later = clock.now() + TimeDelta::days(3);
        clock.set(later);
        assert!(clock.now() >= later - TimeDelta::seconds(1));
        assert!(clock.now() < later + TimeDelta::minutes(1));
    }

    #[test]
    fn stamps_never_repeat_even_when_the_clock_stands_still_or_goes_back() {
        let start = at("2026-11-21T02:14:00Z");
        let mut clock = Clock::new(Some(start));
        let first = clock.stamp();
        let second = clock.stamp();
        clock.set(start - TimeDelta::hours(1));
        let third = clock.stamp();
        assert!(first < second && second < third);
        assert_eq!(first.to_string(), "1795227240.000000");
        assert_eq!(second.to_string(), "1795227240.000001");
    }
}
