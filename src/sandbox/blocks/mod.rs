//! The rules of Block Kit: what Slack accepts in a message, a modal or a Home tab, and what it says against the rest.
//! Pure: blocks in, faults out. What is a rule about one field stands in `schema.rs` and `elements.rs`; what concerns several, in `wholes.rs`.

mod elements;
mod schema;
mod wholes;

use serde_json::{Value, json};

use super::json::text;
use schema::{Field, Rule};

/// Where blocks are shown; some kinds and limits depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surface {
    Message,
    Modal,
    Home,
}

impl Surface {
    /// Slack takes 50 blocks in a message and 100 in a view.
    fn most_blocks(self) -> usize {
        match self {
            Self::Message => 50,
            Self::Modal | Self::Home => 100,
        }
    }
}

/// What kind of fault it is, by the names that `blocks.validate` uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    FailedConstraint,
    MissingField,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::FailedConstraint => "failed_constraint",
            Self::MissingField => "missing_field",
        }
    }
}

/// One thing that Slack would not accept, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    /// A JSON pointer from the thing that was validated, such as `/0/text/text`.
    pub(super) pointer: String,
    pub(super) code: Code,
    pub(super) constraint: Value,
    pub(super) message: String,
}

impl Fault {
    fn new(pointer: &str, constraint: Value, message: String) -> Self {
        Self {
            pointer: pointer.to_owned(),
            code: Code::FailedConstraint,
            constraint,
            message,
        }
    }

    /// A file that can't be shown, as Slack says so.
    pub(super) fn unshown(pointer: &str) -> Self {
        Self::new(
            pointer,
            json!({"type": "slack_file"}),
            "invalid slack file".to_owned(),
        )
    }

    /// As `blocks.validate` lists it.
    pub(super) fn to_json(&self, prefix: &str) -> Value {
        json!({
            "pointer": format!("{prefix}{}", self.pointer),
            "code": self.code.name(),
            "constraint": self.constraint,
            "message": self.message,
        })
    }

    /// As other methods put it into `response_metadata.messages`.
    pub(super) fn line(&self, prefix: &str) -> String {
        format!(
            "[ERROR] {} [json-pointer:{prefix}{}]",
            self.message, self.pointer
        )
    }
}

/// Everything that is wrong with these blocks; nothing if Slack would take them. Pointers begin at the list.
pub(super) fn validate(blocks: &[Value], surface: Surface) -> Vec<Fault> {
    let mut check = Check {
        faults: Vec::new(),
        surface,
    };
    let most = surface.most_blocks();
    if blocks.len() > most {
        let constraint = json!({"type": "max_items", "expected": most, "got": blocks.len()});
        check.fault("", constraint, format!("no more than {most} items allowed"));
    }
    for (index, block) in blocks.iter().enumerate() {
        check.block(block, &format!("/{index}"));
    }
    check.faults.extend(wholes::faults(blocks));
    check.faults
}

/// Everything that is wrong with a view, its blocks included. Pointers begin at the view.
pub(super) fn validate_view(view: &Value) -> Vec<Fault> {
    let kinds = ["modal", "home"];
    let (surface, fields) = match text(view, "type") {
        Some("modal") => (Surface::Modal, schema::MODAL),
        Some("home") => (Surface::Home, schema::HOME),
        other => {
            let constraint = json!({"type": "enum", "expected": kinds, "got": other});
            return vec![Fault::new(
                "/type",
                constraint,
                "unsupported type of view".to_owned(),
            )];
        }
    };
    let mut check = Check {
        faults: Vec::new(),
        surface,
    };
    check.fields(view, "", fields, &["type"]);
    let blocks = super::json::list(view, "blocks");
    check
        .faults
        .extend(validate(blocks, surface).into_iter().map(|fault| Fault {
            pointer: format!("/blocks{}", fault.pointer),
            ..fault
        }));
    let has_input = blocks
        .iter()
        .any(|block| text(block, "type") == Some("input"));
    if surface == Surface::Modal && has_input && view.get("submit").is_none_or(Value::is_null) {
        check.missing("", "submit");
    }
    check.faults
}

