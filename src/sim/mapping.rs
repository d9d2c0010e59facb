//! How a layer is laid out on macros, for reports: row groups, physical columns, arrays, utilisation and ADC conversions.
//!
//! The layout itself is `mapping`'s. Not responsible for time or energy.

use super::error::SimError;
use super::prepare::Prepared;
use crate::hw::chip::Hardware;
use crate::hw::error::HwError;
use crate::mapping::layer::LayerMapping;
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
    let geometry = &layer.geometry;
    let mapping = LayerMapping::new(hardware, geometry, weight_bits, input_bits)?;
    let map = geometry.output();
    let pixels = (map.height * map.width) as u64;
    Ok(Mapping {
        rows: geometry.rows(),
        outputs: geometry.outputs,
        row_groups: mapping.groups.count(),
        last_group_rows: mapping.groups.last(),
        columns: mapping.columns(),
        row_tiles: mapping.row_tiles(),
        column_tiles: mapping.column_tiles(),
        arrays: mapping.arrays(),
        utilisation: mapping.cell_utilisation(),
        conversions: mapping.conversions() * pixels,
        macs: (geometry.rows() * geometry.outputs) as u64 * pixels,
    })
}

/// Conversions of one image in all layers on the macro.
///
/// # Errors
/// As [`map_layer`].
pub fn conversions(prepared: &Prepared) -> Result<u64, SimError> {
    let one = |index: usize| {
        let (layer, shape) = (
            &prepared.layers[index],
            &prepared.network.layers[index].layer,
        );
        let bits = (layer.weight_bits, layer.input_bits);
        let mapping = map_layer(prepared.hardware, shape, bits.0, bits.1);
        mapping
            .map(|mapping| mapping.conversions)
            .map_err(|error| SimError::Hardware {
                layer: shape.name.clone(),
                error,
            })
    };
    prepared.macro_layers().map(one).sum()
}
