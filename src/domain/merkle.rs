//! The log's tree: RFC 6962, with SHA-256.
//!
//! A log of n leaves is kept as its frontier, the roots of the full subtrees
//! from large to small, one for each bit set in n. Appending a leaf merges
//! equal subtrees; the root folds the frontier from the right.

use sha2::{Digest, Sha256};

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
        let mut node = leaf;
        // Each trailing one of the size is a subtree that the new leaf completes.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Returns the root over all leaves; of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return Sha256::digest([]).into();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962 §2.1, straight from its definition.
    fn reference(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => leaf_hash(one),
            many => {
                let k = (many.len().next_power_of_two() / 2).max(1);
                node_hash(&reference(&many[..k]), &reference(&many[k..]))
            }
        }
    }

    #[test]
    fn the_frontier_gives_the_root_of_the_definition() {
        let leaves: Vec<Vec<u8>> = (0u8..70).map(|n| vec![n; usize::from(n)]).collect();
        let mut frontier = Frontier::default();
        for n in 0..leaves.len() {
            assert_eq!(frontier.root(), reference(&leaves[..n]), "{n} leaves");
            frontier.append(leaf_hash(&leaves[n]));
        }
    }

    #[test]
    fn known_roots_of_the_certificate_transparency_test_vectors() {
        let inputs = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let mut frontier = Frontier::default();
        for input in inputs {
            frontier.append(leaf_hash(&hex::decode(input).unwrap()));
        }
        assert_eq!(
            hex::encode(frontier.root()),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
    }

    #[test]
    fn a_frontier_that_does_not_fit_its_size_is_not_restored() {
        assert_eq!(Frontier::restore(3, vec![[0; 32]]), None);
        assert!(Frontier::restore(4, vec![[0; 32]]).is_some());
    }
}
