//! What is done to a record, and by which name it has to be found.

use anyhow::{Context as _, ensure};
use breakglass::domain::id::ChangeNumber;
use breakglass::domain::merkle::leaf_hash;
use breakglass::evidence::note::{KeyName, SignerKey};
use breakglass::evidence::verify::{Fault, Given, Whose, read_witness};
use breakglass::store::Misfit;
use rusqlite::params;

use super::forger::{Forger, Leaf, signer};
use super::life::Life;
use crate::dice::Dice;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    ByteOfRecord,
    HashOfRecord,
    RecordDeleted,
    RecordDeletedAndClosedUp,
    TailCutOff,
    RecordsSwapped,
    FiledElsewhere,
    PutInBetween,
    PutInBehind,
    EditedAndHashed,
    DeletedAndHashed,
    PutInAndHashed,
    SwappedAndHashed,
    SignedByAnother,
    SignedAnew,
    CutOffAndSigned,
    CheckpointDeleted,
    CheckpointsRoot,
    CheckpointsNote,
    CheckpointExchanged,
    Head,
    KeyInForce,
    RegisterAltered,
    RegisterDeleted,
    RegisterInvented,
    WordsAltered,
    WordsDeleted,
    MessageMoved,
    PolicyAltered,
    ToldAltered,
    ToldDeleted,
    ToldWordsAltered,
}

/// A deed that was done.
pub(super) struct Done {
    /// In words, with what it was done to.
    pub(super) what: String,
    /// What somebody kept and brings along.
    pub(super) witness: Option<Given>,
    /// Whether they know the key.
    pub(super) key: bool,
    is_named: Box<dyn Fn(&Fault) -> bool>,
}

impl Done {
    fn new(what: String, is_named: impl Fn(&Fault) -> bool + 'static) -> Self {
        Self {
            what,
            witness: None,
            key: true,
            is_named: Box::new(is_named),
        }
    }

    fn with(self, note: &str) -> anyhow::Result<Self> {
        Ok(Self {
            witness: Some(read_witness(note)?),
            ..self
        })
    }

    /// Whether a fault is this one.
    pub(super) fn is_named(&self, fault: &Fault) -> bool {
        (self.is_named)(fault)
    }
}

/// What the register says of a change: each column, what is put there, and its name.
const REGISTER: [(&str, &str, &str); 9] = [
    ("version", "version + 1", "number of records"),
    ("stage", "'lapsed'", "stage"),
    ("policy", "policy + 1", "policy"),
    ("requester", "'U0GUS00001'", "requester"),
    ("channel", "'C0ELSEWHERE'", "channel"),
    ("requested_at", "requested_at - 1", "time of the request"),
    (
        "deployed_at",
        "coalesce(deployed_at, 0) + 1",
        "time of deployment",
    ),
    ("due_at", "coalesce(due_at, 0) + 1", "deadline"),
    ("closed_at", "coalesce(closed_at, 0) + 1", "time of closing"),
];

/// Whether somebody's record is that one.
fn is(whose: &Whose, seq: u64) -> bool {
    whose.seq == seq
}

/// Whether a stretch has that record.
fn holds(from: Option<&Whose>, to: Option<&Whose>, seq: u64) -> bool {
    from.is_some_and(|from| from.seq <= seq) && to.is_some_and(|to| seq <= to.seq)
}

impl Deed {
    pub(super) const ALL: [Self; 32] = [
        Self::ByteOfRecord,
        Self::SignedByAnother,
        Self::SignedAnew,
        Self::CutOffAndSigned,
        Self::HashOfRecord,
        Self::RecordDeleted,
        Self::RecordDeletedAndClosedUp,
        Self::TailCutOff,
        Self::RecordsSwapped,
        Self::FiledElsewhere,
        Self::PutInBetween,
        Self::PutInBehind,
        Self::EditedAndHashed,
        Self::DeletedAndHashed,
        Self::PutInAndHashed,
        Self::SwappedAndHashed,
        Self::CheckpointDeleted,
        Self::CheckpointsRoot,
        Self::CheckpointsNote,
        Self::CheckpointExchanged,
        Self::Head,
        Self::KeyInForce,
        Self::RegisterAltered,
        Self::RegisterDeleted,
        Self::RegisterInvented,
        Self::WordsAltered,
        Self::WordsDeleted,
        Self::MessageMoved,
        Self::PolicyAltered,
        Self::ToldAltered,
        Self::ToldDeleted,
        Self::ToldWordsAltered,
    ];

