//! Read-outs of every layer on the macro, placed on the partial sums of the network as it is.
//!
//! The network runs with ideal MVM values on calibration images, as the simulator calibrates it. Not responsible for tables.

use super::settings::Mvm;
use crate::convert::accumulate::exact_sums;
use crate::convert::digital::{forward, image_block};
use crate::convert::sums::{ConversionSums, Layer, merge, place};
use crate::convert::{self, Prepared};
use crate::data::Split;
use crate::hw::error::HwError;
use crate::hw::readout::columns::ColumnReadouts;
use crate::kernel::lanes::{LANES, Lanes};
use crate::net::network::{IntNetwork, Weights};
use crate::net::references::LayerReferences;
use crate::rng::{Purpose, keyed};
use crate::train::error::TrainError;
use rand::seq::index::sample;
use rayon::prelude::*;

/// Every so many output pixels have their partial sums counted.
const PIXEL_STEP: usize = 7;

/// A layer on the macro.
#[derive(Clone)]
pub struct PlacedLayer {
    /// Bits of its input codes.
    pub input_bits: u32,
    /// Its conversions with the weights of the network they were placed for.
    pub conversions: Vec<Prepared>,
    /// What they see.
    pub sums: Vec<ConversionSums>,
    /// Read-outs, one per conversion.
    pub readouts: Vec<ColumnReadouts>,
}

impl PlacedLayer {
    /// The read-outs with their references elsewhere.
    ///
    /// # Errors
    /// If the step is no positive number, or the thresholds do not ascend.
    pub fn at(
        &self,
        mvm: &Mvm,
        references: &LayerReferences,
    ) -> Result<Vec<ColumnReadouts>, HwError> {
        let hardware = &mvm.hardware;
        let (design, accumulator) = (&hardware.readout, hardware.accumulator);
        place(
            &self.conversions,
            &self.sums,
            design,
            references,
            accumulator,
        )
    }
}

/// Read-outs per layer; `None` for a digital one.
pub type Placed = Vec<Option<PlacedLayer>>;

/// Places the read-outs of the macro on a keyed choice of training images.
///
/// # Errors
/// If the network does not fit the macro.
pub fn place_all(
    mvm: &Mvm,
    network: &IntNetwork,
    train: &Split,
    seed: u64,
) -> Result<Placed, TrainError> {
    let pixels = chosen(
        train,
        network.network.input.len(),
        mvm.settings.calibration_images,
        seed,
    );
    let layers = conversions(mvm, network)?;
    let used = pixels.len() / network.network.input.len();
    let view = |index: usize| {
        let (input_bits, conversions) = layers[index].as_ref()?;
        Some(Layer {
            hardware: &mvm.hardware,
            conversions,
            codes: &network.layers[index].codes,
            input_bits: *input_bits,
            index,
        })
    };
    let nothing = || -> Vec<Vec<ConversionSums>> {
        let layers = 0..layers.len();
        layers
            .map(|index| view(index).map_or_else(Vec::new, |layer| layer.empty()))
            .collect()
    };
    let block = |index: usize| {
        let mut seen = nothing();
        let lanes = LANES.min(used - index * LANES);
        let accumulate = |layer: usize, input: &Lanes<u8>| {
            if let Some(view) = view(layer) {
                view.see(input, lanes, index, PIXEL_STEP, &mut seen[layer]);
            }
            let int = &network.layers[layer];
            exact_sums(input, &int.layer.geometry, &int.codes, layer == 0)
        };
        let images = image_block(&pixels, network.network.input, index);
        forward(network, images, accumulate, |_| None);
        seen
    };
    let blocks: Vec<_> = (0..used.div_ceil(LANES))
        .into_par_iter()
        .map(block)
        .collect();
    let mut all = nothing();
    for (into, from) in blocks.iter().flat_map(|b| b.iter().enumerate()) {
        merge(&mut all[into], from);
    }
    let mut placed = Vec::new();
    for ((layer, sums), int) in layers.into_iter().zip(all).zip(&network.layers) {
        let Some((input_bits, conversions)) = layer else {
            placed.push(None);
            continue;
        };
        let hardware = &mvm.hardware;
        let (design, accumulator) = (&hardware.readout, hardware.accumulator);
        let readouts = place(&conversions, &sums, design, &int.references, accumulator)
            .map_err(|error| unfit(&int.layer.name, error))?;
        placed.push(Some(PlacedLayer {
            input_bits,
            conversions,
            sums,
            readouts,
        }));
    }
    Ok(placed)
}

type Conversions = Option<(u32, Vec<Prepared>)>;

/// The conversions of every layer on the macro.
fn conversions(mvm: &Mvm, network: &IntNetwork) -> Result<Vec<Conversions>, TrainError> {
    let mut input_bits = 8;
    let mut all = Vec::new();
    for int in &network.layers {
        all.push(match int.layer.weights {
            Weights::Digital { .. } => None,
            Weights::Macro { bits } => {
                let (hardware, geometry) = (&mvm.hardware, &int.layer.geometry);
                let made = convert::prepare(hardware, geometry, &int.codes, bits, input_bits);
                Some((
                    input_bits,
                    made.map_err(|error| unfit(&int.layer.name, error))?,
                ))
            }
        });
        input_bits = int.layer.activation_bits.unwrap_or(input_bits);
    }
    Ok(all)
}

pub(super) fn unfit(layer: &str, error: HwError) -> TrainError {
    TrainError::Unfit {
        layer: layer.into(),
        error,
    }
}

/// Pixels of `count` images of the training set.
fn chosen(train: &Split, size: usize, count: usize, seed: u64) -> Vec<u8> {
    let all = train.labels.len();
    let mut rng = keyed(seed, Purpose::Calibration, &[]);
    let indices = sample(&mut rng, all, count.min(all));
    indices
        .into_iter()
        .flat_map(|index| {
            train.pixels[index * size..(index + 1) * size]
                .iter()
                .copied()
        })
        .collect()
}
