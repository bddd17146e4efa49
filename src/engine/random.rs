//! Chance as an argument: a small generator whose seed the caller gives, so that equal runs are equal.
//!
//! xoshiro256** (Blackman and Vigna, 2018), its state filled by splitmix64 as its authors advise: 32 bytes, a few instructions a number,
//! no dependency. The sequence of a seed is part of the contract, because simulations are replayed by their seed: a test holds it to the
//! published values. It spreads load and delays; it is *not* for secrets.

/// A generator; two of one seed say the same for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    pub fn new(seed: u64) -> Random {
        let mut mix = seed;
        Random {
            state: std::array::from_fn(|_| splitmix64(&mut mix)),
        }
    }

    /// All 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let shown = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let c = c ^ a;
        let d = d ^ b;
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        shown
    }

    /// Evenly from `0..bound`; 0 for a bound of 0.
    ///
    /// Lemire's multiplication, with the few draws repeated that would favour some numbers.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let rejected = bound.wrapping_neg() % bound;
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(bound);
            if wide as u64 >= rejected {
                return (wide >> 64) as u64;
            }
        }
    }

    /// Evenly from `0.0..1.0`, in steps of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability: never for 0.0 and less, always for 1.0 and more.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of these, each as likely as the next; `None` when there are none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len() as u64) as usize)
    }

    /// A generator of its own for one part, so that what the others draw does not move it.
    #[must_use]
    pub fn fork(&mut self) -> Random {
        Random::new(self.next_u64())
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference implementations (prng.di.unimi.it): splitmix64 from 0, xoshiro256** from the state 1, 2, 3, 4.
    #[test]
    fn the_sequences_are_the_published_ones() {
        let mut mix = 0;
        let mixed: Vec<u64> = (0..3).map(|_| splitmix64(&mut mix)).collect();
        assert_eq!(
            mixed,
            [
                0xe220_a839_7b1d_cdaf,
                0x6e78_9e6a_a1b9_65f4,
                0x06c4_5d18_8009_454f
            ]
        );
        let mut random = Random { state: [1, 2, 3, 4] };
        let drawn: Vec<u64> = (0..5).map(|_| random.next_u64()).collect();
        assert_eq!(
            drawn,
            [
                11_520,
                0,
                1_509_978_240,
                1_215_971_899_390_074_240,
                1_216_172_134_540_287_360
            ]
        );
    }

    #[test]
    fn a_seed_says_the_same_again_and_a_fork_goes_its_own_way() {
        let mut one = Random::new(7);
        let mut two = Random::new(7);
        assert!((0..100).all(|_| one.next_u64() == two.next_u64()));
        assert_ne!(Random::new(7), Random::new(8));
        let mut fork = one.fork();
        assert_ne!(fork.next_u64(), one.next_u64());
        let _ = two.fork();
        two.next_u64();
        assert_eq!(one, two, "a fork costs its parent one number");
    }

    #[test]
    fn numbers_below_a_bound_are_even() {
        let mut random = Random::new(1);
        let mut seen = [0_u32; 10];
        for _ in 0..100_000 {
            seen[random.below(10) as usize] += 1;
        }
        assert!(
            seen.iter().all(|&times| (9_500..10_500).contains(&times)),
            "{seen:?}"
        );
        assert_eq!(random.below(0), 0);
        assert_eq!(random.below(1), 0);
        let big = (1 << 63) + 1;
        assert!((0..1_000).all(|_| random.below(big) < big));
    }

    #[test]
    fn parts_of_one_stay_below_one() {
        let mut random = Random::new(2);
        let sum: f64 = (0..10_000).map(|_| random.unit()).sum();
        assert!((4_900.0..5_100.0).contains(&sum), "{sum}");
        assert!((0..10_000).all(|_| (0.0..1.0).contains(&random.unit())));
        assert!(!random.chance(0.0) && random.chance(1.0));
        assert_eq!(random.pick::<u8>(&[]), None);
        assert_eq!(random.pick(&[3]), Some(&3));
    }
}
