//! A few pixels of one group's inputs, laid out for the dot products and for the products with gradients.
//!
//! Not responsible for arithmetic.

use super::group::Group;
use crate::kernel::aligned::Aligned;
use crate::kernel::groups::{Taps, read_values};
use crate::kernel::lanes::{LANES, Lanes};
use std::ops::Range;

/// Rows whose bytes lie side by side in a dot product.
pub const QUAD: usize = 4;

/// Pixels of a strip: gradients and inputs of a tile of outputs then stay in the first-level cache.
pub const PIXELS: usize = 8;

/// How codes lie for whoever sums them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Four rows side by side, for dot products.
    Quads,
    /// All sums that weights of -1, 0 and 1 can make of three rows.
    #[cfg(target_arch = "x86_64")]
    Triples,
    /// Not at all: values are enough.
    #[cfg(target_arch = "x86_64")]
    Values,
}

/// Inputs of one group at consecutive output pixels.
pub struct Strip {
    /// Output pixels.
    pub pixels: Range<usize>,
    layout: Layout,
    /// With [`Layout::Quads`] `[quad of rows][place][row in the quad]`, a place being a pixel and an image; rows beyond the last are 0.
    pub bytes: Aligned<u8>,
    /// With [`Layout::Triples`] `[triple of rows][combination of weights][place]`, modulo 256; rows beyond the last are 0. Of no use where
    /// the group's weights are others.
    #[cfg(target_arch = "x86_64")]
    pub triples: Aligned<u8>,
    /// `[row][place]`; rows up to the next multiple of [`ROW_TILE`] are 0.
    pub values: Aligned<f32>,
}

/// Rows whose sums are made for all weights, where these are -1, 0 or 1.
pub const TRIPLE: usize = 3;

/// Weights that three such rows can have.
#[cfg(target_arch = "x86_64")]
pub const COMBINATIONS: usize = 27;

/// Number of a combination; weights beyond the last row are 0.
pub fn combination(weights: &[i8]) -> u8 {
    let digit = |at: usize| weights.get(at).map_or(1, |w| (w + 1) as u8);
    (0..TRIPLE).fold(0, |number, at| 3 * number + digit(at))
}

/// Rows handled side by side: groups are padded to whole tiles, so that no loop has a rest.
pub const ROW_TILE: usize = 9;

impl Strip {
    /// An empty strip for groups of up to `rows` rows.
    pub fn new(rows: usize, layout: Layout) -> Self {
        let places = PIXELS * LANES;
        let bytes = match layout {
            Layout::Quads => rows.div_ceil(QUAD) * QUAD,
            #[cfg(target_arch = "x86_64")]
            Layout::Triples | Layout::Values => 0,
        };
        #[cfg(target_arch = "x86_64")]
        let triples = match layout {
            Layout::Triples => rows.div_ceil(TRIPLE) * COMBINATIONS,
            Layout::Quads | Layout::Values => 0,
        };
        Strip {
            pixels: 0..0,
            layout,
            bytes: Aligned::zeros(bytes * places),
            #[cfg(target_arch = "x86_64")]
            triples: Aligned::zeros(triples * places),
            values: Aligned::zeros(rows.next_multiple_of(ROW_TILE) * places),
        }
    }

    /// Pixels times images.
    pub fn places(&self) -> usize {
        self.pixels.len() * LANES
    }

    /// True if it holds sums of three rows.
    #[cfg(target_arch = "x86_64")]
    pub fn has_triples(&self) -> bool {
        self.layout == Layout::Triples
    }

