//! The only reads of Slack for facts: who someone is, who is in a group, what
//! kind of place a channel is. Never called before an acknowledgement.
//!
//! Facts that decide what a person may do are read afresh every time: somebody
//! deactivated a minute ago must not authorize. Names may be a minute old.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

mod files;
mod messages;

pub use files::{Bytes, SharedFile};
pub use messages::Message;

use super::client::{Cursor, SlackClient};
use super::error::{ErrorCode, SlackError};
use crate::clock::Clock;
use crate::domain::authorization::Standing;
use crate::domain::deployment::Deployment;
use crate::domain::id::{ChannelId, GroupId, UserId, WorkspaceId};

/// How old a name may be when it is shown.
const NAME_LIFE: TimeDelta = TimeDelta::minutes(1);

/// How old it may be whose an e-mail address is. Addresses seldom pass on, and what
/// the person may do is read anew.
const ADDRESS_LIFE: TimeDelta = TimeDelta::hours(1);

/// How old the directory may be in which a typed `@name` is looked up. Reading
/// it costs a call for each thousand people, of twenty a minute that Slack allows.
const DIRECTORY_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Reads facts from Slack. Clones share what is remembered.
#[derive(Debug, Clone)]
pub struct Lookup(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: SlackClient,
    workspace: WorkspaceId,
    clock: Clock,
    members: Remembered<UserId, MemberFacts>,
    channels: Remembered<ChannelId, ChannelFacts>,
    belonging: Remembered<GroupId, BTreeSet<UserId>>,
    addresses: Remembered<String, Option<UserId>>,
    // Held while the directory is read, so that it is read once.
    people: tokio::sync::Mutex<Option<Aged<Arc<Vec<Person>>>>>,
    groups: tokio::sync::Mutex<Option<Aged<Arc<Vec<Group>>>>>,
}

/// What Slack says of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberFacts {
    /// Who it is.
    pub id: UserId,
    /// The name that others see: the display name, or else the real one.
    pub name: String,
    /// The person's time zone, as the IANA names it.
    pub zone: Option<String>,
    /// What kind of member it is.
    pub standing: Standing,
}

/// What Slack says of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent facts, as Slack states them"
)]
pub struct ChannelFacts {
    /// Which channel it is.
    pub id: ChannelId,
    /// Its name; direct messages have none.
    pub name: Option<String>,
    /// Whether only its members can read it.
    pub private: bool,
    /// Whether it is archived, so that nothing can be posted.
    pub archived: bool,
    /// Whether people of other organisations are in it.
    pub shared: bool,
    /// Whether the bot is in it.
    pub bot_is_member: bool,
    /// Whether it is a direct message.
    pub direct: bool,
}

/// Whom a typed name names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named<T> {
    /// Nobody.
    Nobody,
    /// Exactly one.
    One(T),
    /// Several; somebody has to say which.
    Several(Vec<T>),
}

impl<T> Named<T> {
    fn from_matches(mut matches: Vec<T>) -> Self {
        match matches.len() {
            0 | 1 => matches.pop().map_or(Self::Nobody, Self::One),
            _ => Self::Several(matches),
        }
    }
}

