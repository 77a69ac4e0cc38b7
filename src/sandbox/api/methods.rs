//! Which methods there are: who may call each, how often, and what does it.

use super::arguments::Arguments;
use super::{Outcome, apps, chat, conversations, files, people, reactions, views};
use crate::sandbox::limits::Tier;
use crate::sandbox::state::State;

/// Which token a method wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Bot,
    App,
    /// None at all.
    Nobody,
}

/// One method: its name, its limits, and what does it.
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) tier: Tier,
    pub(super) token: Token,
    /// Scopes of which one must be granted; which one exactly may depend on the channel.
    pub(super) scopes: &'static [&'static str],
    pub(super) run: fn(&mut State, &Arguments) -> Outcome,
}

const fn bot(
    name: &'static str,
    tier: Tier,
    scopes: &'static [&'static str],
    run: fn(&mut State, &Arguments) -> Outcome,
) -> Method {
    Method {
        name,
        tier,
        token: Token::Bot,
        scopes,
        run,
    }
}

const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &[
    "channels:history",
    "groups:history",
    "im:history",
    "mpim:history",
];

/// Every method that the workspace has. Tiers are those of Slack's pages; `apps.connections.open` is taken at tier 3,
/// as its page says, because at the Java SDK's tier 1 an app could not even open its second socket.
pub(super) const METHODS: &[Method] = &[
    Method {
        name: "api.test",
        tier: Tier::Four,
        token: Token::Nobody,
        scopes: &[],
        run: apps::api_test,
    },
    Method {
        name: "apps.connections.open",
        tier: Tier::Three,
        token: Token::App,
        scopes: &[],
        run: apps::connections_open,
    },
    bot("auth.test", Tier::Special, &[], apps::auth_test),
    bot("blocks.validate", Tier::Special, &[], apps::blocks_validate),
    bot("chat.delete", Tier::Three, &["chat:write"], chat::delete),
    bot("chat.getPermalink", Tier::Special, &[], chat::permalink),
    bot(
        "chat.postEphemeral",
        Tier::Four,
        &["chat:write"],
        chat::post_ephemeral,
    ),
    bot(
        "chat.postMessage",
        Tier::Posting,
        &["chat:write"],
        chat::post_message,
    ),
    bot("chat.update", Tier::Three, &["chat:write"], chat::update),
    bot(
        "conversations.history",
        Tier::Three,
        HISTORY,
        conversations::history,
    ),
    bot("conversations.info", Tier::Three, READ, conversations::info),
    bot(
        "conversations.join",
        Tier::Three,
        &["channels:join"],
        conversations::join,
    ),
    bot("conversations.list", Tier::Two, READ, conversations::list),
    bot(
        "conversations.members",
        Tier::Four,
        READ,
        conversations::members,
    ),
    bot(
        "conversations.open",
        Tier::Three,
        &["im:write", "mpim:write"],
        conversations::open,
    ),
    bot(
        "conversations.replies",
        Tier::Three,
        HISTORY,
        conversations::replies,
    ),
    bot(
        "files.completeUploadExternal",
        Tier::Four,
        &["files:write"],
        files::complete,
    ),
    bot(
        "files.getUploadURLExternal",
        Tier::Four,
        &["files:write"],
        files::upload_url,
    ),
    bot("files.info", Tier::Four, &["files:read"], files::info),
    bot(
        "reactions.add",
        Tier::Three,
        &["reactions:write"],
        reactions::add,
    ),
    bot(
        "reactions.get",
        Tier::Three,
        &["reactions:read"],
        reactions::get,
    ),
    bot(
        "usergroups.list",
        Tier::Two,
        &["usergroups:read"],
        people::groups,
    ),
    bot(
        "usergroups.users.list",
        Tier::Two,
        &["usergroups:read"],
        people::group_members,
    ),
    bot("users.info", Tier::Four, &["users:read"], people::info),
    bot("users.list", Tier::Two, &["users:read"], people::list),
    bot(
        "users.lookupByEmail",
        Tier::Three,
        &["users:read.email"],
        people::by_email,
    ),
    bot("views.open", Tier::Four, &[], views::open),
    bot("views.publish", Tier::Four, &[], views::publish),
    bot("views.push", Tier::Four, &[], views::push),
    bot("views.update", Tier::Four, &[], views::update),
];
