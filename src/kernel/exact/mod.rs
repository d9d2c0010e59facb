//! Plain integer convolution: the layer with ideal matrix-vector products, and the digital first and last layers.
//!
//! Rows are taken in pairs: a tile holds `[pair][pixel][lane][2]` as 16-bit differences to zero, and one multiply-add
//! instruction takes both rows of a pair. Not responsible for read-outs (`reconv`).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use super::aligned::Aligned;
use super::groups::{Backend, Taps};
use super::lanes::{LANES, Lanes};
use super::reference;
use crate::net::network::Geometry;
use std::borrow::Cow;
use std::ops::Range;

/// Pixels of a tile.
const TILE: usize = 8;
/// Pairs of rows of a tile; with [`TILE`] pixels they fill 32 KiB.
const PAIRS: usize = 32;

/// `sums[output][y][x] = sum over rows of code * (input - zero)`, rows in the padding contribute nothing.
///
/// `zero` is the input code that stands for 0 (128 for image bytes, 0 for activations); `sums` is overwritten.
///
/// # Panics
/// If shapes disagree.
pub fn exact(
    input: &Lanes<u8>,
    geometry: &Geometry,
    codes: &[i8],
    zero: u8,
    sums: &mut Lanes<i32>,
) {
    exact_with(Backend::detect(), input, geometry, codes, zero, sums);
}

/// [`exact`] on a chosen implementation; all give the same integers.
///
/// # Panics
/// If shapes disagree or this processor cannot run it.
pub fn exact_with(
    backend: Backend,
    input: &Lanes<u8>,
    geometry: &Geometry,
    codes: &[i8],
    zero: u8,
    sums: &mut Lanes<i32>,
) {
    assert!(backend.available(), "this processor runs {backend:?}");
    let (rows, map) = (geometry.rows(), geometry.output());
    assert_eq!(
        codes.len(),
        geometry.outputs * rows,
        "one code per row and output"
    );
    assert!(
        (sums.channels, sums.height, sums.width) == (map.channels, map.height, map.width),
        "the sums have the shape of the layer's output"
    );
    if backend == Backend::Scalar {
        return reference::exact(input, geometry, codes, i32::from(zero), sums);
    }
    let input = padded(input, geometry.padding, zero);
    let taps = Taps::in_im2col_order(geometry, &input);
    let packed = pack(codes, rows);
    let all = rows.div_ceil(2);
    let mut tile = Aligned::<i16>::zeros(PAIRS * TILE * 2 * LANES);
    let places: Vec<usize> = (0..taps.pixels.len())
        .map(|pixel| sums.at(0, pixel / sums.width, pixel % sums.width))
        .collect();
    let stride = sums.channel_stride();
    sums.values.fill(0);
    for first in (0..places.len()).step_by(TILE) {
        let pixels = first..(first + TILE).min(places.len());
        for start in (0..all).step_by(PAIRS) {
            let pairs = start..(start + PAIRS).min(all);
            fill(
                &mut tile,
                &input,
                &taps,
                (pixels.clone(), pairs.clone()),
                zero,
            );
            let work = Work {
                tile: &tile,
                weights: &packed,
                all,
                pairs,
                places: &places[pixels.clone()],
                stride,
            };
            work.run(backend, geometry.outputs, &mut sums.values);
        }
    }
}

/// The input with border pixels that stand for 0.
fn padded(input: &Lanes<u8>, padding: usize, zero: u8) -> Cow<'_, Lanes<u8>> {
    if padding == 0 || (zero == 0 && input.border >= padding) {
        return Cow::Borrowed(input);
    }
    let mut wide = input.with_border(padding);
    if zero != 0 {
        let (height, width) = (wide.height + 2 * padding, wide.width + 2 * padding);
        for (pixel, lanes) in wide.values.chunks_exact_mut(LANES).enumerate() {
            let (y, x) = (pixel / width % height, pixel % width);
            let inside = |at: usize, size: usize| at >= padding && at < size - padding;
            if !(inside(y, height) && inside(x, width)) {
                lanes.fill(zero);
            }
        }
    }
    Cow::Owned(wide)
}

/// Codes of two rows in the halves of one integer, `[output][pair]`.
fn pack(codes: &[i8], rows: usize) -> Vec<i32> {
    let half = |code: i8| i32::from(code) & 0xFFFF;
    let pair = |pair: &[i8]| half(pair[0]) | half(pair.get(1).copied().unwrap_or(0)) << 16;
    codes
        .chunks(rows.max(1))
        .flat_map(|row| row.chunks(2).map(pair))
        .collect()
}

/// Fills the tile; the missing row of an odd number is zero.
fn fill(
    tile: &mut [i16],
    input: &Lanes<u8>,
    taps: &Taps,
    (pixels, pairs): (Range<usize>, Range<usize>),
    zero: u8,
) {
    let width = 2 * LANES * pixels.len();
    for (pair, tile) in pairs.zip(tile.chunks_exact_mut(width)) {
        for (&corner, tile) in taps.pixels[pixels.clone()]
            .iter()
            .zip(tile.chunks_exact_mut(2 * LANES))
        {
            let lanes = |row: usize| match taps.rows.get(row) {
                Some(&at) => &input.values[corner + at..][..LANES],
                None => &[0; LANES][..],
            };
            let (even, odd) = (lanes(2 * pair), lanes(2 * pair + 1));
            for ((two, &a), &b) in tile.chunks_exact_mut(2).zip(even).zip(odd) {
                two[0] = i16::from(a) - i16::from(zero);
                two[1] = i16::from(b) - i16::from(zero);
            }
        }
    }
}

/// One tile for all outputs.
struct Work<'a> {
    tile: &'a [i16],
    weights: &'a [i32],
    /// Pairs of the layer.
    all: usize,
    pairs: Range<usize>,
    /// Offset of each pixel's lanes within a channel of the sums.
    places: &'a [usize],
    stride: usize,
}

impl Work<'_> {
    fn run(&self, backend: Backend, outputs: usize, sums: &mut [i32]) {
        assert!(
            self.tile.len() >= self.pairs.len() * self.places.len() * 2 * LANES
                && self.weights.len() >= outputs * self.all
                && self.pairs.end <= self.all
                && self
                    .places
                    .iter()
                    .all(|&place| place + LANES <= self.stride)
                && sums.len() >= outputs * self.stride,
            "the buffers hold the tile"
        );
        match backend {
            // SAFETY: the backend is available, and the buffers were checked just above.
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => unsafe { avx512::run(self, outputs, sums) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => unsafe { avx2::run(self, outputs, sums) },
            _ => self.portable(outputs, sums),
        }
    }

    fn portable(&self, outputs: usize, sums: &mut [i32]) {
        let pixels = self.places.len();
        for output in 0..outputs {
            let weights = &self.weights[output * self.all..][self.pairs.clone()];
            for (pixel, &place) in self.places.iter().enumerate() {
                let lanes = &mut sums[output * self.stride + place..][..LANES];
                for (pair, &w) in weights.iter().enumerate() {
                    let tile = &self.tile[(pair * pixels + pixel) * 2 * LANES..][..2 * LANES];
                    let (even, odd) = (i32::from(w as i16), w >> 16);
                    for (sum, two) in lanes.iter_mut().zip(tile.chunks_exact(2)) {
                        *sum += even * i32::from(two[0]) + odd * i32::from(two[1]);
                    }
                }
            }
        }
    }
}
