//! What `doctor` asks Slack: whom the tokens speak for, what they may do, and
//! whether the people, groups and channels of the policy are there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use saphyr::{LoadableYamlNode, Yaml};

use super::{Finding, count, few};
use crate::cli::manifest::MANIFEST;
use crate::cli::serve;
use crate::clock::Clock;
use crate::config::{Config, Door, Secret, Settings};
use crate::domain::authorization::Standing;
use crate::domain::id::{ChannelId, GroupId, UserId, WorkspaceId};
use crate::domain::policy::{Party, Policy, PolicyVersion};
use crate::slack::client::{Identity, SlackClient};
use crate::slack::error::{ErrorCode, SlackError};
use crate::slack::lookup::Lookup;
use crate::slack::survey::{self, Channels};

/// More than the time of a call and the second that a `Date` header rounds away.
const SKEW: TimeDelta = TimeDelta::seconds(5);

/// A minute's error puts an authorization on the wrong side of a deployment, and
/// at five Slack's signatures count as stale.
const WRONG: TimeDelta = TimeDelta::seconds(60);

/// What there is to say of the workspace, and which it is.
pub(super) struct Examined {
    pub(super) findings: Vec<Finding>,
    pub(super) workspace: Option<WorkspaceId>,
}

/// Signs in and looks around.
pub(super) async fn examine(
    settings: &Settings,
    token: &Secret,
    door: Option<Door>,
    clock: &Clock,
) -> Examined {
    let nowhere = |error: &anyhow::Error| Examined {
        findings: vec![
            Finding::failed("workspace", error),
            super::unseen("Slack", "mend that first"),
        ],
        workspace: None,
    };
    let opens_a_socket = matches!(door, Some(Door::Socket { .. }));
    let config = config_of(settings, token, door);
    let client = match serve::client(&config) {
        Ok(client) => client,
        Err(error) => return nowhere(&error),
    };
    let identity = match serve::sign_in(&client, &config).await {
        Ok(identity) => identity,
        Err(error) => return nowhere(&error),
    };
    let mut findings = vec![
        Finding::good(
            "workspace",
            format!(
                "{} ({}), as @{}",
                identity.team,
                identity.workspace.as_str(),
                identity.bot
            ),
        ),
        scopes_of(&identity),
    ];
    if opens_a_socket {
        findings.push(socket(survey::socket(&client).await));
    }
    findings.push(skew(identity.said_at, clock.now()));
    findings.extend(policy(settings, &client, &identity).await);
    Examined {
        findings,
        workspace: Some(identity.workspace),
    }
}

/// Returns what is needed to ask Slack by a token. Without any door it can still be
/// asked.
pub(in crate::cli) fn config_of(settings: &Settings, token: &Secret, door: Option<Door>) -> Config {
    Config {
        database: settings.database.clone(),
        listen: settings.listen,
        metrics_listen: None,
        slack_api_url: settings.slack_api_url.clone(),
        http_timeout: settings.http_timeout,
        largest_group: settings.largest_group,
        policy: settings.policy.clone(),
        sources: settings.sources.clone(),
        witness_url: None,
        backup: None,
        door: door.unwrap_or(Door::Http {
            signing_secret: Secret::new(""),
        }),
        bot_token: token.clone(),
    }
}

/// Holds the token's scopes against the manifest's.
pub(in crate::cli) fn scopes_of(identity: &Identity) -> Finding {
    scopes(&identity.scopes, &wanted())
}

/// Checks that those are there whom one key of a policy names.
pub(in crate::cli) async fn named(
    key: &str,
    policy: &Policy,
    client: &SlackClient,
    identity: &Identity,
) -> Vec<Finding> {
    let mut census = Census::new(client, identity);
    match key {
        "approvers" => {
            census.parties("approvers", &policy.approvers).await;
        }
        "commanders" => {
            census.parties("commanders", &policy.commanders).await;
        }
        "escalation" => census.escalation(policy).await,
        "report_channel" => {
            if let Some(channel) = &policy.report_channel {
                census.report_channel(channel).await;
            }
        }
        "incident_channels" => census.incident_channels(policy, &identity.bot).await,
        _ => {}
    }
    census.findings
}

/// Returns the scopes that the manifest asks for.
fn wanted() -> BTreeSet<String> {
    let documents = Yaml::load_from_str(MANIFEST).unwrap_or_default();
    let path = ["oauth_config", "scopes", "bot"];
    let scopes = documents.first().and_then(|document| {
        path.iter()
            .try_fold(document, |node, key| node.as_mapping_get(key))
    });
    scopes
        .and_then(Yaml::as_sequence)
        .into_iter()
        .flatten()
        .filter_map(|scope| scope.as_str().map(str::to_owned))
        .collect()
}

