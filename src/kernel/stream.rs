//! The random bytes of the read noise, addressed by place: any partial sum's draw can be computed alone, in any order.
//!
//! Byte of (output, pixel, group, draw, image lane): a 128-bit block cipher reduced to five AES rounds with Weyl round
//! keys, run on the counter. This is the counter-based generator family ARS (Salmon, Moraes, Dror, Shaw, SC 2011); five
//! rounds are the fewest its authors report as passing the standard test batteries.
//!
//! ```text
//! counter  = [group, pixel = y * width + x, output, 2 * draw + lane / 16]     (four little-endian 32-bit words)
//! state    = counter + round_key[0]                                           (word by word, wrapping)
//! five times: state = aesenc(state, round_key[i])                             (ShiftRows, SubBytes, MixColumns, xor)
//! byte     = state[lane % 16]
//! ```
//! The round keys come from [`crate::rng::key`] of (seed, layer, block, repeat, conversion). A backward pass repeats the
//! forward's codes by asking for the same places. Not responsible for turning bytes into codes (`super::tables`).

use super::lanes::LANES;
use crate::rng::{Purpose, key};

/// AES rounds per block.
pub const ROUNDS: usize = 5;

/// Which read of which block of images of which layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoiseKey {
    /// Seed of the run.
    pub seed: u64,
    /// Layer number in the network.
    pub layer: u64,
    /// Block of 32 images.
    pub block: u64,
    /// Repeated evaluation of the same images.
    pub repeat: u64,
    /// Conversion of the plan (bit slice, sign, input bit).
    pub conversion: u64,
}

/// The round keys of one [`NoiseKey`].
#[derive(Clone, Debug)]
pub struct NoiseStream {
    /// Round 0 is added to the counter, the others belong to the AES rounds.
    pub round_keys: [[u32; 4]; ROUNDS + 1],
}

impl NoiseStream {
    /// Derives the round keys: a Weyl sequence over two keyed 64-bit words.
    pub fn new(noise: NoiseKey) -> Self {
        let place = |half: u64| {
            [
                noise.layer,
                noise.block,
                noise.repeat,
                noise.conversion,
                half,
            ]
        };
        let mut low = key(noise.seed, Purpose::Read, &place(0));
        let mut high = key(noise.seed, Purpose::Read, &place(1));
        let round_keys = std::array::from_fn(|_| {
            let words = [
                low as u32,
                (low >> 32) as u32,
                high as u32,
                (high >> 32) as u32,
            ];
            low = low.wrapping_add(0x9E37_79B9_7F4A_7C15);
            high = high.wrapping_add(0xBB67_AE85_84CA_A73B);
            words
        });
        NoiseStream { round_keys }
    }

    /// The 32 random bytes of one draw, byte = image lane.
    pub fn draw(&self, output: u32, pixel: u32, group: u32, draw: u32) -> [u8; LANES] {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("aes") {
            // SAFETY: the processor has the instruction.
            return unsafe { aes::Keys::new(self).lanes((output, pixel, group), draw) };
        }
        self.draw_anywhere(output, pixel, group, draw)
    }

    /// [`Self::draw`] without the processor's instruction.
    fn draw_anywhere(&self, output: u32, pixel: u32, group: u32, draw: u32) -> [u8; LANES] {
        let mut bytes = [0; LANES];
        for (half, part) in bytes.chunks_exact_mut(16).enumerate() {
            let counter = [group, pixel, output, 2 * draw + half as u32];
            part.copy_from_slice(&self.block(counter));
        }
        bytes
    }

    /// One image lane of [`Self::draw`] for consecutive outputs from `first` on.
    pub fn lane_bytes(
        &self,
        (first, pixel, group): (u32, u32, u32),
        (draw, lane): (u32, usize),
        bytes: &mut [u8],
    ) {
        let half = 2 * draw + (lane / 16) as u32;
        let counter = |at: usize| [group, pixel, first + at as u32, half];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("aes") {
            let instruction = aes::Keys::new(self);
            for (at, byte) in bytes.iter_mut().enumerate() {
                // SAFETY: the processor has the instruction.
                *byte = unsafe { instruction.byte(counter(at), lane % 16) };
            }
            return;
        }
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = self.block(counter(at))[lane % 16];
        }
    }

    fn block(&self, counter: [u32; 4]) -> [u8; 16] {
        let mut state: [u32; 4] =
            std::array::from_fn(|i| counter[i].wrapping_add(self.round_keys[0][i]));
        for round_key in &self.round_keys[1..] {
            state = aes_round(state, round_key);
        }
        let mut bytes = [0; 16];
        for (part, word) in bytes.chunks_exact_mut(4).zip(state) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// The same blocks by the processor's instruction.
#[cfg(target_arch = "x86_64")]
pub(super) mod aes {
    use super::{LANES, NoiseStream, ROUNDS};
    use std::arch::x86_64::{__m128i, _mm_add_epi32, _mm_aesenc_si128};

    /// Round keys in registers.
    pub(in crate::kernel) struct Keys([__m128i; ROUNDS + 1]);

    impl Keys {
        pub(in crate::kernel) fn new(stream: &NoiseStream) -> Self {
            Keys(stream.round_keys.map(bytemuck::cast))
        }

        /// The block of a counter.
        #[inline]
        #[target_feature(enable = "aes")]
        pub(in crate::kernel) fn block(&self, counter: [u32; 4]) -> __m128i {
            let mut state = _mm_add_epi32(bytemuck::cast(counter), self.0[0]);
            for &key in &self.0[1..] {
                state = _mm_aesenc_si128(state, key);
            }
            state
        }

        /// Byte `at` of the block of a counter.
        #[target_feature(enable = "aes")]
        pub(super) fn byte(&self, counter: [u32; 4], at: usize) -> u8 {
            let words: [u64; 2] = bytemuck::cast(self.block(counter));
            (words[at / 8] >> (8 * (at % 8))) as u8
        }

        /// All lanes of a draw.
        #[target_feature(enable = "aes")]
        pub(super) fn lanes(
            &self,
            (output, pixel, group): (u32, u32, u32),
            draw: u32,
        ) -> [u8; LANES] {
            let half = |half: u32| self.block([group, pixel, output, 2 * draw + half]);
            bytemuck::cast([half(0), half(1)])
        }
    }
}

/// One AES encryption round, as the `aesenc` instruction defines it; column `c` is word `c`, row `r` its byte `r`.
fn aes_round(state: [u32; 4], round_key: &[u32; 4]) -> [u32; 4] {
    std::array::from_fn(|column| {
        let byte = |row: usize| usize::from((state[(column + row) % 4] >> (8 * row)) as u8);
        let mixed = (0..4).fold(0, |word, row| {
            word ^ MIXED[byte(row)].rotate_left(8 * row as u32)
        });
        mixed ^ round_key[column]
    })
}

/// SubBytes and the first column of MixColumns together: bytes (2s, s, s, 3s) of s = S-box(index).
static MIXED: [u32; 256] = mixed_table();

const fn mixed_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let s = substitute(index as u8);
        let double = field_product(s, 2);
        table[index] = u32::from_le_bytes([double, s, s, double ^ s]);
        index += 1;
    }
    table
}

/// Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
const fn field_product(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product) = (a, b, 0);
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a = (a << 1) ^ if a & 0x80 != 0 { 0x1B } else { 0 };
        b >>= 1;
    }
    product
}

/// The AES S-box: inverse in the field (a^254), then the affine map.
const fn substitute(a: u8) -> u8 {
    let (mut inverse, mut power, mut exponent) = (1, a, 254);
    while exponent != 0 {
        if exponent & 1 == 1 {
            inverse = field_product(inverse, power);
        }
        power = field_product(power, power);
        exponent >>= 1;
    }
    let i: u8 = inverse;
    i ^ i.rotate_left(1) ^ i.rotate_left(2) ^ i.rotate_left(3) ^ i.rotate_left(4) ^ 0x63
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_matches_the_published_example() {
        // FIPS-197 appendix B: state after round 1 starts from this input and round key.
        let word = |bytes: [u8; 4]| u32::from_le_bytes(bytes);
        let state = [
            word([0x19, 0x3d, 0xe3, 0xbe]),
            word([0xa0, 0xf4, 0xe2, 0x2b]),
            word([0x9a, 0xc6, 0x8d, 0x2a]),
            word([0xe9, 0xf8, 0x48, 0x08]),
        ];
        let round_key = [
            word([0xa0, 0xfa, 0xfe, 0x17]),
            word([0x88, 0x54, 0x2c, 0xb1]),
            word([0x23, 0xa3, 0x39, 0x39]),
            word([0x2a, 0x6c, 0x76, 0x05]),
        ];
        let expected = [
            word([0xa4, 0x9c, 0x7f, 0xf2]),
            word([0x68, 0x9f, 0x35, 0x2b]),
            word([0x6b, 0x5b, 0xea, 0x43]),
            word([0x02, 0x6a, 0x50, 0x49]),
        ];
        assert_eq!(aes_round(state, &round_key), expected);
    }

    #[test]
    fn a_lane_alone_is_the_lane_of_all() {
        let key = NoiseKey {
            seed: 3,
            layer: 2,
            block: 9,
            repeat: 1,
            conversion: 4,
        };
        let stream = NoiseStream::new(key);
        for lane in 0..LANES {
            for draw in 0..2 {
                let mut bytes = [0; 7];
                stream.lane_bytes((11, 5, 3), (draw, lane), &mut bytes);
                let all = |at: u32| stream.draw(11 + at, 5, 3, draw)[lane];
                let expected: Vec<u8> = (0..7).map(all).collect();
                assert_eq!(bytes[..], expected, "lane {lane} draw {draw}");
            }
        }
    }

    #[test]
    fn the_instruction_draws_what_the_formula_does() {
        let stream = NoiseStream::new(NoiseKey {
            seed: 8,
            layer: 1,
            block: 2,
            repeat: 3,
            conversion: 4,
        });
        for at in 0..100 {
            let place = (at, 7 * at, 1000 - at, at % 3);
            let (output, pixel, group, draw) = place;
            assert_eq!(
                stream.draw(output, pixel, group, draw),
                stream.draw_anywhere(output, pixel, group, draw),
                "{place:?}"
            );
        }
    }

    #[test]
    fn bytes_are_uniform() {
        let stream = NoiseStream::new(NoiseKey {
            seed: 5,
            layer: 1,
            block: 0,
            repeat: 0,
            conversion: 0,
        });
        let mut counts = [0f64; 256];
        let draws = 20_000;
        for group in 0..draws {
            for byte in stream.draw(3, 7, group, 0) {
                counts[usize::from(byte)] += 1.0;
            }
        }
        let expected = f64::from(draws) * LANES as f64 / 256.0;
        let chi: f64 = counts
            .iter()
            .map(|n| (n - expected).powi(2) / expected)
            .sum();
        assert!(
            (chi - 255.0).abs() < 5.0 * (2.0f64 * 255.0).sqrt(),
            "chi square {chi}"
        );
    }
}
