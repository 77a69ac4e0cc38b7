//! The workspace: people, groups, channels and what was said in them.
//! Holds state and answers questions about it; it tells nobody what happened and asks nobody's permission.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Offset, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::cast::{BOT_USER, TEAM};
use super::json::put;
use super::message::{Message, Ts};

/// Somebody, or some app's bot, with an account that this workspace can see.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the flags of Slack's user object"
)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) team: String,
    pub(super) handle: String,
    pub(super) real_name: String,
    pub(super) title: String,
    pub(super) email: Option<String>,
    pub(super) zone: Tz,
    pub(super) deleted: bool,
    pub(super) is_restricted: bool,
    pub(super) is_stranger: bool,
    pub(super) is_admin: bool,
    pub(super) bot_id: Option<String>,
    pub(super) app_id: Option<String>,
    pub(super) updated: DateTime<Utc>,
}

impl Person {
    /// The person as `users.info` shows them. The e-mail address is shown only to those who may read it.
    pub(super) fn to_json(&self, now: DateTime<Utc>, with_email: bool) -> Value {
        let offset = now
            .with_timezone(&self.zone)
            .offset()
            .fix()
            .local_minus_utc();
        let (first, last) = self
            .real_name
            .split_once(' ')
            .unwrap_or((self.real_name.as_str(), ""));
        let mut profile = json!({
            "title": self.title,
            "phone": "",
            "skype": "",
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.handle,
            "display_name_normalized": self.handle,
            "first_name": first,
            "last_name": last,
            "fields": null,
            "status_text": "",
            "status_emoji": "",
            "status_expiration": 0,
            "avatar_hash": "g000000000000",
            "image_24": "https://avatars.invalid/24.png",
            "image_72": "https://avatars.invalid/72.png",
            "image_192": "https://avatars.invalid/192.png",
            "team": self.team,
        });
        if with_email && !self.is_stranger {
            put(&mut profile, "email", self.email.clone().map(Value::from));
        }
        put(&mut profile, "bot_id", self.bot_id.clone().map(Value::from));
        put(
            &mut profile,
            "api_app_id",
            self.app_id.clone().map(Value::from),
        );
        let mut user = json!({
            "id": self.id,
            "team_id": self.team,
            "name": self.handle,
            "deleted": self.deleted,
            "profile": profile,
            "is_bot": self.bot_id.is_some(),
            "is_app_user": false,
            "updated": self.updated.timestamp(),
        });
        if self.is_stranger {
            put(&mut user, "is_stranger", Some(true.into()));
        }
        if !self.deleted {
            let more = json!({
                "color": "9f69e7",
                "real_name": self.real_name,
                "tz": self.zone.name(),
                "tz_label": self.zone.name(),
                "tz_offset": offset,
                "is_admin": self.is_admin,
                "is_owner": false,
                "is_primary_owner": false,
                "is_restricted": self.is_restricted,
                "is_ultra_restricted": false,
                "is_email_confirmed": self.bot_id.is_none(),
                "who_can_share_contact_card": "EVERYONE",
            });
            super::json::merge(&mut user, more);
        }
        user
    }
}

/// A user group, which people mention as `@handle`.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) handle: String,
    pub(super) name: String,
    pub(super) members: Vec<String>,
    pub(super) disabled: bool,
}

impl Group {
    /// The group as `usergroups.list` shows it.
    pub(super) fn to_json(&self, with_users: bool, with_count: bool) -> Value {
        let mut group = json!({
            "id": self.id,
            "team_id": TEAM,
            "is_usergroup": true,
            "is_subteam": true,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "is_external": false,
            "date_create": 1_700_000_000,
            "date_update": 1_700_000_000,
            "date_delete": i64::from(self.disabled),
            "auto_type": null,
            "auto_provision": false,
            "enterprise_subteam_id": "",
            "created_by": "U0MORGAN01",
            "updated_by": "U0MORGAN01",
            "deleted_by": null,
            "prefs": {"channels": [], "groups": []},
        });
        if with_users {
            put(&mut group, "users", Some(json!(self.members)));
        }
        if with_count {
            put(&mut group, "user_count", Some(self.members.len().into()));
        }
        group
    }
}

/// What kind of conversation a channel is; it decides which scopes and which events apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Public,
    Private,
    Direct,
    Group,
}

impl Kind {
    /// The `channel_type` of message events.
    pub(super) fn channel_type(self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::Direct => "im",
            Self::Group => "mpim",
        }
    }

    /// The word that `types` of `conversations.list` uses.
    pub(super) fn list_type(self) -> &'static str {
        match self {
            Self::Public => "public_channel",
            Self::Private => "private_channel",
            Self::Direct => "im",
            Self::Group => "mpim",
        }
    }
}

/// A conversation and everything said in it.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) members: BTreeSet<String>,
    pub(super) archived: bool,
    pub(super) shared: bool,
    pub(super) topic: String,
    pub(super) created: DateTime<Utc>,
    pub(super) messages: BTreeMap<Ts, Message>,
}

impl Channel {
    pub(super) fn has(&self, user: &str) -> bool {
        self.members.contains(user)
    }

