//! The fields of every interactive element, with the limit of each, as tables.

use super::schema::{DATE, Field, ID, Rule, SLACK_FILE, TIME, URL, may, must, up_to};

/// A name for an element: as long as an id.
const NAME: Rule = ID;

const CONFIRM: Rule = Rule::Object(&[
    must("title", Rule::Plain(100)),
    must("text", Rule::Text(300)),
    must("confirm", Rule::Plain(30)),
    must("deny", Rule::Plain(30)),
    may("style", Rule::Enum(&["primary", "danger"])),
]);
const OPTION_FIELDS: &[Field] = &[
    must("text", Rule::Plain(75)),
    must("value", up_to(150)),
    may("description", Rule::Plain(75)),
    may("url", Rule::Shape(URL)),
];
/// Radio buttons and checkboxes take mrkdwn, menus do not.
const RICH_OPTION_FIELDS: &[Field] = &[
    must("text", Rule::Text(75)),
    must("value", up_to(150)),
    may("description", Rule::Text(75)),
];
const OPTION: Rule = Rule::Object(OPTION_FIELDS);
const RICH_OPTION: Rule = Rule::Object(RICH_OPTION_FIELDS);
const OPTIONS: Rule = Rule::List {
    min: 1,
    max: 100,
    of: &OPTION,
};
const GROUPS: Rule = Rule::List {
    min: 1,
    max: 100,
    of: &Rule::Object(&[must("label", Rule::Plain(75)), must("options", OPTIONS)]),
};
const STYLE: Rule = Rule::Enum(&["primary", "danger"]);

