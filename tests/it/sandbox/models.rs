//! Everything that the sandbox delivers and answers must be what a real client's models read.

use serde_json::{Value, json};
use slack_morphism::prelude::*;

use super::bench::{DANA, INCIDENT, bench, buttons, modal};

fn event(envelope: &Value) -> SlackPushEventCallback {
    let payload = envelope["payload"].clone();
    let read: SlackPushEventCallback =
        serde_json::from_value(payload).unwrap_or_else(|error| panic!("{error}: {envelope}"));
    assert!(
        !matches!(read.event, SlackEventCallbackBody::Unknown(_)),
        "unknown to the models: {envelope}"
    );
    read
}

fn interaction(envelope: &Value) -> SlackInteractionEvent {
    serde_json::from_value(envelope["payload"].clone())
        .unwrap_or_else(|error| panic!("{error}: {envelope}"))
}

#[tokio::test]
async fn every_event_is_one_that_the_models_know() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let ts = bench.say("dana", INCIDENT, "@breakglass look").await;
    bench
        .control(
            "edit",
            json!({"as": "dana", "channel": INCIDENT, "ts": ts, "text": "look!"}),
        )
        .await;
    bench
        .control(
            "react",
            json!({"as": "dana", "channel": INCIDENT, "ts": ts, "name": "eyes"}),
        )
        .await;
    bench
        .control(
            "unreact",
            json!({"as": "dana", "channel": INCIDENT, "ts": ts, "name": "eyes"}),
        )
        .await;
    bench
        .control(
            "delete",
            json!({"as": "dana", "channel": INCIDENT, "ts": ts}),
        )
        .await;
    bench
        .control(
            "say",
            json!({"as": "dana", "channel": "@breakglass", "text": "hello"}),
        )
        .await;
    bench.control("home", json!({"as": "dana"})).await;
    bench
        .done(
            "views.publish",
            json!({"user_id": DANA, "view": {"type": "home", "blocks": buttons(&["a"])}}),
        )
        .await;
    bench.control("home", json!({"as": "dana"})).await;
    bench
        .done(
            "chat.postMessage",
            json!({"channel": INCIDENT, "text": "card", "blocks": buttons(&["a"])}),
        )
        .await;
    bench
        .control(
            "channel",
            json!({"channel": INCIDENT, "invite": ["xavier"], "archived": true}),
        )
        .await;
    bench.control("clock/settle", json!({})).await;
    let mut n = 0;
    while let Ok(envelope) = heard.try_recv() {
        event(&envelope);
        n += 1;
    }
    assert_eq!(n, 12);
}

#[tokio::test]
async fn every_interaction_is_one_that_the_models_know() {
    let bench = bench().await;
    let mut heard = bench.obedient().await;
    let typed = json!({"as": "dana", "channel": INCIDENT, "command": "/emergency", "text": "x"});
    bench.control("slash", typed).await;
    let envelope = heard.recv().await.unwrap();
    let command: SlackCommandEvent = serde_json::from_value(envelope["payload"].clone()).unwrap();
    assert_eq!(command.text.as_deref(), Some("x"));
    let card = json!({"channel": INCIDENT, "text": "card", "blocks": buttons(&["go"])});
    let ts = bench.done("chat.postMessage", card).await["ts"].clone();
    heard.recv().await.unwrap();
    let click = json!({"as": "dana", "channel": INCIDENT, "ts": ts, "action_id": "go"});
    bench.control("click", click).await;
    let envelope = heard.recv().await.unwrap();
    let SlackInteractionEvent::BlockActions(action) = interaction(&envelope) else {
        panic!("{envelope}");
    };
    assert_eq!(action.actions.unwrap()[0].action_id.0, "go");
    let mut view = modal();
    view["notify_on_close"] = true.into();
    let opened = json!({"trigger_id": envelope["payload"]["trigger_id"], "view": view});
    let opened = bench.done("views.open", opened).await;
    let read: SlackApiViewsOpenResponse = serde_json::from_value(opened.clone()).unwrap();
    assert_eq!(json!(read.view.state_params.id), opened["view"]["id"]);
    let values = json!({"testing": {"words": "tested"}});
    bench
        .control("submit", json!({"as": "dana", "values": values}))
        .await;
    let envelope = heard.recv().await.unwrap();
    assert!(matches!(
        interaction(&envelope),
        SlackInteractionEvent::ViewSubmission(_)
    ));
    bench
        .control("shortcut", json!({"as": "dana", "callback_id": "declare"}))
        .await;
    let envelope = heard.recv().await.unwrap();
    assert!(matches!(
        interaction(&envelope),
        SlackInteractionEvent::Shortcut(_)
    ));
    let opened = json!({"trigger_id": envelope["payload"]["trigger_id"], "view": view});
    bench.done("views.open", opened).await;
    bench.control("close", json!({"as": "dana"})).await;
    let envelope = heard.recv().await.unwrap();
    assert!(matches!(
        interaction(&envelope),
        SlackInteractionEvent::ViewClosed(_)
    ));
    let record = json!({"as": "dana", "channel": INCIDENT, "ts": ts, "callback_id": "record"});
    bench.control("shortcut", record).await;
    let envelope = heard.recv().await.unwrap();
    assert!(matches!(
        interaction(&envelope),
        SlackInteractionEvent::MessageAction(_)
    ));
}

