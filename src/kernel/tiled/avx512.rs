//! The chunk arithmetic for AVX-512 VBMI with VAES: 64 lanes = two pixels per register, 64-entry permutations.
//!
//! Three 2-bit input codes make one index, and a read-out of up to 64 entries is a single permutation.

use super::drive::{Arithmetic, Chunk};
use super::readout::ByteReadout;
use crate::kernel::lanes::LANES;
use crate::kernel::stream::{NoiseStream, ROUNDS};
use crate::kernel::tables::Grain;
use std::arch::x86_64::*;

/// Bytes of a register.
pub(in crate::kernel) const VECTOR: usize = 64;

const FIXED: u8 = 0;
const ONE_BYTE: u8 = 1;
const BYTES: u8 = 2;
const WORDS: u8 = 3;

/// Runs one chunk.
pub(in crate::kernel) fn chunk(arithmetic: &Arithmetic, chunk: &Chunk, spill: &mut [u16]) {
    chunk.check(spill);
    // SAFETY: the dispatcher checked the instruction sets; the chunk's buffers were checked just above.
    unsafe {
        match arithmetic.readout.entries {
            0..=64 => by_mode::<1>(arithmetic, chunk, spill),
            65..=128 => by_mode::<2>(arithmetic, chunk, spill),
            _ => by_mode::<4>(arithmetic, chunk, spill),
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
fn by_mode<const N: usize>(arithmetic: &Arithmetic, chunk: &Chunk, spill: &mut [u16]) {
    let readout = arithmetic.readout;
    let tables = Tables::<N>::new(readout);
    let noise = Noise::new(arithmetic.stream);
    match (readout.steps.len(), readout.grain) {
        (0, _) => by_width::<N, FIXED>(&tables, &noise, chunk, spill),
        (1, Grain::Eight) => by_width::<N, ONE_BYTE>(&tables, &noise, chunk, spill),
        (_, Grain::Eight) => by_width::<N, BYTES>(&tables, &noise, chunk, spill),
        (_, Grain::Sixteen) => by_width::<N, WORDS>(&tables, &noise, chunk, spill),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
fn by_width<const N: usize, const MODE: u8>(
    tables: &Tables<N>,
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    // SAFETY: `Chunk::check` ran in `chunk`.
    unsafe {
        match (chunk.pixels, chunk.lookup.units) {
            (8, 3) => tile::<N, MODE, 4, 3>(tables, noise, chunk, spill),
            (8, _) => tile::<N, MODE, 4, 0>(tables, noise, chunk, spill),
            _ => tile::<N, MODE, 1, 0>(tables, noise, chunk, spill),
        }
    }
}

/// All outputs of a chunk, `WIDTH` registers at a time; `UNITS` is the number of lookups per group, 0 if known only at run time.
///
/// # Safety
/// `chunk.check(spill)` must have passed and `2 * WIDTH` must divide `chunk.pixels`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
unsafe fn tile<const N: usize, const MODE: u8, const WIDTH: usize, const UNITS: usize>(
    tables: &Tables<N>,
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    let units = if UNITS > 0 { UNITS } else { chunk.lookup.units };
    let (groups, weights) = (chunk.groups.len(), chunk.lookup.tables.as_ptr());
    let low = _mm512_set1_epi16(0xFF);
    for (row, &output) in chunk.outputs.iter().enumerate() {
        let offsets = chunk.offsets(output);
        for pixel in (0..chunk.pixels).step_by(2 * WIDTH) {
            let mut levels = [_mm512_setzero_si512(); WIDTH];
            let mut counters = noise.start::<WIDTH>(chunk, output, pixel);
            for group in 0..groups {
                let mut index = [_mm512_setzero_si512(); WIDTH];
                for unit in 0..units {
                    // SAFETY: `group < groups`, `unit < units` and `pixel + 2 * WIDTH <= pixels` stay inside the index
                    // tile; offsets come from `Lookup::new` and point at whole tables.
                    unsafe {
                        let offset = *offsets.get_unchecked(group * units + unit) as usize;
                        let table = _mm512_loadu_si512(weights.add(offset).cast());
                        let at = ((group * units + unit) * chunk.pixels + pixel) * LANES;
                        let bytes = chunk.index.as_ptr().add(at);
                        for (p, index) in index.iter_mut().enumerate() {
                            let codes = _mm512_loadu_si512(bytes.add(p * VECTOR).cast());
                            let part = _mm512_permutexvar_epi8(codes, table);
                            *index = _mm512_add_epi8(*index, part);
                        }
                    }
                }
                for p in 0..WIDTH {
                    levels[p] =
                        tables.add_level::<MODE>(levels[p], index[p], noise, &mut counters[p]);
                }
            }
            let at = (row * chunk.pixels + pixel) * LANES;
            for (p, levels) in levels.into_iter().enumerate() {
                // SAFETY: `spill` holds `outputs * pixels * LANES` values.
                unsafe {
                    let even = spill.as_mut_ptr().add(at + p * VECTOR).cast::<__m512i>();
                    let odd = even.add(1);
                    let evens = _mm512_and_si512(levels, low);
                    let odds = _mm512_srli_epi16::<8>(levels);
                    _mm512_storeu_si512(even, _mm512_add_epi16(_mm512_loadu_si512(even), evens));
                    _mm512_storeu_si512(odd, _mm512_add_epi16(_mm512_loadu_si512(odd), odds));
                }
            }
        }
    }
}

/// The read-out as 64-entry tables.
struct Tables<const N: usize> {
    base: [__m512i; N],
    first: [__m512i; N],
    steps: Vec<([__m512i; N], [__m512i; N])>,
}

impl<const N: usize> Tables<N> {
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
    fn new(readout: &ByteReadout) -> Self {
        let steps: Vec<_> = readout
            .steps
            .iter()
            .map(|step| (split::<N>(&step.high), split::<N>(&step.low)))
            .collect();
        Tables {
            base: split::<N>(&readout.base),
            first: steps
                .first()
                .map_or([_mm512_setzero_si512(); N], |step| step.0),
            steps,
        }
    }

    /// Adds the level of each lane's group sum.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,vaes")]
    fn add_level<const MODE: u8>(
        &self,
        levels: __m512i,
        index: __m512i,
        noise: &Noise,
        counter: &mut __m512i,
    ) -> __m512i {
        let mut levels = _mm512_add_epi8(levels, lookup(&self.base, index));
        if MODE == FIXED {
            return levels;
        }
        let one = _mm512_set1_epi8(1);
        let high = noise.bytes(*counter);
        if MODE == ONE_BYTE {
            let below = _mm512_cmplt_epu8_mask(high, lookup(&self.first, index));
            levels = _mm512_mask_add_epi8(levels, below, levels, one);
        } else if MODE == BYTES {
            for step in &self.steps {
                let below = _mm512_cmplt_epu8_mask(high, lookup(&step.0, index));
                levels = _mm512_mask_add_epi8(levels, below, levels, one);
            }
        } else {
            let second = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 0, 2));
            let low = noise.bytes(_mm512_add_epi32(*counter, second));
            for step in &self.steps {
                let threshold = lookup(&step.0, index);
                let tie = _mm512_cmpeq_epi8_mask(high, threshold);
                let tie = _mm512_mask_cmplt_epu8_mask(tie, low, lookup(&step.1, index));
                let below = _mm512_cmplt_epu8_mask(high, threshold) | tie;
                levels = _mm512_mask_add_epi8(levels, below, levels, one);
            }
        }
        let next = _mm512_broadcast_i32x4(_mm_setr_epi32(1, 0, 0, 0));
        *counter = _mm512_add_epi32(*counter, next);
        levels
    }
}

#[target_feature(enable = "avx512f")]
fn split<const N: usize>(entries: &[u8; 256]) -> [__m512i; N] {
    // SAFETY: `k < N <= 4`, so 64 bytes from `64 k` lie inside the 256.
    std::array::from_fn(|k| unsafe { _mm512_loadu_si512(entries.as_ptr().add(64 * k).cast()) })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn lookup<const N: usize>(tables: &[__m512i; N], index: __m512i) -> __m512i {
    match N {
        1 => _mm512_permutexvar_epi8(index, tables[0]),
        2 => _mm512_permutex2var_epi8(tables[0], index, tables[1]),
        _ => {
            let low = _mm512_permutex2var_epi8(tables[0], index, tables[1]);
            let high = _mm512_permutex2var_epi8(tables[2], index, tables[3]);
            _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high)
        }
    }
}

/// Round keys of the noise stream.
struct Noise {
    first: [u32; 4],
    rounds: [__m512i; ROUNDS],
}

impl Noise {
    #[target_feature(enable = "avx512f")]
    fn new(stream: Option<&NoiseStream>) -> Self {
        let keys = stream.map_or([[0; 4]; ROUNDS + 1], |stream| stream.round_keys);
        let rounds = std::array::from_fn(|round| {
            let [a, b, c, d] = keys[round + 1].map(|word| word as i32);
            _mm512_broadcast_i32x4(_mm_setr_epi32(a, b, c, d))
        });
        Noise {
            first: keys[0],
            rounds,
        }
    }

    /// Counters of the chunk's first group, first round key already added: blocks are (pixel, lanes 0..16), (pixel, lanes
    /// 16..32), and the same of the next pixel.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn start<const WIDTH: usize>(
        &self,
        chunk: &Chunk,
        output: usize,
        pixel: usize,
    ) -> [__m512i; WIDTH] {
        let [a, b, c, d] = self.first.map(|word| word as i32);
        let key = _mm512_broadcast_i32x4(_mm_setr_epi32(a, b, c, d));
        let group = chunk.groups.start as i32;
        let output = output as i32;
        std::array::from_fn(|p| {
            let left = (chunk.first_pixel + pixel + 2 * p) as i32;
            let right = left + 1;
            let place = _mm512_setr_epi32(
                group, left, output, 0, group, left, output, 1, group, right, output, 0, group,
                right, output, 1,
            );
            _mm512_add_epi32(place, key)
        })
    }

    #[inline]
    #[target_feature(enable = "avx512f,vaes")]
    fn bytes(&self, counter: __m512i) -> __m512i {
        let mut state = counter;
        for &key in &self.rounds {
            state = _mm512_aesenc_epi128(state, key);
        }
        state
    }
}
