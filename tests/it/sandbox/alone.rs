//! `breakglass sandbox`: the workspace as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::bench::{MANIFEST, client};

/// A process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It has usually ended already; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn sandbox(arguments: &[&str]) -> Process {
    let child = Command::new(env!("CARGO_BIN_EXE_breakglass"))
        .arg("sandbox")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Process(child)
}

#[tokio::test]
async fn it_says_where_it_is_serves_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.yml");
    std::fs::write(&manifest, MANIFEST).unwrap();
    let arguments = [
        "--manifest",
        manifest.to_str().unwrap(),
        "--frozen-at",
        "2026-11-21T02:14:00Z",
    ];
    let mut process = sandbox(&arguments);
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let url = format!("{}/auth.test", told["slack_api_url"].as_str().unwrap());
    let request = client()
        .post(url)
        .bearer_auth(told["bot_token"].as_str().unwrap());
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["team"], "Northwind");
    let url = format!("{}/clock", told["control"].as_str().unwrap());
    let clock: Value = client()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(clock["now"], "2026-11-21T02:14:00Z");
    let killed = Command::new("kill")
        .arg(process.0.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(process.0.wait().unwrap().code(), Some(0));
}

#[test]
fn without_a_manifest_it_says_what_is_missing() {
    let mut process = sandbox(&["--manifest", "/nowhere/manifest.yml"]);
    assert_eq!(process.0.wait().unwrap().code(), Some(1));
    let said = std::io::read_to_string(process.0.stderr.take().unwrap()).unwrap();
    assert!(said.contains("/nowhere/manifest.yml"), "{said}");
}
