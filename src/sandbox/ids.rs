//! Identifiers, tokens and hashes as Slack shapes them, drawn from one seed so that a run can be repeated.
//! May not be used for anything secret: the generator is small and predictable on purpose.

/// A source of identifiers. The same seed gives the same identifiers in the same order.
#[derive(Debug)]
pub(super) struct Ids {
    state: u64,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number of the `SplitMix64` sequence, which needs one word of state and passes the usual tests.
    pub(super) fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// `n` characters from the alphabet given.
    fn draw(&mut self, alphabet: &[u8], n: usize) -> String {
        let mut drawn = String::with_capacity(n);
        while drawn.len() < n {
            let index = self.number() % alphabet.len().max(1) as u64;
            let index = usize::try_from(index).unwrap_or_default();
            drawn.extend(alphabet.get(index).map(|byte| char::from(*byte)));
        }
        drawn
    }

    /// Lower-case hexadecimal, as in signing secrets and hashes.
    pub(super) fn hex(&mut self, n: usize) -> String {
        self.draw(b"0123456789abcdef", n)
    }

    /// Letters and digits of both cases, as in tokens.
    pub(super) fn token(&mut self, n: usize) -> String {
        self.draw(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            n,
        )
    }

    /// Decimal digits, as in the middle of a token.
    pub(super) fn digits(&mut self, n: usize) -> String {
        self.draw(b"123456789", n)
    }

    /// A Slack object id: the prefix and ten capitals or digits.
    pub(super) fn object(&mut self, prefix: &str) -> String {
        let tail = self.draw(b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", 10);
        format!("{prefix}{tail}")
    }

    /// A UUID in its usual grouping, as envelopes carry.
    pub(super) fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|n| self.hex(n)).join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let mut ids = Ids::new(seed);
            (ids.object("U"), ids.token(24), ids.uuid())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn an_object_id_has_its_prefix_and_ten_characters() {
        let id = Ids::new(1).object("D");
        assert!(id.starts_with('D'));
        assert_eq!(id.len(), 11);
    }
}
