//! Times that people state in words: which instant they mean, and when it is
//! better to ask back than to record what nobody meant.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Resolved, Scene, Unresolved};
use crate::domain::change::{Command, Shown, Source};
use crate::domain::id::{ChangeNumber, UserId};
use crate::domain::text::Commitment;
use crate::slack::inbound::when::{Unclear, When};

/// A deployment stated further back than this is asked back once: people say
/// `02:50` at 02:14, and mean ten to two.
const FAR_BACK: TimeDelta = TimeDelta::hours(12);

const UNREADABLE: Unresolved = Unresolved::Sentence(
    "I can't read that time, so nothing was recorded. Say for example `/emergency deployed 20 min ago`, `… 02:19` or `… yesterday 23:50`.",
);

const WHICH_CHANGE: Unresolved = Unresolved::Sentence(
    "Which change was deployed? Say its number, for example `/emergency deployed CHG-1001`; `/emergency list` shows the open ones.",
);

/// A time as somebody stated it.
pub(super) struct Stated {
    /// The instant that the words mean.
    pub(super) at: DateTime<Utc>,
    /// Whether they name no day and, by the clock of whoever says them, mean one
    /// that isn't today.
    guesses_another_day: bool,
}

impl Stated {
    /// Whether it lies so far back from `told_at` that a slip is likely.
    fn is_far_back(&self, told_at: DateTime<Utc>) -> bool {
        told_at - self.at > FAR_BACK
    }
}

/// What becomes of a deployment stated along with a request.
pub(super) enum Along {
    /// It is recorded, at this time.
    Recorded(DateTime<Utc>),
    /// It is asked back.
    AskedBack(DateTime<Utc>, String),
    /// Its words say no instant.
    Unclear,
}

impl Scene<'_> {
    /// Reads a time in words, as whoever makes the gesture means it.
    pub(super) async fn stated(&self, words: Commitment) -> Result<Stated, Unresolved> {
        let words = self.words(words).await?;
        let when = When::parse(words.body()).ok_or(UNREADABLE)?;
        let zone = self.zone(&self.gesture.actor).await;
        read(&when, self.gesture.at, zone).map_err(Unresolved::Unclear)
    }

    /// Reads a time at which something about a change is said to have been. It is
    /// recorded without being asked back, so a slip must not pass: a bare time of
    /// day from before there was anything to do is hardly meant.
    pub(super) async fn stated_of(
        &self,
        number: ChangeNumber,
        words: Commitment,
    ) -> Result<DateTime<Utc>, Unresolved> {
        let stated = self.stated(words).await?;
        let change = self.engine.store().change(number).await?;
        let requested_at = change.map(|snapshot| snapshot.change.requested_at);
        match requested_at {
            Some(requested_at) if stated.guesses_another_day && stated.at < requested_at => {
                Err(Unresolved::BeforeTheRequest {
                    number,
                    at: stated.at,
                })
            }
            Some(_) | None => Ok(stated.at),
        }
    }

    /// What becomes of a deployment stated along with a request. The request
    /// doesn't wait for it to be clear.
    pub(super) async fn along(&self, words: Commitment) -> Result<Along, Unresolved> {
        let stated = match self.stated(words).await {
            Ok(stated) => stated,
            Err(Unresolved::Unclear(_) | Unresolved::Sentence(_)) => return Ok(Along::Unclear),
            Err(error) => return Err(error),
        };
        Ok(match question(&stated, self.gesture.at, None) {
            Some(sentence) => Along::AskedBack(stated.at, sentence),
            None => Along::Recorded(stated.at),
        })
    }

    /// The zone in which somebody states a time.
    async fn zone(&self, who: &UserId) -> Tz {
        let known = self.lookup.known_member(who).await.ok();
        known
            .and_then(|facts| facts.zone)
            .and_then(|zone| zone.parse().ok())
            .unwrap_or_else(|| self.engine.rules().house())
    }
}

/// A deployment that somebody tells of: now, at a time confirmed on being asked
/// back, or at a time in words.
pub(super) async fn deployment(
    scene: &Scene<'_>,
    change: Option<ChangeNumber>,
    when: Option<Commitment>,
    confirmed: Option<DateTime<Utc>>,
    by: &UserId,
) -> Result<Resolved, Unresolved> {
    let gesture = scene.gesture;
    let store = scene.engine.store();
    let own = store.undeployed_of(gesture.actor.clone()).await?;
    let Some(change) = change.or(own) else {
        return which_change(scene, when).await;
    };
    let (at, source) = match (confirmed, when) {
        (Some(at), _) => (at, Source::Attested),
        (None, None) => (gesture.at, gesture.source),
        (None, Some(words)) => {
            let stated = scene.stated(words).await?;
            let requested_at = store
                .change(change)
                .await?
                .map(|snapshot| snapshot.change.requested_at);
            if let Some(sentence) = question(&stated, gesture.at, requested_at) {
                return Ok(Resolved::AskedBack {
                    change: Some(change),
                    at: stated.at,
                    sentence,
                });
            }
            (stated.at, Source::Attested)
        }
    };
    let by = by.clone();
    scene
        .command(change, Command::RecordDeployment { at, source, by })
        .await
}

