//! The definition of every kernel, one value at a time. Slow; every fast form is tested against it.

use super::groups::PreparedWeights;
use super::lanes::{LANES, Lanes};
use super::stream::NoiseStream;
use super::tables::{Grain, LevelTable, RandomTable};
use crate::net::network::Geometry;

/// Calls `visit(output, pixel, group, lane, group sum)` for every partial sum of `outputs`, groups innermost.
pub(super) fn partial_sums(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    outputs: &[usize],
    mut visit: impl FnMut(usize, usize, usize, usize, i32),
) {
    let taps = weights.taps(input);
    for &output in outputs {
        for (pixel, &corner) in taps.pixels.iter().enumerate() {
            for group in 0..weights.plan.groups() {
                let codes = weights.group_codes(output, group);
                let rows = &taps.rows[weights.plan.range(group)];
                for lane in 0..LANES {
                    let product = |(&w, &row): (&i8, &usize)| {
                        i32::from(w) * i32::from(input.values[corner + row + lane])
                    };
                    let s = codes.iter().zip(rows).map(product).sum();
                    visit(output, pixel, group, lane, s);
                }
            }
        }
    }
}

/// See [`super::reconv::reconv`].
pub(super) fn reconv(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    table: &LevelTable,
    outputs: &[usize],
    sums: &mut Lanes<i32>,
) {
    let width = sums.width;
    clear(outputs, sums);
    partial_sums(input, weights, outputs, |output, pixel, _, lane, s| {
        let at = sums.at(output, pixel / width, pixel % width) + lane;
        sums.values[at] += i32::from(table.level(s));
    });
}

/// See [`super::reconv::reconv_random`].
pub(super) fn reconv_random(
    input: &Lanes<u8>,
    weights: &PreparedWeights,
    (table, stream): (&RandomTable, &NoiseStream),
    outputs: &[usize],
    sums: &mut Lanes<i32>,
) {
    let width = sums.width;
    clear(outputs, sums);
    let mut bytes = [[0; LANES]; 2];
    partial_sums(input, weights, outputs, |output, pixel, group, lane, s| {
        if lane == 0 {
            let draw = |draw| stream.draw(output as u32, pixel as u32, group as u32, draw);
            bytes[0] = draw(0);
            if table.grain == Grain::Sixteen {
                bytes[1] = draw(1);
            }
        }
        let at = sums.at(output, pixel / width, pixel % width) + lane;
        let uniform = uniform(table.grain, bytes[0][lane], bytes[1][lane]);
        sums.values[at] += i32::from(table.level(s, uniform));
    });
}

/// Writes 0 to these outputs.
fn clear(outputs: &[usize], sums: &mut Lanes<i32>) {
    let stride = sums.channel_stride();
    for output in outputs {
        sums.values[output * stride..][..stride].fill(0);
    }
}

/// The uniform integer of one lane.
pub(super) fn uniform(grain: Grain, high: u8, low: u8) -> u32 {
    match grain {
        Grain::Eight => u32::from(high),
        Grain::Sixteen => u32::from(high) << 8 | u32::from(low),
    }
}

/// See [`super::exact::exact`].
pub(super) fn exact(
    input: &Lanes<u8>,
    geometry: &Geometry,
    codes: &[i8],
    zero: i32,
    sums: &mut Lanes<i32>,
) {
    let (map, kernel) = (geometry.output(), geometry.kernel);
    sums.values.fill(0);
    for output in 0..map.channels {
        let weights = &codes[output * geometry.rows()..(output + 1) * geometry.rows()];
        for y in 0..map.height {
            for x in 0..map.width {
                for (row, &w) in weights.iter().enumerate() {
                    let (channel, tap) = (row / (kernel * kernel), row % (kernel * kernel));
                    let (row_y, row_x) = (
                        y * geometry.stride + tap / kernel,
                        x * geometry.stride + tap % kernel,
                    );
                    let inside = |at: usize, size: usize| {
                        at.checked_sub(geometry.padding).filter(|&v| v < size)
                    };
                    let (Some(row_y), Some(row_x)) = (
                        inside(row_y, geometry.input.height),
                        inside(row_x, geometry.input.width),
                    ) else {
                        continue;
                    };
                    let from = input.at(channel, row_y, row_x);
                    let to = sums.at(output, y, x);
                    for lane in 0..LANES {
                        sums.values[to + lane] +=
                            i32::from(w) * (i32::from(input.values[from + lane]) - zero);
                    }
                }
            }
        }
    }
}
