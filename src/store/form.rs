//! How the domain's values stand in JSON, in the log and in the inbox.
//!
//! The order of keys is the order in which they are put, so that the same fact
//! always has the same bytes. The domain doesn't know its stored form.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::Value;

use crate::domain::authorization::Ground;
use crate::domain::change::{
    ActOf, Actor, Attached, Capture, Criterion, Evidence, Exception, Genuineness, Handover,
    MessageRef, Method, Nap, NotFetched, NotGenuine, Place, Remedy, Review, Source, Stage,
    Strength, Verdict,
};
use crate::domain::deployment::{Doubt, Explanation};
use crate::domain::id::{ChangeNumber, ChannelId, GroupId, MessageTs, Permalink, UserId};
use crate::domain::obligation::{Duty, Rung};
use crate::domain::policy::{Party, PolicyVersion};
use crate::domain::rate::WindowKind;
use crate::domain::text::Commitment;
use crate::domain::ticket::{self, ContentHash, Field, Part, Section, Vague, ValueHash};
use crate::gesture::{Mention, Pointed, Which};
use crate::store::Witness;

/// JSON whose objects keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Integer(u64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    /// Appends the value's bytes, without white space.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
            Self::Integer(n) => {
                // Writing to a string can't fail.
                let _ = write!(out, "{n}");
            }
            Self::Text(text) => write_text(text, out),
            Self::List(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(fields) => {
                out.push('{');
                for (n, (name, value)) in fields.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    pub(super) fn text(value: impl Into<String>) -> Self {
        Self::Text(value.into())
    }
}

/// Quotes a string as RFC 8259 asks and no further.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A value with a stored form.
pub(super) trait Form: Sized {
    /// Returns the stored form.
    fn put(&self) -> Json;

    /// Reads the stored form; nothing if it isn't one.
    fn take(value: &Value) -> Option<Self>;
}

/// Reads a field; an absent one reads as null.
pub(super) fn field<T: Form>(object: &Value, name: &str) -> Option<T> {
    T::take(object.get(name).unwrap_or(&Value::Null))
}

/// Returns the fields of a variant; of those that it came by later, only what is
/// there, so that an event without them has the bytes that it always had.
pub(super) fn object(fields: Vec<(&'static str, Json)>, later: Vec<(&'static str, Json)>) -> Json {
    let later = later.into_iter().filter(|(_, value)| *value != Json::Null);
    Json::Object(fields.into_iter().chain(later).collect())
}

/// Gives an enumeration of struct-like variants its two exhaustive matches.
macro_rules! variants {
    ($enum:ident, $put:ident, $take:ident {
        $($name:literal => $variant:ident
            $({ $($field:ident),+ $(,)? } $(later { $($later:ident),+ })?)?,)+
    }) => {
        /// Returns the variant's name and its fields.
        pub(super) fn $put(value: &$enum) -> (&'static str, $crate::store::form::Json) {
            match value {
                $($enum::$variant $({ $($field,)+ $($($later),+)? })? => (
                    $name,
                    $crate::store::form::object(
                        vec![$($((
                            stringify!($field),
                            $crate::store::form::Form::put($field),
                        ),)+)?],
                        vec![$($($((
                            stringify!($later),
                            $crate::store::form::Form::put($later),
                        ),)+)?)?],
                    ),
                ),)+
            }
        }

        /// Reads a variant from its name and its fields.
        pub(super) fn $take(name: &str, data: &serde_json::Value) -> Option<$enum> {
            Some(match name {
                $($name => {
                    $(
                        $(let $field = $crate::store::form::field(data, stringify!($field))?;)+
                        $($(let $later =
                            $crate::store::form::field(data, stringify!($later))?;)+)?
                    )?
                    $enum::$variant $({ $($field,)+ $($($later),+)? })?
                })+
                _ => return None,
            })
        }
    };
}
pub(super) use variants;

macro_rules! as_text {
    ($($type:ty: $put:expr, $take:expr;)*) => {$(
        impl Form for $type {
            fn put(&self) -> Json {
                let put: fn(&Self) -> String = $put;
                Json::Text(put(self))
            }

            fn take(value: &Value) -> Option<Self> {
                let take: fn(&str) -> Option<Self> = $take;
                take(value.as_str()?)
            }
        }
    )*};
}

as_text! {
    String: Self::clone, |text| Some(text.to_owned());
    UserId: |id| id.as_str().to_owned(), |text| Some(Self::new(text));
    ChannelId: |id| id.as_str().to_owned(), |text| Some(Self::new(text));
    Permalink: |link| link.as_str().to_owned(), |text| Some(Self::new(text));
    NotGenuine: |one| one.name().to_owned(), Self::from_name;
    NotFetched: |one| one.name().to_owned(), Self::from_name;
    Verdict: |one| one.name().to_owned(), Self::from_name;
    MessageTs: |ts| ts.as_str().to_owned(), |text| Some(Self::new(text));
    Commitment: |one| hex::encode(one.0), |text| hash(text).map(Commitment);
    ContentHash: |one| hex::encode(one.0), |text| hash(text).map(ContentHash);
    [u8; 32]: |one| hex::encode(one), hash;
    Criterion: |one| one.name().to_owned(), Self::from_name;
    Exception: |one| one.name().to_owned(), Self::from_name;
    Method: |one| one.name().to_owned(), Self::from_name;
    Strength: |one| one.name().to_owned(), Self::from_name;
    Source: |one| one.name().to_owned(), Self::from_name;
    Stage: |one| one.name().to_owned(), Self::from_name;
    Ground: |one| one.name().to_owned(), Self::from_name;
    Part: |one| one.name().to_owned(), Self::from_name;
    Section: |one| one.name().to_owned(), Self::from_name;
    Field: |one| one.name().to_owned(), Self::from_name;
    Vague: |one| one.name().to_owned(), Self::from_name;
    Remedy: |one| one.name().to_owned(), Self::from_name;
    Handover: |one| one.name().to_owned(), Self::from_name;
    Doubt: |one| one.name().to_owned(), Self::from_name;
    Explanation: |one| one.name().to_owned(), Self::from_name;
    Nap: |one| one.name().to_owned(), Self::from_name;
    WindowKind: |one| one.name().to_owned(), Self::from_name;
    Review: |one| one.name().to_owned(), Self::from_name;
    ValueHash: |one| hex::encode(one.0), |text| hash(text).map(ValueHash);
    Duty: |one| one.name(), Self::from_name;
    Rung: |one| one.name(), Self::from_name;
    Witness: |one| one.name().to_owned(), Self::from_name;
    DateTime<Utc>: |at| at.to_rfc3339_opts(SecondsFormat::Micros, true), |text| {
        DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
    };
    Party: |party| match party {
        Party::Person(id) => format!("user:{id}"),
        Party::Group(id) => format!("group:{id}"),
    }, |text| match text.split_once(':')? {
        ("user", id) => Some(Party::Person(UserId::new(id))),
        ("group", id) => Some(Party::Group(GroupId::new(id))),
        _ => None,
    };
    Mention: |mention| match mention {
        Mention::User(id) => format!("user:{id}"),
        Mention::Group(id) => format!("group:{id}"),
        Mention::Handle(handle) => format!("handle:{handle}"),
    }, |text| match text.split_once(':')? {
        ("user", id) => Some(Mention::User(UserId::new(id))),
        ("group", id) => Some(Mention::Group(GroupId::new(id))),
        ("handle", handle) => Some(Mention::Handle(handle.to_owned())),
        _ => None,
    };
    Actor: |actor| match actor {
        Actor::Person(id) => format!("user:{id}"),
        Actor::Clock => "clock".to_owned(),
        Actor::Bot => "bot".to_owned(),
    }, |text| match text {
        "clock" => Some(Actor::Clock),
        "bot" => Some(Actor::Bot),
        other => Some(Actor::Person(UserId::new(other.strip_prefix("user:")?))),
    };
    Which: |which| match which {
        Which::Mine => "mine",
        Which::Open => "open",
        Which::Overdue => "overdue",
    }.to_owned(), |text| match text {
        "mine" => Some(Which::Mine),
        "open" => Some(Which::Open),
        "overdue" => Some(Which::Overdue),
        _ => None,
    };
}

fn hash(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}

impl Form for u64 {
    fn put(&self) -> Json {
        Json::Integer(*self)
    }

    fn take(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl Form for u16 {
    fn put(&self) -> Json {
        Json::Integer(u64::from(*self))
    }

    fn take(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }
}

/// A span, in seconds. None of ours is negative or longer than a life.
impl Form for TimeDelta {
    fn put(&self) -> Json {
        Json::Integer(self.num_seconds().unsigned_abs())
    }

    fn take(value: &Value) -> Option<Self> {
        Self::try_seconds(value.as_u64()?.try_into().ok()?)
    }
}

impl Form for ChangeNumber {
    fn put(&self) -> Json {
        Json::Integer(self.0)
    }

    fn take(value: &Value) -> Option<Self> {
        value.as_u64().map(Self)
    }
}

impl Form for PolicyVersion {
    fn put(&self) -> Json {
        Json::Integer(u64::from(self.0))
    }

    fn take(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok().map(Self)
    }
}

impl<T: Form> Form for Option<T> {
    fn put(&self) -> Json {
        self.as_ref().map_or(Json::Null, Form::put)
    }

    fn take(value: &Value) -> Option<Self> {
        if value.is_null() {
            return Some(None);
        }
        T::take(value).map(Some)
    }
}

impl<T: Form> Form for Vec<T> {
    fn put(&self) -> Json {
        Json::List(self.iter().map(Form::put).collect())
    }

    fn take(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::take).collect()
    }
}

impl<A: Form, B: Form> Form for (A, B) {
    fn put(&self) -> Json {
        Json::List(vec![self.0.put(), self.1.put()])
    }

    fn take(value: &Value) -> Option<Self> {
        match value.as_array()?.as_slice() {
            [a, b] => Some((A::take(a)?, B::take(b)?)),
            _ => None,
        }
    }
}

/// What isn't said isn't so: it wasn't before it could be said.
impl Form for bool {
    fn put(&self) -> Json {
        Json::Bool(*self)
    }

    fn take(value: &Value) -> Option<Self> {
        if value.is_null() {
            return Some(false);
        }
        value.as_bool()
    }
}

macro_rules! as_object {
    ($($type:ty { $($field:ident),+ $(,)? })+) => {$(
        impl Form for $type {
            fn put(&self) -> Json {
                Json::Object(vec![$((stringify!($field), self.$field.put())),+])
            }

            fn take(value: &Value) -> Option<Self> {
                Some(Self { $($field: field(value, stringify!($field))?),+ })
            }
        }
    )+};
}

as_object! {
    Place { channel, thread }
    MessageRef { channel, ts, thread, permalink }
    ActOf { by, at }
    Capture { by, at }
    Genuineness { is_genuine, words }
    Pointed { ts, by, text }
}

/// What stands in a field: the kind of value, and the value.
impl Form for ticket::Value {
    fn put(&self) -> Json {
        let (kind, of) = match self {
            Self::Words(text) => ("words", text.put()),
            Self::Choice(name) => ("choice", name.put()),
            Self::Links(text) => ("links", text.put()),
            Self::Person(who) => ("person", who.put()),
            Self::Instant(at) => ("instant", at.put()),
            Self::Systems(names) => ("systems", names.put()),
        };
        Json::Object(vec![("kind", Json::text(kind)), ("of", of)])
    }

    fn take(value: &Value) -> Option<Self> {
        // The first tickets' forms handed in words alone.
        if let Some(text) = value.as_str() {
            return hash(text).map(Commitment).map(Self::Words);
        }
        Some(match value.get("kind")?.as_str()? {
            "words" => Self::Words(field(value, "of")?),
            "choice" => Self::Choice(field(value, "of")?),
            "links" => Self::Links(field(value, "of")?),
            "person" => Self::Person(field(value, "of")?),
            "instant" => Self::Instant(field(value, "of")?),
            "systems" => Self::Systems(field(value, "of")?),
            _ => return None,
        })
    }
}

variants!(Evidence, put_evidence, take_evidence {
    "words" => Words { text, message },
    "emoji" => Emoji { name, on },
    "account" => Account { text },
});

variants!(Attached, put_attached, take_attached {
    "file" => File { id, sha256, n_bytes },
    "unfetched" => Unfetched { id, n_bytes, why },
    "elsewhere" => Elsewhere { id },
    "link" => Link,
});

impl Form for Attached {
    fn put(&self) -> Json {
        let (kind, data) = put_attached(self);
        Json::Object(vec![("kind", Json::text(kind)), ("of", data)])
    }

    fn take(value: &Value) -> Option<Self> {
        take_attached(value.get("kind")?.as_str()?, value.get("of")?)
    }
}

impl Form for Evidence {
    fn put(&self) -> Json {
        let (kind, data) = put_evidence(self);
        Json::Object(vec![("kind", Json::text(kind)), ("of", data)])
    }

    fn take(value: &Value) -> Option<Self> {
        take_evidence(value.get("kind")?.as_str()?, value.get("of")?)
    }
}
