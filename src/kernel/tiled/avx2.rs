//! The chunk arithmetic for AVX2 with AES-NI: 32 lanes = one pixel per register, 16-entry shuffles.
//!
//! Read-outs are looked up as in [`shuffle`]. Not responsible for the random bytes they are compared with (`avx2_noise`).

use super::avx2_noise::{Noise, after};
use super::drive::{Arithmetic, Chunk};
use super::readout::ByteReadout;
use crate::kernel::groups::Backend;
use crate::kernel::lanes::LANES;
use crate::kernel::shuffle::{self, Span, in_register, lookup};
use crate::kernel::tables::Grain;
use std::arch::x86_64::*;

const FIXED: u8 = 0;
const ONE_BYTE: u8 = 1;
const BYTES: u8 = 2;
const TWO_WORDS: u8 = 3;
const WORDS: u8 = 4;

/// A read-out that is looked up by shuffles.
pub(in crate::kernel) struct Shuffles<'a> {
    arithmetic: &'a Arithmetic<'a>,
    pub(super) span: Span,
    /// The processor has AES rounds for both halves of a register.
    pub(super) has_vaes: bool,
}

impl<'a> Shuffles<'a> {
    /// `None` if too many sums are answered each in its own way.
    ///
    /// # Panics
    /// If the processor has no AVX2 or AES.
    pub fn new(arithmetic: &'a Arithmetic<'a>) -> Option<Self> {
        assert!(Backend::Avx2.available(), "the processor has AVX2 and AES");
        let readout = arithmetic.readout;
        let span = Span::new(readout.entries, |one, other| readout.is_same(one, other))?;
        Some(Shuffles {
            arithmetic,
            span,
            has_vaes: is_x86_feature_detected!("vaes"),
        })
    }

    /// Runs one chunk.
    pub fn run(&self, chunk: &Chunk, spill: &mut [u16]) {
        match self.span.parts() {
            1 => self.by_instructions::<1>(chunk, spill),
            2 => self.by_instructions::<2>(chunk, spill),
            4 => self.by_instructions::<4>(chunk, spill),
            _ => self.by_instructions::<{ shuffle::MOST }>(chunk, spill),
        }
    }

    fn by_instructions<const N: usize>(&self, chunk: &Chunk, spill: &mut [u16]) {
        chunk.check(spill);
        let readout = self.arithmetic.readout;
        // SAFETY: `new` checked the instructions; the chunk's buffers were checked just above.
        unsafe {
            let tables = Tables::<N>::new(readout, self.span);
            let noise = Noise::new(self.arithmetic.stream);
            if readout.steps.is_empty() {
                fixed(&tables, &noise, chunk, spill);
            } else if self.has_vaes {
                on_vaes((&tables, readout.grain), &noise, chunk, spill);
            } else {
                on_aes((&tables, readout.grain), &noise, chunk, spill);
            }
        }
    }
}

/// # Safety
/// AVX2; the chunk was checked.
#[target_feature(enable = "avx2")]
unsafe fn fixed<const N: usize>(
    tables: &Tables<N>,
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    // SAFETY: handed on to the caller.
    unsafe { by_width::<N, FIXED, 4, false>(tables, noise, chunk, spill) }
}

/// # Safety
/// AVX2 and AES; the chunk was checked.
#[target_feature(enable = "avx2,aes")]
unsafe fn on_aes<const N: usize>(
    random: (&Tables<N>, Grain),
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    // SAFETY: handed on to the caller.
    unsafe { by_mode::<N, false>(random, noise, chunk, spill) }
}

/// # Safety
/// AVX2 and VAES, AES in both halves of a register; the chunk was checked.
#[target_feature(enable = "avx2,aes,vaes")]
unsafe fn on_vaes<const N: usize>(
    random: (&Tables<N>, Grain),
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    // SAFETY: handed on to the caller.
    unsafe { by_mode::<N, true>(random, noise, chunk, spill) }
}

