//! The read-outs of a whole network for one epoch, and for one batch of it.
//!
//! Not responsible for placing references (`place`) nor for one conversion's tables (`tables`).

use super::noise_slopes;
use super::place::{PlacedLayer, place_all, unfit};
use super::settings::{Learn, Mvm};
use super::tables::{ConversionTables, Learned, LearnedStep, Making};
use crate::convert::{Prepared, first_of_plane};
use crate::data::Split;
use crate::hw::error::HwError;
use crate::hw::readout::Readout;
use crate::hw::readout::columns::ColumnReadouts;
use crate::hw::trim::{self, Trim};
use crate::kernel::stream::NoiseKey;
use crate::net::network::{IntNetwork, Weights};
use crate::net::references::LayerReferences;
use crate::train::error::TrainError;
use crate::train::ops::reconv::Reading;
use rayon::prelude::*;
use std::sync::Arc;

/// One layer on the macro.
struct LayerReadings {
    placed: PlacedLayer,
    conversions: Arc<Vec<Prepared>>,
    tables: Arc<Vec<ConversionTables>>,
    bits: (u32, u32),
    /// Per conversion at the steps of this epoch, one for every trim where columns have steps of their own; empty unless the step is
    /// trained.
    noise_slopes: Vec<Vec<Vec<f64>>>,
}

/// Every layer; `None` for a digital one.
pub struct Readings<'a> {
    mvm: &'a Mvm,
    layers: Vec<Option<LayerReadings>>,
    making: Making,
    noise: f64,
    epoch: u64,
}

/// Which epoch of how many.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// From 1.
    pub epoch: usize,
    /// In all.
    pub epochs: usize,
}

impl<'a> Readings<'a> {
    /// Places read-outs for the network as it is and makes the tables of an epoch.
    ///
    /// # Errors
    /// If the network does not fit the macro.
    pub fn new(
        mvm: &'a Mvm,
        network: &IntNetwork,
        train: &Split,
        seed: u64,
        when: When,
    ) -> Result<Self, TrainError> {
        let noise = mvm.noise_at(when.epoch, when.epochs);
        let making = Making {
            estimator: mvm.estimator_at(when.epoch, when.epochs),
            noisy: noise > 0.0,
            column_offset: mvm.settings.column_offset,
            seed,
        };
        let mut readings = Readings {
            mvm,
            layers: Vec::new(),
            making,
            noise,
            epoch: when.epoch as u64,
        };
        let placed = place_all(mvm, network, train, seed)?;
        let layers = placed.into_par_iter().enumerate().map(|(index, layer)| {
            let int = &network.layers[index];
            let (Weights::Macro { bits } | Weights::Digital { bits }) = int.layer.weights;
            let made = layer.map(|layer| readings.layer(index, layer, bits, &int.references));
            made.transpose()
                .map_err(|error| unfit(&int.layer.name, error))
        });
        readings.layers = layers.collect::<Result<_, _>>()?;
        Ok(readings)
    }

    fn layer(
        &self,
        index: usize,
        placed: PlacedLayer,
        weight_bits: u32,
        references: &LayerReferences,
    ) -> Result<LayerReadings, HwError> {
        let noise_slopes = self.noise_slopes(&placed, references)?;
        // Batches of a training make their own where references are trained.
        let fixed = &LayerReferences::Calibrated;
        self.check_noise(&placed.readouts)?;
        if self.mvm.settings.learn == Learn::Thresholds {
            check_one_list(&placed.readouts)?;
        }
        let tables = self.tables(index, &placed.readouts, fixed, &noise_slopes);
        Ok(LayerReadings {
            conversions: Arc::new(placed.conversions.clone()),
            tables: Arc::new(tables),
            bits: (weight_bits, placed.input_bits),
            placed,
            noise_slopes,
        })
    }

    /// Refuses what has slopes of noise only on read-outs without any.
    fn check_noise(&self, readouts: &[ColumnReadouts]) -> Result<(), HwError> {
        let thresholds = self.mvm.settings.learn == Learn::Thresholds;
        if !thresholds && !self.making.estimator.needs_noise() {
            return Ok(());
        }
        let mut all = readouts.iter().flat_map(|readouts| readouts.classes());
        if all.any(|readout| !readout.table().is_noise_free()) {
            return Ok(());
        }
        let asked = match thresholds {
            true => "--learn thresholds".to_owned(),
            false => format!("--estimator {}", self.making.estimator.name()),
        };
        Err(HwError::new(
            "noise at each read",
            format!("none, with {asked}"),
            "noise of the sense amp, the bit line or the cells: the slopes asked for are those of a noisy read-out",
            "write noise into the macro, or take secant, lattice or straight-through slopes",
        ))
    }

    /// Change of the mean values per relative change of the noise, `[conversion][step]`.
    fn noise_slopes(
        &self,
        placed: &PlacedLayer,
        references: &LayerReferences,
    ) -> Result<Vec<Vec<Vec<f64>>>, HwError> {
        let at = |readouts: &[ColumnReadouts]| -> Vec<Vec<f64>> {
            let scaled = |r: &ColumnReadouts| r.classes()[0].with_noise_scale(self.noise);
            readouts.iter().map(|r| noise_slopes(&scaled(r))).collect()
        };
        let steps: Vec<Vec<Vec<f64>>> = match references {
            LayerReferences::Calibrated | LayerReferences::Thresholds { .. } => {
                return Ok(Vec::new());
            }
            _ if !self.making.noisy => return Ok(Vec::new()),
            LayerReferences::Step(_) => vec![at(&placed.readouts)],
            LayerReferences::StepPerColumn { step, .. } => {
                let trims: Vec<Trim> = Trim::all().collect();
                let one = |trim: &Trim| {
                    let step = f64::from(*step) * trim.factor();
                    let readouts = placed.at(self.mvm, &LayerReferences::Step(step as f32))?;
                    Ok(at(&readouts))
                };
                trims.par_iter().map(one).collect::<Result<_, HwError>>()?
            }
        };
        let conversions = 0..placed.readouts.len();
        let of = |c: usize| steps.iter().map(|step| step[c].clone()).collect();
        Ok(conversions.map(of).collect())
    }

