//! A survey of the workspace for the operator: which channels and groups there
//! are, and whether the other door opens. Reads only, and nothing that decides
//! what a person may do; that is read by `lookup`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::client::{Cursor, SlackClient};
use super::error::SlackError;
use crate::domain::id::{ChannelId, GroupId};

/// How many pages of channels are read: Slack allows twenty calls a minute, and
/// some are left to the bot, which may run beside us.
const PAGES: usize = 10;

/// A channel as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which channel it is.
    pub id: ChannelId,
    /// Its name, without `#`.
    pub name: String,
    /// Whether the bot is in it.
    pub bot_is_member: bool,
}

/// The channels that the bot can see and that aren't archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channels {
    /// Those that were read.
    pub listed: Vec<Listed>,
    /// Whether these are all; a very large workspace isn't read to its end.
    pub all: bool,
}

/// Reads which channels there are: the public ones, and of the private ones
/// those that the bot is in.
pub async fn channels(client: &SlackClient) -> Result<Channels, SlackError> {
    #[derive(Deserialize)]
    struct Page {
        channels: Vec<Channel>,
        #[serde(default)]
        response_metadata: Cursor,
    }
    #[derive(Deserialize)]
    struct Channel {
        id: String,
        #[serde(default)]
        name: String,
        #[serde(default)]
        is_member: bool,
    }
    let mut listed = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES {
        let page: Page = client
            .read(
                "conversations.list",
                &[
                    ("types", Some("public_channel,private_channel")),
                    ("exclude_archived", Some("true")),
                    // Slack takes fewer than a thousand.
                    ("limit", Some("999")),
                    ("cursor", cursor.as_deref()),
                ],
            )
            .await?;
        listed.extend(page.channels.into_iter().map(|channel| Listed {
            id: ChannelId::new(channel.id),
            name: channel.name,
            bot_is_member: channel.is_member,
        }));
        cursor = page.response_metadata.following();
        if cursor.is_none() {
            return Ok(Channels { listed, all: true });
        }
    }
    Ok(Channels { listed, all: false })
}

/// Reads which user groups are in use, and their handles.
pub async fn groups(client: &SlackClient) -> Result<BTreeMap<GroupId, String>, SlackError> {
    #[derive(Deserialize)]
    struct Answer {
        usergroups: Vec<Group>,
    }
    #[derive(Deserialize)]
    struct Group {
        id: String,
        handle: String,
    }
    let Answer { usergroups } = client.read("usergroups.list", &[]).await?;
    Ok(usergroups
        .into_iter()
        .map(|group| (GroupId::new(group.id), group.handle))
        .collect())
}

/// Asks whether Slack would open a Socket Mode connection, and opens none.
pub async fn socket(client: &SlackClient) -> Result<(), SlackError> {
    client.open_socket().await.map(|_address| ())
}
