//! Which scopes Slack's methods and events need, and which of them the bot uses.

use std::collections::BTreeSet;

use crate::source::Source;

/// `chat.postMessage` as slack-morphism spells it: `chat_post_message`.
pub(crate) fn snake(method: &str) -> String {
    let mut snake = String::new();
    for c in method.replace("URL", "Url").chars() {
        match c {
            '.' => snake.push('_'),
            c if c.is_ascii_uppercase() => {
                snake.push('_');
                snake.push(c.to_ascii_lowercase());
            }
            c => snake.push(c),
        }
    }
    snake
}

/// What a way to Slack needs of the manifest. A bot that is in public and
/// private channels and speaks in direct messages needs three scopes where Slack
/// has one for each kind of conversation.
const HISTORY: &[&str] = &["channels:history", "groups:history", "im:history"];
const PLACES: &[&str] = &["channels:read", "groups:read", "im:read"];
const SCOPES_OF_METHODS: &[(&str, &[&str])] = &[
    ("auth.test", &[]),
    // The app's own token opens sockets; its scope stands in no manifest.
    ("apps.connections.open", &[]),
    ("blocks.validate", &[]),
    ("chat.delete", &["chat:write"]),
    ("chat.getPermalink", &[]),
    ("chat.postEphemeral", &["chat:write"]),
    ("chat.postMessage", &["chat:write"]),
    ("chat.update", &["chat:write"]),
    ("conversations.history", HISTORY),
    ("conversations.info", PLACES),
    ("conversations.join", &["channels:join"]),
    ("conversations.list", PLACES),
    ("conversations.members", PLACES),
    ("conversations.open", &["im:write"]),
    ("conversations.replies", HISTORY),
    ("files.completeUploadExternal", &["files:write"]),
    ("files.getUploadURLExternal", &["files:write"]),
    ("files.info", &["files:read"]),
    ("reactions.add", &["reactions:write"]),
    ("reactions.get", &["reactions:read"]),
    ("usergroups.list", &["usergroups:read"]),
    ("usergroups.users.list", &["usergroups:read"]),
    ("users.info", &["users:read"]),
    ("users.list", &["users:read"]),
    ("users.lookupByEmail", &["users:read", "users:read.email"]),
    ("views.open", &[]),
    ("views.push", &[]),
    ("views.publish", &[]),
    ("views.push", &[]),
    ("views.update", &[]),
];
const SCOPES_OF_EVENTS: &[(&str, &[&str])] = &[
    ("app_home_opened", &[]),
    ("app_mention", &["app_mentions:read"]),
    ("app_uninstalled", &[]),
    ("channel_archive", &["channels:read"]),
    ("group_archive", &["groups:read"]),
    ("member_joined_channel", &["channels:read", "groups:read"]),
    ("message.channels", &["channels:history"]),
    ("message.groups", &["groups:history"]),
    ("message.im", &["im:history"]),
    ("reaction_added", &["reactions:read"]),
    ("reaction_removed", &["reactions:read"]),
    ("subteam_members_changed", &["usergroups:read"]),
    ("subteam_updated", &["usergroups:read"]),
    ("tokens_revoked", &[]),
    ("user_change", &["users:read"]),
];

/// Returns the items of a list of the manifest, without their comments.
pub(crate) fn listed(manifest: &str, key: &str) -> BTreeSet<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != format!("{key}:"))
        .skip(1)
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .skip_while(|line| line.is_empty())
        .take_while(|line| line.is_empty() || line.starts_with('-'))
        .filter(|line| !line.is_empty())
        .map(|line| line.trim_start_matches(['-', ' ']).to_owned())
        .collect()
}

/// Returns Slack's methods that a source calls, in either spelling.
pub(crate) fn methods(source: &Source) -> BTreeSet<String> {
    let families = [
        "apps",
        "auth",
        "blocks",
        "bookmarks",
        "bots",
        "chat",
        "conversations",
        "dnd",
        "files",
        "pins",
        "reactions",
        "team",
        "usergroups",
        "users",
        "views",
    ];
    let mut methods: BTreeSet<String> = source
        .texts()
        .map(|text| text.text.as_str())
        .filter(|text| {
            text.split_once('.').is_some_and(|(family, rest)| {
                families.contains(&family)
                    && !rest.is_empty()
                    // A host of Slack's, not a method.
                    && rest != "slack.com"
                    && rest.bytes().all(|b| b.is_ascii_alphabetic() || b == b'.')
            })
        })
        .map(str::to_owned)
        .collect();
    // slack-morphism's own methods: `.chat_post_message(`.
    for window in source.tokens.windows(3) {
        let name = &window[1].text;
        let is_call = window[0].text == "." && window[2].text == "(";
        let is_family = name
            .split_once('_')
            .is_some_and(|(family, _)| families.contains(&family));
        // The client's own method has the name of the one that it calls.
        if is_call && is_family && name != "auth_test" {
            let known = SCOPES_OF_METHODS
                .iter()
                .find(|(method, _)| snake(method) == *name);
            methods.insert(known.map_or(name.clone(), |(method, _)| (*method).to_owned()));
        }
    }
    methods
}

/// Returns the scopes that methods and events need, and which of them nobody has
/// said that about.
pub(crate) fn needed(
    methods: &BTreeSet<String>,
    events: &BTreeSet<String>,
) -> (BTreeSet<String>, Vec<String>) {
    let mut scopes = BTreeSet::new();
    let mut unknown = Vec::new();
    for (used, known) in [(methods, SCOPES_OF_METHODS), (events, SCOPES_OF_EVENTS)] {
        for one in used {
            match known.iter().find(|(name, _)| name == one) {
                Some((_, needs)) => scopes.extend(needs.iter().map(|&scope| scope.to_owned())),
                None => unknown.push(one.clone()),
            }
        }
    }
    (scopes, unknown)
}