    /// Whether it takes a record of which there was only ever one key.
    pub(super) fn is_of_one_key(self) -> bool {
        self == Self::SignedByAnother
    }

    /// Whether whoever does it can sign.
    pub(super) fn takes_a_key(self) -> bool {
        matches!(self, Self::SignedByAnother | Self::SignedAnew)
    }

    /// Does it.
    pub(super) fn done(
        self,
        life: &Life,
        forger: &Forger,
        dice: &mut Dice,
    ) -> anyhow::Result<Done> {
        let leaves = forger.leaves()?;
        match self {
            Self::ByteOfRecord
            | Self::HashOfRecord
            | Self::RecordDeleted
            | Self::RecordDeletedAndClosedUp
            | Self::TailCutOff
            | Self::RecordsSwapped
            | Self::FiledElsewhere
            | Self::PutInBetween
            | Self::PutInBehind => self.to_rows(life, forger, &leaves, dice),
            Self::EditedAndHashed
            | Self::DeletedAndHashed
            | Self::PutInAndHashed
            | Self::SwappedAndHashed => self.hashed(life, forger, leaves, dice),
            Self::SignedByAnother | Self::SignedAnew | Self::CutOffAndSigned => {
                self.signed(life, forger, leaves, dice)
            }
            Self::CheckpointDeleted
            | Self::CheckpointsRoot
            | Self::CheckpointsNote
            | Self::CheckpointExchanged => self.to_checkpoints(life, forger, dice),
            Self::Head
            | Self::KeyInForce
            | Self::RegisterAltered
            | Self::RegisterDeleted
            | Self::RegisterInvented
            | Self::WordsAltered
            | Self::WordsDeleted
            | Self::MessageMoved
            | Self::PolicyAltered
            | Self::ToldAltered
            | Self::ToldDeleted
            | Self::ToldWordsAltered => self.to_what_is_derived(life, forger, dice),
        }
    }

