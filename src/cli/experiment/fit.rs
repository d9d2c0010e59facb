//! The macros of all rows against the network, before anything is trained: what would be refused whatever weights and images are.
//!
//! Trainings and evaluations hold the macro against the network as it is, hours later. Most of what they refuse is known
//! before: whether cells hold the weights, arrays an output, word lines the inputs, read-outs the possible sums, the
//! accumulator the codes, and whether slopes of noise meet any. A network of the same layers, with one output each and
//! weights of 0, is laid onto the macro by the same functions. Not responsible for what depends on sums that occur.

use super::commands::Commands;
use crate::arch::{self, Loaded};
use crate::cli::run::unfit;
use crate::convert::sums::{Layer, place};
use crate::experiment::{Row, Weights};
use crate::hw::accumulator::Accumulator;
use crate::hw::chip::Hardware;
use crate::hw::error::HwError;
use crate::hw::readout::columns::ColumnReadouts;
use crate::hw::readout::decode::DecodeRule;
use crate::hw::readout::{Kind, ReadoutDesign};
use crate::hw::reference::References;
use crate::mapping::layer::LayerMapping;
use crate::net::network::{self, IntLayer, IntNetwork, Network};
use crate::net::references::LayerReferences;
use crate::sim::error::SimError;
use crate::sim::prepare::Prepared;
use crate::train::mvm::settings::{Learn, Mvm};
use anyhow::{Context, bail};

/// Read-outs of every layer; none for a digital one.
type Placed = Vec<Vec<ColumnReadouts>>;

/// Checks every row.
///
/// # Errors
/// With the row, and the line of the macro where it has one.
pub fn check(commands: &Commands, network: &Network) -> anyhow::Result<()> {
    let plan = commands.plan;
    let bare = bare(network);
    for row in &plan.rows {
        let origin = plan.origin(row);
        let trained = through(commands, origin, &bare);
        let trained = trained.with_context(|| plan.wrong_row(origin, "train").to_string())?;
        let loaded = commands.hardware(row)?;
        placed(&bare, &loaded, &trained)
            .with_context(|| plan.wrong_row(row, "its macro").to_string())?;
    }
    Ok(())
}

/// The layers with one output each and weights of 0: whether they fit depends on neither.
fn bare(network: &Network) -> IntNetwork {
    let mut network = network.clone();
    for layer in &mut network.layers {
        layer.geometry.outputs = 1;
    }
    let layer = |layer: &network::Layer| IntLayer {
        layer: layer.clone(),
        codes: vec![0; layer.geometry.rows()],
        scale: Vec::new(),
        shift: Vec::new(),
        statistics: None,
        references: LayerReferences::Calibrated,
    };
    IntNetwork {
        layers: network.layers.iter().map(layer).collect(),
        network,
    }
}

/// Checks the macro that a row is trained through, if it is; returns what the training leaves of references, per layer.
fn through(
    commands: &Commands,
    row: &Row,
    bare: &IntNetwork,
) -> anyhow::Result<Vec<LayerReferences>> {
    let calibrated = vec![LayerReferences::Calibrated; bare.layers.len()];
    let (Weights::Trained(options), Some(&seed)) = (&row.weights, commands.plan.seeds.first())
    else {
        return Ok(calibrated);
    };
    let training = commands.row(seed, row, options)?;
    let Some(mvm) = training.arguments.through()? else {
        return Ok(calibrated);
    };
    let loaded = arch::load(&row.arch, &row.set)?;
    let readouts = placed(bare, &loaded, &calibrated)?;
    check_noise(&mvm, &readouts)?;
    if mvm.settings.learn != Learn::Thresholds {
        return Ok(calibrated);
    }
    // Thresholds of a layer's first conversion serve all of them.
    let learned: Vec<LayerReferences> = readouts.iter().map(|layer| thresholds(layer)).collect();
    placed(bare, &loaded, &learned)?;
    Ok(learned)
}