fn scopes(granted: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Finding {
    let missing: Vec<_> = wanted.difference(granted).collect();
    let superfluous: Vec<_> = granted.difference(wanted).collect();
    if !missing.is_empty() {
        Finding::bad(
            "scopes",
            format!("the token lacks {}", few(missing)),
            "add them on your app's page, OAuth & Permissions, and install the app again",
        )
    } else if superfluous.is_empty() {
        Finding::good(
            "scopes",
            format!("the {} of the manifest, and no more", wanted.len()),
        )
    } else {
        Finding::mind(
            "scopes",
            format!(
                "the token may do more than the bot needs: {}",
                few(superfluous)
            ),
            "take them away on your app's page, OAuth & Permissions, and install the app again",
        )
    }
}

/// Says whether Slack opens a connection.
pub(in crate::cli) fn socket(opened: Result<(), SlackError>) -> Finding {
    let page = "your app's page, Basic Information, App-Level Tokens";
    match opened {
        Ok(()) => Finding::good("Socket Mode", "Slack opens a connection"),
        Err(error) if error.concerns_the_token() => Finding::bad(
            "Socket Mode",
            format!("Slack refuses SLACK_APP_TOKEN ({})", serve::reason(&error)),
            format!("make a new token with connections:write on {page}"),
        ),
        Err(SlackError::Refused {
            code: code @ ErrorCode::MissingScope { .. },
        }) => Finding::bad(
            "Socket Mode",
            format!("SLACK_APP_TOKEN lacks connections:write ({code})"),
            format!("make a new token with it on {page}"),
        ),
        Err(SlackError::RateLimited { retry_after }) => Finding::mind(
            "Socket Mode",
            "Slack was asked too often to say",
            format!("ask again in {} s", retry_after.as_secs()),
        ),
        Err(error) => Finding::bad(
            "Socket Mode",
            error.to_string(),
            "see that Socket Mode is switched on, on your app's page",
        ),
    }
}

fn skew(there: Option<DateTime<Utc>>, here: DateTime<Utc>) -> Finding {
    let Some(there) = there else {
        return Finding::mind(
            "clock",
            "Slack didn't say what time it is there",
            "make sure that this machine keeps time by NTP",
        );
    };
    let ahead = here - there;
    let (off, side) = if ahead < TimeDelta::zero() {
        (-ahead, "behind")
    } else {
        (ahead, "ahead of")
    };
    let found = format!("this machine is {} s {side} Slack", off.num_seconds());
    if off <= SKEW {
        Finding::good("clock", "this machine and Slack agree")
    } else if off <= WRONG {
        Finding::mind("clock", found, "let this machine keep time by NTP")
    } else {
        Finding::bad(
            "clock",
            found,
            "let this machine keep time by NTP; the record's instants would be wrong",
        )
    }
}

/// Checks that those whom the policy names are there.
async fn policy(settings: &Settings, client: &SlackClient, identity: &Identity) -> Vec<Finding> {
    // Its form was checked when it was read.
    let policy = match settings.policy.policy(PolicyVersion(1)) {
        Ok(policy) => policy,
        Err(error) => return vec![Finding::failed("policy", &error)],
    };
    let mut census = Census::new(client, identity);
    if policy.is_written() {
        let approvers = census.parties("approvers", &policy.approvers).await;
        if approvers.is_some_and(|people| people.len() == 1) {
            census.findings.push(Finding::mind(
                "approvers",
                "only one person may authorize and approve, and never a change of their own",
                "name a second one in policy.approvers",
            ));
        }
    } else {
        census.findings.push(Finding::mind(
            "policy",
            "none is written, so any full member may authorize and approve",
            "name those who may as policy.approvers in breakglass.toml",
        ));
    }
    for (role, parties) in [
        ("commanders", &policy.commanders),
        ("security", &policy.security),
        ("database", &policy.database),
        ("compliance", &policy.compliance),
        ("administrators", &policy.administrators),
        ("evidence", &policy.evidence),
    ] {
        if !parties.is_empty() {
            census.parties(role, parties).await;
        }
    }
    census.escalation(&policy).await;
    match &policy.report_channel {
        Some(channel) => census.report_channel(channel).await,
        None => census.findings.push(Finding::mind(
            "report channel",
            "none is named, so no weekly report is posted",
            "name one as policy.report_channel in breakglass.toml",
        )),
    }
    census.incident_channels(&policy, &identity.bot).await;
    census.findings
}

/// Counts the people, groups and channels that a policy names.
struct Census<'a> {
    lookup: Lookup,
    client: &'a SlackClient,
    // Read once, when the first group is met.
    groups: Option<BTreeMap<GroupId, String>>,
    findings: Vec<Finding>,
}