impl Lookup {
    /// Reads through `client`, as the bot of `workspace`; what was read grows old
    /// by `clock`.
    pub fn new(client: SlackClient, workspace: WorkspaceId, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            client,
            workspace,
            clock,
            members: Remembered::new(NAME_LIFE),
            channels: Remembered::new(NAME_LIFE),
            belonging: Remembered::new(NAME_LIFE),
            addresses: Remembered::new(ADDRESS_LIFE),
            people: tokio::sync::Mutex::default(),
            groups: tokio::sync::Mutex::default(),
        }))
    }

    /// Reads who a person is, now. For deciding what the person may do.
    /// Somebody whom Slack doesn't show us is a stranger, not an error.
    pub async fn member(&self, user: &UserId) -> Result<MemberFacts, SlackError> {
        #[derive(Deserialize)]
        struct Answer {
            user: User,
        }
        let read = self
            .0
            .client
            .read("users.info", &[("user", Some(user.as_str()))])
            .await;
        let facts = match read {
            Ok(Answer { user: found }) => MemberFacts {
                id: user.clone(),
                standing: found.standing(&self.0.workspace),
                zone: found.tz.clone().filter(|zone| !zone.is_empty()),
                name: found.shown_name(),
            },
            // Whom this workspace can't see is none of its members.
            Err(SlackError::Refused {
                code: ErrorCode::UserNotFound | ErrorCode::UserNotVisible,
            }) => MemberFacts {
                id: user.clone(),
                name: user.as_str().to_owned(),
                zone: None,
                standing: Standing::Foreign,
            },
            Err(error) => return Err(error),
        };
        self.0
            .members
            .keep(user.clone(), facts.clone(), self.0.clock.now());
        Ok(facts)
    }

    /// Returns who a person is, or was at most a minute ago. For showing a name
    /// or choosing a time of day; never for deciding what the person may do.
    pub async fn known_member(&self, user: &UserId) -> Result<MemberFacts, SlackError> {
        match self.0.members.recall(user, self.0.clock.now()) {
            Some(facts) => Ok(facts),
            None => self.member(user).await,
        }
    }

    /// Finds who made a change of which a source told: whoever told of it themselves,
    /// or whose its author's address is.
    pub async fn author_of(&self, told: &Deployment) -> Result<Option<UserId>, SlackError> {
        match (told.teller(), &told.author_email) {
            (Some(teller), _) => Ok(Some(teller)),
            (None, Some(address)) => self.user_of_address(address).await,
            (None, None) => Ok(None),
        }
    }

    /// Finds whose an e-mail address is, now or at most an hour ago. Nobody, where
    /// Slack knows none of that address or doesn't let us ask.
    pub async fn user_of_address(&self, address: &str) -> Result<Option<UserId>, SlackError> {
        #[derive(Deserialize)]
        struct Answer {
            user: User,
        }
        let address = address.trim().to_lowercase();
        if address.is_empty() {
            return Ok(None);
        }
        if let Some(known) = self.0.addresses.recall(&address, self.0.clock.now()) {
            return Ok(known);
        }
        let read = self
            .0
            .client
            .read("users.lookupByEmail", &[("email", Some(address.as_str()))])
            .await;
        let found = match read {
            Ok(Answer { user }) => Some(UserId::new(user.id)),
            Err(error) if error.is_transient() || error.concerns_the_token() => return Err(error),
            Err(error) => {
                tracing::debug!(error = %error, "nobody in Slack is known by an address");
                None
            }
        };
        self.0
            .addresses
            .keep(address, found.clone(), self.0.clock.now());
        Ok(found)
    }

    /// Reads who is in a user group, now.
    pub async fn group_members(&self, group: &GroupId) -> Result<BTreeSet<UserId>, SlackError> {
        #[derive(Deserialize)]
        struct Answer {
            users: Vec<String>,
        }
        let read = self
            .0
            .client
            .read(
                "usergroups.users.list",
                &[("usergroup", Some(group.as_str()))],
            )
            .await;
        match read {
            Ok(Answer { users }) => Ok(users.into_iter().map(UserId::new).collect()),
            // A group that is gone has nobody in it.
            Err(SlackError::Refused {
                code: ErrorCode::NoSuchSubteam,
            }) => Ok(BTreeSet::new()),
            Err(error) => Err(error),
        }
    }

    /// Returns who is in a user group, or was at most a minute ago. For showing
    /// somebody what waits for them; never for deciding what they may do.
    pub async fn known_group_members(
        &self,
        group: &GroupId,
    ) -> Result<BTreeSet<UserId>, SlackError> {
        if let Some(members) = self.0.belonging.recall(group, self.0.clock.now()) {
            return Ok(members);
        }
        let members = self.group_members(group).await?;
        self.0
            .belonging
            .keep(group.clone(), members.clone(), self.0.clock.now());
        Ok(members)
    }

    /// Reads what kind of place a channel is, now. For deciding what may be
    /// said in it. One that Slack doesn't show us is private, not an error.
    pub async fn channel(&self, channel: &ChannelId) -> Result<ChannelFacts, SlackError> {
        #[derive(Deserialize)]
        struct Answer {
            channel: Channel,
        }
        let read = self
            .0
            .client
            .read("conversations.info", &[("channel", Some(channel.as_str()))])
            .await;
        let facts = match read {
            Ok(Answer { channel: found }) => found.facts(channel.clone()),
            // So Slack speaks of a private channel that the bot isn't in, of other
            // people's direct messages, and, scopes being what they are, of
            // conversations between several.
            Err(SlackError::Refused {
                code: ErrorCode::ChannelNotFound | ErrorCode::MissingScope { .. },
            }) => ChannelFacts {
                id: channel.clone(),
                name: None,
                private: true,
                archived: false,
                shared: false,
                bot_is_member: false,
                direct: channel.as_str().starts_with('D'),
            },
            Err(error) => return Err(error),
        };
        self.0
            .channels
            .keep(channel.clone(), facts.clone(), self.0.clock.now());
        Ok(facts)
    }

    /// Returns what a channel is, or was at most a minute ago. For its name.
    pub async fn known_channel(&self, channel: &ChannelId) -> Result<ChannelFacts, SlackError> {
        match self.0.channels.recall(channel, self.0.clock.now()) {
            Some(facts) => Ok(facts),
            None => self.channel(channel).await,
        }
    }

    /// Finds whom a typed `@name` means: the one who is shown by that name, or
    /// else has that handle. Deactivated people are not meant.
    pub async fn user_named(&self, handle: &str) -> Result<Named<UserId>, SlackError> {
        let people = self.people().await?;
        let wanted = folded(handle);
        let those = |is: fn(&Person) -> &str| {
            people
                .iter()
                .filter(|person| is(person) == wanted)
                .map(|person| person.id.clone())
                .collect::<Vec<_>>()
        };
        let shown = those(|person| &person.shown);
        Ok(Named::from_matches(if shown.is_empty() {
            those(|person| &person.handle)
        } else {
            shown
        }))
    }

    /// Finds which user group a typed `@name` means, by its handle.
    pub async fn group_named(&self, handle: &str) -> Result<Named<GroupId>, SlackError> {
        let groups = self.groups().await?;
        let wanted = folded(handle);
        let found = groups
            .iter()
            .filter(|group| group.handle == wanted)
            .map(|group| group.id.clone());
        Ok(Named::from_matches(found.collect()))
    }

    async fn people(&self) -> Result<Arc<Vec<Person>>, SlackError> {
        #[derive(Deserialize)]
        struct Page {
            members: Vec<User>,
            #[serde(default)]
            response_metadata: Cursor,
        }
        let mut remembered = self.0.people.lock().await;
        if let Some(people) = &*remembered
            && people.is_younger_than(DIRECTORY_LIFE, self.0.clock.now())
        {
            return Ok(Arc::clone(&people.value));
        }
        let mut people = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page: Page = self
                .0
                .client
                .read(
                    "users.list",
                    &[("limit", Some("1000")), ("cursor", cursor.as_deref())],
                )
                .await?;
            people.extend(
                page.members
                    .into_iter()
                    .filter(|user| !user.deleted)
                    .map(Person::from),
            );
            let next = page.response_metadata.following();
            if next.is_none() {
                break;
            }
            if next == cursor {
                return Err(SlackError::Malformed);
            }
            cursor = next;
        }
        let people = Arc::new(people);
        *remembered = Some(Aged {
            read_at: self.0.clock.now(),
            value: Arc::clone(&people),
        });
        Ok(people)
    }

    /// Returns the handle of each of these groups that there is.
    pub async fn group_handles(
        &self,
        wanted: &[GroupId],
    ) -> Result<Vec<(GroupId, String)>, SlackError> {
        let groups = self.groups().await?;
        Ok(groups
            .iter()
            .filter(|group| wanted.contains(&group.id))
            .map(|group| (group.id.clone(), group.handle.clone()))
            .collect())
    }

    async fn groups(&self) -> Result<Arc<Vec<Group>>, SlackError> {
        #[derive(Deserialize)]
        struct Answer {
            usergroups: Vec<UserGroup>,
        }
        // Smaller than slack-morphism's, which wants a count that isn't always there.
        #[derive(Deserialize)]
        struct UserGroup {
            id: String,
            handle: String,
        }
        let mut remembered = self.0.groups.lock().await;
        if let Some(groups) = &*remembered
            && groups.is_younger_than(DIRECTORY_LIFE, self.0.clock.now())
        {
            return Ok(Arc::clone(&groups.value));
        }
        let Answer { usergroups } = self.0.client.read("usergroups.list", &[]).await?;
        let groups: Vec<Group> = usergroups
            .into_iter()
            .map(|group| Group {
                id: GroupId::new(group.id),
                handle: folded(&group.handle),
            })
            .collect();
        let groups = Arc::new(groups);
        *remembered = Some(Aged {
            read_at: self.0.clock.now(),
            value: Arc::clone(&groups),
        });
        Ok(groups)
    }
}

