//! Somebody who has a pack, and may hold its key: takes its files out, and packs,
//! lists and signs them anew, as the standards let anybody do.

use std::io::{Cursor, Read as _, Write as _};

use anyhow::Context as _;
use breakglass::domain::merkle::{Frontier, Hash};
use breakglass::evidence::checkpoint::{Checkpoint, root_in_words};
use breakglass::evidence::note::{SignedNote, SignerKey};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

pub(super) const ROOM: &str = "verify/";
pub(super) const LIST: &str = "verify/MANIFEST";
pub(super) const SEAL: &str = "verify/MANIFEST.note";

/// The files of a pack, in the order in which they lie in it.
#[derive(Debug, Clone)]
pub(super) struct Files(pub(super) Vec<(String, Vec<u8>)>);

impl Files {
    pub(super) fn of(pack: &[u8]) -> anyhow::Result<Self> {
        let mut archive = ZipArchive::new(Cursor::new(pack))?;
        let mut files = Vec::new();
        for n in 0..archive.len() {
            let mut file = archive.by_index(n)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            files.push((file.name()?.into_owned(), bytes));
        }
        Ok(Self(files))
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Those whose name ends so.
    pub(super) fn ending(&self, end: &str) -> Vec<String> {
        let names = self.names().into_iter();
        names.filter(|name| name.ends_with(end)).collect()
    }

    pub(super) fn bytes(&self, name: &str) -> anyhow::Result<&Vec<u8>> {
        let found = self.0.iter().find(|(found, _)| found == name);
        Ok(&found.with_context(|| format!("there is no {name}"))?.1)
    }

    pub(super) fn text(&self, name: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8(self.bytes(name)?.clone())?)
    }

    pub(super) fn json(&self, name: &str) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::from_slice(self.bytes(name)?)?)
    }

    /// Puts bytes in the place of a file's, or a file behind all others.
    pub(super) fn put(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        match self.0.iter_mut().find(|(found, _)| found == name) {
            Some((_, before)) => *before = bytes,
            None => self.0.push((name.to_owned(), bytes)),
        }
    }

    pub(super) fn put_json(&mut self, name: &str, json: &serde_json::Value) -> anyhow::Result<()> {
        self.put(name, serde_json::to_vec_pretty(json)?);
        Ok(())
    }

    pub(super) fn take(&mut self, name: &str) {
        self.0.retain(|(found, _)| found != name);
    }

    /// Lists the files as they are.
    pub(super) fn list(&mut self) {
        let listed = self
            .0
            .iter()
            .filter(|(name, _)| name != LIST && name != SEAL);
        let mut lines: Vec<(String, String)> = listed
            .map(|(name, bytes)| (name.clone(), hex::encode(Sha256::digest(bytes))))
            .collect();
        lines.sort();
        let lines = lines.iter().map(|(name, hash)| format!("{hash}  {name}\n"));
        self.put(LIST, lines.collect::<String>());
    }

    /// Lists the files as they are, and signs the list.
    pub(super) fn seal(&mut self, key: &SignerKey) -> anyhow::Result<()> {
        self.list();
        let hash = hex::encode(Sha256::digest(self.bytes(LIST)?));
        let text = format!("{}/pack\n{hash}\n", key.verifier().name());
        let note = SignedNote::sign(text, key)?;
        self.put(SEAL, note.to_string());
        Ok(())
    }

    /// Signs a checkpoint over the hashes as they are, and everything with it.
    pub(super) fn sign(&mut self, key: &SignerKey) -> anyhow::Result<()> {
        let mut frontier = Frontier::default();
        for hash in self.bytes("verify/hashes.bin")?.as_chunks::<32>().0 {
            let hash: Hash = *hash;
            frontier.append(hash);
        }
        let checkpoint = Checkpoint {
            origin: key.verifier().name().to_string(),
            size: frontier.size(),
            root: frontier.root(),
        };
        let note = checkpoint.sign(key)?;
        let signature = note.signatures().first().context("nobody signed")?;
        self.put("verify/checkpoint.sig", signature.bytes.clone());
        self.put("verify/checkpoint.body", note.text());
        self.put("verify/checkpoint.txt", note.to_string());
        let mut about = self.json("verify/pack.json")?;
        about["checkpoint"]["size"] = checkpoint.size.into();
        about["checkpoint"]["root"] = root_in_words(&checkpoint.root).into();
        about["leaves"]["end"] = checkpoint.size.into();
        self.put_json("verify/pack.json", &about)?;
        self.put("verify/key.txt", format!("{}\n", key.verifier()));
        self.put("verify/key.pem", key.verifier().to_pem());
        self.seal(key)
    }

    /// Packs them.
    pub(super) fn zip(&self) -> anyhow::Result<Vec<u8>> {
        Wrapping::of(self)?.zip()
    }
}

/// A file in a zip.
#[derive(Debug, Clone)]
pub(super) struct Wrapped {
    pub(super) name: String,
    /// What it is called beside its bytes.
    pub(super) beside: String,
    pub(super) remark: String,
    pub(super) time: u16,
    is_deflated: bool,
    crc: u32,
    length: u64,
    packed: Vec<u8>,
    /// What stands before it that nobody lists.
    pub(super) before: Vec<u8>,
}

