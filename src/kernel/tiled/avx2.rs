//! The chunk arithmetic for AVX2 with AES-NI: 32 lanes = one pixel per register, 16-entry shuffles.
//!
//! A read-out of 16 n entries (n up to 8) is n shuffles of XOR-prefix tables: table k holds `entry[16k+i] ^ entry[16(k-1)+i]`
//! and is asked with `index - 16 k`, which the shuffle answers with 0 while it is negative.

use super::drive::{Arithmetic, Chunk};
use super::readout::ByteReadout;
use crate::kernel::lanes::LANES;
use crate::kernel::stream::{NoiseStream, ROUNDS};
use crate::kernel::tables::Grain;
use std::arch::x86_64::*;

/// Largest read-out this arithmetic can look up.
pub(in crate::kernel) const MAX_SUMS: usize = 128;

const FIXED: u8 = 0;
const ONE_BYTE: u8 = 1;
const BYTES: u8 = 2;
const WORDS: u8 = 3;

/// Runs one chunk.
pub(in crate::kernel) fn chunk(arithmetic: &Arithmetic, chunk: &Chunk, spill: &mut [u16]) {
    chunk.check(spill);
    let readout = arithmetic.readout;
    assert!(readout.entries <= MAX_SUMS, "the read-out fits the tables");
    // SAFETY: the dispatcher checked AVX2 and AES; the chunk's buffers were checked just above.
    unsafe {
        match readout.entries {
            0..=32 => by_mode::<2>(arithmetic, chunk, spill),
            33..=64 => by_mode::<4>(arithmetic, chunk, spill),
            _ => by_mode::<8>(arithmetic, chunk, spill),
        }
    }
}

#[target_feature(enable = "avx2,aes")]
fn by_mode<const N: usize>(arithmetic: &Arithmetic, chunk: &Chunk, spill: &mut [u16]) {
    let readout = arithmetic.readout;
    let tables = Tables::<N>::new(readout);
    let noise = Noise::new(arithmetic.stream);
    match (readout.steps.len(), readout.grain) {
        (0, _) => by_width::<N, FIXED, 4>(&tables, &noise, chunk, spill),
        (1, Grain::Eight) => by_width::<N, ONE_BYTE, 2>(&tables, &noise, chunk, spill),
        (_, Grain::Eight) => by_width::<N, BYTES, 2>(&tables, &noise, chunk, spill),
        (_, Grain::Sixteen) => by_width::<N, WORDS, 2>(&tables, &noise, chunk, spill),
    }
}

#[target_feature(enable = "avx2,aes")]
fn by_width<const N: usize, const MODE: u8, const WIDTH: usize>(
    tables: &Tables<N>,
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    let wide = chunk.pixels.is_multiple_of(WIDTH);
    // SAFETY: `Chunk::check` ran in `chunk`.
    unsafe {
        match (wide, chunk.lookup.units) {
            (true, 5) => tile::<N, MODE, WIDTH, 5>(tables, noise, chunk, spill),
            (true, _) => tile::<N, MODE, WIDTH, 0>(tables, noise, chunk, spill),
            (false, _) => tile::<N, MODE, 1, 0>(tables, noise, chunk, spill),
        }
    }
}

