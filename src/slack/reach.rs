//! How far somebody sees: whether they read of changes that they have no part in.
//!
//! A full member may walk into every public channel. A guest, and a person of
//! another organisation, are in some channels only, and which those are Slack
//! doesn't say in one question; so they read what is of the channel that they ask
//! in, and their own. Nothing is decided by it but what is shown.

use crate::domain::authorization::Standing;
use crate::domain::change::EmergencyChange;
use crate::domain::id::{ChangeNumber, ChannelId, UserId};
use crate::slack::lookup::Lookup;
use crate::slack::views;

/// How far somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Everything that isn't private.
    Everywhere,
    /// The channel that they ask in, and what they have a part in.
    Here,
    /// The same, while Slack can't say who they are.
    Unknown,
}

/// Returns how far somebody sees, by what Slack last said of them.
pub async fn reach(lookup: &Lookup, who: &UserId) -> Reach {
    match lookup.known_member(who).await {
        Ok(facts) if facts.standing == Standing::Full => Reach::Everywhere,
        Ok(_) => Reach::Here,
        Err(error) => {
            tracing::warn!(error = %error, "who reads can't be read");
            Reach::Unknown
        }
    }
}

impl Reach {
    /// Whether all that isn't private is in it.
    pub const fn is_full(self) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Here | Self::Unknown => false,
        }
    }

    /// Whether somebody who reads in `here` sees a change.
    pub fn covers(self, change: &EmergencyChange, who: &UserId, here: Option<&ChannelId>) -> bool {
        self.is_full() || here == Some(&change.place.channel) || views::has_part(change, who)
    }

    /// Why a change that isn't in it isn't shown.
    pub fn says_no(self, number: ChangeNumber) -> String {
        match self {
            Self::Everywhere | Self::Here => format!(
                "{number} isn't shown here. Guests and people of other organisations see what is of the channel that they ask in, and what they have a part in."
            ),
            Self::Unknown => format!(
                "{number} isn't shown just now: Slack can't say who you are. Ask again in a minute."
            ),
        }
    }
}
