//! What somebody is told who asks for the emergency rate, and what Homes say of it.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::{Dispatcher, HOME_PACE};
use crate::domain::authorization::Standing;
use crate::domain::rate::WindowKind;
use crate::report::assemble::{Assembled, Wanted, assembled};
use crate::slack::views::Message;
use crate::slack::views::report::{self, Asked};
use crate::store::{Answered, StoreError};

/// The rate as it was counted last for a Home. When something happens, the Homes of
/// many are drawn at once, and for each of them a quarter would be counted.
#[derive(Debug, Clone, Default)]
pub struct Recent(Arc<Mutex<Option<Arc<Assembled>>>>);

impl Recent {
    fn at(&self, now: DateTime<Utc>) -> Option<Arc<Assembled>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh =
            |one: &&Arc<Assembled>| one.wanted.now <= now && now < one.wanted.now + HOME_PACE;
        kept.as_ref().filter(is_fresh).cloned()
    }

    fn keep(&self, rate: &Arc<Assembled>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(Arc::clone(rate));
    }
}

impl Dispatcher {
    /// The rate over a window; without one, as the weekly report has it. Guests are
    /// told how many and not of which systems.
    pub(super) async fn rate(
        &self,
        window: Option<WindowKind>,
        answered: &Answered,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError> {
        let rules = self.engine.rules();
        let wanted = Wanted {
            with_quarter_before: window == Some(WindowKind::Quarter),
            ..Wanted::by(rules.newest(), rules.house(), now)
        };
        let rate = assembled(self.engine.store(), wanted).await?;
        let (asked, before) = match window {
            None => (&rate.week, rate.weeks.iter().rev().nth(1)),
            Some(WindowKind::Week) => (&rate.this_week, Some(&rate.week)),
            Some(WindowKind::Rolling) => (&rate.these_weeks, Some(&rate.weeks_before)),
            Some(WindowKind::Quarter) => (&rate.quarter, rate.quarter_before.as_ref()),
        };
        let who = &answered.gesture.actor;
        let is_full = match self.lookup.known_member(who).await {
            Ok(facts) => facts.standing == Standing::Full,
            Err(error) => {
                tracing::warn!(error = %error, "who asks for the rate can't be read");
                false
            }
        };
        let mut asked = asked.clone();
        if !is_full {
            asked.by_system.clear();
            asked.by_team.clear();
        }
        let before = before.filter(|one| !one.is_unknown());
        let shown = before.map(|one| one.window).into_iter();
        let corrections: Vec<_> = shown
            .chain([asked.window])
            .filter_map(|window| rate.corrected(&window))
            .collect();
        Ok(report::answer(&Asked {
            figures: &asked,
            before,
            corrections: &corrections,
            budget: rate.budget.as_ref(),
            has_policy: rules.newest().is_written(),
        }))
    }

    /// The rate as a Home shows it, at most as old as a Home may be.
    pub(super) async fn recent_rate(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Arc<Assembled>, StoreError> {
        if let Some(rate) = self.recent.at(now) {
            return Ok(rate);
        }
        let rules = self.engine.rules();
        let wanted = Wanted::by(rules.newest(), rules.house(), now);
        let rate = Arc::new(assembled(self.engine.store(), wanted).await?);
        self.recent.keep(&rate);
        Ok(rate)
    }
}
