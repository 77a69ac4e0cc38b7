//! What whoever holds the key can do to a pack, list and sign anew: what the log speaks
//! against is found by both verifiers, and named in the same words.

use super::tests::{World, by_python, by_rust, drawn, files, zipped};
use super::*;
use crate::evidence::note::SignedNote;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

type Files = BTreeMap<String, Vec<u8>>;

/// Lists the files as they are, and signs the list.
pub(super) fn sealed(mut files: Files, key: &SignerKey) -> Files {
    let names = files.keys().filter(|name| *name != LIST && *name != SEAL);
    let mut list = String::new();
    for name in names {
        let hash = hex::encode(Sha256::digest(&files[name]));
        list.extend([&hash, "  ", name, "\n"]);
    }
    let hash = hex::encode(Sha256::digest(&list));
    let text = format!("{}/pack\n{hash}\n", key.verifier().name());
    let note = SignedNote::sign(text, key).unwrap();
    files.insert(LIST.to_owned(), list.into_bytes());
    files.insert(SEAL.to_owned(), note.to_string().into_bytes());
    files
}

/// Alters a JSON file.
fn json(files: &mut Files, name: &str, alter: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&files[name]).unwrap();
    alter(&mut value);
    files.insert(name.to_owned(), serde_json::to_vec(&value).unwrap());
}

/// Alters the first sheet of the change log.
fn book(files: &mut Files, alter: impl FnOnce(String) -> String) {
    let mut book = super::tests::files(&files[BOOK]);
    let sheet = "xl/worksheets/sheet1.xml";
    let text = String::from_utf8(book[sheet].clone()).unwrap();
    let altered = alter(text.clone());
    assert_ne!(altered, text, "nothing was altered");
    book.insert(sheet.to_owned(), altered.into_bytes());
    files.insert(BOOK.to_owned(), zipped(&book));
}

/// The row of a change in a sheet.
fn row<'s>(sheet: &'s str, name: &str) -> &'s str {
    let mut rows = sheet.split_inclusive("</row>");
    rows.find(|row| row.contains(&format!("<t>{name}</t>")))
        .unwrap()
}

/// Takes a row out, and numbers those behind it anew.
fn cut(sheet: &str, name: &str) -> String {
    let (before, behind) = sheet.split_once(row(sheet, name)).unwrap();
    let first = before.matches("<row ").count() + 1;
    let mut whole = before.to_owned();
    for (new, one) in (first..).zip(behind.split_inclusive("</row>")) {
        let old = new + 1;
        whole += &one
            .replace(&format!("<row r=\"{old}\""), &format!("<row r=\"{new}\""))
            .replace(&format!("{old}\" s="), &format!("{new}\" s="));
    }
    whole
}

fn record(files: &Files, end: &str) -> String {
    let mut names = files.keys();
    let name = names.find(|name| name.ends_with(&format!("{end}/record.json")));
    name.unwrap().clone()
}

/// What is done, how, and in which words it has to be found.
type Deed = (&'static str, fn(&mut Files), &'static str);

