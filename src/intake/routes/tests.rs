//! The doors over real HTTP on loopback, with a keeper that remembers.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::net::TcpListener;

use super::*;
use crate::domain::id::ChangeNumber;

const SECRET: &str = "It's a Secret to Everybody";

struct Bench {
    address: SocketAddr,
    http: reqwest::Client,
    kept: Arc<Mutex<Vec<Intake>>>,
}

/// Keeps everything: `duplicate` and `CHG-…` as identities say what became of them.
fn keeper(kept: Arc<Mutex<Vec<Intake>>>, fails: bool) -> TakeIn {
    Arc::new(move |intake: Intake, _at| {
        let taken = intake
            .told
            .iter()
            .map(|told| match (told.external_id.as_str(), told.reference) {
                ("duplicate", _) => TakenIn::Duplicate,
                (_, Some(number)) => TakenIn::Belongs(number),
                (_, None) if told.source.as_str() == "elsewhere" => TakenIn::NotCounted,
                (_, None) => TakenIn::Counted,
            })
            .collect();
        kept.lock().unwrap().push(intake);
        async move { if fails { Err(NotKept) } else { Ok(taken) } }.boxed()
    })
}

impl Bench {
    async fn with(keys: Keys, fails: bool) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let take_in = keeper(Arc::clone(&kept), fails);
        let routes = router(keys, Arc::default(), Clock::system(), take_in);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .build()
            .unwrap();
        Self {
            address,
            http,
            kept,
        }
    }

    async fn open() -> Self {
        Self::with(keys(), false).await
    }

    async fn post(
        &self,
        door: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let url = format!("http://{}/hooks/{door}", self.address);
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    fn kept(&self) -> Vec<Intake> {
        std::mem::take(&mut *self.kept.lock().unwrap())
    }
}

fn keys() -> Keys {
    let signing = || Some(Signing::new(SECRET).unwrap());
    let token = || Some(Token::new(SECRET).unwrap());
    Keys {
        github: signing(),
        gitlab: Some(Gitlab::new(SECRET).unwrap()),
        bitbucket: signing(),
        jenkins: token(),
        circleci: signing(),
        changes: token(),
    }
}

fn fixture(provider: &str, name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/intake");
    std::fs::read(folder.join(provider).join(format!("{name}.json"))).unwrap()
}

fn signed(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// A delivery: its door, headers and body.
type Sent = (&'static str, Vec<(&'static str, String)>, Vec<u8>);

/// A genuine delivery of each source.
fn genuine() -> Vec<Sent> {
    let github = fixture("github", "deployment_status.production");
    let gitlab = fixture("gitlab", "deployment.success");
    let bitbucket = fixture("bitbucket", "pullrequest_fulfilled.approved");
    let jenkins = fixture("jenkins", "completed");
    let circleci = fixture("circleci", "workflow-completed.deploy");
    let changes = fixture("changes", "whole");
    let own = |value: &str| value.to_owned();
    vec![
        (
            "github",
            vec![
                ("x-github-event", own("deployment_status")),
                ("x-github-delivery", own("d-1")),
                ("x-hub-signature-256", format!("sha256={}", signed(&github))),
            ],
            github,
        ),
        (
            "gitlab",
            vec![
                ("x-gitlab-event", own("Deployment Hook")),
                ("idempotency-key", own("d-2")),
                ("x-gitlab-token", own(SECRET)),
            ],
            gitlab,
        ),
        (
            "bitbucket",
            vec![
                ("x-event-key", own("pullrequest:fulfilled")),
                ("x-request-uuid", own("d-3")),
                ("x-hub-signature", format!("sha256={}", signed(&bitbucket))),
            ],
            bitbucket,
        ),
        (
            "jenkins",
            vec![("authorization", format!("Bearer {SECRET}"))],
            jenkins,
        ),
        (
            "circleci",
            vec![
                ("circleci-event-type", own("workflow-completed")),
                ("circleci-signature", format!("v1={}", signed(&circleci))),
            ],
            circleci,
        ),
        (
            "changes",
            vec![("authorization", format!("Bearer {SECRET}"))],
            changes,
        ),
    ]
}

