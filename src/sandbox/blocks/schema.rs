//! The fields of every block, and what a field may hold, with the limit of each, as tables.
//! Figures are those of Slack's reference; a kind that is not listed here is unknown to the sandbox and refused.

use super::Surface;

/// What a field may hold.
pub(super) enum Rule {
    /// Anything; Slack does not document more, or it cannot matter here.
    Free,
    Flag,
    Int {
        min: i64,
        max: i64,
    },
    Number,
    Str {
        min: usize,
        max: usize,
    },
    Enum(&'static [&'static str]),
    /// A string of a certain form: [`URL`], [`DATE`] or [`TIME`].
    Shape(&'static str),
    /// A `plain_text` object of at most so many characters.
    Plain(usize),
    /// A `plain_text` or `mrkdwn` object of at most so many characters.
    Text(usize),
    List {
        min: usize,
        max: usize,
        of: &'static Rule,
    },
    Object(&'static [Field]),
    /// An element of one of these types.
    Element(&'static [&'static str]),
    /// An object of one of these types, otherwise unjudged.
    Typed(&'static [&'static str]),
    /// What a context block holds.
    ContextItem,
    Chart,
}

pub(super) const URL: &str = "https://...";
pub(super) const DATE: &str = "YYYY-MM-DD";
pub(super) const TIME: &str = "HH:mm";

/// One field of an object.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) rule: Rule,
}

/// A field that has to be there.
pub(super) const fn must(name: &'static str, rule: Rule) -> Field {
    Field {
        name,
        required: true,
        rule,
    }
}

/// A field that may be there.
pub(super) const fn may(name: &'static str, rule: Rule) -> Field {
    Field {
        name,
        required: false,
        rule,
    }
}

/// A string of at most so many characters.
pub(super) const fn up_to(max: usize) -> Rule {
    Rule::Str { min: 0, max }
}

const ANY: &Rule = &Rule::Free;
/// An id of whatever kind.
pub(super) const ID: Rule = Rule::Str { min: 1, max: 255 };

const IN_SECTION: &[&str] = &[
    "button",
    "checkboxes",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "image",
    "overflow",
    "radio_buttons",
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "workflow_button",
];
const IN_ACTIONS: &[&str] = &[
    "button",
    "checkboxes",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "overflow",
    "radio_buttons",
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "rich_text_input",
    "workflow_button",
];
const IN_INPUT: &[&str] = &[
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "checkboxes",
    "radio_buttons",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "file_input",
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
];

const SECTION: &[Field] = &[
    may("text", Rule::Text(3000)),
    may(
        "fields",
        Rule::List {
            min: 1,
            max: 10,
            of: &Rule::Text(2000),
        },
    ),
    may("accessory", Rule::Element(IN_SECTION)),
    may("expand", Rule::Flag),
];
const HEADER: &[Field] = &[
    must("text", Rule::Plain(150)),
    may("level", Rule::Int { min: 1, max: 4 }),
];
/// A file that was uploaded before.
pub(super) const SLACK_FILE: &[Field] = &[may("id", ID), may("url", Rule::Shape(URL))];
const IMAGE_BLOCK: &[Field] = &[
    may("image_url", Rule::Shape(URL)),
    may("slack_file", Rule::Object(SLACK_FILE)),
    must("alt_text", Rule::Str { min: 1, max: 2000 }),
    may("title", Rule::Plain(2000)),
];
const ACTIONS: &[Field] = &[must(
    "elements",
    Rule::List {
        min: 1,
        max: 25,
        of: &Rule::Element(IN_ACTIONS),
    },
)];
const CONTEXT: &[Field] = &[must(
    "elements",
    Rule::List {
        min: 1,
        max: 10,
        of: &Rule::ContextItem,
    },
)];
const INPUT: &[Field] = &[
    must("label", Rule::Plain(2000)),
    must("element", Rule::Element(IN_INPUT)),
    may("dispatch_action", Rule::Flag),
    may("hint", Rule::Plain(2000)),
    may("optional", Rule::Flag),
];
const RICH_TEXT: &[Field] = &[must(
    "elements",
    Rule::List {
        min: 0,
        max: 1000,
        of: &Rule::Typed(&[
            "rich_text_section",
            "rich_text_list",
            "rich_text_preformatted",
            "rich_text_quote",
        ]),
    },
)];
const MARKDOWN: &[Field] = &[must(
    "text",
    Rule::Str {
        min: 1,
        max: 12_000,
    },
)];
const VIDEO: &[Field] = &[
    must("alt_text", Rule::Str { min: 1, max: 2000 }),
    must("title", Rule::Plain(200)),
    must("thumbnail_url", Rule::Shape(URL)),
    must("video_url", Rule::Shape(URL)),
    may("author_name", up_to(50)),
    may("description", Rule::Plain(200)),
    may("provider_icon_url", Rule::Shape(URL)),
    may("provider_name", up_to(50)),
    may("title_url", Rule::Shape(URL)),
];
const CELL: Rule = Rule::Typed(&["raw_text", "raw_number", "rich_text"]);
const TABLE: &[Field] = &[
    must(
        "rows",
        Rule::List {
            min: 1,
            max: 100,
            of: &Rule::List {
                min: 1,
                max: 20,
                of: &CELL,
            },
        },
    ),
    may(
        "column_settings",
        Rule::List {
            min: 0,
            max: 20,
            of: ANY,
        },
    ),
];
const FILE: &[Field] = &[
    must("external_id", ID),
    must("source", Rule::Enum(&["remote"])),
];
const DATA_VISUALIZATION: &[Field] = &[
    must("title", Rule::Str { min: 1, max: 50 }),
    must("chart", Rule::Chart),
];