/// Whether all words of a message's blocks together are more than Slack takes: about 13,200 characters, as observed
/// by others; the documentation gives no figure.
pub(super) fn are_too_long(blocks: &[Value]) -> bool {
    const MOST: usize = 13_200;
    fn count(value: &Value) -> usize {
        match value {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| match value {
                    Value::String(words) if key == "text" => words.chars().count(),
                    other => count(other),
                })
                .sum(),
            Value::Array(items) => items.iter().map(count).sum(),
            _ => 0,
        }
    }
    blocks.iter().map(count).sum::<usize>() > MOST
}

struct Check {
    faults: Vec<Fault>,
    surface: Surface,
}

impl Check {
    fn fault(&mut self, pointer: &str, constraint: Value, message: String) {
        self.faults.push(Fault::new(pointer, constraint, message));
    }

    fn missing(&mut self, pointer: &str, field: &str) {
        self.faults.push(Fault {
            pointer: pointer.to_owned(),
            code: Code::MissingField,
            constraint: json!({"type": "required", "expected": field}),
            message: format!("missing required field: {field}"),
        });
    }

    fn wrong_type(&mut self, pointer: &str, expected: &str) {
        let constraint = json!({"type": "type", "expected": expected});
        self.fault(pointer, constraint, format!("must provide {expected}"));
    }

    fn block(&mut self, block: &Value, pointer: &str) {
        let Some(kind) = self.kind(block, pointer) else {
            return;
        };
        match schema::block(kind, self.surface) {
            Some(fields) => self.fields(block, pointer, fields, &["type", "block_id"]),
            None => self.unsupported(kind, pointer),
        }
        if let Some(id) = block.get("block_id").filter(|id| !id.is_null()) {
            self.rule(
                id,
                &format!("{pointer}/block_id"),
                &Rule::Str { min: 1, max: 255 },
            );
        }
        if kind == "section"
            && ["text", "fields"]
                .iter()
                .all(|field| block.get(field).is_none_or(Value::is_null))
        {
            self.missing(pointer, "text");
        }
        if kind == "image" {
            self.image_source(block, pointer);
        }
    }

    fn element(&mut self, element: &Value, pointer: &str, allowed: &[&str]) {
        let Some(kind) = self.kind(element, pointer) else {
            return;
        };
        if !allowed.contains(&kind) || (kind == "file_input" && self.surface != Surface::Modal) {
            self.unsupported(kind, pointer);
            return;
        }
        let Some(fields) = elements::element(kind) else {
            self.unsupported(kind, pointer);
            return;
        };
        self.fields(element, pointer, fields, &["type"]);
        if kind == "image" {
            self.image_source(element, pointer);
        }
        if kind.ends_with("static_select") {
            let given = |field| {
                element
                    .get(field)
                    .is_some_and(|list: &Value| !list.is_null())
            };
            match (given("options"), given("option_groups")) {
                (false, false) => self.missing(pointer, "options"),
                (true, true) => {
                    let constraint =
                        json!({"type": "one_of", "expected": ["options", "option_groups"]});
                    self.fault(
                        pointer,
                        constraint,
                        "only one of options and option_groups is allowed".to_owned(),
                    );
                }
                _ => {}
            }
        }
    }

    /// An image needs exactly one source.
    fn image_source(&mut self, image: &Value, pointer: &str) {
        let given = |field| {
            image
                .get(field)
                .is_some_and(|source: &Value| !source.is_null())
        };
        if given("image_url") == given("slack_file") {
            let constraint = json!({"type": "one_of", "expected": ["image_url", "slack_file"]});
            self.fault(
                pointer,
                constraint,
                "must provide exactly one of image_url and slack_file".to_owned(),
            );
        }
        if let Some(file) = image.get("slack_file").filter(|file| file.is_object())
            && file.get("id").is_some() == file.get("url").is_some()
        {
            let constraint = json!({"type": "one_of", "expected": ["id", "url"]});
            self.fault(
                &format!("{pointer}/slack_file"),
                constraint,
                "must provide exactly one of id and url".to_owned(),
            );
        }
    }

