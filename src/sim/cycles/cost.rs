//! From what happened to energy and area: counts of every layer for the cost models of the hardware.
//!
//! Array reads by the actual currents of the operations that took place, conversions by the comparisons made; buffers are read
//! and written once for each bit that travels, input buffers read once for each operation. Not responsible for the models
//! (`hw::cost`).

use super::{OnChip, Ran, parts_of};
use crate::cycle::outcome::LayerCycles;
use crate::cycle::plan::Work;
use crate::hw::cost::counts::EnergyCounts;
use crate::hw::cost::merit;
use crate::hw::cost::{AreaCounts, Cost};
use crate::hw::error::HwError;
use crate::hw::timing::{SampleAndHold, Timing};
use crate::results::cycle::{CostResult, Part};
use crate::sim::error::SimError;

/// What is counted, for whom.
pub(super) struct Account<'a> {
    chip: &'a OnChip<'a>,
    ran: &'a [Ran<'a>],
    cost: &'a Cost,
}

impl<'a> Account<'a> {
    pub fn new(chip: &'a OnChip<'a>, ran: &'a [Ran<'a>], cost: &'a Cost) -> Self {
        Account { chip, ran, cost }
    }

    /// Energy of a layer by part, all images.
    pub fn layer(&self, name: &str) -> Result<Vec<Part>, SimError> {
        let mut counts = EnergyCounts::default();
        for (_, ran, at) in parts_of(self.ran, name) {
            counts += self.counts(ran, at);
        }
        let energy = self.cost.energy(&counts).map_err(wrong)?;
        let mut parts = parts(&energy.parts(), |pj| pj);
        parts.retain(|part| part.value > 0.0);
        Ok(parts)
    }

    /// Energy and area of the whole chip; energies per image.
    pub fn total(&self, cycles: u64, images_per_s: f64) -> Result<CostResult, SimError> {
        let images = self.chip.images.max(1) as f64;
        let mut counts = EnergyCounts::default();
        for name in self.chip.names() {
            for (_, ran, at) in parts_of(self.ran, name) {
                counts += self.counts(ran, at);
            }
        }
        self.add_whole(&mut counts, cycles);
        let energy = self.cost.energy(&counts).map_err(wrong)?;
        let area = self.cost.area(&self.area_counts()).map_err(wrong)?;
        let (macs, macro_macs) = (self.chip.macs(|_| true), self.chip.macs(|on| on));
        let bits = self.one_bit_factor();
        let of = |macs: u64, pj: f64| merit::tops_per_watt(macs as f64, pj / images);
        let per_area = merit::tops_per_mm2(macs as f64, 1e9 / images_per_s, area.total_um2());
        let comparisons = counts.comparisons / counts.conversions.max(1.0);
        let (chip, macros) = (
            of(macs, energy.total_pj()),
            of(macro_macs, energy.macro_pj()),
        );
        Ok(CostResult {
            models: self.models(),
            calibration_factor: energy.calibration_factor,
            energy_pj: parts(&energy.parts(), |pj| pj / images),
            energy_uj: energy.total_pj() / images / 1e6,
            conversion_fj: self.conversions(comparisons),
            area_mm2: parts(&area.parts(), |um2| um2 * 1e-6),
            tops_per_w: chip,
            tops_per_w_1b: chip * bits.0,
            macro_tops_per_w: macros,
            macro_tops_per_w_1b: macros * bits.1,
            tops_per_mm2: per_area,
            tops_per_mm2_1b: per_area * bits.0,
        })
    }

    fn models(&self) -> Vec<(String, String)> {
        let adc = &self.cost.adc.model;
        vec![
            ("conversions".into(), format!("{}: {}", adc.name(), adc.source())),
            (
                "cells".into(),
                "read voltage times current times open time, of the operations that took place".into(),
            ),
            ("lines".into(), "C V dV of bit lines, C V^2 of word lines".into()),
            (
                "chip".into(),
                "energies per bit and operation of the hardware file; see the sources of its numbers".into(),
            ),
        ]
    }

    /// Energy of one conversion by every model that is valid, fJ, before calibration.
    fn conversions(&self, comparisons: f64) -> Vec<Part> {
        let bits = self.cost.bits;
        let of = |model: &crate::hw::cost::adc_model::AdcModel| {
            let value = model.energy_fj(bits, comparisons).ok()?;
            let name = format!("{} ({})", model.name(), model.source());
            Some(Part { name, value })
        };
        self.cost.adc.models().filter_map(of).collect()
    }

    /// Bits of inputs times bits of weights, mean over products: of all layers and of those on macros.
    fn one_bit_factor(&self) -> (f64, f64) {
        let network = &self.chip.prepared.network.network;
        let (mut all, mut on_macro) = ((0.0, 0.0), (0.0, 0.0));
        for (layer, prepared) in network.layers.iter().zip(&self.chip.prepared.layers) {
            let macs = (layer.geometry.rows() * layer.geometry.output().len()) as f64;
            let bits = f64::from(prepared.input_bits * prepared.weight_bits);
            all = (all.0 + macs * bits, all.1 + macs);
            if !prepared.conversions.is_empty() {
                on_macro = (on_macro.0 + macs * bits, on_macro.1 + macs);
            }
        }
        let mean = |(sum, count): (f64, f64)| if count > 0.0 { sum / count } else { 0.0 };
        (mean(all), mean(on_macro))
    }

    /// Everything that a layer did.
    fn counts(&self, ran: &Ran, at: usize) -> EnergyCounts {
        let hardware = self.chip.prepared.hardware;
        let (part, found) = (&ran.round.parts[at], &ran.outcome.layers[at]);
        let shape = &self.chip.prepared.network.network.layers[part.layer];
        let pixels = f64::from(ran.round.plan.layers[at].pixels) * f64::from(ran.round.plan.images);
        let [loaded, _, stored] = found.bits.map(|bits| bits as f64);
        let mut counts = EnergyCounts {
            link_bits: found.bit_links.iter().map(|&bits| bits as f64).sum(),
            ..EnergyCounts::default()
        };
        let (Some(mapping), Some(activity)) = (&part.mapping, &ran.counts[at]) else {
            let input_bits = f64::from(self.chip.prepared.layers[part.layer].input_bits);
            let output_bits = f64::from(shape.activation_bits.unwrap_or(32));
            let outputs = pixels * shape.geometry.outputs as f64;
            counts.macs = outputs * shape.geometry.rows() as f64;
            counts.activations = outputs;
            counts.buffer_read_bits = pixels * shape.geometry.rows() as f64 * input_bits;
            counts.buffer_written_bits = outputs * output_bits;
            return counts;
        };
        let timing = hardware.timing.as_ref();
        let open_ns = timing.map_or(0.0, |timing| {
            open_cycles(timing, found) as f64 * timing.clock_ns
        });
        let operations = activity.operations as f64;
        counts.operations = operations;
        counts.cell_charge_fc = activity.mean_current_ua * open_ns;
        counts.word_line_pulses = activity.word_line_pulses as f64;
        counts.conversions = activity.conversions as f64;
        counts.comparisons = activity.comparisons as f64;
        counts.latches = counts.conversions;
        counts.samples = hardware.samples(counts.conversions);
        counts.precharged_bit_lines =
            counts.conversions * hardware.bit_lines_per_conversion() as f64;
        let tiles = part.column_tiles.clone();
        let outputs: usize = tiles.map(|tile| mapping.tile_outputs(tile).len()).sum();
        let outputs = pixels * outputs as f64;
        counts.adds = outputs * (mapping.row_tiles() - 1) as f64;
        counts.activations = outputs;
        // Global, input and output buffers. Word lines hold an input until all columns are read.
        counts.buffer_read_bits = loaded + activity.input_bits as f64 + stored;
        counts.buffer_written_bits = loaded + 2.0 * stored;
        counts
    }

    /// What belongs to no layer: leakage of everything that is on, and weights written between rounds.
    fn add_whole(&self, counts: &mut EnergyCounts, cycles: u64) {
        let hardware = self.chip.prepared.hardware;
        let clock_ns = hardware.timing.map_or(1.0, |timing| timing.clock_ns);
        let time_ns = cycles as f64 * clock_ns;
        counts.link_time_ns = self.links() * time_ns;
        counts.macro_time_ns = self.chip.mapped.description.macros as f64 * time_ns;
        let cells: u64 = self.ran.iter().map(|ran| ran.round.cells_written).sum();
        counts.cells_written = cells as f64;
    }

    /// Links of the chip.
    fn links(&self) -> f64 {
        let links = self.ran.iter().map(|ran| ran.outcome.links.len()).max();
        links.unwrap_or(0) as f64
    }

    /// Parts of the whole chip; buffers of macros are as wide as this network needs them, banks of accumulators hold one sum
    /// of the accumulator's width for each output of an array.
    fn area_counts(&self) -> AreaCounts {
        let hardware = self.chip.prepared.hardware;
        let macros = self.chip.mapped.description.macros as f64;
        let one = hardware.macro_area_counts();
        let mut counts = AreaCounts {
            cells: macros * one.cells,
            word_lines: macros * one.word_lines,
            holds: macros * one.holds,
            readouts: macros * one.readouts,
            sense_amps_each: one.sense_amps_each,
            links: self.links(),
            ..AreaCounts::default()
        };
        let Some(chip) = &hardware.chip else {
            return counts;
        };
        let (mut widest_input, mut widest_output) = (0, 0);
        for layer in self.ran.iter().flat_map(|ran| &ran.round.plan.layers) {
            let Work::Macro(work) = &layer.work else {
                continue;
            };
            for tile in &work.tiles {
                widest_input = widest_input.max(tile.load_bits);
                widest_output = widest_output.max(tile.output_bits);
            }
        }
        let parts = self.ran.iter().flat_map(|ran| &ran.round.parts);
        let mappings = parts.filter_map(|part| part.mapping.as_ref());
        let most_sums = mappings.map(|mapping| mapping.tile_outputs(0).len()).max();
        let bank_bits = most_sums.unwrap_or(0) as f64 * f64::from(hardware.accumulator.bits);
        let buffers = &chip.buffers;
        let own = f64::from(buffers.input_vectors) * f64::from(widest_input)
            + f64::from(buffers.output_vectors) * f64::from(widest_output)
            + f64::from(buffers.accumulator_banks) * bank_bits;
        counts.buffer_bits = buffers.global_kib * 8192.0 + macros * own;
        counts.adders = macros * f64::from(chip.digital.adds_per_cycle);
        counts.activation_units = macros * f64::from(chip.digital.activations_per_cycle);
        counts.multipliers = f64::from(chip.digital.macs_per_cycle);
        counts
    }
}

/// Cycles in which word lines of a layer's macros are open, all operations together: until a value is sampled, however long it
/// waits for that, or until it is converted where nothing holds it, however early that ends.
fn open_cycles(timing: &Timing, found: &LayerCycles) -> u64 {
    let held = match timing.sample_and_hold {
        SampleAndHold::None => found.sense,
        SampleAndHold::PerReadout | SampleAndHold::PerColumn => {
            let [.., waits] = found.stalls;
            found.operations * u64::from(timing.sample_cycles) + waits
        }
    };
    found.operations * u64::from(timing.develop_cycles) + held
}

/// Parts in another unit.
fn parts(named: &[(&'static str, f64)], unit: impl Fn(f64) -> f64) -> Vec<Part> {
    let one = |&(name, value): &(&'static str, f64)| Part {
        name: name.into(),
        value: unit(value),
    };
    named.iter().map(one).collect()
}

fn wrong(error: HwError) -> SimError {
    SimError::Cost { error }
}