/// A person in the directory, by the two names that somebody may type.
#[derive(Debug)]
struct Person {
    id: UserId,
    shown: String,
    handle: String,
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        Self {
            shown: folded(&user.shown_name()),
            handle: folded(&user.name),
            id: UserId::new(user.id),
        }
    }
}

#[derive(Debug)]
struct Group {
    id: GroupId,
    handle: String,
}

/// Names are typed with and without `@`, and in any case.
fn folded(name: &str) -> String {
    name.trim().trim_start_matches('@').to_lowercase()
}

/// A person as Slack describes one. Slack leaves out what isn't so.
#[derive(Deserialize, Default)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are Slack's, one a field"
)]
struct User {
    id: String,
    team_id: Option<String>,
    name: String,
    real_name: Option<String>,
    tz: Option<String>,
    profile: Profile,
    #[serde(rename = "enterprise_user")]
    enterprise: Option<EnterpriseUser>,
    deleted: bool,
    is_bot: bool,
    is_restricted: bool,
    is_ultra_restricted: bool,
    is_stranger: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Profile {
    display_name: String,
    real_name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EnterpriseUser {
    teams: Vec<String>,
}

impl User {
    /// Names what bars somebody most: a deactivated guest is deactivated.
    fn standing(&self, workspace: &WorkspaceId) -> Standing {
        let ours = |team: &String| team == workspace.as_str();
        let is_ours = self.team_id.as_ref().is_none_or(ours)
            || self
                .enterprise
                .as_ref()
                .is_some_and(|user| user.teams.iter().any(ours));
        if self.deleted {
            Standing::Deactivated
        } else if self.is_bot || self.id == SLACKBOT {
            Standing::Bot
        } else if self.is_stranger || !is_ours {
            Standing::Foreign
        } else if self.is_restricted || self.is_ultra_restricted {
            Standing::Guest
        } else {
            Standing::Full
        }
    }

    fn shown_name(&self) -> String {
        let real = self.real_name.as_deref().unwrap_or_default();
        [
            self.profile.display_name.as_str(),
            self.profile.real_name.as_str(),
            real,
            self.name.as_str(),
        ]
        .into_iter()
        .find(|name| !name.trim().is_empty())
        .unwrap_or(self.id.as_str())
        .to_owned()
    }
}

/// Slack's own program, which says of itself that it is no bot.
const SLACKBOT: &str = "USLACKBOT";

/// A channel as Slack describes one.
#[derive(Deserialize, Default)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are Slack's, one a field"
)]
struct Channel {
    name: Option<String>,
    is_private: bool,
    is_im: bool,
    is_mpim: bool,
    is_archived: bool,
    is_member: bool,
    is_shared: bool,
    is_ext_shared: bool,
    is_org_shared: bool,
}

