//! How Slack is reached, and which addresses may be told a secret.
//!
//! Knows connections and certificates, and nothing of what is said over them.

use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::{ConfigBuilderExt, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use slack_morphism::prelude::SlackHyperHttpsConnector;
use url::{Host, Url};

use super::client::API_URL;

/// A connection that can't be made must fail while its call still has time, so
/// that it counts as not sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);

/// How long a connection may rest before the system asks whether it still is one.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Slack can't be reached with these settings.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Not an address at all.
    #[error("the address of Slack's API must look like {API_URL}")]
    NotAnAddress(#[from] url::ParseError),
    /// A token would travel in the clear.
    #[error("the address of Slack's API must begin with https://, unless it is on this machine")]
    Insecure,
    /// No certificate authorities on this machine.
    #[error("this machine has no CA certificates to know Slack by; install ca-certificates")]
    NoCertificates(#[source] std::io::Error),
    /// The TLS library can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
}

/// Reads the address of Slack's API, which a token may be sent to.
pub(super) fn api(address: &str) -> Result<Url, TransportError> {
    let api = Url::parse(address.trim_end_matches('/'))?;
    match api.scheme() {
        "https" => Ok(api),
        "http" if is_loopback(&api) => Ok(api),
        _ => Err(TransportError::Insecure),
    }
}

/// Returns whether an address can only lead to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Trusts what this machine trusts. Over plain HTTP no certificate is ever
/// looked at, and a machine without any will do.
pub(super) fn tls(api: &Url) -> Result<rustls::ClientConfig, TransportError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    let trusting = if api.scheme() == "http" {
        builder.with_root_certificates(rustls::RootCertStore::empty())
    } else {
        builder
            .with_native_roots()
            .map_err(TransportError::NoCertificates)?
    };
    Ok(trusting.with_no_client_auth())
}

/// Makes connections for calls that may take `call_timeout`.
pub(super) fn connector(
    tls: &rustls::ClientConfig,
    call_timeout: Duration,
) -> SlackHyperHttpsConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT.min(call_timeout / 2)));
    tcp.set_keepalive(Some(KEEP_ALIVE));
    HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        // HTTP/1 only: after a timeout its connection is dropped, where one of
        // HTTP/2 that went dead would swallow every call behind it.
        .enable_http1()
        .wrap_connector(tcp)
}
