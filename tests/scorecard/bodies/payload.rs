//! What Slack delivers once its signature holds: JSON of any shape.

use breakglass::domain::text::{Commitment, Salt, Text};
use breakglass::gesture::Heard;
use breakglass::slack::inbound::{Read, read};
use breakglass::slack::{Delivery, DeliveryKind};

macro_rules! fixtures {
    ($($name:literal),+ $(,)?) => {
        &[$(include_bytes!(concat!("../../fixtures/slack/", $name, ".json"))),+]
    };
}

pub(super) const SEEDS: &[&[u8]] = fixtures!(
    "app_mention",
    "block_actions",
    "block_actions_overflow",
    "block_actions_users_select",
    "command",
    "message",
    "message_action",
    "message_changed",
    "message_deleted",
    "reaction_added",
    "reaction_removed",
    "unknown_event",
    "view_submission",
    "view_submission_answer_exceptions",
    "view_submission_declare",
    "view_submission_record",
);

pub(super) const WORDS: &[&str] = &[
    "null",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-1",
    "1e999",
    "true",
    "\\ud800",
    "\\u0000",
    "\"type\":",
    "\"actions\":[]",
    "\"value\":null",
    "CHG-1042",
    "ticket/1001",
    "99999999999999999999",
    "U0DANA0001",
    "1760753640.000100",
    ",",
    ":",
    "\"",
];

/// What is heard comes with every text that it commits to.
pub(super) fn body(bytes: &[u8]) -> Result<(), String> {
    let Ok(payload) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return Ok(());
    };
    let emoji = ["white_check_mark".to_owned()];
    let now = chrono::DateTime::from_timestamp(1_773_450_840, 0).unwrap_or_default();
    for kind in [
        DeliveryKind::Command,
        DeliveryKind::Interaction,
        DeliveryKind::Event,
    ] {
        let delivery = Delivery {
            kind,
            payload: payload.clone(),
        };
        let mut n = 0_u64;
        let mut salt = || {
            n += 1;
            let mut bytes = [0; 32];
            bytes
                .iter_mut()
                .zip(n.to_be_bytes())
                .for_each(|(to, from)| *to = from);
            Salt(bytes)
        };
        match read(&delivery, &emoji, now, &mut salt) {
            Read::Heard(heard) => whole(&heard)?,
            Read::Both(both) => {
                whole(&both.0)?;
                whole(&both.1)?;
            }
            Read::Open(_) | Read::Invalid(_) | Read::Ignored(_) | Read::Broken(_) => {}
        }
    }
    Ok(())
}

fn whole(heard: &Heard) -> Result<(), String> {
    let texts: Vec<Commitment> = heard.texts.iter().map(Text::commitment).collect();
    match heard
        .gesture
        .commitments()
        .iter()
        .find(|one| !texts.contains(one))
    {
        Some(lost) => Err(format!("{lost} is committed to and not kept")),
        None => Ok(()),
    }
}
