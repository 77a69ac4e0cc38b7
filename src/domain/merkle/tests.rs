//! The tree against its definition, against published vectors, and against another
//! implementation.

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

/// The leaves `0`, `1`, … as four bytes each, and their hashes.
fn numbered(n: u32) -> (Vec<[u8; 4]>, Vec<Hash>) {
    let leaves: Vec<[u8; 4]> = (0..n).map(u32::to_be_bytes).collect();
    let hashes = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    (leaves, hashes)
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for hash in hashes {
        frontier.append(*hash);
    }
    frontier.root()
}

/// Makes all proofs about a log.
fn proofs(hashes: &[Hash]) -> (Vec<Inclusion>, Vec<Consistency>) {
    let size = hashes.len() as u64;
    let mut prover = Prover::of(size);
    for n in 0..size {
        prover.want_inclusion(n);
        prover.want_consistency(n);
    }
    prover.want_consistency(size);
    for hash in hashes {
        prover.take(*hash);
    }
    assert_eq!(prover.root(), Some(root_of(hashes)));
    (
        (0..size).map(|n| prover.inclusion(n).unwrap()).collect(),
        (0..=size).map(|n| prover.consistency(n).unwrap()).collect(),
    )
}

#[test]
fn proofs_are_those_of_the_definition() {
    /// PATH of RFC 6962 §2.1.1, straight from its definition.
    fn path(m: usize, leaves: &[Vec<u8>]) -> Vec<Hash> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let k = leaves.len().next_power_of_two() / 2;
        let (mut below, beside) = if m < k {
            (path(m, &leaves[..k]), reference(&leaves[k..]))
        } else {
            (path(m - k, &leaves[k..]), reference(&leaves[..k]))
        };
        below.push(beside);
        below
    }
    /// SUBPROOF of RFC 6962 §2.1.2.
    fn subproof(m: usize, leaves: &[Vec<u8>], whole: bool) -> Vec<Hash> {
        if m == leaves.len() {
            return if whole {
                Vec::new()
            } else {
                vec![reference(leaves)]
            };
        }
        let k = leaves.len().next_power_of_two() / 2;
        let (mut below, beside) = if m <= k {
            (subproof(m, &leaves[..k], whole), reference(&leaves[k..]))
        } else {
            (
                subproof(m - k, &leaves[k..], false),
                reference(&leaves[..k]),
            )
        };
        below.push(beside);
        below
    }
    for n in 1..40_u32 {
        let (leaves, hashes) = numbered(n);
        let leaves: Vec<Vec<u8>> = leaves.iter().map(|leaf| leaf.to_vec()).collect();
        let (inclusions, consistencies) = proofs(&hashes);
        for (m, proof) in inclusions.iter().enumerate() {
            assert_eq!(proof.path, path(m, &leaves), "leaf {m} of {n}");
        }
        for (m, proof) in consistencies.iter().enumerate().skip(1) {
            assert_eq!(proof.path, subproof(m, &leaves, true), "{m} to {n}");
        }
    }
}

#[test]
fn a_proof_holds_for_its_own_leaf_and_root_and_for_no_other() {
    for n in 1..34_u32 {
        let (_, hashes) = numbered(n);
        let root = root_of(&hashes);
        let (inclusions, consistencies) = proofs(&hashes);
        for proof in &inclusions {
            for (m, leaf) in hashes.iter().enumerate() {
                assert_eq!(proof.holds(*leaf, root), m as u64 == proof.index);
            }
            assert!(!proof.holds(hashes[0], [7; 32]));
            let moved = Inclusion {
                index: proof.index + 1,
                ..proof.clone()
            };
            let leaf = hashes[usize::try_from(proof.index).unwrap()];
            assert!(!moved.holds(leaf, root), "leaf {} of {n}", proof.index);
        }
        for proof in &consistencies {
            for m in 0..=hashes.len() {
                let holds = proof.holds(root_of(&hashes[..m]), root);
                assert_eq!(holds, m as u64 == proof.from, "{} to {n}", proof.from);
            }
            assert!(!proof.holds(root_of(&hashes), [7; 32]));
        }
    }
}