/// A pie's segments.
pub(super) const PIE: &[Field] = &[must(
    "segments",
    Rule::List {
        min: 1,
        max: 12,
        of: &Rule::Object(&[
            must("label", Rule::Str { min: 1, max: 20 }),
            must("value", Rule::Number),
        ]),
    },
)];

/// A bar, line or area chart.
pub(super) const SERIES: &[Field] = &[
    must(
        "series",
        Rule::List {
            min: 1,
            max: 12,
            of: &Rule::Object(ONE_SERIES),
        },
    ),
    must("axis_config", Rule::Object(AXES)),
];
const ONE_SERIES: &[Field] = &[
    must("name", Rule::Str { min: 1, max: 20 }),
    must(
        "data",
        Rule::List {
            min: 1,
            max: 20,
            of: &Rule::Object(&[
                must("label", Rule::Str { min: 1, max: 20 }),
                must("value", Rule::Number),
            ]),
        },
    ),
];
const AXES: &[Field] = &[
    must(
        "categories",
        Rule::List {
            min: 1,
            max: 20,
            of: &Rule::Str { min: 1, max: 20 },
        },
    ),
    may("x_label", up_to(50)),
    may("y_label", up_to(50)),
];

/// Blocks that Slack has and that the sandbox takes without judging their insides.
const UNJUDGED: [&str; 8] = [
    "alert",
    "card",
    "carousel",
    "container",
    "context_actions",
    "data_table",
    "plan",
    "task_card",
];
const UNJUDGED_FIELDS: &[Field] = &[
    may("elements", Rule::Free),
    may("text", Rule::Free),
    may("title", Rule::Free),
    may("subtitle", Rule::Free),
    may("body", Rule::Free),
    may("actions", Rule::Free),
    may("child_blocks", Rule::Free),
    may("cards", Rule::Free),
    may("tasks", Rule::Free),
    may("task_id", Rule::Free),
    may("details", Rule::Free),
    may("output", Rule::Free),
    may("sources", Rule::Free),
    may("status", Rule::Free),
    may("level", Rule::Free),
    may("rows", Rule::Free),
    may("columns", Rule::Free),
    may("icon", Rule::Free),
    may("hero_image", Rule::Free),
    may("caption", Rule::Free),
    may("page_size", Rule::Free),
    may("row_header_column_index", Rule::Free),
];

/// The fields of a block, beside `type` and `block_id`; `None` if there is no such block on this surface.
pub(super) fn block(kind: &str, surface: Surface) -> Option<&'static [Field]> {
    let in_message = surface == Surface::Message;
    Some(match kind {
        "section" => SECTION,
        "header" => HEADER,
        "divider" => &[],
        "image" => IMAGE_BLOCK,
        "actions" => ACTIONS,
        "context" => CONTEXT,
        "input" => INPUT,
        "rich_text" => RICH_TEXT,
        "video" => VIDEO,
        "markdown" if in_message => MARKDOWN,
        "table" if in_message => TABLE,
        "file" if in_message => FILE,
        "data_visualization" if in_message => DATA_VISUALIZATION,
        other if UNJUDGED.contains(&other) => UNJUDGED_FIELDS,
        _ => return None,
    })
}

/// A modal, beside `type`. Its blocks are judged as blocks; here only that there is a list.
pub(super) const MODAL: &[Field] = &[
    must("title", Rule::Plain(24)),
    must(
        "blocks",
        Rule::List {
            min: 0,
            max: usize::MAX,
            of: ANY,
        },
    ),
    may("submit", Rule::Plain(24)),
    may("close", Rule::Plain(24)),
    may("private_metadata", up_to(3000)),
    may("callback_id", up_to(255)),
    may("external_id", up_to(255)),
    may("clear_on_close", Rule::Flag),
    may("notify_on_close", Rule::Flag),
    may("submit_disabled", Rule::Flag),
];

/// A Home tab, beside `type`.
pub(super) const HOME: &[Field] = &[
    must(
        "blocks",
        Rule::List {
            min: 0,
            max: usize::MAX,
            of: ANY,
        },
    ),
    may("private_metadata", up_to(3000)),
    may("callback_id", up_to(255)),
    may("external_id", up_to(255)),
];
