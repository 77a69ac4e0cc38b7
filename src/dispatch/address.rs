//! The address of whoever keeps copies of the log's checkpoints: a checkpoint is sent
//! there as it is, by HTTP POST. What is answered isn't read; receiving one twice does
//! no harm.

use std::sync::Arc;
use std::time::Duration;

use hyper_rustls::ConfigBuilderExt as _;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use url::Url;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why a checkpoint can't be sent.
#[derive(Debug, thiserror::Error)]
pub enum AddressFault {
    /// It is no web address.
    #[error("it is no web address")]
    Url(#[from] url::ParseError),
    /// The TLS library can't be set up.
    #[error("TLS can't be set up")]
    Tls(#[from] rustls::Error),
    /// The system's certificates can't be read.
    #[error("the system's certificates can't be read")]
    NoCertificates(#[source] std::io::Error),
    /// It can't be reached. The address may be a secret, and isn't said.
    #[error("it can't be reached")]
    Unreachable,
    /// It doesn't take it.
    #[error("it answers {0}")]
    Refused(StatusCode),
}

/// Where checkpoints are sent.
#[derive(Clone)]
pub struct Address {
    url: Arc<Url>,
    http: reqwest::Client,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Address({})", self.host())
    }
}

impl Address {
    /// Prepares to send to an address.
    pub fn new(url: &str) -> Result<Self, AddressFault> {
        let url: Url = url.parse()?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?;
        // Over plain HTTP no certificate is ever looked at.
        let tls = if url.scheme() == "http" {
            tls.with_root_certificates(rustls::RootCertStore::empty())
        } else {
            tls.with_native_roots()
                .map_err(AddressFault::NoCertificates)?
        };
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.with_no_client_auth())
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| AddressFault::Unreachable)?;
        Ok(Self {
            url: Arc::new(url),
            http,
        })
    }

    /// Returns whose address it is; what follows may be the key to it.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Sends a checkpoint. Once this returns, it was taken.
    pub(super) async fn take(&self, note: String) -> Result<(), AddressFault> {
        let answer = self
            .http
            .post(self.url.as_str())
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .body(note)
            .send()
            .await
            .map_err(|_| AddressFault::Unreachable)?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(AddressFault::Refused(answer.status()))
        }
    }
}