fn lent<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect()
}

#[tokio::test]
async fn what_a_source_signed_is_kept_before_it_is_answered() {
    let bench = Bench::open().await;
    for (door, headers, body) in genuine() {
        let (status, answer) = bench.post(door, &lent(&headers), body).await;
        let kept = bench.kept();
        assert_eq!(status, 200, "{door}: {answer}");
        assert_eq!(kept.len(), 1, "{door}");
        assert_eq!(kept[0].told.len(), 1, "{door}");
        assert_eq!(kept[0].source.as_str(), door);
        let delivery = kept[0].delivery.as_deref();
        let expected = match door {
            "github" => Some("d-1"),
            "gitlab" => Some("d-2"),
            "bitbucket" => Some("d-3"),
            "circleci" => Some("3888f21b-0001"),
            _ => None,
        };
        assert_eq!(delivery, expected, "{door}");
    }
}

#[tokio::test]
async fn what_was_touched_or_isnt_signed_is_turned_away_and_says_why() {
    let bench = Bench::open().await;
    for (door, headers, body) in genuine() {
        let is_word = matches!(door, "gitlab" | "jenkins" | "changes");
        let headers = lent(&headers);
        let (status, answer) = bench.post(door, &[], body.clone()).await;
        assert_eq!(status, 401, "{door}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains("no signature"));
        let other: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.replace("Secret", "secret").replace("=7", "=8")))
            .map(|(name, value)| (name, flipped(name, value)))
            .collect();
        let (status, answer) = bench.post(door, &lent(&other), body.clone()).await;
        assert_eq!(status, 401, "{door}: {answer}");
        if !is_word {
            let mut touched = body.clone();
            let at = touched.len() / 2;
            touched[at] ^= 1;
            let (status, answer) = bench.post(door, &headers, touched).await;
            assert_eq!(status, 401, "{door}: {answer}");
        }
    }
    assert_eq!(bench.kept(), []);
}

/// A signature with its last digit changed.
fn flipped(name: &str, mut value: String) -> String {
    if name.contains("signature") {
        let last = value.pop().unwrap();
        value.push(if last == '0' { '1' } else { '0' });
    }
    value
}

#[tokio::test]
async fn a_signed_delivery_of_gitlabs_cant_be_played_again_later() {
    let key = [7; 32];
    let secret = format!("whsec_{}", STANDARD.encode(key));
    let keys = Keys {
        gitlab: Some(Gitlab::new(&secret).unwrap()),
        ..Keys::default()
    };
    let bench = Bench::with(keys, false).await;
    let body = fixture("gitlab", "deployment.success");
    let now = Clock::system().now().timestamp();
    for (sent_at, expected) in [(now, 200), (now - 400, 401)] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("d-9.{sent_at}.").as_bytes());
        mac.update(&body);
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let headers = [
            ("webhook-id", "d-9"),
            ("webhook-timestamp", &sent_at.to_string()),
            ("webhook-signature", &signature),
        ];
        let (status, answer) = bench.post("gitlab", &headers, body.clone()).await;
        assert_eq!(status, expected, "{answer}");
    }
    let kept = bench.kept();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].delivery.as_deref(), Some("d-9"));
}

#[tokio::test]
async fn garbage_that_is_signed_is_counted_as_refused() {
    let bench = Bench::open().await;
    let garbage = b"payload=%7B%22".to_vec();
    let signature = format!("sha256={}", signed(&garbage));
    let headers = [
        ("x-github-event", "push"),
        ("x-hub-signature-256", &signature),
    ];
    let (status, answer) = bench.post("github", &headers, garbage).await;
    assert_eq!(
        (status, &answer),
        (400, &json!({"error": "the body isn't JSON"}))
    );
    let kept = bench.kept();
    assert_eq!((kept[0].n_refused, kept[0].told.len()), (1, 0));

    let empty = b"{}".to_vec();
    let signature = format!("sha256={}", signed(&empty));
    let headers = [
        ("x-github-event", "push"),
        ("x-hub-signature-256", &signature),
    ];
    let (status, answer) = bench.post("github", &headers, empty).await;
    assert_eq!(status, 422);
    assert_eq!(answer["error"], "the payload has no `repository.full_name`");
    assert_eq!(bench.kept()[0].n_refused, 1);
}

