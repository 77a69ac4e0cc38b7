//! Why there is no pack.

use std::io;

use crate::domain::id::ChangeNumber;
use crate::evidence::note::NoteFault;
use crate::evidence::pages::PageFault;
use crate::evidence::sheets::SheetFault;
use crate::store::StoreError;

/// Why a pack couldn't be made. Nothing of it is left then.
#[derive(Debug, thiserror::Error)]
pub enum PackFault {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file, or the disk that it is on.
    #[error("the pack can't be written")]
    Writing(#[from] io::Error),
    /// The same, as the archive's writer has it.
    #[error("the pack can't be written")]
    Archive(#[from] zip::result::ZipError),
    /// A sheet of the change log.
    #[error(transparent)]
    Sheet(#[from] SheetFault),
    /// A paper.
    #[error(transparent)]
    Page(#[from] PageFault),
    /// A record.
    #[error("a record can't be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The list of files can't be signed.
    #[error("the list of the pack's files can't be signed: {0}")]
    Signing(#[from] NoteFault),
    /// What the checkpoint was signed over isn't what stands in the database.
    #[error(
        "the log isn't the one of checkpoint {n} any more: run `breakglass verify`, and keep the file as it is"
    )]
    NotAsSigned {
        /// The checkpoint's number.
        n: u64,
    },
    /// The checkpoint bears no signature by the key in force.
    #[error(
        "checkpoint {n} isn't signed by the key in force, which signs the pack: name a later one with --checkpoint"
    )]
    OtherKey {
        /// The checkpoint's number.
        n: u64,
    },
    /// There is no such change, or there wasn't yet.
    #[error("there is no {number} up to checkpoint {n}")]
    NoSuchChange {
        /// Which.
        number: ChangeNumber,
        /// The checkpoint's number.
        n: u64,
    },
    /// A change was named that isn't in the change log of the period.
    #[error(
        "{name} isn't in the change log of {period} up to checkpoint {n}; its column Change has the names of those that are"
    )]
    NotOfThePeriod {
        /// How it was named.
        name: String,
        /// The period.
        period: String,
        /// The checkpoint's number.
        n: u64,
    },
}
