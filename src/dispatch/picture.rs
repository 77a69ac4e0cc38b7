//! The picture of the weekly report: uploaded once where nobody sees it, and shown by
//! the report's message once Slack can. Where it can't, Slack's own chart takes its
//! place, and a report without any is better than none.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Dispatcher, FIRST_PAUSE, LONGEST_PAUSE};
use crate::report::chart::{self, Chart, ChartFault};
use crate::report::weekly;
use crate::slack::client::Picture as File;
use crate::slack::error::{ErrorCode, SlackError};
use crate::store::{self, Kind, Look, Owed, Parcel, Picture, ReportPart, StoreError};

/// How often Slack may say that it can't show the picture, or not be there to take it,
/// before its own chart has to do. With the pauses doubling, that is a minute.
const TRIES: u32 = 5;

/// A report for which there is no place and no person waits so long, and so often.
const NO_PLACE: TimeDelta = TimeDelta::hours(1);
const PLACELESS_TRIES: u32 = 7 * 24;

/// What the picture is called where files are listed.
const TITLE: &str = "Emergencies in % of all changes, by week";

/// What comes of trying to show the picture.
enum Tried {
    /// It goes out like this.
    Shown(Picture),
    /// Not yet: it is tried again then.
    Later(Picture, DateTime<Utc>),
}

fn pause(n_tries: u32) -> TimeDelta {
    (FIRST_PAUSE * 2i32.saturating_pow(n_tries.min(8))).min(LONGEST_PAUSE)
}

fn native() -> Picture {
    Picture {
        look: Look::Native,
        n_tries: 0,
    }
}

impl Dispatcher {
    /// Sees to it that the weekly report has its picture. Returns nothing if the
    /// report has to wait for it; anything else passes as it is.
    pub(super) async fn with_picture(
        &self,
        mut parcel: Parcel,
        now: DateTime<Utc>,
    ) -> Result<Option<Parcel>, StoreError> {
        let Some(leader) = parcel.owed.first().cloned() else {
            return Ok(Some(parcel));
        };
        let is_new = leader.stands.is_none();
        let (Kind::Report { week, part }, Some(reported)) = (&leader.kind, &mut parcel.report)
        else {
            return Ok(Some(parcel));
        };
        if *part != ReportPart::Report || !is_new {
            return Ok(Some(parcel));
        }
        let store = self.engine.store();
        let known = match reported.picture.take() {
            Some(known) => known,
            None => match self.uploaded(&reported.week).await? {
                Ok(file) => {
                    // Kept before anything else: it isn't uploaded twice.
                    let picture = Picture {
                        look: Look::File(file),
                        n_tries: 0,
                    };
                    store.keep_picture(*week, picture.clone()).await?;
                    picture
                }
                Err(SlackError::Refused { code }) if code.is_about_the_token() => {
                    self.halt(Some(leader.key), &code, now).await?;
                    return Ok(None);
                }
                Err(error) if error.is_transient() && leader.attempts < TRIES => {
                    tracing::warn!(error = %error, "the report's picture can't be uploaded now");
                    let until = match &error {
                        SlackError::RateLimited { retry_after } => {
                            now + TimeDelta::from_std(*retry_after).unwrap_or(LONGEST_PAUSE)
                        }
                        _ => now + pause(leader.attempts),
                    };
                    store.release(leader.key, until, error.to_string()).await?;
                    return Ok(None);
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the report's picture can't be uploaded; it has Slack's own chart instead");
                    native()
                }
            },
        };
        match self.tried(known, now).await {
            Tried::Shown(picture) => {
                store.keep_picture(*week, picture.clone()).await?;
                reported.picture = Some(picture);
                Ok(Some(parcel))
            }
            Tried::Later(picture, until) => {
                store.keep_picture(*week, picture).await?;
                let why = "Slack can't show the picture yet".to_owned();
                store.release(leader.key, until, why).await?;
                Ok(None)
            }
        }
    }

    /// Asks whether Slack can show the picture by now.
    async fn tried(&self, picture: Picture, now: DateTime<Utc>) -> Tried {
        let Look::File(file) = &picture.look else {
            return Tried::Shown(picture);
        };
        match self.client.can_show(file).await {
            Ok(true) => Tried::Shown(picture),
            Err(error) if !error.is_transient() => {
                tracing::warn!(error = %error, "whether the report's picture can be shown isn't known");
                Tried::Shown(picture)
            }
            Ok(false) | Err(_) if picture.n_tries < TRIES => {
                let until = now + pause(picture.n_tries);
                let n_tries = picture.n_tries + 1;
                Tried::Later(Picture { n_tries, ..picture }, until)
            }
            Ok(false) | Err(_) => Tried::Shown(native()),
        }
    }

    /// Draws the picture of a week and uploads it where nobody sees it.
    async fn uploaded(
        &self,
        week: &store::FrozenWeek,
    ) -> Result<Result<String, SlackError>, StoreError> {
        let (store, rules) = (self.engine.store(), self.engine.rules());
        let all = weekly::of_week(store, rules, week).await?.all;
        let (year, number) = all.week.window.iso_week();
        // Drawing takes a while, and others wait for this thread.
        let drawn = tokio::task::spawn_blocking(move || {
            let chart = Chart {
                weeks: &all.weeks,
                reported: &all.week,
            };
            Ok::<_, ChartFault>((chart::png(&chart)?, chart::alt(&chart)))
        })
        .await;
        let (bytes, alt) = match drawn {
            Ok(Ok(drawn)) => drawn,
            Ok(Err(fault)) => {
                tracing::error!(error = %fault, "the report's picture can't be drawn");
                return Ok(Err(SlackError::ForeignAddress));
            }
            Err(panic) => {
                tracing::error!(error = %panic, "the report's picture can't be drawn");
                return Ok(Err(SlackError::ForeignAddress));
            }
        };
        let file = File {
            name: &format!("emergency-rate-{year}-W{number:02}.png"),
            title: TITLE,
            alt: &alt,
            bytes: &bytes,
        };
        Ok(self.client.upload_unshared(file).await)
    }

    /// Slack has refused the report: returns when it is tried again in another form or
    /// for another place, if there is any.
    pub(super) async fn reconsidered(
        &self,
        parcel: &Parcel,
        leader: &Owed,
        error: &SlackError,
        has_reader: bool,
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        if error.bars_the_place() {
            let waits = !has_reader && leader.attempts < PLACELESS_TRIES;
            return Ok(waits.then(|| now + NO_PLACE));
        }
        let (SlackError::Refused { code }, Kind::Report { week, part }) = (error, &leader.kind)
        else {
            return Ok(None);
        };
        let is_about_blocks = matches!(
            code,
            ErrorCode::InvalidBlocks { .. } | ErrorCode::FileNotFound | ErrorCode::FileDeleted
        );
        let known = parcel.report.as_ref().and_then(|one| one.picture.clone());
        let Some(picture) = known.filter(|_| is_about_blocks && *part == ReportPart::Report) else {
            return Ok(None);
        };
        let until = now + pause(picture.n_tries);
        let next = match picture.look {
            Look::File(_) if picture.n_tries < TRIES => Picture {
                n_tries: picture.n_tries + 1,
                ..picture
            },
            Look::File(_) => native(),
            Look::Native => Picture {
                look: Look::Nothing,
                n_tries: 0,
            },
            Look::Nothing => return Ok(None),
        };
        self.engine.store().keep_picture(*week, next).await?;
        Ok(Some(until))
    }
}