#[tokio::test]
async fn what_isnt_read_is_counted_and_ignored() {
    let bench = Bench::open().await;
    let post = async |event: &str, name: &str| {
        let body = fixture("github", name);
        let signature = format!("sha256={}", signed(&body));
        let headers = [
            ("x-github-event", event),
            ("x-hub-signature-256", &signature),
        ];
        bench.post("github", &headers, body).await
    };
    let (status, answer) = post("star", "star.created").await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["ignored"],
        "`star` is nothing that this program reads"
    );
    let kept = bench.kept();
    assert_eq!(kept[0].n_unknown, 1);

    let (status, answer) = post("deployment_status", "deployment_status.staging").await;
    assert_eq!(status, 200);
    assert!(
        answer["ignored"]
            .as_str()
            .unwrap()
            .contains("policy.production")
    );
    let kept = bench.kept();
    assert_eq!((kept[0].n_unknown, kept[0].told.len()), (0, 0));
}

#[tokio::test]
async fn more_than_25_mb_are_refused_and_the_answer_says_so() {
    let bench = Bench::open().await;
    let signature = format!("sha256={}", "0".repeat(64));
    let headers = [
        ("x-github-event", "push"),
        ("x-hub-signature-256", &signature),
    ];
    let large = vec![b' '; LARGEST_BODY + 1];
    // Without its length told it is only found out on the way.
    let parts = large
        .chunks(1 << 20)
        .map(|part| Ok::<_, std::io::Error>(part.to_vec()));
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter(parts.collect::<Vec<_>>()));
    let (status, answer) = bench.post("github", &headers, stream).await;
    assert_eq!(status, 413);
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("larger than 25 MB")
    );
    // Just as large as it may be, and only then looked at.
    let (status, _) = bench.post("github", &headers, large[1..].to_vec()).await;
    assert_eq!(status, 401);
    assert_eq!(bench.kept(), []);
}

/// Whose length is told is refused before a byte of it is read.
#[tokio::test]
async fn a_length_over_25_mb_is_refused_unread() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let bench = Bench::open().await;
    let mut stream = tokio::net::TcpStream::connect(bench.address).await.unwrap();
    let head = format!(
        "POST /hooks/github HTTP/1.1\r\nhost: x\r\nx-github-event: push\r\n\
         x-hub-signature-256: sha256={}\r\ncontent-length: {}\r\n\r\n",
        "0".repeat(64),
        LARGEST_BODY + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

/// Nobody has proved who they are while their body comes, and each could be 25 MB.
#[tokio::test]
async fn few_long_bodies_are_in_memory_at_once_and_short_ones_dont_wait_for_them() {
    use tokio::io::AsyncWriteExt as _;
    let bench = Arc::new(Bench::open().await);
    let head = format!(
        "POST /hooks/github HTTP/1.1\r\nhost: x\r\nx-github-event: push\r\n\
         x-hub-signature-256: sha256={}\r\ncontent-length: {}\r\n\r\n",
        "0".repeat(64),
        LONG + 1
    );
    let mut slow = Vec::new();
    for _ in 0..LONG_AT_ONCE {
        let mut stream = tokio::net::TcpStream::connect(bench.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    let (door, headers, body) = genuine().swap_remove(0);
    // Whoever came first has its place once these are answered.
    for _ in 0..20 {
        let (status, _) = bench.post(door, &lent(&headers), body.clone()).await;
        assert_eq!(status, 200);
    }
    let waits = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move {
            let headers = [("x-hub-signature-256", "sha256=00")];
            bench.post("github", &headers, vec![b' '; LONG + 1]).await
        }
    });
    for _ in 0..20 {
        let (status, _) = bench.post(door, &lent(&headers), body.clone()).await;
        assert_eq!(status, 200);
    }
    assert!(!waits.is_finished(), "four are there already");
    drop(slow);
    let (status, _) = waits.await.unwrap();
    assert_eq!(status, 401);
}

#[tokio::test]
async fn what_is_to_happen_tomorrow_is_refused_at_every_door() {
    let bench = Bench::open().await;
    let mut body: Value = serde_json::from_slice(&genuine().swap_remove(0).2).unwrap();
    body["deployment_status"]["created_at"] = json!("2930-01-01T00:00:00Z");
    body["deployment_status"]["updated_at"] = json!("2930-01-01T00:00:00Z");
    let body = body.to_string().into_bytes();
    let signature = format!("sha256={}", signed(&body));
    let headers = [
        ("x-github-event", "deployment_status"),
        ("x-hub-signature-256", signature.as_str()),
    ];
    let (status, answer) = bench.post("github", &headers, body).await;
    assert_eq!(status, 422, "{answer}");
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("more than an hour from now")
    );
    let kept = bench.kept();
    assert_eq!((kept[0].n_refused, kept[0].told.len()), (1, 0));
}