/// Reads an answer into the model of the method that gave it.
fn read<T: serde::de::DeserializeOwned>(answer: &Value) -> T {
    serde_json::from_value(answer.clone()).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[tokio::test]
async fn every_answer_is_one_that_the_models_know() {
    let bench = bench().await;
    let key = json!({"event_type": "t", "event_payload": {"k": "v"}});
    let card =
        json!({"channel": INCIDENT, "text": "card", "blocks": buttons(&["go"]), "metadata": key});
    let posted = bench.done("chat.postMessage", card).await;
    let posted: SlackApiChatPostMessageResponse = read(&posted);
    let ts = json!(posted.ts);
    let _: SlackApiChatUpdateResponse = read(
        &bench
            .done(
                "chat.update",
                json!({"channel": INCIDENT, "ts": ts, "text": "new"}),
            )
            .await,
    );
    let history = json!({"channel": INCIDENT, "include_all_metadata": true});
    let history: SlackApiConversationsHistoryResponse =
        read(&bench.done("conversations.history", history).await);
    assert_eq!(history.messages.len(), 1);
    let _: SlackApiConversationsRepliesResponse = read(
        &bench
            .done(
                "conversations.replies",
                json!({"channel": INCIDENT, "ts": ts}),
            )
            .await,
    );
    let _: SlackApiConversationsInfoResponse = read(
        &bench
            .done("conversations.info", json!({"channel": INCIDENT}))
            .await,
    );
    let _: SlackApiConversationsListResponse =
        read(&bench.done("conversations.list", json!({})).await);
    let _: SlackApiConversationsMembersResponse = read(
        &bench
            .done("conversations.members", json!({"channel": INCIDENT}))
            .await,
    );
    let _: SlackApiAuthTestResponse = read(&bench.done("auth.test", json!({})).await);
    let dana: SlackApiUsersInfoResponse =
        read(&bench.done("users.info", json!({"user": DANA})).await);
    assert_eq!(dana.user.tz.as_deref(), Some("Europe/Berlin"));
    let _: SlackApiUsersListResponse = read(&bench.done("users.list", json!({})).await);
    let groups = bench
        .done(
            "usergroups.list",
            json!({"include_users": true, "include_count": true}),
        )
        .await;
    let _: SlackApiUserGroupsListResponse = read(&groups);
    let _: SlackApiUserGroupsUsersListResponse = read(
        &bench
            .done("usergroups.users.list", json!({"usergroup": "S0COMMAND1"}))
            .await,
    );
    let _: SlackApiChatGetPermalinkResponse = read(
        &bench
            .done(
                "chat.getPermalink",
                json!({"channel": INCIDENT, "message_ts": ts}),
            )
            .await,
    );
    let faults = bench
        .api("blocks.validate", json!({"blocks": [{"type": "header"}]}))
        .await;
    let faults: SlackApiBlocksValidateResponse = read(&faults);
    assert_eq!(
        faults.errors.unwrap()[0].code,
        SlackApiBlocksValidateErrorCode::MissingField
    );
}