const BUTTON: &[Field] = &[
    must("text", Rule::Plain(75)),
    may("action_id", NAME),
    may("url", up_to(3000)),
    may("value", up_to(2000)),
    may("style", STYLE),
    may("confirm", CONFIRM),
    may("accessibility_label", up_to(75)),
];
const WORKFLOW_BUTTON: &[Field] = &[
    must("text", Rule::Plain(75)),
    must("workflow", Rule::Free),
    may("action_id", NAME),
    may("style", STYLE),
    may("accessibility_label", up_to(75)),
];
const IMAGE: &[Field] = &[
    may("image_url", Rule::Shape(URL)),
    may("slack_file", Rule::Object(SLACK_FILE)),
    must("alt_text", Rule::Str { min: 1, max: 2000 }),
];
const CHECKBOXES: &[Field] = &[
    must(
        "options",
        Rule::List {
            min: 1,
            max: 10,
            of: &RICH_OPTION,
        },
    ),
    may(
        "initial_options",
        Rule::List {
            min: 1,
            max: 10,
            of: &RICH_OPTION,
        },
    ),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const RADIO_BUTTONS: &[Field] = &[
    must(
        "options",
        Rule::List {
            min: 1,
            max: 10,
            of: &RICH_OPTION,
        },
    ),
    may("initial_option", RICH_OPTION),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const OVERFLOW: &[Field] = &[
    must(
        "options",
        Rule::List {
            min: 2,
            max: 5,
            of: &OPTION,
        },
    ),
    may("action_id", NAME),
    may("confirm", CONFIRM),
];
const DATEPICKER: &[Field] = &[
    may("initial_date", Rule::Shape(DATE)),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const TIMEPICKER: &[Field] = &[
    may("initial_time", Rule::Shape(TIME)),
    may("timezone", up_to(100)),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const DATETIMEPICKER: &[Field] = &[
    may(
        "initial_date_time",
        Rule::Int {
            min: 1_000_000_000,
            max: 9_999_999_999,
        },
    ),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const PLAIN_TEXT_INPUT: &[Field] = &[
    may("initial_value", up_to(3000)),
    may("multiline", Rule::Flag),
    may("min_length", Rule::Int { min: 0, max: 3000 }),
    may("max_length", Rule::Int { min: 1, max: 3000 }),
    may("dispatch_action_config", Rule::Free),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("focus_on_load", Rule::Flag),
];
const ONE_LINE_INPUT: &[Field] = &[
    may("initial_value", up_to(3000)),
    may("dispatch_action_config", Rule::Free),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("focus_on_load", Rule::Flag),
];
const NUMBER_INPUT: &[Field] = &[
    must("is_decimal_allowed", Rule::Flag),
    may("initial_value", up_to(3000)),
    may("min_value", up_to(100)),
    may("max_value", up_to(100)),
    may("dispatch_action_config", Rule::Free),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("focus_on_load", Rule::Flag),
];
const RICH_TEXT_INPUT: &[Field] = &[
    may("initial_value", Rule::Free),
    may("dispatch_action_config", Rule::Free),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("focus_on_load", Rule::Flag),
];
const FILE_INPUT: &[Field] = &[
    may(
        "filetypes",
        Rule::List {
            min: 1,
            max: 100,
            of: &up_to(50),
        },
    ),
    may("max_files", Rule::Int { min: 1, max: 10 }),
    may("action_id", NAME),
];
const STATIC_SELECT: &[Field] = &[
    may("options", OPTIONS),
    may("option_groups", GROUPS),
    may("initial_option", OPTION),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const EXTERNAL_SELECT: &[Field] = &[
    may("initial_option", OPTION),
    may("min_query_length", Rule::Int { min: 0, max: 3000 }),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const USERS_SELECT: &[Field] = &[
    may("initial_user", ID),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const CONVERSATIONS_SELECT: &[Field] = &[
    may("initial_conversation", ID),
    may("default_to_current_conversation", Rule::Flag),
    may("response_url_enabled", Rule::Flag),
    may("filter", Rule::Free),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const CHANNELS_SELECT: &[Field] = &[
    may("initial_channel", ID),
    may("response_url_enabled", Rule::Flag),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const MOST_SELECTED: Rule = Rule::Int { min: 1, max: 100 };
const IDS: Rule = Rule::List {
    min: 0,
    max: 100,
    of: &ID,
};
const MULTI_STATIC_SELECT: &[Field] = &[
    may("options", OPTIONS),
    may("option_groups", GROUPS),
    may("initial_options", OPTIONS),
    may("max_selected_items", MOST_SELECTED),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const MULTI_EXTERNAL_SELECT: &[Field] = &[
    may("initial_options", OPTIONS),
    may("min_query_length", Rule::Int { min: 0, max: 3000 }),
    may("max_selected_items", MOST_SELECTED),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const MULTI_USERS_SELECT: &[Field] = &[
    may("initial_users", IDS),
    may("max_selected_items", MOST_SELECTED),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const MULTI_CONVERSATIONS_SELECT: &[Field] = &[
    may("initial_conversations", IDS),
    may("default_to_current_conversation", Rule::Flag),
    may("filter", Rule::Free),
    may("max_selected_items", MOST_SELECTED),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];
const MULTI_CHANNELS_SELECT: &[Field] = &[
    may("initial_channels", IDS),
    may("max_selected_items", MOST_SELECTED),
    may("placeholder", Rule::Plain(150)),
    may("action_id", NAME),
    may("confirm", CONFIRM),
    may("focus_on_load", Rule::Flag),
];

/// The fields of an element, beside `type`.
pub(super) fn element(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "button" => BUTTON,
        "workflow_button" => WORKFLOW_BUTTON,
        "image" => IMAGE,
        "checkboxes" => CHECKBOXES,
        "radio_buttons" => RADIO_BUTTONS,
        "overflow" => OVERFLOW,
        "datepicker" => DATEPICKER,
        "timepicker" => TIMEPICKER,
        "datetimepicker" => DATETIMEPICKER,
        "plain_text_input" => PLAIN_TEXT_INPUT,
        "email_text_input" | "url_text_input" => ONE_LINE_INPUT,
        "number_input" => NUMBER_INPUT,
        "rich_text_input" => RICH_TEXT_INPUT,
        "file_input" => FILE_INPUT,
        "static_select" => STATIC_SELECT,
        "external_select" => EXTERNAL_SELECT,
        "users_select" => USERS_SELECT,
        "conversations_select" => CONVERSATIONS_SELECT,
        "channels_select" => CHANNELS_SELECT,
        "multi_static_select" => MULTI_STATIC_SELECT,
        "multi_external_select" => MULTI_EXTERNAL_SELECT,
        "multi_users_select" => MULTI_USERS_SELECT,
        "multi_conversations_select" => MULTI_CONVERSATIONS_SELECT,
        "multi_channels_select" => MULTI_CHANNELS_SELECT,
        _ => return None,
    })
}
