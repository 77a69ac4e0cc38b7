//! A plain ticket, as somebody fills it who has nothing to hide and little time: what
//! simulated months and benchmarks document changes with.

use breakglass::domain::change::EmergencyChange;
use breakglass::domain::text::Text;
use breakglass::domain::ticket::{Field, Kind, Told, Writing};

/// All that a plain ticket needs; `text` salts the words.
pub(crate) fn ticket(
    change: &EmergencyChange,
    mut text: impl FnMut(String) -> Text,
) -> Vec<Writing> {
    Field::ALL
        .iter()
        .filter_map(|field| {
            let told = match field.row().kind {
                Kind::Recorded | Kind::Person | Kind::Instant | Kind::Systems => return None,
                Kind::Words => Told::Words(text(format!(
                    "{}: as it was, see https://ci.acme.dev/run/1",
                    field.name()
                ))),
                Kind::Choice(choices) => Told::Choice((*choices.first()?).to_owned()),
                Kind::Category => Told::Choice("hotfix".to_owned()),
                Kind::Link | Kind::Links => {
                    Told::Links(text("https://acme.slack.com/archives/C0/p1".to_owned()))
                }
            };
            Some(Writing {
                field: *field,
                told,
                base: change.fields.get(field).map(|entry| entry.value.hash()),
                taken_from: None,
            })
        })
        .collect()
}
