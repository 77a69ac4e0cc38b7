//! What somebody typed into a form or a line, given back when it was refused: field
//! by field, under the names that the form gave them, and all of it.

use chrono::{DateTime, Utc};

use crate::domain::id::UserId;
use crate::domain::policy::Policy;
use crate::domain::text::Commitment;
use crate::domain::ticket::{Field, Value};
use crate::gesture::{Ask, Gesture};

use super::{Said, Words, say};

/// One thing that somebody put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// What the form called it; nothing: it was all there was.
    pub label: Option<String>,
    /// What they put in, safe to show.
    pub words: String,
}

/// Returns what a gesture put in, in the order of its form; nothing for a press of a
/// button.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each form, in the order of its inputs"
)]
pub fn typed(gesture: &Gesture, words: &dyn Words, policy: &Policy) -> Vec<Typed> {
    let mut form = Form {
        words,
        policy,
        typed: Vec::new(),
    };
    match &gesture.ask {
        // Of a request's texts the verbatim one says it all.
        Ask::Request { verbatim, .. } => form.alone(verbatim),
        Ask::Document {
            sections,
            criterion,
            ..
        } => {
            form.say("Why it couldn't wait", criterion.map(say::criterion));
            for (field, value) in sections {
                form.field(*field, value);
            }
        }
        Ask::Reject {
            reason,
            remedy,
            owner,
            due_at,
            genuine,
            ..
        } => {
            let genuine = genuine.as_ref();
            form.text("Why you reject it", Some(reason));
            form.genuine(genuine.map(|said| (said.is_genuine, said.words.as_ref())));
            form.say("How it is put right", remedy.map(say::remedy));
            form.person("By whom", owner.as_ref());
            form.instant("By when", *due_at);
        }
        Ask::AnswerExceptions {
            exceptions,
            cause,
            remedy,
            owner,
            ..
        } => {
            let which = exceptions.iter().map(|one| say::exception(*one).to_owned());
            form.say("Which exceptions", Some(&say::listed(which)));
            form.text("How it came to that", Some(cause));
            form.text("What is done about it", Some(remedy));
            form.person("Who does it", Some(owner));
        }
        Ask::RecordMeeting {
            held_at,
            minutes,
            improvements,
            ..
        } => {
            form.instant("When the meeting was", Some(*held_at));
            form.text("Where its minutes are", minutes.as_ref());
            form.text("What you will do differently", improvements.as_ref());
        }
        Ask::AddFollowUp {
            what,
            owner,
            due_at,
            ..
        } => {
            form.text("What is to be done", Some(what));
            form.person("By whom", Some(owner));
            form.instant("By when", Some(*due_at));
        }
        Ask::Approve {
            genuine,
            conditions,
            ..
        } => {
            let genuine = genuine.as_ref();
            form.genuine(genuine.map(|said| (said.is_genuine, said.words.as_ref())));
            form.text("On what condition", conditions.as_ref());
        }
        Ask::ReviewGenuineness { genuine, .. } => {
            form.genuine(Some((genuine.is_genuine, genuine.words.as_ref())));
        }
        Ask::Attest {
            who, when, account, ..
        } => {
            form.person("Who authorized it", Some(who));
            form.text("When", when.as_ref());
            form.text("How it was said", account.as_ref());
        }
        Ask::CorrectDeployment { when, reason, .. } => {
            form.text("When it was deployed", Some(when));
            form.text("Why", Some(reason));
        }
        Ask::StateReason { reason, text, .. } => {
            form.say("The reason", Some(say::not_genuine(*reason)));
            form.text("In your words", text.as_ref());
        }
        Ask::Capture {
            what,
            requester,
            criterion,
            deployed,
            ..
        } => {
            form.text("What is changed", what.as_ref());
            form.person("Who asked", requester.as_ref());
            form.say("Why it couldn't wait", criterion.map(say::criterion));
            form.text("When it was deployed", deployed.as_ref());
        }
        Ask::ListNormal { what, when, system } => {
            form.text("What was changed", Some(what));
            form.text("When", when.as_ref());
            form.text("System", system.as_ref());
        }
        _ => {
            for text in gesture.commitments() {
                form.alone(&text);
            }
        }
    }
    form.typed
}

/// What was put in so far.
struct Form<'a> {
    words: &'a dyn Words,
    policy: &'a Policy,
    typed: Vec<Typed>,
}

impl Form<'_> {
    fn push(&mut self, label: Option<&str>, words: String) {
        if !words.trim().is_empty() {
            self.typed.push(Typed {
                label: label.map(str::to_owned),
                words,
            });
        }
    }

    /// What of a text can still be given back: nothing is cut of it.
    fn kept(&self, text: &Commitment) -> Option<String> {
        match self.words.said(text) {
            Said::Words(words) => Some(say::safe(words.trim(), usize::MAX).words),
            Said::Redacted | Said::Removed(_) | Said::Withheld => None,
        }
    }

    fn alone(&mut self, text: &Commitment) {
        if let Some(words) = self.kept(text) {
            self.push(None, words);
        }
    }

    fn text(&mut self, label: &str, text: Option<&Commitment>) {
        if let Some(words) = text.and_then(|text| self.kept(text)) {
            self.push(Some(label), words);
        }
    }

    fn say(&mut self, label: &str, words: Option<&str>) {
        if let Some(words) = words {
            self.push(Some(label), words.to_owned());
        }
    }

    fn person(&mut self, label: &str, who: Option<&UserId>) {
        if let Some(who) = who {
            self.push(Some(label), say::person(who));
        }
    }

    fn instant(&mut self, label: &str, at: Option<DateTime<Utc>>) {
        if let Some(at) = at {
            self.push(Some(label), say::at(at));
        }
    }

    fn genuine(&mut self, said: Option<(bool, Option<&Commitment>)>) {
        if let Some((is_genuine, words)) = said {
            let answer = if is_genuine { "Yes" } else { "No" };
            self.say("Was it a genuine emergency", Some(answer));
            self.text("Why, or why not", words);
        }
    }

    fn field(&mut self, field: Field, value: &Value) {
        let label = say::field(field);
        match value {
            Value::Words(text) | Value::Links(text) => self.text(&label, Some(text)),
            Value::Choice(name) => {
                let choice = say::choice(self.policy, field, name);
                self.say(&label, Some(&choice));
            }
            Value::Person(who) => self.person(&label, Some(who)),
            Value::Instant(at) => self.instant(&label, Some(*at)),
            Value::Systems(names) => {
                let names = say::safe(&names.join(", "), usize::MAX).words;
                self.push(Some(&label), names);
            }
        }
    }
}