    /// Rows of the log are edited, and what goes with them is left as it is.
    fn to_rows(
        self,
        life: &Life,
        forger: &Forger,
        leaves: &[Leaf],
        dice: &mut Dice,
    ) -> anyhow::Result<Done> {
        let (n, file) = (leaves.len(), &forger.0);
        let place = dice.below(n);
        let seq = place as u64;
        let end = n as u64;
        let done = match self {
            Self::ByteOfRecord => {
                let mut bytes = leaves[place].json.clone().into_bytes();
                let at = dice.below(bytes.len());
                let with = 1 + u8::try_from(dice.below(255))?;
                bytes[at] = bytes[at].wrapping_add(with);
                let update = "UPDATE event SET leaf = ?2 WHERE seq = ?1";
                file.execute(update, params![seq, bytes])?;
                let change = leaves[place].change.map(ChangeNumber);
                Done::new(format!("byte {at} of record {seq}"), move |fault| {
                    matches!(fault, Fault::Altered(whose) if is(whose, seq)
                        && (change.is_none() || whose.change == change))
                })
            }
            Self::HashOfRecord => {
                let update = "UPDATE event SET leaf_hash = randomblob(32) WHERE seq = ?1";
                file.execute(update, [seq])?;
                Done::new(
                    format!("the hash of record {seq}"),
                    move |fault| matches!(fault, Fault::Altered(whose) if is(whose, seq)),
                )
            }
            Self::RecordDeleted => {
                file.execute("DELETE FROM event WHERE seq = ?1", [seq])?;
                // Of the last one only a checkpoint knows, or the head.
                Done::new(format!("record {seq} deleted"), move |fault| match fault {
                    Fault::Missing { from, to, .. } => (*from, *to) == (seq, seq),
                    Fault::Truncated { found, .. } => *found == seq && seq + 1 == end,
                    Fault::Head { found, said } => {
                        *found == seq && *said == Some(end) && seq + 1 == end
                    }
                    _ => false,
                })
            }
            Self::RecordDeletedAndClosedUp => {
                let place = dice.below(n - 1);
                let seq = place as u64;
                file.execute("DELETE FROM event WHERE seq = ?1", [seq])?;
                for later in seq + 1..end {
                    file.execute("UPDATE event SET seq = ?1 - 1 WHERE seq = ?1", [later])?;
                }
                Done::new(
                    format!("record {seq} deleted, and those behind it moved up"),
                    move |fault| matches!(fault, Fault::Missing { from, to, .. } if (*from, *to) == (seq, seq)),
                )
            }
            Self::TailCutOff => {
                file.execute("DELETE FROM event WHERE seq >= ?1", [seq])?;
                Done::new(format!("cut off before record {seq}"), move |fault| {
                    matches!(fault, Fault::Truncated { found, .. } | Fault::Head { found, .. }
                        if *found == seq)
                })
            }
            Self::RecordsSwapped => {
                let (one, other) = two(n, dice);
                file.execute_batch(&format!(
                    "CREATE TEMP TABLE copy AS SELECT * FROM event;
                     UPDATE event SET (leaf, leaf_hash, change, version) =
                         (SELECT leaf, leaf_hash, change, version FROM copy
                          WHERE copy.seq = {one} + {other} - event.seq)
                     WHERE seq IN ({one}, {other})"
                ))?;
                Done::new(format!("records {one} and {other} swapped"), move |fault| {
                    matches!(fault, Fault::OutOfOrder { stands, whose }
                        if *stands == one && is(whose, other))
                })
            }
            Self::FiledElsewhere => {
                let of_changes = (0..n).filter(|place| leaves[*place].change.is_some());
                let of_changes: Vec<usize> = of_changes.collect();
                let seq = *dice.choose(&of_changes).context("no change")? as u64;
                let update = *dice
                    .choose(&["change = change + 1", "version = version + 1"])
                    .unwrap_or(&"change = NULL");
                file.execute(&format!("UPDATE event SET {update} WHERE seq = ?1"), [seq])?;
                Done::new(
                    format!("record {seq}: {update}"),
                    move |fault| matches!(fault, Fault::Displaced(whose) if is(whose, seq)),
                )
            }
            Self::PutInBetween => {
                for later in (seq..end).rev() {
                    file.execute("UPDATE event SET seq = ?1 + 1 WHERE seq = ?1", [later])?;
                }
                put_in(forger, leaves, seq, dice)?;
                Done::new(
                    format!("a record put in before record {seq}"),
                    move |fault| matches!(fault, Fault::Inserted(whose) if is(whose, seq)),
                )
            }
            _ => {
                put_in(forger, leaves, end, dice)?;
                Done::new(
                    "a record put in behind the last one".to_owned(),
                    move |fault| matches!(fault, Fault::Inserted(whose) if is(whose, end)),
                )
            }
        };
        // What somebody kept finds it no later.
        match dice.choose(&life.notes) {
            Some(note) if dice.one_in(2) => done.with(note),
            _ => Ok(done),
        }
    }

