//! The read-outs of a whole network for one epoch, and for one batch of it.
//!
//! Not responsible for placing references (`place`) nor for one conversion's tables (`tables`).

use super::place::{Placed, PlacedLayer, place_all};
use super::settings::Mvm;
use super::tables::{ConversionTables, Making};
use crate::convert::Prepared;
use crate::data::Split;
use crate::kernel::stream::NoiseKey;
use crate::net::network::{IntNetwork, Weights};
use crate::train::error::TrainError;
use crate::train::ops::reconv::Reading;
use std::sync::Arc;

/// One layer on the macro.
#[derive(Clone)]
struct LayerReadings {
    conversions: Arc<Vec<Prepared>>,
    tables: Arc<Vec<ConversionTables>>,
    bits: (u32, u32),
}

/// Every layer; `None` for a digital one.
#[derive(Clone)]
pub struct Readings {
    layers: Vec<Option<LayerReadings>>,
    column_offset: f64,
}

/// Which epoch of how many.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// From 1.
    pub epoch: usize,
    /// In all.
    pub epochs: usize,
}

impl Readings {
    /// Places read-outs for the network as it is and makes the tables of an epoch.
    ///
    /// # Errors
    /// If the network does not fit the macro.
    pub fn new(
        mvm: &Mvm,
        network: &IntNetwork,
        train: &Split,
        seed: u64,
        when: When,
    ) -> Result<Self, TrainError> {
        let placed = place_all(mvm, network, train, seed)?;
        Ok(Self::of_placed(mvm, network, placed, seed, when))
    }

    fn of_placed(mvm: &Mvm, network: &IntNetwork, placed: Placed, seed: u64, when: When) -> Self {
        let noise = mvm.noise_at(when.epoch, when.epochs);
        let making = Making {
            estimator: mvm.estimator_at(when.epoch, when.epochs),
            noisy: noise > 0.0,
            column_offset: mvm.settings.column_offset,
            seed,
        };
        let layer = |(index, layer): (usize, Option<PlacedLayer>)| {
            let layer = layer?;
            let table = |(c, readout): (usize, crate::hw::readout::Readout)| {
                let place = [when.epoch as u64, index as u64, c as u64];
                ConversionTables::new(readout.with_noise_scale(noise), making, &place)
            };
            let tables = layer.readouts.into_iter().enumerate().map(table).collect();
            let (Weights::Macro { bits } | Weights::Digital { bits }) =
                network.layers[index].layer.weights;
            Some(LayerReadings {
                conversions: Arc::new(layer.conversions),
                tables: Arc::new(tables),
                bits: (bits, layer.input_bits),
            })
        };
        Readings {
            layers: placed.into_iter().enumerate().map(layer).collect(),
            column_offset: mvm.settings.column_offset,
        }
    }

    /// The readings of batch `repeat`: noise keyed by it, columns drawn for it.
    pub fn batch(&self, seed: u64, repeat: u64) -> Vec<Option<Reading>> {
        let one = |(index, layer): (usize, &Option<LayerReadings>)| {
            let layer = layer.as_ref()?;
            let tables = if self.column_offset > 0.0 {
                let outputs = layer.conversions[0].weights.geometry.outputs;
                let drawn = layer.tables.iter().enumerate().map(|(c, tables)| {
                    tables.with_columns(outputs, seed, &[repeat, index as u64, c as u64])
                });
                Arc::new(drawn.collect())
            } else {
                layer.tables.clone()
            };
            Some(Reading {
                conversions: layer.conversions.clone(),
                tables,
                bits: layer.bits,
                key: NoiseKey {
                    seed,
                    layer: index as u64,
                    block: 0,
                    repeat,
                    conversion: 0,
                },
            })
        };
        self.layers.iter().enumerate().map(one).collect()
    }
}
