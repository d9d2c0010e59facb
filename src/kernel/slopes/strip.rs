//! A few pixels of one group's inputs, laid out for the dot products and for the products with gradients.
//!
//! Not responsible for arithmetic.

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
    /// Row by row.
    #[cfg(target_arch = "x86_64")]
    Rows,
}

/// Inputs of one group at consecutive output pixels.
pub struct Strip {
    /// Output pixels.
    pub pixels: Range<usize>,
    /// Rows of the group.
    pub rows: usize,
    layout: Layout,
    /// With [`Layout::Quads`] `[quad of rows][place][row in the quad]`, a place being a pixel and an image; rows beyond the last are 0.
    pub bytes: Aligned<u8>,
    /// With [`Layout::Rows`] `[row][place]`.
    #[cfg(target_arch = "x86_64")]
    pub codes: Aligned<u8>,
    /// `[row][place]`; rows up to the next multiple of [`ROW_TILE`] are 0.
    pub values: Aligned<f32>,
}

/// Rows handled side by side: groups are padded to whole tiles, so that no loop has a rest.
pub const ROW_TILE: usize = 9;

impl Strip {
    /// An empty strip for groups of up to `rows` rows.
    pub fn new(rows: usize, layout: Layout) -> Self {
        let places = PIXELS * LANES;
        Strip {
            pixels: 0..0,
            rows,
            layout,
            bytes: Aligned::zeros(rows.div_ceil(QUAD) * QUAD * places),
            #[cfg(target_arch = "x86_64")]
            codes: Aligned::zeros(rows * places),
            values: Aligned::zeros(rows.next_multiple_of(ROW_TILE) * places),
        }
    }

    /// Pixels times images.
    pub fn places(&self) -> usize {
        self.pixels.len() * LANES
    }

    /// Reads the rows `rows` of the weight matrix at `pixels`; part of the caller, so that it is compiled for its instructions.
    #[inline(always)]
    pub fn read(
        &mut self,
        input: &Lanes<u8>,
        taps: &Taps,
        rows: Range<usize>,
        pixels: Range<usize>,
    ) {
        self.pixels = pixels.clone();
        self.rows = rows.len();
        let places = self.places();
        read_values(&mut self.values, input, taps, rows.clone(), pixels.clone());
        self.values[rows.len() * places..].fill(0.0);
        match self.layout {
            Layout::Quads => self.read_quads(input, taps, rows, pixels),
            #[cfg(target_arch = "x86_64")]
            Layout::Rows => self.read_rows(input, taps, rows, pixels),
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn read_rows(
        &mut self,
        input: &Lanes<u8>,
        taps: &Taps,
        rows: Range<usize>,
        pixels: Range<usize>,
    ) {
        let lines = self.codes.chunks_exact_mut(pixels.len() * LANES);
        for (row, line) in taps.rows[rows].iter().zip(lines) {
            for (pixel, to) in pixels.clone().zip(line.chunks_exact_mut(LANES)) {
                to.copy_from_slice(images(input, taps.pixels[pixel] + row));
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
