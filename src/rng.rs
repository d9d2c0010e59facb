//! Keyed randomness: every random number is addressed by (seed, purpose, place), so a result never depends on
//! threads, batches or the order of the work.
//!
//! Not responsible for distributions (`hw::variation`) nor for the vector generators of the kernels, which take their
//! starting state from [`key`].

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// What a random number is used for. Two purposes never share a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Programming a cell (once per virtual chip).
    Program = 1,
    /// Static sense-amp offset (once per virtual chip).
    SenseOffset = 2,
    /// Static reference error (once per virtual chip).
    Reference = 3,
    /// Noise of one read.
    Read = 4,
    /// Drawing the built-in data sets.
    Data = 5,
    /// Initial weights.
    Weights = 6,
    /// Order of the training images.
    Shuffle = 7,
    /// Augmentation of a training image.
    Augment = 8,
    /// Choice of the calibration images.
    Calibration = 9,
    /// Monte Carlo of the macro alone.
    MonteCarlo = 10,
    /// Random partial-sum patterns.
    Pattern = 11,
    /// Order of the test images of class folders.
    TestOrder = 12,
    /// Relaxed (Gumbel-softmax) draws behind the slopes of a read-out.
    Relaxation = 13,
    /// Latent weights behind the codes of a deployed network that is trained on.
    Latents = 14,
}

/// Mixes a seed, a purpose and a place into one 64-bit key (SplitMix64 finalizer, one round per word).
pub fn key(seed: u64, purpose: Purpose, place: &[u64]) -> u64 {
    let mut state = mix(seed ^ 0x9E37_79B9_7F4A_7C15);
    state = mix(state
        .wrapping_add(purpose as u64)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15));
    for &word in place {
        state = mix(state ^ mix(word.wrapping_add(0x9E37_79B9_7F4A_7C15)));
    }
    state
}

/// A generator for one work unit.
pub fn keyed(seed: u64, purpose: Purpose, place: &[u64]) -> Pcg64Mcg {
    Pcg64Mcg::seed_from_u64(key(seed, purpose, place))
}

/// The SplitMix64 finalizer: a bijection of 64-bit words with good avalanche.
pub fn mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn keys_differ_by_every_part() {
        let base = key(1, Purpose::Read, &[2, 3]);
        assert_ne!(base, key(2, Purpose::Read, &[2, 3]));
        assert_ne!(base, key(1, Purpose::Program, &[2, 3]));
        assert_ne!(base, key(1, Purpose::Read, &[3, 2]));
        assert_ne!(base, key(1, Purpose::Read, &[2, 3, 0]));
    }

    #[test]
    fn same_key_same_stream() {
        let (mut a, mut b) = (keyed(7, Purpose::Data, &[1]), keyed(7, Purpose::Data, &[1]));
        assert_eq!(a.next_u64(), b.next_u64());
    }
}
