//! How a request comes onto the record.

use crate::world::{CHANNEL, World};

#[tokio::test]
async fn a_command_puts_the_card_into_the_channel() {
    let mut world = World::new().await;
    world
        .slash("dana", "Deploy WAF rule to block SQL injection @morgan")
        .await;
    world.heard(CHANNEL, &["Deploy WAF rule to block SQL injection"]);
    assert_eq!(world.deeds(), ["requested"]);
    world.end().await;
}
