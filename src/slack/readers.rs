//! Who reads the words of a change that was declared in private.
//!
//! What was said in a private channel is read there, and by whoever has to do with
//! the change. Nothing is decided by it but what is shown.

use std::collections::BTreeSet;

use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChannelId, GroupId, UserId};
use crate::domain::obligation::obligations;
use crate::domain::policy::{Party, Policy};
use crate::slack::lookup::Lookup;
use crate::slack::reach::reach;
use crate::slack::views;
use crate::store::Question;

/// Whether `who`, who reads in `here`, may read the words of a change. While Slack
/// can't say what kind of place it was declared in, that is a private one.
pub async fn may_read(
    lookup: &Lookup,
    change: &EmergencyChange,
    policy: &Policy,
    who: &UserId,
    here: Option<&ChannelId>,
) -> bool {
    let place = &change.place.channel;
    if here == Some(place) || views::concerns(change, policy, who) {
        return true;
    }
    // A guest is in some channels only; which, Slack doesn't say in one question.
    if !reach(lookup, who).await.is_full() {
        return false;
    }
    if !is_closed(lookup, place).await {
        return true;
    }
    for group in groups(change, policy) {
        match lookup.known_group_members(&group).await {
            Ok(members) if members.contains(who) => return true,
            Ok(_) => {}
            Err(error) => tracing::warn!(error = %error, "who is in a group can't be read"),
        }
    }
    false
}

/// Whether a place keeps its words. While Slack can't say, it does.
pub async fn is_closed(lookup: &Lookup, place: &ChannelId) -> bool {
    match lookup.known_channel(place).await {
        Ok(facts) => facts.private || facts.direct,
        Err(error) => {
            tracing::warn!(error = %error, "whether a channel is private can't be read");
            true
        }
    }
}

/// Returns a question as somebody may read it: without the words that somebody else
/// said in a closed place, and without what was read out of them.
pub async fn question_for(lookup: &Lookup, mut question: Question, who: &UserId) -> Question {
    if let Some(told) = &mut question.told
        && told.teller().as_ref() != Some(who)
        && let Some(place) = &told.said_in
        && is_closed(lookup, place).await
    {
        told.title = None;
        told.url = None;
        told.commit = None;
        told.reference = None;
    }
    question
}

/// The groups that are asked for it, or owe something to it.
fn groups(change: &EmergencyChange, policy: &Policy) -> BTreeSet<GroupId> {
    let owners = obligations(change, policy)
        .into_iter()
        .filter_map(|one| one.owner);
    owners
        .chain(change.asked.iter().cloned())
        .filter_map(|party| match party {
            Party::Group(group) => Some(group),
            Party::Person(_) => None,
        })
        .collect()
}