impl<'a> Census<'a> {
    fn new(client: &'a SlackClient, identity: &Identity) -> Self {
        Self {
            lookup: Lookup::new(client.clone(), identity.workspace.clone(), Clock::system()),
            client,
            groups: None,
            findings: Vec::new(),
        }
    }

    /// Checks everybody of a list; returns who they are, if all could be asked.
    async fn parties(
        &mut self,
        check: &'static str,
        parties: &[Party],
    ) -> Option<BTreeSet<UserId>> {
        let mut people = BTreeSet::new();
        let mut all_asked = true;
        let n_before = self.findings.len();
        for party in parties {
            let asked = match party {
                Party::Person(id) => self.person(check, id).await.map(|stands| {
                    people.extend(stands.then(|| id.clone()));
                }),
                Party::Group(id) => self
                    .group(check, id)
                    .await
                    .map(|members| people.extend(members)),
            };
            if let Err(error) = asked {
                all_asked = false;
                self.findings.push(unasked(check, &error));
            }
        }
        if self.findings.len() == n_before {
            self.findings.push(Finding::good(
                check,
                count(people.len(), "person", "people"),
            ));
        }
        all_asked.then_some(people)
    }

    /// Returns whether somebody may act; says why not.
    async fn person(&mut self, check: &'static str, id: &UserId) -> Result<bool, SlackError> {
        let member = self.lookup.member(id).await?;
        let why = match member.standing {
            Standing::Full => return Ok(true),
            Standing::Guest => "is a guest",
            Standing::Bot => "is a bot",
            Standing::Deactivated => "has been deactivated",
            Standing::Foreign => "isn't in this workspace",
        };
        let who = if member.name == id.as_str() {
            id.as_str().to_owned()
        } else {
            format!("{} ({})", member.name, id.as_str())
        };
        self.findings.push(Finding::bad(
            check,
            format!("{who} {why}, and may not act"),
            format!("name somebody else in policy.{check}"),
        ));
        Ok(false)
    }

    /// Returns who is in a group; says what is wrong with it.
    async fn group(
        &mut self,
        check: &'static str,
        id: &GroupId,
    ) -> Result<BTreeSet<UserId>, SlackError> {
        if self.groups.is_none() {
            self.groups = Some(survey::groups(self.client).await?);
        }
        let handle = self.groups.as_ref().and_then(|groups| groups.get(id));
        let Some(handle) = handle.cloned() else {
            self.findings.push(Finding::bad(
                check,
                format!("there is no user group {} in use", id.as_str()),
                format!("correct it in policy.{check}, or switch the group on again in Slack"),
            ));
            return Ok(BTreeSet::new());
        };
        let members = self.lookup.group_members(id).await?;
        // One who may act is enough for the group to serve.
        for member in &members {
            if self.lookup.member(member).await?.standing == Standing::Full {
                return Ok(members);
            }
        }
        let found = if members.is_empty() {
            format!("@{handle} ({}) has no members", id.as_str())
        } else {
            format!(
                "@{handle} ({}) has only guests, bots and people who have left",
                id.as_str()
            )
        };
        self.findings.push(Finding::bad(
            check,
            found,
            "add full members to it in Slack",
        ));
        Ok(BTreeSet::new())
    }

    async fn escalation(&mut self, policy: &Policy) {
        if policy.escalation.is_empty() {
            self.findings.push(Finding::mind(
                "escalation",
                "nobody is named, so only the channel hears of a missed deadline",
                "name a person as policy.escalation in breakglass.toml",
            ));
            return;
        }
        for id in &policy.escalation {
            match self.person("escalation", id).await {
                Ok(true) => {
                    // Asked a moment ago, so it is remembered.
                    let name = self.lookup.known_member(id).await;
                    let name = name.map_or_else(|_| id.as_str().to_owned(), |member| member.name);
                    self.findings.push(Finding::good("escalation", name));
                }
                Ok(false) => {}
                Err(error) => self.findings.push(unasked("escalation", &error)),
            }
        }
    }

    async fn report_channel(&mut self, id: &ChannelId) {
        const CHECK: &str = "report channel";
        let facts = match self.lookup.channel(id).await {
            Ok(facts) => facts,
            Err(error) => return self.findings.push(unasked(CHECK, &error)),
        };
        let finding = match &facts.name {
            None => Finding::bad(
                CHECK,
                format!("{} can't be seen by the bot", id.as_str()),
                "correct policy.report_channel, or invite the bot if the channel is private",
            ),
            Some(name) if facts.archived => Finding::bad(
                CHECK,
                format!("#{name} is archived"),
                "choose another as policy.report_channel",
            ),
            Some(name) if !facts.bot_is_member => Finding::bad(
                CHECK,
                format!("the bot isn't in #{name}"),
                "invite it there",
            ),
            Some(name) => Finding::good(CHECK, format!("#{name}")),
        };
        self.findings.push(finding);
    }

