//! `kill -TERM` while commands pour in, and while Slack is silent about a pack: what was
//! acknowledged is kept, and the end comes in time.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use breakglass::sandbox::hand::Hand;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use super::{Sandbox, finish, signal};
use crate::world::port::Port;

/// How many commands are in flight, and after how many the signal comes.
const IN_FLIGHT: usize = 16;
const BEFORE: usize = 200;

/// Within which the bot has to end: issue 8.
const IN_TIME: Duration = Duration::from_secs(20);

/// Sends commands until nobody takes them any more; returns those acknowledged.
async fn lane(url: String, secret: String, lane: usize, n_done: Arc<AtomicUsize>) -> Vec<String> {
    let http = super::plain_http();
    let mut acknowledged = Vec::new();
    for n in 0.. {
        let name = format!("{lane}-{n}");
        let body = format!(
            "team_id=T0BREAK01&channel_id=C0INCAUTH1&channel_name=inc-auth-outage\
             &user_id=U0DANA0001&user_name=dana&command=%2Femergency\
             &text=Restart+gateway+{name}+%40morgan&api_app_id=A0BREAKGLS\
             &response_url=http%3A%2F%2F127.0.0.1%3A1%2Frespond%2F{name}&trigger_id={name}.1.a"
        );
        let now = chrono::Utc::now().timestamp();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("v0:{now}:{body}").as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let answer = http
            .post(&url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-slack-request-timestamp", now)
            .header("x-slack-signature", format!("v0={signature}"))
            .body(body)
            .send()
            .await;
        match answer {
            Ok(answer) if answer.status().is_success() => {
                acknowledged.push(name);
                n_done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    acknowledged
}

#[test]
fn a_bot_that_is_stopped_under_load_keeps_what_it_acknowledged_and_ends_in_time() {
    let sandbox = Sandbox::start();
    let port = Port::take().unwrap();
    let secret = sandbox.told("signing_secret").to_owned();
    let log = std::fs::File::create(sandbox.folder().join("log")).unwrap();
    let bot = sandbox
        .installed("serve")
        .env_remove("SLACK_APP_TOKEN")
        .env("SLACK_SIGNING_SECRET", &secret)
        .env("BREAKGLASS_LISTEN", port.address.to_string())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap();
    while std::net::TcpStream::connect(port.address).is_err() {}
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let n_done = Arc::new(AtomicUsize::new(0));
    let url = format!("http://{}/slack/commands", port.address);
    let lanes: Vec<_> = (0..IN_FLIGHT)
        .map(|n| runtime.spawn(lane(url.clone(), secret.clone(), n, Arc::clone(&n_done))))
        .collect();
    while n_done.load(Ordering::Relaxed) < BEFORE {
        assert!(lanes.iter().any(|lane| !lane.is_finished()), "nobody sends");
        std::thread::yield_now();
    }
    signal("TERM", bot.id());
    let told = Instant::now();
    let ended = finish(bot);
    let took = told.elapsed();
    let log = std::fs::read_to_string(sandbox.folder().join("log")).unwrap();
    assert_eq!(ended.code, Some(0), "{log}");
    assert!(took < IN_TIME, "{took:?}: {log}");
    let mut acknowledged = BTreeSet::new();
    for lane in lanes {
        acknowledged.extend(runtime.block_on(lane).unwrap());
    }
    assert!(acknowledged.len() >= BEFORE);
    let database = rusqlite::Connection::open(sandbox.folder().join("breakglass.db")).unwrap();
    let mut kept = database
        .prepare("SELECT json_extract(gesture, '$.response_url') FROM inbox")
        .unwrap();
    let kept: BTreeSet<String> = kept
        .query_map([], |row| row.get::<_, Option<String>>(0))
        .unwrap()
        .filter_map(|url| Some(url.unwrap()?.rsplit_once('/')?.1.to_owned()))
        .collect();
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{lost:?} of {}", acknowledged.len());
    let said = sandbox.run(&mut sandbox.installed("doctor"));
    assert!(said.out.contains("✓ log: all"), "{said:?}");
}

/// How often Slack was asked for something, whatever came of it.
fn n_calls(sandbox: &Sandbox, method: &str) -> usize {
    let hand = Hand::on(sandbox.told("control")).unwrap();
    let calls = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(hand.look(&format!("calls?method={method}")))
        .unwrap();
    calls["calls"].as_array().unwrap().len()
}

#[test]
fn a_bot_that_is_stopped_over_a_pack_ends_in_time_and_delivers_it_later() {
    let sandbox = Sandbox::start();
    sandbox.write("breakglass.toml", "[policy]\nevidence = [\"U0SAM00001\"]\n");
    let bot = sandbox.serve();
    let say = |who: &str, text: &str| {
        let said = json!({"as": who, "channel": "#inc-auth-outage", "command": "/emergency",
                           "text": text});
        assert_eq!(sandbox.act("slash", said)["status"], "acknowledged");
    };
    say("dana", "Restart the gateway @morgan");
    // A call may take ten seconds; one that is never answered takes them all.
    let silent = json!({"method": "files.getUploadURLExternal", "fault": "silence", "times": 1});
    sandbox.act("misbehave", silent);
    say("sam", "evidence this month");
    while n_calls(&sandbox, "files.getUploadURLExternal") == 0 {}
    let told = Instant::now();
    let (code, log) = bot.end_with_log("TERM");
    let took = told.elapsed();
    assert_eq!(code, Some(0), "{log}");
    assert!(took < IN_TIME, "{took:?}: {log}");
    assert!(log.contains("what takes longer is given up"), "{log}");
    let bot = sandbox.serve();
    while n_calls(&sandbox, "files.completeUploadExternal") == 0 {}
    assert_eq!(bot.end("TERM"), Some(0));
    let database = rusqlite::Connection::open(sandbox.folder().join("breakglass.db")).unwrap();
    let delivered = "SELECT count(*) FROM event WHERE instr(leaf, '\"pack_delivered\"') > 0";
    let delivered: u32 = database.query_row(delivered, [], |row| row.get(0)).unwrap();
    assert_eq!(delivered, 1);
}