#[test]
fn the_consistency_proofs_of_the_certificate_transparency_test_vectors() {
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
    let hashes = inputs.map(|input| leaf_hash(&hex::decode(input).unwrap()));
    let shown = |path: &[Hash]| path.iter().map(hex::encode).collect::<Vec<_>>();
    let (inclusions, consistencies) = proofs(&hashes);
    assert_eq!(
        shown(&inclusions[5].path),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        shown(&consistencies[6].path),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
}

#[test]
fn what_was_not_asked_for_or_is_not_there_is_not_proven() {
    let (_, hashes) = numbered(5);
    let mut prover = Prover::of(5);
    prover.want_inclusion(4);
    for hash in &hashes[..4] {
        prover.take(*hash);
    }
    assert_eq!(prover.root(), None);
    prover.take(hashes[4]);
    // What the log grew by since isn't in it.
    prover.take(hashes[0]);
    assert_eq!(prover.root(), Some(root_of(&hashes)));
    assert!(prover.inclusion(4).is_some());
    assert_eq!(prover.inclusion(1), None);
    assert_eq!(prover.inclusion(5), None);
    assert_eq!(prover.consistency(6), None);
}

proptest::proptest! {
    #[test]
    fn a_proof_of_which_one_bit_is_wrong_does_not_hold(
        n in 2..200_u32, at in 0..200_u32, node in 0..8_usize, bit in 0..256_usize
    ) {
        let (_, hashes) = numbered(n);
        let root = root_of(&hashes);
        let at = u64::from(at % n);
        let mut prover = Prover::of(u64::from(n));
        prover.want_inclusion(at);
        prover.want_consistency(at);
        for hash in &hashes {
            prover.take(*hash);
        }
        let leaf = hashes[usize::try_from(at).unwrap()];
        let old = root_of(&hashes[..usize::try_from(at).unwrap()]);
        let mut proof = prover.inclusion(at).unwrap();
        proptest::prop_assert!(proof.holds(leaf, root));
        let node_at = node % proof.path.len();
        proof.path[node_at][bit / 8] ^= 1 << (bit % 8);
        proptest::prop_assert!(!proof.holds(leaf, root));
        let mut proof = prover.consistency(at).unwrap();
        proptest::prop_assert!(proof.holds(old, root));
        if !proof.path.is_empty() {
            let node_at = node % proof.path.len();
            proof.path[node_at][bit / 8] ^= 1 << (bit % 8);
            proptest::prop_assert!(!proof.holds(old, root));
        }
    }

    #[test]
    fn another_implementation_accepts_root_and_proofs(n in 1..300_u32, at in 0..300_u32) {
        let (leaves, hashes) = numbered(n);
        let at = at % n;
        let mut theirs = ct_merkle::mem_backed_tree::MemoryBackedTree::<sha2::Sha256, [u8; 4]>::new();
        for leaf in &leaves {
            theirs.push(*leaf);
        }
        let mut prover = Prover::of(u64::from(n));
        prover.want_inclusion(u64::from(at));
        prover.want_consistency(u64::from(at) + 1);
        for hash in &hashes {
            prover.take(*hash);
        }
        let digest = |hash: Hash| sha2::digest::Output::<sha2::Sha256>::from(hash);
        let root = prover.root().unwrap();
        let now = ct_merkle::RootHash::<sha2::Sha256>::new(digest(root), u64::from(n));
        proptest::prop_assert_eq!(&theirs.root(), &now);
        let ours = prover.inclusion(u64::from(at)).unwrap();
        let proof = ct_merkle::InclusionProof::<sha2::Sha256>::try_from_bytes(ours.path.concat()).unwrap();
        let leaf = &leaves[usize::try_from(at).unwrap()];
        now.verify_inclusion(leaf, u64::from(at), &proof).unwrap();
        let old = root_of(&hashes[..=usize::try_from(at).unwrap()]);
        let then = ct_merkle::RootHash::<sha2::Sha256>::new(digest(old), u64::from(at) + 1);
        let ours = prover.consistency(u64::from(at) + 1).unwrap();
        let proof = ct_merkle::ConsistencyProof::<sha2::Sha256>::try_from_bytes(ours.path.concat()).unwrap();
        now.verify_consistency(&then, &proof).unwrap();
    }
}
