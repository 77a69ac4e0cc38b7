//! What the bot says, as people read it.
//!
//! Changes are brought about by the rules themselves, so that no view is tested
//! on a state that can't be. Everything that is rendered here is held against
//! Slack's limits too.

mod afterwards;
mod capture;
mod card;
mod direct;
mod home;
mod modal;
mod note;
mod offer;
mod question;
mod reading;
mod redact;
mod reply;
mod report;
mod room;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};

use super::{Message, Said, Showing, Words};
use crate::domain::authorization::{Member, Standing};
use crate::domain::change::{
    ActOf, Actor, Capture, Command, Criterion, EmergencyChange, Event, Exception, Genuine, Given,
    MessageRef, NotGenuine, Place, Recorded, Remedy, Source, Submission, decide, declare,
};
use crate::domain::id::{ChangeNumber, ChannelId, GroupId, MessageTs, Permalink, UserId};
use crate::domain::obligation::{Absence, People};
use crate::domain::policy::{Framework, Party, Policy, PolicyVersion};
use crate::domain::text::{Commitment, Salt, Text};
use crate::domain::ticket::{Field, Kind, Section, Told, Writing, content_hash};

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

    fn absence(&self, _: &UserId, _: DateTime<Utc>) -> Option<Absence> {
        None
    }

    fn groups_of(&self, _: &UserId, _: DateTime<Utc>) -> Option<BTreeSet<GroupId>> {
        None
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

/// A message in the incident channel, so many minutes after the request.
fn message(minutes: i64) -> MessageRef {
    let seconds = (began() + TimeDelta::minutes(minutes)).timestamp();
    let address = format!("https://acme.slack.com/archives/C1/p{seconds}000000?thread_ts=1&cid=C1");
    MessageRef {
        channel: ChannelId::new("C1"),
        ts: MessageTs::new(format!("{seconds}.000000")),
        thread: None,
        permalink: Some(Permalink::new(address)),
    }
}

/// The guide's request, as Dana wrote it.
const ASKED: &str = "<@UMORGAN> deploying WAF rule to block SQL injection. Authorization?";

const WHAT: &str = "Deploy WAF rule to block SQL injection";

impl Story {
    /// Dana asks Morgan at 02:14.
    fn asked() -> Self {
        Self::asking(WHAT, vec![person("morgan")])
    }

    fn asking(what: &str, asked: Vec<Party>) -> Self {
        Self::asking_so(what, asked, |command| command)
    }

    /// The same, but for what `so` makes of the request.
    fn asking_so(what: &str, asked: Vec<Party>, so: impl FnOnce(Command) -> Command) -> Self {
        let policy = Policy {
            approvers: vec![person("morgan"), person("sam")],
            escalation: vec![user("sam")],
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
            command: so(Command::Request {
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
                known: Vec::new(),
            }),
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

    /// The same as a rehearsal.
    fn drilled() -> Self {
        Self::asking_so(WHAT, vec![person("morgan")], |mut command| {
            if let Command::Request { drill, .. } = &mut command {
                *drill = true;
            }
            command
        })
    }

    /// Dana asks in a message of the incident channel; `captured` puts it on
    /// record later.
    fn asked_in_a_message(words: &str, captured: Option<Capture>) -> Self {
        let verbatim = Text::new(words, Salt([255; 32]));
        let text = verbatim.clone();
        let mut story = Self::asking_so(WHAT, vec![person("morgan")], |mut command| {
            if let Command::Request {
                verbatim,
                said,
                captured: by,
                ..
            } = &mut command
            {
                *verbatim = text;
                *said = Some(message(0));
                *by = captured;
            }
            command
        });
        let words = Said::Words(words.to_owned());
        story.notebook.0.insert(verbatim.commitment(), words);
        story
    }

    /// The guide's own two lines, put on record by Dana at 02:40.
    fn captured() -> Self {
        let capture = Capture {
            by: user("dana"),
            at: began() + TimeDelta::minutes(26),
        };
        Self::asked_in_a_message(ASKED, Some(capture))
            .minutes(26)
            .answers_in_a_message("morgan", 1, "<@UMORGAN> approved. Deploy.")
    }

    /// Somebody permits it in a message so many minutes after the request.
    fn answers_in_a_message(mut self, who: &str, minutes: i64, words: &str) -> Self {
        let text = self.writes(words);
        let by = Self::member(who);
        let given = Given::Message {
            text,
            message: message(minutes),
            read_so: None,
        };
        self.does_at(who, minutes, Command::Authorize { by, given })
    }

    fn refuses_in_a_message(mut self, who: &str, minutes: i64, words: &str) -> Self {
        let text = self.writes(words);
        let by = Self::member(who);
        let given = Given::Message {
            text,
            message: message(minutes),
            read_so: None,
        };
        self.does_at(who, minutes, Command::Deny { by, given })
    }

    fn reacts(self, who: &str, on: i64) -> Self {
        let by = Self::member(who);
        let given = Given::Reaction {
            name: "white_check_mark".to_owned(),
            on: message(on),
        };
        self.does(who, Command::Authorize { by, given })
    }

    /// Dana says that somebody agreed by word of mouth, a minute ago.
    fn attests(mut self, whom: &str, account: Option<&str>) -> Self {
        let account = account.map(|words| self.writes(words));
        let attested = ActOf {
            by: user("dana"),
            at: self.now,
        };
        let submission = Submission {
            actor: Actor::Person(user("dana")),
            at: self.now - TimeDelta::minutes(1),
            source: Source::Attested,
            command: Command::Authorize {
                by: Self::member(whom),
                given: Given::Spoken { attested, account },
            },
        };
        self.submits(&submission)
    }

    fn stands_in(self, who: &str) -> Self {
        let by = Self::member(who);
        self.does(who, Command::StandIn { by })
    }

    fn edits(mut self, who: &str, minutes: i64, words: &str) -> Self {
        let to = self.writes(words);
        let MessageRef { channel, ts, .. } = message(minutes);
        self.does(who, Command::NoteEdit { channel, ts, to })
    }

    fn deletes(self, who: &str, minutes: i64) -> Self {
        let MessageRef { channel, ts, .. } = message(minutes);
        self.does(who, Command::NoteDeletion { channel, ts })
    }

    fn states(mut self, reason: NotGenuine, words: Option<&str>) -> Self {
        let text = words.map(|words| self.writes(words));
        let by = Self::member("dana");
        self.does("dana", Command::StateReason { by, reason, text })
    }

    fn corrects(mut self, to: DateTime<Utc>) -> Self {
        let from = self.change.deployed_at().unwrap();
        let reason = self.writes("Pressed it after lunch");
        self.does("dana", Command::CorrectDeployment { from, to, reason })
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

    fn submit(self, actor: Actor, source: Source, command: Command) -> Self {
        let submission = Submission {
            actor,
            at: self.now,
            source,
            command,
        };
        self.submits(&submission)
    }

    /// What somebody did so many minutes after the request, put on record now.
    fn does_at(self, who: &str, minutes: i64, command: Command) -> Self {
        let submission = Submission {
            actor: Actor::Person(user(who)),
            at: message(minutes).ts.at().unwrap(),
            source: Source::Slack,
            command,
        };
        self.submits(&submission)
    }

    fn submits(mut self, submission: &Submission) -> Self {
        let recorded =
            decide(&self.change, submission, &self.policy, &Sleepless, self.now).unwrap();
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
        let by = Self::member("dana");
        self.does("dana", Command::StateCriterion { by, criterion })
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
        let written = sections
            .iter()
            .map(|(section, words)| (section.field(), Told::Words(self.writes(words))))
            .collect();
        self.writes_into(written)
    }

    fn writes_into(self, written: Vec<(Field, Told)>) -> Self {
        let fields = written
            .into_iter()
            .map(|(field, told)| Writing {
                field,
                told,
                base: self.change.fields.get(&field).map(|one| one.value.hash()),
                taken_from: None,
            })
            .collect();
        let command = Command::Document {
            by: Some(Self::member("dana")),
            fields,
            standing: Vec::new(),
        };
        self.does("dana", command)
    }

    /// Chooses and links all that a ticket asks for beside words.
    fn chooses_all(mut self) -> Self {
        let link = self.writes("https://acme.slack.com/archives/C0INC/p1773450800000100");
        let chosen = [
            (Field::Category, "hotfix"),
            (Field::SecurityImpact, "reduced"),
            (Field::RollbackExecuted, "not_needed"),
            (Field::OutcomeCode, "successful"),
            (Field::IncidentResolved, "yes"),
            (Field::DataExposed, "no"),
            (Field::Permanence, "permanent"),
        ];
        let mut written: Vec<(Field, Told)> = chosen
            .map(|(field, name)| (field, Told::Choice(name.to_owned())))
            .to_vec();
        written.push((Field::IncidentLink, Told::Links(link)));
        self.writes_into(written)
    }

    /// Fills every field there is, with `words` where words can stand, of a policy
    /// that asks for all of them.
    fn fills_all(mut self, words: &str) -> Self {
        self.policy.systems = (0..30)
            .map(|n| format!("{n:02} {}", "payments-api ".repeat(6).trim()))
            .collect();
        self.policy.frameworks = Framework::ALL.iter().copied().collect();
        let mut written = Vec::new();
        for field in Field::ALL.iter().copied() {
            let told = match field.row().kind {
                Kind::Recorded => continue,
                Kind::Words => Told::Words(self.writes(words)),
                Kind::Choice(names) => Told::Choice((*names.last().unwrap()).to_owned()),
                Kind::Category => Told::Choice("security".to_owned()),
                Kind::Link | Kind::Links => {
                    let address = format!("https://a.example/{}", "&".repeat(2900));
                    Told::Links(self.writes(&address))
                }
                Kind::Person => Told::Person(user("dana")),
                // Only a plan lies ahead.
                Kind::Instant if field == Field::PermanentFixDueAt => {
                    Told::Instant(self.now + TimeDelta::days(30))
                }
                Kind::Instant => Told::Instant(began()),
                Kind::Systems => Told::Systems(self.policy.systems.clone()),
            };
            written.push((field, told));
        }
        self.writes_into(written)
    }

    fn documents_all(self) -> Self {
        self.chooses_all().documents(&[
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
            conditions: None,
            genuine: Genuine {
                is_genuine: true,
                words: None,
            },
        };
        self.does(who, command)
    }

    fn rejects(mut self, who: &str, reason: &str) -> Self {
        let reason = self.writes(reason);
        let by = Self::member(who);
        self.does(
            who,
            Command::Reject {
                by,
                reason,
                remedy: Remedy::Redo,
                owner: None,
                due_at: None,
                genuine: Some(Genuine {
                    is_genuine: true,
                    words: None,
                }),
            },
        )
    }

    fn remediates(mut self, who: &str, how: &str) -> Self {
        let how = self.writes(how);
        let by = Self::member(who);
        self.does(who, Command::Remediate { by, how })
    }

    fn answers(mut self, who: &str, exceptions: &[Exception]) -> Self {
        let cause = self.writes("Nobody who may authorize was on call");
        let remedy = self.writes("A second approver joins the rota");
        self.does(
            who,
            Command::AnswerExceptions {
                by: Self::member(who),
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
            history: &self.history,
            repeat: None,
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
