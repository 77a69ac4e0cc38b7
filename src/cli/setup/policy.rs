//! Asks who may do what, and looks at once whether they are there.

use crate::clock::Clock;
use crate::config::File;
use crate::domain::policy::PolicyVersion;
use crate::slack::lookup::{Lookup, Named};
use crate::slack::survey;

use super::super::doctor;
use super::file::{line, list_line};
use super::{Setup, SignedIn};

/// One thing that the policy says.
struct Question {
    key: &'static str,
    asks: &'static str,
    /// Whether several may stand there.
    is_list: bool,
}

const QUESTIONS: [Question; 6] = [
    Question {
        key: "approvers",
        asks: "Who may authorize and approve? People and user groups, such as @morgan, @eng-managers or U0123ABCD; empty: any full member",
        is_list: true,
    },
    Question {
        key: "commanders",
        asks: "Who may command an incident? Empty: any full member",
        is_list: true,
    },
    Question {
        key: "escalation",
        asks: "Who hears of a missed deadline? One person",
        is_list: false,
    },
    Question {
        key: "report_channel",
        asks: "Which channel gets the weekly report? Such as #engineering",
        is_list: false,
    },
    Question {
        key: "incident_channels",
        asks: "What are incident channels called? `*` stands for anything; empty: inc-*, incident*",
        is_list: true,
    },
    Question {
        key: "zone",
        asks: "In which time zone does the week begin? Such as Europe/Berlin; empty: UTC",
        is_list: false,
    },
];

impl Setup {
    /// Asks for each thing that isn't written yet, until the answer is good or empty.
    pub(super) async fn ask_policy(&mut self, slack: &SignedIn) -> anyhow::Result<()> {
        let usual = crate::config::PolicyFile::default();
        let written = self.file.policy.clone();
        for question in &QUESTIONS {
            let is_written = match question.key {
                "approvers" => !written.approvers.is_empty(),
                "commanders" => !written.commanders.is_empty(),
                "escalation" => !written.escalation.is_empty(),
                "report_channel" => written.report_channel.is_some(),
                "incident_channels" => written.incident_channels != usual.incident_channels,
                _ => written.zone != usual.zone,
            };
            if is_written {
                self.asking.say(&format!("{} is kept.", question.key));
                continue;
            }
            while let Some(answer) = self.asking.open(question.key, question.asks)? {
                match self.judged(question, &answer, slack).await {
                    Ok(value) => {
                        self.policy.push((question.key, value));
                        break;
                    }
                    Err(wrong) => self.asking.say(&format!("✗ {wrong}")),
                }
            }
        }
        Ok(())
    }

    /// Returns what is to be written, or why not.
    async fn judged(
        &self,
        question: &Question,
        answer: &str,
        slack: &SignedIn,
    ) -> Result<String, String> {
        let lookup = Lookup::new(
            slack.client.clone(),
            slack.identity.workspace.clone(),
            Clock::system(),
        );
        let mut words = Vec::new();
        let parts: Vec<&str> = if question.is_list {
            answer.split(',').map(str::trim).collect()
        } else {
            vec![answer.trim()]
        };
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            words.push(resolved(question.key, part, slack, &lookup).await?);
        }
        let value = match words.as_slice() {
            [one] if !question.is_list => line(one),
            many => list_line(many),
        };
        let text = format!("[policy]\n{} = {value}\n", question.key);
        let file = File::read(text.as_bytes()).map_err(|faults| {
            let faults = faults.iter().map(|fault| fault.wrong.to_string());
            faults.collect::<Vec<_>>().join("; ")
        })?;
        let policy = file
            .policy
            .policy(PolicyVersion(1))
            .map_err(|error| super::super::one_line(&error))?;
        let findings = doctor::named(question.key, &policy, &slack.client, &slack.identity).await;
        let bad: Vec<_> = findings
            .iter()
            .filter(|finding| finding.is_bad())
            .map(doctor::Finding::in_words)
            .collect();
        if bad.is_empty() {
            Ok(value)
        } else {
            Err(bad.join("; "))
        }
    }
}

/// Finds the id that a name in Slack means; everything else stays as it is written.
async fn resolved(
    key: &str,
    word: &str,
    slack: &SignedIn,
    lookup: &Lookup,
) -> Result<String, String> {
    let unasked = |error: crate::slack::error::SlackError| {
        format!("{word} can't be looked up ({error}); give the id instead")
    };
    if key == "report_channel" {
        let Some(name) = word.strip_prefix('#') else {
            return Ok(word.to_owned());
        };
        let channels = survey::channels(&slack.client).await.map_err(unasked)?;
        let found = channels.listed.iter().find(|one| one.name == name);
        return found.map(|one| one.id.as_str().to_owned()).ok_or_else(|| {
            format!("the bot sees no channel {word}; correct it, or invite the bot there first")
        });
    }
    let Some(handle) = word.strip_prefix('@') else {
        return Ok(word.to_owned());
    };
    let person = match lookup.user_named(handle).await.map_err(unasked)? {
        Named::One(id) => vec![id.as_str().to_owned()],
        Named::Several(ids) => ids.iter().map(|id| id.as_str().to_owned()).collect(),
        Named::Nobody => Vec::new(),
    };
    let group = match lookup.group_named(handle).await.map_err(unasked)? {
        Named::One(id) => vec![id.as_str().to_owned()],
        Named::Several(ids) => ids.iter().map(|id| id.as_str().to_owned()).collect(),
        Named::Nobody => Vec::new(),
    };
    let mut found = [person, group].concat();
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Ok(id),
        (None, _) => Err(format!(
            "nobody is called {word}; copy the id from the profile in Slack"
        )),
        (Some(last), false) => {
            found.push(last);
            Err(format!(
                "{word} may be any of {}; give the id of one",
                found.join(", ")
            ))
        }
    }
}