/// Asks which of several changes was deployed; the time that was said with it is
/// kept for whichever it is.
async fn which_change(scene: &Scene<'_>, when: Option<Commitment>) -> Result<Resolved, Unresolved> {
    let store = scene.engine.store();
    if store.open_changes(1).await?.is_empty() {
        return Err(WHICH_CHANGE);
    }
    let told_at = scene.gesture.at;
    let (at, sentence) = match when {
        Some(words) => {
            let stated = scene.stated(words).await?;
            (stated.at, question(&stated, told_at, None))
        }
        None => (told_at, None),
    };
    let sentence = sentence.unwrap_or_else(|| "Which change was deployed?".to_owned());
    Ok(Resolved::AskedBack {
        change: None,
        at,
        sentence,
    })
}

/// What somebody in `zone` means who says it at `told_at`.
fn read(when: &When, told_at: DateTime<Utc>, zone: Tz) -> Result<Stated, Unclear> {
    let at = when.instant(told_at, zone)?;
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    Ok(Stated {
        at,
        guesses_another_day: when.leaves_the_day_open() && day(at) != day(told_at),
    })
}

/// What is asked back about a stated time, if a slip is likely: it lies far
/// back, or it is a bare time of day that would be of another day and from
/// before the change was asked for.
fn question(
    stated: &Stated,
    told_at: DateTime<Utc>,
    requested_at: Option<DateTime<Utc>>,
) -> Option<String> {
    let before_the_request = requested_at.filter(|requested_at| stated.at < *requested_at);
    let shown = Shown(stated.at);
    if stated.is_far_back(told_at) {
        return Some(format!(
            "That would be {shown}, {} ago. Is that right? Nothing is recorded yet.",
            span(told_at - stated.at)
        ));
    }
    let requested_at = before_the_request.filter(|_| stated.guesses_another_day)?;
    Some(format!(
        "That would be {shown}, before the change was asked for at {}. Is that right? Nothing is recorded yet.",
        Shown(requested_at)
    ))
}

fn span(span: TimeDelta) -> String {
    let hours = span.num_hours();
    if hours < 48 {
        format!("{hours} hours")
    } else {
        format!("{} days", hours / 24)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    /// A quarter past midnight in New York.
    fn told_at() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 21, 5, 15, 0).unwrap()
    }

    fn asked(words: &str, requested: TimeDelta) -> Option<String> {
        let when = When::parse(words).unwrap();
        let stated = read(&when, told_at(), Tz::America__New_York).unwrap();
        question(&stated, told_at(), Some(told_at() - requested))
    }

    #[test]
    fn a_time_since_the_request_is_taken_as_said() {
        for words in ["00:10", "5 min ago", "now", "23:50"] {
            assert_eq!(asked(words, TimeDelta::minutes(30)), None, "{words}");
        }
    }

    #[test]
    fn a_time_that_is_still_to_come_today_is_asked_back_with_its_day() {
        let question = asked("00:50", TimeDelta::minutes(10)).unwrap();
        assert!(question.contains("2026-11-20 05:50 UTC"), "{question}");
        assert!(question.contains("23 hours ago"), "{question}");
    }

    #[test]
    fn a_bare_time_of_yesterday_is_asked_back_if_nothing_was_asked_for_then() {
        let question = asked("23:50", TimeDelta::minutes(10)).unwrap();
        assert!(question.contains("before the change"), "{question}");
        assert!(question.contains("2026-11-21 04:50 UTC"), "{question}");
        for clear in ["25 min ago", "yesterday 23:50", "00:01"] {
            assert_eq!(asked(clear, TimeDelta::minutes(10)), None, "{clear}");
        }
    }

    #[test]
    fn what_lies_far_back_is_asked_back_however_it_is_said() {
        for words in ["13 hours ago", "yesterday 02:14", "2026-11-01 02:14"] {
            assert!(asked(words, TimeDelta::minutes(10)).is_some(), "{words}");
        }
        assert_eq!(asked("12 hours ago", TimeDelta::hours(13)), None);
        let question = asked("2026-11-01 02:14", TimeDelta::minutes(1)).unwrap();
        assert!(question.contains("19 days ago"), "{question}");
    }
}