fn thresholds(readouts: &[ColumnReadouts]) -> LayerReferences {
    match readouts.first().and_then(|first| first.classes().first()) {
        None => LayerReferences::Calibrated,
        Some(first) => LayerReferences::Thresholds {
            thresholds: first.thresholds.iter().map(|&t| t as f32).collect(),
            values: first.code_values(),
        },
    }
}

/// Lays the layers onto a macro and places its read-outs.
fn placed(
    bare: &IntNetwork,
    loaded: &Loaded,
    references: &[LayerReferences],
) -> anyhow::Result<Placed> {
    let prepared = Prepared::new(bare, &loaded.hardware);
    let prepared = prepared.map_err(|error| unfit(loaded, error))?;
    let layers = references.iter().enumerate().map(|(index, references)| {
        layer(&prepared, index, references).map_err(|error| {
            let layer = bare.network.layers[index].name.clone();
            unfit(loaded, SimError::Hardware { layer, error })
        })
    });
    layers.collect()
}

fn layer(
    prepared: &Prepared,
    index: usize,
    references: &LayerReferences,
) -> Result<Vec<ColumnReadouts>, HwError> {
    let (layer, int) = (&prepared.layers[index], &prepared.network.layers[index]);
    let (hardware, conversions) = (prepared.hardware, &layer.conversions);
    if conversions.is_empty() {
        return Ok(Vec::new());
    }
    let geometry = &int.layer.geometry;
    LayerMapping::new(hardware, geometry, layer.weight_bits, layer.input_bits)?;
    let view = Layer {
        hardware,
        conversions,
        codes: &int.codes,
        input_bits: layer.input_bits,
        index,
    };
    let (design, accumulator) = (&hardware.readout, hardware.accumulator);
    let unseen = view.empty();
    if has_known_levels(design) {
        return place(conversions, &unseen, design, references, accumulator);
    }
    // What codes are worth depends on the sums that occur, but they are worth two different values at least.
    let all: Vec<_> = conversions.iter().map(|one| one.conversion).collect();
    accumulator.check(&all, layer.groups, 1)?;
    let endless = Accumulator { bits: u32::MAX };
    place(conversions, &unseen, design, references, endless)
}

/// True if what the accumulator adds does not depend on the sums that occur.
fn has_known_levels(design: &ReadoutDesign) -> bool {
    let Kind::Converter(converter) = &design.kind else {
        return true;
    };
    match (&converter.references, converter.decode) {
        (References::List { values, .. }, _) if values.is_some() => true,
        (_, DecodeRule::ConditionalMean) => false,
        (References::Calibrated { .. }, DecodeRule::NearestInteger) => false,
        _ => true,
    }
}

/// Refuses what has slopes of noise only, on a macro that reads without any.
fn check_noise(mvm: &Mvm, readouts: &[Vec<ColumnReadouts>]) -> anyhow::Result<()> {
    let settings = &mvm.settings;
    let asked = match settings.learn {
        Learn::Thresholds => "--learn thresholds".to_string(),
        _ if settings.estimator.needs_noise() => {
            format!("--estimator {}", settings.estimator.name())
        }
        _ => return Ok(()),
    };
    let mut layers = readouts.iter().filter(|layer| !layer.is_empty());
    if layers.any(|layer| is_silent(&mvm.hardware, layer)) {
        bail!(
            "{asked} on a macro without noise at each read: the slopes asked for are those of a noisy read-out; write noise of the sense amp, the bit line or the cells into the macro, or take secant, lattice or straight-through slopes"
        );
    }
    Ok(())
}

/// True if no read of these conversions is ever disturbed; of a measured read-out, by what it says of their sums.
fn is_silent(hardware: &Hardware, readouts: &[ColumnReadouts]) -> bool {
    let is_measured = matches!(hardware.readout.kind, Kind::Measured(_));
    let mut all = readouts.iter().flat_map(|readouts| readouts.classes());
    hardware.is_silent() || is_measured && all.all(|readout| readout.table().is_noise_free())
}
