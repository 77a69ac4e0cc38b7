//! What the bot says, as people read it.
//!
//! Changes are brought about by the rules themselves, so that no view is tested
//! on a state that can't be. Everything that is rendered here is held against
//! Slack's limits too.

mod card;
mod direct;
mod modal;
mod note;
mod reading;
mod reply;
mod room;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};

use super::{Message, Said, Showing, Words};
use crate::domain::authorization::{Member, Standing};
use crate::domain::change::{
    Actor, Command, Criterion, EmergencyChange, Event, Exception, Given, Place, Recorded, Source,
    Submission, decide, declare,
};
use crate::domain::id::{ChangeNumber, ChannelId, GroupId, UserId};
use crate::domain::obligation::People;
use crate::domain::policy::{Party, Policy, PolicyVersion};
use crate::domain::text::{Commitment, Salt, Text};
use crate::domain::ticket::{Section, content_hash};

/// The words of a test.
#[derive(Default)]
struct Notebook(HashMap<Commitment, Said>);

impl Words for Notebook {
    fn said(&self, text: &Commitment) -> Said {
        self.0.get(text).cloned().unwrap_or(Said::Withheld)
    }
}

/// People who live by UTC and never sleep, so that rungs stand where they are.
struct Sleepless;

impl People for Sleepless {
    fn local(&self, _: Option<&UserId>, at: DateTime<Utc>) -> NaiveDateTime {
        at.naive_utc()
    }

    fn instant(&self, _: Option<&UserId>, local: NaiveDateTime) -> DateTime<Utc> {
        local.and_utc()
    }

    fn active_at(&self, _: &UserId) -> Option<DateTime<Utc>> {
        Some(began())
    }
}

/// 02:14 on a Saturday.
fn began() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 28, 2, 14, 0).unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(format!("U{}", name.to_uppercase()))
}

fn person(name: &str) -> Party {
    Party::Person(user(name))
}

/// A change that grows by what people do.
struct Story {
    change: EmergencyChange,
    policy: Policy,
    notebook: Notebook,
    now: DateTime<Utc>,
    /// All that happened.
    history: Vec<Recorded>,
    n_texts: u8,
}

const WHAT: &str = "Deploy WAF rule to block SQL injection";

impl Story {
    /// Dana asks Morgan at 02:14.
    fn asked() -> Self {
        Self::asking(WHAT, vec![person("morgan")])
    }

    fn asking(what: &str, asked: Vec<Party>) -> Self {
        let policy = Policy {
            approvers: vec![person("morgan"), person("sam")],
            escalation: Some(user("sam")),
            ..Policy::unwritten(PolicyVersion(1))
        };
        let mut notebook = Notebook::default();
        let text = Text::new(what, Salt([0; 32]));
        notebook
            .0
            .insert(text.commitment(), Said::Words(what.to_owned()));
        let submission = Submission {
            actor: Actor::Person(user("dana")),
            at: began(),
            source: Source::Receipt,
            command: Command::Request {
                what: text.clone(),
                verbatim: text,
                asked,
                place: Place {
                    channel: ChannelId::new("C1"),
                    thread: None,
                },
                criterion: None,
                said: None,
                captured: None,
                drill: false,
            },
        };
        let history = declare(ChangeNumber(1001), &submission, &policy).unwrap();
        Self {
            change: EmergencyChange::replay(ChangeNumber(1001), &history).unwrap(),
            policy,
            notebook,
            now: began(),
            history,
            n_texts: 0,
        }
    }

    /// Lets time pass until so long after the request; the clock ticks there.
    fn after(mut self, since: TimeDelta) -> Self {
        self.now = began() + since;
        self.submit(Actor::Clock, Source::Clock, Command::Tick)
    }

    fn minutes(self, n: i64) -> Self {
        self.after(TimeDelta::minutes(n))
    }

    fn hours(self, n: i64) -> Self {
        self.after(TimeDelta::hours(n))
    }

    fn submit(mut self, actor: Actor, source: Source, command: Command) -> Self {
        let submission = Submission {
            actor,
            at: self.now,
            source,
            command,
        };
        let recorded = decide(
            &self.change,
            &submission,
            &self.policy,
            &Sleepless,
            self.now,
        )
        .unwrap();
        for one in recorded {
            self.change.apply(&one);
            self.history.push(one);
        }
        self
    }

    fn does(self, who: &str, command: Command) -> Self {
        self.submit(Actor::Person(user(who)), Source::Slack, command)
    }