    async fn incident_channels(&mut self, policy: &Policy, bot: &str) {
        let finding = match survey::channels(self.client).await {
            Ok(channels) => incident_channels(policy, &channels, bot),
            Err(error) => unasked("incident channels", &error),
        };
        self.findings.push(finding);
    }
}

/// What couldn't be asked is neither good nor bad.
fn unasked(check: &'static str, error: &SlackError) -> Finding {
    let mend = match error {
        SlackError::RateLimited { retry_after } => {
            format!("run doctor again in {} s", retry_after.as_secs())
        }
        SlackError::Refused { .. } => "mend the scopes and run doctor again".to_owned(),
        SlackError::Unreachable
        | SlackError::Unknown
        | SlackError::Malformed
        | SlackError::ForeignAddress => "run doctor again".to_owned(),
    };
    Finding::mind(check, format!("couldn't be checked ({error})"), mend)
}

fn incident_channels(policy: &Policy, channels: &Channels, bot: &str) -> Finding {
    const CHECK: &str = "incident channels";
    let theirs: Vec<_> = channels
        .listed
        .iter()
        .filter(|channel| policy.is_incident_channel(&channel.name))
        .collect();
    let missing: Vec<_> = theirs
        .iter()
        .filter(|channel| !channel.bot_is_member)
        .map(|channel| format!("#{}", channel.name))
        .collect();
    let seen = if channels.all {
        "private ones that it isn't in can't be seen"
    } else {
        "the workspace is large, and not all channels were read"
    };
    if !missing.is_empty() {
        Finding::mind(
            CHECK,
            format!("@{bot} isn't in {}", few(missing)),
            format!("type /invite @{bot} in each ({seen})"),
        )
    } else if theirs.is_empty() {
        Finding::mind(
            CHECK,
            format!(
                "no channel that the bot sees is named like {}",
                few(&policy.incident_channels)
            ),
            format!("correct policy.incident_channels, or invite the bot ({seen})"),
        )
    } else {
        Finding::good(
            CHECK,
            format!("@{bot} is in all {} that it sees ({seen})", theirs.len()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::slack::survey::Listed;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_manifest_is_read_as_slack_reads_it() {
        let wanted = wanted();
        assert!(wanted.contains("chat:write") && wanted.contains("commands"));
        assert!(wanted.iter().all(|scope| !scope.contains('#')));
    }

    #[test]
    fn a_missing_scope_is_a_fault_and_a_superfluous_one_is_told() {
        let wanted = set(&["chat:write", "commands"]);
        assert_eq!(scopes(&wanted, &wanted).verdict, Verdict::Good);
        let lacking = scopes(&set(&["commands", "admin"]), &wanted);
        assert_eq!(lacking.verdict, Verdict::Bad);
        assert_eq!(lacking.found, "the token lacks chat:write");
        let more = scopes(&set(&["commands", "admin", "chat:write"]), &wanted);
        assert_eq!(more.verdict, Verdict::Mind);
        assert!(more.found.ends_with(": admin"));
    }

    #[test]
    fn a_clock_that_is_wrong_is_told_by_how_much() {
        let there = DateTime::from_timestamp(1_760_000_000, 0).unwrap();
        let at = |seconds| skew(Some(there), there + TimeDelta::seconds(seconds));
        assert_eq!(at(1).verdict, Verdict::Good);
        assert_eq!(at(-30).verdict, Verdict::Mind);
        assert_eq!(at(-30).found, "this machine is 30 s behind Slack");
        assert_eq!(at(61).verdict, Verdict::Bad);
        assert_eq!(skew(None, there).verdict, Verdict::Mind);
    }

    #[test]
    fn an_incident_channel_without_the_bot_is_named() {
        let channel = |name: &str, bot_is_member| Listed {
            id: ChannelId::new("C0000"),
            name: name.to_owned(),
            bot_is_member,
        };
        let mut policy = Policy::unwritten(PolicyVersion(1));
        let mut channels = Channels {
            listed: vec![channel("inc-a", true), channel("general", false)],
            all: true,
        };
        let good = incident_channels(&policy, &channels, "b");
        assert_eq!(good.verdict, Verdict::Good);
        channels.listed.push(channel("inc-z", false));
        let missing = incident_channels(&policy, &channels, "b");
        assert_eq!(missing.verdict, Verdict::Mind);
        assert_eq!(missing.found, "@b isn't in #inc-z");
        policy.incident_channels = vec!["x".to_owned()];
        let none = incident_channels(&policy, &channels, "b");
        assert_eq!(none.verdict, Verdict::Mind);
    }
}
