//! The weekly report and its thread: where they go and what they say. Its figures are
//! those that were frozen when it was due, whenever it is said.

use chrono::{DateTime, Utc};

use super::overview::places_of;
use super::{Dispatcher, Way};
use crate::domain::deployment::Doubt;
use crate::report::chart::{self, Chart};
use crate::report::weekly;
use crate::slack::error::{ErrorCode, SlackError};
use crate::slack::views::reply::Undeclared;
use crate::slack::views::report::{self, Details, Picture, Repeated, Report, Unexplained};
use crate::slack::views::{Message, Said, Withheld};
use crate::store::{Look, MOST_OWING, Parcel, ReportPart, Reported, StoreError};

/// How many authorizations that nobody put on record are looked at: more than fit.
const UNDECLARED: usize = 50;

impl Dispatcher {
    /// Where the report or its thread goes.
    pub(super) fn way_of_report(
        &self,
        parcel: &Parcel,
        part: ReportPart,
    ) -> Result<Way, SlackError> {
        let reported = parcel.report.as_ref().ok_or(SlackError::Malformed)?;
        match (part, &reported.stands) {
            (ReportPart::Report, _) => {
                let channel = &self.engine.rules().newest().report_channel;
                Ok(Way::Post {
                    channel: channel.clone().ok_or(SlackError::Malformed)?,
                    thread: None,
                })
            }
            (ReportPart::Details, Some((channel, ts))) => Ok(Way::Post {
                channel: channel.clone(),
                thread: Some(ts.clone()),
            }),
            (ReportPart::Details, None) => Err(SlackError::Refused {
                code: ErrorCode::MessageNotFound,
            }),
        }
    }

    /// Says where the report would stand, to whoever gets it instead.
    pub(super) fn say_where_it_belongs(&self, message: &mut Message) {
        if let Some(channel) = &self.engine.rules().newest().report_channel {
            message.blocks.insert(0, report::aside(channel));
        }
    }

    /// Renders a part of the report; nothing if nobody wants it any more.
    pub(super) async fn report(
        &self,
        reported: &Reported,
        part: ReportPart,
        now: DateTime<Utc>,
    ) -> Result<Option<Message>, StoreError> {
        let store = self.engine.store();
        let rules = self.engine.rules();
        if rules.newest().report_channel.is_none() {
            return Ok(None);
        }
        let said = weekly::of_week(store, rules, &reported.week).await?;
        let all = &said.all;
        let owing = store.owing_changes(MOST_OWING).await?;
        let offered = store.undeclared(None, UNDECLARED).await?;
        let places = offered.iter().map(|(offer, _)| offer.channel.clone());
        let told = all.unexplained.iter().filter_map(|one| one.told.as_ref());
        let told = told.filter_map(|told| told.said_in.clone());
        let repeated = all.places.values().cloned();
        let places = places.chain(told).chain(places_of(&owing)).chain(repeated);
        let closed = self.closed(places.collect()).await;
        let changes = self.seen_from_outside(&owing, &closed, now);
        let undeclared: Vec<_> = offered
            .iter()
            .map(|(offer, words)| Undeclared {
                offer,
                texts: if closed.contains(&offer.channel) {
                    &Withheld
                } else {
                    words
                },
            })
            .collect();
        let fallback = rules.newest().asked_about_undeclared();
        let unexplained: Vec<_> = all
            .unexplained
            .iter()
            .filter_map(|question| {
                let told = question.told.as_ref()?;
                // Whether it belongs to an emergency, those are asked who worked on that;
                // and whoever is asked in an author's place isn't the author either.
                let asked = question.asked.as_ref().map(|(who, _)| who);
                let asked = asked
                    .filter(|who| question.doubt == Doubt::Undeclared && Some(*who) != fallback);
                let place = told.said_in.as_ref();
                let is_kept = place.is_some_and(|place| closed.contains(place));
                let title = match &told.title {
                    Some(_) if is_kept => Some(Said::Withheld),
                    Some(title) => Some(Said::Words(title.body().to_owned())),
                    None => None,
                };
                Some(Unexplained {
                    at: told.at,
                    system: told.system.as_deref(),
                    author: told.teller().or_else(|| asked.cloned()),
                    doubt: question.doubt,
                    emergency: question.change,
                    marks: &question.marks,
                    title,
                    // A link out of words that are kept is one of them.
                    url: told.url.as_deref().filter(|_| !is_kept),
                })
            })
            .collect();
        let offenders: Vec<_> = all
            .offenders
            .iter()
            .map(|one| {
                let mut places = one.changes.iter().filter_map(|it| all.places.get(it));
                Repeated {
                    offender: one,
                    is_private: places.any(|place| closed.contains(place)),
                }
            })
            .collect();
        let details = Details {
            week: &all.week,
            changes: &changes,
            offenders: &offenders,
            unexplained: &unexplained,
            undeclared: &undeclared,
            corrections: &said.corrections,
            skipped: &said.skipped,
            has_policy: rules.newest().is_written(),
        };
        if part == ReportPart::Details {
            return Ok(Some(report::details(&details)));
        }
        let alt = chart::alt(&Chart {
            weeks: &all.weeks,
            reported: &all.week,
        });
        let picture = match reported.picture.as_ref().map(|known| &known.look) {
            Some(Look::File(id)) => Picture::File { id, alt: &alt },
            Some(Look::Native) | None => Picture::Native,
            Some(Look::Nothing) => Picture::Nothing,
        };
        let report = Report {
            details: &details,
            rolling: &all.rolling,
            quarter: &all.quarter,
            budget: all.budget.as_ref(),
            weeks: &all.weeks,
        };
        Ok(Some(report::weekly(&report, picture)))
    }
}
