//! A gesture as Slack delivered it, read as the fact that it states, and whether
//! a change tells of that fact.
//!
//! Reads what Slack delivers by itself: a reader shared with the bot would be
//! wrong where the bot is.

use breakglass::domain::change::{Actor, Event, Recorded};
use breakglass::domain::id::UserId;
use breakglass::domain::text::Commitment;
use breakglass::domain::ticket::{Field, Value as Filled};
use breakglass::store::Snapshot;
use serde_json::Value;

use super::world::text;

/// See the module.
pub(crate) struct Fact<'a> {
    /// In words.
    pub(crate) what: String,
    /// The name under which the bot keeps it.
    pub(crate) key: String,
    actor: UserId,
    deed: Deed<'a>,
}

enum Deed<'a> {
    Command(&'a str),
    Press(&'a str),
    Form {
        which: &'a str,
        inputs: Vec<Input<'a>>,
    },
}

/// What was put into an input of a form.
struct Input<'a> {
    name: &'a str,
    value: &'a str,
    /// Whether the form was opened with that in it.
    stood: bool,
}

impl<'a> Input<'a> {
    /// Reads an input of a form; nothing if it was left empty.
    fn of(name: &'a str, element: &'a Value, view: &Value) -> Option<Self> {
        let at = |pointer: &str| element.pointer(pointer).and_then(Value::as_str);
        let value = at("/value")
            .or_else(|| at("/selected_option/value"))
            .or_else(|| at("/selected_user"))
            .filter(|value| !value.is_empty())?;
        let blocks = view.get("blocks").and_then(Value::as_array);
        let mut blocks = blocks.into_iter().flatten();
        let block = blocks.find(|block| text(block, "block_id") == name);
        let opened_with = |pointer: &str| {
            block.and_then(|block| block.pointer(pointer)) == Some(&Value::from(value))
        };
        let stood = [
            "/element/initial_value",
            "/element/initial_option/value",
            "/element/initial_user",
        ]
        .into_iter()
        .any(opened_with);
        Some(Self { name, value, stood })
    }
}

impl<'a> Fact<'a> {
    /// Reads a delivery; nothing if it states no fact: the press that opens a
    /// form, a form that was handed back, an event.
    pub(crate) fn of(delivery: &'a Value) -> Option<Self> {
        let payload = delivery.get("payload")?;
        let at = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
        let actor = UserId::new(at("/user_id").or_else(|| at("/user/id"))?);
        let deed = match (text(delivery, "kind"), at("/type")) {
            ("slash_commands", _) => Deed::Command(at("/text")?),
            ("interactive", Some("block_actions")) => {
                let action = at("/actions/0/action_id")?;
                if matches!(action, "document" | "answer_exceptions" | "approve") {
                    return None;
                }
                Deed::Press(action)
            }
            ("interactive", Some("view_submission")) => {
                if delivery.get("reply").is_some_and(|reply| !reply.is_null()) {
                    return None;
                }
                let view = payload.get("view")?;
                let blocks = view.pointer("/state/values")?.as_object()?;
                let inputs = blocks.iter().filter_map(|(name, elements)| {
                    let element = elements.as_object()?.values().next()?;
                    Input::of(name, element, view)
                });
                Deed::Form {
                    which: text(view, "callback_id"),
                    inputs: inputs.collect(),
                }
            }
            _ => return None,
        };
        let what = match &deed {
            Deed::Command(words) => format!("“{words}” of {actor}"),
            Deed::Press(action) => format!("`{action}` of {actor}"),
            Deed::Form { which, inputs } => {
                let new = inputs.iter().filter(|input| !input.stood);
                let new: Vec<_> = new.map(|input| (input.name, input.value)).collect();
                format!("the form `{which}` of {actor} with {new:?}")
            }
        };
        Some(Self {
            what,
            key: at("/trigger_id")?.to_owned(),
            actor,
            deed,
        })
    }

    /// Whether somebody sent in a form.
    pub(crate) fn is_form(&self) -> bool {
        matches!(self.deed, Deed::Form { .. })
    }