impl Channel {
    fn facts(self, id: ChannelId) -> ChannelFacts {
        ChannelFacts {
            id,
            private: self.is_private || self.is_im || self.is_mpim,
            archived: self.is_archived,
            // A channel shared between workspaces of one organisation is shared
            // with nobody else.
            shared: self.is_ext_shared || (self.is_shared && !self.is_org_shared),
            // Of a direct message Slack doesn't say so, but it has two ends.
            bot_is_member: self.is_member || self.is_im,
            direct: self.is_im,
            name: self.name.filter(|name| !name.is_empty()),
        }
    }
}

/// What was read, and when.
#[derive(Debug, Clone)]
struct Aged<V> {
    read_at: DateTime<Utc>,
    value: V,
}

impl<V> Aged<V> {
    /// What a clock that was put back shows as yet to be read is old too.
    fn is_younger_than(&self, life: TimeDelta, now: DateTime<Utc>) -> bool {
        (now - self.read_at).abs() < life
    }
}

/// What was read of each thing.
#[derive(Debug)]
struct Remembered<K, V> {
    life: TimeDelta,
    read: Mutex<HashMap<K, Aged<V>>>,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    fn new(life: TimeDelta) -> Self {
        Self {
            life,
            read: Mutex::new(HashMap::new()),
        }
    }