    pub(super) fn has_bot(&self) -> bool {
        self.has(BOT_USER)
    }

    /// The other one in a direct conversation, seen from `user`.
    pub(super) fn partner_of(&self, user: &str) -> Option<&str> {
        self.members
            .iter()
            .map(String::as_str)
            .find(|member| *member != user)
    }

    /// The name that slash commands and interactions carry, where Slack hides the names of private places.
    pub(super) fn payload_name(&self) -> &str {
        match self.kind {
            Kind::Public | Kind::Group => &self.name,
            Kind::Private => "privategroup",
            Kind::Direct => "directmessage",
        }
    }

    /// Replies under `parent` that everybody sees, oldest first.
    pub(super) fn replies(&self, parent: Ts) -> impl Iterator<Item = &Message> {
        self.messages.values().filter(move |message| {
            message.thread == Some(parent) && message.ts != parent && message.only_for.is_none()
        })
    }

    /// A message as history shows it, with what Slack adds to the head of a thread.
    pub(super) fn shown(&self, message: &Message, with_metadata: bool) -> Value {
        let mut shown = message.to_json(with_metadata);
        if let Some(parent) = message.thread.filter(|thread| *thread != message.ts) {
            let parent = self.messages.get(&parent);
            let author = parent.map(|parent| parent.author.user_id().into());
            put(&mut shown, "parent_user_id", author);
            return shown;
        }
        let replies: Vec<_> = self.replies(message.ts).collect();
        if let Some(latest) = replies.last() {
            let users: BTreeSet<_> = replies.iter().map(|r| r.author.user_id()).collect();
            let head = json!({
                "thread_ts": message.ts.to_string(),
                "reply_count": replies.len(),
                "reply_users_count": users.len(),
                "reply_users": users,
                "latest_reply": latest.ts.to_string(),
                "is_locked": false,
                "subscribed": false,
            });
            super::json::merge(&mut shown, head);
        }
        shown
    }

    /// The channel as `conversations.info` shows it to the bot.
    pub(super) fn to_json(&self, with_count: bool) -> Value {
        if self.kind == Kind::Direct {
            return json!({
                "id": self.id,
                "created": self.created.timestamp(),
                "is_archived": false,
                "is_im": true,
                "is_org_shared": false,
                "context_team_id": TEAM,
                "updated": self.created.timestamp_millis(),
                "user": self.partner_of(BOT_USER),
                "is_user_deleted": false,
                "is_open": true,
                "priority": 0,
            });
        }
        let mut channel = json!({
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == Kind::Public,
            "is_group": self.kind == Kind::Private,
            "is_im": false,
            "is_mpim": self.kind == Kind::Group,
            "is_private": self.kind != Kind::Public,
            "created": self.created.timestamp(),
            "is_archived": self.archived,
            "is_general": self.name == "general",
            "unlinked": 0,
            "is_shared": self.shared,
            "is_org_shared": false,
            "is_pending_ext_shared": false,
            "pending_shared": [],
            "context_team_id": TEAM,
            "updated": self.created.timestamp_millis(),
            "parent_conversation": null,
            "creator": "U0MORGAN01",
            "is_ext_shared": self.shared,
            "shared_team_ids": if self.shared { json!([TEAM, "T0PARTNER1"]) } else { json!([TEAM]) },
            "pending_connected_team_ids": [],
            "is_member": self.has_bot(),
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
            "previous_names": [],
        });
        if with_count {
            put(&mut channel, "num_members", Some(self.members.len().into()));
        }
        channel
    }
}

/// Everything and everybody.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) people: BTreeMap<String, Person>,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) channels: BTreeMap<String, Channel>,
}

impl Workspace {
    /// A person by id, `@handle` or handle.
    pub(super) fn person(&self, named: &str) -> Option<&Person> {
        let handle = named.trim_start_matches('@');
        self.people
            .get(named)
            .or_else(|| self.people.values().find(|person| person.handle == handle))
    }

    /// A channel by id, `#name` or name. Direct conversations have no name and are found by id only.
    pub(super) fn channel(&self, named: &str) -> Option<&Channel> {
        let name = named.trim_start_matches('#');
        self.channels.get(named).or_else(|| {
            self.channels
                .values()
                .find(|channel| channel.name == name && !name.is_empty())
        })
    }

    pub(super) fn group(&self, named: &str) -> Option<&Group> {
        let handle = named.trim_start_matches('@');
        self.groups
            .get(named)
            .or_else(|| self.groups.values().find(|group| group.handle == handle))
    }

    /// The direct conversation between two, if it was ever opened.
    pub(super) fn direct(&self, one: &str, other: &str) -> Option<&Channel> {
        self.channels.values().find(|channel| {
            channel.kind == Kind::Direct && channel.has(one) && channel.has(other) && one != other
        })
    }

    /// The group conversation of exactly these people.
    pub(super) fn group_conversation(&self, members: &BTreeSet<String>) -> Option<&Channel> {
        self.channels
            .values()
            .find(|channel| channel.kind == Kind::Group && channel.members == *members)
    }
}
