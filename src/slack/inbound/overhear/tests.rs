//! The labelled conversations, while the rules are made.

use super::*;

#[test]
fn labelled() {
    let text = std::fs::read_to_string("tests/fixtures/rehearse/labelled.jsonl").unwrap();
    let policy = crate::domain::policy::Policy::unwritten(crate::domain::policy::PolicyVersion(1));
    let mut wrong = 0;
    for line in text.lines() {
        let v: serde_json::Value = serde_json::from_str(line).unwrap();
        let lines: Vec<Line> = v["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| Line {
                by: UserId::new(m["user"].as_str().unwrap()),
                text: m["text"].as_str().unwrap().to_owned(),
                ts: MessageTs::new(m["ts"].as_str().unwrap()),
                thread: m["thread_ts"].as_str().map(MessageTs::new),
                bot: m["bot"].as_bool().unwrap(),
                edited: m["edited"].as_bool().unwrap(),
            })
            .collect();
        let found =
            pair(&lines).filter(|_| policy.is_incident_channel(v["channel"].as_str().unwrap()));
        let offer = match &found {
            None => "none",
            Some(p) => match p.verdict {
                Verdict::Grant => "grant",
                Verdict::Refuse => "refuse",
            },
        };
        if let Some(p) = &found {
            println!(
                "WHAT {:?} {:?} <- {:?}",
                p.wanted.what, p.wanted.asked, p.request.text
            );
        }
        if offer != v["expect"].as_str().unwrap() {
            wrong += 1;
            println!("WRONG {} expected {} got {offer}", v["id"], v["expect"]);
            for l in &lines {
                println!(
                    "   {}: {:?}  asks={:?} answers={:?}",
                    l.by,
                    l.text,
                    asks(&l.text).map(|r| r.what),
                    answers(&l.text)
                );
            }
        }
    }
    println!("wrong: {wrong}");
}

#[test]
fn dev() {
    let text = std::fs::read_to_string("/tmp/recog/dev.txt").unwrap();
    for line in text.lines() {
        let (k, t) = line.split_once(' ').unwrap();
        let a = asks(t);
        let w = answers(t);
        let ok = match k {
            "A" => a.is_some(),
            "N" => a.is_none(),
            "G" => w == Some(Verdict::Grant),
            "R" => w == Some(Verdict::Refuse),
            _ => w.is_none(),
        };
        if k == "A" {
            println!("WHAT {:?} <- {t}", a.as_ref().map(|a| &a.what));
        }
        if !ok {
            println!("DEV {k} {t:?} asks={:?} says={:?}", a.map(|a| a.what), w);
        }
    }
}
