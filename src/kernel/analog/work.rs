//! The loops around the fast forms: tiles of pixels and chunks of groups whose inputs stay in the cache as f32.
//!
//! Not responsible for the arithmetic of a tile (`avx2`, `avx512`).

use super::search::{Form, Search};
use super::{AnalogLayer, avx2, avx512};
use crate::kernel::aligned::Aligned;
use crate::kernel::groups::{Backend, GroupPlan, Taps, read_values};
use crate::kernel::lanes::{LANES, Lanes};
use std::ops::Range;

/// Pixels of a full tile.
const TILE: usize = 8;
/// Rows a tile holds where groups are small; with [`TILE`] pixels they fill 27 KiB of a first-level cache of 32.
const ROWS: usize = 27;

/// One tile of one chunk of groups, for all outputs.
pub(super) struct Work<'a> {
    /// Inputs `[row of the chunk][pixel][lane]`.
    pub tile: &'a [f32],
    /// Weights `[output][word line]`.
    pub weights: &'a [f32],
    /// Thresholds and levels.
    pub search: &'a Search,
    /// Groups of rows of the layer.
    pub plan: GroupPlan,
    /// Groups of the chunk, all in one row tile.
    pub groups: Range<usize>,
    /// That row tile.
    pub row_tile: usize,
    /// Offset of each pixel's lanes within a channel of the sums.
    pub places: &'a [usize],
    /// Elements from one channel of the sums to the next.
    pub stride: usize,
}

impl Work<'_> {
    /// Rows of the chunk.
    pub fn rows(&self) -> Range<usize> {
        self.plan.range(self.groups.start).start..self.plan.range(self.groups.end - 1).end
    }

    fn check(&self, outputs: usize, sums: &[i32]) {
        let inside = |&place: &usize| place + LANES <= self.stride;
        assert!(
            self.tile.len() >= self.rows().len() * self.places.len() * LANES
                && self.weights.len() >= outputs * self.plan.rows
                && self.rows().end <= self.plan.rows
                && self.search.nodes.len() >= (self.row_tile + 1) * outputs * self.search.width
                && self.search.levels.len() >= self.search.width
                && self.places.iter().all(inside)
                && sums.len() >= outputs * self.stride,
            "the buffers hold the tile"
        );
    }
}

/// Runs all outputs.
pub(super) fn run(
    backend: Backend,
    (input, taps): (&Lanes<u8>, &Taps),
    layer: &AnalogLayer,
    plan: GroupPlan,
    sums: &mut Lanes<i32>,
) {
    let search = match backend {
        Backend::Avx512 => Search::new(&layer.readout, 32, Form::Ascending),
        _ => Search::new(&layer.readout, 16, Form::Tree),
    };
    let chunk = (ROWS / plan.active).max(1);
    let mut tile = Aligned::<f32>::zeros(chunk * plan.most_rows() * TILE * LANES);
    let places: Vec<usize> = (0..taps.pixels.len())
        .map(|pixel| sums.at(0, pixel / sums.width, pixel % sums.width))
        .collect();
    let (stride, outputs) = (sums.channel_stride(), sums.channels);
    sums.values.fill(0);
    for first in (0..places.len()).step_by(TILE) {
        let pixels = first..(first + TILE).min(places.len());
        for groups in chunks(plan.groups(), layer.readout.groups_per_tile, chunk) {
            let work = Work {
                tile: &[],
                weights: layer.weights,
                search: &search,
                plan,
                row_tile: groups.start / layer.readout.groups_per_tile,
                groups,
                places: &places[pixels.clone()],
                stride,
            };
            read_values(&mut tile, input, taps, work.rows(), pixels.clone());
            let work = Work {
                tile: &tile,
                ..work
            };
            work.check(outputs, &sums.values);
            // SAFETY: the backend is available, and the buffers were checked just above.
            unsafe {
                match backend {
                    Backend::Avx512 => avx512::run(&work, outputs, &mut sums.values),
                    _ => avx2::run(&work, outputs, &mut sums.values),
                }
            }
        }
    }
}

/// Chunks of at most `chunk` groups that never reach over the end of a row tile, where the thresholds change.
fn chunks(groups: usize, per_tile: usize, chunk: usize) -> impl Iterator<Item = Range<usize>> {
    (0..groups).step_by(per_tile).flat_map(move |first| {
        let end = first.saturating_add(per_tile).min(groups);
        (first..end)
            .step_by(chunk)
            .map(move |start| start..(start + chunk).min(end))
    })
}
