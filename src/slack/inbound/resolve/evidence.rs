//! Who may be sent the auditor's pack, by the groups as they are now, and for which
//! days they want it.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::super::period::{self, NoPeriod};
use super::{Resolved, Scene, Unresolved};
use crate::domain::authorization::Standing;
use crate::domain::change::{EmergencyChange, Refusal};
use crate::domain::id::ChangeNumber;
use crate::domain::policy::Party;
use crate::domain::text::Commitment;
use crate::store::PackWish;

/// What works without Slack.
const ELSEWHERE: &str = "Whoever runs Breakglass can make one on the command line: `breakglass evidence --from … --to … --out PACK.zip`.";

/// Why somebody is sent no pack.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoPack {
    /// The policy doesn't name them.
    #[error("{}", not_named(.0))]
    NotNamed(Vec<Party>),
    /// They aren't of the team.
    #[error(
        "The auditor's pack goes to full members of this workspace only, so nothing was made. {ELSEWHERE}"
    )]
    NotAMember,
    /// The words name no period.
    #[error(
        "{why}, so nothing was made. Say for example `/emergency evidence {from} {to}` or `/emergency evidence last quarter`."
    )]
    When {
        /// What is wrong with them.
        why: NoPeriod,
        /// The last quarter's first day, for an example.
        from: NaiveDate,
        /// Its last.
        to: NaiveDate,
    },
}

/// Takes an order for a pack.
pub(super) async fn pack(
    scene: &Scene<'_>,
    change: Option<ChangeNumber>,
    words: Option<Commitment>,
) -> Result<Resolved, Unresolved> {
    let rules = scene.engine.rules();
    let named = &rules.newest().evidence;
    let who = &scene.gesture.actor;
    let standing = scene.lookup.member(who).await?.standing;
    if !scene.is_among(who, named).await? {
        return Err(NoPack::NotNamed(named.clone()).into());
    }
    // A guest may be in a group, too.
    if standing != Standing::Full {
        return Err(NoPack::NotAMember.into());
    }
    let zone = rules.house();
    if let Some(number) = change {
        let snapshot = scene.engine.store().change(number).await?;
        let snapshot = snapshot.ok_or(Unresolved::Refused(Refusal::NoSuchChange(number)))?;
        return Ok(Resolved::Pack(days_of(&snapshot.change, zone)));
    }
    let Some(words) = words else {
        return Ok(Resolved::Reading(None));
    };
    let today = scene.gesture.at.with_timezone(&zone).date_naive();
    let said = scene.words(words).await?;
    match period::period(said.body(), today) {
        Ok(read) => Ok(Resolved::Pack(PackWish {
            first_day: read.first_day,
            last_day: read.last_day,
            change: None,
            sample: read.sample,
            seed: read.seed,
        })),
        Err(why) => {
            let (from, to) = period::last_quarter(today).unwrap_or((today, today));
            Err(NoPack::When { why, from, to }.into())
        }
    }
}

/// The days that one change is about, from the request to the deployment.
fn days_of(change: &EmergencyChange, zone: Tz) -> PackWish {
    let asked = change.requested_at;
    let deployed = change.deployed_at().unwrap_or(asked);
    let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).date_naive();
    PackWish {
        first_day: day(asked.min(deployed)),
        last_day: day(asked.max(deployed)),
        change: Some(change.number),
        sample: None,
        seed: None,
    }
}

/// Who may have it, told to somebody who may not. A group isn't pinged for it.
fn not_named(named: &[Party]) -> String {
    let people: Vec<String> = named
        .iter()
        .filter_map(|party| match party {
            Party::Person(who) => Some(format!("<@{who}>")),
            Party::Group(_) => None,
        })
        .collect();
    let whom = match (named, people.as_slice()) {
        ([], _) => "names nobody for it yet (`evidence`)".to_owned(),
        (_, []) => "names a group for it, and you aren't in it: ask one of them".to_owned(),
        (_, people) => format!("names others for it: ask {}", people.join(" or ")),
    };
    format!(
        "The auditor's pack holds all that was said, in private channels too, so it goes only to those whom the policy names. It {whom}. Nothing was made. {ELSEWHERE}"
    )
}