    fn member(who: &str) -> Member {
        Member {
            id: user(who),
            standing: Standing::Full,
            groups: BTreeSet::new(),
        }
    }

    fn writes(&mut self, words: &str) -> Text {
        self.n_texts += 1;
        let text = Text::new(words, Salt([self.n_texts; 32]));
        self.notebook
            .0
            .insert(text.commitment(), Said::Words(words.to_owned()));
        text
    }

    fn authorizes(self, who: &str) -> Self {
        let by = Self::member(who);
        let given = Given::Button;
        self.does(who, Command::Authorize { by, given })
    }

    fn denies(self, who: &str) -> Self {
        let by = Self::member(who);
        self.does(
            who,
            Command::Deny {
                by,
                given: Given::Button,
            },
        )
    }

    fn goes_ahead(self, who: &str) -> Self {
        let by = Self::member(who);
        self.does(who, Command::GoAhead { by })
    }

    fn commands(self, who: &str) -> Self {
        let by = Self::member(who);
        self.does(who, Command::TakeCommand { by })
    }

    fn asks(self, asked: Vec<Party>) -> Self {
        self.does("dana", Command::AskSomeoneElse { asked })
    }

    fn because(self, criterion: Criterion) -> Self {
        self.does("dana", Command::StateCriterion { criterion })
    }

    fn deploys(self, who: &str) -> Self {
        let command = Command::RecordDeployment {
            at: self.now,
            source: Source::Slack,
            by: user(who),
        };
        self.does(who, command)
    }

    fn deployed_earlier(self, who: &str, ago: TimeDelta) -> Self {
        let command = Command::RecordDeployment {
            at: self.now - ago,
            source: Source::Attested,
            by: user(who),
        };
        self.does(who, command)
    }

    fn documents(mut self, sections: &[(Section, &str)]) -> Self {
        let sections = sections
            .iter()
            .map(|(section, words)| (*section, self.writes(words)))
            .collect();
        self.does("dana", Command::Document { sections })
    }

    fn documents_all(self) -> Self {
        self.documents(&[
            (
                Section::WhatWasDone,
                "Deployed WAF rule 1042 on the load balancer",
            ),
            (
                Section::Testing,
                "Rule blocks the pattern, no false positives",
            ),
            (Section::RollbackPlan, "Disable rule 1042"),
            (Section::Outcome, "Attack blocked, no customer data exposed"),
            (Section::LessonsLearned, "Need predefined WAF rules"),
        ])
    }

    fn approves(self, who: &str) -> Self {
        let command = Command::Approve {
            by: Self::member(who),
            seen: content_hash(&self.change),
        };
        self.does(who, command)
    }

    fn rejects(mut self, who: &str, reason: &str) -> Self {
        let reason = self.writes(reason);
        let by = Self::member(who);
        self.does(who, Command::Reject { by, reason })
    }

    fn remediates(mut self, who: &str, how: &str) -> Self {
        let how = self.writes(how);
        self.does(who, Command::Remediate { how })
    }

    fn answers(mut self, who: &str, exceptions: &[Exception]) -> Self {
        let cause = self.writes("Nobody who may authorize was on call");
        let remedy = self.writes("A second approver joins the rota");
        self.does(
            who,
            Command::AnswerExceptions {
                exceptions: exceptions.iter().copied().collect(),
                cause,
                remedy,
                owner: user("dana"),
            },
        )
    }

    fn showing(&self) -> Showing<'_> {
        Showing {
            change: &self.change,
            policy: &self.policy,
            texts: &self.notebook,
            now: self.now,
        }
    }

    /// The last event that `is_wanted`.
    fn event(&self, is_wanted: impl Fn(&Event) -> bool) -> &Recorded {
        self.history
            .iter()
            .rev()
            .find(|one| is_wanted(&one.event))
            .unwrap()
    }

    /// Authorized at 02:15, commanded, deployed at 02:19 because production was
    /// down: nothing but the paperwork is owed.
    fn deployed() -> Self {
        Self::asked()
            .because(Criterion::ProductionDown)
            .minutes(1)
            .authorizes("morgan")
            .minutes(2)
            .commands("riley")
            .minutes(5)
            .deploys("dana")
    }

    /// Nobody answers; Dana goes ahead and deploys.
    fn unanswered() -> Self {
        Self::asked().minutes(3).minutes(6)
    }
}

/// What a person reads.
fn read(message: &Message) -> String {
    reading::message(message)
}

fn group(name: &str) -> Party {
    Party::Group(GroupId::new(format!("S{}", name.to_uppercase())))
}
