//! Who the people in a gesture are, by Slack's word.
//!
//! What decides over authority (standing, groups) is read from Slack now, never
//! from memory.

use std::collections::BTreeSet;

use super::{Scene, Unresolved};
use crate::domain::authorization::{Member, Standing};
use crate::domain::id::{GroupId, UserId};
use crate::domain::policy::Party;
use crate::gesture::Mention;
use crate::slack::lookup::{Lookup, Named};
use crate::store::{Person, StoreError};

impl Scene<'_> {
    /// Reads who somebody is and which of the deciding groups they are in, now.
    pub(super) async fn member(
        &self,
        who: &UserId,
        met: &mut Vec<Person>,
    ) -> Result<Member, Unresolved> {
        let facts = self.lookup.member(who).await?;
        met.push(Person {
            id: facts.id.clone(),
            name: facts.name,
            zone: facts.zone,
        });
        let mut groups = BTreeSet::new();
        for group in self.engine.deciding_groups() {
            if self.lookup.group_members(&group).await?.contains(who) {
                groups.insert(group);
            }
        }
        Ok(Member {
            id: facts.id,
            standing: facts.standing,
            groups,
        })
    }

    /// Reads whom the mentions name. A name that Slack doesn't know asks nobody:
    /// the words keep it, and whom the policy names is asked instead. The fix is
    /// never held up by a typing error.
    pub(super) async fn parties(&self, mentions: &[Mention]) -> Result<Vec<Party>, Unresolved> {
        let mut parties = Vec::new();
        for mention in mentions {
            let party = match mention {
                Mention::User(id) => Some(Party::Person(id.clone())),
                Mention::Group(id) => Some(Party::Group(id.clone())),
                Mention::Handle(handle) => named(self.lookup, handle).await?,
            };
            parties.extend(party.filter(|party| !parties.contains(party)));
        }
        Ok(parties)
    }

    /// Reads whom the mentions name and who can be asked: a full member. A guest
    /// or a bot would be asked in vain while the incident goes on. While Slack
    /// can't say, the question goes to whoever was named.
    pub(super) async fn askable(&self, mentions: &[Mention]) -> Result<Vec<Party>, Unresolved> {
        let mut askable = Vec::new();
        for party in self.parties(mentions).await? {
            let standing = match &party {
                Party::Person(who) => self.lookup.known_member(who).await.map(|it| it.standing),
                Party::Group(_) => Ok(Standing::Full),
            };
            if matches!(standing, Ok(Standing::Full) | Err(_)) {
                askable.push(party);
            }
        }
        Ok(askable)
    }

    /// Whether somebody is among `parties`, by the groups as they are now.
    pub(super) async fn is_among(
        &self,
        who: &UserId,
        parties: &[Party],
    ) -> Result<bool, Unresolved> {
        if parties.contains(&Party::Person(who.clone())) {
            return Ok(true);
        }
        let groups: BTreeSet<&GroupId> = parties
            .iter()
            .filter_map(|party| match party {
                Party::Group(group) => Some(group),
                Party::Person(_) => None,
            })
            .collect();
        for group in groups {
            if self.lookup.group_members(group).await?.contains(who) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Meets the people whom the chase will speak to, so that it knows their
    /// night. That is a courtesy: where Slack can't be asked, the house's zone
    /// serves.
    pub(super) async fn meet(
        &self,
        people: impl IntoIterator<Item = UserId>,
        met: &mut Vec<Person>,
    ) -> Result<(), StoreError> {
        let mut people: Vec<UserId> = people.into_iter().collect();
        people.push(self.gesture.actor.clone());
        people.extend(self.engine.rules().newest().escalation.clone());
        people.retain(|who| !met.iter().any(|known| known.id == *who));
        for who in self.engine.store().unmet(people).await? {
            match self.lookup.known_member(&who).await {
                Ok(facts) => met.push(Person {
                    id: facts.id,
                    name: facts.name,
                    zone: facts.zone,
                }),
                Err(error) => tracing::warn!(error = %error, "a person's zone can't be read"),
            }
        }
        Ok(())
    }
}

/// The people among those who are asked; groups have no night of their own.
pub(super) fn persons(asked: &[Party]) -> impl Iterator<Item = UserId> {
    asked.iter().filter_map(|party| match party {
        Party::Person(id) => Some(id.clone()),
        Party::Group(_) => None,
    })
}

async fn named(lookup: &Lookup, handle: &str) -> Result<Option<Party>, Unresolved> {
    match lookup.user_named(handle).await? {
        Named::One(id) => return Ok(Some(Party::Person(id))),
        Named::Several(_) => return Ok(None),
        Named::Nobody => {}
    }
    Ok(match lookup.group_named(handle).await? {
        Named::One(id) => Some(Party::Group(id)),
        Named::Nobody | Named::Several(_) => None,
    })
}
