//! What `manifest.yml` grants the app: scopes, events, commands, shortcuts, which door.
//! Reads the manifest as Slack's app-manifest page would; it decides nothing.

use std::collections::BTreeSet;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The text is not YAML.
    #[error("the manifest is not YAML: {0}")]
    Yaml(#[from] saphyr::ScanError),
    /// The file holds no document.
    #[error("the manifest is empty")]
    Empty,
    /// The YAML holds something that JSON cannot, such as a mapping with a list for its key.
    #[error("the manifest holds something that a Slack manifest cannot")]
    NotJson,
    /// A field has the wrong type.
    #[error("the manifest does not have the shape of a Slack manifest: {0}")]
    Shape(#[from] serde_json::Error),
    /// Slack refuses an app without a name.
    #[error("the manifest has no display_information.name")]
    NoName,
}

/// A slash command.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct SlashCommand {
    pub(super) command: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    usage_hint: String,
    /// Whether `@name` and `#channel` reach the app as ids.
    #[serde(default)]
    pub(super) should_escape: bool,
}

/// Where a shortcut stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ShortcutKind {
    Global,
    Message,
}

/// A shortcut.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct Shortcut {
    #[serde(default)]
    name: String,
    #[serde(rename = "type")]
    pub(super) kind: ShortcutKind,
    pub(super) callback_id: String,
}

/// What the sandbox needs to know of an app.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are the switches of Slack's manifest"
)]
pub(super) struct Manifest {
    pub(super) bot_name: String,
    pub(super) description: String,
    pub(super) long_description: String,
    pub(super) background_color: String,
    pub(super) scopes: BTreeSet<String>,
    pub(super) events: BTreeSet<String>,
    pub(super) commands: Vec<SlashCommand>,
    pub(super) shortcuts: Vec<Shortcut>,
    pub(super) socket_mode: bool,
    pub(super) interactivity: bool,
    pub(super) home_tab: bool,
    pub(super) messages_tab: bool,
    pub(super) messages_tab_read_only: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Raw {
    display_information: RawDisplay,
    features: RawFeatures,
    oauth_config: RawOauth,
    settings: RawSettings,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawDisplay {
    name: String,
    description: String,
    long_description: String,
    background_color: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawFeatures {
    app_home: RawHome,
    bot_user: Option<RawBotUser>,
    shortcuts: Vec<Shortcut>,
    slash_commands: Vec<SlashCommand>,
}

/// The three switches of App Home with the defaults that Slack gives a new app.
#[derive(Deserialize)]
#[serde(default)]
struct RawHome {
    home_tab_enabled: bool,
    messages_tab_enabled: bool,
    messages_tab_read_only_enabled: bool,
}

impl Default for RawHome {
    fn default() -> Self {
        Self {
            home_tab_enabled: false,
            messages_tab_enabled: true,
            messages_tab_read_only_enabled: true,
        }
    }
}

#[derive(Deserialize)]
struct RawBotUser {
    display_name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawOauth {
    scopes: RawScopes,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawScopes {
    bot: BTreeSet<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawSettings {
    event_subscriptions: RawEvents,
    interactivity: RawInteractivity,
    socket_mode_enabled: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawEvents {
    bot_events: BTreeSet<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawInteractivity {
    is_enabled: bool,
}

impl Manifest {
    /// Reads YAML, or JSON, which is YAML too.
    pub(super) fn parse(text: &str) -> Result<Self, ManifestError> {
        let documents = Yaml::load_from_str(text)?;
        let document = documents.first().ok_or(ManifestError::Empty)?;
        let raw: Raw = serde_json::from_value(to_json(document).ok_or(ManifestError::NotJson)?)?;
        if raw.display_information.name.is_empty() {
            return Err(ManifestError::NoName);
        }
        let shown = raw.display_information;
        let bot_user = raw.features.bot_user.map(|bot| bot.display_name);
        Ok(Self {
            bot_name: bot_user.unwrap_or(shown.name),
            description: shown.description,
            long_description: shown.long_description,
            background_color: shown.background_color,
            scopes: raw.oauth_config.scopes.bot,
            events: raw.settings.event_subscriptions.bot_events,
            commands: raw.features.slash_commands,
            shortcuts: raw.features.shortcuts,
            socket_mode: raw.settings.socket_mode_enabled,
            interactivity: raw.settings.interactivity.is_enabled,
            home_tab: raw.features.app_home.home_tab_enabled,
            messages_tab: raw.features.app_home.messages_tab_enabled,
            messages_tab_read_only: raw.features.app_home.messages_tab_read_only_enabled,
        })
    }

    /// The granted scopes as Slack lists them in headers and errors.
    pub(super) fn scope_list(&self) -> String {
        let scopes: Vec<_> = self.scopes.iter().map(String::as_str).collect();
        scopes.join(",")
    }

    pub(super) fn command(&self, name: &str) -> Option<&SlashCommand> {
        self.commands.iter().find(|command| command.command == name)
    }
}

/// The YAML tree as JSON; `None` for what JSON has no form for.
fn to_json(yaml: &Yaml<'_>) -> Option<Value> {
    Some(match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(flag)) => (*flag).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) | Yaml::Representation(text, ..) => text.as_ref().into(),
        Yaml::Sequence(items) => items
            .iter()
            .map(to_json)
            .collect::<Option<Vec<_>>>()?
            .into(),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.insert(key.as_str()?.to_owned(), to_json(value)?);
            }
            map.into()
        }
        Yaml::Tagged(_, inner) => to_json(inner)?,
        Yaml::Alias(_) | Yaml::BadValue => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "
display_information: {name: Breakglass}
features:
  bot_user: {display_name: breakglass}
  slash_commands:
    - command: /emergency
      description: Declare
      should_escape: true
  shortcuts:
    - {name: Record, type: message, callback_id: record, description: d}
oauth_config: {scopes: {bot: [commands, 'chat:write']}}
settings:
  event_subscriptions: {bot_events: [message.channels]}
  interactivity: {is_enabled: true}
  socket_mode_enabled: true
";

    #[test]
    fn what_the_manifest_grants_is_read() {
        let manifest = Manifest::parse(SMALL).unwrap();
        assert_eq!(manifest.scope_list(), "chat:write,commands");
        assert!(manifest.events.contains("message.channels"));
        assert!(manifest.command("/emergency").unwrap().should_escape);
        assert_eq!(manifest.shortcuts[0].kind, ShortcutKind::Message);
        assert!(manifest.socket_mode && manifest.interactivity);
        assert_eq!(manifest.bot_name, "breakglass");
    }

    #[test]
    fn json_is_read_as_well() {
        let json =
            r#"{"display_information": {"name": "B"}, "settings": {"socket_mode_enabled": true}}"#;
        assert!(Manifest::parse(json).unwrap().socket_mode);
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_a_reason() {
        assert!(matches!(Manifest::parse(""), Err(ManifestError::Empty)));
        assert!(matches!(
            Manifest::parse("a: [b"),
            Err(ManifestError::Yaml(_))
        ));
        assert!(matches!(
            Manifest::parse("settings: 3"),
            Err(ManifestError::Shape(_))
        ));
        assert!(matches!(
            Manifest::parse("settings: {}"),
            Err(ManifestError::NoName)
        ));
    }
}
