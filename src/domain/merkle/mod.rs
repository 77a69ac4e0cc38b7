//! The log's tree: RFC 6962, with SHA-256.
//!
//! A log of n leaves is kept as its frontier, the roots of the full subtrees
//! from large to small, one for each bit set in n. Appending a leaf merges
//! equal subtrees; the root folds the frontier from the right. What is proven of
//! a log, that a leaf is in it or that it grew from an earlier one, is a list of
//! nodes; the names are those of RFC 9162 §2.1.

mod proof;
mod prover;

use sha2::{Digest, Sha256};

pub use proof::{Consistency, Inclusion};
pub use prover::Prover;

/// A node of the tree.
pub type Hash = [u8; 32];

/// Hashes a leaf (RFC 6962 §2.1: the prefix 0x00 keeps leaves from passing as nodes).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0x00])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// Hashes two subtrees into one (prefix 0x01).
fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([0x01])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The growing edge of a log: enough to append to it and to state its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Restores a frontier from its size and peaks, if they fit each other.
    pub fn restore(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()).ok()? == peaks.len()).then_some(Self { size, peaks })
    }

    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the roots of the full subtrees, from large to small.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Takes in the next leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_seeing(leaf, |_, _, _| {});
    }

    /// Takes in the next leaf and shows every subtree that it completes: its level
    /// (a leaf is of level 0), its place among those of its level, and its root.
    fn append_seeing(&mut self, leaf: Hash, mut see: impl FnMut(u32, u64, &Hash)) {
        let mut node = leaf;
        see(0, self.size, &node);
        // Each trailing one of the size is a subtree that the new leaf completes.
        for level in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
                see(level, self.size >> level, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Returns the root over all leaves; of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        fold(self.peaks.iter()).unwrap_or_else(|| Sha256::digest([]).into())
    }
}

/// Folds the roots of subtrees, from large to small, into the root over them.
fn fold<'h>(peaks: impl DoubleEndedIterator<Item = &'h Hash>) -> Option<Hash> {
    let mut peaks = peaks.rev();
    let last = peaks.next()?;
    Some(peaks.fold(*last, |right, left| node_hash(left, &right)))
}

#[cfg(test)]
mod tests;
