//! Makes proofs in one pass over the hashes of a log's leaves.
//!
//! Only leaves are stored, so the inner nodes have to be made again. They pass by
//! once; the few that a proof names are kept, so that a proof over a million leaves
//! takes no more room than one over ten.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Consistency, Frontier, Hash, Inclusion, fold};

/// A full subtree: its level, and its place among those of its level.
type Node = (u32, u64);

/// Makes the proofs that were asked for while a log's leaves pass by.
///
/// ```
/// use breakglass::domain::merkle::{Frontier, Prover, leaf_hash};
///
/// let leaves = [b"a", b"b", b"c"].map(|leaf| leaf_hash(leaf));
/// let mut prover = Prover::of(3);
/// prover.want_inclusion(1);
/// for leaf in leaves {
///     prover.take(leaf);
/// }
/// let proof = prover.inclusion(1).unwrap();
/// assert!(proof.holds(leaf_hash(b"b"), prover.root().unwrap()));
/// ```
#[derive(Debug, Clone)]
pub struct Prover {
    size: u64,
    grown: Frontier,
    wanted: BTreeMap<Node, Option<Hash>>,
}

impl Prover {
    /// Begins with the size of the log that is proven about.
    pub fn of(size: u64) -> Self {
        Self {
            size,
            grown: Frontier::default(),
            wanted: BTreeMap::new(),
        }
    }

    /// Asks, before the leaves pass, for the proof that the leaf at `index` is in the
    /// log.
    pub fn want_inclusion(&mut self, index: u64) {
        self.want(&path_of(index, self.size));
    }

    /// Asks, before the leaves pass, for the proof that the log of size `from` is the
    /// beginning of this one.
    pub fn want_consistency(&mut self, from: u64) {
        self.want(&path_from(from, self.size));
    }

    fn want(&mut self, ranges: &[Range<u64>]) {
        let nodes = ranges.iter().flat_map(nodes_of);
        self.wanted.extend(nodes.map(|node| (node, None)));
    }

    /// Takes in the next leaf; those beyond the log's size are left out.
    pub fn take(&mut self, leaf: Hash) {
        if self.grown.size() == self.size {
            return;
        }
        let wanted = &mut self.wanted;
        self.grown.append_seeing(leaf, |level, place, hash| {
            if let Some(kept) = wanted.get_mut(&(level, place)) {
                *kept = Some(*hash);
            }
        });
    }

    /// Returns the root of the log, once all of its leaves have passed.
    pub fn root(&self) -> Option<Hash> {
        (self.grown.size() == self.size).then(|| self.grown.root())
    }

    /// Returns the proof that the leaf at `index` is in the log; nothing if there is no
    /// such leaf, it wasn't asked for, or the leaves haven't all passed.
    pub fn inclusion(&self, index: u64) -> Option<Inclusion> {
        if index >= self.size {
            return None;
        }
        Some(Inclusion {
            index,
            size: self.size,
            path: self.hashes(&path_of(index, self.size))?,
        })
    }

    /// Returns the proof that the log of size `from` is the beginning of this one;
    /// nothing if it isn't so large, it wasn't asked for, or the leaves haven't all
    /// passed.
    pub fn consistency(&self, from: u64) -> Option<Consistency> {
        if from > self.size {
            return None;
        }
        Some(Consistency {
            from,
            to: self.size,
            path: self.hashes(&path_from(from, self.size))?,
        })
    }

    fn hashes(&self, ranges: &[Range<u64>]) -> Option<Vec<Hash>> {
        ranges
            .iter()
            .map(|range| {
                let nodes: Option<Vec<Hash>> = nodes_of(range)
                    .map(|node| self.wanted.get(&node).copied().flatten())
                    .collect();
                fold(nodes?.iter())
            })
            .collect()
    }
}

/// The leaves under the left child of a tree of `n` leaves, more than one: the largest
/// power of two below `n`.
fn left(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// PATH of RFC 9162 §2.1.3.1: the subtrees whose roots lead from a leaf to the root,
/// the leaf's sibling first.
fn path_of(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut path = Vec::new();
    let mut within = 0..size;
    while index < size && within.end - within.start > 1 {
        let middle = within.start + left(within.end - within.start);
        if index < middle {
            path.push(middle..within.end);
            within.end = middle;
        } else {
            path.push(within.start..middle);
            within.start = middle;
        }
    }
    path.reverse();
    path
}

/// PROOF of RFC 9162 §2.1.4.1: the subtrees whose roots show that a log of `from`
/// leaves is the beginning of one of `size`.
fn path_from(from: u64, size: u64) -> Vec<Range<u64>> {
    if from == 0 || from >= size {
        return Vec::new();
    }
    let mut path = Vec::new();
    let mut within = 0..size;
    while within.end != from {
        let middle = within.start + left(within.end - within.start);
        if from <= middle {
            path.push(middle..within.end);
            within.end = middle;
        } else {
            path.push(within.start..middle);
            within.start = middle;
        }
    }
    // Where the earlier log is itself a subtree, its root is known already.
    if within.start > 0 {
        path.push(within);
    }
    path.reverse();
    path
}

/// The full subtrees that make up a subtree, from large to small.
fn nodes_of(range: &Range<u64>) -> impl Iterator<Item = Node> + use<> {
    let (mut start, end) = (range.start, range.end);
    std::iter::from_fn(move || {
        let rest = end.checked_sub(start).filter(|rest| *rest > 0)?;
        let level = rest.ilog2();
        let node = (level, start >> level);
        start += 1 << level;
        Some(node)
    })
}
