//! A deployed network laid onto one macro: every conversion of every layer with its weights ready for a kernel.
//!
//! Done once per run; every condition (noise-free, noisy, virtual chips, other ADC bits) shares it, because the integer
//! partial sums do not depend on the read-out. Not responsible for the read-out itself (`condition`).

use super::error::SimError;
use crate::convert;
use crate::hw::chip::Hardware;
use crate::net::network::{IntLayer, IntNetwork, Weights};

/// One layer: no conversions if it is computed digitally.
pub struct PreparedLayer {
    /// Conversions per group and output.
    pub conversions: Vec<convert::Prepared>,
    /// Groups of open word lines.
    pub groups: usize,
    /// Bits of the input codes.
    pub input_bits: u32,
    /// Bits of the weight codes.
    pub weight_bits: u32,
}

/// A network on a macro.
pub struct Prepared<'a> {
    /// The network.
    pub network: &'a IntNetwork,
    /// The macro.
    pub hardware: &'a Hardware,
    /// Layers in order.
    pub layers: Vec<PreparedLayer>,
}

impl<'a> Prepared<'a> {
    /// Lays the network onto the macro.
    ///
    /// # Errors
    /// If the macro cannot hold the weights or take the inputs of a layer.
    pub fn new(network: &'a IntNetwork, hardware: &'a Hardware) -> Result<Self, SimError> {
        let mut layers = Vec::with_capacity(network.layers.len());
        for (index, layer) in network.layers.iter().enumerate() {
            let input_bits = network.network.input_bits(index);
            layers.push(prepare_layer(layer, hardware, input_bits)?);
        }
        Ok(Prepared {
            network,
            hardware,
            layers,
        })
    }

    /// Indices of the layers on the macro.
    pub fn macro_layers(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.layers.len()).filter(|&index| !self.layers[index].conversions.is_empty())
    }
}

fn prepare_layer(
    layer: &IntLayer,
    hardware: &Hardware,
    input_bits: u32,
) -> Result<PreparedLayer, SimError> {
    let geometry = &layer.layer.geometry;
    let active = hardware.word_lines.active;
    let groups = geometry.rows().div_ceil(active);
    let Weights::Macro { bits } = layer.layer.weights else {
        let Weights::Digital { bits } = layer.layer.weights else {
            unreachable!("weights are digital or on the macro")
        };
        return Ok(PreparedLayer {
            conversions: Vec::new(),
            groups,
            input_bits,
            weight_bits: bits,
        });
    };
    let conversions = convert::prepare(hardware, geometry, &layer.codes, bits, input_bits);
    let conversions = conversions.map_err(|error| SimError::Hardware {
        layer: layer.layer.name.clone(),
        error,
    })?;
    Ok(PreparedLayer {
        conversions,
        groups,
        input_bits,
        weight_bits: bits,
    })
}