    /// Reads what is on the group's word lines at `pixels`; part of the caller, so that it is compiled for its
    /// instructions.
    #[inline(always)]
    pub fn read(&mut self, input: &Lanes<u8>, taps: &Taps, group: &Group, pixels: Range<usize>) {
        let rows = group.rows.clone();
        self.pixels = pixels.clone();
        let places = self.places();
        read_values(&mut self.values, input, taps, rows.clone(), pixels.clone());
        self.values[rows.len() * places..].fill(0.0);
        match self.layout {
            Layout::Quads => self.read_quads(input, taps, rows, pixels),
            #[cfg(target_arch = "x86_64")]
            Layout::Triples if group.has_triples() => self.read_triples(input, taps, rows, pixels),
            #[cfg(target_arch = "x86_64")]
            Layout::Triples | Layout::Values => (),
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn read_triples(
        &mut self,
        input: &Lanes<u8>,
        taps: &Taps,
        rows: Range<usize>,
        pixels: Range<usize>,
    ) {
        let places = pixels.len() * LANES;
        let triples = self.triples.chunks_mut(COMBINATIONS * places);
        for (rows, to) in taps.rows[rows].chunks(TRIPLE).zip(triples) {
            for (p, &corner) in taps.pixels[pixels.clone()].iter().enumerate() {
                let row = |row: usize| rows.get(row).map(|row| *images(input, corner + row));
                let [first, second, third] =
                    [row(0), row(1), row(2)].map(|codes| signed(codes.unwrap_or([0; LANES])));
                let mut at = p * LANES;
                for a in &first {
                    for b in &second {
                        let two = added(a, b);
                        for c in &third {
                            to[at..at + LANES].copy_from_slice(&added(&two, c));
                            at += places;
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn read_quads(
        &mut self,
        input: &Lanes<u8>,
        taps: &Taps,
        rows: Range<usize>,
        pixels: Range<usize>,
    ) {
        let places = pixels.len() * LANES;
        let words: &mut [[u8; QUAD]] = bytemuck::cast_slice_mut(&mut self.bytes);
        for (quad, to) in words
            .chunks_mut(places)
            .take(rows.len().div_ceil(QUAD))
            .enumerate()
        {
            for (p, to) in to.chunks_mut(LANES).enumerate() {
                let corner = taps.pixels[pixels.start + p];
                let row = |j: usize| {
                    let row = rows.start + quad * QUAD + j;
                    (row < rows.end).then(|| *images(input, corner + taps.rows[row]))
                };
                let four: [[u8; LANES]; QUAD] =
                    std::array::from_fn(|j| row(j).unwrap_or([0; LANES]));
                for (lane, to) in to.iter_mut().enumerate() {
                    *to = [four[0][lane], four[1][lane], four[2][lane], four[3][lane]];
                }
            }
        }
    }
}

/// The images of the pixel that begins at `at`.
#[inline(always)]
fn images(input: &Lanes<u8>, at: usize) -> &[u8; LANES] {
    let from = input.values[at..].first_chunk();
    from.expect("whole pixels lie in a block")
}

/// Codes times -1, 0 and 1.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn signed(codes: [u8; LANES]) -> [[u8; LANES]; 3] {
    let mut negative = codes;
    for code in &mut negative {
        *code = code.wrapping_neg();
    }
    [negative, [0; LANES], codes]
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn added(a: &[u8; LANES], b: &[u8; LANES]) -> [u8; LANES] {
    let mut sums = *a;
    for (sum, b) in sums.iter_mut().zip(b) {
        *sum = sum.wrapping_add(*b);
    }
    sums
}

/// A block without border as `[strip of pixels][channel][place]`: a task then reads it from front to back for every group.
pub fn in_strips(block: &Lanes<f32>) -> Aligned<f32> {
    let mut turned = Aligned::unset(block.values.len());
    let (channels, stride) = (block.channels, block.channel_stride());
    for (index, to) in turned.chunks_mut(channels * PIXELS * LANES).enumerate() {
        let places = to.len() / channels;
        for (channel, to) in to.chunks_mut(places).enumerate() {
            let at = channel * stride + index * PIXELS * LANES;
            to.copy_from_slice(&block.values[at..at + places]);
        }
    }
    turned
}
