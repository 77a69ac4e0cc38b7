//! What Slack hands out for a short while: trigger ids and response URLs.
//! Knows how long each lives and how often it may be used; what they are used for is decided by the callers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::message::Ts;

/// A response URL works for 30 minutes of the workspace's time ...
const RESPONSE_LIFE: TimeDelta = TimeDelta::minutes(30);
/// ... and five times.
const RESPONSE_USES: u32 = 5;

/// When so many are out, those that have expired are forgotten; what they would open is then unknown, not expired.
const REMEMBERED: usize = 10_000;

/// Why a trigger does not open anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TriggerFault {
    /// Never issued.
    #[error("invalid_trigger_id")]
    Invalid,
    /// More than three seconds old.
    #[error("expired_trigger_id")]
    Expired,
    /// Used before.
    #[error("exchanged_trigger_id")]
    Exchanged,
}

/// What a trigger stands for.
#[derive(Debug, Clone)]
pub(super) struct Trigger {
    pub(super) user: String,
    /// The modal from which it came, onto which `views.push` may push.
    pub(super) view: Option<String>,
    issued: Instant,
    used: bool,
}

/// Where a response URL leads.
#[derive(Debug, Clone)]
pub(super) struct ResponseUrl {
    pub(super) user: String,
    pub(super) channel: String,
    /// The message that was acted upon, which may be replaced or deleted.
    pub(super) message: Option<Ts>,
    /// The thread in which that message stands.
    pub(super) thread: Option<Ts>,
    expires_at: DateTime<Utc>,
    uses: u32,
}

/// Why a response URL is dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum ResponseFault {
    /// Never issued.
    #[error("no_service")]
    Unknown,
    /// Thirty minutes have passed.
    #[error("expired_url")]
    Expired,
    /// Five answers were given.
    #[error("used_url")]
    Spent,
}

/// All that was handed out.
#[derive(Debug)]
pub(super) struct Tickets {
    triggers: BTreeMap<String, Trigger>,
    urls: BTreeMap<String, ResponseUrl>,
    /// Three seconds at Slack; a test that wants an expired one shortens it.
    pub(super) trigger_life: Duration,
}

impl Default for Tickets {
    fn default() -> Self {
        Self {
            triggers: BTreeMap::new(),
            urls: BTreeMap::new(),
            trigger_life: Duration::from_secs(3),
        }
    }
}

impl Tickets {
    pub(super) fn issue_trigger(
        &mut self,
        id: String,
        user: &str,
        view: Option<String>,
        issued: Instant,
    ) {
        let trigger = Trigger {
            user: user.to_owned(),
            view,
            issued,
            used: false,
        };
        if self.triggers.len() >= REMEMBERED {
            let life = self.trigger_life;
            self.triggers
                .retain(|_, old| issued.saturating_duration_since(old.issued) < life);
        }
        self.triggers.insert(id, trigger);
    }

    /// Exchanges a trigger, once.
    pub(super) fn exchange(&mut self, id: &str, now: Instant) -> Result<Trigger, TriggerFault> {
        let life = self.trigger_life;
        let trigger = self.triggers.get_mut(id).ok_or(TriggerFault::Invalid)?;
        if trigger.used {
            return Err(TriggerFault::Exchanged);
        }
        if now.saturating_duration_since(trigger.issued) >= life {
            return Err(TriggerFault::Expired);
        }
        trigger.used = true;
        Ok(trigger.clone())
    }

    pub(super) fn issue_url(
        &mut self,
        token: String,
        user: &str,
        channel: &str,
        message: Option<Ts>,
        thread: Option<Ts>,
        now: DateTime<Utc>,
    ) {
        let url = ResponseUrl {
            user: user.to_owned(),
            channel: channel.to_owned(),
            message,
            thread,
            expires_at: now + RESPONSE_LIFE,
            uses: 0,
        };
        if self.urls.len() >= REMEMBERED {
            self.urls.retain(|_, old| old.expires_at > now);
        }
        self.urls.insert(token, url);
    }

    /// Uses a response URL once.
    pub(super) fn use_url(
        &mut self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<ResponseUrl, ResponseFault> {
        let url = self.urls.get_mut(token).ok_or(ResponseFault::Unknown)?;
        if now >= url.expires_at {
            return Err(ResponseFault::Expired);
        }
        if url.uses >= RESPONSE_USES {
            return Err(ResponseFault::Spent);
        }
        url.uses += 1;
        Ok(url.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::clock::stopwatch;

    #[test]
    fn a_trigger_works_once_and_for_three_seconds() {
        let mut tickets = Tickets::default();
        let issued = stopwatch();
        tickets.issue_trigger("t1".into(), "U1", None, issued);
        tickets.issue_trigger("t2".into(), "U1", None, issued);
        let just_in_time = issued + Duration::from_millis(2999);
        assert!(tickets.exchange("t1", just_in_time).is_ok());
        assert_eq!(
            tickets.exchange("t1", just_in_time).unwrap_err(),
            TriggerFault::Exchanged
        );
        let too_late = issued + Duration::from_secs(3);
        assert_eq!(
            tickets.exchange("t2", too_late).unwrap_err(),
            TriggerFault::Expired
        );
        assert_eq!(
            tickets.exchange("t3", issued).unwrap_err(),
            TriggerFault::Invalid
        );
    }

    #[test]
    fn a_response_url_works_five_times_and_for_thirty_minutes() {
        let mut tickets = Tickets::default();
        let now = DateTime::<Utc>::default();
        tickets.issue_url("a".into(), "U1", "C1", None, None, now);
        tickets.issue_url("b".into(), "U1", "C1", None, None, now);
        for _ in 0..5 {
            assert!(tickets.use_url("a", now).is_ok());
        }
        assert_eq!(tickets.use_url("a", now).unwrap_err(), ResponseFault::Spent);
        let last = now + TimeDelta::minutes(30) - TimeDelta::seconds(1);
        assert!(tickets.use_url("b", last).is_ok());
        let over = now + TimeDelta::minutes(30);
        assert_eq!(
            tickets.use_url("b", over).unwrap_err(),
            ResponseFault::Expired
        );
        assert_eq!(
            tickets.use_url("c", now).unwrap_err(),
            ResponseFault::Unknown
        );
    }
}