const DEEDS: &[Deed] = &[
    (
        "an emergency's row is cut out",
        |files| book(files, |sheet| cut(&sheet, "CHG-1002")),
        "missing: CHG-1002 isn't in the change log",
    ),
    (
        "an emergency's row has another day",
        |files| {
            book(files, |sheet| {
                let (before, rest) = row(&sheet, "CHG-1001").split_once("<v>").unwrap();
                let (_, rest) = rest.split_once("</v>").unwrap();
                let new = format!("{before}<v>46290.5</v>{rest}");
                sheet.replace(row(&sheet, "CHG-1001"), &new)
            });
        },
        "altered: the change log tells CHG-1001 otherwise than its records",
    ),
    (
        "an emergency is called a rehearsal",
        |files| {
            book(files, |sheet| {
                let old = row(&sheet, "CHG-1001").to_owned();
                sheet.replace(&old, &old.replace("<t>Emergency</t>", "<t>Drill</t>"))
            });
        },
        "altered: the change log tells CHG-1001 otherwise than its records",
    ),
    (
        "an emergency that never was",
        |files| book(files, |sheet| sheet.replace("CHG-1002", "CHG-1003")),
        "inserted: the change log has CHG-1003, which isn't due there",
    ),
    (
        "a change of which no source told",
        |files| {
            book(files, |sheet| {
                let old = row(&sheet, "github acme/web/pull/2");
                let at = old.rfind("<is><t>").unwrap() + 7;
                let new = format!("{}{}{}", &old[..at], "ab".repeat(32), &old[at + 64..]);
                sheet.replace(old, &new)
            });
        },
        "inserted: the change log has github acme/web/pull/2, and no source told it so",
    ),
    (
        "one change in the place of another",
        |files| {
            book(files, |sheet| {
                let hash = |name: &str| {
                    let row = row(&sheet, name);
                    let at = row.rfind("<is><t>").unwrap() + 7;
                    row[at..at + 64].to_owned()
                };
                let (one, two) = (
                    hash("github acme/web/pull/1"),
                    hash("github acme/web/pull/2"),
                );
                sheet.replace(&two, &one)
            });
        },
        "inserted: the change log has github acme/web/pull/2, and no source told it so",
    ),
    (
        "a row that nobody sees",
        |files| {
            book(files, |sheet| {
                sheet.replacen("<row r=\"3\"", "<row r=\"3\" hidden=\"1\"", 1)
            });
        },
        "altered: SOC 2 Evidence/Change Management/Change Log.xlsx isn't of the form that packs have",
    ),
    (
        "a cell that reckons",
        |files| {
            book(files, |sheet| {
                sheet.replacen("</c></row>", "<f>1</f></c></row>", 1)
            });
        },
        "altered: SOC 2 Evidence/Change Management/Change Log.xlsx isn't of the form that packs have",
    ),
    (
        "a normal change's row is cut out, and its count",
        |files| {
            book(files, |sheet| cut(&sheet, "github acme/web/pull/2"));
            json(files, "verify/pack.json", |about| {
                for (name, n) in [("changes", 5), ("normal", 3)] {
                    about["population"][name] = json!(n);
                }
            });
        },
        "missing: verify/pack.json states 6 samples, and 5 were to be drawn",
    ),
    (
        "another count",
        |files| {
            json(files, "verify/pack.json", |about| {
                about["population"]["changes"] = json!(9);
            });
        },
        "altered: verify/pack.json counts other changes than the change log has",
    ),
    (
        "another seed",
        |files| {
            json(files, "verify/pack.json", |about| {
                about["samples"]["drawn"]["seed"] = json!("8");
            });
        },
        "which the seed draws",
    ),
    (
        "a seed as if it came of the root",
        |files| {
            json(files, "verify/pack.json", |about| {
                about["samples"]["drawn"]["seed_is"] = json!("beginning of the checkpoint's root");
            });
        },
        "altered: verify/pack.json isn't of the form that packs have",
    ),
    (
        "fewer records",
        |files| {
            json(files, "verify/pack.json", |about| {
                about["leaves"]["end"] = json!(3);
            });
        },
        "altered: verify/pack.json states another checkpoint than was signed",
    ),
    (
        "records of the period left out",
        |files| {
            json(files, "verify/pack.json", |about| {
                about["leaves"]["first"] = json!(9);
            });
            files.insert("verify/tellings.bin".to_owned(), Vec::new());
        },
        "missing: record 8 ",
    ),
    (
        "another period",
        |files| {
            json(files, "verify/pack.json", |about| {
                about["period"]["from"] = json!("2026-10-05T10:30:00Z");
            });
        },
        "altered: verify/pack.json states days that don't begin when it says",
    ),
    (
        "another workspace",
        |files| {
            json(files, "verify/pack.json", |about| {
                about["workspace"] = json!("T0OTHER");
            });
        },
        "altered: verify/pack.json names another workspace than the key",
    ),
    (
        "a sample taken out",
        |files| files.retain(|name, _| !name.contains("/Sample 3 - ")),
        "missing: sample 3",
    ),
    (
        "the last sample taken out",
        |files| files.retain(|name, _| !name.contains("/Sample 6 - ")),
        "missing: verify/pack.json states 6 samples, and here are 5",
    ),
    (
        "a sample's record taken out",
        |files| {
            let name = record(files, "CHG-1002");
            files.remove(&name);
        },
        "CHG-1002/record.json",
    ),
    (
        "a sample's paper taken out",
        |files| files.retain(|name, _| !name.ends_with("CHG-1002/approval_record.pdf")),
        "CHG-1002/approval_record.pdf",
    ),
    (
        "a sample's folder of another day",
        |files| {
            let all = std::mem::take(files).into_iter();
            let new = |name: String| name.replace("2026-10-05 CHG-1002", "2026-10-07 CHG-1002");
            *files = all.map(|(name, bytes)| (new(name), bytes)).collect();
        },
        "is of another change than its folder",
    ),
    (
        "an emergency as if it were none",
        |files| {
            let name = record(files, "CHG-1002");
            json(files, &name, |record| {
                record["form"] = json!("breakglass-normal-record");
                record["tellings"] = json!([]);
            });
        },
        "CHG-1002/pull_request.pdf",
    ),
    (
        "a record of no form",
        |files| {
            let name = record(files, "CHG-1002");
            json(files, &name, |record| record["form"] = json!("another"));
        },
        "CHG-1002/record.json isn't of the form that packs have",
    ),
    (
        "a number that only looks like it",
        |files| {
            let name = record(files, "CHG-1002");
            json(files, &name, |record| record["number"] = json!("CHG-+1002"));
        },
        "CHG-1002/record.json isn't of the form that packs have",
    ),
    (
        "words without a commitment",
        |files| {
            let name = record(files, "CHG-1002");
            json(files, &name, |record| {
                record["what"].as_object_mut().unwrap().remove("commitment");
                record["what"]["text"] = json!("All was well");
            });
        },
        "CHG-1002/record.json isn't of the form that packs have",
    ),
    (
        "another time of a normal change",
        |files| {
            let name = record(files, "PR #2");
            json(files, &name, |record| {
                record["at"] = json!("2026-10-05T10:00:30Z");
            });
        },
        "PR #2/record.json says otherwise what follows from what was told",
    ),
    (
        "another time of a telling",
        |files| {
            let name = record(files, "PR #2");
            json(files, &name, |record| {
                record["tellings"][0]["at"] = json!("2026-10-05T09:00:00Z");
            });
        },
        "PR #2/record.json tells otherwise what github told",
    ),
    (
        "another kind of a normal change",
        |files| {
            let name = record(files, "PR #2");
            json(files, &name, |record| {
                record["kind"]["name"] = json!("standard");
            });
        },
        "PR #2/record.json says otherwise what follows from what was told",
    ),
    (
        "an approver who was another",
        |files| {
            let name = record(files, "PR #2");
            json(files, &name, |record| {
                record["approver_is_another"] = json!(false);
            });
        },
        "PR #2/record.json says otherwise what follows from what was told",
    ),
    (
        "an approval that nobody collected any more",
        |files| {
            let name = record(files, "PR #2");
            json(files, &name, |record| record["approved_by"] = Value::Null);
        },
        "PR #2/record.json has another approved by than was told",
    ),
    (
        "another name of a normal change",
        |files| {
            let name = record(files, "PR #2");
            json(files, &name, |record| {
                record["name"] = json!("github acme/web/pull/9");
            });
        },
        "isn't of github acme/web/pull/2, which the seed draws",
    ),
    (
        "another text for openssl",
        |files| {
            files.insert("verify/checkpoint.body".to_owned(), b"another".to_vec());
        },
        "altered: verify/checkpoint.body isn't that of checkpoint.txt and key.txt",
    ),
    (
        "another key for openssl",
        |files| {
            files.insert("verify/key.pem".to_owned(), b"another".to_vec());
        },
        "altered: verify/key.pem isn't that of checkpoint.txt and key.txt",
    ),
    (
        "a number that is none",
        |files| {
            let name = record(files, "CHG-1002");
            let text = String::from_utf8(files[&name].clone()).unwrap();
            files.insert(name, text.replacen('{', "{\"x\": NaN,", 1).into_bytes());
        },
        "CHG-1002/record.json isn't JSON",
    ),
    (
        "half a letter",
        |files| {
            let name = record(files, "CHG-1002");
            let text = String::from_utf8(files[&name].clone()).unwrap();
            files.insert(
                name,
                text.replacen('{', "{\"x\": \"\\ud800\",", 1).into_bytes(),
            );
        },
        "CHG-1002/record.json isn't JSON",
    ),
    (
        "boxes in boxes",
        |files| {
            let name = record(files, "CHG-1002");
            files.insert(name, "[".repeat(100_000).into_bytes());
        },
        "CHG-1002/record.json isn't JSON",
    ),
];