    /// Whether a change tells of it.
    pub(crate) fn stands_in(&self, snapshot: &Snapshot) -> bool {
        let by_them = |is: fn(&Event) -> bool| {
            let mut history = snapshot.history.iter();
            history.any(|one| self.did(one) && is(&one.event))
        };
        match &self.deed {
            Deed::Command(words) => {
                let typed = as_typed(words);
                snapshot.history.iter().any(|one| match &one.event {
                    Event::Requested { verbatim, .. } => {
                        self.did(one) && reads(snapshot, verbatim, &typed)
                    }
                    _ => false,
                })
            }
            Deed::Form { which, inputs } => self.form_stands_in(snapshot, which, inputs),
            Deed::Press("authorize") => by_them(|event| {
                matches!(
                    event,
                    Event::Authorized { .. }
                        | Event::SecondAuthorized { .. }
                        | Event::CommanderAuthorized { .. }
                )
            }),
            Deed::Press("take_command") => {
                by_them(|event| matches!(event, Event::CommanderAuthorized { .. }))
            }
            Deed::Press("go_ahead") => by_them(|event| matches!(event, Event::WentAhead)),
            Deed::Press("deployed") => by_them(|event| matches!(event, Event::Deployed { .. })),
            Deed::Press(_) => by_them(|event| matches!(event, Event::CriterionStated { .. })),
        }
    }

    /// Whether it was they who brought something about.
    fn did(&self, one: &Recorded) -> bool {
        one.actor == Actor::Person(self.actor.clone())
    }

    /// Whether everything in a form is on record: what is new in it as theirs, and
    /// what stood in it before as anybody's.
    fn form_stands_in(&self, snapshot: &Snapshot, which: &str, inputs: &[Input<'_>]) -> bool {
        let reads = |text: &Commitment, words: &str| reads(snapshot, text, words);
        let entered = |name: &str| {
            let input = inputs.iter().find(|input| input.name == name);
            input.map_or("", |input| input.value)
        };
        match which {
            "document" => inputs.iter().all(|input| {
                let field = input.name.strip_prefix("section:");
                let field = field.and_then(Field::from_name);
                snapshot.history.iter().any(|one| match &one.event {
                    Event::FieldWritten {
                        field: written,
                        value,
                        ..
                    } => {
                        let is_it = match value {
                            Filled::Words(text) | Filled::Links(text) => reads(text, input.value),
                            Filled::Choice(name) => name == input.value,
                            Filled::Person(who) => who.as_str() == input.value,
                            Filled::Instant(_) | Filled::Systems(_) => false,
                        };
                        Some(*written) == field && is_it && (input.stood || self.did(one))
                    }
                    _ => false,
                })
            }),
            "approve" => snapshot.history.iter().any(|one| match &one.event {
                Event::Approved {
                    genuine: Some(genuine),
                    ..
                } => {
                    let words = entered("genuine_words");
                    self.did(one)
                        && genuine.is_genuine == (entered("genuine") == "genuine")
                        && genuine.words.is_some_and(|text| reads(&text, words))
                }
                _ => false,
            }),
            "answer_exceptions" => snapshot.history.iter().any(|one| match &one.event {
                Event::ExceptionAnswered {
                    cause,
                    remedy,
                    owner,
                    ..
                } => {
                    self.did(one)
                        && reads(cause, entered("cause"))
                        && reads(remedy, entered("remedy"))
                        && owner.as_str() == entered("owner")
                }
                _ => false,
            }),
            // Nobody in the story sends another one.
            _ => false,
        }
    }
}

/// Whether a text of the record reads so.
fn reads(snapshot: &Snapshot, text: &Commitment, words: &str) -> bool {
    let said = snapshot.words.get(text);
    said.is_some_and(|said| said.as_deref() == Some(words))
}

/// Undoes what Slack makes of the names of people, `<@U0123|name>`, in a command.
fn as_typed(words: &str) -> String {
    let mut parts = words.split("<@");
    let mut typed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mention = part.split_once('>');
        let named = mention.and_then(|(mention, rest)| Some((mention.split_once('|')?.1, rest)));
        let (name, rest) = named.unwrap_or(("", part));
        typed.extend(["@", name, rest]);
    }
    typed
}