    fn recall(&self, key: &K, now: DateTime<Utc>) -> Option<V> {
        let aged = self.lock().get(key)?.clone();
        aged.is_younger_than(self.life, now).then_some(aged.value)
    }

    /// Keeps one more, and lets go of what has grown old, so that the memory of
    /// a large workspace is that of its last minute.
    fn keep(&self, key: K, value: V, now: DateTime<Utc>) {
        let mut remembered = self.lock();
        remembered.retain(|_, aged| aged.is_younger_than(self.life, now));
        let read_at = now;
        remembered.insert(key, Aged { read_at, value });
    }

    /// An entry is written whole, so a poisoned lock still holds good ones.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Aged<V>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(json: serde_json::Value) -> User {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_a_full_member_of_this_workspace_stands_in_full() {
        let ours = WorkspaceId::new("T1");
        let standing = |json| user(json).standing(&ours);
        assert_eq!(
            standing(json!({"id": "U1", "team_id": "T1"})),
            Standing::Full
        );
        for (given, expected) in [
            (
                json!({"deleted": true, "is_restricted": true}),
                Standing::Deactivated,
            ),
            (json!({"is_bot": true}), Standing::Bot),
            (json!({"id": "USLACKBOT", "team_id": "T1"}), Standing::Bot),
            (
                json!({"team_id": "T1", "is_restricted": true}),
                Standing::Guest,
            ),
            (
                json!({"team_id": "T1", "is_ultra_restricted": true}),
                Standing::Guest,
            ),
            (json!({"team_id": "T2"}), Standing::Foreign),
            (
                json!({"team_id": "T1", "is_stranger": true}),
                Standing::Foreign,
            ),
            (
                json!({"team_id": "E1", "enterprise_user": {"teams": ["T3", "T1"]}}),
                Standing::Full,
            ),
            (
                json!({"team_id": "E1", "enterprise_user": {"teams": ["T3"]}}),
                Standing::Foreign,
            ),
        ] {
            assert_eq!(standing(given.clone()), expected, "{given}");
        }
    }

    #[test]
    fn a_person_is_called_as_others_see_them() {
        let name = |json| user(json).shown_name();
        assert_eq!(
            name(
                json!({"id": "U1", "name": "dana", "real_name": "Dana Okafor",
                        "profile": {"display_name": "Dana", "real_name": "Dana Okafor"}})
            ),
            "Dana"
        );
        assert_eq!(
            name(
                json!({"id": "U1", "name": "dana", "profile": {"display_name": " ",
                        "real_name": "Dana Okafor"}})
            ),
            "Dana Okafor"
        );
        assert_eq!(name(json!({"id": "U1"})), "U1");
    }

    #[test]
    fn a_channel_shared_within_the_organisation_is_not_shared_outside() {
        let facts = |json| {
            let channel: Channel = serde_json::from_value(json).unwrap();
            channel.facts(ChannelId::new("C1"))
        };
        assert!(facts(json!({"is_shared": true, "is_ext_shared": true})).shared);
        assert!(!facts(json!({"is_shared": true, "is_org_shared": true})).shared);
        let direct = facts(json!({"is_im": true}));
        assert!(direct.private && direct.bot_is_member && direct.direct);
    }

    #[test]
    fn a_name_that_two_people_bear_is_nobodys_yet() {
        assert_eq!(Named::<u8>::from_matches(vec![]), Named::Nobody);
        assert_eq!(Named::from_matches(vec![1]), Named::One(1));
        assert_eq!(Named::from_matches(vec![1, 2]), Named::Several(vec![1, 2]));
    }
}
