//! The loops around the fast kernel: tiles of pixels, chunks of groups, spilling bytes to 16 and 32 bits.
//!
//! Not responsible for the arithmetic of a chunk, which an instruction set provides as a [`ChunkKernel`].

use super::lookup::Lookup;
use super::readout::ByteReadout;
use crate::kernel::aligned::Aligned;
use crate::kernel::groups::{GroupPlan, Taps};
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::stream::NoiseStream;
use std::ops::Range;

/// Pixels of a full tile.
const TILE: usize = 8;
/// Bytes of index tile that stay in the first-level cache beside tables and sums.
const INDEX_BYTES: usize = 22 * 1024;

/// One chunk of groups of one tile for all outputs of a work unit.
pub(in crate::kernel) struct Chunk<'a> {
    /// Weights.
    pub lookup: &'a Lookup,
    /// Index bytes `[group][unit][pixel of the tile][lane]`.
    pub index: &'a [u8],
    /// Pixels of the tile including filling.
    pub pixels: usize,
    /// Number of the tile's first pixel.
    pub first_pixel: usize,
    /// Groups of the chunk.
    pub groups: Range<usize>,
    /// Groups of the layer.
    pub all_groups: usize,
    /// Outputs of the work unit, in any number and order.
    pub outputs: &'a [usize],
}

impl Chunk<'_> {
    /// Table offsets of one output's groups, `[group][unit]`.
    pub fn offsets(&self, output: usize) -> &[u32] {
        let units = self.lookup.units;
        let start = (output * self.all_groups + self.groups.start) * units;
        &self.lookup.offsets[start..start + self.groups.len() * units]
    }

    /// Panics unless every index tile and every table offset lies inside its buffer and sums fit `spill`.
    pub fn check(&self, spill: &[u16]) {
        let (groups, units) = (self.groups.len(), self.lookup.units);
        assert!(
            self.index.len() >= groups * units * self.pixels * LANES
                && spill.len() >= self.outputs.len() * self.pixels * LANES,
            "the tile's buffers hold the chunk"
        );
    }
}

/// Adds the chunk's levels to the 16-bit sums `[output][vector][even bytes, odd bytes]`.
pub(in crate::kernel) type ChunkKernel<'a> = dyn Fn(&Chunk, &mut [u16]) + Sync + 'a;

/// What stays the same for all tiles.
pub(in crate::kernel) struct Drive<'a> {
    /// Input block.
    pub input: &'a Lanes<u8>,
    /// Its offsets.
    pub taps: &'a Taps,
    /// Groups of rows.
    pub plan: GroupPlan,
    /// Weights.
    pub lookup: &'a Lookup,
    /// Largest level of the read-out.
    pub max_level: u8,
    /// Bytes of a vector register.
    pub vector: usize,
    /// Arithmetic of a chunk.
    pub kernel: &'a ChunkKernel<'a>,
}

impl Drive<'_> {
    /// Runs `outputs`; `sums` starts at output `first_output`, `places` are the offsets of the output pixels within a channel.
    pub fn run(
        &self,
        (outputs, first_output): (&[usize], usize),
        sums: &mut [i32],
        stride: usize,
        places: &[usize],
    ) {
        let level = usize::from(self.max_level.max(1));
        let groups = self.plan.groups();
        let unit_bytes = self.lookup.units * TILE * LANES;
        let chunk = (255 / level).min((INDEX_BYTES / unit_bytes).max(1));
        let spilled = (65_535 / level / chunk).max(1) * chunk;
        let mut index = Aligned::<u8>::zeros(chunk * unit_bytes);
        let mut spill = Aligned::<u16>::zeros(outputs.len() * TILE * LANES);
        for output in outputs {
            sums[(output - first_output) * stride..][..stride].fill(0);
        }
        for first in (0..places.len()).step_by(TILE) {
            let used = (places.len() - first).min(TILE);
            let pixels = used.next_power_of_two().max(self.vector / LANES);
            for start in (0..groups).step_by(spilled) {
                let end = (start + spilled).min(groups);
                spill.fill(0);
                for from in (start..end).step_by(chunk) {
                    let part = from..(from + chunk).min(end);
                    self.build_index(&mut index, first..first + used, pixels, part.clone());
                    let chunk = Chunk {
                        lookup: self.lookup,
                        index: &index,
                        pixels,
                        first_pixel: first,
                        groups: part,
                        all_groups: groups,
                        outputs,
                    };
                    (self.kernel)(&chunk, &mut spill);
                }
                for (output, row) in outputs.iter().zip(spill.chunks(pixels * LANES)) {
                    let channel = &mut sums[(output - first_output) * stride..];
                    self.flush(row, &places[first..first + used], channel);
                }
            }
        }
    }

    /// Index bytes of a chunk: `sum_t code_t << (t * bits)` of the unit's consecutive rows.
    fn build_index(
        &self,
        index: &mut [u8],
        pixels: Range<usize>,
        padded: usize,
        groups: Range<usize>,
    ) {
        let (units, taps, bits) = (self.lookup.units, self.lookup.taps, self.lookup.bits);
        let first_group = groups.start;
        for group in groups {
            let rows = &self.taps.rows[self.plan.range(group)];
            for unit in 0..units {
                let start = (unit * taps).min(rows.len());
                let rows = &rows[start..(start + taps).min(rows.len())];
                let at = ((group - first_group) * units + unit) * padded * LANES;
                let tile = index[at..at + padded * LANES].chunks_exact_mut(LANES);
                for (bytes, &corner) in tile.zip(&self.taps.pixels[pixels.clone()]) {
                    let mut lanes = [0u8; LANES];
                    for &row in rows.iter().rev() {
                        let codes = &self.input.values[corner + row..corner + row + LANES];
                        for (lane, &code) in lanes.iter_mut().zip(codes) {
                            *lane = (*lane << bits) | code;
                        }
                    }
                    bytes.copy_from_slice(&lanes);
                }
            }
        }
    }

    /// Adds one output's 16-bit sums to the result, putting even and odd bytes of each vector back in order.
    fn flush(&self, row: &[u16], places: &[usize], channel: &mut [i32]) {
        let half = self.vector / 2;
        for (pixel, &place) in places.iter().enumerate() {
            let byte = pixel * LANES;
            let at = byte / self.vector * self.vector + byte % self.vector / 2;
            let (even, odd) = (
                &row[at..at + LANES / 2],
                &row[at + half..at + half + LANES / 2],
            );
            for (pair, (&e, &o)) in channel[place..place + LANES]
                .chunks_exact_mut(2)
                .zip(even.iter().zip(odd))
            {
                pair[0] += i32::from(e);
                pair[1] += i32::from(o);
            }
        }
    }
}

/// The stream of a random read-out, or none.
pub(in crate::kernel) struct Arithmetic<'a> {
    /// Levels.
    pub readout: &'a ByteReadout,
    /// Random bytes; present exactly if the read-out has thresholds.
    pub stream: Option<&'a NoiseStream>,
}
