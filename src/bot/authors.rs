//! Taking in what a source told, with those known who made the changes.
//!
//! Slack is asked beside the writer and before it, and only about what belongs to an
//! emergency change that isn't in production yet, for its implementer is the author, or
//! what may be of an authorization that nobody put on record. Where Slack can't say,
//! nobody waits for it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::timeout;

use crate::domain::authorization::Standing;
use crate::domain::id::UserId;
use crate::engine::Engine;
use crate::slack::error::SlackError;
use crate::slack::lookup::Lookup;
use crate::store::{Intake, StoreError, TakenIn};

/// How long Slack may take to say who the authors are: the source waits for its
/// answer, too, and gives up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// Takes in what a source told. Once this returns, it may be acknowledged.
pub async fn take_in(
    engine: &Engine,
    lookup: &Lookup,
    mut intake: Intake,
    now: DateTime<Utc>,
) -> Result<Vec<TakenIn>, StoreError> {
    let wanted = engine.store().authors_wanted(&intake.told, now).await?;
    let ask = async {
        for address in wanted {
            match author(lookup, &address).await {
                Ok(Some(author)) => {
                    intake.authors.insert(address, author);
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(error = %error, "who made a change can't be read now");
                    break;
                }
            }
        }
    };
    if timeout(PATIENCE, ask).await.is_err() {
        tracing::warn!("who made a change wasn't said in time");
    }
    engine.take_in(intake, now).await
}

/// Finds who in the workspace has an address. Who has left does no more paperwork.
async fn author(lookup: &Lookup, address: &str) -> Result<Option<UserId>, SlackError> {
    let Some(user) = lookup.user_of_address(address).await? else {
        return Ok(None);
    };
    let facts = lookup.member(&user).await?;
    Ok((facts.standing == Standing::Full).then_some(facts.id))
}
