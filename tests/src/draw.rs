//! Parameters out of a seed.

/// A source of numbers that look random: the same seed gives the same ones on every machine (splitmix64).
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The numbers of case `name` for `seed`.
    #[must_use]
    pub fn new(name: &str, seed: u64) -> Self {
        let mut draw = Self(seed);
        for byte in name.bytes() {
            draw.0 = draw.0.wrapping_add(u64::from(byte));
            draw.next();
        }
        draw
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high.saturating_sub(low) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_again_and_another_gives_others() {
        let numbers = |name, seed| {
            let mut draw = Draw::new(name, seed);
            [(); 8].map(|()| draw.between(10, 1000))
        };
        assert_eq!(numbers("a", 1), numbers("a", 1));
        assert_ne!(numbers("a", 1), numbers("a", 2));
        assert_ne!(numbers("a", 1), numbers("b", 1));
        assert!(
            numbers("a", 3)
                .iter()
                .all(|number| (10..=1000).contains(number))
        );
    }
}
