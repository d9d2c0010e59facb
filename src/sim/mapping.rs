//! How a layer is laid out on macros: row groups, physical columns, arrays, utilisation and ADC conversions.
//!
//! A weight matrix of `rows` rows is cut into groups of N open word lines; an array of R rows holds floor(R / N) whole
//! groups, the rows left over are wasted. Not responsible for time or energy.

use crate::hw::chip::Hardware;
use crate::hw::error::HwError;
use crate::hw::weights::WeightPlane;
use crate::hw::word_line::RowGroups;
use crate::net::network::Layer;
use crate::results::layer::Mapping;

/// Lays one layer out on arrays of this hardware.
///
/// # Errors
/// If the hardware cannot hold weights or inputs of this many bits.
pub fn map_layer(
    hardware: &Hardware,
    layer: &Layer,
    weight_bits: u32,
    input_bits: u32,
) -> Result<Mapping, HwError> {
    let conversions = hardware.conversions(weight_bits, input_bits)?;
    let geometry = &layer.geometry;
    let groups = RowGroups {
        rows: geometry.rows(),
        active: hardware.word_lines.active,
    };
    let mut planes: Vec<WeightPlane> = Vec::new();
    for conversion in &conversions {
        if !planes.contains(&conversion.weight) {
            planes.push(conversion.weight);
        }
    }
    let columns: usize = planes
        .iter()
        .map(|plane| columns_of(plane, geometry.outputs))
        .sum();
    let array = &hardware.array;
    let row_tiles = groups.count().div_ceil(hardware.groups_per_array());
    let column_tiles = columns.div_ceil(array.columns);
    let arrays = row_tiles * column_tiles;
    let map = geometry.output();
    let pixels = (map.height * map.width) as u64;
    let per_pixel = (groups.count() * geometry.outputs * conversions.len()) as u64;
    Ok(Mapping {
        rows: geometry.rows(),
        outputs: geometry.outputs,
        row_groups: groups.count(),
        last_group_rows: groups.last(),
        columns,
        row_tiles,
        column_tiles,
        arrays,
        utilisation: (geometry.rows() * columns) as f64
            / (arrays * array.rows * array.columns) as f64,
        conversions: per_pixel * pixels,
        macs: (geometry.rows() * geometry.outputs) as u64 * pixels,
    })
}

/// Physical columns behind one weight plane; a column of middle levels is shared by all outputs.
fn columns_of(plane: &WeightPlane, outputs: usize) -> usize {
    match plane {
        WeightPlane::Signed { .. } | WeightPlane::Differential { .. } => 2 * outputs,
        WeightPlane::Positive { .. }
        | WeightPlane::Negative { .. }
        | WeightPlane::Raised { .. } => outputs,
        WeightPlane::Offset { .. } => outputs + 1,
        WeightPlane::Middle { .. } => 1,
    }
}