/// # Safety
/// AVX2 and AES, VAES too if so asked; the chunk was checked. Part of its caller, so that it is compiled for these, as are `by_width`,
/// `tile`, `add_level` and `bytes`. No AES is met where nothing is drawn ([`FIXED`]).
#[inline(always)]
unsafe fn by_mode<const N: usize, const VAES: bool>(
    (tables, grain): (&Tables<N>, Grain),
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    // SAFETY: handed on to the caller.
    unsafe {
        match (tables.steps.len(), grain) {
            (1, Grain::Eight) => by_width::<N, ONE_BYTE, 2, VAES>(tables, noise, chunk, spill),
            (_, Grain::Eight) => by_width::<N, BYTES, 2, VAES>(tables, noise, chunk, spill),
            (2, Grain::Sixteen) => by_width::<N, TWO_WORDS, 2, VAES>(tables, noise, chunk, spill),
            (_, Grain::Sixteen) => by_width::<N, WORDS, 2, VAES>(tables, noise, chunk, spill),
        }
    }
}

/// # Safety
/// As for [`by_mode`].
#[inline(always)]
unsafe fn by_width<const N: usize, const MODE: u8, const WIDTH: usize, const VAES: bool>(
    tables: &Tables<N>,
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    let wide = chunk.pixels.is_multiple_of(WIDTH);
    // SAFETY: handed on to the caller.
    unsafe {
        match (wide, chunk.lookup.units) {
            (true, 5) => tile::<N, MODE, WIDTH, 5, VAES>(tables, noise, chunk, spill),
            (true, _) => tile::<N, MODE, WIDTH, 0, VAES>(tables, noise, chunk, spill),
            (false, _) => tile::<N, MODE, 1, 0, VAES>(tables, noise, chunk, spill),
        }
    }
}

/// All outputs of a chunk, `WIDTH` pixels at a time; `UNITS` is the number of lookups per group, 0 if known only at run time.
///
/// # Safety
/// As for [`by_mode`]; `WIDTH` divides `chunk.pixels`.
#[inline(always)]
unsafe fn tile<
    const N: usize,
    const MODE: u8,
    const WIDTH: usize,
    const UNITS: usize,
    const VAES: bool,
>(
    tables: &Tables<N>,
    noise: &Noise,
    chunk: &Chunk,
    spill: &mut [u16],
) {
    let units = if UNITS > 0 { UNITS } else { chunk.lookup.units };
    let weights = chunk.lookup.tables.as_ptr();
    let unit_bytes = chunk.pixels * LANES;
    // SAFETY: `offsets` has `units` for each of the chunk's groups, and the index tile `unit_bytes` for each of these, of which
    // `pixel + WIDTH` pixels are read; offsets come from `Lookup::new` and point at whole tables; `spill` holds `outputs * pixels * LANES`
    // values. The caller promises the instructions.
    unsafe {
        for (row, &output) in chunk.outputs.iter().enumerate() {
            let offsets = chunk.offsets(output);
            let first = noise.counter(chunk, output);
            for pixel in (0..chunk.pixels).step_by(WIDTH) {
                let mut levels = [_mm256_setzero_si256(); WIDTH];
                let mut counters = [first; WIDTH];
                for (p, counter) in counters.iter_mut().enumerate() {
                    *counter = after(*counter, [0, (pixel + p) as i32, 0, 0]);
                }
                let mut bytes = chunk.index[pixel * LANES..].as_ptr();
                for offsets in offsets.chunks_exact(units) {
                    let mut index = [_mm256_setzero_si256(); WIDTH];
                    for &offset in offsets {
                        let table = broadcast(weights.add(offset as usize));
                        for (p, index) in index.iter_mut().enumerate() {
                            let codes = _mm256_loadu_si256(bytes.add(p * LANES).cast());
                            *index = _mm256_add_epi8(*index, _mm256_shuffle_epi8(table, codes));
                        }
                        bytes = bytes.wrapping_add(unit_bytes);
                    }
                    for p in 0..WIDTH {
                        let place = (index[p], counters[p]);
                        levels[p] = tables.add_level::<MODE, VAES>(levels[p], place, noise);
                        counters[p] = after(counters[p], [1, 0, 0, 0]);
                    }
                }
                let at = (row * chunk.pixels + pixel) * LANES;
                for (p, levels) in levels.into_iter().enumerate() {
                    add_spread(levels, spill.as_mut_ptr().add(at + p * LANES));
                }
            }
        }
    }
}