/// All outputs of a chunk, `WIDTH` pixels at a time; `UNITS` is the number of lookups per group, 0 if known only at run time.
///
/// # Safety
/// `chunk.check(spill)` must have passed and `WIDTH` must divide `chunk.pixels`.
#[target_feature(enable = "avx2,aes")]
unsafe fn tile<const N: usize, const MODE: u8, const WIDTH: usize, const UNITS: usize>(
    tables: &Tables<N>,
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    let units = if UNITS > 0 { UNITS } else { chunk.lookup.units };
    let (groups, weights) = (chunk.groups.len(), chunk.lookup.tables.as_ptr());
    let low = _mm256_set1_epi16(0xFF);
    for (row, &output) in chunk.outputs.iter().enumerate() {
        let offsets = chunk.offsets(output);
        for pixel in (0..chunk.pixels).step_by(WIDTH) {
            let mut levels = [_mm256_setzero_si256(); WIDTH];
            let mut counters = noise.start::<WIDTH>(chunk, output, pixel);
            for group in 0..groups {
                // SAFETY: `group < groups`, `unit < units` and `pixel + WIDTH <= pixels` stay inside the index tile;
                // offsets come from `Lookup::new` and point at whole tables.
                let mut index = [_mm256_setzero_si256(); WIDTH];
                for unit in 0..units {
                    unsafe {
                        let offset = *offsets.get_unchecked(group * units + unit) as usize;
                        let table = broadcast(weights.add(offset));
                        let at = ((group * units + unit) * chunk.pixels + pixel) * LANES;
                        let bytes = chunk.index.as_ptr().add(at);
                        for (p, index) in index.iter_mut().enumerate() {
                            let codes = _mm256_loadu_si256(bytes.add(p * LANES).cast());
                            *index = _mm256_add_epi8(*index, _mm256_shuffle_epi8(table, codes));
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
                    let even = spill.as_mut_ptr().add(at + p * LANES).cast::<__m256i>();
                    let odd = even.add(1);
                    let evens = _mm256_and_si256(levels, low);
                    let odds = _mm256_srli_epi16::<8>(levels);
                    _mm256_storeu_si256(even, _mm256_add_epi16(_mm256_loadu_si256(even), evens));
                    _mm256_storeu_si256(odd, _mm256_add_epi16(_mm256_loadu_si256(odd), odds));
                }
            }
        }
    }
}

/// Loads 16 bytes into both halves of a register.
///
/// # Safety
/// Sixteen bytes must be readable.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn broadcast(bytes: *const u8) -> __m256i {
    // SAFETY: by the caller.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.cast()) })
}

/// The read-out as XOR-prefix tables. Thresholds are biased by 128, because the byte comparison is signed.
struct Tables<const N: usize> {
    base: [__m256i; N],
    first: [__m256i; N],
    steps: Vec<([__m256i; N], [__m256i; N])>,
}

impl<const N: usize> Tables<N> {
    #[target_feature(enable = "avx2,aes")]
    fn new(readout: &ByteReadout) -> Self {
        let biased = |bytes: &[u8; 256]| prefix::<N>(&bytes.map(|byte| byte ^ 0x80));
        let steps: Vec<_> = readout
            .steps
            .iter()
            .map(|step| (biased(&step.high), biased(&step.low)))
            .collect();
        Tables {
            base: prefix::<N>(&readout.base),
            first: steps
                .first()
                .map_or([_mm256_setzero_si256(); N], |step| step.0),
            steps,
        }
    }

    /// Adds the level of each lane's group sum.
    #[inline]
    #[target_feature(enable = "avx2,aes")]
    fn add_level<const MODE: u8>(
        &self,
        levels: __m256i,
        index: __m256i,
        noise: &Noise,
        counter: &mut [__m128i; 2],
    ) -> __m256i {
        let shifted: [__m256i; N] =
            std::array::from_fn(|k| _mm256_sub_epi8(index, _mm256_set1_epi8(16 * k as i8)));
        let mut levels = _mm256_add_epi8(levels, lookup(&self.base, &shifted));
        if MODE == FIXED {
            return levels;
        }
        let high = noise.bytes(*counter);
        if MODE == ONE_BYTE {
            let below = _mm256_cmpgt_epi8(lookup(&self.first, &shifted), high);
            levels = _mm256_sub_epi8(levels, below);
        } else if MODE == BYTES {
            for step in &self.steps {
                let below = _mm256_cmpgt_epi8(lookup(&step.0, &shifted), high);
                levels = _mm256_sub_epi8(levels, below);
            }
        } else {
            let second = _mm_setr_epi32(0, 0, 0, 2);
            let low = noise.bytes(counter.map(|half| _mm_add_epi32(half, second)));
            for step in &self.steps {
                let threshold = lookup(&step.0, &shifted);
                let tie = _mm256_cmpgt_epi8(lookup(&step.1, &shifted), low);
                let tie = _mm256_and_si256(_mm256_cmpeq_epi8(threshold, high), tie);
                let below = _mm256_or_si256(_mm256_cmpgt_epi8(threshold, high), tie);
                levels = _mm256_sub_epi8(levels, below);
            }
        }
        let one = _mm_setr_epi32(1, 0, 0, 0);
        *counter = counter.map(|half| _mm_add_epi32(half, one));
        levels
    }
}

#[target_feature(enable = "avx2")]
fn prefix<const N: usize>(entries: &[u8; 256]) -> [__m256i; N] {
    std::array::from_fn(|k| {
        let before = |i: usize| if k > 0 { entries[16 * (k - 1) + i] } else { 0 };
        let bytes: [u8; 16] = std::array::from_fn(|i| entries[16 * k + i] ^ before(i));
        // SAFETY: an array of 16 bytes.
        unsafe { broadcast(bytes.as_ptr()) }
    })
}

#[inline]
#[target_feature(enable = "avx2")]
fn lookup<const N: usize>(tables: &[__m256i; N], shifted: &[__m256i; N]) -> __m256i {
    let mut entry = _mm256_shuffle_epi8(tables[0], shifted[0]);
    for k in 1..N {
        entry = _mm256_xor_si256(entry, _mm256_shuffle_epi8(tables[k], shifted[k]));
    }
    entry
}

/// Round keys of the noise stream; the last one is biased by 128 so that bytes come out biased.
struct Noise {
    first: [u32; 4],
    rounds: [__m128i; ROUNDS],
}

impl Noise {
    #[target_feature(enable = "avx2,aes")]
    fn new(stream: Option<&NoiseStream>) -> Self {
        let keys = stream.map_or([[0; 4]; ROUNDS + 1], |stream| stream.round_keys);
        let rounds = std::array::from_fn(|round| {
            let bias = if round + 1 == ROUNDS { 0x8080_8080 } else { 0 };
            words(keys[round + 1].map(|word| word ^ bias))
        });
        Noise {
            first: keys[0],
            rounds,
        }
    }

    /// Counters of the chunk's first group for `WIDTH` pixels, first round key already added.
    #[inline]
    #[target_feature(enable = "avx2,aes")]
    fn start<const WIDTH: usize>(
        &self,
        chunk: &Chunk,
        output: usize,
        pixel: usize,
    ) -> [[__m128i; 2]; WIDTH] {
        std::array::from_fn(|p| {
            std::array::from_fn(|half| {
                let pixel = (chunk.first_pixel + pixel + p) as u32;
                let place = [chunk.groups.start as u32, pixel, output as u32, half as u32];
                words(std::array::from_fn(|i| {
                    place[i].wrapping_add(self.first[i])
                }))
            })
        })
    }

    #[inline]
    #[target_feature(enable = "avx2,aes")]
    fn bytes(&self, counter: [__m128i; 2]) -> __m256i {
        let [mut low, mut high] = counter;
        for &key in &self.rounds {
            low = _mm_aesenc_si128(low, key);
            high = _mm_aesenc_si128(high, key);
        }
        _mm256_set_m128i(high, low)
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn words(words: [u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(|word| word as i32);
    _mm_setr_epi32(a, b, c, d)
}
