//! Both doors and the client, against whatever a network and a peer may do.

mod client;
mod fake;
mod signed;
mod socket;
mod workspace;

use std::sync::Arc;

use breakglass::slack::{Answer, Delivery, Receive};
use futures_util::FutureExt;
use serde_json::Value;
use tokio::sync::mpsc;

/// Hands every delivery to the test and answers as it says.
fn receive_with(answer: impl Fn(&Delivery) -> Answer + Send + Sync + 'static) -> (Receive, Heard) {
    let (tell, heard) = mpsc::unbounded_channel();
    let receive: Receive = Arc::new(move |delivery| {
        let answer = answer(&delivery);
        tell.send(delivery).unwrap();
        async move { answer }.boxed()
    });
    (receive, heard)
}

/// Acknowledges everything.
fn receive() -> (Receive, Heard) {
    receive_with(|_| Answer::Acknowledged)
}

type Heard = mpsc::UnboundedReceiver<Delivery>;

/// A client that makes no TLS, and so needs no certificates on the machine.
fn browser() -> reqwest::Client {
    // Fails from the second test on, when it is there already.
    let _present = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .tls_certs_only([])
        .build()
        .unwrap()
}

fn text(payload: &Value) -> &str {
    payload["text"].as_str().unwrap()
}