#[tokio::test]
async fn a_source_without_a_key_has_no_door_and_the_answer_names_the_variable() {
    let bench = Bench::with(Keys::default(), false).await;
    for source in Source::ALL {
        let headers = [
            ("authorization", "Bearer x"),
            ("x-hub-signature-256", "sha256=00"),
        ];
        let (status, answer) = bench.post(source.name(), &headers, "{}").await;
        assert_eq!(status, 404, "{source:?}");
        let said = answer["error"].as_str().unwrap().to_owned();
        assert!(said.contains(source.variable()), "{said}");
    }
    assert_eq!(bench.kept(), []);
}

#[tokio::test]
async fn what_couldnt_be_kept_is_to_be_sent_again() {
    let bench = Bench::with(keys(), true).await;
    for (door, headers, body) in genuine() {
        let (status, answer) = bench.post(door, &lent(&headers), body).await;
        assert_eq!(status, 503, "{door}");
        assert_eq!(answer["error"], "it couldn't be kept; send it again");
    }
}

#[tokio::test]
async fn a_list_is_answered_by_index() {
    let bench = Bench::open().await;
    let of = |source: &str, id: &str| json!({"deployed_at": "2026-11-21T12:00:00Z", "source": source, "external_id": id});
    let mut belongs = of("ops", "e");
    belongs["title"] = json!("CHG-1042: WAF");
    let body = json!([
        of("ops", "a"),
        of("ops", ""),
        of("ops", "duplicate"),
        of("elsewhere", "c"),
        belongs,
        of("ops", "f"),
        7,
    ]);
    let headers = [("authorization", &*format!("Bearer {SECRET}"))];
    let (status, answer) = bench.post("changes", &headers, body.to_string()).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer,
        json!({
            "counted": [0, 5],
            "duplicate": [2],
            "not_counted": [3],
            "belongs": [{"index": 4, "change": ChangeNumber(1042).to_string()}],
            "refused": [
                {"index": 1, "reason": "`external_id` is empty"},
                {"index": 6, "reason": "it is no JSON object"},
            ],
        })
    );
    let kept = bench.kept();
    assert_eq!((kept[0].told.len(), kept[0].n_refused), (5, 2));

    let (status, answer) = bench.post("changes", &headers, "[{}]").await;
    assert_eq!((status, &answer["counted"]), (422, &json!([])));
    let many = vec![of("ops", "a"); changes::LARGEST_BATCH + 1];
    let (status, answer) = bench
        .post("changes", &headers, json!(many).to_string())
        .await;
    assert_eq!(status, 413);
    assert!(
        answer["error"]
            .as_str()
            .unwrap()
            .contains("more than 1000 changes")
    );
}