    fn tables(
        &self,
        index: usize,
        readouts: &[ColumnReadouts],
        references: &LayerReferences,
        noise_slopes: &[Vec<Vec<f64>>],
    ) -> Vec<ConversionTables> {
        let learned = |c: usize| {
            let learned_step = |step: f64, index: usize| {
                let slopes = noise_slopes.get(c).and_then(|slopes| slopes.get(index));
                let noise_slope = slopes.map_or(&[][..], Vec::as_slice);
                LearnedStep { step, noise_slope }
            };
            match references {
                LayerReferences::Calibrated => Learned::Nothing,
                LayerReferences::Step(step) => Learned::Step(learned_step(f64::from(*step), 0)),
                LayerReferences::StepPerColumn { step, trims } => {
                    let of_trim =
                        |trim: Trim| learned_step(f64::from(*step) * trim.factor(), trim.index());
                    let (different, _) = trim::classes(trims);
                    Learned::StepPerColumn(different.into_iter().map(of_trim).collect())
                }
                LayerReferences::Thresholds { .. } => Learned::Thresholds,
            }
        };
        let one = |(c, readouts): (usize, &ColumnReadouts)| {
            let place = [self.epoch, index as u64, c as u64];
            let readouts = readouts.map(|readout| readout.with_noise_scale(self.noise));
            ConversionTables::new(&readouts, self.making, &place, learned(c))
        };
        readouts.iter().enumerate().map(one).collect()
    }

    /// The readings of batch `repeat`: noise keyed by it, columns drawn for it, references of the layers where they
    /// are trained (`references`; an empty list: as placed).
    ///
    /// # Errors
    /// If references have no meaning for the macro.
    pub fn batch(
        &self,
        seed: u64,
        repeat: u64,
        references: &[LayerReferences],
    ) -> Result<Vec<Option<Reading>>, TrainError> {
        let one = |(index, layer): (usize, &Option<LayerReadings>)| {
            let Some(layer) = layer else { return Ok(None) };
            let mut tables = layer.tables.clone();
            let moved = references.get(index);
            if let Some(moved) = moved.filter(|moved| **moved != LayerReferences::Calibrated) {
                let readouts = layer.placed.at(self.mvm, moved);
                let readouts = readouts.map_err(|error| TrainError::Unfit {
                    layer: format!("{}", index + 1),
                    error,
                })?;
                let slopes = &layer.noise_slopes;
                tables = Arc::new(self.tables(index, &readouts, moved, slopes));
            }
            if self.making.column_offset > 0.0 {
                let outputs = (
                    layer.conversions[0].weights.geometry.outputs,
                    self.mvm.hardware.array.columns_per_readout,
                );
                let drawn = tables.iter().enumerate().map(|(c, tables)| {
                    let plane = first_of_plane(&layer.conversions, c) as u64;
                    tables.with_columns(outputs, seed, &[repeat, index as u64, plane])
                });
                tables = Arc::new(drawn.collect());
            }
            Ok(Some(Reading {
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
            }))
        };
        self.layers.par_iter().enumerate().map(one).collect()
    }

    /// The first read-out of every layer on the macro as it is placed, its noise that of the macro.
    pub fn first_readouts(&self) -> Vec<Option<&Readout>> {
        let layers = self.layers.iter().map(Option::as_ref);
        let first = layers.map(|layer| layer?.placed.readouts.first()?.classes().first());
        first.collect()
    }

    /// Step of the references of every layer on the macro: that of the values of codes, which are multiples of it wherever a step may
    /// be learned ([`Mvm::check`]).
    pub fn steps(&self) -> Vec<Option<f64>> {
        let one = |layer: &Option<LayerReadings>| {
            let readouts = layer.as_ref()?.placed.readouts.first()?;
            let decode = &readouts.classes().first()?.decode;
            let last = decode.levels.len().checked_sub(1)?;
            let span = f64::from(decode.value(last)) - f64::from(decode.value(0));
            (last > 0 && span > 0.0).then(|| span / last as f64)
        };
        self.layers.iter().map(one).collect()
    }
}

/// Refuses conversions with different numbers of codes: all of a layer have the same trained thresholds.
fn check_one_list(readouts: &[ColumnReadouts]) -> Result<(), HwError> {
    let classes = readouts.iter().flat_map(|readouts| readouts.classes());
    let counts: Vec<usize> = classes.map(|readout| readout.decode.levels.len()).collect();
    if counts.iter().all(|count| Some(count) == counts.first()) {
        return Ok(());
    }
    Err(HwError::new(
        "--learn thresholds",
        format!("conversions of {counts:?} codes"),
        "the same number of codes in all conversions of a layer, which share the trained thresholds",
        "take a read-out of fewer bits, or a word-line scheme whose reads have the same range, or --learn step",
    ))
}
