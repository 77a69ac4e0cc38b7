//! What is done to the zip around the files. Where no file is another for it, it may
//! hold.

use anyhow::Context as _;

use super::deed::{Deed, Done, Expected, Hand, names};
use super::forge::{Files, Wrapped, Wrapping};
use crate::dice::Dice;

/// Files of which verifiers read all before they know the list, and one that nobody
/// reads.
const READ: [&str; 9] = [
    "verify/key.txt",
    "verify/checkpoint.txt",
    "verify/hashes.bin",
    "verify/pack.json",
    "verify/leaves.jsonl",
    "verify/tellings.bin",
    "verify/MANIFEST",
    "verify/MANIFEST.note",
    "SOC 2 Evidence/zeros.pdf",
];

pub(super) fn done(deed: Deed, hand: &Hand<'_>, dice: &mut Dice) -> anyhow::Result<Option<Done>> {
    let files = &hand.packed.files;
    let mut zip = Wrapping::of(files)?;
    let n = dice.below(zip.files.len());
    let name = zip.files[n].name.clone();
    let inserted = |what: &str| format!("inserted: the zip holds {what}");
    let behind = "a comment, or bytes behind its end";
    let (what, words) = match deed {
        Deed::TwoOfOneName => {
            let bytes = [files.bytes(&name)?.as_slice(), b" "].concat();
            let at = dice.below(zip.files.len() + 1);
            zip.files.insert(at, Wrapped::new(&name, &bytes)?);
            let words = format!("inserted: the pack holds two files named {name}");
            (format!("a second {name}"), words)
        }
        Deed::BytesBehind => {
            let mut bytes = hand.packed.bytes.clone();
            bytes.extend(vec![b'x'; 1 + dice.below(70_000)]);
            let words = inserted(behind);
            let done = Done::new("bytes behind its end".to_owned(), bytes, move |said| {
                // Of a file that has very many, no zip is found.
                said == words || said == "pack.zip is neither a pack nor the folder of one"
            });
            return Ok(Some(done.in_other_words()));
        }
        Deed::BytesBefore if dice.one_in(2) => {
            let bytes = [b"#!/bin/sh\n", hand.packed.bytes.as_slice()].concat();
            let words =
                inserted("bytes before its first file, or around its list, that are of no file");
            let is_said = move |said: &str| said == words;
            let done = Done::new("bytes before its beginning".to_owned(), bytes, is_said);
            return Ok(Some(done));
        }
        Deed::BytesBefore => {
            zip.files[0].before = b"#!/bin/sh\n".to_vec();
            let first = &zip.files[0].name;
            let words = inserted(&format!("bytes before {first} that are of no file"));
            ("bytes before its first file".to_owned(), words)
        }
        Deed::BytesBetween if dice.one_in(4) => {
            zip.behind = b"more".to_vec();
            let words = inserted("bytes behind its last file that are of no file");
            ("bytes behind its last file".to_owned(), words)
        }
        Deed::BytesBetween => {
            // A whole file that no list speaks of.
            let mut hidden = Wrapping::of(&Files(vec![("hidden.pdf".to_owned(), vec![7; 99])]))?;
            hidden.files.truncate(1);
            let bytes = hidden.zip()?;
            let list = bytes.windows(4).position(|four| four == b"PK\x01\x02");
            zip.files[n].before = bytes[..list.context("no list")?].to_vec();
            let words = inserted(&format!("bytes before {name} that are of no file"));
            (format!("a hidden file before {name}"), words)
        }
        Deed::Comment => {
            zip.comment.push_str("verified by the auditor");
            ("a comment".to_owned(), inserted(behind))
        }
        Deed::RemarkOnFile => {
            zip.files[n].remark.push_str("verified by the auditor");
            let words = inserted(&format!("a comment on {name}"));
            (format!("a comment on {name}"), words)
        }
        Deed::OtherNameBeside => {
            zip.files[n].beside = format!("{}~", &name[..name.len() - 1]);
            let words = format!("altered: {name} can't be read");
            (format!("another name beside {name}"), words)
        }
        Deed::ClimbingName => {
            let names = [
                "../../etc/passwd",
                "/etc/passwd",
                "..\\up.pdf",
                "C:\\up.pdf",
            ];
            let new = *dice.choose(&names).unwrap_or(&"../x");
            zip.files.insert(n, Wrapped::new(new, b"up")?);
            let words = format!("inserted: {new} isn't in the list of files");
            (format!("{new} put in"), words)
        }
        Deed::Bomb => {
            let records = files.ending("/record.json");
            let read: Vec<&str> = READ
                .into_iter()
                .chain(records.iter().map(String::as_str))
                .collect();
            let bomb = (*dice.choose(&read).context("nothing is read")?).to_owned();
            zip.files.retain(|file| file.name != bomb);
            zip.files.push(Wrapped::bomb(&bomb));
            let is_new = !files.names().contains(&bomb);
            let words = match bomb.as_str() {
                _ if is_new => format!("inserted: {bomb} isn't in the list of files"),
                "verify/hashes.bin" => {
                    let size = hand.packed.size;
                    format!("the checkpoint is of {size} records, and there are more")
                }
                "verify/tellings.bin" => {
                    "inserted: tellings.bin holds more than the log took in".to_owned()
                }
                _ => format!("altered: {bomb} is longer than such a file can be"),
            };
            (format!("a gigabyte in the place of {bomb}"), words)
        }
        Deed::ZipTruncated => {
            let bytes = &hand.packed.bytes;
            let bytes = bytes[..dice.below(bytes.len())].to_vec();
            let what = format!("cut off at {}", bytes.len());
            // The sheet is a zip itself, and may be the last that is left.
            let done = Done::new(what, bytes, |said| {
                said == "pack.zip is neither a pack nor the folder of one"
                    || said == "missing: verify/key.txt"
            });
            return Ok(Some(done.in_other_words()));
        }
        Deed::BitOfZip => {
            let mut bytes = hand.packed.bytes.clone();
            let at = dice.below(bytes.len());
            bytes[at] ^= 1 << dice.below(8);
            let is_whole = Files::of(&bytes).is_ok_and(|found| found.0 == files.0);
            let all = files.names();
            let is_named = move |said: &str| {
                said.contains("the zip") || said.contains("pack.zip") || {
                    all.iter().any(|name| names(name, said))
                }
            };
            let mut done = Done::new(format!("bit of byte {at} of the zip"), bytes, is_named);
            if is_whole {
                done.if_anything();
            }
            return Ok(Some(done.in_other_words()));
        }
        Deed::TimesAltered => {
            zip.files[n].time ^= 0x0842;
            let mut done = Done::new(format!("the time of {name}"), zip.zip()?, |_| false);
            done.expected = Expected::Nothing;
            return Ok(Some(done));
        }
        _ => {
            for folder in ["SOC 2 Evidence/", "verify/"] {
                zip.files
                    .insert(dice.below(zip.files.len()), Wrapped::folder(folder));
            }
            zip.files.rotate_left(n);
            let mut done = Done::new("packed anew".to_owned(), zip.zip()?, |_| false);
            done.expected = Expected::Nothing;
            return Ok(Some(done));
        }
    };
    Ok(Some(Done::new(what, zip.zip()?, move |said| said == words)))
}