    /// The log is written anew, so that all of it fits but what was signed.
    fn hashed(
        self,
        life: &Life,
        forger: &Forger,
        mut leaves: Vec<Leaf>,
        dice: &mut Dice,
    ) -> anyhow::Result<Done> {
        let signed = usize::try_from(life.signed())?;
        let of_others = (0..signed).filter(|place| !leaves[*place].is_of_the_seal());
        let of_others: Vec<usize> = of_others.collect();
        let place = *dice.choose(&of_others).context("nothing else")?;
        let what = match self {
            Self::EditedAndHashed => {
                let named = of_others.into_iter();
                let named: Vec<usize> = named.filter(|n| leaves[*n].names_somebody()).collect();
                let place = *dice.choose(&named).context("nobody is named")?;
                leaves[place].put_on_somebody_else();
                (format!("record {place} put on somebody else"), place)
            }
            Self::DeletedAndHashed => {
                leaves.remove(place);
                (format!("record {place} taken out"), place)
            }
            Self::PutInAndHashed => {
                let others: Vec<usize> = of_others.into_iter().filter(|n| *n != place).collect();
                let other = *dice.choose(&others).context("nothing else")?;
                leaves.insert(place, leaves[other].clone());
                let words = format!("record {other} said again before record {place}");
                (words, place)
            }
            _ => {
                let others: Vec<usize> = of_others.into_iter().filter(|n| *n != place).collect();
                let other = *dice.choose(&others).context("nothing else")?;
                leaves.swap(place, other);
                let words = format!("records {place} and {other} swapped");
                (words, place.min(other))
            }
        };
        let (what, place) = what;
        forger.rewrite(&leaves)?;
        let (seq, n, signed) = (place as u64, leaves.len() as u64, life.signed());
        let newest = life.sizes.iter().rev().nth(1).copied().unwrap_or_default();
        Ok(Done::new(
            format!("{what}, and all of it hashed anew"),
            move |fault| match fault {
                Fault::Signed { from, to, .. } => holds(from.as_ref(), to.as_ref(), seq),
                // Where it is the newest checkpoint that is over it, and over all.
                Fault::Truncated { found, .. } => *found == n && n < signed && seq >= newest,
                _ => false,
            },
        ))
    }

    /// The log is written anew, and signed.
    fn signed(
        self,
        life: &Life,
        forger: &Forger,
        mut leaves: Vec<Leaf>,
        dice: &mut Dice,
    ) -> anyhow::Result<Done> {
        if self == Self::CutOffAndSigned {
            let kept = dice.below(life.sizes.len() - 1);
            let size = life.sizes[kept];
            leaves.truncate(usize::try_from(size)?);
            let roots = forger.rewrite(&leaves)?;
            let delete = "DELETE FROM checkpoint WHERE size > ?1";
            forger.0.execute(delete, [size])?;
            forger.sign(&roots, |note| signer(&life.keys, note))?;
            let later = kept + 1 + dice.below(life.sizes.len() - kept - 1);
            let (were, note) = (life.sizes[later], &life.notes[later]);
            let what = format!("cut off behind record {size}, and signed anew");
            return Done::new(what, move |fault| match fault {
                Fault::Truncated {
                    found, were: said, ..
                } => *found == size && *said == were,
                // With the record that names the key by which that was signed.
                Fault::Given { why } => why.contains("was cut off"),
                _ => false,
            })
            .with(note);
        }
        let signed = usize::try_from(life.signed())?;
        let named: Vec<usize> = (0..signed)
            .filter(|place| leaves[*place].names_somebody())
            .collect();
        let place = *dice.choose(&named).context("nobody is named")?;
        leaves[place].put_on_somebody_else();
        let change = leaves[place].change.context("no change")?;
        forger.put_on_somebody_else(change)?;
        let what = format!("record {place} put on somebody else, and signed anew");
        if self == Self::SignedByAnother {
            let ours = life.keys.first().context("there is no key")?.verifier();
            let name = KeyName::new(ours.name().as_str())?;
            let theirs = SignerKey::new(name, &[u8::try_from(dice.below(256))?; 32]);
            for leaf in &mut leaves {
                let (from, to) = (ours.to_string(), theirs.verifier().to_string());
                leaf.json = leaf.json.replace(&from, &to);
            }
            let roots = forger.rewrite(&leaves)?;
            forger.sign(&roots, |_| Some(&theirs))?;
            let update = "UPDATE log_key SET key = ?1";
            forger.0.execute(update, [theirs.verifier().to_string()])?;
            return Ok(Done::new(format!("{what} by another key"), |fault| {
                matches!(fault, Fault::Key { .. })
            }));
        }
        let roots = forger.rewrite(&leaves)?;
        forger.sign(&roots, |note| signer(&life.keys, note))?;
        let seq = place as u64;
        let over: Vec<usize> = (0..life.sizes.len())
            .filter(|n| life.sizes[*n] > seq)
            .collect();
        let n = *dice.choose(&over).context("no checkpoint is over it")?;
        let were = life.sizes[n];
        // Whoever knows the key may be who did it.
        Done::new(what, move |fault| {
            matches!(fault, Fault::Witnessed { size, from, to }
                if *size == were && holds(from.as_ref(), to.as_ref(), seq))
        })
        .with(&life.notes[n])
    }