#[tokio::test]
async fn what_the_holder_of_the_key_alters_is_found_by_the_log_in_the_same_words() {
    let world = World::lived().await;
    let whole = files(&world.pack(&drawn(6)).unwrap());
    let key = world.key();
    let path = world.folder.path().join("pack.zip");
    std::fs::write(&path, zipped(&sealed(whole.clone(), &key))).unwrap();
    by_rust(&path).unwrap();
    for (what, alter, words) in DEEDS {
        let mut pack = whole.clone();
        alter(&mut pack);
        std::fs::write(&path, zipped(&sealed(pack, &key))).unwrap();
        let flaw = by_rust(&path).map(|_| what).unwrap_err().to_string();
        assert!(flaw.contains(words), "{what}: {flaw}");
        if let Some((holds, said)) = by_python(&path, &[]) {
            assert!(!holds, "{what}: {said}");
            assert_eq!(said.trim_end(), flaw, "{what}");
        }
    }
    world.store.close().await;
}

#[tokio::test]
async fn a_list_that_names_a_file_twice_is_found() {
    let world = World::lived().await;
    let mut pack = files(&world.pack(&drawn(1)).unwrap());
    let key = world.key();
    let list = String::from_utf8(pack[LIST].clone()).unwrap();
    let twice = format!("{}  README.txt\n{list}", "0".repeat(64));
    let hash = hex::encode(Sha256::digest(&twice));
    let text = format!("{}/pack\n{hash}\n", key.verifier().name());
    let note = SignedNote::sign(text, &key).unwrap();
    pack.insert(LIST.to_owned(), twice.into_bytes());
    pack.insert(SEAL.to_owned(), note.to_string().into_bytes());
    let path = world.folder.path().join("pack.zip");
    std::fs::write(&path, zipped(&pack)).unwrap();
    let words = "inserted: verify/MANIFEST lists README.txt twice";
    assert_eq!(by_rust(&path).unwrap_err().to_string(), words);
    if let Some((holds, said)) = by_python(&path, &[]) {
        assert!(!holds && said.trim_end() == words, "{said}");
    }
    world.store.close().await;
}