/// Adds bytes to 16-bit sums: even bytes, then odd ones.
///
/// # Safety
/// AVX2; `to` holds 32 sums.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn add_spread(bytes: __m256i, to: *mut u16) {
    let evens = _mm256_and_si256(bytes, _mm256_set1_epi16(0xFF));
    let odds = _mm256_srli_epi16::<8>(bytes);
    let even = to.cast::<__m256i>();
    // SAFETY: by the caller.
    unsafe {
        let odd = even.add(1);
        _mm256_storeu_si256(even, _mm256_add_epi16(_mm256_loadu_si256(even), evens));
        _mm256_storeu_si256(odd, _mm256_add_epi16(_mm256_loadu_si256(odd), odds));
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

/// The parts of the read-out's tables. Thresholds are biased by 128, because the byte comparison is signed.
struct Tables<const N: usize> {
    span: Span,
    base: [__m256i; N],
    steps: Vec<Step<N>>,
}

/// The two bytes of a threshold.
struct Step<const N: usize> {
    high: [__m256i; N],
    low: [__m256i; N],
}

impl<const N: usize> Tables<N> {
    #[target_feature(enable = "avx2")]
    fn new(readout: &ByteReadout, span: Span) -> Self {
        let parts = |bytes: &[u8; 256], bias: u8| {
            let part = |part| in_register(span.part(part, |at| [bytes[at] ^ bias])[0]);
            std::array::from_fn(part)
        };
        let steps = readout.steps.iter().map(|step| Step {
            high: parts(&step.high, 0x80),
            low: parts(&step.low, 0x80),
        });
        Tables {
            span,
            base: parts(&readout.base, 0),
            steps: steps.collect(),
        }
    }

    /// Adds the level of each lane's group sum, whose index and counter are given.
    ///
    /// # Safety
    /// As for [`by_mode`].
    #[inline(always)]
    unsafe fn add_level<const MODE: u8, const VAES: bool>(
        &self,
        levels: __m256i,
        (index, counter): (__m256i, __m256i),
        noise: &Noise,
    ) -> __m256i {
        // SAFETY: handed on to the caller.
        unsafe {
            let asked = self.span.asked(index);
            let mut levels = _mm256_add_epi8(levels, lookup(&self.base, &asked));
            // Where the number of steps is known there is no loop.
            let steps = match MODE {
                FIXED => return levels,
                ONE_BYTE => &self.steps[..1],
                TWO_WORDS => &self.steps[..2],
                _ => &self.steps[..],
            };
            let high = noise.bytes::<VAES>(counter);
            if matches!(MODE, ONE_BYTE | BYTES) {
                for step in steps {
                    let below = _mm256_cmpgt_epi8(lookup(&step.high, &asked), high);
                    levels = _mm256_sub_epi8(levels, below);
                }
            } else {
                let low = noise.bytes::<VAES>(after(counter, [0, 0, 0, 2]));
                for step in steps {
                    let threshold = lookup(&step.high, &asked);
                    let tie = _mm256_cmpgt_epi8(lookup(&step.low, &asked), low);
                    let tie = _mm256_and_si256(_mm256_cmpeq_epi8(threshold, high), tie);
                    let below = _mm256_or_si256(_mm256_cmpgt_epi8(threshold, high), tie);
                    levels = _mm256_sub_epi8(levels, below);
                }
            }
            levels
        }
    }
}