    /// Something is done to what was signed.
    fn to_checkpoints(self, life: &Life, forger: &Forger, dice: &mut Dice) -> anyhow::Result<Done> {
        let (file, place) = (&forger.0, dice.below(life.sizes.len()));
        let (number, size) = (place as u64 + 1, life.sizes[place]);
        let bad =
            move |fault: &Fault| matches!(fault, Fault::CheckpointBad { n, .. } if *n == number);
        match self {
            Self::CheckpointDeleted => {
                file.execute("DELETE FROM checkpoint WHERE n = ?1", [number])?;
                // That it was there is known by the next one's number, by a record, by
                // the key that it was the first of, or by whoever has it.
                Done::new(format!("checkpoint {number} deleted"), move |fault| {
                    matches!(fault, Fault::CheckpointMissing { n, size: of }
                        if *n == Some(number) || *of == Some(size)
                            || n.is_none() && of.is_none())
                })
                .with(&life.notes[place])
            }
            Self::CheckpointsRoot => {
                let update = "UPDATE checkpoint SET root = randomblob(32) WHERE n = ?1";
                file.execute(update, [number])?;
                Ok(Done::new(format!("the root of checkpoint {number}"), bad))
            }
            Self::CheckpointsNote => {
                let mut note: Vec<char> = life.notes[place].chars().collect();
                let at = dice.below(note.len());
                let with = if note[at] == 'x' { 'y' } else { 'x' };
                note[at] = with;
                let note: String = note.into_iter().collect();
                let update = "UPDATE checkpoint SET note = ?2 WHERE n = ?1";
                file.execute(update, params![number, note])?;
                let what = format!("character {at} of checkpoint {number}");
                Ok(Done::new(what, bad))
            }
            _ => {
                let (one, other) = two(life.sizes.len(), dice);
                let (number, other) = (one + 1, other + 1);
                file.execute(
                    "UPDATE checkpoint SET (note, root) =
                         (SELECT note, root FROM checkpoint WHERE n = ?2) WHERE n = ?1",
                    [number, other],
                )?;
                let what = format!("checkpoint {other} in the place of {number}");
                Ok(Done::new(
                    what,
                    move |fault| matches!(fault, Fault::CheckpointBad { n, .. } if *n == number),
                ))
            }
        }
    }