    fn kind<'a>(&mut self, thing: &'a Value, pointer: &str) -> Option<&'a str> {
        if !thing.is_object() {
            self.wrong_type(pointer, "an object");
            return None;
        }
        let kind = text(thing, "type");
        if kind.is_none() {
            self.missing(pointer, "type");
        }
        kind
    }

    fn unsupported(&mut self, kind: &str, pointer: &str) {
        let constraint = json!({"type": "enum", "got": kind});
        self.fault(
            &format!("{pointer}/type"),
            constraint,
            format!("unsupported type: {kind}"),
        );
    }

    /// Judges every field of an object, and that there are no others.
    fn fields(&mut self, object: &Value, pointer: &str, fields: &[Field], always: &[&str]) {
        for field in fields {
            match object.get(field.name).filter(|value| !value.is_null()) {
                Some(value) => self.rule(value, &format!("{pointer}/{}", field.name), &field.rule),
                None if field.required => self.missing(pointer, field.name),
                None => {}
            }
        }
        for (name, value) in object.as_object().into_iter().flatten() {
            let known =
                always.contains(&name.as_str()) || fields.iter().any(|field| field.name == name);
            if !known && !value.is_null() {
                let constraint = json!({"type": "additional_property", "got": name});
                self.fault(
                    pointer,
                    constraint,
                    format!("invalid additional property: {name}"),
                );
            }
        }
    }

    fn rule(&mut self, value: &Value, pointer: &str, rule: &Rule) {
        match rule {
            Rule::Free => {}
            Rule::Flag => {
                if !value.is_boolean() {
                    self.wrong_type(pointer, "a boolean");
                }
            }
            Rule::Int { min, max } => match value.as_i64() {
                None => self.wrong_type(pointer, "an integer"),
                Some(n) if n < *min || n > *max => {
                    let constraint = json!({"type": "range", "min": min, "max": max, "got": n});
                    self.fault(
                        pointer,
                        constraint,
                        format!("must be between {min} and {max}"),
                    );
                }
                Some(_) => {}
            },
            Rule::Number => {
                if !value.is_number() {
                    self.wrong_type(pointer, "a number");
                }
            }
            Rule::Str { min, max } => self.string(value, pointer, *min, *max),
            Rule::Enum(allowed) => {
                if !value.as_str().is_some_and(|got| allowed.contains(&got)) {
                    let constraint = json!({"type": "enum", "expected": allowed, "got": value});
                    self.fault(
                        pointer,
                        constraint,
                        format!("must be one of {}", allowed.join(", ")),
                    );
                }
            }
            Rule::Shape(shape) => {
                let fits = value.as_str().is_some_and(|got| fits(shape, got));
                if !fits {
                    let constraint = json!({"type": "format", "expected": shape, "got": value});
                    self.fault(pointer, constraint, format!("must have the form {shape}"));
                }
            }
            Rule::Plain(max) => self.text_object(value, pointer, &["plain_text"], *max),
            Rule::Text(max) => self.text_object(value, pointer, &["plain_text", "mrkdwn"], *max),
            Rule::List { min, max, of } => match value.as_array() {
                None => self.wrong_type(pointer, "an array"),
                Some(items) => {
                    self.list_length(items.len(), pointer, *min, *max);
                    for (index, item) in items.iter().enumerate() {
                        self.rule(item, &format!("{pointer}/{index}"), of);
                    }
                }
            },
            Rule::Object(fields) => {
                if value.is_object() {
                    self.fields(value, pointer, fields, &[]);
                } else {
                    self.wrong_type(pointer, "an object");
                }
            }
            Rule::Element(allowed) => self.element(value, pointer, allowed),
            Rule::Typed(kinds) => {
                if let Some(kind) = self.kind(value, pointer)
                    && !kinds.contains(&kind)
                {
                    self.unsupported(kind, pointer);
                }
            }
            Rule::ContextItem => match text(value, "type") {
                Some("plain_text" | "mrkdwn") => {
                    self.text_object(value, pointer, &["plain_text", "mrkdwn"], 3000);
                }
                _ => self.element(value, pointer, &["image"]),
            },
            Rule::Chart => self.chart(value, pointer),
        }
    }

    fn string(&mut self, value: &Value, pointer: &str, min: usize, max: usize) {
        let Some(words) = value.as_str() else {
            self.wrong_type(pointer, "a string");
            return;
        };
        let n = words.chars().count();
        if n > max {
            let constraint = json!({"type": "max_length", "expected": max, "got": n});
            self.fault(
                pointer,
                constraint,
                format!("must be less than {} characters", max + 1),
            );
        }
        if n < min {
            let constraint = json!({"type": "min_length", "expected": min, "got": n});
            self.fault(
                pointer,
                constraint,
                format!("must be more than {} characters", min - 1),
            );
        }
    }

    fn list_length(&mut self, n: usize, pointer: &str, min: usize, max: usize) {
        if n > max {
            let constraint = json!({"type": "max_items", "expected": max, "got": n});
            self.fault(
                pointer,
                constraint,
                format!("no more than {max} items allowed"),
            );
        }
        if n < min {
            let constraint = json!({"type": "min_items", "expected": min, "got": n});
            self.fault(
                pointer,
                constraint,
                format!("no less than {min} items allowed"),
            );
        }
    }

    fn text_object(&mut self, value: &Value, pointer: &str, kinds: &[&str], max: usize) {
        let Some(kind) = self.kind(value, pointer) else {
            return;
        };
        if !kinds.contains(&kind) {
            let constraint = json!({"type": "enum", "expected": kinds, "got": kind});
            let expected = kinds.join(" or ");
            self.fault(
                &format!("{pointer}/type"),
                constraint,
                format!("must be {expected}"),
            );
            return;
        }
        match value.get("text") {
            None | Some(Value::Null) => self.missing(pointer, "text"),
            Some(words) => self.string(words, &format!("{pointer}/text"), 1, max),
        }
        for (name, value) in value.as_object().into_iter().flatten() {
            let flag = match name.as_str() {
                "type" | "text" => continue,
                "emoji" => kind == "plain_text",
                "verbatim" => kind == "mrkdwn",
                _ => false,
            };
            if !flag && !value.is_null() {
                let constraint = json!({"type": "additional_property", "got": name});
                self.fault(
                    pointer,
                    constraint,
                    format!("invalid additional property: {name}"),
                );
            } else if !value.is_boolean() && !value.is_null() {
                self.wrong_type(&format!("{pointer}/{name}"), "a boolean");
            }
        }
    }

    fn chart(&mut self, chart: &Value, pointer: &str) {
        let Some(kind) = self.kind(chart, pointer) else {
            return;
        };
        match kind {
            "pie" => self.fields(chart, pointer, schema::PIE, &["type"]),
            "bar" | "line" | "area" => {
                self.fields(chart, pointer, schema::SERIES, &["type"]);
                for message in wholes::chart_faults(chart) {
                    self.fault(pointer, json!({"type": "chart"}), message.to_owned());
                }
            }
            other => self.unsupported(other, pointer),
        }
    }
}

/// Whether `got` has the form that `shape` names.
fn fits(shape: &str, got: &str) -> bool {
    match shape {
        schema::URL => ["http://", "https://"]
            .iter()
            .any(|scheme| got.len() > scheme.len() && got.starts_with(scheme)),
        schema::DATE => {
            chrono::NaiveDate::parse_from_str(got, "%Y-%m-%d").is_ok() && got.len() == 10
        }
        schema::TIME => chrono::NaiveTime::parse_from_str(got, "%H:%M").is_ok() && got.len() == 5,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
