//! `breakglass manifest`: the app, as it is pasted on Slack's page.

use anyhow::{Context as _, bail};
use clap::Args;
use url::Url;

/// The app as it stands: Socket Mode.
pub(super) const MANIFEST: &str = include_str!("../../manifest.yml");

/// What `breakglass manifest` takes.
#[derive(Debug, Clone, Args)]
pub struct ManifestArgs {
    /// Where Slack reaches the bot from outside, for signed HTTP instead of Socket
    /// Mode, such as <https://breakglass.example.com>
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Prints the manifest.
pub fn run(args: &ManifestArgs) -> anyhow::Result<()> {
    match &args.url {
        None => super::print(MANIFEST),
        Some(url) => super::print(over_http(MANIFEST, url)?),
    }
}

/// A line of the manifest, and what the HTTP door puts in its place. Its comments and
/// its order stay, so that it can be held against ours.
fn lines(host: &str) -> [(&'static str, String); 5] {
    [
        (
            "    - command: /emergency\n",
            format!("    - command: /emergency\n      url: {host}/slack/commands\n"),
        ),
        (
            "  event_subscriptions:\n",
            format!("  event_subscriptions:\n    request_url: {host}/slack/events\n"),
        ),
        (
            "  interactivity:\n    is_enabled: true\n",
            format!(
                "  interactivity:\n    is_enabled: true\n    request_url: {host}/slack/interactions\n"
            ),
        ),
        (
            "  socket_mode_enabled: true\n",
            "  socket_mode_enabled: false\n".to_owned(),
        ),
        (
            "As it stands it uses Socket Mode and needs no public\n# address; for signed HTTP, see the README.",
            format!("Slack's deliveries come\n# over signed HTTP to {host}."),
        ),
    ]
}

fn over_http(manifest: &str, url: &str) -> anyhow::Result<String> {
    let parsed = Url::parse(url).ok().filter(|url| {
        url.scheme() == "https"
            && url.host().is_some()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    let Some(parsed) = parsed else {
        bail!("Slack delivers to an address like https://breakglass.example.com; {url} isn't one");
    };
    let host = parsed.as_str().trim_end_matches('/');
    let mut text = manifest.to_owned();
    for (line, instead) in lines(host) {
        let (before, after) = text
            .split_once(line)
            .with_context(|| format!("the manifest lacks {}", line.trim()))?;
        text = format!("{before}{instead}{after}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use saphyr::{LoadableYamlNode as _, Yaml};

    use super::*;

    fn at<'y>(yaml: &'y Yaml<'y>, path: &[&str]) -> Option<&'y Yaml<'y>> {
        path.iter()
            .try_fold(yaml, |node, key| match key.parse::<usize>() {
                Ok(n) => node.as_sequence().and_then(|list| list.get(n)),
                Err(_) => node.as_mapping_get(key),
            })
    }

    #[test]
    fn over_http_every_door_has_its_address_and_nothing_else_is_changed() {
        let text = over_http(MANIFEST, "https://bg.example.com/").unwrap();
        let yaml = Yaml::load_from_str(&text).unwrap();
        let said = |path: &[&str]| at(&yaml[0], path).and_then(Yaml::as_str).map(str::to_owned);
        let url = |path: &str| Some(format!("https://bg.example.com/slack/{path}"));
        assert_eq!(
            said(&["features", "slash_commands", "0", "url"]),
            url("commands")
        );
        let events = ["settings", "event_subscriptions", "request_url"];
        assert_eq!(said(&events), url("events"));
        let buttons = ["settings", "interactivity", "request_url"];
        assert_eq!(said(&buttons), url("interactions"));
        let socket = at(&yaml[0], &["settings", "socket_mode_enabled"]);
        assert_eq!(socket.and_then(Yaml::as_bool), Some(false));
        let kept = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            lines
                .filter(|line| !line.contains("/slack/") && !line.contains("socket_mode_enabled"))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(kept(&text), kept(MANIFEST));
    }

    #[test]
    fn an_address_that_slack_could_not_use_is_refused() {
        for bad in [
            "bg.example.com",
            "http://bg.example.com",
            "https://a.b/?x=1",
            "https://u:p@a.b",
        ] {
            let said = over_http(MANIFEST, bad).unwrap_err().to_string();
            assert!(said.contains("https://breakglass.example.com"), "{said}");
        }
    }
}