    /// The log stays as it is, and what is kept beside it doesn't.
    fn to_what_is_derived(
        self,
        life: &Life,
        forger: &Forger,
        dice: &mut Dice,
    ) -> anyhow::Result<Done> {
        let file = &forger.0;
        let n_changes: u64 = file.query_row("SELECT count(*) FROM change", [], |row| row.get(0))?;
        let change = ChangeNumber(ChangeNumber::FIRST.0 + dice.number() % n_changes);
        let all = |sql: &str| -> anyhow::Result<Vec<u64>> {
            let mut select = file.prepare(sql)?;
            let rows = select.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let one = |dice: &mut Dice, sql: &str| -> anyhow::Result<u64> {
            let all = all(sql)?;
            dice.choose(&all).copied().context("there is none")
        };
        let derived = |what: String, is: fn(&Misfit, u64) -> bool, which: u64| {
            Done::new(
                what,
                move |fault| matches!(fault, Fault::Derived(misfit) if is(misfit, which)),
            )
        };
        let about = |misfit: &Misfit, number: u64| misfit.change() == Some(ChangeNumber(number));
        match self {
            Self::Head => {
                let (update, n) = if dice.one_in(2) {
                    ("size = size + 1", life.n_records + 1)
                } else {
                    ("peaks = randomblob(length(peaks))", life.n_records)
                };
                file.execute(&format!("UPDATE head SET {update}"), [])?;
                Ok(Done::new(
                    format!("the head: {update}"),
                    move |fault| matches!(fault, Fault::Head { said, .. } if *said == Some(n)),
                ))
            }
            Self::KeyInForce => {
                file.execute("UPDATE log_key SET key = key || 'A'", [])?;
                Ok(Done::new("the key in force".to_owned(), |fault| {
                    matches!(fault, Fault::Key { .. })
                }))
            }
            Self::RegisterAltered => {
                let (column, value, name) = *dice.choose(&REGISTER).context("no column")?;
                let n = file.execute(
                    &format!(
                        "UPDATE change SET {column} = {value}
                         WHERE number = ?1 AND {column} IS NOT {value}"
                    ),
                    [change.0],
                )?;
                ensure!(n == 1, "{column} is that already");
                Ok(Done::new(format!("{name} of {change}"), move |fault| {
                    *fault == Fault::Derived(Misfit::Register { change, what: name })
                }))
            }
            Self::RegisterDeleted => {
                file.execute("DELETE FROM change WHERE number = ?1", [change.0])?;
                Ok(Done::new(format!("{change} deleted"), move |fault| {
                    *fault == Fault::Derived(Misfit::NotInRegister { change })
                }))
            }
            Self::RegisterInvented => {
                let new = ChangeNumber(ChangeNumber::FIRST.0 + n_changes + dice.number() % 9);
                file.execute(
                    "INSERT INTO change SELECT workspace, ?2, version, stage, policy, requester,
                        channel, requested_at, deployed_at, due_at, closed_at, next_due_at
                     FROM change WHERE number = ?1",
                    [change.0, new.0],
                )?;
                Ok(Done::new(format!("{new} invented"), move |fault| {
                    *fault == Fault::Derived(Misfit::NotInLog { change: new })
                }))
            }
            Self::WordsAltered | Self::WordsDeleted => {
                let row = one(
                    dice,
                    "SELECT rowid FROM text WHERE telling IS NULL AND body IS NOT NULL",
                )?;
                let done = match (self, dice.below(2)) {
                    (Self::WordsAltered, 0) => "UPDATE text SET body = body || '.'",
                    (Self::WordsAltered, _) => "UPDATE text SET salt = randomblob(32)",
                    (_, 0) => "UPDATE text SET salt = NULL, body = NULL",
                    _ => "DELETE FROM text",
                };
                let named: String = file.query_row(
                    "SELECT lower(hex(commitment)) FROM text WHERE rowid = ?1",
                    [row],
                    |row| row.get(0),
                )?;
                // One reason may be given for words of several changes.
                let changes: Vec<u64> = file
                    .prepare(
                        "SELECT DISTINCT change FROM event
                         WHERE instr(CAST(leaf AS TEXT), ?1) > 0",
                    )?
                    .query_map([named], |row| row.get(0))?
                    .collect::<Result<_, _>>()?;
                file.execute(&format!("{done} WHERE rowid = ?1"), [row])?;
                Ok(Done::new(format!("text {row}: {done}"), move |fault| {
                    matches!(fault, Fault::Derived(Misfit::Words { change: ChangeNumber(number) })
                        if changes.contains(number))
                }))
            }
            Self::MessageMoved => {
                let quotes = all("SELECT change FROM quote")?;
                let Some(number) = dice.choose(&quotes).copied() else {
                    file.execute(
                        "INSERT INTO quote VALUES ('T0BREAK01', 'C1', '1.1', 'request', ?1)",
                        [change.0],
                    )?;
                    let what = format!("a message of {change} invented");
                    return Ok(derived(what, about, change.0));
                };
                let update = "UPDATE quote SET ts = ts || '1' WHERE change = ?1";
                file.execute(update, [number])?;
                Ok(derived(format!("the message of {number}"), about, number))
            }
            Self::PolicyAltered => {
                let version = one(dice, "SELECT version FROM policy")?;
                let update = *dice
                    .choose(&["UPDATE policy SET bytes = x'00'", "DELETE FROM policy"])
                    .unwrap_or(&"");
                file.execute(&format!("{update} WHERE version = ?1"), [version])?;
                Ok(Done::new(
                    format!("policy {version}: {update}"),
                    move |fault| *fault == Fault::Derived(Misfit::Policy { version }),
                ))
            }
            Self::ToldAltered | Self::ToldDeleted => {
                let id = one(dice, "SELECT id FROM deployment")?;
                let seq: u64 =
                    file.query_row("SELECT intake FROM deployment WHERE id = ?1", [id], |row| {
                        row.get(0)
                    })?;
                let done = if self == Self::ToldDeleted {
                    "DELETE FROM deployment"
                } else {
                    *dice
                        .choose(&[
                            "UPDATE deployment SET at = at + 1",
                            "UPDATE deployment SET external_id = 'x'",
                            "UPDATE deployment SET approved_by = 'morgan'",
                            "UPDATE deployment SET marks = marks + 1",
                        ])
                        .unwrap_or(&"")
                };
                file.execute(&format!("{done} WHERE id = ?1"), [id])?;
                let wanted = format!("of record {seq},");
                Ok(Done::new(
                    format!("deployment {id}: {done}"),
                    move |fault| matches!(fault, Fault::Derived(Misfit::Sources(why)) if why.contains(&wanted)),
                ))
            }
            _ => {
                let id = one(dice, "SELECT telling FROM text WHERE telling IS NOT NULL")?;
                let done = *dice
                    .choose(&["UPDATE text SET body = body || '.'", "DELETE FROM text"])
                    .unwrap_or(&"");
                file.execute(&format!("{done} WHERE telling = ?1"), [id])?;
                let wanted = format!("words of deployment {id} ");
                Ok(Done::new(
                    format!("the words of deployment {id}: {done}"),
                    move |fault| {
                        matches!(fault, Fault::Derived(Misfit::Sources(why))
                            if why.contains(&wanted))
                    },
                ))
            }
        }
    }
}

/// Two of `0..n`, the lower one first.
fn two(n: usize, dice: &mut Dice) -> (u64, u64) {
    let one = dice.below(n);
    let other = (one + 1 + dice.below(n - 1)) % n;
    (one.min(other) as u64, one.max(other) as u64)
}

/// Puts a copy of a record into an empty place, with a hash of its own.
fn put_in(forger: &Forger, leaves: &[Leaf], seq: u64, dice: &mut Dice) -> anyhow::Result<()> {
    let of_the_house: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.change.is_none()).collect();
    let like = dice.choose(&of_the_house).context("nothing to copy")?;
    let (head, rest) = like.json.split_once("\"seq\":").context("no place")?;
    let (_, rest) = rest.split_once(',').context("nothing follows")?;
    let json = format!("{head}\"seq\":{seq},{rest}");
    forger.0.execute(
        "INSERT INTO event VALUES (?1, ?2, NULL, NULL, ?3, ?4)",
        params![
            super::life::WORKSPACE,
            seq,
            json.as_bytes(),
            leaf_hash(json.as_bytes())
        ],
    )?;
    Ok(())
}
