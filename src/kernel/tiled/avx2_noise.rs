//! Random bytes for AVX2: the counters of a chunk's reads and their AES rounds, by halves of a register or, with VAES, whole.
//!
//! Not responsible for the law of the stream (`stream`), nor for what the bytes are compared with (`avx2`).

use super::drive::Chunk;
use crate::kernel::shuffle::in_register;
use crate::kernel::stream::{NoiseStream, ROUNDS};
use std::arch::x86_64::*;

/// Round keys of the noise stream, in both halves of a register; the last one is biased by 128 so that bytes come out biased.
pub(super) struct Noise {
    first: [u32; 4],
    rounds: [__m256i; ROUNDS],
}

impl Noise {
    /// Of a stream; nothing is drawn without one.
    #[target_feature(enable = "avx2")]
    pub fn new(stream: Option<&NoiseStream>) -> Self {
        let keys = stream.map_or([[0; 4]; ROUNDS + 1], |stream| stream.round_keys);
        let rounds = std::array::from_fn(|round| {
            let bias = if round + 1 == ROUNDS { 0x8080_8080 } else { 0 };
            in_register(bytemuck::cast(keys[round + 1].map(|word| word ^ bias)))
        });
        Noise {
            first: keys[0],
            rounds,
        }
    }

    /// Counters of both halves of the images at the chunk's first group and pixel, first round key already added.
    #[inline]
    pub fn counter(&self, chunk: &Chunk, output: usize) -> __m256i {
        let half = |half: u32| {
            let place = [chunk.groups.start, chunk.first_pixel, output].map(|at| at as u32);
            let place = [place[0], place[1], place[2], half];
            std::array::from_fn::<u32, 4, _>(|word| place[word].wrapping_add(self.first[word]))
        };
        bytemuck::cast([half(0), half(1)])
    }

    /// The random bytes of a counter.
    ///
    /// # Safety
    /// AVX2 and AES, VAES too if so asked. Part of its caller, so that it is compiled for these.
    #[inline(always)]
    pub unsafe fn bytes<const VAES: bool>(&self, counter: __m256i) -> __m256i {
        // SAFETY: handed on to the caller.
        unsafe {
            if VAES {
                let mut state = counter;
                for &key in &self.rounds {
                    state = _mm256_aesenc_epi128(state, key);
                }
                return state;
            }
            let mut low = _mm256_castsi256_si128(counter);
            let mut high = _mm256_extracti128_si256::<1>(counter);
            for &key in &self.rounds {
                let key = _mm256_castsi256_si128(key);
                low = _mm_aesenc_si128(low, key);
                high = _mm_aesenc_si128(high, key);
            }
            _mm256_set_m128i(high, low)
        }
    }
}

/// Counters of both halves so many groups, pixels, outputs and draws (times two) later.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn after(counter: __m256i, [group, pixel, output, draw]: [i32; 4]) -> __m256i {
    let step = _mm_setr_epi32(group, pixel, output, draw);
    _mm256_add_epi32(counter, _mm256_broadcastsi128_si256(step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hw::word_line::RowOrder;
    use crate::kernel::groups::{Backend, prepare};
    use crate::kernel::lanes::{LANES, Lanes};
    use crate::kernel::stream::NoiseKey;
    use crate::kernel::tables::{Grain, RandomTable};
    use crate::kernel::tiled::avx2::Shuffles;
    use crate::kernel::tiled::drive::{Arithmetic, Drive};
    use crate::kernel::tiled::readout::ByteReadout;
    use crate::net::network::{Geometry, Shape};
    use std::collections::BTreeSet;

    /// Other tests run on what the processor has; here its rounds by halves are held against those of whole registers.
    #[test]
    fn both_forms_of_the_rounds_draw_the_same_codes() {
        if !is_x86_feature_detected!("vaes") {
            return;
        }
        let input = Shape {
            channels: 8,
            height: 5,
            width: 5,
        };
        let geometry = Geometry {
            input,
            outputs: 7,
            kernel: 3,
            stride: 1,
            padding: 1,
        };
        let codes: Vec<i8> = (0..7 * 72).map(|i| [1, -1, 1, 1, -1][i % 5]).collect();
        let mut block = Lanes::<u8>::zeros(8, 5, 5, 1);
        for (i, code) in block.values.iter_mut().enumerate() {
            *code = (i * 5 + i / 7) as u8 % 4;
        }
        let stream = NoiseStream::new(NoiseKey {
            seed: 1,
            layer: 2,
            block: 3,
            repeat: 4,
            conversion: 5,
        });
        let places: Vec<usize> = (0..25).map(|pixel| pixel * LANES).collect();
        let outputs: Vec<usize> = (0..7).collect();
        // Groups of 5 and of other numbers of lookups; tables of 1, 2, 4 and 8 parts; and more sums than a table has entries.
        let mut parts_met = BTreeSet::new();
        for (active, clip) in [(9, 3), (9, 10), (16, 25), (32, 48), (64, 10)] {
            let groups = (active, RowOrder::Consecutive);
            let weights = prepare(&geometry, &codes, groups, 3).with_backend(Backend::Avx2);
            let taps = weights.taps(&block);
            let lookup = weights.lookup.as_ref().expect("sums fit a byte");
            let s_min = -3 * active as i32;
            for (steps, grain) in [1, 2, 3]
                .iter()
                .flat_map(|&n| [(n, Grain::Eight), (n, Grain::Sixteen)])
            {
                let read = |s: i32| s.clamp(-clip, clip) + clip;
                let threshold = |step: u32, s: i32| {
                    (grain.values() - 1) / (step + 1) * (read(s) as u32 + 1) / 128
                };
                let of_all = |step: u32| (s_min..=-s_min).map(|s| threshold(step, s)).collect();
                let table = RandomTable {
                    s_min,
                    grain,
                    base: (s_min..=-s_min).map(|s| read(s) as u8 / 8).collect(),
                    thresholds: (0..steps).map(of_all).collect(),
                };
                let readout = ByteReadout::random(&table, &weights);
                let arithmetic = Arithmetic {
                    readout: &readout,
                    stream: Some(&stream),
                };
                let sums = |has_vaes: bool| {
                    let mut shuffles = Shuffles::new(&arithmetic).expect("few sums differ");
                    shuffles.has_vaes = has_vaes;
                    let drive = Drive {
                        input: &block,
                        taps: &taps,
                        plan: weights.plan,
                        lookup,
                        max_level: readout.max_level,
                        vector: LANES,
                        kernel: &|chunk, spill| shuffles.run(chunk, spill),
                    };
                    let mut sums = vec![0; 7 * 25 * LANES];
                    drive.run((&outputs, 0), &mut sums, 25 * LANES, &places);
                    (sums, shuffles.span.parts())
                };
                let (whole, parts) = sums(true);
                parts_met.insert(parts);
                let name = format!("{active} rows, {steps} steps, {grain:?}, clipped at {clip}");
                assert!(whole == sums(false).0, "{name}");
            }
        }
        assert_eq!(parts_met, BTreeSet::from([1, 2, 4, 8]));
    }
}
