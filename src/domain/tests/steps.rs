//! What people do, as the steps of a story.

use super::*;

/// A command with who gives it.
#[derive(Debug, Clone)]
pub(super) struct Move {
    pub(super) actor: Actor,
    pub(super) command: Command,
}

pub(super) fn by(who: &str, command: Command) -> Move {
    Move {
        actor: Actor::Person(user(who)),
        command,
    }
}

pub(super) fn state_criterion(who: &str) -> Move {
    stating(who, Criterion::ProductionDown)
}

pub(super) fn stating(who: &str, criterion: Criterion) -> Move {
    by(
        who,
        Command::StateCriterion {
            by: full(who),
            criterion,
        },
    )
}

pub(super) fn ask(who: &str, asked: &[Party]) -> Move {
    let asked = asked.to_vec();
    by(who, Command::AskSomeoneElse { asked })
}

pub(super) fn authorize(who: &str) -> Move {
    by(
        who,
        Command::Authorize {
            by: full(who),
            given: Given::Button,
        },
    )
}

pub(super) fn deny(who: &str) -> Move {
    by(
        who,
        Command::Deny {
            by: full(who),
            given: Given::Button,
        },
    )
}

pub(super) fn go_ahead(who: &str) -> Move {
    by(who, Command::GoAhead { by: full(who) })
}

pub(super) fn take_command(who: &str) -> Move {
    by(who, Command::TakeCommand { by: full(who) })
}

pub(super) fn name_commander(who: &str, commander: &str) -> Move {
    let commander = user(commander);
    let by_whom = full(who);
    by(
        who,
        Command::NameCommander {
            by: by_whom,
            commander,
        },
    )
}

pub(super) fn deployed_at(who: &str, at: DateTime<Utc>) -> Move {
    by(
        who,
        Command::RecordDeployment {
            at,
            source: Source::Attested,
            by: user(who),
        },
    )
}

/// Everything that somebody writes into a ticket that asks for nothing special.
pub(super) const TICKET: &[Field] = &[
    Field::Category,
    Field::IncidentLink,
    Field::WhatWasDone,
    Field::Testing,
    Field::SecurityImpact,
    Field::RollbackPlan,
    Field::RollbackExecuted,
    Field::Outcome,
    Field::OutcomeCode,
    Field::IncidentResolved,
    Field::DataExposed,
    Field::Permanence,
    Field::LessonsLearned,
];

/// Words in which nothing is vague.
pub(super) fn words(field: Field, words: &str) -> Text {
    let name = field.name();
    text(&format!("{field}: {words}, see https://ci.acme.dev/{name}"))
}

/// Something that fits the field, and the words where it takes some.
pub(super) fn told(field: Field, said: &str) -> Told {
    match field.row().kind {
        Kind::Recorded => unreachable!("{field} is nobody's to write"),
        Kind::Words => Told::Words(words(field, said)),
        Kind::Choice(choices) => Told::Choice(choices[0].to_owned()),
        Kind::Category => Told::Choice("hotfix".to_owned()),
        Kind::Link | Kind::Links => Told::Links(text("https://acme.slack.com/archives/C0/p1")),
        Kind::Person => Told::Person(user(RILEY)),
        Kind::Instant => Told::Instant(berlin("2026-03-14 02:00")),
        Kind::Systems => Told::Systems(vec!["waf".to_owned()]),
    }
}

pub(super) fn writing(field: Field, told: Told) -> Writing {
    Writing {
        field,
        told,
        base: None,
        taken_from: None,
    }
}

pub(super) fn document(who: &str, fields: &[Field]) -> Move {
    document_as(who, fields, "as it was")
}

pub(super) fn document_as(who: &str, fields: &[Field], said: &str) -> Move {
    let fields = fields.iter().map(|field| (*field, told(*field, said)));
    write(who, fields.collect())
}

pub(super) fn write(who: &str, fields: Vec<(Field, Told)>) -> Move {
    by(
        who,
        Command::Document {
            by: Some(full(who)),
            fields: fields
                .into_iter()
                .map(|(field, told)| writing(field, told))
                .collect(),
            standing: Vec::new(),
        },
    )
}

pub(super) fn choose(who: &str, field: Field, choice: &str) -> Move {
    write(who, vec![(field, Told::Choice(choice.to_owned()))])
}

/// That a field was written as `document_as` writes it.
pub(super) fn wrote(field: Field, said: &str) -> Event {
    Event::FieldWritten {
        field,
        value: Value::Words(words(field, said).commitment()),
        vague: None,
        taken_from: None,
        replaced: None,
    }
}

pub(super) fn genuine() -> Genuine {
    Genuine {
        is_genuine: true,
        words: None,
    }
}

pub(super) fn yes() -> Genuineness {
    Genuineness {
        is_genuine: true,
        words: None,
    }
}

pub(super) fn approving(who: &str, seen: ContentHash) -> Move {
    by(
        who,
        Command::Approve {
            by: full(who),
            seen,
            conditions: None,
            genuine: genuine(),
        },
    )
}

pub(super) fn reject(who: &str) -> Move {
    reject_with(who, Remedy::Redo, None)
}

pub(super) fn reject_with(who: &str, remedy: Remedy, owner: Option<&str>) -> Move {
    by(
        who,
        Command::Reject {
            by: full(who),
            reason: text("The rule blocked customers."),
            remedy,
            owner: owner.map(full),
            due_at: None,
            genuine: Some(genuine()),
        },
    )
}

pub(super) fn remediate(who: &str) -> Move {
    by(
        who,
        Command::Remediate {
            by: full(who),
            how: text("Rolled back, and shipped through review."),
        },
    )
}

pub(super) fn answer(who: &str, exceptions: &[Exception]) -> Move {
    by(
        who,
        Command::AnswerExceptions {
            by: full(who),
            exceptions: exceptions.iter().copied().collect(),
            cause: text("Nobody was awake."),
            remedy: text("A second person on call."),
            owner: user(ALEX),
        },
    )
}

pub(super) fn tick() -> Move {
    Move {
        actor: Actor::Clock,
        command: Command::Tick,
    }
}