impl Wrapped {
    pub(super) fn new(name: &str, bytes: &[u8]) -> anyhow::Result<Self> {
        let mut crc = Crc::new();
        crc.update(bytes);
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflate.write_all(bytes)?;
        Ok(Self {
            name: name.to_owned(),
            beside: name.to_owned(),
            remark: String::new(),
            time: 0x5A5A,
            is_deflated: true,
            crc: crc.sum(),
            length: bytes.len() as u64,
            packed: deflate.finish()?,
            before: Vec::new(),
        })
    }

    /// A folder, as other programs list them.
    pub(super) fn folder(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            beside: name.to_owned(),
            remark: String::new(),
            time: 0x5A5A,
            is_deflated: false,
            crc: 0,
            length: 0,
            packed: Vec::new(),
            before: Vec::new(),
        }
    }

    /// A file of a gigabyte of zeros, by hand: a zero, and then that it is repeated
    /// 258 times, over and over.
    pub(super) fn bomb(name: &str) -> Self {
        const TIMES: u64 = (1 << 30) / 258;
        let mut bits = Bits::default();
        // The last block, by the codes that are fixed.
        bits.put(0b1, 1);
        bits.put(0b01, 2);
        // 0 is 00110000, as it is read.
        bits.put(0b0000_1100, 8);
        for _ in 0..TIMES {
            // 258 bytes are 11000101, and one byte back is 00000.
            bits.put(0b1010_0011, 8);
            bits.put(0, 5);
        }
        // The end is 0000000.
        bits.put(0, 7);
        Self {
            name: name.to_owned(),
            beside: name.to_owned(),
            remark: String::new(),
            time: 0x5A5A,
            is_deflated: true,
            crc: 0,
            length: 1 + 258 * TIMES,
            packed: bits.end(),
            before: Vec::new(),
        }
    }

    fn local(&self) -> Vec<u8> {
        let mut local = b"PK\x03\x04\x14\0\0\x08".to_vec();
        self.shared(&mut local);
        local.extend(
            u16::try_from(self.beside.len())
                .unwrap_or_default()
                .to_le_bytes(),
        );
        local.extend([0; 2]);
        local.extend(self.beside.as_bytes());
        local.extend(&self.packed);
        local
    }

    fn shared(&self, head: &mut Vec<u8>) {
        head.extend((8 * u16::from(self.is_deflated)).to_le_bytes());
        head.extend(self.time.to_le_bytes());
        head.extend(0x5A6E_u16.to_le_bytes());
        head.extend(self.crc.to_le_bytes());
        for length in [self.packed.len() as u64, self.length] {
            head.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
}

/// Bits as deflate has them, the lowest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    last: u64,
    n: u32,
}

impl Bits {
    fn put(&mut self, bits: u64, n: u32) {
        self.last |= bits << self.n;
        self.n += n;
        while self.n >= 8 {
            self.bytes.push(self.last.to_le_bytes()[0]);
            self.last >>= 8;
            self.n -= 8;
        }
    }

    fn end(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.bytes
    }
}

/// A zip in the making, with all that may be wrong about one.
#[derive(Debug, Clone)]
pub(super) struct Wrapping {
    pub(super) files: Vec<Wrapped>,
    /// What stands behind the last file, and nobody lists it.
    pub(super) behind: Vec<u8>,
    pub(super) comment: String,
}

impl Wrapping {
    pub(super) fn of(files: &Files) -> anyhow::Result<Self> {
        let files = files
            .0
            .iter()
            .map(|(name, bytes)| Wrapped::new(name, bytes));
        Ok(Self {
            files: files.collect::<anyhow::Result<_>>()?,
            behind: Vec::new(),
            comment: String::new(),
        })
    }

    pub(super) fn zip(&self) -> anyhow::Result<Vec<u8>> {
        let (mut zip, mut list) = (Vec::new(), Vec::new());
        for file in &self.files {
            zip.extend(&file.before);
            let offset = u32::try_from(zip.len())?;
            zip.extend(file.local());
            list.extend(b"PK\x01\x02\x14\x03\x14\0\0\x08");
            file.shared(&mut list);
            list.extend(u16::try_from(file.name.len())?.to_le_bytes());
            list.extend([0; 2]);
            list.extend(u16::try_from(file.remark.len())?.to_le_bytes());
            list.extend([0; 4]);
            list.extend((0o100_644_u32 << 16).to_le_bytes());
            list.extend(offset.to_le_bytes());
            list.extend(file.name.as_bytes());
            list.extend(file.remark.as_bytes());
        }
        zip.extend(&self.behind);
        let (n, begins) = (u16::try_from(self.files.len())?, u32::try_from(zip.len())?);
        let length = u32::try_from(list.len())?;
        zip.extend(list);
        zip.extend(b"PK\x05\x06\0\0\0\0");
        zip.extend(n.to_le_bytes());
        zip.extend(n.to_le_bytes());
        zip.extend(length.to_le_bytes());
        zip.extend(begins.to_le_bytes());
        zip.extend(u16::try_from(self.comment.len())?.to_le_bytes());
        zip.extend(self.comment.as_bytes());
        Ok(zip)
    }
}
