//! Rate limits: Slack's tiers per method, and posting per channel, on the sandbox's clock.
//! Counts and refuses; what a refusal looks like on the wire is the Web API's business.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

/// How often something may happen: a steady rate and how many may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    per_minute: u32,
    burst: u32,
}

impl Rate {
    const fn per_minute(n: u32) -> Self {
        Self {
            per_minute: n,
            burst: n,
        }
    }

    fn interval(self) -> TimeDelta {
        TimeDelta::microseconds(60_000_000 / i64::from(self.per_minute.max(1)))
    }
}

/// Slack's tiers, at the figures that its documentation promises at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Two,
    Three,
    Four,
    /// "Special" tiers, which Slack describes as hundreds a minute.
    Special,
    /// No limit of its own: posting is limited by channel instead.
    Posting,
}

impl Tier {
    fn rate(self) -> Rate {
        match self {
            Self::Two => Rate::per_minute(20),
            Self::Three => Rate::per_minute(50),
            Self::Four => Rate::per_minute(100),
            Self::Special => Rate::per_minute(600),
            // Slack speaks of "several hundred" posts a minute for a workspace.
            Self::Posting => Rate::per_minute(300),
        }
    }
}

/// One message a second in a channel; the "short bursts" that Slack tolerates are taken to be five.
const PER_CHANNEL: Rate = Rate {
    per_minute: 60,
    burst: 5,
};

/// The call came too soon; it may be tried again after so many whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooSoon {
    pub(super) retry_after_s: i64,
}

/// What was used of each limit, as the instant at which it will be unused again (GCRA).
#[derive(Debug, Default)]
pub(super) struct Limits {
    free_at: BTreeMap<String, DateTime<Utc>>,
    disabled: bool,
}

impl Limits {
    /// One call of `method`.
    pub(super) fn call(
        &mut self,
        method: &str,
        tier: Tier,
        now: DateTime<Utc>,
    ) -> Result<(), TooSoon> {
        self.take(method, tier.rate(), now)
    }

    /// One message into `channel`.
    pub(super) fn post(&mut self, channel: &str, now: DateTime<Utc>) -> Result<(), TooSoon> {
        self.take(channel, PER_CHANNEL, now)
    }

    /// Everything is as if never used; needed when the clock jumps back, and offered to tests.
    pub(super) fn forget(&mut self) {
        self.free_at.clear();
    }

    /// Whether limits are enforced at all.
    pub(super) fn enforce(&mut self, enforced: bool) {
        self.disabled = !enforced;
    }

    fn take(&mut self, key: &str, rate: Rate, now: DateTime<Utc>) -> Result<(), TooSoon> {
        if self.disabled {
            return Ok(());
        }
        let interval = rate.interval();
        let tolerance = interval * i32::try_from(rate.burst.saturating_sub(1)).unwrap_or(i32::MAX);
        let free_at = self.free_at.get(key).copied().unwrap_or(now).max(now);
        let wait = free_at - now - tolerance;
        if wait > TimeDelta::zero() {
            let whole = (wait.num_milliseconds() + 999) / 1000;
            return Err(TooSoon {
                retry_after_s: whole.max(1),
            });
        }
        self.free_at.insert(key.to_owned(), free_at + interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_takes_a_short_burst_and_then_one_message_a_second() {
        let mut limits = Limits::default();
        let mut now = DateTime::<Utc>::default();
        for _ in 0..5 {
            assert_eq!(limits.post("C1", now), Ok(()));
        }
        assert_eq!(limits.post("C1", now), Err(TooSoon { retry_after_s: 1 }));
        assert_eq!(limits.post("C2", now), Ok(()));
        now += TimeDelta::seconds(1);
        assert_eq!(limits.post("C1", now), Ok(()));
        assert_eq!(limits.post("C1", now), Err(TooSoon { retry_after_s: 1 }));
    }

    #[test]
    fn a_tier_allows_its_number_a_minute() {
        let mut limits = Limits::default();
        let now = DateTime::<Utc>::default();
        for _ in 0..20 {
            assert_eq!(limits.call("users.list", Tier::Two, now), Ok(()));
        }
        assert_eq!(
            limits.call("users.list", Tier::Two, now),
            Err(TooSoon { retry_after_s: 3 })
        );
    }

    #[test]
    fn waiting_as_long_as_told_is_enough() {
        let mut limits = Limits::default();
        let mut now = DateTime::<Utc>::default();
        for _ in 0..500 {
            if let Err(TooSoon { retry_after_s }) = limits.call("m", Tier::Three, now) {
                now += TimeDelta::seconds(retry_after_s);
                assert_eq!(limits.call("m", Tier::Three, now), Ok(()));
            }
        }
    }
}
