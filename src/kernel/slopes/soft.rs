//! Accumulated sums of a relaxed read-out: real values instead of codes, drawn by place.
//!
//! Only the relaxed-quantization baseline has such a forward pass; no chip does. Not responsible for its slopes (`table`).

use super::table::SoftTable;
use crate::instructions::Instructions;
use crate::kernel::groups::{PreparedWeights, Taps};
use crate::kernel::lanes::{LANES, Lanes};
use crate::kernel::stream::{NoiseKey, NoiseStream};
use rayon::prelude::*;

/// Adds `factor` times the sum of the relaxed values of all groups to `sums`, which has no border.
///
/// # Panics
/// If shapes disagree or the table misses a possible sum.
pub fn soft_sums(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    soft: (&SoftTable, NoiseKey),
    factor: f32,
    sums: &mut Lanes<f32>,
) {
    added(Instructions::best(), input, weights, soft, factor, sums);
}

/// [`soft_sums`] with these instructions.
pub(super) fn added(
    instructions: Instructions,
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    (soft, key): (&SoftTable, NoiseKey),
    factor: f32,
    sums: &mut Lanes<f32>,
) {
    check(input, weights, soft, sums);
    let (taps, stream) = (weights.taps(input), NoiseStream::new(key));
    let layer = Layer {
        input,
        taps: &taps,
        weights,
        soft,
        stream: &stream,
        factor,
    };
    #[cfg(target_arch = "x86_64")]
    if let Some(values) = in_strips::values(instructions, &layer) {
        return in_strips::add(&layer, &values, sums);
    }
    let _ = instructions;
    let stride = sums.channel_stride();
    let planes = sums.values.par_chunks_mut(stride).enumerate();
    planes.for_each(|(output, plane)| layer.add(output, plane));
}

fn check(input: &Lanes<u8>, weights: &PreparedWeights, soft: &SoftTable, sums: &Lanes<f32>) {
    assert!(
        weights.takes(input),
        "input codes are those that the weights were prepared for"
    );
    let map = weights.geometry.output();
    assert_eq!(
        (sums.channels, sums.height, sums.width, sums.border),
        (map.channels, map.height, map.width, 0),
        "sums have the shape of the output"
    );
    assert!(soft.is_whole(), "every draw of a sum has its value");
    assert!(
        soft.s_min <= weights.sum_min && weights.sum_max < soft.s_min + soft.sums() as i32,
        "values cover every possible group sum"
    );
}

/// One conversion of one block.
struct Layer<'a> {
    input: &'a Lanes<u8>,
    taps: &'a Taps,
    weights: &'a PreparedWeights,
    soft: &'a SoftTable,
    stream: &'a NoiseStream,
    factor: f32,
}

impl Layer<'_> {
    /// One output, on any machine.
    fn add(&self, output: usize, plane: &mut [f32]) {
        for (pixel, to) in plane.chunks_mut(LANES).enumerate() {
            let corner = self.taps.pixels[pixel];
            for group in 0..self.weights.plan.groups() {
                let place = (output, group, corner);
                let sums = self.weights.lane_sums(self.input, self.taps, place);
                let place = (output as u32, pixel as u32, group as u32);
                let values = self.soft.values(self.stream, place, &sums);
                for (to, value) in to.iter_mut().zip(values) {
                    *to += self.factor * value;
                }
            }
        }
    }
}

/// Strips of pixels that some outputs meet, as in the backward pass.
#[cfg(target_arch = "x86_64")]
mod in_strips {
    use super::{Instructions, Layer};
    use crate::kernel::lanes::{LANES, Lanes};
    use crate::kernel::slopes::drawn::{Drawn, Numbers};
    use crate::kernel::slopes::group::Group;
    use crate::kernel::slopes::strip::{PIXELS, Strip};
    use rayon::prelude::*;

    /// Outputs that meet a strip.
    const OUTPUTS: usize = 32;

    /// Values as these instructions read them; `None` if they have no form for it.
    pub(super) fn values<'a>(instructions: Instructions, layer: &Layer<'a>) -> Option<Drawn<'a>> {
        let soft = layer.soft;
        Drawn::new(
            instructions,
            Numbers::soft(soft, &soft.values),
            layer.stream,
        )
    }

    /// All outputs; the machine has the instructions of the values' form.
    pub(super) fn add(layer: &Layer, values: &Drawn, sums: &mut Lanes<f32>) {
        let stride = sums.channel_stride();
        let groups: Vec<Group> = (0..layer.weights.plan.groups())
            .map(|index| Group::new(layer.weights, index))
            .collect();
        let tiles = sums.values.par_chunks_mut(OUTPUTS * stride).enumerate();
        tiles.for_each(|(tile, planes)| {
            tile_of(layer, (values, &groups), (tile * OUTPUTS, stride), planes);
        });
    }

    fn tile_of(
        layer: &Layer,
        (values, groups): (&Drawn, &[Group]),
        (first, stride): (usize, usize),
        planes: &mut [f32],
    ) {
        let plan = &layer.weights.plan;
        let mut strip = Strip::new(plan.most_rows(), values.layout());
        let pixels = layer.taps.pixels.len();
        for pixel in (0..pixels).step_by(PIXELS) {
            let range = pixel..pixels.min(pixel + PIXELS);
            for group in groups {
                strip.read(layer.input, layer.taps, group, range.clone());
                for (at, plane) in planes.chunks_mut(stride).enumerate() {
                    let to = &mut plane[range.start * LANES..range.end * LANES];
                    // SAFETY: the machine has the instructions; `to` holds the strip; `check` saw that values cover all sums.
                    unsafe { values.add((&strip, group), first + at, layer.factor, to) };
                }
            }
        }
    }
}
