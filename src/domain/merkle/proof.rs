//! What is proven of a log, and whether it holds (RFC 9162 §2.1.3 and §2.1.4).

use super::{Hash, node_hash};

/// That a leaf stands in a log of a size: the nodes that lead from it to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The leaf's place; the first is 0.
    pub index: u64,
    /// The number of leaves of the log.
    pub size: u64,
    /// The siblings on the way up, the leaf's own first.
    pub path: Vec<Hash>,
}

/// That a log of one size is the beginning of a log of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The number of leaves of the earlier log.
    pub from: u64,
    /// The number of leaves of the later one.
    pub to: u64,
    /// The nodes from which both roots follow.
    pub path: Vec<Hash>,
}

impl Inclusion {
    /// Returns whether the leaf of this hash stands there, in the log of this root
    /// (RFC 9162 §2.1.3.2).
    pub fn holds(&self, leaf: Hash, root: Hash) -> bool {
        if self.index >= self.size {
            return false;
        }
        let (mut place, mut last) = (self.index, self.size - 1);
        let mut node = leaf;
        for sibling in &self.path {
            if last == 0 {
                return false;
            }
            if place & 1 == 1 || place == last {
                node = node_hash(sibling, &node);
                // On the right border, levels without a sibling are passed over.
                while place & 1 == 0 && place != 0 {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                node = node_hash(&node, sibling);
            }
            place >>= 1;
            last >>= 1;
        }
        last == 0 && node == root
    }
}

impl Consistency {
    /// Returns whether the log of the root `old` is the beginning of that of the
    /// root `new` (RFC 9162 §2.1.4.2). Of nothing, every log is a continuation.
    pub fn holds(&self, old: Hash, new: Hash) -> bool {
        if self.from > self.to {
            return false;
        }
        if self.from == self.to {
            return self.path.is_empty() && old == new;
        }
        if self.from == 0 {
            return self.path.is_empty() && old == super::Frontier::default().root();
        }
        let mut path = self.path.iter();
        // A log that is one full subtree is itself the first node.
        let first = if self.from.is_power_of_two() {
            Some(&old)
        } else {
            path.next()
        };
        let Some(first) = first else {
            return false;
        };
        let (mut place, mut last) = (self.from - 1, self.to - 1);
        while place & 1 == 1 {
            place >>= 1;
            last >>= 1;
        }
        let (mut earlier, mut later) = (*first, *first);
        for node in path {
            if last == 0 {
                return false;
            }
            if place & 1 == 1 || place == last {
                earlier = node_hash(node, &earlier);
                later = node_hash(node, &later);
                while place & 1 == 0 && place != 0 {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                later = node_hash(&later, node);
            }
            place >>= 1;
            last >>= 1;
        }
        last == 0 && earlier == old && later == new
    }
}
